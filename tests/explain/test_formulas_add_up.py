"""Explanations add up: from what is shown alone, a reader who knows no op (`reader.py`) gets the number again.

Every op, every result of it (outputs, statistics, gradients of every operand, updates), on shapes that are odd and
distinct on every axis: the line of numbers is a true equation, and the formula is what the terms are the terms of.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from html import unescape
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from tests.explain.reader import (
    document_of,
    multiplied_out,
    of_formula,
    of_numbers,
    quotients_right,
    size_of_sum,
    stands,
)
from tests.explain.test_uses_and_fields import Everything
from tests.support.curves import ABOVE_0, CURVES
from tests.support.recorded import looked_up, normal, recording, replaced, run

import pellucid as pc
from pellucid import functional as F
from pellucid import nn
from pellucid.explain import Recording, Trace
from pellucid.explain.ops.explainers import explained
from pellucid.explain.rendering.terminal import rich_trace
from pellucid.explain.source import Entry

Array = np.ndarray[Any, np.dtype[Any]]
ENOUGH = 50  # numbers of every array
LABELS = np.array([[0, 1], [-100, 3], [2, 2]])


def twice(network: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A network and itself once more, so that a gradient comes on top of another one."""
    return lambda s, **arrays: network(s, **arrays) + network(s, **arrays)


