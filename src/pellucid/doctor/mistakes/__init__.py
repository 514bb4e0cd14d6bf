"""The usual mistakes of a backward pass: for each, the gradient that it would give."""

from pellucid.doctor.mistakes.factors import factors, ignored
from pellucid.doctor.mistakes.gates import gates
from pellucid.doctor.mistakes.rearranged import flipped, moved, transposed
from pellucid.doctor.mistakes.replaced import replaced
from pellucid.doctor.mistakes.shapes import wrong_shape
from pellucid.doctor.mistakes.strides import stride_ignored
from pellucid.doctor.mistakes.sums import assigned, overwritten
from pellucid.doctor.mistakes.suspicion import Suspicion, agrees, margin

# In the order in which they are tried; the last ones leave some numbers open, so all others come first.
MISTAKES = (
    factors, ignored, gates, flipped, transposed, assigned, replaced, stride_ignored, moved, overwritten,
)  # fmt: skip

__all__ = ["MISTAKES", "Suspicion", "agrees", "margin", "wrong_shape"]
