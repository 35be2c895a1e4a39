"""A Sphinx extension that lets a reader make a page live: it adds what `runtime.py` makes to every page with code."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import runtime
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

FIRST = ("live.js", "worker.js", "wasm.bin", "script.bin", "stdlib.bin", "core.bin", "book.bin")
log = logging.getLogger(__name__)


def prepare(app: Sphinx) -> None:
    """Make the runtime; where that is impossible, say so, and build pages that are only read."""
    if app.builder.format != "html" or os.environ.get("LIVE") == "0":
        return
    try:
        app.config.live_folder = runtime.prepare()
    except runtime.MismatchError as error:
        raise ExtensionError(str(error)) from error
    except runtime.UnavailableError as error:
        log.info("The pages of this build cannot be made live: %s", error)


def offer(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Load on a page with code the script with the button; all else comes when it is pressed."""
    folder: Path | None = app.config.live_folder
    if folder is None or 'class="cell_input' not in context.get("body", ""):
        return
    sizes = json.loads((folder / "made.json").read_text(encoding="utf-8"))["sizes"]
    data: Any = {"data-bytes": str(sum(sizes[name] for name in FIRST)), "data-folder": Path(app.outdir).name}
    app.add_js_file("live/start.js", defer="defer", **data)
    app.add_css_file("live/live.css")


def copy(app: Sphinx, error: Exception | None) -> None:
    """Put the runtime next to the book's own static files."""
    folder = app.config.live_folder
    if error is None and folder is not None:
        shutil.copytree(folder, Path(app.outdir) / "_static" / "live", dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_config_value("live_folder", None, "")
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", offer)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
