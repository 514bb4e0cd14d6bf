"""A recording as HTML: its arrays layer by layer, each with shape and a few statistics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.source import Entry
from pellucid.language import chosen, text
from pellucid.markup import Markup, frame, tag

Array = NDArray[Any]

_INNER = re.compile(r"\w+\((.*)\)(?: .*)?")  # grad(conv1.weight), velocity(conv1.weight) before


def recording_html(
    entries: Iterable[Entry], read: Callable[[str], Array], committed: bool | None, lang: str | None = None
) -> str:
    """A recording as a piece of HTML.

    Args:
        entries: its arrays.
        read: gives one of them.
        committed: whether its update has been carried out; None where there is none.
        lang: the language.
    """
    lang = chosen(lang)
    layers: dict[str, list[Entry]] = {}
    for entry in entries:
        layers.setdefault(layer_of(entry.name), []).append(entry)
    said = [text("rendering.recording", lang, count=sum(map(len, layers.values())))]
    if any(entry.name == "loss" for entry in layers.get("", [])):
        said.append(text("rendering.loss", lang, loss=f"{float(read('loss')):.6g}"))
    state = {None: "rendering.inference", True: "rendering.committed", False: "rendering.not_committed"}
    said.append(text(state[committed], lang))
    parts = [_layer(name, members, read, lang) for name, members in layers.items()]
    return frame(tag("p", tag("b", "; ".join(said))), *parts, lang=lang)


def layer_of(name: str) -> str:
    """The layer that an array belongs to; "" for the network's input, target and loss.

    Example:
        >>> layer_of("velocity(layer1.0.conv1.weight) before"), layer_of("grad(input)")
        ('layer1.0.conv1', '')
    """
    match = _INNER.fullmatch(name)
    return (match[1] if match else name).rpartition(".")[0]


def _layer(name: str, members: list[Entry], read: Callable[[str], Array], lang: str) -> Markup:
    """The arrays of a layer, folded up below a line with its output."""
    heads = (
        "rendering.name",
        "rendering.shape",
        "rendering.mean",
        "rendering.std",
        "rendering.least",
        "rendering.greatest",
    )
    rows = [
        tag(
            "tr",
            *[
                tag("th", text(head, lang), class_="pc-number" if number > 1 else None)
                for number, head in enumerate(heads)
            ],
        )
    ]
    line = tag("code", name) if name else Markup(tag("span", text("rendering.given", lang)))
    beside = ""
    for entry in members:
        array = read(entry.name)
        shape = "×".join(map(str, entry.shape))
        figures, remark = _statistics(array, lang)
        called = [tag("code", entry.name), *([tag("small", f" {remark}")] if remark else [])]
        cells = [tag("td", *called), tag("td", tag("code", shape))]
        rows.append(tag("tr", *cells, *[tag("td", figure, class_="pc-number") for figure in figures]))
        if entry.name == f"{name}.output":
            beside = f"  {shape}" + (f"  {remark}" if remark else "")
    summary = tag("summary", line, tag("small", beside))
    return tag("details", summary, tag("table", *rows, class_="pc-list"))


def _statistics(array: Array, lang: str) -> tuple[list[str], str]:
    """Mean, standard deviation, least and greatest of the finite numbers; and how many others there are."""
    numbers = array
    remark = ""
    if array.dtype.kind == "f":
        finite = np.isfinite(array)
        if not finite.all():
            numbers = array[finite]
            remark = text("rendering.not_finite", lang, count=array.size - numbers.size)
    if not numbers.size:
        return [""] * 4, remark
    moments = (numbers.mean(dtype=np.float64), numbers.std(dtype=np.float64))
    return [f"{float(x):.4g}" for x in (*moments, numbers.min(), numbers.max())], remark
