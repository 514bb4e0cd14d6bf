"""A reader of provenance, who has a recording's arrays and their provenance as JSON, and does not know the ops.

What a number is made of, it lists as docs/internals/provenance.md says, from labels, sizes, links and reductions alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from tests.explain.listed_sums import Factor, Sum, Term, largest

Array = np.ndarray[Any, np.dtype[Any]]
Labels = dict[str, int]  # the index of each label


class Reader:
    """Lists what numbers are made of.

    Args:
        document: the provenance of a recording, as JSON.
        read: gives its arrays by name.
    """

    def __init__(self, document: str, read: Callable[[str], Array]) -> None:
        found = json.loads(document)
        assert (found["format"], found["version"]) == ("pellucid provenance", 1)
        self.arrays: dict[str, dict[str, Any]] = {array["name"]: array for array in found["arrays"]}
        self._read = read

    def sums(self) -> Iterator[str]:
        """The arrays whose numbers it can make."""
        return (n for n, array in self.arrays.items() if array["source"] and array["source"]["reduction"])

    def sum_of(self, name: str, index: tuple[int, ...]) -> Sum:
        """What a number is made of."""
        array = self.arrays[name]
        made, dtype = array["source"], np.dtype(array["dtype"])
        reduction = made["reduction"]
        if reduction["kind"] == "parts":
            first, *others = (Factor(self._read(part)[index], (part, index)) for part in made["parts"])
            return Sum("fma", tuple(Term((other,)) for other in others), first, dtype)
        start = None
        if made["base"] is not None:
            start = Factor(self._read(made["base"])[index], (made["base"], index))
        ones = self._ones(array)
        one, begin = ones[0], ones[0].labels_of("result", index)
        if reduction.get("start") in made["operands"]:
            start = one.factor(reduction["start"], begin)
        terms, kind = tuple(term for one in ones for term in one.terms(begin)), reduction["kind"]
        whole = one.divisor(begin) if made["of"] == "output" else 1
        if kind == "copy" and start is not None:  # something is added to it
            kind = "fma"
        plane = self.arrays[made["operands"]["input"]]["shape"][2:] if kind == "position" else ()
        return Sum(kind, terms, start, dtype, whole, tuple(plane), made["order"].get("parts", 1))

    def read_by(self, name: str, index: tuple[int, ...]) -> dict[str, set[tuple[int, ...]]]:
        """The elements that a number reads, by role, whatever is done with them."""
        ones = self._ones(self.arrays[name])
        begin = ones[0].labels_of("result", index)
        return {role: one.meeting(role, begin) for one in ones for role in one.made["reads"]}

    def _ones(self, array: dict[str, Any]) -> list[_One]:
        """An array; where each of its operands has a relation of its own, once for each of them."""
        made = array["source"]
        if "each" not in made["relation"]:
            return [_One(self, array)]
        return [
            _One(
                self,
                {
                    **array,
                    "source": {
                        **made,
                        "reads": [role],
                        "relation": relation,
                        "reduction": {**made["reduction"], "factors": [role]},
                    },
                },
            )
            for role, relation in made["relation"]["each"].items()
        ]


class _One:
    """One array."""

    def __init__(self, reader: Reader, array: dict[str, Any]) -> None:
        self.reader, self.array, self.made = reader, array, array["source"]
        self.relation, self.reduction = self.made["relation"], self.made["reduction"]
        self.sizes = self.relation["sizes"]

    def labels_of(self, role: str, index: tuple[int, ...]) -> Labels:
        """An element's index label by label: axes are split up and joined in row-major order."""
        labels = self.relation["labels"][role]
        shape = self.array["shape"] if role == "result" else self._operand(role).shape
        number = int(np.ravel_multi_index(index, shape)) if index else 0
        places = np.unravel_index(number, [self.sizes[label] for label in labels]) if labels else ()
        return dict(zip(labels, map(int, places), strict=True))

    def factor(self, role: str, at: Labels) -> Factor | None:
        """An operand's element; None where there is no term, because it lies outside."""
        labels, array = self.relation["labels"][role], self._operand(role)
        at = {**{label: 0 for label in labels if self.sizes[label] == 1}, **at}
        out = [label for label in labels if not 0 <= at[label] < self.sizes[label]]
        if any(label in self.reduction.get("skips", ()) for label in out):
            return None
        if out:
            return self._outside(array)
        sizes = [self.sizes[label] for label in labels]
        number = int(np.ravel_multi_index([at[label] for label in labels], sizes)) if labels else 0
        index = tuple(map(int, np.unravel_index(number, array.shape))) if array.shape else ()
        return Factor(array[index], (self.made["operands"][role], index))

    def _outside(self, array: Array) -> Factor:
        """What stands outside of an array."""
        return Factor(array.dtype.type(float(self.reduction.get("outside", 0))))

    def terms(self, begin: Labels) -> Iterator[Term]:
        """All terms, in order."""
        copies, parts = self.reduction["kind"] == "copy", self.made["order"].get("parts", 1)
        met = list(self._met(begin, self.reduction["over"]))
        for at, weight in met:
            factors = [self.factor(role, at) for role in self.reduction["factors"]]
            inside = [factor for factor in factors if factor is not None]
            if len(inside) < len(factors) or not self._inside(at) or not self._won(at):
                continue
            if weight is not None and not copies:
                inside.append(Factor(np.dtype(self.array["dtype"]).type(weight)))
            if "scale" in self.reduction:
                inside.append(Factor(np.dtype(self.array["dtype"]).type(self.reduction["scale"])))
            divisor = 1 if self.made["of"] == "output" else self.divisor(at)
            yield Term(tuple(inside), divisor, self._part(at, parts), self._lane(at))
        if copies and not met:
            yield Term((self._outside(self._operand(self.reduction["factors"][0])),))

    def _part(self, at: Labels, parts: int) -> int:
        """In which part of the batch a term is, by the first label that is summed over."""
        if parts == 1:
            return 0
        label = self.reduction["over"][0]
        images = self.sizes[label]
        return next(k for k in range(parts) if at[label] < (k + 1) * images // parts)

    def _lane(self, at: Labels) -> int:
        """In which lane a term is."""
        number = 0
        for label in self.reduction.get("lanes", ()):
            number = number * self.sizes[label] + at[label]
        return number % 16

    def meeting(self, role: str, begin: Labels) -> set[tuple[int, ...]]:
        """The elements of an operand that meet one of the result."""
        labels, shape = self.relation["labels"][role], self._operand(role).shape
        found = [begin]
        if via := self.relation.get("through", {}).get(role):
            found = [{label: at[label] for label in via} for at in self._all(begin, via)]
        met = [at for place in found for at in self._all(place, labels)]
        if role == "grad_output" and self.reduction and "chosen_by" in self.reduction:
            met = [at for at in met if self._won(at)]
        sizes = [self.sizes[label] for label in labels]
        numbers = [
            int(np.ravel_multi_index([at[label] for label in labels], sizes)) if labels else 0 for at in met
        ]
        return {tuple(map(int, np.unravel_index(number, shape))) if shape else () for number in numbers}

    def _all(self, begin: Labels, labels: list[str]) -> Iterator[Labels]:
        """The indices of all these labels that meet some indices, nowhere outside."""
        if "by" in self.relation:  # the numbers themselves are read where they stand
            at = begin if begin.keys() >= {*labels} else self._by_numbers(begin)[0]
            yield from (at,) if all(at[label] >= 0 for label in labels) else ()
            return
        for at, _ in self._met(begin, [label for label in labels if label not in begin]):
            if all(0 <= place < self.sizes[label] for label, place in at.items()):
                yield at

    def divisor(self, at: Labels) -> int:
        """The product of the divisors along all axes."""
        whole = int(self.reduction.get("divisor", 1))
        return whole * prod(
            counts[at[f"y{axis}"]] for axis, counts in enumerate(self.reduction.get("divisors", ()))
        )

    def _inside(self, at: Labels) -> bool:
        return all(0 <= at[label] < self.sizes[label] for label in self.reduction.get("skips", ()))

    def _met(self, begin: Labels, over: list[str]) -> Iterator[tuple[Labels, float | None]]:
        """The indices of all labels that meet, with the weights of the links, label by label."""
        if not over:
            completed = self._completed(begin)
            if completed:
                yield completed
            return
        label = over[0].lstrip("-")
        positions = range(self.sizes[label])
        for position in reversed(positions) if over[0].startswith("-") else positions:
            yield from self._met({**begin, label: position}, over[1:])

    def _completed(self, begin: Labels) -> tuple[Labels, float | None] | None:
        """With the positions that follow along every spatial axis; None where they do not meet."""
        at, weight = dict(begin), None
        if self.relation.get("by"):
            return self._by_numbers(at)
        for axis, link in enumerate(self.relation["links"]):
            found = _linked(link, *(at.get(f"{kind}{axis}") for kind in "yki"), self.sizes.get(f"k{axis}"))
            if found is None:
                return None
            places, by = found
            weight = weight if by is None else by * (1.0 if weight is None else weight)
            at |= {
                f"{kind}{axis}": place for kind, place in zip("yki", places, strict=True) if place is not None
            }
        return at, weight

    def _by_numbers(self, at: Labels) -> tuple[Labels, None]:
        """Element y of plane p goes to position i, the number that an operand has there; the last one stays."""
        numbers = self._operand(self.relation["by"]).reshape(self.sizes["p"], self.sizes["y"])[at["p"]]
        if "i" in at:
            holders = np.flatnonzero(numbers == at["i"])
            return {**at, "y": int(holders[-1]) if len(holders) else -1}, None
        position = int(numbers[at["y"]])
        stays = not (numbers[at["y"] + 1 :] == position).any()
        return {**at, "i": position if stays else -1}, None

    def _won(self, at: Labels) -> bool:
        """Whether the element is the one that an output has chosen."""
        chooser = self.reduction.get("chosen_by")
        if chooser is None:
            return True
        axes = range(len(self.relation["links"]))
        window = {label: i for label, i in at.items() if label[0] not in "ik"}
        found = [place for place, _ in self._met(window, [f"i{axis}" for axis in axes])]
        candidates = [(self.factor(chooser, place), place) for place in found]
        values = [factor.value for factor, _ in candidates if factor is not None]
        best = candidates[largest(values)][1]
        return all(best[f"i{axis}"] == at[f"i{axis}"] for axis in axes)

    def _operand(self, role: str) -> Array:
        return self.reader._read(self.made["operands"][role])


def _linked(
    link: dict[str, Any], y: int | None, k: int | None, i: int | None, kernel: int | None
) -> tuple[tuple[int | None, int | None, int | None], float | None] | None:
    """The positions along an axis of which two are known, and a weight; None where they do not meet."""
    if link["kind"] == "runs":
        places = _run(link["runs"], y, i)
        return None if places is None else (places, None)
    if sum(place is not None for place in (y, k, i)) < 2:
        return (y, k, i), None
    if link["kind"] == "spans":
        assert y is not None
        assert i is not None
        start, stop = link["spans"][y]
        return ((y, None, i), None) if start <= i < stop else None
    if link["kind"] == "weighted":
        assert y is not None
        weights = [weight for place, weight in link["reads"][y] if place == i]
        return ((y, None, i), weights[0]) if weights else None
    stride, dilation, padding = link["stride"], link["dilation"], link["padding"]
    assert kernel is not None
    last = kernel - 1
    if k is None:
        assert y is not None
        assert i is not None
        shift = i + padding - y * stride
        if shift % dilation or not 0 <= shift // dilation < kernel:
            return None
        k = shift // dilation
        return (y, last - k if link["flipped"] else k, i), None
    place = (last - k if link["flipped"] else k) * dilation
    if i is None:
        assert y is not None
        return (y, k, y * stride + place - padding), None
    shift = i + padding - place
    if shift % stride or (y is not None and y * stride != shift):
        return None
    return (shift // stride, k, i), None


def _run(
    runs: list[list[int]], y: int | None, i: int | None
) -> tuple[int | None, int | None, int | None] | None:
    """The positions of which one is known, −1 for what meets none; None where both are known and do not meet."""
    met = [(first + n, at + n * step) for first, at, count, step in runs for n in range(count)]
    if y is not None and i is not None:
        return (y, None, i) if (y, i) in met else None
    if y is not None:
        found = [place for other, place in met if other == y]
        return y, None, found[0] if found else -1
    found = [other for other, place in met if place == i]
    return found[0] if found else -1, None, i
