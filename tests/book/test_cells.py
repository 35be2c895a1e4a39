"""A cell of a notebook teaches: it is short, in the book's colors, shows numbers; an explorer is one line."""

import ast
import re
import statistics

import matplotlib.colors
import pytest
from pages import NOTEBOOKS, cells_of, name_of

from scratchnet.book.explorers import NAMES

FIRST, FOLDED, LESSON, LONGEST, VERDICTS = 12, 12, 8, 20, 1 / 4

EACH_NOTEBOOK = pytest.mark.parametrize("page", NOTEBOOKS, ids=name_of)
WORDS = {"b", "g", "r", "c", "m", "y", "k", "w"} | set(matplotlib.colors.CSS4_COLORS) - {"none"}
COLOR = re.compile(r"#([0-9a-fA-F]{3}){1,2}|C\d|(tab|xkcd):.+")


def tagged(cell, *tags):
    return bool({*tags} & set(cell.metadata.get("tags", ())))


def length(cell):
    """The lines of a cell that are not blank."""
    return sum(1 for line in cell.source.splitlines() if line.strip())


def is_one_line(cell):
    """An explorer, or sliders that follow a kernel."""
    return re.fullmatch(r"(explorers|sliders)\.\w+\(\)", cell.source)


def lessons(page):
    """What teaches: not the first cell, nor what is folded, an explorer or the place for an answer."""
    return [
        cell
        for cell in cells_of(page, "code")[1:]
        if not tagged(cell, "hide-input", "explorer", "slider") and not re.search(r"^check\(", cell.source, re.M)
    ]


def printed(page):
    """Every line that a notebook's cells print or show as text."""
    outputs = [output for cell in cells_of(page, "code") for output in cell.outputs]
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in outputs
        if not {"image/png", "text/markdown", "text/html"} & set(output.get("data", {}))
    ]
    return [line for text in texts for line in text.splitlines() if line.strip()]


@EACH_NOTEBOOK
def test_an_explorer_is_one_line(page):
    for cell in cells_of(page, "code"):
        found = is_one_line(cell)
        assert bool(found) == tagged(cell, "explorer", "slider"), cell.source
        assert not re.search(r"\b(explorer|live)\(", cell.source), cell.source
        if found and found[1] == "explorers":
            assert cell.source.removeprefix("explorers.").removesuffix("()") in NAMES


@EACH_NOTEBOOK
def test_the_first_cell_is_short_and_of_one_kind(page):
    first = cells_of(page, "code")[0]
    assert first in NOTEBOOKS[page].cells[:2], "only a heading comes before it"
    assert length(first) <= FIRST
    assert first.source.startswith("#") and "pip install" in first.source
    kinds = [type(statement) for statement in ast.parse(first.source).body]
    kinds = "".join({ast.Import: "i", ast.ImportFrom: "i", ast.Expr: "c", ast.Assign: "a"}.get(k, "?") for k in kinds)
    assert re.fullmatch("i+ca*", kinds), "imports, then use_style(), then data"
    assert "\nuse_style()" in first.source


@EACH_NOTEBOOK
def test_a_folded_cell_is_short(page):
    for cell in cells_of(page, "code"):
        if tagged(cell, "hide-input"):
            assert length(cell) <= FOLDED, cell.source


@EACH_NOTEBOOK
def test_no_cell_names_a_color(page):
    """Neither as "#0072B2" or "C0", nor by a word or letter: color="gray", or "k--" in a call of plot."""
    for cell in cells_of(page, "code"):
        named = []
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and COLOR.fullmatch(node.value):
                named.append(node.value)
            if isinstance(node, ast.keyword) and re.search("colors?$|^c$", node.arg or ""):
                named += [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant) and n.value in WORDS]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "plot":
                texts = [n.value for n in node.args if isinstance(n, ast.Constant)]
                named += [text for text in texts if re.match("[bgrcmykw]", str(text))]
        assert not named, cell.source


@EACH_NOTEBOOK
def test_a_lesson_is_short(page):
    lengths = [length(cell) for cell in lessons(page)]
    assert statistics.median(lengths) <= LESSON
    assert max(lengths) <= LONGEST


@EACH_NOTEBOOK
def test_no_cell_runs_code_from_a_text(page):
    for cell in cells_of(page, "code"):
        assert not re.search(r"\b(exec|eval|compile)\(", cell.source), cell.source


@EACH_NOTEBOOK
def test_no_figure_shows_as_text(page):
    for line in printed(page):
        assert not re.search(r"<?Figure( size|\()", line), line


@EACH_NOTEBOOK
def test_few_lines_are_no_more_than_true_or_false(page):
    lines = printed(page)
    verdicts = [line for line in lines if re.search(r"\b(True|False)\b", line)]
    assert len(verdicts) <= VERDICTS * len(lines), f"{len(verdicts)} of {len(lines)}"
