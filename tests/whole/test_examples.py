"""Every example runs, on a few images, and says what it should."""

from __future__ import annotations

import ast
import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.support.markdown import blocks, said
from tests.support.pages import Page

import pellucid as pc

EXAMPLES = Path(__file__).parents[2] / "examples"
SAID = {
    "cifar10_fast.py": [
        "read 24 pictures to train on and 8 to test with",
        "epoch 2: loss ",
        "test accuracy ",
        "saved in ",
    ],
    "demo.py": ["epoch 3/3", "This is a ", "conv1.output[0,5,14,13] = ", "grad(conv1.weight)[5,0,2,2] = "],
    "look_inside.py": ["certified: True", "the step did what it said: True"],
    "own_layer_block.py": ["test accuracy ", "blocks.1.conv.bias"],
    "quickstart.py": ["'accuracy': ", "seen: ["],
}


def test_every_example_is_tested():
    assert sorted(SAID) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_an_example_runs(name, few_images, capsys, monkeypatch, tmp_path):
    line = arguments(tmp_path) if name == "cifar10_fast.py" else []
    monkeypatch.setattr(sys, "argv", [name, *map(str, line)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    out, err = capsys.readouterr()
    assert [line for line in err.splitlines() if not line.startswith("pellucid: compiled ")] == []
    assert "\x1b" not in out
    assert all(text in out for text in SAID[name]), out
    assert "NOT certified" not in out
    assert "False" not in out


def arguments(folder):
    """Pictures of one grey each, and settings that make the run short."""
    for part, count in (("train", 12), ("test", 4)):
        for kind, grey in (("dark", 20), ("light", 200)):
            (folder / part / kind).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (32, 32), (grey + i, grey, grey)).save(folder / part / kind / f"{i}.png")
    return [folder, "--epochs", 2, "--width", 16, "--batch", 8, "--out", folder / "out.safetensors"]


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_what_the_readme_says_runs(name, few_images, capsys):
    """What stands below its Python is what that prints."""
    text = (EXAMPLES.parent / name).read_text(encoding="utf-8")
    found = [block for block in blocks(text) if block.language == "python"]
    assert found[0].output
    names, printed = {}, ""
    for block in found:
        exec(block.source, names)
        printed = capsys.readouterr().out
        if block.output:
            assert printed.splitlines() == said(block)
    assert names["trace"].certified


def test_the_readmes_have_the_same_parts():
    english, korean = (
        (EXAMPLES.parent / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")
    )
    parts = [
        [line.count("#", 0, 3) for line in text.splitlines() if line.startswith("#")]
        for text in (english, korean)
    ]
    assert parts[0] == parts[1]
    assert [bool(block.output) for block in blocks(english)] == [
        bool(block.output) for block in blocks(korean)
    ]
    links = [re.findall(r"\]\((?!README)([^)#]*)", text) for text in (english, korean)]
    assert links[0] == [link.replace(".ko.md", ".md") for link in links[1]]


def test_the_notebook_runs_and_what_it_shows_is_sound(few_images, capsys):
    notebook = json.loads((EXAMPLES / "explain.ipynb").read_text(encoding="utf-8"))
    names, shown = {}, []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
            shown.append(_run("".join(cell["source"]), names))
    pages = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(pages) >= 8
    for html in pages:
        assert Page(html).text
    traces = [value for value in shown if isinstance(value, pc.Trace)]
    assert len(traces) >= 6
    assert all(trace.certified for trace in traces)
    assert names["certificates"].certified
    assert "all certified" in capsys.readouterr().out


def _run(source, names):
    """What a notebook shows of a cell: its last line's value."""
    body = ast.parse(source).body
    last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return last and eval(compile(last, "cell", "eval"), names)