# Each case is a network, the input's shape, and the shapes of parameters.
CASES: dict[str, tuple[Callable[..., Any], tuple[int, ...], dict[str, tuple[int, ...]]]] = {
    "conv1d": (lambda s, w: F.conv1d(s, w, padding=2, dilation=2), (2, 3, 7), {"w": (5, 3, 3)}),
    "conv2d": (
        lambda s, w, b: F.conv2d(s, w, b, (2, 1), ((1, 0), (2, 1)), (1, 2), 2),
        (2, 4, 5, 7),
        {"w": (6, 2, 3, 2), "b": (6,)},
    ),
    "conv2d flip": (
        lambda s, w, b: F.conv2d(s, w, b, stride=(2, 1), padding=1, flip=True),
        (2, 3, 5, 7),
        {"w": (4, 3, 3, 2), "b": (4,)},
    ),
    "conv2d after conv2d with one weight": (
        lambda s, w: F.conv2d(F.conv2d(s, w, padding=1), w),
        (2, 3, 4, 5),
        {"w": (3, 3, 3, 2)},
    ),
    "conv2d by Winograd": (
        lambda s, w, b: F.conv2d(s, w, b, padding=1),
        (2, 16, 5, 6),
        {"w": (17, 16, 3, 3), "b": (17,)},
    ),
    "conv2d by Winograd, stride 2": (
        lambda s, w: F.conv2d(s, w, stride=2, padding=1),
        (1, 32, 7, 6),
        {"w": (33, 32, 3, 3)},
    ),
    "conv3d": (
        lambda s, w: F.conv3d(s, w, stride=(1, 2, 1), padding=1),
        (2, 2, 3, 4, 5),
        {"w": (3, 2, 2, 3, 1)},
    ),
    "conv_transpose2d": (
        lambda s, w, b: F.conv_transpose2d(s, w, b, (2, 3), (1, 0), (1, 0), 2, (1, 2)),
        (2, 4, 3, 4),
        {"w": (4, 3, 3, 2), "b": (6,)},
    ),
    "add": (twice(lambda s, w: s + w), (3, 4, 2, 3), {"w": (4, 1, 1)}),
    "add numbers": (lambda s, w: w + s + 0.5, (3, 4, 5), {"w": (1, 1, 5)}),
    "mul": (twice(lambda s, w: s * w), (3, 4, 2, 3), {"w": (4, 1, 1)}),
    "mul gate": (lambda s: s * F.sigmoid(F.adaptive_avg_pool2d(s, 1)), (2, 4, 2, 3), {}),
    "mul square": (twice(lambda s: s * s), (3, 4, 2), {}),
    "mul number": (lambda s, w: w * 0.3 * s, (18, 4, 2), {"w": (4, 1)}),
    "cat": (twice(lambda s: F.cat([s, F.relu(s), s], 1)), (2, 3, 4, 2), {}),
    "cat of one axis": (lambda s: F.cat((F.max_pool1d(s, 2), s), dim=2), (2, 3, 6), {}),
    "div": (twice(lambda s, w: s / w), (3, 4, 2, 3), {"w": (4, 1, 1)}),
    "div by what is repeated": (lambda s: s / F.adaptive_max_pool2d(s, 1), (2, 4, 2, 3), {}),
    "div of a number": (lambda s, w: 2 / F.sigmoid(s) / w, (18, 4, 2), {"w": (4, 1)}),
    "pow": (twice(lambda s: s**2), (3, 4, 2), {}),
    "pow 1.5": (twice(lambda s: F.sigmoid(s) ** 1.5), (3, 4, 2), {}),
    "pow of a parameter": (lambda s, w: s * w**-1, (3, 4, 2), {"w": (4, 1)}),
    "sub": (lambda s, w: s - w, (18, 3, 2), {"w": (3, 1)}),
    "sub from a number": (lambda s: 1.5 - s, (3, 4, 2), {}),
    "sub of what is repeated": (lambda s, w: w - F.adaptive_avg_pool2d(s, 1) - s, (3, 4, 2, 3), {"w": (2, 1)}),
    "linear": (F.linear, (5, 7), {"weight": (4, 7), "bias": (4,)}),
    "linear along the last axis": (F.linear, (5, 3, 2, 7), {"weight": (4, 7), "bias": (4,)}),
    "linear without bias": (F.linear, (5, 7), {"weight": (4, 7)}),
    "matmul": (twice(lambda s: s @ F.tanh(s)), (3, 4, 4), {}),
    "matmul with a matrix for all": (lambda s, w: w @ (s @ w), (18, 4, 4), {"w": (4, 4)}),
    "matmul repeated": (lambda s, w: s @ w, (3, 2, 4, 5), {"w": (1, 5, 3)}),
    "bmm": (lambda s: F.bmm(s, F.sigmoid(s)), (3, 4, 4), {}),
    "mm": (F.mm, (5, 4), {"mat2": (4, 3)}),
    "lp_pool1d": (twice(lambda s: F.lp_pool1d(s, 1.0, 3, 2, ceil_mode=True)), (3, 5, 8), {}),
    "lp_pool2d": (lambda s: F.lp_pool2d(s, 2, (3, 2), 2), (2, 3, 7, 5), {}),
    "lp_pool2d ceil_mode": (twice(lambda s: F.lp_pool2d(s, 2.0, (3, 2), 2, ceil_mode=True)), (2, 3, 7, 5), {}),
    "lp_pool2d gaps": (lambda s: F.lp_pool2d(s, 2.0, 2, 3, ceil_mode=True), (2, 3, 7, 8), {}),
    "lp_pool2d 2.3456789": (lambda s: F.lp_pool2d(F.sigmoid(s), 2.3456789, 2, ceil_mode=True), (2, 3, 7, 5), {}),
    "lp_pool2d -1": (lambda s: F.lp_pool2d(s, -1.0, 2, ceil_mode=True), (2, 3, 7, 5), {}),
    "lp_pool3d": (twice(lambda s: F.lp_pool3d(s, 3.0, (2, 2, 1), 2, ceil_mode=True)), (2, 3, 5, 4, 3), {}),
    "max_pool2d": (twice(lambda s: F.max_pool2d(s, (3, 2), (2, 1), 1, (1, 2), True)), (2, 3, 6, 5), {}),
    "avg_pool1d": (lambda s: F.avg_pool1d(s, 3, 2, 1, ceil_mode=True), (3, 4, 8), {}),
    "avg_pool2d": (twice(lambda s: F.avg_pool2d(s, (3, 2), 2, 1, ceil_mode=True)), (2, 3, 6, 5), {}),
    "avg_pool2d count_include_pad": (
        lambda s: F.avg_pool2d(s, (3, 2), 2, 1, ceil_mode=True, count_include_pad=False), (2, 3, 6, 5), {},
    ),
    "avg_pool2d divisor_override": (
        lambda s: F.avg_pool2d(s, (3, 2), 2, 1, ceil_mode=True, divisor_override=7), (2, 3, 6, 5), {},
    ),
    "avg_pool3d": (lambda s: F.avg_pool3d(s, (2, 3, 1), 1, (1, 0, 0)), (2, 2, 3, 4, 5), {}),
    "adaptive_avg_pool2d": (twice(lambda s: F.adaptive_avg_pool2d(s, (3, 4))), (2, 3, 7, 5), {}),
    "adaptive_max_pool2d": (twice(lambda s: F.adaptive_max_pool2d(s, (3, 4))), (2, 3, 7, 5), {}),
    "amax": (twice(lambda s: F.amax(F.relu(s), (1, 3), keepdim=True)), (2, 3, 4, 5), {}),
    "amin": (lambda s: s * F.amin(s, 0), (3, 4), {}),
    "norm": (twice(lambda s: F.norm(s, 2, (0, 2))), (3, 4, 5), {}),
    "normalize": (lambda s: F.normalize(s, eps=1.5), (5, 3, 2), {}),
    "cosine_similarity": (lambda s: F.cosine_similarity(s, s * s + 1), (3, 20, 2), {}),
    "var": (twice(lambda s: F.var(s, 1)), (3, 20, 2), {}),
    "var correction": (lambda s: F.var(s, (0, 2), correction=0.5, keepdim=True), (3, 4, 2), {}),
    "sum": (twice(lambda s: F.sum(s, (0, 2))), (3, 4, 5), {}),
    "sum of all": (lambda s: s * F.sum(s), (3, 4), {}),
    "mean": (twice(lambda s: F.mean(s, (2, 3), keepdim=True)), (2, 3, 4, 5), {}),
    "mean of channels": (lambda s: F.mean(s, 1), (2, 20, 3), {}),
    "max_unpool2d": (
        lambda s: F.max_unpool2d(*F.max_pool2d(s, 2, stride=1, return_indices=True), 3, stride=1),
        (2, 3, 4, 5),
        {},
    ),
    "batch_norm": (
        lambda s, w, b: F.batch_norm(s, None, None, w, b, training=True, eps=0.1),
        (3, 5, 2, 3),
        {"w": (5,), "b": (5,)},
    ),
    "batch_norm affine=False": (
        twice(lambda s: F.batch_norm(s, None, None, training=True)), (3, 5, 4), {},
    ),
    "group_norm": (
        lambda s, w, b: F.group_norm(s, 2, w, b, eps=0.1),
        (3, 4, 5),
        {"w": (4,), "b": (4,)},
    ),
    "layer_norm of the last axis": (lambda s, w: F.layer_norm(s, (5,), w), (4, 3, 5), {"w": (5,)}),
    "layer_norm": (lambda s, w: F.layer_norm(s, (3, 5), w), (4, 3, 5), {"w": (3, 5)}),
    "instance_norm": (twice(F.instance_norm), (3, 4, 5), {}),
    "local_response_norm": (twice(lambda s: F.local_response_norm(s, 3, 0.5, 0.6, 0.7)), (2, 5, 6), {}),
    "local_response_norm even": (lambda s: F.local_response_norm(s, 4, 0.5), (2, 6, 5), {}),
    "pad reflect": (twice(lambda s: F.pad(s, (2, -1, 1, 2), "reflect")), (2, 3, 4, 5), {}),
    "pad replicate": (lambda s: F.pad(s, (2, 1, 0, 2), "replicate"), (2, 3, 4, 5), {}),
    "pad circular": (lambda s: F.pad(s, (2, 1, 0, 2), "circular"), (2, 3, 4, 5), {}),
    "pad constant": (lambda s: F.pad(s, (2, 1, -1, 2), "constant", 1.5), (2, 3, 4, 5), {}),
    "nearest": (twice(lambda s: F.interpolate(s, size=7)), (4, 3, 5), {}),
    "bilinear": (twice(lambda s: F.interpolate(s, scale_factor=1.7, mode="bilinear")), (2, 3, 4, 5), {}),
    "bilinear align_corners": (
        lambda s: F.interpolate(s, size=(3, 7), mode="bilinear", align_corners=True), (2, 3, 4, 5), {},
    ),
    "trilinear": (lambda s: F.interpolate(s, size=(2, 5, 3), mode="trilinear"), (2, 2, 3, 4, 5), {}),
    "unfold": (twice(lambda s: F.unfold(s, (3, 2), (2, 3), 2, (1, 2))), (2, 3, 4, 5), {}),
    "fold": (twice(lambda s: F.fold(s, (4, 5), (3, 2), padding=1, stride=(1, 2))), (2, 18, 12), {}),
    "add and flatten": (twice(lambda s: F.flatten(s, 1)), (5, 3, 4), {}),
    "dropout2d": (twice(lambda s: F.dropout2d(s, 0.3)), (4, 3, 5, 2), {}),
    "dropout1d": (lambda s: F.dropout1d(s, 0.3), (4, 5), {}),
    "stochastic_depth": (twice(lambda s: F.stochastic_depth(s, 0.3, "row")), (6, 3, 2), {}),
    "dropout": (twice(lambda s: F.dropout(s, 0.3, training=True)), (4, 3, 5), {}),
    "relu": (twice(F.relu), (4, 3, 5), {}),
    "leaky_relu": (twice(lambda s: F.leaky_relu(s, 0.2)), (4, 3, 5), {}),
    "sigmoid": (twice(F.sigmoid), (4, 3, 5), {}),
    "tanh": (twice(F.tanh), (4, 3, 5), {}),
    "silu": (twice(F.silu), (4, 3, 5), {}),
    "gelu": (twice(F.gelu), (4, 3, 5), {}),
    "gelu tanh": (twice(lambda s: F.gelu(s, approximate="tanh")), (4, 3, 5), {}),
    **{case.function: (twice(case), (4, 3, 5), {}) for case in CURVES},
    **{case.function: (twice(lambda s, f=case: f(F.sigmoid(s))), (4, 3, 5), {}) for case in ABOVE_0},
    "tanhshrink": (twice(lambda s: F.tanhshrink(s * 100)), (4, 3, 5), {}),  # near 0 the reader loses digits
    "minimum": (twice(F.minimum), (18, 4, 2, 3), {"other": (4, 1, 1)}),
    "maximum of what is repeated": (lambda s: F.maximum(s, F.adaptive_avg_pool2d(s, 1)), (2, 4, 2, 3), {}),
    "maximum": (twice(lambda s: F.maximum(s, F.relu(s))), (3, 4, 2), {}),
    "minimum of a number": (lambda s: F.minimum(0.5, s), (3, 4, 2), {}),
    "where": (twice(lambda s: F.where(s > 0.1, s, F.sigmoid(s))), (3, 4, 2), {}),
    "where of parameters": (lambda s, w, v: F.where(s > 0.1, w, v) * s, (18, 4, 2), {"w": (4, 1), "v": (1,)}),
    "comparisons": (lambda s: s * (s >= 0.25) + (s < 0.1) + F.eq(s, s) + F.ne(s, 1) + F.le(s, 0), (3, 4, 2), {}),
    "clamp max": (twice(lambda s: F.clamp(s, max=0.75)), (3, 4, 2), {}),
    "clamp_min": (twice(F.clamp_min), (18, 4, 2), {"min": (4, 1)}),
    "clamp_max": (twice(lambda s: F.clamp_max(s, F.tanh(s))), (3, 4, 2), {}),
    "pow of tensors": (twice(lambda s, w: F.sigmoid(s) ** w), (18, 4, 2), {"w": (4, 1)}),
    "pow of a number": (lambda s: 2**s, (3, 4, 2), {}),
    "prelu": (twice(F.prelu), (18, 4, 2, 3), {"weight": (4,)}),
    "prelu one weight": (F.prelu, (18, 4, 2), {"weight": (1,)}),
    "glu": (twice(lambda s: F.glu(s, 1)), (3, 6, 4), {}),
    "neg": (lambda s: F.neg(s) * s, (3, 4, 2), {}),
    "curves of parameters": (lambda s, w, v: s * F.exp(w) + F.softplus(v), (3, 4, 2), {"w": (4, 1), "v": (3, 4, 2)}),
    "softmax": (twice(lambda s: F.softmax(s, dim=1)), (4, 3, 5), {}),
    "softmax of positions": (twice(lambda s: F.softmax(s, dim=-1)), (4, 3, 2, 5), {}),
    "softmax of images": (lambda s: F.softmax(s, 0), (7,), {}),
    "log_softmax of rows": (twice(lambda s: F.log_softmax(s, dim=2)), (2, 3, 5, 4), {}),
    "log_softmax": (twice(lambda s: F.log_softmax(s, dim=1)), (4, 3, 5), {}),
}  # fmt: skip
LOSSES = {
    "cross_entropy": (F.cross_entropy, (3, 4, 2), LABELS),
    "cross_entropy ignore_index": (
        lambda s, t: F.cross_entropy(s, t, ignore_index=2),
        (3, 4, 2),
        abs(LABELS) % 4,
    ),
    "cross_entropy weight": (F.cross_entropy, (3, 4, 2), LABELS),
    "cross_entropy smoothing": (lambda s, t: F.cross_entropy(s, t, label_smoothing=0.1), (3, 4, 2), LABELS),
    "cross_entropy smoothing weight": (
        lambda s, t, weight: F.cross_entropy(s, t, weight, label_smoothing=0.1, ignore_index=2),
        (3, 4, 2),
        abs(LABELS) % 4,
    ),
    "cross_entropy probabilities": (F.cross_entropy, (3, 4, 2), abs(normal(3, 4, 2, seed=4))),
    "cross_entropy probabilities weight": (
        F.cross_entropy, (3, 4), abs(normal(3, 4, seed=4)),
    ),
    "cross_entropy probabilities smoothing weight": (
        lambda s, t, weight: F.cross_entropy(s, t, weight, label_smoothing=0.3),
        (3, 4, 2),
        abs(normal(3, 4, 2, seed=4)),
    ),
    "cross_entropy sum": (lambda s, t: F.cross_entropy(s, t, reduction="sum"), (3, 4, 2), LABELS),
    "cross_entropy none": (lambda s, t: F.cross_entropy(s, t, reduction="none"), (3, 4, 2), LABELS),
    "cross_entropy none weight": (
        lambda s, t, weight: F.cross_entropy(s, t, weight, reduction="none", label_smoothing=0.1),
        (3, 4, 2),
        LABELS,
    ),
    "cross_entropy probabilities none": (
        lambda s, t: F.cross_entropy(s, t, reduction="none"), (3, 4), abs(normal(3, 4, seed=4)),
    ),
    "nll_loss": (F.nll_loss, (3, 4, 2), LABELS),
    "nll_loss weight": (F.nll_loss, (3, 4, 2), LABELS),
    "nll_loss none": (lambda s, t: F.nll_loss(s, t, reduction="none"), (3, 4, 2), LABELS),
    "mse_loss": (F.mse_loss, (3, 4), normal(3, 4, seed=4)),
    "mse_loss none": (lambda s, t: F.mse_loss(s, t, reduction="none"), (3, 4), normal(3, 4, seed=4)),
    "l1_loss": (F.l1_loss, (3, 4), normal(3, 4, seed=4)),
    "smooth_l1_loss": (lambda s, t: F.smooth_l1_loss(s, t, beta=0.5), (3, 4), normal(3, 4, seed=4)),
    "huber_loss": (lambda s, t: F.huber_loss(s, t, "sum", 0.5), (3, 4), normal(3, 4, seed=4)),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits, (3, 4), abs(normal(3, 4, seed=4)),
    ),
    "binary_cross_entropy_with_logits weight": (
        F.binary_cross_entropy_with_logits, (3, 4), abs(normal(3, 4, seed=4)),
    ),
    "kl_div": (lambda s, t: F.kl_div(s, t, reduction="batchmean"), (3, 4), abs(normal(3, 4, seed=4))),
}  # fmt: skip


