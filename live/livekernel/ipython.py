"""The few names of IPython that the book and its libraries import."""

from __future__ import annotations

import base64
import builtins
import sys
import types
from typing import Any

from livekernel import shown

MIMES = {
    "Markdown": "text/markdown",
    "HTML": "text/html",
    "Latex": "text/latex",
    "Math": "text/latex",
    "SVG": "image/svg+xml",
    "Image": "image/png",
    "Pretty": "text/plain",
}


class DisplayObject:
    """Something with one representation; its subclasses are called Markdown, HTML and so on."""

    mime = "text/plain"

    def __init__(self, data: Any = None, **_: Any) -> None:
        self.data = data

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        data = base64.b64encode(self.data).decode() if isinstance(self.data, bytes) else self.data
        return {self.mime: data}

    def __repr__(self) -> str:
        return f"<IPython.core.display.{type(self).__name__} object>"


def module(name: str, **names: Any) -> types.ModuleType:
    """Put a module of this name in the place of one that is not installed."""
    made = sys.modules[name] = types.ModuleType(name)
    made.__dict__.update(names, __path__=[])
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, made)
    return made


def no_input(prompt: str = "") -> str:
    """Say that a page cannot ask."""
    raise RuntimeError("input() does not work on a page: write the answer into the cell instead.")


def install() -> None:
    """Make `import IPython`, `display` and the like work, as far as the book needs them."""
    kinds = {kind: type(kind, (DisplayObject,), {"mime": mime}) for kind, mime in MIMES.items()}
    names = {"get_ipython": lambda: None, "display": shown.display}
    module("IPython", version_info=(9, 0, 0, ""), __version__="9.0.0", **names)
    module("IPython.display", display=shown.display, clear_output=shown.clear_output, **kinds)
    module("IPython.core")
    module("IPython.core.getipython", get_ipython=names["get_ipython"])
    module("IPython.core.interactiveshell", InteractiveShell=type("InteractiveShell", (), {}))
    module("jupyterlab_widgets")
    module("widgetsnbextension")
    builtins.input = no_input
    sys.modules["__main__"].__dict__.update(names)
