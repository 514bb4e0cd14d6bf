"""A dataset's images as augmentation reads them, and which of them are asked for."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.augment.settings import Settings
from pellucid.data.preprocessing import as_float
from pellucid.errors import ArgumentError, DataError, ShapeError, either, say
from pellucid.numbers import as_array, white
from pellucid.sizes import size_of


@runtime_checkable
class Readable(Protocol):
    """Images that are read when they are asked for, such as `data.dataset.Pictures`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, chosen: NDArray[np.int64]) -> NDArray[Any]:
        """Images by their numbers."""


Dataset: TypeAlias = NDArray[Any] | Readable


class Images(NamedTuple):
    """Images of 8 bits or float32, each of which lies in one piece.

    Attributes:
        array: (N,C,H,W).
        places: which of them, (n,).
    """

    array: NDArray[Any]
    places: NDArray[np.int64]

    @property
    def apart(self) -> int:
        """Numbers from one image to the next."""
        return self.array.strides[0] // self.array.itemsize if len(self.array) > 1 else size_of(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """(C,H,W)."""
        return self.array.shape[1:]

    @property
    def size(self) -> int:
        """Numbers from the first one of all to the last one."""
        return (len(self.array) - 1) * self.apart + size_of(self.shape)


def fitting(where: str, settings: Settings, images: object) -> Dataset:
    """Images of 8 or 16 bits or floating (N,C,H,W), which are large enough for the settings.

    Raises: DataError for anything else; ShapeError for smaller images, or other channels than the settings need.
    """
    array: Dataset
    if isinstance(images, Readable):
        array = images
    else:
        array = as_array(where, "images", images, by_parts=True, error=DataError)
    if (
        len(array.shape) != 4
        or not (array.dtype.kind == "f" or white(array.dtype) > 1)
        or not size_of(array.shape)
    ):
        rule = "images must be a dataset's arrays (N,C,H,W) of 8 or 16 bits or floating"
        raise DataError(where, rule, got=f"{array.dtype} {array.shape}")
    channels, least = array.shape[1], min(array.shape[2:])
    got = say("images {shape}", shape=array.shape)
    for name in ("crop", "cutout", "translate"):
        if getattr(settings, name) >= least:
            rule = say("images must be larger than {name}", name=name)
            expected = say("height and width above {size:g}", size=getattr(settings, name))
            raise ShapeError(where, rule, expected=expected, got=got)
    if settings.warps and settings.padding_mode == "reflect" and least < 2:
        rule, expected = "images must have something to reflect", "two rows and two columns or more"
        raise ShapeError(where, rule, expected=expected, got=got)
    if (settings.contrast or settings.saturation) and channels not in (1, 3):
        rule = "images must have a grey for contrast and saturation"
        raise ShapeError(where, rule, expected=either(("C=1", "C=3")), got=f"C={channels}")
    return array


def indices_of(where: str, indices: object, count: int) -> NDArray[np.int64]:
    """Whole numbers (n,) below the number of images.

    Raises: ArgumentError for anything else.
    """
    array = as_array(where, "indices", indices)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        rule, got = "indices must be whole numbers (n,)", f"{array.dtype} {array.shape}"
        raise ArgumentError(where, rule, got=got)
    if array.size and not 0 <= array.min() <= array.max() < count:
        wrong = int(array.min() if array.min() < 0 else array.max())
        name, rule = "index", "indices must say which images of the dataset"
        raise ArgumentError(where, rule, expected=f"0 ≤ {name} < {count}", got=f"{wrong}")
    return array.astype(np.int64)


def read(images: Dataset, indices: NDArray[np.int64]) -> Images:
    """The images as kernels read them: where they lie, or those that are asked for as a copy; others as float32."""
    if isinstance(images, Readable):
        chosen, places = np.unique(indices, return_inverse=True)
        return read(images.read(chosen), places.astype(np.int64))
    n, *shape = images.shape
    taken = images.dtype in (np.uint8, np.float32) and images.dtype.isnative
    spread = n > 1 and (
        images.strides[0] < size_of(shape) * images.itemsize or images.strides[0] % images.itemsize
    )
    if taken and images[0].flags.c_contiguous and images.flags.aligned and not spread:
        return Images(images, indices)
    chosen, places = np.unique(indices, return_inverse=True)
    some = images[chosen]
    return Images(np.ascontiguousarray(some if taken else as_float(some)), places.astype(np.int64))


def one(images: Dataset, index: int) -> NDArray[Any]:
    """An image (C,H,W)."""
    chosen = np.array([index])
    found: NDArray[Any] = (images.read(chosen) if isinstance(images, Readable) else images[chosen])[0]
    return found


def per_channel(where: str, name: str, value: object, plain: float, channels: int) -> NDArray[np.float32]:
    """A number for each channel, from one for each or one for all.

    Raises: ShapeError for another number of them, ArgumentError for what is no finite number.
    """
    array = as_array(where, name, plain if value is None else value)
    if array.shape not in ((), (1,), (channels,)):
        rule = say("{name} must be a number, or one for each channel", name=name)
        expected = say("{channels} numbers", channels=channels)
        raise ShapeError(where, rule, expected=expected, got=f"{name} {array.shape}")
    numbers = np.empty(channels, np.float32)
    with np.errstate(over="ignore"):
        numbers[:] = array
    if not np.isfinite(numbers).all():
        raise ArgumentError(where, say("{name} must be finite", name=name), got=f"{name}={array.tolist()!r}")
    return numbers


def room(where: str, shape: tuple[int, ...], out: Any = None) -> NDArray[np.float32]:
    """Memory for a batch: new, or `out` if it fits.

    Raises: ShapeError for other memory than float32 of this shape in one piece; NumericError when there is none left.
    """
    if out is None:
        memory.require(where, say("a batch as float32"), 4 * size_of(shape), shape=shape)
        return np.empty(shape, np.float32)
    plain = type(out) is np.ndarray and out.dtype == np.float32 and out.shape == shape
    if not plain or not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        rule, expected = "out must be memory for the batch", say("float32 {shape} in one piece", shape=shape)
        got = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ShapeError(where, rule, expected=expected, got=got)
    found: NDArray[np.float32] = out
    return found
