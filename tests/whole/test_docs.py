"""The pages of documentation do what they say, and say the same in both languages."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pytest
from tests.support.markdown import DOCS, blocks, check, grids, read, said, statements

# How many blocks, statements and grids the pages have that run.
PAGES = {
    "arithmetic": (12, 0, 0),
    "augmentation": (3, 0, 0),
    "convolution": (8, 0, 0),
    "data-sets": (1, 0, 0),
    "doctor": (1, 0, 0),
    "explanations": (4, 0, 0),
    "films": (3, 0, 0),
    "filters": (2, 0, 0),
    "mistakes": (4, 0, 0),
    "networks": (11, 0, 0),
    "slips": (14, 30, 9),
    "train": (12, 0, 0),
    "worked-examples": (14, 112, 19),
}
ROOT = DOCS.parent
FILES = [f"{page}{ending}" for page in PAGES for ending in (".md", ".ko.md")]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_page_does_what_it_says(name, run, few_images, capsys, tmp_path, monkeypatch):
    """What Python prints stands behind it; every line of a command's example is one that it prints, in order."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for section in re.split("^## ", read(name), flags=re.MULTILINE):
        for block in blocks(section):
            if block.language == "python":
                exec(block.source, names)
                assert capsys.readouterr().out.splitlines() == said(block)
                continue
            command, *expected = block.source.splitlines()
            _, out, err = run(*shlex.split(command.removeprefix("$ pellucid ")))
            printed = iter(" ".join(line.split()) for line in (out + err).splitlines())
            for line in expected:
                assert " ".join(line.split()) in printed, f"{command}: {line}"
        for statement in statements(section):
            check(statement, names)
        for name, numbers in grids(section):
            assert np.ravel(eval(name, names)).tolist() == numbers, name


@pytest.mark.parametrize("page", PAGES)
def test_the_languages_show_the_same(page):
    english, korean = read(f"{page}.md"), read(f"{page}.ko.md")
    assert tuple(len(part(english)) for part in (blocks, statements, grids)) == PAGES[page]  # none overlooked
    assert statements(korean) == statements(english)
    assert grids(korean) == grids(english)
    commands = [re.findall(r"^\$ (.*)$", text, flags=re.MULTILINE) for text in (english, korean)]
    assert [line.removesuffix(" --lang ko") for line in commands[1]] == commands[0]
    assert [block.language for block in blocks(korean)] == [block.language for block in blocks(english)]


def test_arithmetic_that_is_wrong_is_noticed():
    names = {"x": [2.0, 5.0], "grad_w1": 6.0, "w_new": [0.95]}
    check("x[1] = 2 + 3 = 5", names)
    check("∂L/∂w₁ = 2·3 = 6", names)
    check("w′[0] = 1 − 0.1·1/2 = 0.95", names)
    check("ln(2) ≈ 0.693", names)
    for wrong in (
        "x[1] = 2 + 4 = 5",
        "x[0] = 2 + 3 = 5",
        "∂L/∂w₁ = 2·3 = 7",
        "w′[0] = 0.9501",
        "ln(2) ≈ 0.6",
    ):
        with pytest.raises(AssertionError):
            check(wrong, names)
    with pytest.raises(NameError):
        check("y[1] = 2 + 3 = 5", names)
    text = "    x[0] = 1 + 1 = 2    a remark = 3\n\ntext `3 − 1 = 2` text = 5, `y = x`\n\n```python\n    x = 1\n```\n"
    assert statements(text) == ["x[0] = 1 + 1 = 2", "3 − 1 = 2"]
    drawn = "    x  1 −2    w[0]  3\n       0 4.5        1\n"
    assert grids(drawn) == [("x", [1, -2, 0, 4.5]), ("w[0]", [3, 1])]


WRITTEN = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for file, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", prose):
        target = path.parent / file if file else path
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


def anchors(path):
    """What GitHub makes of a page's headings."""
    headings = re.findall("^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "path", [ROOT / "ARCHITECTURE.md", *sorted((DOCS / "internals").glob("*.md"))], ids=lambda p: p.name
)
def test_pages_for_contributors_name_files_that_exist(path):
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`([\w/]+(?:\.pyi?|/))`", text):
        assert any((root / name).exists() for root in (ROOT, ROOT / "src/pellucid")), name


def test_the_tour_leads_to_every_page_about_the_inside():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert [
        page.name for page in (DOCS / "internals").glob("*.md") if f"(docs/internals/{page.name})" not in text
    ] == []
