"""A run with every number kept: names, arrays, and the explanation of any one number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.edition import ARITHMETIC
from pellucid.errors import AddressError, ArgumentError, say
from pellucid.explain import address as addresses
from pellucid.explain import certificates
from pellucid.explain.arrays import Array, Arrays
from pellucid.explain.certificates import Certificates
from pellucid.explain.files.storage import save_recording
from pellucid.explain.integers import integer_runs
from pellucid.explain.ops.explainers import account_of, explained
from pellucid.explain.overview import Overview, overview_of
from pellucid.explain.paths.fields import Field, field_of
from pellucid.explain.paths.path import Path, path_of
from pellucid.explain.paths.uses import Uses, uses_of
from pellucid.explain.provenance import MARKS, provenance_of
from pellucid.explain.question import Question
from pellucid.explain.rendering.listing import recording_html
from pellucid.explain.source import Entry
from pellucid.explain.trace import Trace, trace_of
from pellucid.formats.container import FilePath
from pellucid.language import chosen
from pellucid.sizes import is_integer


class Recording(Arrays):
    """What one run computed. It owns its numbers: later steps and other runs do not change them.

    Args:
        entries: what arrays there are and where each comes from, in the order of computation.
        load: gives an array by its name, with public axes; asked once for each.
        aliases: short names, as "loss" for "cross_entropy.output".
        commit: what carries out the recorded update; None for a run without one.
        algorithm: which one convolutions were planned with (`pc.algorithm`).
        loaded: whether it comes from a file, or is a copy of another one.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        load: Callable[[str], Array],
        aliases: Mapping[str, str],
        commit: Callable[[], None] | None,
        algorithm: str = "auto",
        loaded: bool = False,
    ) -> None:
        super().__init__(entries, load, aliases)
        self.algorithm = algorithm
        self._commit, self._committed, self._loaded = commit, False, loaded

    def commit(self) -> None:
        """Carry out the recorded update, once.

        Raises: ArgumentError when there is nothing to carry out, or when it has been done.
        """
        if self._loaded:
            rule = "a recording that was loaded or copied has no update to carry out"
            raise ArgumentError("commit", rule, hint="commit the recording that step.record returns")
        if self._commit is None:
            raise ArgumentError("commit", "this recording holds no update", hint="record a training step")
        if self._committed:
            raise ArgumentError(
                "commit", "this recording's update has been carried out", hint="record a new step"
            )
        self._commit()
        self._committed = True

    def save(self, path: FilePath) -> None:
        """Write all arrays, and where each comes from, to a safetensors file that `load_recording` reads.

        Raises: ArgumentError for a path that names no file; FormatError when the file cannot be written.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> from tempfile import TemporaryDirectory
            >>> rec = pc.record(pc.models.lenet5(), np.ones((1, 1, 28, 28), np.float32))
            >>> with TemporaryDirectory() as folder:
            ...     rec.save(f"{folder}/run.safetensors")
            ...     pc.load_recording(f"{folder}/run.safetensors").names() == rec.names()
            True
        """
        if not isinstance(path, str | os.PathLike) or not os.path.basename(os.fspath(path)):
            raise ArgumentError("save", "the path must name a file", got=repr(path)[:80])
        arrays = {name: self._array(name) for name in self.entries}
        save_recording(path, self.entries.values(), arrays, self.aliases, self.algorithm)

    def provenance(self, name: str | None = None) -> dict[str, Any]:
        """Where arrays come from, as values that JSON knows: enough to list the terms of any number.

        Of each array: who gave it, or the op that made it, its settings and operands, which of their elements meet one
        of the array, what is done with these, and in which order. docs/internals/provenance.md describes the form.

        Args:
            name: of one array; None for all of them, in the order of computation.

        Raises: AddressError when there is no array of that name.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> rec = pc.record(pc.models.lenet5(), np.ones((1, 1, 28, 28), np.float32))
            >>> made = rec.provenance("conv2.output")["source"]
            >>> made["op"], made["operands"]["weight"], made["relation"]["labels"]["weight"]
            ('Conv', 'conv2.weight', ['g', 'o', 'c', 'k0', 'k1'])
            >>> made["reduction"]
            {'kind': 'fma', 'factors': ['input', 'weight'], 'over': ['k0', 'k1', 'c'], 'start': 'bias'}
            >>> len(rec.provenance()["arrays"]) == len(rec)
            True
        """
        if name is not None:
            return self._provenance(self._entry("provenance", name))
        arrays = [self._provenance(entry) for entry in self.entries.values()]
        plan = {"edition": ARITHMETIC, "algorithm": self.algorithm, "aliases": dict(self.aliases)}
        return {**MARKS, **plan, "arrays": arrays}

    def explain(self, address: str, lang: str | None = None) -> Trace:
        """Show the arithmetic that made one number, and certify it.

        Args:
            address: a name and an index, as "conv1.output[0,5,3,7]"; negative indices count from the end.
            lang: the language that the trace speaks, "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: AddressError for a name or an index that the recording does not hold; ArgumentError for a number
            whose kind cannot be explained, and for a language that the catalogue does not have.
        """
        _check(lang)
        entry, index = self._located("explain", address)
        question = self._question(entry, np.array(index, np.int64).reshape(1, len(entry.shape)))
        account = account_of(question)
        return trace_of(question, account, account.judge(question), lang)

    def why(self, address: str, depth: int = 3, top: int = 5) -> Path:
        """Follow a number back through the layers, by the largest terms of each number, to what was given.

        Args:
            address: as of `explain`.
            depth: how many numbers lie on a way at most.
            top: how many terms of each number are shown; the sum of the others is one line.

        Raises: as `explain`; ArgumentError for a depth or a top that is no whole number above 0.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> rec = pc.record(pc.models.lenet5(), np.ones((1, 1, 28, 28), np.float32))
            >>> path = rec.why("fc2.output[0,1]", depth=1, top=3)
            >>> len(path.level.terms), path.level.rest_count
            (3, 117)
            >>> from fractions import Fraction
            >>> sum(Fraction(t.product) for t in path.level.shown) + path.level.rest == path.level.exact
            True
        """
        for label, setting in (("depth", depth), ("top", top)):
            if not is_integer(setting) or setting < 1:
                raise ArgumentError(
                    "why",
                    say("{label} must be a whole number above 0", label=label),
                    got=f"{label}={setting!r}",
                )
        entry, index = self._located("why", address)
        first = self.explain(addresses.written(entry.name, index))
        return path_of(first.address, depth, top, lambda a: first if a == first.address else self._traced(a))

    def uses(self, address: str) -> Uses:
        """Which numbers read a number: outputs and the loss, gradients, updates.

        Raises: AddressError for a name or an index that the recording does not hold.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> rec = pc.record(pc.models.lenet5(), np.ones((1, 1, 28, 28), np.float32))
            >>> print(rec.uses("conv1.weight[3,0,0,0]"))   # its padding is 2
            conv1.weight[3,0,0,0] feeds 676 numbers
              forward
                conv1.output[0, 3, 2…27, 2…27]: 676 of 4,704, as weight
        """
        entry, index = self._located("uses", address)
        return uses_of(self.entries, entry.name, index, self._array)

    def field(self, address: str) -> Field:
        """What an activation depends on in the layers before it, and what depends on it in those behind.

        Args:
            address: an element of the network's input or of an output.

        Raises: AddressError for a name or an index that the recording does not hold; ArgumentError for a number
            that is no activation.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> rec = pc.record(pc.models.lenet5(), np.ones((1, 1, 28, 28), np.float32))
            >>> print(rec.field("conv2.output[0,4,0,9]").input)
            input[0, 0, 0…11, 16…27]: 144 of 784
        """
        entry, index = self._located("field", address)
        return field_of(self.entries, entry.name, index, self._array)

    def certify(self, sample: int | None = None, seed: int = 0, lang: str | None = None) -> Certificates:
        """Compare every number with the exact value of its formula, within the bound of the order it was computed in.

        Args:
            sample: how many numbers of each array, drawn from `seed`; None for all.
            seed: decides which.
            lang: the language that the table speaks, "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: ArgumentError for a sample that is no whole number above 0, for a seed that is none from 0 to 2⁶³ − 1,
            and for a language that the catalogue does not have.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> rec = pc.record(pc.models.lenet5(), np.zeros((2, 1, 28, 28), np.float32))
            >>> rec.certify(sample=100).certified
            True
        """
        _check(lang)
        return certificates.certify(self.entries.values(), self._question, sample, seed, lang)

    def overview(self, lang: str | None = None) -> Overview:
        """Layer by layer: sizes, dead units, gradients and updates, and the first layer in which something looks wrong.

        The rules stand at the top of `pellucid.explain.suspicions`.

        Args:
            lang: the language in which it speaks, "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        _check(lang)
        return overview_of(self.entries, self._glimpse, lang)

    def integer_runs(self, seed: int = 0) -> Certificates:
        """Run the plans of convolutions and linear layers on small whole numbers, where every result must be exact.

        Each layer that was summed directly is run with the recorded shapes, forward and backward, beside its
        specification in NumPy. This needs no recorded number. Layers by Winograd's algorithm, which rounds whole
        numbers, are left out: record with `pc.algorithm("direct")` for all of them.

        Args:
            seed: decides the numbers.

        Raises: ArgumentError for a seed that is no whole number from 0 to 2⁶³ − 1.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> rec = pc.record(pc.models.lenet5(), np.zeros((2, 1, 28, 28), np.float32))
            >>> runs = rec.integer_runs()
            >>> [array.name for array in runs.arrays], runs.certified
            (['conv1.output', 'conv2.output', 'fc1.output', 'fc2.output', 'fc3.output'], True)
        """
        return integer_runs(self.entries.values(), self._array, seed)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or a pickled one, has all the numbers, and no update to carry out."""
        arrays = {name: self[name] for name in self.entries}
        return Recording, (
            list(self.entries.values()),
            arrays.__getitem__,
            self.aliases,
            None,
            self.algorithm,
            True,
        )

    def __repr__(self) -> str:
        parts = [f"{len(self)} arrays"]
        if "loss" in self.entries:
            parts.insert(0, f"loss={self.loss:.6g}")
        if self._commit is not None:
            parts.append("committed" if self._committed else "not committed")
        return f"Recording({', '.join(parts)})"

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML that needs nothing from elsewhere: every array by layer, with shape and statistics.

        Args:
            lang: "en" or "ko"; None for the environment's `PELLUCID_LANG`, else English.

        Raises: ArgumentError for a language that there are no texts in.
        """
        committed = None if self._commit is None else self._committed
        return recording_html(self.entries.values(), self._glimpse, committed, lang)

    def _repr_html_(self) -> str:
        return self.html()

    def _provenance(self, entry: Entry) -> dict[str, Any]:
        return provenance_of(entry, lambda name: self.entries[name].shape, self._array)

    def _traced(self, address: str) -> Trace | None:
        """The explanation of a factor; None when it was given, or is no number of an array."""
        entry = self.entries.get(address.partition("[")[0])
        if entry is None or entry.source is None:
            return None
        try:
            return self.explain(address)
        except AddressError:  # a function of several numbers, as log Σ exp(logits[0,:])
            return None

    def _question(self, entry: Entry, at: NDArray[np.int64]) -> Question:
        """Ask about elements of an array, one in each row of `at`."""
        expected = "an output, a gradient, a statistic or an update"
        if entry.source is None:
            rule = "a number that was given has no arithmetic to show"
            raise ArgumentError("explain", rule, expected=expected, got=f"'{entry.name}'")
        if not explained(entry.source):
            rule = say("numbers made by {name} cannot be explained yet", name=entry.source.op.name)
            raise ArgumentError("explain", rule, expected=expected, got=f"'{entry.name}'")
        value = np.reshape(self._array(entry.name)[tuple(at.T)], len(at))
        return Question(entry.name, entry.source, at, value, self._array)


def _check(lang: str | None) -> None:
    """Refuse a language that there are no texts in before the work, not after it."""
    if lang is not None:
        chosen(lang)
