"""Digests of every number that some fifty networks compute: whether a change of the engine has changed a bit.

    python soak/digests.py --write before.json     # before the change
    python soak/digests.py --compare before.json   # after it: names what differs, exit code 1

Of each network: two fast steps (losses, then the whole state), a recorded third (all arrays), and inference of a batch
and of one image, with the default algorithm and the direct one. All of it with 1 and with 3 threads, which must agree.
The inputs are NumPy's random numbers, so compare with one version of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pc

Shape = tuple[int, ...]
Build = Callable[[], pc.Module]


class Residual(pc.Module):
    """Two branches that meet in a sum, one of them normalised, as in a residual network."""

    def __init__(self, channels: int, *, shortcut: bool) -> None:
        self.conv1 = pc.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1, self.relu1 = pc.BatchNorm2d(channels), pc.ReLU()
        self.conv2 = pc.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2, self.relu2 = pc.BatchNorm2d(channels), pc.ReLU()
        self.shortcut = pc.Conv2d(channels, channels, 1) if shortcut else pc.Identity()

    def forward(self, x: Any) -> Any:
        """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))."""
        inner = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(inner + self.shortcut(x))


class Twice(pc.Module):
    """One layer used twice, and a tensor with three readers."""

    def __init__(self) -> None:
        self.conv, self.norm = pc.Conv2d(4, 4, 3, padding=1), pc.BatchNorm2d(4)

    def forward(self, x: Any) -> Any:
        """Gradients meet at the weight and at the tensor."""
        y = pc.functional.relu(self.norm(self.conv(x)))
        return self.norm(self.conv(y)) + y + x


class Unpooled(pc.Module):
    """Max pooling with its indices, and back."""

    def __init__(self) -> None:
        self.pool, self.unpool = pc.MaxPool2d(3, stride=2, return_indices=True), pc.MaxUnpool2d(3, stride=2)
        self.conv = pc.Conv2d(3, 5, 3)

    def forward(self, x: Any) -> Any:
        """What was largest, at its place."""
        y = self.conv(x)
        values, indices = self.pool(y)
        return self.unpool(values, indices, output_size=y.shape[2:])


class Functions(pc.Module):
    """Some functions of `pellucid.functional` without a layer's parameters."""

    def __init__(self, *functions: Callable[[Any], Any]) -> None:
        self.functions, self.conv = functions, pc.Conv2d(3, 4, 3)

    def forward(self, x: Any) -> Any:
        """One after the other, behind a convolution."""
        x = self.conv(x)
        for function in self.functions:
            x = function(x)
        return x


class Expressions(pc.Module):
    """Branches that are multiplied, divided, subtracted and concatenated; a parameter and numbers among them."""

    def __init__(self) -> None:
        self.conv, self.gate = pc.Conv2d(3, 6, 3), pc.Conv2d(6, 6, 1)
        self.pool, self.scale = pc.AdaptiveAvgPool2d(1), pc.Parameter(np.linspace(0.5, 2, 6).reshape(6, 1, 1))

    def forward(self, x: Any) -> Any:
        """A gate for each channel, as of squeeze and excitation, then some arithmetic."""
        y = self.conv(x)
        gated = y * pc.functional.sigmoid(self.gate(self.pool(y))) * self.scale
        quotient = (1 - y) / (y**2 + 0.5)
        return pc.functional.cat([gated, quotient - gated, -(y**3), y], dim=1)


class Reduced(pc.Module):
    """Sums, variances and the largest over all kinds of axes, which meet what they are made of."""

    def __init__(self) -> None:
        self.conv = pc.Conv2d(3, 20, 3)

    def forward(self, x: Any) -> Any:
        """Of channels, positions, images, and a single number of all."""
        y = self.conv(x)
        centred = (y - y.mean((2, 3), keepdim=True)) / (y.var((2, 3), keepdim=True) + 0.1) ** 0.5
        gate = y.amax(1, keepdim=True) - y.amin((0, 2), keepdim=True)
        summed = y.sum(1, keepdim=True) + y.mean(0) * (y**2).mean()
        likeness = pc.functional.cosine_similarity(y, pc.functional.normalize(y * y, dim=-1), dim=1)
        return centred * summed + gate + x.mean((0, 1, 3)).sum(0) + likeness.norm(3)
        centred = y - y.mean((2, 3), keepdim=True)
        return (
            centred * y.sum(1, keepdim=True)
            + y.mean(0, keepdim=True) * (y**2).mean()
            + x.mean((0, 1, 3)).sum(0)
        )


