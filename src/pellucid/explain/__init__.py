"""Any number of a recorded run, with the arithmetic that made it and a proof that this arithmetic was done."""

from pellucid.explain.certificates import Certificates
from pellucid.explain.overview import Overview
from pellucid.explain.paths.fields import Field
from pellucid.explain.paths.path import Level, Path
from pellucid.explain.paths.region import Region
from pellucid.explain.paths.uses import Use, Uses
from pellucid.explain.recorded import load_recording
from pellucid.explain.recording import Recording
from pellucid.explain.terms import Products, Term
from pellucid.explain.trace import Trace

__all__ = [
    "Certificates",
    "Field",
    "Level",
    "Overview",
    "Path",
    "Products",
    "Recording",
    "Region",
    "Term",
    "Trace",
    "Use",
    "Uses",
    "load_recording",
]
