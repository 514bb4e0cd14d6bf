"""The gradient doctor: finds what is wrong in the backward pass of a layer of your own."""

from pellucid.doctor.check import check_gradient
from pellucid.doctor.findings import Diagnosis, InputCheck, WrongElement
from pellucid.doctor.report import GradientReport

__all__ = ["Diagnosis", "GradientReport", "InputCheck", "WrongElement", "check_gradient"]