def shown_right(rec: Recording, trace: Trace, entry: Entry) -> None:
    """What is shown comes to the number: by the line of numbers, and by the formula. Numbers of arrays are theirs."""
    document = document_of(trace)
    exact, value, bound = (float(document[key]) for key in ("exact", "value", "error_bound"))
    size = size_of_sum(document) if document["root"] == 1 else abs(exact)
    found = of_numbers(document)
    assert document["certified"], str(trace)
    assert quotients_right(document), str(trace)
    for term in trace.terms[:8]:
        for address, number in term.factors:
            single = address.count("[") == 1 and "·" not in address
            if single and address.partition("[")[0] in rec and not math.isnan(number):
                assert looked_up(rec, address) == number, address
    if math.isnan(exact):
        assert math.isnan(found), str(trace)
        assert math.isnan(value), str(trace)
    else:
        assert abs(found - exact) <= size * 2.0**-44, str(trace)
        assert abs(found - value) <= bound + size * 2.0**-44, str(trace)
    if document["kind"] == "select" or not document["terms"] or "no window reaches" in document["note"]:
        return
    source = entry.source
    assert source is not None
    roles = {name: role for role, name in source.operands.items()} | dict.fromkeys(
        source.parts, "contribution"
    )
    roles |= {name: "gradients" for name, role in roles.items() if role.startswith("gradients[")}
    if source.base is not None:
        roles[source.base] = "gradient so far"
    for role, name in source.operands.items():  # x·x: one array in two roles
        if roles[name] != role:
            document["formula"] = re.sub(rf"\b{role}\b", roles[name], document["formula"])
    if stands(document):
        assert abs(of_formula(document, roles) - exact) <= max(size, abs(exact)) * 1e-12, str(trace)
    else:
        formula, terms = multiplied_out(document, roles)
        assert formula == terms, str(trace)


