"""Forged recordings: what a file says is changed thing by thing, with the checksum made anew.

    python soak/forgeries.py [--every N] [NETWORK ...]

Every forgery must be refused when the file is read, or told by `certify`. Orders and facts are changed alone and
together with the array whose bound they decide; settings in one entry and in all of the same op; operands, bases,
parts, steps, givers, names, arrays.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pc
from pellucid.errors import FormatError
from pellucid.explain.files.storage import LIMITS
from pellucid.formats import container, reader

_SAMPLE = 40  # numbers of each array that `certify` looks at
_SCALE = 100
_VALUES = (-1, 0, 1, 2, 3, 64, 16_000_000, 2**31 - 1, 0.5, 1e30, None, "1")

Forgery = tuple[str, dict[str, Any], dict[str, Any]]  # a name, the description, the arrays


class Twice(pc.Module):
    """A weight with two uses, and an output with two readers: contributions and bases."""

    def __init__(self) -> None:
        self.conv, self.norm, self.fc = (
            pc.Conv2d(4, 4, 3, padding=1),
            pc.BatchNorm2d(4),
            pc.Linear(4 * 25, 3),
        )

    def forward(self, x: Any) -> Any:
        """Two passes through one convolution."""
        x = self.conv(x)
        return self.fc(pc.Flatten()(self.norm(self.conv(x) + x)))


def _winograd() -> pc.Module:
    return pc.Sequential(
        pc.Conv2d(16, 16, 3, padding=1), pc.BatchNorm2d(16), pc.ReLU(), pc.Flatten(), pc.Linear(16 * 64, 3)
    )


def _stride_2() -> pc.Module:
    layers = (pc.Conv2d(32, 32, 3, stride=2, padding=1), pc.BatchNorm2d(32), pc.MaxPool2d(2))
    return pc.Sequential(*layers, pc.Flatten(), pc.Linear(32 * 4, 3))


def _norms() -> pc.Module:
    norms = (pc.GroupNorm(2, 4), pc.GELU(), pc.LayerNorm((4, 5, 5)))
    return pc.Sequential(
        pc.Conv2d(3, 4, 3, padding=1), *norms, pc.Dropout(0.25), pc.Flatten(), pc.Linear(100, 3)
    )


def _regression() -> pc.Module:
    return pc.Sequential(pc.Flatten(), pc.Linear(12, 8), pc.Tanh(), pc.Dropout(0.5), pc.Linear(8, 3))


NETWORKS: dict[str, tuple[Callable[[], pc.Module], tuple[int, ...], str, Callable[[], Any], str]] = {
    "winograd": (_winograd, (2, 16, 8, 8), "cross_entropy", lambda: pc.SGD(0.05, 0.9, 1e-3), "auto"),
    "direct": (_winograd, (2, 16, 8, 8), "cross_entropy", lambda: pc.SGD(0.05), "direct"),
    "stride_2": (_stride_2, (2, 32, 8, 8), "cross_entropy", pc.Adam, "auto"),
    "norms": (_norms, (3, 3, 5, 5), "cross_entropy", pc.AdamW, "auto"),
    "regression": (_regression, (5, 3, 4), "mse_loss", lambda: pc.SGD(0.05, 0.9, nesterov=True), "auto"),
    "twice": (Twice, (2, 4, 5, 5), "cross_entropy", pc.Adam, "auto"),
}


def record(name: str, path: Path) -> None:
    """Save a recording of a network's second step."""
    network, shape, loss, optimizer, algorithm = NETWORKS[name]
    pc.seed(0)
    random = np.random.default_rng(0)
    x = random.standard_normal(shape, np.float32)
    y = random.standard_normal((shape[0], 3), np.float32) if loss == "mse_loss" else np.arange(shape[0]) % 3
    with pc.algorithm(algorithm):
        step = pc.TrainStep(network(), optimizer(), loss, seed=7)
        step(x, y)
        step.record(x, y).save(path)


def forgeries(description: dict[str, Any], arrays: dict[str, Any]) -> Iterator[Forgery]:
    """Everything that is tried on one recording."""
    entries = description["entries"]
    for at, entry in enumerate(entries):
        name, source = entry["name"], entry["source"]
        scaled = {**arrays, name: arrays[name] * _SCALE}
        for what, changed in _changed(entry, entries):
            forged = _with(description, at, changed)
            yield f"{name}: {what}", forged, arrays
        for key in ("order", "facts") if source else ():
            for what, other in _other_facts(source[key]):
                forged = _with(description, at, {**entry, "source": {**source, key: other}})
                yield f"{name}: {what}", forged, arrays
                yield f"{name}: {what}, scaled", forged, scaled
        yield f"{name}: left out", _with(description, at), {k: a for k, a in arrays.items() if k != name}
        if arrays[name].dtype.kind == "f" and arrays[name].any():
            yield f"{name}: scaled", description, scaled
    for what, forged in _forged_everywhere(description):
        yield what, forged, arrays
    yield "no alias", {**description, "aliases": {}}, arrays


