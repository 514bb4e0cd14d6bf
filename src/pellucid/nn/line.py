"""Networks in one line: `input 3x227x227; conv 96 k11 s4; relu; pool k3 s2; flatten; dense 10`.

    line    =  input ";" piece ";" piece …
    input   =  "input" sizes                     C×H×W, or C×W, C×D×H×W, or a number of features
    piece   =  word [number] [options]
    options =  k s p d g, each at most once      kernel, stride, padding, dilation, groups
    sizes   =  numbers with "x" between them     k3 and k3x5, one for all axes or one each

Words with a number, of output channels or features: conv, convt (transposed), dense. Windows without: pool (maximum),
avgpool; without a stride theirs lie side by side. The rest stand alone: globalpool, bn, flatten, identity, dropout and
every activation that has no setting which must be given. Two towers that do not see each other are two groups: g2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import Parameter, signature
from sys import maxsize
from typing import Any

from pellucid import nn
from pellucid.errors import ArgumentError, PellucidError, joined, say
from pellucid.nn.init import without_values
from pellucid.nn.module import Module
from pellucid.nn.summary import summary
from pellucid.ops.base import Shape

_ALEXNET = (
    "input 3x227x227; conv 96 k11 s4; relu; pool k3 s2; conv 256 k5 p2 g2; relu; pool k3 s2; "
    "conv 384 k3 p1; relu; conv 384 k3 p1 g2; relu; conv 256 k3 p1 g2; relu; "
)
_CLASSIFIER = "flatten; dense 4096; relu; dense 4096; relu; dense 1000"
NETWORKS = {  # the two towers of 2012 as groups, without and with the last pooling
    "alexnet-lecture": f"{_ALEXNET}{_CLASSIFIER}",
    "alexnet-published": f"{_ALEXNET}pool k3 s2; {_CLASSIFIER}",
}


def _stands_alone(kind: Any) -> bool:
    """Whether a word without settings says all: activations that need none, and what passes numbers on."""
    if not isinstance(kind, type) or not kind.__module__.startswith(
        ("pellucid.nn.activation", "pellucid.nn.shape")
    ):
        return False
    return all(setting.default is not Parameter.empty for setting in signature(kind).parameters.values())


_ALONE: dict[str, Callable[[], Module]] = {
    name.lower(): kind for name, kind in vars(nn).items() if _stands_alone(kind)
}
_SETTINGS = {"k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
_OPTIONS = {"conv": "kspdg", "convt": "kspdg", "pool": "kspd", "avgpool": "ksp"}
_NUMBERED = ("conv", "convt", "dense")
WORDS = ("conv", "convt", "pool", "avgpool", "globalpool", "dense", "bn", *_ALONE)
_NUMBER = "[0-9]{1,6}"
_SIZES = f"{_NUMBER}(x{_NUMBER}){{0,2}}"


def described(line: str) -> tuple[nn.Sequential, Shape]:
    """The network that a line, or one of `NETWORKS` by its name, describes, its weights zeros, and its input's shape.

    Layers are named by their words and numbered: conv1, relu1, pool1, conv2, ….

    Raises: ArgumentError or ShapeError that names the piece which is wrong.

    Example:
        >>> network, shape = described("input 1x28x28; conv 6 k5; relu; pool k2; flatten; dense 10")
        >>> shape, summary(network, (1, *shape)).rows[2].output_shape
        ((1, 28, 28), (1, 6, 12, 12))
        >>> described("input 1x28x28; conv k5")
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: shape 'piece 2, conv k5': conv needs a number of outputs. Expected such as
            conv 16. Got 'k5'.
    """
    first, *pieces = _pieces(NETWORKS.get(line, line))
    shape = _input(first)
    # of weights that nobody asks for, the memory is never touched
    network = without_values(lambda: _network(pieces, shape, 2, None), at_most=maxsize)
    if not pieces:
        raise ArgumentError("shape", "a network needs a layer", expected=f"{line.strip()}; conv 16 k3; …")
    return network, shape


def network_of(line: str, shape: Shape, classes: int) -> nn.Sequential:
    """The network that a line without an input describes, for inputs of this shape; `dense` alone has the classes.

    Raises: ArgumentError or ShapeError that names the piece which is wrong.

    Example:
        >>> model = network_of("conv 6 k5; relu; pool k2; flatten; dense", (1, 28, 28), 10)
        >>> model.dense1.weight.shape
        (10, 864)
    """
    return _network(_pieces(line), shape, 1, classes)


def _pieces(line: str) -> list[str]:
    return [piece.strip() for piece in line.split(";")]


def _network(pieces: list[str], shape: Shape, first: int, classes: int | None) -> nn.Sequential:
    """The layers of pieces, of which the first has this position."""
    network, counts = nn.Sequential(), dict.fromkeys(WORDS, 0)
    for position, piece in enumerate(pieces, first):
        place = say("piece {position}", position=position)
        place = joined(", ", (place, piece)) if piece else place
        try:
            layer = _layer(piece.split(), shape, classes)
            for row in summary(layer, (1, *shape)).rows:  # a dropout has none
                shape = row.output_shape[1:]
        except PellucidError as error:
            error.where, error.path = "shape", None
            raise error.at(place) from None
        except (MemoryError, ValueError):
            raise ArgumentError("shape", "the layer is too large", path=place) from None
        word = piece.split()[0]
        counts[word] += 1
        setattr(network, f"{word}{counts[word]}", layer)
    return network


def _input(piece: str) -> Shape:
    found = re.fullmatch(f"input ({_NUMBER}(x{_NUMBER}){{0,3}})", " ".join(piece.split()))
    shape = tuple(map(int, found[1].split("x"))) if found else ()
    if not shape or 0 in shape:
        rule = "a line begins with the input's sizes, each from 1 to 999999"
        expected = "such as input 3x227x227"
        hint = say("the lines that have names are {names}", names=", ".join(NETWORKS))
        raise ArgumentError(
            "shape",
            rule,
            expected=expected,
            got=repr(piece),
            hint=hint,
            path=say("piece {position}", position=1),
        )
    return shape


def _layer(words: list[str], shape: Shape, classes: int | None) -> Module:
    """The layer that a piece describes, for inputs of this shape."""
    if not words:
        raise ArgumentError("shape", "a piece is empty", expected="a layer between two semicolons")
    word, *rest = words
    if word not in WORDS:
        raise ArgumentError(
            "shape",
            "there is no such layer",
            expected=say("one of {names}", names=", ".join(WORDS)),
            got=repr(word),
        )
    outputs = 0
    if word in _NUMBERED:
        outputs = classes if classes and words == ["dense"] else _outputs(word, rest.pop(0) if rest else "")
    settings = _settings(word, rest)
    if word in _ALONE:
        return _ALONE[word]()
    if word == "dense":
        return _dense(shape, outputs)
    if word == "bn":
        kinds: tuple[Any, ...] = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
        norm: Module = kinds[len(shape) - 1](shape[0])
        return norm
    return _windows(word, shape, outputs, settings)


def _outputs(word: str, number: str) -> int:
    if not re.fullmatch(_NUMBER, number) or not int(number):
        rule = say("{word} needs a number of outputs", word=word)
        raise ArgumentError("shape", rule, expected=say("such as {word} 16", word=word), got=repr(number))
    return int(number)


def _settings(word: str, options: list[str]) -> dict[str, Any]:
    """The settings that a piece's options stand for."""
    allowed = _OPTIONS.get(word, "")
    settings: dict[str, Any] = {}
    for option in options:
        name, sizes = option[:1], option[1:]
        if name not in allowed or not re.fullmatch(_NUMBER if name == "g" else _SIZES, sizes):
            known = ", ".join(f"{letter} ({_SETTINGS[letter]})" for letter in allowed)
            expected = say("{known}, each with a number, such as k3", known=known) if allowed else "no option"
            raise ArgumentError(
                "shape", say("{word} has no such option", word=word), expected=expected, got=repr(option)
            )
        if _SETTINGS[name] in settings:
            raise ArgumentError("shape", "an option is given once", got=repr(option))
        values = tuple(map(int, sizes.split("x")))
        settings[_SETTINGS[name]] = values[0] if len(values) == 1 else values
    if allowed and "kernel_size" not in settings:
        raise ArgumentError("shape", say("{word} needs a window", word=word), expected="such as k3")
    return settings


def _dense(shape: Shape, outputs: int) -> Module:
    if len(shape) > 1:
        rule, got = "dense needs its inputs in one axis", "×".join(map(str, shape))
        raise ArgumentError("shape", rule, got=got, hint="put flatten before it")
    return nn.Linear(shape[0], outputs)


def _windows(word: str, shape: Shape, outputs: int, settings: dict[str, Any]) -> Module:
    """A layer along the spatial axes."""
    dims = len(shape) - 1
    if not dims:
        rule = say("{word} needs an input with spatial axes", word=word)
        raise ArgumentError(
            "shape", rule, got=say("{count} numbers", count=shape[0]), hint="put it before flatten"
        )
    stem = {
        "conv": "Conv",
        "convt": "ConvTranspose",
        "pool": "MaxPool",
        "avgpool": "AvgPool",
        "globalpool": "AdaptiveAvgPool",
    }[word]
    kind = getattr(nn, f"{stem}{dims}d")
    sizes = (shape[0], outputs) if outputs else (1,) if word == "globalpool" else ()
    layer: Module = kind(*sizes, **settings)
    return layer
