"""Weights between Pellucid and PyTorch, through files: how far apart both sides' outputs are, for every bundled model.

    python soak/exchange.py [NAME …] [--steps N]

A network makes some steps here, and PyTorch loads the file of its weights; PyTorch's makes some steps there, and its
file is loaded here, in safetensors and npz both. Numbers must arrive bit for bit, statistics and counts too, and what
both make of images that neither has seen must differ by no more than 1e-5: the probabilities, and the outputs before
softmax as a share of the largest.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this is run as a script

import pellucid as pc
from pellucid.bench.twins import twin
from pellucid.nn.models import MODELS
from soak.bundled import batches

MOST = 1e-5
SETTINGS = {"alexnet": {"image_size": 63}, "vgg11": {"image_size": 32}}  # smaller images than their own
BATCH = 8
Batches = list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def trained_here(model: pc.Module, parts: Batches) -> None:
    """Some steps of SGD with momentum."""
    step = pc.TrainStep(model, pc.SGD(lr=0.01, momentum=0.9))
    for x, y in parts:
        step(x, y)


def trained_there(net: torch.nn.Module, parts: Batches) -> None:
    """The same in PyTorch."""
    rule = torch.optim.SGD(net.train().parameters(), lr=0.01, momentum=0.9)
    for x, y in parts:
        rule.zero_grad()
        torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        rule.step()


def apart(model: pc.Module, net: torch.nn.Module, images: np.ndarray[Any, Any]) -> tuple[float, float]:
    """The largest difference of two probabilities and of two outputs; infinite where weights differ in a bit."""
    mine, others = model.state_dict(), net.state_dict()
    if list(mine) != list(others) or any(
        mine[name].tobytes() != others[name].numpy().tobytes() for name in mine
    ):
        return np.inf, np.inf
    with torch.no_grad():
        theirs = net.eval()(torch.from_numpy(images))
        shares = np.abs(pc.predict(model, images) - torch.softmax(theirs, 1).numpy())
    outputs = np.abs(model(images) - theirs.numpy()) / np.abs(theirs.numpy()).max()
    return float(shares.max()), float(outputs.max())


def exchanged(name: str, steps: int, folder: Path) -> dict[str, tuple[float, float]]:
    """A network both ways, in both formats: how far apart the two sides are."""
    settings, found = SETTINGS.get(name, {}), {}
    pc.seed(1)
    torch.manual_seed(1)
    model, net = MODELS[name](**settings), twin(name, **settings)
    *parts, (images, _) = islice(batches(model, BATCH), steps + 1)
    trained_here(model, parts)
    trained_there(net, parts)
    theirs = net.state_dict()
    safetensors.torch.save_file(theirs, folder / "theirs.safetensors")
    np.savez(folder / "theirs.npz", **{key: tensor.numpy() for key, tensor in theirs.items()})
    for ending in ("safetensors", "npz"):
        other = twin(name, **settings)
        pc.save_weights(folder / f"ours.{ending}", model.state_dict())
        other.load_state_dict(loaded_there(folder / f"ours.{ending}"))
        found[f"to PyTorch, {ending}"] = apart(model, other, images)
        mine = MODELS[name](**settings)
        mine.load_state_dict(pc.load_weights(folder / f"theirs.{ending}"))
        found[f"from PyTorch, {ending}"] = apart(mine, net, images)
    return found


def loaded_there(path: Path) -> dict[str, torch.Tensor]:
    """A file as users of PyTorch read it."""
    if path.suffix == ".safetensors":
        return safetensors.torch.load_file(path)
    with np.load(path, allow_pickle=False) as archive:
        return {key: torch.from_numpy(array) for key, array in archive.items()}


def main() -> int:
    """Try the networks, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MODELS, []], metavar="NAME")
    parser.add_argument("--steps", type=int, default=4)
    options, worst = parser.parse_args(), [0.0, 0.0]
    for name in options.names or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            found = exchanged(name, options.steps, Path(folder))
        shares, outputs = map(max, zip(*found.values(), strict=True))
        print(f"{name}: probabilities {shares:.1e}, outputs {outputs:.1e} in {', '.join(found)}", flush=True)
        worst = [max(worst[0], shares), max(worst[1], outputs)]
    count = len(options.names or MODELS)
    print(
        f"{count} networks: probabilities differ by at most {worst[0]:.1e}, outputs by {worst[1]:.1e} of the largest"
    )
    return int(not max(worst) <= MOST)


if __name__ == "__main__":
    sys.exit(main())
