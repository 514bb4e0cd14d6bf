"""What commands take in: networks by name or from a file, shapes, digits and pictures."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data import datasets
from pellucid.data.images import read_image
from pellucid.data.photo import read_picture
from pellucid.data.preprocessing import as_float
from pellucid.data.sets.sources import SUFFIXES
from pellucid.errors import ArgumentError, DataError, say
from pellucid.formats import load_model
from pellucid.memory import enough
from pellucid.nn.models import MODELS, input_shape
from pellucid.nn.module import Module
from pellucid.runs.networks import named

if TYPE_CHECKING:
    from pellucid.formats import Saved

Shape = tuple[int, int, int]  # C, H, W
MNIST_SHAPE: Shape = (1, 28, 28)
_DIGIT = "mnist:"


def open_model(model: str, shape: Shape | None) -> Module:
    """A network of this name with fresh weights, made for inputs of this shape, or the one in this file."""
    if model in MODELS:
        return _made(MODELS[model], shape) if shape else MODELS[model]()
    return load_model(named(model))


def _made(make: Callable[..., Module], shape: Shape) -> Module:
    """A named network with its own number of classes."""
    settings = {"in_channels": shape[0], "image_size": shape[1]}
    return make(**{name: settings[name] for name in inspect.signature(make).parameters if name in settings})


def check_apart(where: str, out: Path, given: str) -> None:
    """Keep a result from taking the place of the file that it is made of.

    Raises: ArgumentError when both paths lead to the same file.
    """
    if out.exists() and os.path.exists(given) and os.path.samefile(out, given):
        raise ArgumentError(
            where, "a result must not take the place of the network it is made of", got=repr(given)
        )


def read_shape(command: str, option: str, text: str, *, between: str) -> Shape:
    """What an option says of an input's shape, such as 1x28x28.

    Raises: ArgumentError when that is no shape.
    """
    sizes = text.split(between)
    if len(sizes) != 3 or not all(re.fullmatch("[1-9][0-9]{0,5}", size) for size in sizes):
        form, example = between.join("CHW"), between.join(("1", "28", "28"))
        raise ArgumentError(
            command,
            say("{option} must be {form}, each a whole number from 1 to 999999", option=option, form=form),
            expected=say("such as {example}", example=example),
            got=repr(text),
        )
    channels, height, width = map(int, sizes)
    return channels, height, width


def read_sizes(command: str, option: str, text: str) -> tuple[int, ...]:
    """One whole number, or several with commas between.

    Raises: ArgumentError when the text is something else.
    """
    if not re.fullmatch("[0-9]{1,6}(,[0-9]{1,6})*", text):
        rule = say("{option} must be a whole number, or one per axis", option=option)
        raise ArgumentError(command, rule, expected="such as 2 or 2,1", got=repr(text))
    return tuple(map(int, text.split(",")))


def read_matrix(command: str, option: str, text: str) -> list[list[float]]:
    """Rows of numbers, with semicolons between rows.

    Raises: ArgumentError when something is no number, or rows differ in length.
    """
    rows = [read_numbers(command, option, row) for row in text.strip("; ").split(";")]
    if len({len(row) for row in rows}) > 1:
        rule = say("{option} must have rows of equally many numbers", option=option)
        got = say("rows of {lengths}", lengths=", ".join(str(len(row)) for row in rows))
        raise ArgumentError(command, rule, expected="such as '0 1 2; 3 4 5'", got=got)
    return rows


def read_signal(command: str, option: str, text: str) -> list[float] | Callable[[float], float]:
    """A sequence of numbers, or a function by its name.

    Raises: ArgumentError when the text is neither.
    """
    from pellucid.figures.functions import SHAPES

    name = text.strip().lower()
    return SHAPES[name] if name in SHAPES else read_numbers(command, option, text, *SHAPES)


def read_numbers(command: str, option: str, text: str, *names: str) -> list[float]:
    """Numbers with spaces or commas between; `names` are what else the option takes.

    Raises: ArgumentError when something is no number, or there is none.
    """
    try:
        numbers = [float(number) for number in text.replace(",", " ").split()]
    except ValueError:
        numbers = []
    if not numbers:
        expected = "numbers such as '1 2 3'"
        if names:
            expected = say("numbers such as '1 2 3' or one of {names}", names=", ".join(names))
        raise ArgumentError(
            command, say("{option} must hold numbers", option=option), expected=expected, got=repr(text)
        )
    return numbers


def digits(first: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Some of MNIST's test images as a batch (N,1,28,28), and their labels."""
    _, test = datasets.mnist()
    for index in (first, first + count - 1):
        if not 0 <= index < len(test):
            raise ArgumentError(
                "mnist",
                "there is no such test image",
                expected=say("0 to {last}", last=len(test) - 1),
                got=str(index),
            )
    return as_float(test.images[first : first + count]), test.labels[first : first + count]


def pictures(names: Sequence[str]) -> Iterator[str]:
    """Image files by their names; of a folder, all that are pictures by their suffixes, in the order of their paths.

    Raises: DataError for a folder without pictures.
    """
    for name in names:
        if not os.path.isdir(name):
            yield name
            continue
        found = sorted(
            path for path in Path(name).rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
        )
        if not found:
            raise DataError(say("folder '{path}'", path=name), "there are no pictures in it")
        yield from map(str, found)


def picture_for(network: Saved, name: str, *, invert: bool) -> NDArray[Any]:
    """An image file, or with `mnist:17` a test digit, as a batch of one for a saved network."""
    taken = network.preprocessing
    if taken is None or name.startswith(_DIGIT):
        return picture(name, taken.shape if taken else input_shape(network.model), invert=invert)
    with enough(say("image '{path}'", path=name)):
        image = taken.picture(read_picture(name, alone=False).pixels)[np.newaxis]
        return taken.scaled(255 - image if invert else image)


def picture(name: str, shape: Shape, *, invert: bool) -> NDArray[Any]:
    """An image file, or with `mnist:17` a test digit, as a batch of one."""
    if not name.startswith(_DIGIT):
        return read_image(name, shape, invert=invert)[np.newaxis]
    index = name.removeprefix(_DIGIT)
    if not re.fullmatch("[0-9]{1,9}", index):
        raise ArgumentError(
            "image", "a test digit is named by its number", expected="such as mnist:17", got=repr(name)
        )
    digit, _ = digits(int(index), 1)
    return 1 - digit if invert else digit


def is_dark_on_light(picture: NDArray[Any]) -> bool:
    """Whether the border of a picture (1,C,H,W), its paper, is lighter than its middle, where the ink is."""
    height, width = picture.shape[2:]
    border = np.ones((height, width), np.bool_)
    border[1:-1, 1:-1] = False
    middle = picture[..., height // 4 : height - height // 4, width // 4 : width - width // 4]
    return bool(np.median(picture[..., border]) > middle.mean())
