"""CIFAR-10 in minutes on two cores: from files of pictures to a network in a file.

    python examples/cifar10_fast.py cifar10.zip --out cifar10.safetensors

The recipe is Keller Jordan's (94% on CIFAR-10 in 3.29 seconds on a single GPU, 2024), with ReLU in the place of GELU:
a first layer that whitens patches of 2×2 pixels and is never trained, convolutions that begin as the identity, mirrored
pictures in every second epoch, label smoothing, a short cycle of the learning rate, lookahead, and six views of a
picture in the test. See docs/performance.md for what it reaches.
"""

import argparse
import time

import numpy as np

import pellucid as pc

BATCH = 512
LOSS = pc.CrossEntropyLoss(label_smoothing=0.2)
SCHEDULE = pc.schedules.OneCycle(peak=0.23, first=0.2, last=0.01)
AUGMENT = pc.Augment(crop=2, padding_mode="reflect", flip="alternating")
PATCH = 2  # pixels a side that the first layer whitens
SCALE = 0.125  # of every norm, see `Norm`


class Norm(pc.BatchNorm2d):
    """A batch norm whose weight stays 1/8, so that its bias learns 64 times as fast as everything else.

    relu(x/8 + b) = relu(x + 8·b)/8: the next norm takes the factor out again, and a step of b by its gradient counts
    8·8 times. Behind the last norm the factor keeps logits small.
    """

    def __init__(self, channels):
        super().__init__(channels, momentum=0.4)
        self.weight[:] = SCALE
        self.weight.requires_grad = False


def block(inputs, outputs):
    """Two convolutions, each with its norm; the first one halves the picture's sides."""
    return [
        convolution(inputs, outputs), pc.MaxPool2d(2), Norm(outputs), pc.ReLU(),
        convolution(outputs, outputs), Norm(outputs), pc.ReLU(),
    ]  # fmt: skip


def convolution(inputs, outputs):
    """3×3, at the beginning the identity for as many channels as there are inputs."""
    layer = pc.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    same = np.arange(min(inputs, outputs))
    layer.weight[same] = 0
    layer.weight[same, same, 1, 1] = 1
    return layer


def optimizer(batch=BATCH):
    """The learning rate grows with the batch."""
    return pc.SGD(lr=0.75 * batch / 512, momentum=0.85, weight_decay=1.33e-3, nesterov=True)


def network(channels=3, classes=10, width=64):
    """Whitening, three blocks, the largest number of each channel, and scores of the classes."""
    directions = channels * PATCH**2
    first = pc.Conv2d(channels, 2 * directions, PATCH, bias=False)
    first.weight.requires_grad = False
    layers, inputs = [pc.ZeroPad2d((0, PATCH - 1, 0, PATCH - 1)), first, pc.ReLU()], 2 * directions
    for outputs in (width, 4 * width, 4 * width):
        layers += block(inputs, outputs)
        inputs = outputs
    return pc.Sequential(
        *layers, pc.AdaptiveMaxPool2d(1), pc.Flatten(), pc.Linear(inputs, classes, bias=False)
    )


def whitening(images, eps=1e-2):
    """Weights (2·d,C,2,2) that make patches' d = C·2·2 numbers uncorrelated, of variance 1; each with both signs.

    `eps` keeps directions small in which pictures hardly vary: JPEG leaves little but rounding in fine colours.
    """
    windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(2, 3))
    patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, images.shape[1] * PATCH**2).astype(np.float64)
    variances, directions = np.linalg.eigh(patches.T @ patches / len(patches))
    weight = (directions / np.sqrt(variances + eps)).T.reshape(-1, images.shape[1], PATCH, PATCH)
    return np.concatenate([weight, -weight])


class Lookahead:
    """A callback: every few steps the network moves back towards a slow average of itself, in the end onto it."""

    def __init__(self, model, steps, every=5):
        self.model, self.steps, self.every = model, steps, every
        self.slow = model.state_dict()

    def __call__(self, event):
        if not isinstance(event, pc.Progress):
            return
        step = event.epoch * event.batches + event.batch
        if step % self.every and step < self.steps:
            return
        keep = 0.95**5 * (step / self.steps) ** 3 if step < self.steps else 1.0
        for name, array in self.model.state_dict().items():
            if array.dtype.kind == "f":
                self.slow[name] += (1 - keep) * (array - self.slow[name])
        self.model.load_state_dict(self.slow)


def views(x):
    """A picture's six views and their shares: as it is and moved by a pixel, up left and down right; each mirrored."""
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
    for share, view in (
        (0.5, x),
        (0.25, padded[:, :, :height, :width]),
        (0.25, padded[:, :, 2:, 2:]),
    ):
        yield share / 2, view
        yield share / 2, view[..., ::-1]


def logits(model, data, batch=500):
    """Scores (N, classes), means over the views."""
    parts = []
    for x, _ in data.batches(batch, shuffle=False):
        parts.append(sum(share * model(np.ascontiguousarray(view)) for share, view in views(x)))
    return np.concatenate(parts)


def run(path, *, epochs=10, seed=0, width=64, batch=BATCH, out=None):
    """The whole run; the accuracy on the test pictures."""
    start = time.perf_counter()

    def tell(what):
        if isinstance(what, pc.Epoch):
            what = f"epoch {what.epoch + 1}: loss {what.loss:.4f}"
        if isinstance(what, str):
            print(f"{time.perf_counter() - start:7.1f} s  {what}", flush=True)

    train, test = pc.datasets.open(path)
    tell(f"read {len(train)} pictures to train on and {len(test)} to test with")
    pc.seed(seed)
    settings = {"channels": train.images.shape[1], "classes": len(train.classes), "width": width}
    model = network(**settings)
    sample, _ = next(train.batches(min(5000, len(train)), seed=seed, epoch=0))
    model[1].weight[:] = whitening(sample)
    steps = epochs * -(-len(train) // batch)
    pc.fit(
        model, train, optimizer=optimizer(batch), loss=LOSS, schedule=SCHEDULE, augment=AUGMENT,
        epochs=epochs, batch_size=batch, seed=seed, callbacks=[Lookahead(model, steps), tell],
    )  # fmt: skip
    accuracy = float((logits(model, test).argmax(axis=1) == test.labels).mean())
    tell(f"test accuracy {accuracy:.2%}")
    if out:
        name, taken = "python:network", {"classes": train.classes, "preprocessing": train.preprocessing}
        pc.save_model(out, name, settings, model, **taken)
        tell(f"saved in {out}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "path", help="a folder, a zip or a tar archive: train and test, a folder for each class"
    )
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--width", type=int, default=64, help="channels of the first block; the others have 4 times as many"
    )
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--out", help="the file for the network")
    run(**vars(parser.parse_args()))
