"""Networks whose branches meet in concatenations, at odd sizes. All take images of 3 channels and give 10 numbers."""

from __future__ import annotations

from typing import Any

import pellucid as pc
from pellucid import functional as F


class Fire(pc.Module):
    """SqueezeNet's module: few channels, then 1×1 and 3×3 convolutions of them side by side."""

    def __init__(self, inputs: int, squeezed: int, outputs: int) -> None:
        self.squeeze = pc.Conv2d(inputs, squeezed, 1)
        self.small, self.large = pc.Conv2d(squeezed, outputs, 1), pc.Conv2d(squeezed, outputs, 3, padding=1)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.squeeze(x))
        return F.cat([F.relu(self.small(x)), F.relu(self.large(x))], 1)


class Squeezed(pc.Module):
    """Two fire modules, one of few channels, of which several positions fit a vector."""

    def __init__(self) -> None:
        self.first, self.second = Fire(3, 3, 4), Fire(8, 16, 20)
        self.out = pc.Conv2d(40, 10, 1)

    def forward(self, x: Any) -> Any:
        x = F.max_pool2d(self.first(x), 3, 2, 1)
        return F.flatten(F.adaptive_avg_pool2d(F.relu(self.out(self.second(x))), 1), 1)


class Inception(pc.Module):
    """Four branches with batch norms and a pool; one has as few channels as fit a vector several times."""

    def __init__(self) -> None:
        self.one, self.norm = pc.Conv2d(3, 35, 1, bias=False), pc.BatchNorm2d(35)
        self.narrow, self.three = pc.Conv2d(3, 17, 1), pc.Conv2d(17, 18, 3, padding=1, bias=False)
        self.norm3 = pc.BatchNorm2d(18)
        self.five, self.pooled = pc.Conv2d(3, 3, 5, padding=2), pc.Conv2d(3, 16, 1)
        self.next, self.out = pc.Conv2d(72, 33, 3, padding=1, groups=3), pc.Linear(33, 10)

    def forward(self, x: Any) -> Any:
        three = F.relu(self.norm3(self.three(F.relu(self.narrow(x)))))
        pooled = F.relu(self.pooled(F.max_pool2d(x, 3, 1, 1)))
        one = F.relu(self.norm(self.one(x)))
        x = F.cat([one, three, F.dropout(F.gelu(self.five(x)), 0.2, training=True), pooled], 1)
        return self.out(F.flatten(F.adaptive_avg_pool2d(F.relu(self.next(x)), 1), 1))


class Skips(pc.Module):
    """A U-Net: what a pool and a convolution read is read again behind the way up; a concatenation of another one."""

    def __init__(self) -> None:
        self.down, self.deep = pc.Conv2d(3, 18, 3, padding=1), pc.Conv2d(18, 20, 3, padding=1)
        self.beside, self.up = pc.Conv2d(18, 5, 3, padding=1), pc.ConvTranspose2d(20, 18, 2, stride=2)
        self.join, self.out = pc.Conv2d(18 + 18 + 5 + 5 + 3, 10, 3, padding=1), pc.Linear(10, 10)

    def forward(self, x: Any) -> Any:
        skip = F.relu(self.down(x))
        low = F.relu(self.deep(F.max_pool2d(skip, 2)))
        beside = self.beside(skip)
        both = F.cat([skip, F.relu(self.up(low))], 1)
        x = F.relu(self.join(F.cat([both, beside, F.cat([beside * 2.0, x], 1)], 1)))
        return self.out(F.flatten(F.adaptive_avg_pool2d(x, 1), 1))


BRANCHED = (Squeezed, Inception, Skips)
