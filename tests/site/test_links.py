"""A notebook reads well where no book is built: plain Markdown, and links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import links
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from pages import NOTEBOOKS, ROOT, cells_of, name_of

EACH_NOTEBOOK = pytest.mark.parametrize("page", NOTEBOOKS, ids=name_of)
CHAPTERS = ROOT / "chapters"
MYST = re.compile(r"\{[\w:]+\}`|^\([\w-]+\)=$|^\$\$ \(|^(?:`{3,}|:{3,})\{|^\{[.#]", re.MULTILINE)
LINK = re.compile(r"\]\(((?!https?:)[^)#\s]*)(?:#([^)\s]+))?\)")

BOTH = [  # as a notebook has it, as the book reads it
    ('<a id="layers-init"></a>\n## How large?', "(layers-init)=\n## How large?"),
    ("[weights](02_layer_primitives.ipynb#layers-init)", "[weights](#layers-init)"),
    ("[$W^\\top$](prerequisites.md#pre-transpose)", "[$W^\\top$](#pre-transpose)"),
    ("by [(4)](02_layer_primitives.ipynb#eq-dx),", "by {eq}`eq-dx`,"),
    ("([Polyak, 1964](references.bib#polyak1964))", "{cite:p}`polyak1964`"),
    ("[Glorot and Bengio (2010)](references.bib#glorot2010)", "{cite:t}`glorot2010`"),
    ("[LeCun et al. (1998)](references.bib#lecun1998efficient)", "{cite:t}`lecun1998efficient`"),
    ("[central difference](glossary.md#term-central-difference)", "{term}`central difference`"),
    (
        'No number:\n\n$$\na = 1\n$$\n\nBut:\n<a id="eq-dx"></a>\n$$\nb\n= 2 . \\tag{4}\n$$\nsince',
        "No number:\n\n$$\na = 1\n$$\n\nBut:\n$$\nb\n= 2 .\n$$ (eq-dx)\nsince",
    ),
    ("[a page](03_network_training.ipynb), $f(x)=1$, (see [there](https://example.org/#x))",) * 2,
]


@pytest.mark.parametrize(("plain", "myst"), BOTH)
def test_a_notebook_and_the_book_say_the_same(plain: str, myst: str) -> None:
    assert links.to_myst(plain) == myst
    assert links.to_plain(myst, "here.ipynb") == plain
    assert links.to_plain(plain, "here.ipynb") == plain, "a second time changes nothing"


def test_numbers_and_files_follow_what_they_name() -> None:
    assert links.to_plain("[(9)](x.ipynb#eq-dx)", "here.ipynb") == "[(4)](02_layer_primitives.ipynb#eq-dx)"
    assert links.to_plain("[(9)](x.ipynb#eq-dx)", "02_layer_primitives.ipynb") == "[(4)](#eq-dx)"


def test_a_figure_that_is_linked_to_gets_an_anchor_above_it() -> None:
    figures = [new_code_cell(metadata={"mystnb": {"figure": {"name": name}}}) for name in ("fig-race", "fig-nobody")]
    cells = [new_markdown_cell("Predict."), new_code_cell("1"), *figures]
    for _ in range(2):
        links.make_plain(cells, "here.ipynb")
        assert cells[0].source == 'Predict.\n\n<a id="fig-race"></a>'
    assert links.to_myst(cells[0].source) == "Predict."


@EACH_NOTEBOOK
def test_no_myst_stands_in_a_notebook(page: str) -> None:
    for cell in cells_of(page, "markdown"):
        assert not MYST.findall(cell.source), f"run `make notebooks`:\n{cell.source}"


def anchors(name: str) -> set[str]:
    """What can be linked to in a file beside the notebooks."""
    path = CHAPTERS / name
    if name.endswith(".bib"):
        return set(re.findall(r"^@\w+\{(\w+),", path.read_text("utf-8"), re.MULTILINE))
    if name == "glossary.md":
        terms = re.findall(r"^([^\s:`(#{][^\n]*)\n(?: |:)", path.read_text("utf-8"), re.MULTILINE)
        return {f"term-{term.lower().replace(' ', '-')}" for term in terms}
    text = path.read_text("utf-8")
    if name.endswith(".ipynb"):
        text = "\n".join(cell.source for cell in nbformat.reads(text, 4).cells if cell.cell_type == "markdown")
    return set(re.findall(r'<a id="([\w-]+)"></a>', text))


@EACH_NOTEBOOK
def test_every_link_of_a_notebook_leads_somewhere_without_a_book(page: str) -> None:
    for cell in cells_of(page, "markdown"):
        for name, anchor in LINK.findall(cell.source):
            assert not name or (CHAPTERS / name).is_file(), name
            assert not anchor or anchor in anchors(name or f"{name_of(page)}.ipynb"), f"{name}#{anchor}"


@EACH_NOTEBOOK
def test_a_formula_has_the_same_number_in_the_notebook_and_in_the_book(page: str, site: Path) -> None:
    html = (site / f"{page}.html").read_text("utf-8")
    shown = re.findall(r'<div class="math[^>]*id="equation-(eq-[\w-]+)">\s*<span class="eqno">\((\d+)\)', html)
    tagged = "\n".join(cell.source for cell in cells_of(page, "markdown"))
    assert shown == re.findall(r'^<a id="(eq-[\w-]+)"></a>\n\$\$\n(?:(?!\$\$).)*?\\tag\{(\d+)\}', tagged, re.M | re.S)