def _with(description: dict[str, Any], at: int, *entry: Any) -> dict[str, Any]:
    """A description with another entry in a place, or none."""
    entries = list(description["entries"])
    entries[at : at + 1] = entry
    return {**description, "entries": entries}


def _other_facts(facts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, true in facts.items():
        for value in _VALUES:
            if value != true:
                yield f"{key}={value}", {**facts, key: value}
        yield f"no {key}", {k: v for k, v in facts.items() if k != key}
    for key in ("winograd_additions", "parts", "in_tiles"):
        if key not in facts:
            yield f"{key} added", {**facts, key: 1}


def _changed(entry: dict[str, Any], entries: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """One entry with one thing changed besides its facts."""
    source = entry["source"]
    if source is None:
        made = next(other["source"] for other in entries if other["source"])
        yield "made", {**entry, "source": made, "given": None}
        yield "given by another", {**entry, "given": "input" if entry["given"] != "input" else "model"}
        return
    yield "given", {**entry, "source": None, "given": "model"}
    changes: list[tuple[str, Any]] = [
        ("parts", [] if source["parts"] else [entry["name"], entry["name"]]),
        ("base", None if source["base"] else entry["name"]),
        ("way", "sum"),
        ("path", f"{source['path']}0"),
    ]
    for key, true in source["settings"].items():
        changes += [("settings", {**source["settings"], key: value}) for value in (0.5, 7) if value != true]
    for argument, name in source["operands"].items():
        others = [other["name"] for other in entries if other["name"] != name]
        few = others[:: max(1, len(others) // 3)]
        changes += [("operands", {**source["operands"], argument: other}) for other in few]
    for key, value in changes:
        yield f"{key}={value}", {**entry, "source": {**source, key: value}}


def _forged_everywhere(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A float among an op's settings, or a fact that the whole run shares, changed wherever it stands."""
    ops = {
        json.dumps([e["source"]["op"], e["source"]["settings"]])
        for e in description["entries"]
        if e["source"]
    }
    for op, settings in map(json.loads, sorted(ops)):
        for key, value in settings.items():
            if isinstance(value, float) and value:
                forged = copy.deepcopy(description)
                for entry in forged["entries"]:
                    source = entry["source"]
                    if source and (source["op"], source["settings"]) == (op, settings):
                        source["settings"][key] = value * _SCALE
                yield f"{key}={value * _SCALE} of every {op}", forged
    for key in ("lr", "seed"):
        forged = copy.deepcopy(description)
        facts = [
            e["source"]["facts"] for e in forged["entries"] if e["source"] and key in e["source"]["facts"]
        ]
        for found in facts:
            found[key] = found[key] * 2
        if facts:
            yield f"another {key} everywhere", forged
    if "winograd_additions" in json.dumps(description) or description["algorithm"] == "direct":
        for name in {"auto", "direct"} - {description["algorithm"]}:
            yield f"algorithm {name}", {**description, "algorithm": name}


def outcome(path: Path, description: dict[str, Any], arrays: dict[str, Any], metadata: dict[str, str]) -> str:
    """What becomes of a forgery: refused, not certified, or certified."""
    text = json.dumps(description)
    container.write("forgery", path, arrays, {**metadata, "description": text}, LIMITS)
    try:
        recording = pc.load_recording(path)
    except FormatError:
        return "refused"
    return "certified" if recording.certify(_SAMPLE).certified else "not certified"


def main() -> int:
    """Try all on the networks that are named, by default on all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--every", type=int, default=1, help="try every so many-th forgery only")
    options = parser.parse_args()
    total = Counter[str]()
    for name in options.networks:
        with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
            good, path = Path(folder, "good"), Path(folder, "forged")
            record(name, good)
            assert pc.load_recording(good).certify(_SAMPLE).certified
            with reader.opened("good", good, LIMITS) as file:
                metadata, arrays = dict(file.metadata), dict(file.arrays())
            counts, tried = Counter[str](), forgeries(json.loads(metadata["description"]), arrays)
            for what, description, forged in islice(tried, 0, None, options.every):
                found = outcome(path, description, forged, metadata)
                counts[found] += 1
                if found == "certified":
                    print(f"CERTIFIED {name}: {what}")
        print(f"{name}: {dict(counts)}")
        total += counts
    print(
        f"{total.total()} forgeries: {total['refused']} refused, {total['not certified']} told, "
        f"{total['certified']} believed"
    )
    return int(total["certified"] > 0)


if __name__ == "__main__":
    sys.exit(main())