def shown_alike(rec: Recording, trace: Trace) -> None:
    """Terminal, page, JSON and path show the same formula and numbers, in both languages."""
    korean, numbers = document_of(trace, "ko"), trace.substituted
    assert of_numbers(korean) == of_numbers(document_of(trace)) or math.isnan(trace.value)
    assert (korean["formula"], korean["terms"]) == (trace.formula, document_of(trace)["terms"])
    for shown in (str(trace), unescape(trace.html()), trace.text("en")):
        flat = "".join(shown.split())
        assert "".join(numbers.split()) in flat
        assert "".join(trace.formula.split()) in flat
    level = rec.why(trace.address, depth=1, top=3).level
    if isinstance(level.exact, Fraction) and isinstance(level.rest, Fraction):
        assert level.exact == sum((Fraction(term.product) for term in level.shown), level.rest)
        assert level.rest == 0 or level.rest_count
        with np.errstate(all="ignore"):
            number = np.float64(level.exact) ** (1 / level.root)
        assert abs(number - trace.value) <= trace.error_bound + abs(number) * 1e-12 or math.isnan(trace.value)


def all_shown_right(recordings: Iterator[Recording], enough: int, names: str = "") -> dict[str, int]:
    """So many random numbers of every array; arrays with fewer are asked for in several recordings."""
    random, seen = np.random.default_rng(3), dict[str, int]()
    for rec in recordings:
        wanted = [
            entry
            for entry in rec.entries.values()
            if entry.source is not None and explained(entry.source) and re.match(names, entry.name)
            if seen.get(entry.name, 0) < enough
        ]
        if not wanted:
            break
        for entry in wanted:
            size = math.prod(entry.shape)
            chosen = random.choice(size, min(size, enough - seen.get(entry.name, 0)), replace=False)
            for number, flat in enumerate(chosen):
                index = ",".join(str(int(i)) for i in np.unravel_index(flat, entry.shape))
                trace = rec.explain(f"{entry.name}[{index}]" if index else entry.name)
                shown_right(rec, trace, entry)
                if number == 0 and entry.name not in seen:
                    shown_alike(rec, trace)
            seen[entry.name] = seen.get(entry.name, 0) + len(chosen)
    return seen


