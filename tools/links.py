r"""A Sphinx extension that lets a notebook be plain Markdown, which every viewer shows, and the book still MyST.

    in a notebook                                           what the book reads
    <a id="layers-init"></a>                                (layers-init)=
    [weights](02_layer_primitives.ipynb#layers-init)        [weights](#layers-init)
    <a id="eq-dx"></a>, and a formula that ends in \tag{4}  the formula, and $$ (eq-dx)
    [(4)](02_layer_primitives.ipynb#eq-dx)                  {eq}`eq-dx`
    ([Polyak, 1964](references.bib#polyak1964))             {cite:p}`polyak1964`
    [Polyak (1964)](references.bib#polyak1964)              {cite:t}`polyak1964`
    [dropout](glossary.md#term-dropout)                     {term}`dropout`

You may write either. `make notebooks` makes the second to the first, with the files, numbers and names that are right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from pybtex.database import parse_file
from sphinx.application import Sphinx

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
FORMULA = r"^\$\$\n((?:(?!\$\$).)*?)"
FILE = r"[\w.-]+\.(?:ipynb|md)"
TO_MYST = [
    (rf'^<a id="(eq-[\w-]+)"></a>\n{FORMULA.lstrip("^")} \\tag\{{\d+\}}\n\$\$$', r"$$\n\2\n$$ (\1)"),
    (r'\n+<a id="fig-[\w-]+"></a>', ""),  # the figure says its name itself
    (r'^<a id="([\w-]+)"></a>$', r"(\1)="),
    (rf"\[\(\d+\)\]\((?:{FILE})?#(eq-[\w-]+)\)", r"{eq}`\1`"),
    (r"\(\[[^\]]+\]\(references\.bib#(\w+)\)\)", r"{cite:p}`\1`"),
    (r"\[[^\]]+\]\(references\.bib#(\w+)\)", r"{cite:t}`\1`"),
    (r"\[([^\]]+)\]\(glossary\.md#term-[\w-]+\)", r"{term}`\1`"),
    (rf"\]\({FILE}#([\w-]+)\)", r"](#\1)"),
]
LABELLED = re.compile(rf"{FORMULA}\n\$\$ \((eq-[\w-]+)\)$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
LINK = re.compile(r"\]\(#([\w-]+)\)")


def to_myst(text: str) -> str:
    """Return a text as the book reads it."""
    for pattern, replacement in TO_MYST:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE | re.DOTALL)
    return text


def to_plain(text: str, name: str) -> str:
    """Return a text of the notebook of this name as every viewer shows it."""
    text = to_myst(text)
    text = LABELLED.sub(lambda m: f'<a id="{m[2]}"></a>\n$$\n{m[1]} \\tag{{{numbers().get(m[2], 0)}}}\n$$', text)
    text = TARGET.sub(r'<a id="\1"></a>', text)
    text = re.sub(r"\{eq\}`([\w-]+)`", lambda m: f"[({numbers().get(m[1], 0)})](#{m[1]})", text)
    text = re.sub(r"\{cite(?::p)?\}`(\w+)`", lambda m: f"([{citation(m[1], '{}, {}')}](references.bib#{m[1]}))", text)
    text = re.sub(r"\{cite:t\}`(\w+)`", lambda m: f"[{citation(m[1], '{} ({})')}](references.bib#{m[1]})", text)
    text = re.sub(r"\{term\}`([^`]+)`", lambda m: f"[{m[1]}](glossary.md#term-{m[1].lower().replace(' ', '-')})", text)
    return LINK.sub(lambda m: f"]({place}#{m[1]})" if (place := places().get(m[1], name)) != name else m[0], text)


def make_plain(cells: Iterable[Any], name: str) -> None:
    """Bring the text of a notebook's cells to plain Markdown, in place, with an anchor above each figure linked to."""
    text = None
    for cell in cells:
        if cell["cell_type"] == "markdown":
            text = cell
            cell["source"] = to_plain("".join(cell["source"]), name)
        elif text is not None and (figure := figure_of(cell)) and figure in linked():
            text["source"] += f'\n\n<a id="{figure}"></a>'


def figure_of(cell: Any) -> str:
    """Return the name of the figure that a cell makes, or nothing."""
    return str(cell["metadata"].get("mystnb", {}).get("figure", {}).get("name", ""))


@cache
def texts() -> dict[str, list[str]]:
    """Return what the book reads of each page: its texts, and where a figure is named, its target."""
    found = {path.name: [to_myst(path.read_text(encoding="utf-8"))] for path in CHAPTERS.glob("*.md")}
    for path in CHAPTERS.glob("*.ipynb"):
        found[path.name] = [
            to_myst("".join(cell["source"])) if cell["cell_type"] == "markdown" else f"({figure_of(cell)})="
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        ]
    return found


@cache
def places() -> dict[str, str]:
    """Return the file of everything that can be linked to."""
    return {
        label: name
        for name, pieces in texts().items()
        for piece in pieces
        for label in [*TARGET.findall(piece), *(label for _, label in LABELLED.findall(piece))]
    }


@cache
def numbers() -> dict[str, int]:
    """Return the number of every formula that has one: they count from 1 on each page."""
    pages = [[label for piece in pieces for _, label in LABELLED.findall(piece)] for pieces in texts().values()]
    return {label: number for page in pages for number, label in enumerate(page, 1)}


@cache
def linked() -> set[str]:
    """Return everything that a notebook links to."""
    pieces = [piece for name in texts() if name.endswith(".ipynb") for piece in texts()[name]]
    return {label for piece in pieces for label in LINK.findall(piece)}


@cache
def citation(key: str, form: str) -> str:
    """Return who wrote a work of the bibliography, and when."""
    work = parse_file(CHAPTERS / "references.bib").entries[key]
    names = ["".join(map(str, person.rich_last_names)) for person in work.persons["author"]]
    who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return form.format(who, work.fields["year"])


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Hand the book what it reads in place of what stands in the file."""
    if not app.env.doc2path(docname).endswith(".ipynb"):
        source[0] = to_myst(source[0])
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = to_myst("".join(cell["source"]))
    source[0] = json.dumps(notebook)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
