"""Fusion: steps that one loop carries out together. It saves loads and stores; no operation, operand or order changes.

A rule (see `fusion_rules.py`) has a pattern, which finds the step that another one can take in, and a result, which
puts the two together. Lowerings read what has become of the steps and decide nothing. Whatever subset of the rules is
applied, all numbers have the same bits. A recording applies none that leaves an array out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pellucid.derived import derived
from pellucid.engine.graph import Symbol
from pellucid.engine.steps import Step, Steps, Way, Within
from pellucid.ops.base import Op
from pellucid.ops.maker import Maker


class Fusing:
    """Steps that are being fused. A step that has been taken in leaves its place empty.

    Attributes:
        within: what was found to lie inside something else.
    """

    def __init__(self, steps: Steps) -> None:
        self.steps, self.setting = steps, steps.setting
        self.places: list[Step | None] = list(steps.order)
        self.within: dict[Symbol, Within] = {}
        self._place = {step: i for i, step in enumerate(steps.order)}
        self._maker = {symbol: i for i, step in enumerate(steps.order) for symbol in step.makes.values()}
        self._of = {(step.way, step.at): i for i, step in enumerate(steps.order)}
        self._readers: dict[tuple[Way, Symbol], list[int]] = defaultdict(list)
        for i, step in enumerate(steps.order):
            for symbol in dict.fromkeys(step.reads.values()):
                self._readers[step.way, symbol].append(i)
        self._end = max((i for i, step in enumerate(steps.order) if step.way != "update"), default=-1)

    def maker(self, symbol: Symbol) -> Step | None:
        """The step that makes a symbol, unless it was given or is another one."""
        place = self._maker.get(symbol)
        return None if place is None or symbol in self.steps.aliases else self.places[place]

    def readers(self, symbol: Symbol, way: Way) -> list[Step]:
        """The steps that read a symbol."""
        found = (self.places[place] for place in self._readers[way, symbol])
        return [step for step in found if step is not None]

    @derived
    def roles(self) -> Mapping[Symbol, Sequence[tuple[Step, str]]]:
        """Who reads each symbol, and in which role, when all is fused; of a base the role is the gradient's."""
        found = defaultdict(list)
        for step in filter(None, self.places):
            for one in (step, *step.fused):
                for role, read in (*one.reads.items(), *one.bases.items()):
                    found[self.steps.true(read)].append((step, role))
        return found

    def uses(self, symbol: Symbol) -> int:
        """How many nodes read a symbol."""
        return len(self._readers["forward", symbol])

    def backward(self, step: Step) -> Step | None:
        """The backward of a forward step."""
        place = self._of.get(("backward", step.at))
        return None if place is None else self.places[place]

    def ready(self, symbol: Symbol, step: Step) -> bool:
        """Whether a symbol is there before a step begins."""
        return self._maker.get(symbol, -1) < self._place[step]

    def follower(self, step: Step, kind: type[Op] | tuple[type[Op], ...]) -> Step | None:
        """The one reader of what a forward leaves, if it is of this kind and nobody else needs that."""
        places = self._readers["forward", step.output]
        if len(places) != 1 or step.output in self.steps.graph.outputs:
            return None
        found = self.places[places[0]]
        return found if found is not None and isinstance(found.op, kind) else None

    def one_reader(self, gradient: Symbol, kind: type[Op]) -> Step | None:
        """The one step that reads a gradient on the way back, if it is that of an op's output, of this kind."""
        readers = self.readers(gradient, "backward")
        alone = len(readers) == 1 and isinstance(readers[0].op, kind)
        return readers[0] if alone and readers[0].reads["grad_output"] is gradient else None

    def behind(self, step: Step) -> Step | None:
        """The step behind another one, among the updates at the end."""
        place = self._place[step]
        following = self.places[max(place, self._end) + 1 :] if place > self._end else []
        return next((s for s in following if s is not None), None)

    def before(self, step: Step) -> Step | None:
        """The step before another one."""
        place = self._place[step] - 1
        while place >= 0 and self.places[place] is None:
            place -= 1
        return self.places[place] if place >= 0 else None

    def put(self, old: Step, new: Step, *taken: Step) -> None:
        """A step becomes another one, which has taken in some more."""
        place = self._place[new] = self._place[old]
        self.places[place] = new
        for step in taken:
            self.places[self._place[step]] = None
        for step in (new, *new.fused):
            for symbol in step.makes.values():
                self._maker[symbol] = place


@dataclass(frozen=True)
class Rule:
    """How one step takes in another.

    Attributes:
        name: what a printed plan calls it.
        way: of the step that takes another in.
        ops: the kinds of op that can.
        pattern: finds the step that can be taken in.
        result: puts the two together.
        stores_all: whether every array stays where it was, so that recordings take the rule as well.
        lays: whether it only says where a tensor lies; that is seen when it is known which steps there are.
    """

    name: str
    way: Way
    ops: tuple[type[Maker], ...]
    pattern: Callable[[Fusing, Step], Step | None]
    result: Callable[[Fusing, Step, Step, str], None]
    stores_all: bool = False
    lays: bool = False


def fuse(steps: Steps, rules: Iterable[Rule]) -> Steps:
    """The steps after all fusion by these rules."""
    fusing = Fusing(steps)
    mine = [rule for rule in rules if rule.stores_all or not steps.setting.keep]
    for lays in (False, True):
        for place in range(len(fusing.places)):
            for rule in (rule for rule in mine if rule.lays == lays):
                _apply(fusing, place, rule)
    order = tuple(step for step in fusing.places if step is not None)
    return replace(steps, order=order, within=fusing.within)


def _apply(fusing: Fusing, place: int, rule: Rule) -> None:
    """Let the step at a place take in what the rule finds for it: one step, or any number of updates."""
    while (
        (step := fusing.places[place]) is not None and step.way == rule.way and isinstance(step.op, rule.ops)
    ):
        taken = None if rule.name in step.rules and rule.way != "update" else rule.pattern(fusing, step)
        if taken is None:
            return
        rule.result(fusing, step, taken, rule.name)
