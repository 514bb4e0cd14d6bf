"""Any number of a recorded run, with the arithmetic that made it and a proof that this arithmetic was done."""

from pellucid.explain.certificates import Certificates
from pellucid.explain.overview import Overview
from pellucid.explain.recording import Recording
from pellucid.explain.terms import Products, Term
from pellucid.explain.trace import Trace

__all__ = ["Certificates", "Overview", "Products", "Recording", "Term", "Trace"]