def runs(
    network: Any, shape: tuple[int, ...], arrays: dict[str, Array], dtype: Any, target: Array | None = None
) -> Iterator[Recording]:
    """Recordings of one program, each of another input and another gradient."""
    program = run(network, normal(*shape, dtype=dtype), arrays, target=target)
    graph = program.plan.graph
    root = program.plan.gradients[graph.output].memory
    for seed in range(2, 2 + ENOUGH):
        yield recording(program)
        root[...] = normal(*root.shape, seed=seed)
        given = {} if target is None else {"target": target}
        program.run(graph.output, input=normal(*shape, dtype=dtype, seed=seed), **given)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_what_is_shown_comes_to_the_number(case: str) -> None:
    network, shape, parameters = CASES[case]
    arrays = {name: normal(*sizes, seed=9) for name, sizes in parameters.items()}
    seen = all_shown_right(runs(network, shape, arrays, np.float32), ENOUGH)
    assert {"grad(input)", *(f"grad({name})" for name in parameters)} <= set(seen)
    assert min(seen.values()) >= ENOUGH
    assert all_shown_right(runs(network, shape, arrays, np.float64), 5)


@pytest.mark.slow
@pytest.mark.parametrize("case", LOSSES)
def test_losses_and_their_gradients(case: str) -> None:
    network, shape, target = LOSSES[case]
    arrays = {"weight": np.array([0.5, 2.0, 1.25, 0.75])} if "weight" in case else {}
    for dtype, enough in ((np.float32, ENOUGH), (np.float64, 5)):
        labels = target if target.dtype.kind == "i" else target.astype(dtype)
        seen = all_shown_right(runs(network, shape, arrays, dtype, labels), enough)
        assert min(seen.values()) >= enough
        assert {f"{case.split()[0]}.output", "grad(input)"} <= set(seen)


