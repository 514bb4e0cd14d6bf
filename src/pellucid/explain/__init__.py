"""Any number of a recorded run, with the arithmetic that made it and a proof that this arithmetic was done."""

from pellucid.explain.recording import Recording
from pellucid.explain.trace import Products, Term, Trace

__all__ = ["Products", "Recording", "Term", "Trace"]
