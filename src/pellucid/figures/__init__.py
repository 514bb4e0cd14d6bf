"""Pictures of convolution: PNG, SVG and animated GIF (extra `plot`).

film          frames to show or to save
slide         a kernel slides over a matrix               board      how that is drawn
convolution   g slides along f: sequences, functions      panels     how these are drawn
filters       a photo through every kernel by name
confusion     which class is taken for which     contact    small pictures with captions
style         colours, fonts; loads matplotlib   numerals   numbers as text
lettering     names in whatever letters
"""

from pellucid.figures.confusion import confusion_matrix
from pellucid.figures.convolution import convolution
from pellucid.figures.film import Film, Written
from pellucid.figures.filters import filter_sheet
from pellucid.figures.slide import slide

__all__ = ["Film", "Written", "confusion_matrix", "convolution", "filter_sheet", "slide"]