OPTIMIZERS = [
    pc.SGD(lr=0.1),
    pc.SGD(lr=0.1, weight_decay=0.2),
    pc.SGD(lr=0.1, momentum=0.9),
    pc.SGD(lr=0.1, momentum=0.9, weight_decay=0.2, nesterov=True),
    pc.Adam(),
    pc.Adam(betas=(0.5, 0.75), eps=0.01, weight_decay=0.1),
    pc.AdamW(lr=0.01, weight_decay=0.3),
]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_updates_and_running_statistics(optimizer: Any) -> None:
    model = nn.Sequential(
        nn.BatchNorm1d(3, eps=0.1, momentum=0.3), nn.Dropout(0.3), nn.Flatten(), nn.Linear(15, 4)
    )
    step, y = pc.TrainStep(model, optimizer, clip_norm=1.0), np.array([0, 2, 1, 3])

    def steps() -> Iterator[Recording]:
        for seed in range(ENOUGH):
            yield step.record(x := normal(4, 3, 5, seed=seed), y)
            step(x, y)

    seen = all_shown_right(steps(), ENOUGH, r"updated|velocity|mean|variance|loss|cross_entropy|grad_norm")
    assert min(seen.values()) >= ENOUGH
    assert {"loss", "updated(3.weight)", "updated(0.running_mean)", "updated(0.running_var)"} <= set(seen)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS[3:5], ids=repr)
def test_a_network_of_everything(optimizer: Any) -> None:
    """Parameters that two layers use, gradients that meet, norms in training."""
    step, x, y = pc.TrainStep(Everything(), optimizer), normal(3, 2, 13, 11), np.array([0, 2, 1])
    step(x, y)
    assert len(all_shown_right(iter([step.record(x, y)]), 3)) > 50
    assert all_shown_right(iter([pc.record(step.model, x)]), 3)


def overhanging() -> Recording:
    return recording(
        run(lambda s: F.lp_pool1d(s, 2.0, 2, ceil_mode=True), np.full((1, 1, 3), 3, np.float32), {})
    )


def test_a_norm_whose_window_overhangs_by_hand() -> None:
    rec = overhanging()
    whole, part = (rec.explain(f"lp_pool1d.output[0,0,{y}]") for y in (0, 1))
    assert whole.formula == "output[n,c,y] = (Σ_k input[n,c,i]ᵖ)^(1/p), i = y·stride + k"
    assert whole.substituted == "lp_pool1d.output[0,0,0] = (9.0 + 9.0)^(1/2)"
    assert part.formula == "output[n,c,y] = (Σ_k input[n,c,i]ᵖ·K/count[y])^(1/p), i = y·stride + k"
    assert part.substituted == "lp_pool1d.output[0,0,1] = (9.0·2.0)^(1/2)"
    assert [term.factors for term in part.terms] == [(("power 2(input[0,0,2])", 9.0), ("K/count", 2.0))]
    assert (part.root, part.value, part.certified) == (2, float(np.float32(math.sqrt(18))), True)
    assert part.note.endswith("where K = 2, count = 1")
    grad, shared = rec.explain("grad(input)[0,0,2]"), float(rec["grad(lp_pool1d.output)"][0, 0, 1])
    assert [term.factors for term in grad.terms] == [
        (
            ("grad(lp_pool1d.output)[0,0,1]", shared),
            ("(input/output)^(p−1)", 3 / math.sqrt(18)),
            ("K/count", 2.0),
        )
    ]
    assert grad.exact == pytest.approx(shared * math.sqrt(2), rel=1e-15)
    assert grad.error_bound <= abs(np.spacing(np.float32(grad.value))) * 0.51  # one rounding
    assert "K/count" not in rec.explain("grad(input)[0,0,1]").formula
    printed = io.StringIO()
    Console(file=printed, width=110).print(rich_trace(part, lang="ko"))
    for piece in (part.formula, "(9.0·2.0)^(1/2)", "power 2(input[0,0,2]) 9.0 · K/count 2.0", "4.2426405"):
        assert piece in printed.getvalue()
    assert str(rec.why("lp_pool1d.output[0,0,1]")).splitlines()[0].endswith("= 4.2426405, exact (18)^(1/2)")


