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
In this folder, run
    python -m pip install jupyterlab "./{wheel}[notebooks]"
    python -m jupyterlab
and begin with 01_setup.ipynb. It takes Python 3.11 or newer.
"""
# Bytes of a page for what its long cells have defined, and for a second of computing, which takes four in a page. Those
# come first that save most time for their bytes.
ROOM, DEAREST = 2_500_000, 300_000
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
    data["data-all"] = str(sum(size for name, size in sizes.items() if not name.endswith(".whl")))
    data["data-wheel"] = next(name for name in sizes if name.endswith(".whl"))
    if long_cells(app, pagename):
        data["data-long"] = f"{place(pagename)}/cells.json"
    app.add_js_file("live/start.js", priority=900, defer="defer", **data)  # after what keeps things in the browser
    app.add_css_file("live/live.css")


def copy(app: Sphinx, error: Exception | None) -> None:
    """Put the runtime next to the book's own static files."""
    folder = app.config.live_folder
    if error is None and folder is not None:
        into = Path(app.outdir) / "_static" / "live"
        shutil.copytree(folder, into, dirs_exist_ok=True)
        into.joinpath("notebooks.zip").write_bytes(notebooks(Path(app.srcdir) / "chapters", next(folder.glob("*.whl"))))
        for pagename in app.env.found_docs:
            write_results(app, pagename, into)


def place(pagename: str) -> str:
    """Return the folder of what a page may take from its long cells, below that of the runtime."""
    return f"results/{pagename.rpartition('/')[2]}"


def left_by(app: Sphinx, pagename: str) -> Path | None:
    """Return the folder with what was left when a page was executed."""
    folder: Path | None = app.config.left_by_cells.get(Path(app.env.doc2path(pagename)))
    return folder if folder is not None and (folder / "cells.json").exists() else None


def long_cells(app: Sphinx, pagename: str) -> dict[str, Any] | None:
    """Return what is known of the cells of a page that take long, if there are any."""
    if (folder := left_by(app, pagename)) is None:
        return None
    report: dict[str, Any] = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    return report if report["cells"] else None


def write_results(app: Sphinx, pagename: str, into: Path) -> None:
    """Write how long cells take, and what the longest have defined, as far as the page has room for it."""
    folder, report = left_by(app, pagename), long_cells(app, pagename)
    if folder is None or report is None:
        return
    target = into / place(pagename)
    target.mkdir(parents=True, exist_ok=True)

    def price(cell: dict[str, Any]) -> float:
        return 0 if "absent" in cell else cell.get("bytes", 0) / cell["seconds"]

    room = ROOM
    for cell in sorted(report["cells"], key=price):
        if "bytes" in cell and cell["bytes"] <= room and price(cell) <= DEAREST:
            room -= cell["bytes"]
            cell["file"] = f"{place(pagename)}/{cell['number']}.bin"
            shutil.copyfile(folder / f"{cell['number']}.bin", into / cell["file"])
    (target / "cells.json").write_text(json.dumps(report), encoding="utf-8")


def notebooks(chapters: Path, wheel: Path) -> bytes:
    """Return a ZIP file of all notebooks, the data beside them, the library, and a word on how to run them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("notebooks/README.txt", LONG_AGO), HOW.format(wheel=wheel.name))
        for path in [*sorted([*chapters.glob("*.ipynb"), *chapters.glob("*.json")]), wheel]:
            archive.writestr(zipfile.ZipInfo(f"notebooks/{path.name}", LONG_AGO), path.read_bytes())
    return made.getvalue()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_config_value("live_folder", None, "")
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", offer)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
