"""Pictures of convolution: PNG, SVG and animated GIF (extra `plot`).

film       frames to show or to save             style   colours, fonts; the one place that loads matplotlib
slide      a kernel slides over a matrix         board   how that is drawn
sequences, functions    two signals in one dimension, one flipped and slid along the other     numerals   numbers as text
"""

from pellucid.figures.convolution import convolution
from pellucid.figures.film import Film, Written
from pellucid.figures.slide import slide

__all__ = ["Film", "Written", "convolution", "slide"]