def test_a_reader_notices_a_factor_that_is_left_out() -> None:
    """The reader of these tests can fail: each of these is what an explanation must not be."""
    rec = overhanging()
    trace, roles = rec.explain("lp_pool1d.output[0,0,1]"), {"input": "input"}
    document = document_of(trace)
    assert of_numbers(document) == pytest.approx(math.sqrt(18))
    without = {**document, "substituted": document["substituted"].replace("·2.0", ""), "terms": [
        {**term, "factors": term["factors"][:1], "product": 9.0} for term in document["terms"]
    ]}  # fmt: skip
    assert of_numbers(without) == 3
    formula, terms = multiplied_out(without, roles)
    assert formula != terms
    wrong = {**document, "substituted": document["substituted"].replace("9.0", "8.0")}
    with pytest.raises(AssertionError, match=r"8\.0 is not 9\.0"):
        of_numbers(wrong)
    slope = document_of(recording(run(F.silu, normal(2, 3), {})).explain("grad(input)[0,1]"))
    slope["formula"] = slope["formula"].replace("(1 − σ", "(2 − σ")
    assert of_formula(slope, {"input": "input", "grad(silu.output)": "grad_output"}) != pytest.approx(
        slope["exact"], abs=1e-3
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_written_with_a_sign(dtype: Any) -> None:
    """Settings, labels and losses of 0, in the engine as well."""
    x, labels = np.array([[1000, 0, 3], [0, 0, 0], [2000, -5, 1]], dtype), np.array([0, 1, 0])
    rec = recording(run(F.cross_entropy, x, {}, target=labels))
    assert [str(x) for x in rec["cross_entropy.losses"][[0, 2]].tolist()] == ["0.0", "0.0"]
    step = pc.TrainStep(nn.Sequential(nn.Linear(3, 3, bias=False)), pc.SGD(lr=0)).record(x, labels)
    one = recording(run(lambda s: F.log_softmax(s, dim=1), np.zeros((2, 1), dtype), {}))
    traces = [rec.explain(f"grad(input)[{n},{c}]") for n in range(3) for c in range(3)]
    traces += [
        rec.explain("cross_entropy.output"),
        *(rec.explain(f"cross_entropy.losses[{n}]") for n in range(3)),
    ]
    traces += [step.explain("updated(0.weight)[1,2]"), one.explain("log_softmax.output[1,0]")]
    for trace in traces:
        assert "-0.0" not in str(trace).split()
        assert "(-0.0)" not in trace.substituted
        digits = [
            (name, d) for term in trace.terms for (name, _), d in zip(term.factors, term.digits, strict=True)
        ]
        assert not [name for name, d in digits if d == "-0.0"], trace.substituted
    label = rec.explain("grad(input)[0,1]").terms[1].factors[0]
    assert (label[0], str(label[1])) == ("−[target[0] = 1]", "0.0")


def test_a_resampled_number_with_the_weight_1_shows_no_other_weight() -> None:
    rec = recording(run(lambda s: F.interpolate(s, size=6), normal(2, 3, 3), {}))
    assert rec.explain("interpolate.output[0,1,2]").formula == "output[n,c,y] = Σ_i input[n,c,i]"
    assert rec.explain("grad(input)[0,1,2]").formula == "grad_input[n,c,i] = Σ_y grad_output[n,c,y]"


def test_a_shared_parameters_gradient_is_the_sum_of_its_uses() -> None:
    rec = recording(run(lambda s, w: F.linear(F.linear(s, w), w), normal(2, 3), {"w": normal(3, 3)}))
    trace = rec.explain("grad(w)[1,2]")
    assert trace.formula == "grad_weight = Σ_u contribution[u] over the uses u of the parameter"
    assert len(trace.terms) == 1
    assert trace.start is not None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_of_numbers_at_the_edges_of_a_type_are_certified(dtype: Any) -> None:
    tiny, random = np.finfo(np.float32).tiny, np.random.default_rng(0)
    for numbers in ([tiny, tiny / 4, -tiny / 3, 1, 0], [0, -0.0, 1, -1, np.inf, -np.inf, np.nan]):
        x = random.choice(np.array(numbers, dtype), (2, 3, 7))
        for p in (1.0, 2.0, 3.0, 2.5, -1.0):
            rec = recording(run(lambda s, p=p: F.lp_pool1d(s, p, 3, 2, ceil_mode=True), x, {}))
            certificates = rec.certify()
            assert certificates.certified, str(certificates)


def test_a_maximum_of_denormal_numbers_says_that_they_compare_as_zeros() -> None:
    tiny = np.finfo(np.float32).tiny
    rec = recording(run(lambda s: F.max_pool1d(s, 3), np.array([[[-tiny / 2, 0, tiny / 2]]], np.float32), {}))
    trace = rec.explain("max_pool1d.output[0,0,0]")
    assert trace.note == "input[0,0,0] is the first of the largest: denormal numbers compare as 0"
    assert trace.certified


def re_added(trace: Trace) -> Fraction:
    total = Fraction(0)
    for term in trace.terms:
        product = Fraction(1)
        for _, value in term.factors:
            product *= Fraction(value)
        total += product
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer", [pc.SGD(lr=0.1, momentum=0.9, nesterov=True), pc.Adam(weight_decay=0.1)]
)
def test_terms_of_every_formula_add_up_to_the_exact_number(optimizer: Any) -> None:
    step = pc.TrainStep(Everything(), optimizer)
    x, y = normal(3, 2, 13, 11), np.array([0, 2, 1])
    step(x, y)
    rec, random, seen = step.record(x, y), np.random.default_rng(3), set()
    for name, entry in rec.entries.items():
        if entry.source is None or not explained(entry.source):
            continue
        for _ in range(5):
            index = ",".join(str(int(random.integers(size))) for size in entry.shape)
            trace = rec.explain(f"{name}[{index}]" if index else name)
            if trace.kind != "formula":
                continue
            seen.add(f"{entry.source.op.name} {entry.source.of}")
            if trace.root == 1:
                assert trace.exact == float(re_added(trace)), str(trace)
            else:
                assert trace.exact == pytest.approx(float(re_added(trace)) ** (1 / trace.root), rel=1e-15)
            assert trace.certified
            assert trace.error <= trace.error_bound, str(trace)
    assert len(seen) > 20


