"""How an object is shown: its representations by MIME type, as IPython finds them, and open figures."""

from __future__ import annotations

import base64
import io
import sys
from pprint import pformat
from typing import Any

from livekernel import outbox

METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "text/latex": "_repr_latex_",
    "application/json": "_repr_json_",
}


def bundle(thing: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the data and metadata of an object, or None if it has shown itself."""
    if isinstance(thing, type):
        return {"text/plain": repr(thing)}, {}
    if hasattr(thing, "_ipython_display_"):
        thing._ipython_display_()
        return None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if hasattr(thing, "_repr_mimebundle_"):
        given = thing._repr_mimebundle_(include=None, exclude=None) or {}
        data, metadata = given if isinstance(given, tuple) else (given, {})
    if type(thing).__module__ == "matplotlib.figure":
        data = {"image/png": png(thing)}
    for mime, method in METHODS.items():
        if mime not in data and callable(getattr(thing, method, None)):
            value = getattr(thing, method)()
            if isinstance(value, tuple):
                value, metadata[mime] = value
            if value is not None:
                data[mime] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    data.setdefault("text/plain", text(thing))
    return data, metadata


def text(thing: Any) -> str:
    """Return repr(thing), over several lines if it is a long list, tuple, set or dict."""
    plain = repr(thing)
    if type(thing) in (dict, list, tuple, set) and len(plain) > 79:
        return pformat(thing, width=79, sort_dicts=False)
    return plain


def display(*things: Any, raw: bool = False, metadata: dict[str, Any] | None = None, **_: Any) -> None:
    """Show objects below the cell; with raw=True they are dicts of data by MIME type."""
    outbox.flush()
    for thing in things:
        made = (thing, metadata or {}) if raw else bundle(thing)
        if made:
            outbox.emit({"output_type": "display_data", "data": made[0], "metadata": made[1]})


def clear_output(wait: bool = False) -> None:
    """Take away what the cell has shown, or, with wait=True, do so when it shows something new."""
    outbox.flush()
    if outbox.captured:
        outbox.captured[-1].outputs = ()
    else:
        outbox.send("clear", wait=wait)


def png(figure: Any) -> str:
    """Return a figure of matplotlib as PNG, in base64."""
    into = io.BytesIO()
    figure.savefig(into, format="png", bbox_inches="tight", metadata={"Software": None})
    return base64.b64encode(into.getvalue()).decode()


def show_figures() -> None:
    """Show every open figure, and close it, as a notebook does after a cell."""
    if plt := sys.modules.get("matplotlib.pyplot"):
        for number in plt.get_fignums():
            figure = plt.figure(number)
            display({"image/png": png(figure), "text/plain": "A figure without a description"}, raw=True)
        plt.close("all")
