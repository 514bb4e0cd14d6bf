"""A block of one's own, a convolution and a way past it (a residual block), used like any layer."""

import pellucid as pc
import pellucid.functional as F


class Residual(pc.Module):
    def __init__(self, channels):
        self.conv = pc.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return F.relu(self.conv(x)) + x


class Network(pc.Module):
    def __init__(self):
        self.stem = pc.Conv2d(1, 16, 5, stride=2, padding=2)
        self.blocks = pc.Sequential(Residual(16), Residual(16))
        self.pool = pc.MaxPool2d(2)
        self.head = pc.Linear(16 * 7 * 7, 10)

    def forward(self, x):
        x = self.pool(self.blocks(F.relu(self.stem(x))))
        return self.head(F.flatten(x, 1))


pc.seed(0)
model = Network()
train, test = pc.datasets.mnist()
pc.fit(model, train, epochs=1, optimizer=pc.Adam(lr=2e-3))
print(f"test accuracy {pc.evaluate(model, test)['accuracy']:.2%}")
for name, array in model.state_dict().items():
    print(f"{name:22} {array.shape}")
