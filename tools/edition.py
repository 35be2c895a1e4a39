"""A Sphinx extension for the book's two editions: with EDITION=student in the environment the solutions stay out.

They are left out before a page is read, so that neither the page nor the search index nor the notebook behind the
download button holds them: cells with the tag `solution`, and in pages of Markdown the text of dropdowns of the class
`solution`, of which the question stays.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

EDITIONS = ("", "student")
DROPDOWN = re.compile(r"^```\{dropdown\} (.*)\n:class-container: solution\n(?:.*\n)*?```$", re.MULTILINE)


def without_solutions(name: str, text: str) -> str:
    """Return the source of a page, a notebook or Markdown, without its solutions."""
    if not name.endswith(".ipynb"):
        return DROPDOWN.sub(r"**\1**", text)
    notebook = json.loads(text)
    notebook["cells"] = [cell for cell in notebook["cells"] if "solution" not in cell["metadata"].get("tags", [])]
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def check(app: Sphinx) -> None:
    """Refuse an edition that there is not."""
    if app.config.edition not in EDITIONS:
        raise ExtensionError(f"EDITION must be student or nothing, got {app.config.edition!r}")


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Take the solutions out of what a page is made from."""
    if app.config.edition == "student":
        source[0] = without_solutions(app.env.doc2path(docname), source[0])


def finish(app: Sphinx, error: Exception | None) -> None:
    """Take them out of the sources that the download button offers."""
    if error is None and app.config.edition == "student":
        for path in Path(app.outdir, "_sources").rglob("*.*"):
            path.write_text(
                without_solutions(path.name.removesuffix(".txt"), path.read_text(encoding="utf-8")), encoding="utf-8"
            )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_config_value("edition", os.environ.get("EDITION", ""), "env", str)
    app.connect("builder-inited", check)
    app.connect("source-read", read)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
