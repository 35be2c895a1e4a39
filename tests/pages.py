"""The pages of the book, as its table of contents names them, and what stands on them."""

import ast
import os
import re
import textwrap
from functools import cache
from pathlib import Path

import nbformat
import yaml

from scratchnet.book import explorers
from scratchnet.book.exercises import EXERCISES

ROOT = Path(__file__).resolve().parent.parent
LONG = os.environ.get("LONG") == "1"  # whether there is an hour more for the tests
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def files_in(toc):
    """Every page that a table of contents names, in order."""
    if isinstance(toc, list):
        return [name for entry in toc for name in files_in(entry)]
    here = [toc[key] for key in ("root", "file") if key in toc]
    return here + [name for key in ("parts", "chapters", "sections") for name in files_in(toc.get(key, []))]


PAGES = files_in(TOC)
PATHS = {page: ROOT / f"{page}.ipynb" for page in PAGES if (ROOT / f"{page}.ipynb").exists()}
NOTEBOOKS = {page: nbformat.read(path, as_version=4) for page, path in PATHS.items()}


def cells_of(page, kind=None, tag=None):
    """The cells of a notebook, of one kind, "code" or "markdown", or with one tag."""
    return [
        cell
        for cell in NOTEBOOKS[page].cells
        if kind in (None, cell.cell_type) and (tag is None or tag in cell.metadata.get("tags", ()))
    ]


def name_of(page):
    """What a notebook is called in the name of a test: without its folder."""
    return page.rpartition("/")[2]


# --- explorers and sliders ---


def shown_on(page, kind="explorers"):
    """The names of the explorers that a page shows, in order, or of its sliders."""
    cells = cells_of(page, "code") if page in NOTEBOOKS else []
    return [name for cell in cells for name in re.findall(rf"^{kind}\.(\w+)\(\)$", cell.source, re.MULTILINE)]


EXPLORER_PAGES = [page for page in PAGES if shown_on(page)]


@cache
def fresh(name):
    """The explorer of this name, made once in each process that tests it."""
    return getattr(explorers, name)()


# --- exercises ---


def exercises_on(page):
    """The names of the exercises of a page: those of notebook 05 are 5.1, 5.2 and so on."""
    number = re.match(r"0*(\d+)_", name_of(page))
    return [name for name in EXERCISES if number and name.split(".")[0] == number[1]]


EXERCISE_PAGES = [page for page in NOTEBOOKS if exercises_on(page)]


# --- blocks of code ---

FENCE = re.compile(r"^ *(?P<fence>`{3,})(?P<language>[^`\n]*)\n(?P<text>.*?)^ *(?P=fence)$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """What a text shows between fences, as (language, text) each, and what is inside of a directive, such as a card."""
    for found in FENCE.finditer(text):
        language, inside = found["language"].strip(), textwrap.dedent(found["text"])
        yield language, inside
        if language.startswith("{"):
            yield from blocks(inside)


def solution(page, name):
    """The answer of the book, without the experiments that it goes on with."""
    (text,) = (
        block
        for cell in cells_of(page, tag="solution")
        for language, block in blocks(cell.source)
        if language == "python" and f'check("{name}"' in block
    )
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign
    kept = [node for node in ast.parse(text).body if isinstance(node, kinds) or "check(" in ast.unparse(node)]
    return "\n".join(ast.unparse(node) for node in kept)
