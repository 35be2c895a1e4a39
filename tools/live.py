"""A Sphinx extension that lets a reader make a page live: it adds what `runtime.py` makes to every page with code."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import runtime
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

FIRST = ("live.js", "worker.js", "wasm.bin", "script.bin", "stdlib.bin", "core.bin", "book.bin")
ELSEWHERE = ("chapters/speed",)  # reads a file that lies beside the notebook
HOW = """\
Install the library with the line that each page of the book shows under "Run it on your own computer", then run
python -m jupyterlab in this folder. Begin with 01_setup.ipynb.
"""
LONG_AGO = (2024, 1, 1, 0, 0, 0)  # so that the same notebooks make the same file
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
    if folder is None or pagename in ELSEWHERE or 'class="cell_input' not in context.get("body", ""):
        return
    sizes = json.loads((folder / "made.json").read_text(encoding="utf-8"))["sizes"]
    data: Any = {"data-bytes": str(sum(sizes[name] for name in FIRST)), "data-folder": Path(app.outdir).name}
    data["data-wheel"] = next(name for name in sizes if name.endswith(".whl"))
    app.add_js_file("live/start.js", defer="defer", **data)
    app.add_css_file("live/live.css")


def copy(app: Sphinx, error: Exception | None) -> None:
    """Put the runtime next to the book's own static files."""
    folder = app.config.live_folder
    if error is None and folder is not None:
        into = Path(app.outdir) / "_static" / "live"
        shutil.copytree(folder, into, dirs_exist_ok=True)
        into.joinpath("notebooks.zip").write_bytes(notebooks(Path(app.srcdir) / "chapters"))


def notebooks(chapters: Path) -> bytes:
    """Return a ZIP file of all notebooks, the data beside them, and a word on how to run them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("notebooks/README.txt", LONG_AGO), HOW)
        for path in sorted([*chapters.glob("*.ipynb"), *chapters.glob("*.json")]):
            archive.writestr(zipfile.ZipInfo(f"notebooks/{path.name}", LONG_AGO), path.read_bytes())
    return made.getvalue()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_config_value("live_folder", None, "")
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", offer)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