class Moved(pc.Module):
    """Numbers that only move: over axes, positions, channels and images, along runs and cut through."""

    def __init__(self) -> None:
        self.conv, self.last = pc.Conv2d(3, 12, 3), pc.Conv2d(6, 4, 1)

    def forward(self, x: Any) -> Any:
        """A grid of windows, shuffles, slices and back."""
        F, x = pc.functional, self.conv(x)
        n, c, h, w = x.shape
        windows = x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(-1, c, 2, 2)
        x = (
            windows.roll((1, -5), (3, 1))
            .view(n, h // 2, w // 2, c, 2, 2)
            .permute(0, 3, 1, 4, 2, 5)
            .reshape(n, c, h, w)
        )
        first, *others = F.channel_shuffle(x, 4).split([2, 4, 6], dim=1)
        x = F.cat([first, first.flip(3), others[0][:, ::2]], dim=1)
        x = F.pixel_unshuffle(F.pixel_shuffle(others[0], 2), 2)[..., 1:-1].flatten(2).unsqueeze(-1) + (
            self.last(x)[:, :, :, 1:-1].reshape(n, 4, -1, 1)
        )
        return (
            F.stack([x, x.transpose(1, 2).reshape(x.shape)], dim=2)
            .squeeze(-1)
            .unflatten(1, (2, -1))
            .movedim(1, -1)
        )


def _then(*layers: pc.Module) -> Build:
    return lambda: pc.Sequential(*layers)


def networks() -> Iterator[tuple[str, Build, Shape]]:
    """Names, networks and the shape of a batch."""
    yield from _layers_1d()
    yield from _layers_2d()
    yield from _layers_3d()
    for name, shape in {
        "lenet5": (5, 1, 28, 28),
        "mnist_cnn": (17, 1, 28, 28),
        "vgg_small": (4, 3, 32, 32),
        "resnet20": (18, 3, 32, 32),
        "resnet18": (3, 3, 33, 17),
    }.items():
        yield name, getattr(pc.models, name), shape
    yield "alexnet", lambda: pc.models.alexnet(image_size=63), (2, 3, 63, 63)
    for channels, size, batch in ((16, (13, 11), 3), (16, (8, 8), 70), (64, (7, 9), 19), (256, (5, 6), 2)):
        yield (
            f"residual{channels} of {size}",
            lambda c=channels: Residual(c, shortcut=c == 64),
            (batch, channels, *size),
        )
    yield "twice", Twice, (3, 4, 7, 9)
    yield "unpooled", Unpooled, (2, 3, 11, 12)
    yield "expressions", Expressions, (19, 3, 7, 6)
    yield "reduced", Reduced, (19, 3, 7, 6)
    yield "slices dropped", lambda: pc.Sequential(
        pc.Conv2d(3, 5, 3), pc.Dropout2d(0.3), pc.Conv2d(5, 4, 3), pc.StochasticDepth(0.3, "row"),
        pc.Softmax(-1), pc.LogSoftmax(0),
    ), (19, 3, 7, 8)  # fmt: skip
    yield "moved", Moved, (18, 3, 6, 8)


def _layers_1d() -> Iterator[tuple[str, Build, Shape]]:
    yield (
        "conv1d",
        lambda: pc.Sequential(
            pc.Conv1d(6, 8, 5, stride=2, padding=3, dilation=2, groups=2), pc.BatchNorm1d(8), pc.GELU()
        ),
        (4, 6, 31),
    )
    yield (
        "transposed1d",
        lambda: pc.Sequential(
            pc.ConvTranspose1d(3, 5, 4, stride=3, padding=1, output_padding=2, dilation=2), pc.Tanh()
        ),
        (3, 3, 9),
    )
    yield "pools1d", lambda: pc.Sequential(
        pc.Conv1d(2, 6, 3), pc.MaxPool1d(3, stride=2, padding=1, dilation=2), pc.AvgPool1d(2, ceil_mode=True),
        pc.LPPool1d(3, 2), pc.AdaptiveMaxPool1d(3), pc.Flatten(), pc.Linear(18, 4),
    ), (5, 2, 37)  # fmt: skip
    yield (
        "pads1d",
        lambda: pc.Sequential(
            pc.ReflectionPad1d((2, 1)),
            pc.Conv1d(3, 4, 3),
            pc.CircularPad1d(2),
            pc.SiLU(),
            pc.AdaptiveAvgPool1d(5),
        ),
        (2, 3, 12),
    )


def _layers_3d() -> Iterator[tuple[str, Build, Shape]]:
    yield "conv3d", lambda: pc.Sequential(
        pc.Conv3d(2, 5, (3, 2, 3), stride=(1, 2, 1), padding=(1, 0, 2)), pc.BatchNorm3d(5), pc.ReLU(),
        pc.MaxPool3d(2), pc.Flatten(), pc.Linear(5 * 2 * 2 * 4, 3),
    ), (3, 2, 5, 9, 7)  # fmt: skip
    yield (
        "transposed3d",
        lambda: pc.Sequential(
            pc.ConvTranspose3d(2, 3, 3, stride=2, padding=1, output_padding=1),
            pc.Sigmoid(),
            pc.AvgPool3d(3, stride=2),
        ),
        (2, 2, 3, 4, 5),
    )
    yield (
        "pads3d",
        lambda: pc.Sequential(
            pc.ReplicationPad3d(1),
            pc.Conv3d(1, 4, 3),
            pc.AdaptiveAvgPool3d((2, 3, 2)),
            pc.InstanceNorm3d(4, affine=True),
        ),
        (2, 1, 4, 5, 6),
    )


def _layers_2d() -> Iterator[tuple[str, Build, Shape]]:
    image = (3, 3, 13, 11)
    conv = {
        "plain": {"kernel_size": (3, 5), "padding": (1, 2)},
        "strided": {"kernel_size": 5, "stride": (2, 3), "padding": 2},
        "dilated": {"kernel_size": 3, "dilation": (2, 3), "padding": 3},
        "flipped": {"kernel_size": (4, 3), "flip": True},
        "uneven": {"kernel_size": 3, "padding": ((0, 2), (3, 1))},
    }
    for name, settings in conv.items():
        yield f"conv {name}", lambda s=settings: pc.Sequential(pc.Conv2d(3, 7, **s), pc.ReLU()), image
    yield (
        "depthwise",
        lambda: pc.Sequential(
            pc.Conv2d(24, 24, 3, padding=1, groups=24, bias=False),
            pc.BatchNorm2d(24),
            pc.ReLU(),
            pc.Conv2d(24, 8, 1),
        ),
        (4, 24, 9, 10),
    )
    yield (
        "grouped",
        lambda: pc.Sequential(pc.Conv2d(12, 18, 3, groups=3, padding=1), pc.LeakyReLU(0.1)),
        (3, 12, 7, 8),
    )
    yield "winograd", lambda: pc.Sequential(
        pc.Conv2d(16, 32, 3, padding=1), pc.ReLU(), pc.MaxPool2d(2), pc.Conv2d(32, 48, 3, stride=2, padding=1),
        pc.BatchNorm2d(48), pc.ReLU(), pc.Flatten(), pc.Linear(48 * 3 * 4, 5),
    ), (20, 16, 12, 14)  # fmt: skip
    yield (
        "winograd wide",
        lambda: pc.Sequential(pc.Conv2d(128, 160, 3), pc.BatchNorm2d(160), pc.ReLU(), pc.Conv2d(160, 32, 3)),
        (2, 128, 9, 8),
    )
    yield (
        "transposed2d",
        lambda: pc.Sequential(
            pc.ConvTranspose2d(4, 6, (3, 4), stride=2, padding=(1, 0), groups=2),
            pc.ReLU(),
            pc.Conv2d(6, 2, 1),
        ),
        (3, 4, 6, 5),
    )
    for kind in ("MaxPool2d", "AvgPool2d"):
        for stride in (1, 2, 3):
            yield (
                f"{kind} {stride}",
                lambda k=kind, s=stride: pc.Sequential(
                    pc.Conv2d(3, 8, 3), pc.ReLU(), getattr(pc, k)(3, stride=s, padding=1, ceil_mode=True)
                ),
                image,
            )
    yield (
        "other pools",
        lambda: pc.Sequential(
            pc.Conv2d(3, 9, 3),
            pc.Sigmoid(),  # of negative numbers there is no power
            pc.LPPool2d(1.5, 2, ceil_mode=True),
            pc.AdaptiveMaxPool2d((3, 2)),
            pc.AdaptiveAvgPool2d(2),
        ),
        image,
    )
    yield (
        "norms",
        lambda: pc.Sequential(
            pc.Conv2d(3, 8, 3),
            pc.GroupNorm(4, 8),
            pc.InstanceNorm2d(8),
            pc.LocalResponseNorm(3),
            pc.LayerNorm((8, 11, 9)),
        ),
        image,
    )
    yield "pads", lambda: pc.Sequential(
        pc.ConstantPad2d((1, 2, 0, 1), 0.5), pc.Conv2d(3, 4, 3), pc.ReflectionPad2d(2), pc.CircularPad2d((1, 0, 2, 1)),
        pc.ReplicationPad2d(1), pc.ZeroPad2d((0, -1, 1, 0)),
    ), image  # fmt: skip
    yield (
        "upsampled",
        lambda: pc.Sequential(
            pc.Conv2d(3, 4, 3),
            pc.Upsample(scale_factor=2),
            pc.Upsample(size=(17, 9), mode="bilinear", align_corners=True),
        ),
        image,
    )
    yield (
        "unfolded",
        lambda: pc.Sequential(
            pc.Unfold((3, 2), stride=2, padding=1),
            pc.Fold((13, 11), (3, 2), stride=2, padding=1),
            pc.Conv2d(3, 2, 3),
        ),
        image,
    )
    yield (
        "dropped",
        lambda: pc.Sequential(
            pc.Conv2d(3, 6, 3), pc.Dropout(0.3), pc.SiLU(), pc.Flatten(), pc.Linear(594, 7), pc.Dropout(0.5)
        ),
        image,
    )
    yield "softmaxes", lambda: pc.Sequential(pc.Conv2d(3, 5, 3), pc.Softmax(), pc.LogSoftmax()), image
    yield (
        "linear",
        lambda: pc.Sequential(
            pc.Flatten(),
            pc.Linear(429, 33),
            pc.Tanh(),
            pc.Linear(33, 33, bias=False),
            pc.Sigmoid(),
            pc.Linear(33, 3),
        ),
        (67, 3, 13, 11),
    )
    yield (
        "linear along the last axis",
        lambda: pc.Sequential(
            pc.Linear(11, 37), pc.ReLU(), pc.Linear(37, 5, bias=False), pc.Flatten(), pc.Linear(195, 3)
        ),
        image,
    )
    yield (
        "linear wide",
        lambda: pc.Sequential(pc.Flatten(), pc.Linear(429, 600), pc.GELU(), pc.Linear(600, 10)),
        image,
    )
    f = pc.functional
    yield (
        "functions",
        lambda: Functions(f.gelu, f.leaky_relu, lambda x: f.pad(x, (1, 1, 0, 2)), f.sigmoid, f.silu),
        image,
    )
    yield "products of matrices", lambda: Functions(lambda x: x @ f.sigmoid(x)), (19, 3, 35, 35)
    yield "curves", lambda: Functions(f.relu6, f.softplus, f.hardswish, f.mish, f.elu, f.abs, f.sqrt), image
    yield "curves with bends", lambda: Functions(
        lambda x: f.hardtanh(x, -2, 2), f.exp, f.log, f.celu, f.selu, f.hardsigmoid,
        lambda x: f.threshold(x, 0.3, 0.1), f.rsqrt, f.softsign, f.tanhshrink, lambda x: f.softshrink(x, 0.01),
        lambda x: f.hardshrink(x, 0.02), f.logsigmoid,
    ), image  # fmt: skip
    yield "gates", lambda: pc.Sequential(pc.Conv2d(3, 6, 3), pc.PReLU(6), pc.GLU(1)), image
    yield "meetings", lambda: Functions(
        lambda x: f.maximum(x, 0.3 * x + 0.1), lambda x: f.minimum(x, 1.5 - x), lambda x: f.clamp(x, -1, 2),
        lambda x: f.clamp_max(f.clamp_min(x, f.tanh(x)), f.sigmoid(x) + 0.5),
        lambda x: f.where(x > 0.1, x, 0.5 * x) + (x >= 0.2), lambda x: x * (x < 1) + 0.1 * (x <= 0.5),
        lambda x: x * f.ne(x, 0.25) + f.eq(x, 0.5), lambda x: f.sigmoid(x) ** f.sigmoid(0.5 * x),
    ), image  # fmt: skip
    yield "losses of elements", lambda: Functions(
        lambda x: f.l1_loss(x, f.sigmoid(x), reduction="none"),
        lambda x: f.smooth_l1_loss(x, f.sigmoid(x), reduction="none"),
        lambda x: f.huber_loss(x, f.sigmoid(x), reduction="none"),
        lambda x: f.binary_cross_entropy_with_logits(x, f.sigmoid(x), reduction="none"),
        lambda x: f.kl_div(f.logsigmoid(x), f.sigmoid(x), reduction="none"),
        lambda x: f.binary_cross_entropy(f.sigmoid(x), f.sigmoid(-x), reduction="none"),
    ), image  # fmt: skip
    yield "functions flat", lambda: Functions(f.relu, lambda x: f.max_pool2d(x, 2), f.tanh), image


RULES = (
    pc.SGD(lr=0.05),
    pc.SGD(lr=0.02, momentum=0.9, weight_decay=1e-3, nesterov=True),
    pc.Adam(lr=1e-3, weight_decay=1e-2),
    pc.AdamW(lr=2e-3),
)


def numbers(build: Build, shape: Shape, index: int, dtype: str) -> Iterator[tuple[str, Any]]:
    """Everything a network computes, by name."""
    pc.seed(7)
    model = build().astype(dtype)
    random = np.random.default_rng(index)
    x = random.standard_normal(shape).astype(dtype)
    output = model(x)
    yield "inference", output
    yield "inference of one", model(x[:1])
    classes = output.ndim == 2
    y = (
        random.integers(0, output.shape[1], len(x))
        if classes
        else random.standard_normal(output.shape).astype(dtype)
    )
    loss = "cross_entropy" if classes else "mse_loss"
    step = pc.TrainStep(model, RULES[index % len(RULES)], loss, seed=3)
    for i in range(2):
        yield f"loss {i}", np.array(step(x, y))
    yield from model.state_dict().items()
    rec = step.record(x, y)
    for name in rec.names():
        yield f"recorded {name}", rec[name]
    rec.commit()
    yield from ((f"{name} after", array) for name, array in model.state_dict().items())


def digests() -> dict[str, dict[str, str]]:
    """By network, type and algorithm: every array's digest."""
    found: dict[str, dict[str, str]] = {}
    for index, (name, build, shape) in enumerate(networks()):
        dtypes = ("float32", "float64") if index % 3 == 0 else ("float32",)
        for dtype in dtypes:
            for algorithm in ("auto", "direct"):
                runs = []
                for threads in (1, 3):
                    pc.set_num_threads(threads)
                    with pc.algorithm(algorithm):
                        runs.append({n: digest(a) for n, a in numbers(build, shape, index, dtype)})
                key = f"{name}, {dtype}, {algorithm}"
                if runs[0] != runs[1]:
                    raise SystemExit(f"{key}: 1 and 3 threads differ")
                found[key] = runs[0]
    return found


def digest(array: Any) -> str:
    """Of bytes, shape and type; every NaN counts as the same."""
    array = np.ascontiguousarray(array)
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
    return hashlib.sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).hexdigest()[:24]


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--write", type=Path)
    group.add_argument("--compare", type=Path)
    arguments = parser.parse_args()
    now = digests()
    count = sum(map(len, now.values()))
    if arguments.write:
        arguments.write.write_text(json.dumps(now, indent=0))
        print(f"{count:,} arrays of {len(now)} networks written")
        return 0
    before = json.loads(arguments.compare.read_text())
    differ = [
        f"{key}: {name}"
        for key in sorted(before.keys() | now.keys())
        for name in sorted(before.get(key, {}).keys() | now.get(key, {}).keys())
        if before.get(key, {}).get(name) != now.get(key, {}).get(name)
    ]
    print("\n".join(differ[:40]))
    print(f"{len(differ):,} of {count:,} arrays of {len(now)} networks differ")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
