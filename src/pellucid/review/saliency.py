"""What a class's logit depends on: the gradient of the input, and the map of a layer (Grad-CAM)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.functional import interpolate
from pellucid.functions.sums import products, total
from pellucid.nn import Module
from pellucid.review.places import place
from pellucid.review.slopes import slopes

Array = NDArray[Any]
_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def saliency(model: Module, x: Any, class_: Any = None) -> Array:
    """How each number of an input changes a class's logit: ∂logit[class]/∂input, in the input's shape.

    The network infers: with running statistics, without dropout. Images of 8 and 16 bits are first divided by white,
    as `predict` does; the gradient is by what comes out. (Simonyan, Vedaldi, Zisserman 2013, "Deep Inside
    Convolutional Networks".)

    Args:
        model: a classifier.
        x: images (N,C,…).
        class_: one for all images, or one for each; None for the class that the network names.

    Raises: ArgumentError for a class that the network does not have, and for what is no array of real numbers;
        ShapeError when x is no batch or the output not (N, classes); DataError and NumericError when images or logits
        are not finite.

    Example:
        >>> import pellucid as pc
        >>> model = pc.Sequential(pc.Flatten(), pc.Linear(4, 3))
        >>> slopes = saliency(model, np.ones((2, 1, 2, 2), np.float32), 1)
        >>> bool((slopes.reshape(2, 4) == model[1].weight[1]).all())
        True
    """
    _, _, gradients = slopes("saliency", model, x, class_, lambda graph: graph.inputs["input"])
    return gradients


def grad_cam(model: Module, x: Any, class_: Any = None, layer: str | None = None) -> Array:
    """Where in an image a layer sees a class: a map (N,H,W) in [0,1] of the input's size.

        α[n,c] = mean over y, x of ∂logit[n,class]/∂a[n,c,y,x]
        map[n,y,x] = max(0, Σ_c α[n,c]·a[n,c,y,x]),   resized bilinearly, divided by the image's largest number

    A map without a positive number is 0 everywhere. With one or three spatial axes it is (N,L) or (N,D,H,W). (Selvaraju
    et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization".)

    Args:
        model: a classifier.
        x: images (N,C,H,W).
        class_: one for all images, or one for each; None for the class that the network names.
        layer: the path of a module, or of an op as recordings name it ("relu#2"), whose output is a; by default the
            last one that has more than one pixel.

    Raises: ArgumentError when no such layer leads to the output; ShapeError when it has no spatial axes, or other ones
        than the input; what `saliency` raises.

    Example:
        >>> import pellucid as pc
        >>> maps = grad_cam(pc.models.lenet5(), np.ones((2, 1, 28, 28), np.float32), layer="conv2")
        >>> maps.shape, bool((maps >= 0).all() and (maps <= 1).all())
        ((2, 28, 28), True)
    """
    x, seen, gradients = slopes("grad_cam", model, x, class_, lambda graph: place("grad_cam", graph, layer))
    if seen.ndim != x.ndim:
        got = say("input {input} and {other}", input=x.shape, other=seen.shape)
        raise ShapeError("grad_cam", "the layer's output must have the input's spatial axes", got=got)
    spatial = tuple(range(2, seen.ndim))
    pixels = np.prod(seen.shape[2:])
    weights = total(gradients.astype(np.float64), spatial) / pixels
    last = np.moveaxis(seen, 1, -1).astype(np.float64)
    maps = products(last, weights.reshape(len(weights), *(1,) * len(spatial), -1))
    np.maximum(maps, 0, out=maps)
    maps = interpolate(maps[:, np.newaxis], size=x.shape[2:], mode=_LINEAR[len(spatial)])[:, 0]
    peaks = maps.max(axis=tuple(range(1, maps.ndim)), keepdims=True)
    maps /= np.where(peaks > 0, peaks, 1)
    return np.asarray(maps, x.dtype)