def test_a_wrong_number_does_not_become_right_by_the_sum_of_its_terms() -> None:
    def network(s: Any, w: Any, b: Any) -> Any:
        return F.batch_norm(s, None, None, w, b, training=True)

    rec = recording(run(network, normal(3, 2, 4, 5), {"w": normal(2), "b": normal(2, seed=3)}))
    numbers = rec["batch_norm.output"].copy()
    numbers[1, 1, 2, 3] = np.nextafter(numbers[1, 1, 2, 3], np.float32(9)) + 8 * np.spacing(
        numbers[1, 1, 2, 3]
    )
    trace = replaced(rec, "batch_norm.output", numbers).explain("batch_norm.output[1,1,2,3]")
    assert trace.exact == float(re_added(trace))
    assert not trace.certified


def test_statistics_beyond_float32_are_written_as_they_are() -> None:
    """Their squares do not fit float32; warnings are errors here."""
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Flatten(), nn.Linear(8, 3))
    step = pc.TrainStep(model, pc.SGD(lr=0.1))
    rec = step.record(normal(3, 2, 4) * np.float32(1e25), np.array([0, 2, 1]))
    variance = float(rec["0.var"][1])
    assert variance > float(np.finfo(np.float32).max)
    for address in (
        "updated(0.running_var)[1]",
        "0.istd[1]",
        "grad(input)[1,1,2]",
        "0.var[0]",
        "0.output[1,1,2]",
    ):
        trace = rec.explain(address)
        assert trace.certified
        for text in (str(trace), trace.html(), str(rec.why(address, depth=3))):
            assert address in text
    updated = rec.explain("updated(0.running_var)[1]")
    assert "certified: the number is not finite; value inf, exact 4.5" in updated.verdict()
    term = updated.terms[1]
    assert (term.factors[1][0], term.digits[1]) == ("0.var[1]", str(variance))


def test_the_mean_of_a_centred_number_is_followed() -> None:
    rec = recording(
        run(
            lambda s, w, v: F.batch_norm(F.conv2d(s, v), None, None, w, training=True),
            normal(2, 2, 3, 4),
            {"w": normal(3), "v": normal(3, 2, 1, 1)},
        )
    )
    path = rec.why("grad(w)[2]", depth=2, top=3)
    first = path.level.terms[0].factors[1][0]
    assert first.startswith("centred(conv2d.output[")
    assert first.endswith(", batch_norm.mean[2])")
    assert {"batch_norm.mean[2]", "batch_norm.istd[2]"} < set(path.levels)
    assert sum(address.startswith("conv2d.output[") for address in path.levels) == 3
    assert "batch_norm.var[1]" in rec.why("batch_norm.istd[1]", depth=2).levels


@pytest.mark.parametrize(("name", "mean"), [("group_norm", "[1,2]"), ("layer_norm", "[1]")])
def test_so_is_the_mean_of_a_group_or_an_image(name: str, mean: str) -> None:
    def network(s: Any) -> Any:
        return F.group_norm(s, 3) if name == "group_norm" else F.layer_norm(s, s.shape[1:])

    rec = recording(run(network, normal(2, 6, 3, 4), {}))
    trace = rec.explain(f"{name}.var{mean}")
    assert trace.terms[0].factors[0][0].endswith(f", {name}.mean{mean})")
    assert f"{name}.mean{mean}" in rec.why(f"{name}.var{mean}", depth=2).levels
    assert trace.exact == float(re_added(trace))
