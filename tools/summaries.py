"""A Sphinx extension that sets formulas and code in the line of a <details> that is always seen.

In a notebook `<summary>$x^2$ or `x`</summary>` is rendered by Jupyter; to MyST it is HTML that is left as it is.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

SUMMARY = re.compile(r"(?<=<summary>).*?(?=</summary>)", re.DOTALL)
MARKS = {
    re.compile(r"\$([^$]+)\$"): r'<span class="math notranslate nohighlight">\(\1\)</span>',
    re.compile(r"`([^`]+)`"): r'<code class="docutils literal notranslate"><span class="pre">\1</span></code>',
}


def render(summary: str) -> str:
    """Return the text of a summary as HTML."""
    for mark, replacement in MARKS.items():
        summary = mark.sub(replacement, summary)
    return summary


def finish_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Render every summary of a page."""
    context["body"] = SUMMARY.sub(lambda found: render(found[0]), context.get("body", ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("html-page-context", finish_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
