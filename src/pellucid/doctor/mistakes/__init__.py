"""The usual mistakes of a backward pass: for each, the gradient that it would give."""

from pellucid.doctor.mistakes.factors import factors, ignored
from pellucid.doctor.mistakes.gates import gates, gates_behind
from pellucid.doctor.mistakes.rearranged import flipped, moved, transposed
from pellucid.doctor.mistakes.replaced import exchanged, replaced
from pellucid.doctor.mistakes.shapes import wrong_shape
from pellucid.doctor.mistakes.strides import stride_ignored
from pellucid.doctor.mistakes.sums import assigned, overwritten, own_output_only
from pellucid.doctor.mistakes.suspicion import Suspicion, agrees, margin

# In the order in which they are tried: those that ask forward again come late, those that leave numbers open last.
MISTAKES = (
    factors, ignored, gates, own_output_only, flipped, transposed, assigned, exchanged, replaced, gates_behind,
    stride_ignored, moved, overwritten,
)  # fmt: skip

__all__ = ["MISTAKES", "Suspicion", "agrees", "margin", "wrong_shape"]
