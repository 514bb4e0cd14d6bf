"""Fields: what an activation can see of the layers before it, and which numbers of the layers behind can see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.explain.address import written
from pellucid.explain.paths.reads import readings
from pellucid.explain.paths.region import Region
from pellucid.explain.paths.relation import AnyRelation
from pellucid.explain.paths.uses import Read
from pellucid.explain.shown import Shown
from pellucid.explain.source import Entry
from pellucid.language import text
from pellucid.ops.norm import Norm
from pellucid.sizes import Index

_NAMED = 3  # batch norms that a text names
_FLOWING = ("output", "losses")  # results along which activations flow; statistics are held


@dataclass(frozen=True, repr=False)
class Field(Shown):
    """The fields of one activation.

    Attributes:
        address: the activation's address.
        receptive: the region of each earlier activation array that it depends on, the network's input first, also where
            it depends on nothing of that; its own array last.
        projective: the region of each later activation array that depends on it, up to the logits and the loss; its
            own array first.
        statistics: norms on the way whose statistics mix the whole batch, or whole images. They are left out here:
            the field is that of the layer with its statistics held.
    """

    address: str
    receptive: tuple[Region, ...]
    projective: tuple[Region, ...]
    statistics: tuple[str, ...]

    @property
    def input(self) -> Region:
        """The receptive field in the network's input; a region without elements where it sees nothing of that."""
        return self.receptive[0]

    def __getitem__(self, name: str) -> Region:
        """The region of one array; KeyError where the array has no part in the fields."""
        for region in (*self.receptive, *self.projective):
            if region.name == name:
                return region
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """The fields as values that JSON knows."""
        return {
            "address": self.address,
            "receptive": [region.to_dict() for region in self.receptive],
            "projective": [region.to_dict() for region in self.projective],
            "statistics": list(self.statistics),
        }

    def text(self, lang: str | None = None) -> str:
        """Both fields, array by array.

        Args:
            lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        lines = []
        for label, regions in (
            ("field.receptive", self.receptive[:-1]),
            ("field.projective", self.projective[1:]),
        ):
            if regions:
                lines += [f"  {text(label, lang)}", *(f"    {region.text(lang)}" for region in regions)]
        if self.statistics:
            names, more = ", ".join(self.statistics[:_NAMED]), len(self.statistics) - _NAMED
            held = text("field.statistics", lang, names=names)
            if more > 0:
                held = text("field.statistics_of_more", lang, names=names, count=more)
            lines.append(f"  {held}")
        return "\n".join([self.address, *lines])

    def summary(self) -> str:
        """What it is of, in a few words."""
        before = sum(len(region) > 0 for region in self.receptive)
        return f"{self.address}, {before} arrays before it, {len(self.projective)} behind it"


@dataclass(frozen=True, eq=False)
class _Flow:
    """One activation array read by another."""

    reader: str
    operand: str
    relation: AnyRelation


def field_of(entries: Mapping[str, Entry], name: str, index: Index, read: Read) -> Field:
    """The fields of one element.

    Raises: ArgumentError for an array that is no activation.
    """
    flows = list(_flows(entries, read))
    readers = {flow.reader for flow in flows}
    if name not in {flow.operand for flow in flows} | readers:
        raise ArgumentError(
            "field",
            "fields are of activations",
            expected="the network's input, or an output of a layer",
            got=f"'{name}'",
            hint="uses() lists what any number feeds",
        )
    start = np.zeros(entries[name].shape, np.bool_)
    start[index] = True
    seen, reached = {name: start}, {name: start}
    for flow in reversed(flows):
        if flow.reader in seen:
            _join(seen, flow.operand, flow.relation.read(seen[flow.reader]), entries)
    for flow in flows:
        if flow.operand in reached:
            _join(reached, flow.reader, flow.relation.readers(reached[flow.operand]), entries)
    source = next(flow.operand for flow in flows if flow.operand not in readers)
    receptive, projective = (
        tuple(Region(n, masks[n]) for n in entries if n in masks and masks[n].any())
        for masks in (seen, reached)
    )
    if receptive[0].name != source:
        receptive = (Region(source, np.zeros(entries[source].shape, np.bool_)), *receptive)
    return Field(written(name, index), receptive, projective, tuple(_statistics(entries, {*seen, *reached})))


def _join(
    masks: dict[str, NDArray[np.bool_]], name: str, mask: NDArray[np.bool_], entries: Mapping[str, Entry]
) -> None:
    """Add elements to a region."""
    mask = mask.reshape(entries[name].shape)
    masks[name] = masks[name] | mask if name in masks else mask


def _flows(entries: Mapping[str, Entry], read: Read) -> Iterator[_Flow]:
    """How activations flow forward, in the order of computation."""
    for entry in entries.values():
        if entry.source is None or entry.source.of not in _FLOWING:
            continue
        for argument, operand, relation in readings(entry, lambda n: entries[n].shape, read):
            if argument != "target" and _flows_from(entries[operand]):
                yield _Flow(entry.name, operand, relation)


def _flows_from(entry: Entry) -> bool:
    """Whether an array is an activation. Those of the model do not see the image."""
    return entry.given == "input" if entry.source is None else entry.source.of in _FLOWING


def _statistics(entries: Mapping[str, Entry], names: set[str]) -> Iterator[str]:
    """The norms between these arrays whose statistics are of the input."""
    for entry in entries.values():
        source = entry.source
        if source is None or source.of != "output":
            continue
        mixes = isinstance(source.op, Norm) and source.op.mixes
        if mixes and {entry.name, source.operands["input"]} <= names:
            yield source.path
