"""What an expression in the source may be made of, read from the source: variables, results of functions, arguments.

It follows names alone and knows no types; where it cannot see further it ends, so it finds what is written plainly.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pellucid as pc

SOURCE = Path(pc.__file__).parent
Function = ast.FunctionDef | ast.AsyncFunctionDef
_PASSED_ON = {
    "join",
    "get",
    "rstrip",
    "next",
    "joined",
    "either",
    "filter",
    "fromkeys",
}  # functions whose result is their arguments'


class Module:
    """One file: its tree, its imports, and the function that every node stands in."""

    def __init__(self, path: Path) -> None:
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        self.name = ".".join(parts).removesuffix(".__init__")
        self.path, self.tree = path, ast.parse(path.read_text("utf-8"))
        self.inside: dict[ast.AST, Function | None] = {}
        self._walk(self.tree, None)

    def _walk(self, node: ast.AST, function: Function | None) -> None:
        self.inside[node] = function
        for child in ast.iter_child_nodes(node):
            self._walk(child, node if isinstance(node, Function) else function)

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """The module and the name there of every name that is imported from one."""
        nodes = [node for node in self.inside if isinstance(node, ast.ImportFrom) and node.module]
        return {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in nodes
            for alias in node.names
        }

    @cached_property
    def functions(self) -> dict[str, list[Function]]:
        """Functions and methods by name."""
        found: dict[str, list[Function]] = {}
        for node in self.inside:
            if isinstance(node, Function):
                found.setdefault(node.name, []).append(node)
        return found


class Place(NamedTuple):
    """An expression and the module that it stands in."""

    module: Module
    node: ast.expr

    def __str__(self) -> str:
        return f"{self.module.path.relative_to(SOURCE)}:{self.node.lineno}"


Named: TypeAlias = dict[str, ast.expr]


class Source:
    """All of the package."""

    def __init__(self) -> None:
        self.modules = [Module(path) for path in sorted(SOURCE.rglob("*.py"))]
        self._by_name = {module.name: module for module in self.modules}

    def calls(self) -> Iterator[tuple[Place, ast.Call]]:
        """Every call."""
        for module in self.modules:
            yield from ((Place(module, node), node) for node in module.inside if isinstance(node, ast.Call))

    @cached_property
    def _calls(self) -> dict[str, list[tuple[Place, ast.Call]]]:
        found: dict[str, list[tuple[Place, ast.Call]]] = {}
        for place, call in self.calls():
            found.setdefault(name_of(call.func), []).append((place, call))
        return found

    def imported_from(self, module: Module, node: ast.AST, name: str) -> str | None:
        """The module that a name was imported from; None where the function has a parameter of this name."""
        function = module.inside[node]
        own = ast.walk(function.args) if function else iter(())
        return (
            None
            if any(isinstance(a, ast.arg) and a.arg == name for a in own)
            else module.imports.get(name, (None,))[0]
        )

    def parts(self, place: Place) -> Iterator[Place]:
        """The expressions that this one's value comes from."""
        module, node = place
        match node:
            case ast.Name(id=name):
                yield from self._bound(module, node, name)
            case ast.Attribute(value=ast.Name(id=base), attr=name):
                yield from self._top(self._imported(module, base), name)
            case ast.Call():
                yield from self._returned(module, node)
            case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
                yield from (Place(module, one), Place(module, other))
            case (
                ast.BoolOp(values=items)
                | ast.Dict(values=items)
                | ast.Tuple(elts=items)
                | ast.List(elts=items)
            ):
                yield from (Place(module, item) for item in items)
            case ast.JoinedStr(values=pieces):
                yield from (
                    Place(module, piece.value) for piece in pieces if isinstance(piece, ast.FormattedValue)
                )
            case ast.Subscript(value=whole) | ast.Starred(value=whole) | ast.NamedExpr(value=whole):
                yield Place(module, whole)
            case ast.GeneratorExp(elt=item) | ast.ListComp(elt=item):
                yield Place(module, item)

    def _imported(self, module: Module, name: str) -> Module | None:
        """The module that a name stands for."""
        home, there = module.imports.get(name, ("", ""))
        return self._by_name.get(f"{home}.{there}")

    def _definition(self, module: Module | None, name: str) -> tuple[Module, list[Function]] | None:
        """The functions of a name as a module knows them."""
        if module is None:
            return None
        if name in module.functions:
            return module, module.functions[name]
        home, there = module.imports.get(name, ("", ""))
        return self._definition(self._by_name.get(home), there) if home in self._by_name else None

    def _top(self, module: Module | None, name: str) -> Iterator[Place]:
        """What is assigned to a name at the top of a module, or of the one that it is imported from."""
        if module is not None:
            yield from (Place(module, value) for value in _assigned(module.tree.body, name))
            home, there = module.imports.get(name, ("", ""))
            yield from self._top(self._by_name.get(home), there)

    def _called(self, module: Module, call: ast.Call) -> tuple[Module, list[Function]] | None:
        """The functions that a call may be of."""
        match call.func:
            case ast.Name(id=name):
                return self._definition(module, name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return (module, module.functions[name]) if name in module.functions else None
            case ast.Attribute(value=ast.Name(id=base), attr=name):
                return self._definition(self._imported(module, base), name)
        return None

    def _returned(self, module: Module, call: ast.Call) -> Iterator[Place]:
        if name_of(call.func) in _PASSED_ON:
            yield from (Place(module, argument) for argument in call.args)
            if isinstance(call.func, ast.Attribute):
                yield Place(module, call.func.value)
        elif (found := self._called(module, call)) is not None:
            home, functions = found
            nodes = [node for function in functions for node in ast.walk(function)]
            yield from (
                Place(home, node.value) for node in nodes if isinstance(node, ast.Return) and node.value
            )

    def _bound(self, module: Module, node: ast.AST, name: str) -> Iterator[Place]:
        """What a name may stand for: what is assigned to it, or what the callers of its function give."""
        function = module.inside[node]
        while function is not None:
            values = list(_assigned(list(ast.walk(function)), name))
            yield from (Place(module, value) for value in values)
            arguments = function.args
            by_place = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
            if name in (*by_place, *(a.arg for a in arguments.kwonlyargs)):
                yield from (
                    Place(module, default)
                    for default in (*arguments.defaults, *arguments.kw_defaults)
                    if default
                )
                yield from self._given(module, function, name, by_place)
                return
            if values:
                return
            function = module.inside[function]
        yield from self._top(module, name)

    def _given(self, module: Module, function: Function, name: str, by_place: list[str]) -> Iterator[Place]:
        """What callers give for a parameter."""
        for (home, _), call in self._calls.get(function.name, []):
            found = self._called(home, call)
            if found is not None and function in found[1]:
                at = (
                    by_place.index(name) - (by_place[0] in ("self", "cls"))
                    if name in by_place
                    else len(call.args)
                )
                yield from (Place(home, value) for value in call.args[at : at + 1])
                yield from (Place(home, word.value) for word in call.keywords if word.arg == name)


def name_of(function: ast.expr) -> str:
    """What a call calls, without what stands before the last dot."""
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _assigned(nodes: list[ast.stmt] | list[ast.AST], name: str) -> Iterator[ast.expr]:
    """The expressions that are assigned to a name."""
    for node in nodes:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.For | ast.comprehension):
            items = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else [node.iter]
            pairs = [(node.target, item) for item in items]
        for target, value in pairs:
            yield from _of_target(target, value, name)


def _of_target(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """What a name is given where a value is taken apart."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
        yield from _of_target(target, value.body, name)
        yield from _of_target(target, value.orelse, name)
    elif isinstance(target, ast.Tuple):
        apart = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
        values = value.elts if apart else [value] * len(target.elts)
        for part, given in zip(target.elts, values, strict=True):
            yield from _of_target(part, given, name)
