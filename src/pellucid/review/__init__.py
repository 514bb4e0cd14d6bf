"""Where a trained network is wrong, and why.

scores      per class, from a confusion matrix      saliency   ∂logit/∂input, and Grad-CAM
mistakes    those that it is most sure of           slopes     the run behind both      places   which layer
sheet       mistakes as one picture                 pictures   images for people

advice      why a run goes nowhere, and what to try       looks      what it looks at

report      all of it as one HTML file
page        its sections       look   its style
tables      of classes and confusions               cards      mistakes with their maps
"""

from pellucid.review.advice import Finding, advice
from pellucid.review.mistakes import Mistake, mistakes
from pellucid.review.report import report
from pellucid.review.saliency import grad_cam, saliency
from pellucid.review.scores import Scores, confusion
from pellucid.review.sheet import contact_sheet

__all__ = [
    "Finding",
    "Mistake",
    "Scores",
    "advice",
    "confusion",
    "contact_sheet",
    "grad_cam",
    "mistakes",
    "report",
    "saliency",
]
