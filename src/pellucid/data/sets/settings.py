"""What is asked of a reader of data sets, checked."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid import memory
from pellucid.data.fitting import FITS
from pellucid.data.preprocessing import MOST_PIXELS
from pellucid.errors import ArgumentError, either, say
from pellucid.ops.checks import is_number
from pellucid.seeds import check_seed
from pellucid.sizes import IntOrTuple, is_integer, per_axis

_MOST_BYTES = 2 << 30


@dataclass(frozen=True)
class Settings:
    """How images are made of pictures, and which are for validation.

    Attributes:
        where: the function that was called.
        size: (H,W), or one number for both; None: the pictures' own.
        channels: 1 or 3; None: as the pictures have.
        validation: the share of the images, 0 ≤ validation < 1, where no folder says which.
        seed: decides which.
        fit: of pictures of other proportions; one of `FITS`.
        skip_bad: pictures that cannot be read are left out.
        memory_bytes: how many bytes of images are kept; None: a quarter of what there is, at most 2 GiB.

    Raises: ArgumentError for what is none of these.
    """

    where: str
    size: IntOrTuple | None = None
    channels: int | None = None
    validation: float = 0.2
    seed: int = 0
    fit: str = "crop"
    skip_bad: bool = False
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.sides and max(self.sides) > MOST_PIXELS:
            rule, got = say("{name} is too large", name="size"), f"size={self.size!r}"
            raise ArgumentError(
                self.where, rule, expected=say("at most {most} pixels", most=MOST_PIXELS), got=got
            )
        if self.channels is not None and not (is_integer(self.channels) and self.channels in (1, 3)):
            rule = say("{name} must be one of these", name="channels")
            raise ArgumentError(self.where, rule, expected=either((1, 3)), got=f"channels={self.channels!r}")
        if not is_number(self.validation) or not 0 <= self.validation < 1:
            rule = say("{name} must be a share", name="validation")
            got = f"validation={self.validation!r}"
            raise ArgumentError(self.where, rule, expected="0 ≤ validation < 1", got=got)
        check_seed(self.where, self.seed)
        if self.fit not in FITS:
            raise ArgumentError(
                self.where, "there is no such way to fit", expected=either(FITS), got=repr(self.fit)
            )
        if self.memory_bytes is not None and not (is_integer(self.memory_bytes) and self.memory_bytes >= 0):
            rule = say("{name} must be a whole number", name="memory_bytes")
            got = f"memory_bytes={self.memory_bytes!r}"
            raise ArgumentError(self.where, rule, expected="memory_bytes ≥ 0", got=got)

    @property
    def sides(self) -> tuple[int, int] | None:
        """(H,W), if they are asked for."""
        if self.size is None:
            return None
        height, width = per_axis(self.where, "size", self.size, 2)
        return height, width

    @property
    def room_bytes(self) -> int:
        """How many bytes of images are kept in memory."""
        if self.memory_bytes is not None:
            return self.memory_bytes
        return min(memory.available_bytes() // 4, _MOST_BYTES)
