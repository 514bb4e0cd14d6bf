"""The history of a number: its initial value and what every step of a run changed, made again with the same bits."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.columns import Columns
from pellucid.errors import AddressError, ArgumentError, FormatError, either, say
from pellucid.explain.address import located, parse, written
from pellucid.explain.recording import Recording
from pellucid.explain.terms import digits_of
from pellucid.language import chosen, text
from pellucid.markup import Markup, frame, tag
from pellucid.nn.module import Module
from pellucid.ops.base import Shape
from pellucid.runs.pulls import Pull, pulls
from pellucid.runs.replay import Replay, advance, opened, record
from pellucid.runs.settings import NAME
from pellucid.sizes import Index
from pellucid.train.charts import STYLE, charts
from pellucid.train.checkpoints import Checkpoints
from pellucid.train.curves import Curve, Panel
from pellucid.train.epochs import Epochs
from pellucid.train.events import Progress
from pellucid.train.loop import prepared

TOP = 5  # steps that are shown
_IMAGES = 4  # of each
_POINTS = 240  # of a curve


@dataclass(frozen=True)
class Change:
    """What one step did to the number.

    Attributes:
        step, epoch, batch: its number and where it was, counted from 1.
        before, after: the number.
    """

    step: int
    epoch: int
    batch: int
    before: float
    after: float

    @property
    def exact(self) -> Fraction:
        """after − before, without rounding."""
        return Fraction(self.after) - Fraction(self.before)


@dataclass(frozen=True)
class NumberHistory:
    """How a run made a number what it is; printed, a text, and in a notebook a curve and a table.

    Attributes:
        address: the number's name and index.
        dtype: its type.
        initial, final: the number before the first step and behind the last one.
        changes: what each step did, in their order.
        replay: the run.
        left: whether the model that the run left has other numbers: averages, or those of its best epoch.
    """

    address: str
    dtype: str
    initial: float
    final: float
    changes: tuple[Change, ...] = field(repr=False)
    replay: Replay = field(repr=False)
    left: bool = False
    lang: str | None = None
    _pulls: dict[int, list[Pull]] = field(default_factory=dict, repr=False)

    @property
    def exact(self) -> bool:
        """Whether the initial value and all changes, added without rounding, are the final value."""
        return Fraction(self.initial) + self.total == Fraction(self.final)

    @property
    def total(self) -> Fraction:
        """All changes together, without rounding."""
        return sum((change.exact for change in self.changes), Fraction(0))

    def most(self, count: int = TOP) -> list[Change]:
        """The steps that moved the number most, the largest first."""
        return sorted(self.changes, key=lambda change: (-abs(change.exact), change.step))[:count]

    def open(self, step: int) -> Recording:
        """A step of the run in the open, counted from 1: the same bits, all kept, to be explained.

        Raises: ArgumentError for a step that the run has not made.
        """
        return record(self.replay.before(step))

    def images(self, step: int) -> list[Pull]:
        """What each image of a step's batch gave to the number's gradient, the largest first.

        Empty for a number that has no gradient, such as a running mean, or whose gradient is no sum over images.
        """
        if step not in self._pulls:
            self._pulls[step] = pulls(self.replay, step, self.address)
        return self._pulls[step]

    def to_dict(self) -> dict[str, Any]:
        """Everything as values that JSON knows, but the images."""
        changes = [
            {name: getattr(c, name) for name in ("step", "epoch", "batch", "before", "after")}
            for c in self.changes
        ]
        return {
            "address": self.address,
            "initial": self.initial,
            "final": self.final,
            "exact": self.exact,
            "changes": changes,
        }

    def text(self, lang: str | None = None, top: int = TOP) -> str:
        """The beginning, the changes together, the end, and the steps that moved the number most, with their images.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        lang = chosen(lang or self.lang)
        sums = {
            text("runs.history_begin", lang): f"{self._digits(self.initial)}",
            text("runs.history_change", lang): f"{float(self.total):+.9g}",
            text("runs.history_end", lang, step=len(self.changes)): f"{self._digits(self.final)}",
        }
        lines = [self._title(lang), *(f"  {name}: {value}" for name, value in sums.items())]
        lines += [f"  {sentence}" for sentence in self._sentences(lang)]
        return "\n".join([*lines, text("runs.history_most", lang), str(self.table(lang, top))])

    def table(self, lang: str | None = None, top: int = TOP) -> Columns:
        """The steps that moved the number most."""
        lang = chosen(lang or self.lang)
        heads = (
            text("runs.history_step", lang),
            text("runs.history_epoch", lang),
            text("runs.history_batch", lang),
            text("runs.history_before", lang),
            text("runs.history_moved", lang),
            text("runs.history_images", lang),
        )
        return Columns(heads, tuple(self._row(change) for change in self.most(top)), words=0)

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML that needs nothing from elsewhere: the curve and the steps that moved the number most."""
        lang = chosen(lang or self.lang)
        table = self.table(lang)
        kinds = ["pc-number"] * (len(table.heads) - 1) + [None]
        head = tag("tr", *map(_cell("th"), table.heads, kinds))
        rows = [tag("tr", *map(_cell("td"), row, kinds)) for row in table.rows]
        said = (tag("p", sentence) for sentence in self._sentences(lang))
        return frame(
            tag("p", tag("b", self._title(lang))), self.curve(lang), *said,
            tag("p", text("runs.history_most", lang)), tag("table", head, *rows, class_="pc-list"),
            lang=lang, style=STYLE,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return self.text()

    def curve(self, lang: str | None = None) -> Markup:
        """The number by steps, as SVG."""
        lang = chosen(lang or self.lang)
        values = [self.initial, *(change.after for change in self.changes)]
        every = max(1, -(-len(values) // _POINTS))
        points = tuple(
            (float(i), values[i]) for i in sorted({*range(0, len(values), every), len(values) - 1})
        )
        curve = Curve(text("runs.history_value", lang), "train", points)
        panel = Panel(self.address, text("review.step", lang), (curve,), from_zero=False)
        return tag("div", *charts([panel]), class_="charts")

    def _title(self, lang: str) -> str:
        return text("runs.history_title", lang, address=self.address, steps=len(self.changes))

    def _sentences(self, lang: str) -> Iterator[str]:
        if self.exact:
            yield text("runs.history_exact", lang, steps=len(self.changes))
        if self.left:
            yield text("runs.history_left", lang)

    def _digits(self, value: float) -> str:
        """The shortest text that is this number and no other of its type."""
        return digits_of(np.dtype(self.dtype).type(value))

    def _row(self, change: Change) -> tuple[str, ...]:
        images = ", ".join(f"{pull.name} {pull.part:+.3g}" for pull in self.images(change.step)[:_IMAGES])
        places = map(str, (change.step, change.epoch, change.batch))
        return (*places, self._digits(change.before), f"{float(change.exact):+.4g}", images)


def _cell(name: str) -> Callable[[str, str | None], Markup]:
    return lambda content, kind: tag(name, content, class_=kind)


def number_history(
    run: str | os.PathLike[str],
    address: str,
    *,
    model: Module | None = None,
    train: Any = None,
    data: str | None = None,
    python: str | None = None,
    lang: str | None = None,
    **settings: Any,
) -> NumberHistory:
    """Why a weight is what it is: value = initial value + Σ changes of all steps, in exact arithmetic.

    The run is made again from its first checkpoint; at every other one the number must have that one's bits. Where a
    run keeps averages (`ema`) or its best epoch, the model that it left has other numbers than its last step.

    Args:
        run: the folder of checkpoints.
        address: a parameter or buffer and an index, such as "conv1.weight[5,0,2,2]".
        model, train, settings: for a run by `pellucid.fit(model, train, checkpoint=run, …)`: a model like that one,
            the same data and the same settings. A run by `pellucid train --checkpoint` needs none of them.
        data: where the data are, of a run by `pellucid train`; None for where they were.
        python: the class that makes the network, as "my_net.py:Net", for one from Python.
        lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

    Raises: AddressError for no such number; ArgumentError for data or settings that are not those of the run, or where
        they are missing; FormatError when a checkpoint is missing or damaged, or when the run made again does not come
        to its bits.

    Example:
        >>> import numpy as np, pellucid as pc, tempfile
        >>> pc.seed(0)
        >>> model = pc.Sequential(pc.Flatten(), pc.Linear(4, 3))
        >>> data = np.arange(32, dtype=np.float32).reshape(8, 1, 2, 2) / 32, np.arange(8) % 3
        >>> settings = {"optimizer": pc.SGD(lr=0.1), "epochs": 2, "batch_size": 4}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pc.fit(model, data, checkpoint=folder, **settings)
        ...     history = pc.number_history(folder, "1.weight[2,0]", model=model, train=data, **settings)
        >>> len(history.changes), history.exact, history.final == float(model.state_dict()["1.weight"][2, 0])
        (4, True, True)
    """
    lang = chosen(lang)
    return history_of(_replay(Path(run), model, train, data, python, settings), address, lang)


def history_of(replay: Replay, address: str, lang: str) -> NumberHistory:
    """The same of a run that is opened."""
    going = replay.behind(0)
    arrays = dict(going.run.step.model.named_arrays())
    name, index = _place(arrays, address)
    array, changes = arrays[name], []
    marks = dict(_saved(replay, going, name, array.shape, index))
    values = [_number(array, index)]

    def watch(_: Progress) -> None:
        step = going.run.step.steps
        epoch, batch = going.run.epoch + 1, going.run.batch
        values.append(_number(array, index))
        changes.append(Change(step, epoch, batch, *values[-2:]))
        if step in marks and marks[step] != values[-1]:
            rule = say("step {step}, made again, must come to the checkpoint's bits", step=step)
            raise FormatError(replay.where, rule, expected=repr(marks[step]), got=repr(values[-1]))

    advance(going, replay.steps, watch)
    averaged = going.run.recipe["ema"] is not None
    chosen_best = bool(going.run.recipe["restore_best"] or going.run.recipe["early_stopping"])
    return NumberHistory(
        written(name, index), array.dtype.name, marks[0], marks[replay.steps], tuple(changes), replay,
        averaged or chosen_best, lang,
    )  # fmt: skip


def _saved(
    replay: Replay, going: Epochs, name: str, shape: Shape, index: Index
) -> Iterator[tuple[int, float]]:
    """The number in each checkpoint, which must be one of this run; a damaged one between others is told about."""
    for steps in replay.marks():
        try:
            found = replay.saved(steps)
        except FormatError as error:
            if steps in (0, replay.steps):
                raise
            warnings.warn(text("training.damaged", error=error), stacklevel=2)
            continue
        going.run.check(found)
        array = found.arrays.get(f"model/{name}")
        if array is None or array.shape != shape:
            raise FormatError(replay.where, say("'{name}' is broken", name=name))
        yield steps, _number(array, index)


def _replay(
    folder: Path,
    model: Module | None,
    train: Any,
    data: str | None,
    python: str | None,
    settings: dict[str, Any],
) -> Replay:
    if model is None and train is None and (folder / NAME).exists():
        if settings:
            rule, got = "the settings of this run stand in its folder", ", ".join(settings)
            raise ArgumentError("number_history", rule, got=got)
        return opened(folder, data=data, python=python)
    if model is None or train is None:
        rule = "a run by fit needs its model and its data again"
        hint = "number_history(run, address, model=model, train=data, optimizer=…, epochs=…)"
        raise ArgumentError("number_history", rule, hint=hint)
    # Neither the caller's model nor the optimiser's learning rate may change.
    own = copy.deepcopy(model)
    optimizer = copy.deepcopy(settings.pop("optimizer", None))
    return Replay(lambda: prepared(own, train, optimizer=optimizer, **settings), Checkpoints(folder))


def _place(arrays: Mapping[str, NDArray[Any]], address: str) -> tuple[str, Index]:
    """The array and the index that an address names."""
    name, index = parse(address, "number_history")
    if name not in arrays:
        few = list(arrays)[:3]
        rule, expected = "the model has no such parameter or buffer", either(map(repr, few))
        raise AddressError("number_history", rule, expected=expected, got=repr(name)[:80])
    return name, located(name, arrays[name].shape, index, "number_history")


def _number(array: NDArray[Any], index: Index) -> float:
    return float(array[index])
