"""The front end of a widget: its script and its style, each behind what all widgets of the book share."""

from __future__ import annotations

from pathlib import Path

SHARED = Path(__file__).with_name("dom")


def script(path: Path) -> str:
    """Return the text of a widget's module, with the functions of `dom.js` before it."""
    return _both(path, ".js")


def style(path: Path) -> str:
    """Return the text of a widget's style, after that of `dom.css`."""
    return _both(path, ".css")


def _both(path: Path, kind: str) -> str:
    return "".join(one.with_suffix(kind).read_text(encoding="utf-8") for one in (SHARED, path))
