"""The usual mistakes of a backward pass: for each, the gradient that it would give."""

from pellucid.doctor.mistakes.factors import factors, ignored
from pellucid.doctor.mistakes.masks import masks, masks_behind
from pellucid.doctor.mistakes.rearranged import flipped, moved, transposed
from pellucid.doctor.mistakes.replaced import exchanged, replaced
from pellucid.doctor.mistakes.shapes import wrong_shape
from pellucid.doctor.mistakes.strides import stride_ignored
from pellucid.doctor.mistakes.sums import assigned, overwritten, own_output_only
from pellucid.doctor.mistakes.suspicion import Suspicion, agrees, explained, margin
from pellucid.doctor.mistakes.twice import differentiated_twice

# Group after group is tried; in a group the mistake that explains most wrong numbers wins, of equal ones the first.
# Each mistake of the first groups has a group of its own: it says what every number is. Those that ask forward once
# more come after those that need not, those that leave numbers open last.
MISTAKES = (
    *((mistake,) for mistake in (factors, ignored, masks, own_output_only, flipped, transposed, assigned)),
    *((mistake,) for mistake in (exchanged, differentiated_twice, replaced, masks_behind)),
    (moved, stride_ignored),
    (overwritten,),
)

__all__ = ["MISTAKES", "Suspicion", "agrees", "explained", "margin", "wrong_shape"]
