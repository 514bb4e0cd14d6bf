"""Define, train and use a network."""

import pellucid as pc

train, test = pc.datasets.mnist()
model = pc.Sequential(
    pc.Conv2d(1, 16, 3), pc.ReLU(), pc.MaxPool2d(2), pc.Flatten(), pc.Linear(16 * 13 * 13, 10)
)
pc.fit(model, train, epochs=1, optimizer=pc.SGD(lr=0.05, momentum=0.9))
print(pc.evaluate(model, test))

probabilities = pc.predict(model, test.images[:5])
print("seen:", probabilities.argmax(axis=1), "labels:", test.labels[:5])
