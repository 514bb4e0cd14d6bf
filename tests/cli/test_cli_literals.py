"""What commands print comes from the catalogue of texts: no literal that is printed has a word in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pellucid

SOURCE = Path(pellucid.__file__).parent
PRINTING = {"print", "status", "update", "echo", "Table", "add_column", "ContenderError", "tell", "add_task"}
DECLARING = {"help", "metavar", "show_default", "epilog", "description", "speed"}
# What is the same in every language.
LITERAL = {"pellucid", "ms", "Pellucid ms", "GFLOP/s", "GB/s", "GB", "0.9", "CxHxW", "C,H,W", "N"}


def literals(node: ast.AST):
    """The strings in an expression that are printed as they stand: not those that text(…) or a method is given."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (part.value for part in node.values if isinstance(part, ast.Constant))
        yield from (
            s for part in node.values if isinstance(part, ast.FormattedValue) for s in literals(part.value)
        )
    elif isinstance(node, ast.Call | ast.Subscript | ast.Compare):
        return
    else:
        for child in node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node):
            yield from literals(child)


def printed(tree: ast.AST):
    """The literals that are printed or declared to be, also by way of a local name."""
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.Module)]:
        assigned = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in [n for n in ast.walk(function) if isinstance(n, ast.Call)]:
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            declared = [word.value for word in call.keywords if word.arg in DECLARING]
            if name in PRINTING or (name == "write" and getattr(call.func.value, "attr", "") == "stderr"):
                declared += call.args
            elif name == "Text":  # the others are styles
                declared += call.args[:1]
            for one in declared:
                one = assigned.get(one.id, one) if isinstance(one, ast.Name) else one
                yield from ((call.lineno, said) for said in literals(one))


def test_what_is_printed_comes_from_the_catalogue():
    """No command prints a word that it has itself; a mistake's words are an error's, which has tests of its own."""
    bench = ("report", "measure", "contender", "layers", "warmup")
    sources = [*(SOURCE / "cli").glob("*.py"), *(SOURCE / "bench" / f"{name}.py" for name in bench)]
    sources += [SOURCE / "bench/peers/__init__.py", SOURCE / "kernels/progress.py"]
    found = [
        (f"{path.name}:{line}", said)
        for path in sources
        for line, said in printed(ast.parse(path.read_text("utf-8")))
        if re.search("[A-Za-z]{2,}", re.sub(r"\x1b\[\w*", "", said)) and said.strip(" :{}()\r") not in LITERAL
    ]
    assert found == []
    seen = ast.parse(
        'def f():\n    said = f"{x} images"\n    console.print(said)\n    Option(help="Seed.")\n'
    )
    assert [said for _, said in printed(seen.body[0])] == [" images", "Seed."]
