"""What stands in one place must not be said in another: lowerings leave each other nothing, ops are listed nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.engine.compose import plan_of
from pellucid.engine.graph import trace
from pellucid.ops.maker import kinds

ROOT = Path(pellucid.__file__).parent
LOWERINGS = sorted((ROOT / "engine" / "lowering").glob("*.py"))
OPS = {name for name, kind in kinds().items() if kind.__module__.startswith("pellucid.")}

# All of a plan that can change while it is written, and what is kept there: what it consists of, and where it is.
CHANGING = {
    "blocks": "buffers",
    "loops": "loops",
    "commits": "loops that change the model's own state",
    "lasting": "buffers that live longer than a run",
    "inputs": "where inputs come from",
    "results": "where results go",
    "counters": "numbers that loops read",
    "factors": "numbers that loops read",
    "_values": "the buffer of each symbol",
}
CHANGES = {
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "setdefault",
    "update",
}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def whose(node: ast.expr) -> str | None:
    """The name that an attribute, an item or the result of a call belongs to."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


# A plan


def test_a_plan_holds_loops_and_buffers_and_no_messages() -> None:
    model = nn.Linear(3, 2)
    graph = trace(
        model.trace_forward, {"input": ((1, 3), model.dtype)}, dict(model.named_arrays()), training=True
    )
    plan = plan_of(graph, model.dtype, keep=False, gradients="given")
    changing = {
        name
        for name, value in vars(plan).items()
        if isinstance(value, dict | list | set | bytearray | np.ndarray)
    }
    assert changing == CHANGING.keys()


def plan_is_changed(tree: ast.AST) -> Iterator[str]:
    """Where something is written into a plan by others than its methods."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found = whose(node) == "plan"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            inner = node.func.value
            found = node.func.attr in CHANGES and not isinstance(inner, ast.Name) and whose(inner) == "plan"
        elif isinstance(node, ast.Call):
            found = isinstance(node.func, ast.Name) and node.func.id in ("setattr", "vars", "delattr")
        else:
            continue
        if found:
            yield ast.unparse(node)


def globals_are_changed(tree: ast.Module) -> Iterator[str]:
    """Where functions change what stands at a module's top: that would be a message, too."""
    top = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield ast.unparse(node)
            elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
                if whose(node) in top:
                    yield ast.unparse(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                changes = node.func.attr in CHANGES
                if changes and whose(node.func.value) in top:
                    yield ast.unparse(node)


@pytest.mark.parametrize("path", LOWERINGS, ids=lambda path: path.stem)
def test_lowerings_leave_each_other_nothing(path: Path) -> None:
    tree = parsed(path)
    assert not list(plan_is_changed(tree))
    if path.stem != "registry":  # the one place where they register
        assert not list(globals_are_changed(tree))


@pytest.mark.parametrize(
    "line",
    [
        "plan.routes = {}",
        "plan.routes[step] = block",
        "plan.lasting |= {block}",
        "plan.inputs[symbol], x = port, 1",
        "del plan.loops[0]",
        "plan.lasting.add(block)",
        "plan.loops[-1].order.update(a=1)",
        "setattr(plan, 'routes', 1)",
    ],
)
def test_what_is_written_into_a_plan_is_found(line: str) -> None:
    assert list(plan_is_changed(ast.parse(line)))


def test_what_asks_a_plan_is_none() -> None:
    lines = "plan.last(block)\nx = plan.values[symbol]\nplan.loop(step, name, kernel, bind)\ny[plan.bits] = 1"
    assert not list(plan_is_changed(ast.parse(lines)))
    assert not list(globals_are_changed(ast.parse(f"A = 1\ndef f():\n    b = {{}}\n    b[A] = 1\n{lines}")))
    assert list(globals_are_changed(ast.parse("seen = {}\ndef f():\n    seen[1] = 2")))
    assert list(globals_are_changed(ast.parse("seen = set()\ndef f():\n    seen.add(1)")))


# Ops


def registered(tree: ast.Module) -> Iterator[ast.AST]:
    """What decorators are given, also by a name at the module's top, and the rules of the table of fusion."""
    given = [
        decorator
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for decorator in node.decorator_list
    ]
    names = {node.id for decorator in given for node in ast.walk(decorator) if isinstance(node, ast.Name)}
    yield from given
    for node in tree.body:
        if isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if names & {target.id for target in targets if isinstance(target, ast.Name)}:
                yield node
            if isinstance(node.value, ast.Tuple):
                rules = (one for one in node.value.elts if isinstance(one, ast.Call))
                yield from (rule for rule in rules if whose(rule.func) == "Rule")


def listed_ops(tree: ast.Module) -> Iterator[str]:
    """Lists of ops: what is true of an op stands in its file, and what a room does with it beside the room's code."""
    ops = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pellucid.ops")
        for alias in node.names
        if alias.name in OPS
    }
    allowed = {id(node) for part in registered(tree) for node in ast.walk(part)}
    for node in ast.walk(tree):
        members: list[Any] = []
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            members = node.elts
        elif isinstance(node, ast.Dict):
            members = [*node.keys, *node.values]
        if id(node) not in allowed:
            found = [member for member in members if isinstance(member, ast.Name) and member.id in ops]
            if len(found) >= 2:
                yield f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}"


def test_ops_are_listed_nowhere_but_where_rooms_register() -> None:
    found = {
        str(path.relative_to(ROOT)): lists
        for path in sorted(ROOT.rglob("*.py"))
        if path.parent != ROOT / "ops" and (lists := list(listed_ops(parsed(path))))
    }
    assert not found


IMPORTS = "from pellucid.ops.conv import Conv\nfrom pellucid.ops.linear import Linear\n"


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("SUMS = (Conv, Linear)", 1),
        ("def f(op):\n    return isinstance(op, (Conv, Linear))", 1),
        ("COSTS = {Conv: 1, Linear: 2}", 1),
        ("NAMES = {'conv': Conv, 'linear': Linear}", 1),
        ("@explains(Conv, Linear)\ndef f(): ...", 0),
        ("KERNELS = {Conv: 1, Linear: 2}\n@registry.forward(*KERNELS)\ndef f(): ...", 0),
        ("RULES = (Rule('a', (Conv, Linear)), Rule('b', (Conv,)))", 0),
        ("def f(op):\n    return isinstance(op, Conv | Linear)", 0),
        ("x = (Conv, 1)", 0),
    ],
)
def test_a_list_of_ops_is_found(line: str, count: int) -> None:
    assert len(list(listed_ops(ast.parse(IMPORTS + line)))) == count
