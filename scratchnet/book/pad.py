"""A pad to draw digits on, which a network answers: Python brings a drawing to the form of the data, and reads it.

The front end, pad.js, sends the strokes and shows what comes back. It computes nothing of the network itself: where no
Python runs, it shows the drawings stored here with the answers they had when the widget was made.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from scratchnet.book import drawing, front_end

HERE = Path(__file__).parent
MOST = 4000  # points of a drawing that are looked at
Strokes = list[list[list[float]]]


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[list[float]]:
    """Return part of an ellipse by angles in degrees: 0 is to the right, 90 down."""
    t = np.radians(np.linspace(start, end, 25))
    return np.stack([x + rx * np.cos(t), y + ry * np.sin(t)], axis=1).round(3).tolist()


# Drawings in a square from (0, 0) to (1, 1), by what is on their button.
THREE = _arc(0.48, 0.32, 0.17, 0.17, -160, 85) + _arc(0.48, 0.67, 0.2, 0.18, -85, 160)
STORED: dict[str, Strokes] = {
    "0": [_arc(0.5, 0.5, 0.2, 0.34, -80, 290)],
    "1": [[[0.4, 0.28], [0.53, 0.14], [0.5, 0.86]]],
    "2": [[*_arc(0.5, 0.34, 0.2, 0.19, -170, 35), [0.3, 0.84], [0.74, 0.83]]],
    "3": [THREE],
    "4": [[[0.52, 0.15], [0.28, 0.58], [0.74, 0.57]], [[0.6, 0.4], [0.58, 0.86]]],
    "5": [[[0.68, 0.16], [0.38, 0.17], [0.35, 0.46], *_arc(0.48, 0.64, 0.2, 0.21, -120, 140)]],
    "6": [[[0.62, 0.13], [0.42, 0.36], *_arc(0.5, 0.67, 0.18, 0.19, 200, -170)]],
    "7": [[[0.3, 0.17], [0.7, 0.18], [0.44, 0.86]], [[0.4, 0.52], [0.66, 0.5]]],
    "8": [_arc(0.5, 0.32, 0.15, 0.17, 80, -270) + _arc(0.5, 0.67, 0.18, 0.18, -90, 260)],
    "9": [[*_arc(0.5, 0.36, 0.18, 0.19, 0, -350), [0.66, 0.4], [0.62, 0.66], *_arc(0.46, 0.68, 0.16, 0.17, 10, 130)]],
    "a small 3 in a corner": [[[round(0.02 + 0.3 * x, 3), round(0.02 + 0.3 * y, 3)] for x, y in THREE]],
    "a cross, which is no digit": [[[0.25, 0.2], [0.75, 0.8]], [[0.75, 0.2], [0.25, 0.8]]],
}


class Pad(anywidget.AnyWidget):
    """A square to draw in, the 8 × 8 image that the network gets of it, and the probabilities that it answers with.

    net: anything with predict_proba(X) for images X (N, 64), numbers from 0 to 1, that returns (N, 10). Raises
    ValueError for probabilities of another shape.
    """

    _esm = front_end.script(HERE / "pad")
    _css = front_end.style(HERE / "pad")

    stored: Any = traitlets.List().tag(sync=True)
    stand_in = traitlets.Unicode().tag(sync=True)

    def __init__(self, net: Any) -> None:
        self.net = net
        stored = [{"name": name, "strokes": strokes} | self.answer(strokes) for name, strokes in STORED.items()]
        super().__init__(stored=stored, stand_in=_figure(stored[0]))
        self.on_msg(self._receive)

    def answer(self, strokes: Sequence[Any]) -> dict[str, Any]:
        """Return what the network makes of strokes: the image it gets, ten probabilities, and a sentence."""
        found = drawing.points(strokes)
        if not found:
            return {"image": [], "probabilities": [], "said": "Draw something."}
        if sum(map(len, found)) > MOST:
            raise ValueError(f"a drawing may have {MOST} points at most")
        image = drawing.read(found)
        P = np.asarray(self.net.predict_proba(image.reshape(1, -1) / 16))
        if P.shape != (1, 10):
            raise ValueError(f"what predict_proba returns must have shape (1, 10), got {P.shape}")
        best, second = np.argsort(P[0])[::-1][:2]
        said = f"Read as {best}, probability {P[0, best]:.2f}; next {second}, {P[0, second]:.2f}."
        return {"image": image.ravel().tolist(), "probabilities": P[0].round(3).tolist(), "said": said}

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Answer a drawing; whatever is wrong with it is said, since the front end waits for an answer."""
        if not isinstance(message, dict) or "strokes" not in message:
            return
        try:
            answer = self.answer(message["strokes"])
        except Exception as error:
            answer = {"image": [], "probabilities": [], "said": f"{type(error).__name__}: {error}"}
        self.send({"number": message.get("number")} | answer)

    def __repr__(self) -> str:
        """What a front end without widgets prints in its place."""
        return f"Pad to draw a digit on, with {len(self.stored)} stored drawings"


def _figure(one: dict[str, Any]) -> str:
    """Return a stored drawing with its answer as HTML, for where no script runs."""
    lines = "".join(
        f'<polyline points="{" ".join(f"{x:g},{y:g}" for x, y in stroke)}" fill="none" stroke="currentColor" '
        'stroke-width="0.05" stroke-linecap="round" stroke-linejoin="round"/>'
        for stroke in one["strokes"]
    )
    squares = "".join(
        f'<rect x="{k % 8}" y="{k // 8}" width="1" height="1" fill="currentColor" fill-opacity="{count / 16:g}"/>'
        for k, count in enumerate(one["image"])
    )
    name = html.escape(one["name"])
    return (
        f'<figure class="pad-stand-in"><svg viewBox="0 0 1 1" width="160" role="img" aria-label="A drawing: {name}">'
        f'{lines}</svg> <svg viewBox="0 0 8 8" width="160" role="img" aria-label="The 8 by 8 image that the network '
        f'gets of it">{squares}</svg><figcaption>A drawing, and what the network gets. {html.escape(one["said"])} '
        "To draw takes a script of this page, which has not run.</figcaption></figure>"
    )
