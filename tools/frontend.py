"""A Sphinx extension that puts what the pages load into the book: MathJax, and a figure for every explorer.

Nothing is fetched by a reader's browser from anywhere else. The packages are those of package-lock.json. Of what the
theme and the notebooks bring, only what a page shows is kept.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils.nodes import citation
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

PACKAGES = Path(__file__).resolve().parent.parent / "node_modules"
# What is taken from each package, by its place below _static/vendor.
VENDOR = {
    "mathjax": (
        "mathjax/es5",
        [
            *("startup.js", "core.js", "a11y/assistive-mml.js", "input/tex.js", "input/tex/extensions/*"),
            *("output/chtml.js", "output/chtml/fonts/tex.js", "output/chtml/fonts/woff-v2/*"),
        ],
    ),
}
# In the theme's icon script: a name, then its width, height, other names, code point and outline.
ICON = re.compile(r'("?)([\w-]+)\1:\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')
VIEW = re.compile(r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>', re.DOTALL)
Visit = Callable[[Any, Any], None]


def check(app: Sphinx) -> None:
    """Stop before anything is built if a package is missing."""
    for source, patterns in VENDOR.values():
        for pattern in patterns:
            if not any((PACKAGES / source).glob(pattern)):
                raise ExtensionError(
                    f"node_modules lacks {source}/{pattern}: run `npm ci --ignore-scripts`, or `make book`, first"
                )


def finish_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Give every widget a figure that stands in for it until it lives, and leave out what no page shows."""
    body = context.get("body", "")
    files = getattr(app.env, "nb_metadata", {}).get(pagename, {}).get("js_files", {})
    if "ipywidgets_state" in files:
        path, script = files["ipywidgets_state"]
        state = json.loads(script["body"])
        shown = {json.loads(view)["model_id"] for view in VIEW.findall(body)}
        state["state"] = {name: model for name, model in state["state"].items() if name in shown}
        body = VIEW.sub(lambda view: view[0] + stand_in(json.loads(view[1])["model_id"], state["state"]), body)
        files["ipywidgets_state"] = path, script | {"body": json.dumps(state).replace("</", r"<\/")}
    context["body"] = body


def stand_in(name: str, models: dict[str, dict[str, Any]]) -> str:
    """Return what stands in for a widget: for an explorer the frame with which it starts, and a word."""
    state = models[name]["state"]
    if "stand_in" in state:
        return f'<div data-stands-for="{name}">{state["stand_in"]}</div>'
    place = 0
    for control, position in zip(state["controls"], state["position"], strict=True):
        place = place * len(control["values"]) + position
    frame = f"<style>{state['_css']}</style>{state['head']}{state['frames'][place]}"
    word = "<p>This is where the explorer starts. Its controls come with a script of this page, which has not run.</p>"
    return f'<div class="explorer book-widget" data-stands-for="{name}">{frame}{word}</div>'


def mended(visit: Visit, hindrance: str, better: str) -> Visit:
    """Return a writer of a node that writes what `visit` does, but for what is in a screen reader's way."""

    def visit_mended(translator: Any, node: Any) -> None:
        start = len(translator.body)
        visit(translator, node)
        translator.body[start:] = [tag.replace(hindrance, better) for tag in translator.body[start:]]

    return visit_mended


def copy_packages(app: Sphinx, error: Exception | None) -> None:
    """Copy the packages' files next to the book's own static files."""
    if error is not None or app.builder.format != "html":
        return
    for target, (source, patterns) in VENDOR.items():
        for pattern in patterns:
            for path in (PACKAGES / source).glob(pattern):
                into = Path(app.outdir, "_static", "vendor", target, path.relative_to(PACKAGES / source))
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, into)


def subset_icons(app: Sphinx, error: Exception | None) -> None:
    """Keep in the theme's icon script, two thirds of what a page would weigh, only the icons that the pages name."""
    script = Path(app.outdir, "_static", "scripts", "fontawesome.js")
    if error is not None or not script.exists():
        return
    pages = [*Path(app.outdir).rglob("*.html"), *script.parent.glob("*theme.js")]
    named = {name for page in pages for name in re.findall(r"\bfa-([\w-]+)", page.read_text(encoding="utf-8"))}

    def keep(icon: re.Match[str]) -> str:
        return icon[0] if named & {icon[2], *re.findall(r"[\w-]+", icon[3])} else ""

    script.write_text(ICON.sub(keep, script.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    # A name that hides the words inside of it, and a role that is no more.
    fold = mended(visit_HideCellInput, ' aria-label="Toggle hidden content"', "")
    cite = mended(HTML5Translator.visit_citation, "doc-biblioentry", "listitem")
    app.add_node(HideCodeCellNode, override=True, html=(fold, depart_HideCellInput))
    app.add_node(citation, override=True, html=(cite, HTML5Translator.depart_citation))
    app.connect("builder-inited", check)
    app.connect("html-page-context", finish_page, priority=100)  # before MyST-NB writes the state into the page
    app.connect("build-finished", copy_packages)
    app.connect("build-finished", subset_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
