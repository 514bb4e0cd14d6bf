"""Augmentation as a function of (seed, epoch, index): crops, flips, turns, colours and mixtures of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.augment.draws import drawn, mixed
from pellucid.data.augment.images import fitting, indices_of, one, per_channel, read, room
from pellucid.data.augment.settings import Settings
from pellucid.data.augment.sources import Linear, Sources, Traced, between
from pellucid.errors import ArgumentError, DataError, say
from pellucid.numbers import as_array
from pellucid.philox import check_time
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer


class Augment(Settings):
    """Changes of a dataset's images in training: others in every epoch, the same for the same (seed, epoch, index).

    Every image is changed in this order: crop, flip, turn, colours, scale, cut, mix. It keeps its size. What is drawn
    for it depends on nothing else, neither on the batch nor on the order, and the bits are the same on every machine.
    The formulas stand in `data/augment/definition.py`.

    Args:
        crop: pad by so many pixels on every side, then take a part of the image's size at any of the places.
        resized_crop: (least, most), 0 < least ≤ most ≤ 1: take a part of the image with such a share of its area and
            stretch it to the image's size, bilinear, as torchvision's RandomResizedCrop without antialiasing.
        ratio: (least, most): width by height of that part; its logarithm is uniform.
        flip: mirror with probability ½; "alternating": in every second epoch, of half of the images in the even ones.
        flip_vertical: turn upside down with probability ½.
        rotate: turn by an angle of up to so many degrees to either side around the middle, bilinear.
        translate: shift by up to so many pixels, and parts of pixels, to every side, bilinear.
        padding_mode: what lies beside the image in `crop`, `rotate` and `translate`: "zeros", or "reflect", which
            reflects it without repeating its edge.
        cutout: a square of so many pixels around any pixel becomes 0, after `scale` and `shift`: the mean, if they
            normalise.
        brightness: x·f, f from max(0, 1 − brightness) to 1 + brightness, limited to 0 … 1.
        contrast: x·f + (1 − f)·m, f likewise, m the mean grey of the image.
        saturation: x·f + (1 − f)·grey, f likewise; images of one channel have none. The three steps of colours come in
            any order, as in torchvision.
        mixup: α. Each image x is mixed with another augmented one y of the dataset, λ·x + (1 − λ)·y, λ from Beta(α,α).

    Raises: ArgumentError for settings outside their ranges, for two crops, and for a ratio or a padding mode of
        nothing; SignatureError for unknown settings.

    Example:
        >>> images = np.arange(30, dtype=np.uint8).reshape(2, 1, 3, 5)
        >>> augment = Augment(crop=1, flip=True)
        >>> batch = augment.batch(images, [1], seed=0, epoch=0)
        >>> (batch * 255).round().astype(int)[0, 0]
        array([[23, 22, 21, 20,  0],
               [28, 27, 26, 25,  0],
               [ 0,  0,  0,  0,  0]])
        >>> [term[:4] for term in augment.sources(images, 1, (0, 1, 3), seed=0, epoch=0).terms]
        [(1, 0, 2, 0)]
        >>> augment
        Augment(crop=1, flip=True)
    """

    def batch(
        self,
        images: Any,
        indices: Any,
        seed: int = 0,
        epoch: int = 0,
        *,
        scale: Any = None,
        shift: Any = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Augmented images of a dataset as float32, x·scale + shift, where x lies in [0,1] if the dataset's images do.

        Normalisation (x − mean)/std is scale = 1/std, shift = −mean/std. Several threads may call this at once.

        Shapes: images (N,C,H,W), all of the dataset, as `Dataset.images` has them; indices (n,); scale and shift (C,)
        or numbers → (n,C,H,W).

        Args:
            images: of 8 bits, divided by 255, of 16 bits, divided by 65,535, or floating, taken as they are.
            indices: which of them; an image's number decides what is drawn for it.
            seed: decides all draws, together with
            epoch: how often the dataset was seen before.
            scale: a factor of every channel's numbers, 1 by default.
            shift: what is added to them then, 0 by default.
            out: where the batch goes, instead of new memory.

        Raises: DataError for other images; ShapeError and ArgumentError for settings that are larger than images, other
            channels than colours need, indices that no image has, and wrong arguments; NumericError when a batch has
            no room.

        Example:
            >>> images = np.full((4, 3, 5, 7), 51, np.uint8)
            >>> Augment().batch(images, [3, 0], scale=2, shift=[0, -0.25, 1])[:, :, 0, 0]
            array([[0.4 , 0.15, 1.4 ],
                   [0.4 , 0.15, 1.4 ]], dtype=float32)
        """
        where = "Augment.batch"
        array = fitting(where, self, images)
        seed, epoch = check_seed(where, seed), check_time(where, "epoch", epoch)
        wanted = indices_of(where, indices, array.shape[0])
        factors = per_channel(where, "scale", scale, 1, array.shape[1])
        shifts = per_channel(where, "shift", shift, 0, array.shape[1])
        out = room(where, (len(wanted), *array.shape[1:]), out)
        self._write(array, wanted, seed, epoch, factors, shifts, out)
        if self.mixup:
            others, shares = mixed(self, wanted, array.shape[0], seed, epoch)
            other = room(where, out.shape)
            self._write(array, others, seed, epoch, factors, shifts, other)
            out -= other
            out *= shares[:, None, None, None]
            out += other
        return out

    def targets(
        self, labels: Any, indices: Any, classes: int, seed: int = 0, epoch: int = 0
    ) -> NDArray[np.float32]:
        """The classes of augmented images as probabilities: with `mixup` λ for the own class, 1 − λ for the other.

        Shapes: labels (N,), all of the dataset; indices (n,) → (n, classes).

        Raises: DataError for labels that are no classes; ArgumentError for wrong arguments.

        Example:
            >>> Augment(mixup=0.2).targets([0, 1, 2, 2], [1, 2, 3], classes=3, seed=0, epoch=1).round(3)
            array([[0.   , 0.062, 0.938],
                   [0.   , 0.   , 1.   ],
                   [0.   , 0.   , 1.   ]], dtype=float32)
        """
        where = "Augment.targets"
        known = as_array(where, "labels", labels, error=DataError)
        seed, epoch = check_seed(where, seed), check_time(where, "epoch", epoch)
        if not is_integer(classes) or not 1 <= classes < 2**31:
            name = "classes"
            rule = say("{name} must be a whole number", name=name)
            raise ArgumentError(where, rule, expected=f"1 ≤ {name} < 2³¹", got=f"{name}={classes!r}")
        whole = known.ndim == 1 and known.dtype.kind in "iu"
        if not whole or (known.size and not 0 <= known.min() <= known.max() < classes):
            expected = say("whole numbers (N,), 0 ≤ label < {classes}", classes=classes)
            got = f"{known.dtype} {known.shape}"
            if whole:
                got = say("labels from {low} to {high}", low=known.min(), high=known.max())
            raise DataError(where, "labels must be one class per image", expected=expected, got=got)
        wanted = indices_of(where, indices, len(known))
        memory.require(where, say("the array"), 4 * len(wanted) * int(classes))
        result, rows = np.zeros((len(wanted), int(classes)), np.float32), np.arange(len(wanted))
        result[rows, known[wanted]] = 1
        if self.mixup:
            others, shares = mixed(self, wanted, len(known), seed, epoch)
            result *= shares[:, None]
            same = known[others] == known[wanted]
            result[rows, known[others]] = np.where(same, np.float32(1), np.float32(1) - shares)
        return result

    def sources(
        self,
        images: Any,
        index: int,
        at: Sequence[int],
        seed: int = 0,
        epoch: int = 0,
        *,
        scale: Any = None,
        shift: Any = None,
    ) -> Sources:
        """The dataset's pixels that make the augmented pixel `at` = (c,y,x) of an image, and with which weights.

        Σ weight·images[image,c,y,x] + constant is the pixel, but for rounding, whose bound is given.

        Raises: as `batch`; ArgumentError for a pixel that the image does not have.

        Example:
            >>> images = np.arange(96, dtype=np.uint8).reshape(2, 1, 6, 8)
            >>> made = Augment(rotate=10, flip=True).sources(images, 1, (0, 2, 5), seed=0, epoch=3)
            >>> [(*term[:4], round(255 * term.weight, 3)) for term in made.terms]
            [(1, 0, 1, 4, 0.0), (1, 0, 1, 5, 0.028), (1, 0, 2, 4, 0.01), (1, 0, 2, 5, 0.962)]
            >>> total = sum(term.weight * images[term[:4]] for term in made.terms) + made.constant
            >>> abs(total - made.value) <= made.bound < 1e-6
            True
        """
        where = "Augment.sources"
        array = fitting(where, self, images)
        seed, epoch = check_seed(where, seed), check_time(where, "epoch", epoch)
        wanted = indices_of(where, [index] if is_integer(index) else index, array.shape[0])
        place = tuple(at) if isinstance(at, list | tuple) else ()
        if len(wanted) != 1 or len(place) != 3 or not all(map(is_integer, place)):
            rule, got = "a pixel is named by index and at", f"index={index!r}, at={at!r}"
            raise ArgumentError(
                where, rule, expected=say("such as {example}", example="index=5, at=(0, 12, 7)"), got=got
            )
        if not all(0 <= i < size for i, size in zip(place, array.shape[1:], strict=True)):
            rule = "the image has no such pixel"
            expected = say("places inside {shape}", shape=array.shape[1:])
            raise ArgumentError(where, rule, expected=expected, got=f"at={at!r}")
        factors = per_channel(where, "scale", scale, 1, array.shape[1])
        shifts = per_channel(where, "shift", shift, 0, array.shape[1])

        pictures = {}

        def pixel(wanted: NDArray[np.int64]) -> Linear:
            number, what = int(wanted[0]), drawn(self, wanted, array.shape[1:], seed, epoch)
            pictures[number] = one(array, number)
            return Traced(self, pictures[number], number, what, factors, shifts).pixel(*map(int, place))

        result = pixel(wanted)
        if self.mixup:
            others, shares = mixed(self, wanted, array.shape[0], seed, epoch)
            result = between(pixel(others), result, shares[0])
        return result.sources(pictures)

    def _write(
        self, array: Any, wanted: Any, seed: int, epoch: int, scale: Any, shift: Any, out: Any
    ) -> None:
        """Augmented images, not mixed."""
        from pellucid.data.augment.passes import augmented  # imports LLVM: only when it is needed

        what = drawn(self, wanted, array.shape[1:], seed, epoch)
        augmented(self, read(array, wanted), what, scale, shift, out)
