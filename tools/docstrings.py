"""A small Sphinx extension: the library's docstrings are Markdown to the eye, autodoc wants reStructuredText.

Docstrings are read in a terminal or an editor far more often than in the book, so they keep to what reads well
there: `code`, fenced or indented blocks, and lines that start with "name: ". This turns those into reStructuredText
and escapes what it would take for markup: |z|, **sliders, b_.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

FENCE = re.compile(r"```(\w*)$")
ITEM = re.compile(r"([a-z_]\w*(?:, [a-z_]\w*)*): ")


def to_rst(lines: list[str]) -> list[str]:
    """Translate the lines of a docstring, whose common indentation has been removed."""
    out: list[str] = []
    in_list = False
    i = 0
    while i < len(lines):
        line = lines[i]
        fence = FENCE.match(line)
        if fence or line.startswith("    "):
            block, i = _block(lines, i, fenced=bool(fence))
            language = fence[1] if fence and fence[1] else "text"
            out += ["", f".. code-block:: {language}", "", *("    " + row if row else "" for row in block), ""]
            in_list = False
            continue
        starts_paragraph = i == 0 or not lines[i - 1].strip()
        item = ITEM.match(line)
        if item and (starts_paragraph or in_list):
            names = ", ".join(f"``{name}``" for name in item[1].split(", "))
            out += ["", f"- {names}: {_inline(line[item.end() :])}"]
            in_list = True
        elif in_list and line.strip():
            out.append("  " + _inline(line))
        else:
            out.append(_inline(line))
            in_list = False
        i += 1
    return out


def _block(lines: list[str], start: int, *, fenced: bool) -> tuple[list[str], int]:
    """Return a fenced or indented block without its marks, and the number of the line after it."""
    if fenced:
        stop = next((n for n in range(start + 1, len(lines)) if lines[n] == "```"), len(lines))
        return lines[start + 1 : stop], stop + 1
    stop = start
    while stop < len(lines) and (lines[stop].startswith("    ") or not lines[stop].strip()):
        stop += 1
    block = [line[4:] for line in lines[start:stop]]
    while not block[-1].strip():
        block.pop()
    return block, stop


def _inline(line: str) -> str:
    """Keep `code` as code, and escape what is not markup in the rest."""
    parts = re.split(r"`+([^`]+)`+", line)
    parts[0::2] = [re.sub(r"([\\*|]|(?<=\w)_(?!\w))", r"\\\1", part) for part in parts[0::2]]
    # The escaped space ends the code where a letter follows it at once, as in `Layer`s.
    parts[1::2] = [f"``{part}``\\ " for part in parts[1::2]]
    return "".join(parts).replace("\\  ", " ")


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Translate a docstring in place, as autodoc asks; what Python says of a named tuple's field says nothing."""
    lines[:] = [] if lines and lines[0].startswith("Alias for field number") else to_rst(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to autodoc."""
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
