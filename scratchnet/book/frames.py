"""Pictures as text: HTML and SVG of a kilobyte or two that follow the theme, for explorers of hundreds of frames.

Everything is drawn from numbers that scratchnet computed. Words stay in HTML, where they do not shrink with a picture.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

import contourpy
import numpy as np
from PIL import Image

from scratchnet import checks
from scratchnet.book.plotting import COLORS, class_numbers

WIDTH, HEIGHT = 300, 216  # of a panel, in SVG units, which are about the pixels of a phone
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 10, 40  # margins of a panel with axes
LEVELS = 8  # shades from class 0 to class 1
DASHES = ("none", "6 3", "8 3 2 3", "2 3", "10 3", "6 2 1 2 1 2", "1 2")

STYLE = """\
.frame, .frame figcaption { margin: 0.5rem 0; color: var(--pst-color-text-base, var(--jp-ui-font-color1, #222)); }
.frame figcaption { text-align: start; }
.frame > div { display: grid; gap: 0.5rem 1.5rem; }
.frame > div { grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr)); }
.frame > div:has(> :nth-child(4)) { grid-template-columns: repeat(auto-fit, minmax(min(9.5rem, 100%), 1fr)); }
.frame > div > * { justify-self: center; width: 100%; max-width: 22rem; }
.frame svg { display: block; width: 100%; height: auto; font: 13px sans-serif; }
.frame p { margin: 0; font-size: 0.85rem; }
.frame text { fill: currentColor; }
.frame .grid { stroke: currentColor; opacity: 0.25; }
.frame .dots { stroke-width: 4; stroke-linecap: round; }
.frame .dots.k1 { stroke-linecap: square; }
.frame .line.faint { stroke: currentColor; stroke-width: 1; opacity: 0.35; }
.frame .edge { fill: none; stroke: currentColor; stroke-width: 1.4; }
.frame :is(.edge, .line) { vector-effect: non-scaling-stroke; }
.frame .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.frame .back { font-style: italic; }
.frame td { padding: 0 1rem 0 0; font-size: 0.85rem; text-align: start; vertical-align: top; }
.frame td:last-child { white-space: nowrap; }
@media (max-width: 40rem) { .frame > div > * { max-width: 14rem; } }
.frame-defs { position: absolute; width: 0; height: 0; }
.frame-c0, .frame-c1 { stroke: #fff; stroke-width: 0.5; }
"""
STYLE += ".frame-c0 {{ fill: {}; }} .frame-c1 {{ fill: {}; }}\n".format(*COLORS)
STYLE += "\n".join(
    f".frame .k{k} {{ stroke: {color}; fill: {color}; }} .frame .line.k{k} {{ fill: none; stroke-dasharray: {dash}; }}"
    for k, (color, dash) in enumerate(zip(("#3a8fd0", *COLORS[1:-1], "currentColor"), DASHES, strict=True))
)


def figure(caption: str, *panels: str) -> str:
    """Return panels side by side, one below the other on a phone, above a caption of plain text."""
    return f'<figure class="frame"><div>{"".join(panels)}</div><figcaption>{html.escape(caption)}</figcaption></figure>'


class Plane:
    """The part of the plane around the points X (N, 2), cut into resolution² squares.

    `grid` (resolution², 2) holds the center of every square, row by row from the top left. The points themselves
    are drawn once, in `defs`, which an explorer takes as its `head`.
    """

    def __init__(self, X: Any, y: Any, resolution: int = 44, margin: float = 0.3) -> None:
        X = checks.samples("X", X, 2)
        self.resolution = checks.positive_int("resolution", resolution, minimum=2)
        around = np.maximum(margin, 1e-6 * np.abs(X).max(axis=0))  # 0.3 is nothing next to 1e17
        self.low, self.high = X.min(axis=0) - around, X.max(axis=0) + around
        self.height = round(WIDTH * float(np.clip((self.high - self.low)[1] / (self.high - self.low)[0], 0.5, 1)))
        steps = (np.arange(self.resolution) + 0.5) / self.resolution
        x1 = self.low[0] + steps * (self.high[0] - self.low[0])
        x2 = self.high[1] - steps * (self.high[1] - self.low[1])
        self.grid = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
        numbers = class_numbers(X, y)
        if not np.isin(numbers, (0, 1)).all():
            raise ValueError(f"y must hold two classes, 0 and 1, got {np.unique(numbers).tolist()}")
        marks = "".join(map(self._mark, X, numbers))
        self._name = "points-" + hashlib.sha256(marks.encode()).hexdigest()[:8]  # no two explorers of a page share it
        self.defs = f'<svg class="frame-defs" aria-hidden="true"><defs><g id="{self._name}">{marks}</g></defs></svg>'

    def _mark(self, x: np.ndarray, k: int) -> str:
        u, v = (x - self.low) / (self.high - self.low) * (WIDTH, -self.height) + (0, self.height)
        if k == 0:
            return f'<circle cx="{u:.0f}" cy="{v:.0f}" r="2.6" class="frame-c0"/>'
        return f'<path d="M{u - 2.4:.0f} {v - 2.4:.0f}h5v5h-5z" class="frame-c1"/>'

    def picture(self, P: np.ndarray, label: str, title: str = "probability of class 1") -> str:
        """Return a panel with the probabilities P (resolution²,) of class 1 as shades, and the line where they are 0.5.

        The squares of the picture are coarse, the line is not: it runs between their centers.
        """
        P = np.clip(P.reshape(self.resolution, -1), 0, 1)
        shades = (P * (LEVELS - 1)).round().astype(np.uint8)
        across = (np.arange(self.resolution) + 0.5) / self.resolution
        edges = contourpy.contour_generator(across * WIDTH, across * self.height, P).lines(0.5)
        return (
            f'<div><p>{html.escape(title)}</p><svg viewBox="0 0 {WIDTH} {self.height}" role="img" '
            f'aria-label="{html.escape(label)}"><image width="{WIDTH}" height="{self.height}" '
            f'preserveAspectRatio="none" href="{png(shades)}"/>{_curve(edges, "edge")}'
            f'<use href="#{self._name}"/></svg></div>'
        )


def _within(curve: np.ndarray, top: float, bottom: float) -> list[np.ndarray]:
    """Return the parts of a curve (N, 2) between two heights, each up to where it crosses one of them."""
    for border in (top, bottom):
        side = np.sign(curve[:, 1] - border)
        (before,) = np.nonzero(side[:-1] * side[1:] < 0)
        start, way = curve[before], np.diff(curve, axis=0)[before]
        across = start + way * ((border - start[:, 1]) / way[:, 1])[:, None]
        across[:, 1] = border
        curve = np.insert(curve, before + 1, across, axis=0)
    (inside,) = np.nonzero((curve[:, 1] >= top) & (curve[:, 1] <= bottom))
    return [part for part in np.split(curve[inside], np.nonzero(np.diff(inside) > 1)[0] + 1) if len(part)]


def _curve(points: Any, kind: str) -> str:
    """Return curves, each of points (N, 2), as one path of the class `kind`.

    It goes in steps of half a pixel from point to point, which takes a third of the room of their coordinates.
    """
    parts = []
    for curve in points:
        halves = np.round(2 * np.asarray(curve)).astype(int)
        steps = [f"{u} {v}" for u, v in np.diff(halves, axis=0) if u or v]
        parts.append(f"M{halves[0, 0]} {halves[0, 1]}l{' '.join(steps) or '0 0'}")
    return f'<path d="{"".join(parts)}" transform="scale(.5)" class="{kind}"/>'


def _palette() -> tuple[list[int], bytes]:
    """Return the shades: class 0's color, then class 1's, each the more opaque the surer."""
    colors: list[int] = []
    alphas = []
    for share in np.linspace(-1, 1, LEVELS):
        color = COLORS[0] if share < 0 else COLORS[1]
        colors += [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        alphas.append(round(20 + 160 * abs(share)))
    return colors, bytes(alphas)


PALETTE, ALPHAS = _palette()


def png(shades: np.ndarray, palette: Sequence[int] = PALETTE, alphas: bytes = ALPHAS) -> str:
    """Return a picture of shades, each the number of a color in the palette, as the address of an image."""
    picture = Image.fromarray(shades)
    picture.putpalette(palette)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=alphas)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


class Axes:
    """A panel with a horizontal and a vertical axis, each (low, high) in the data's units; `log` is for the vertical.

    A curve ends where it leaves the panel; points and bars that lie outside are drawn on the border. x_ticks: mapping
    of positions to labels; y_ticks: values.
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        x_ticks: Mapping[float, str],
        y_ticks: Sequence[float],
        x_label: str,
        y_label: str,
        log: bool = False,
    ) -> None:
        self.x, self.y, self.log = x, y, log
        parts = []
        for value in y_ticks:
            v = self._v(np.array([value]))[0]
            parts.append(f'<path d="M{LEFT} {v:.0f}H{WIDTH - RIGHT}" class="grid"/>')
            parts.append(f'<text x="{LEFT - 5}" y="{v + 4:.0f}" text-anchor="end">{value:g}</text>')
        for value, text in x_ticks.items():
            u = self._u(np.array([value]))[0]
            parts.append(
                f'<text x="{u:.0f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{html.escape(text)}</text>'
            )
        middle = (LEFT + WIDTH - RIGHT) // 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{html.escape(x_label)}</text>')
        self._frame, self._label = "".join(parts), y_label

    def _u(self, x: np.ndarray) -> np.ndarray:
        return LEFT + (np.clip(x, *self.x) - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)

    def _v(self, y: np.ndarray, beyond: float = 0) -> np.ndarray:
        """Return where y is, at most so many heights of the panel above or below it."""
        low, high = self.y
        if self.log:
            low, high, y = np.log(low), np.log(high), np.log(np.maximum(y, np.finfo(float).tiny))
        share = np.clip(y / (high - low) - low / (high - low), -beyond, 1 + beyond)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def panel(self, label: str, *marks: str) -> str:
        """Return the panel; label says to a screen reader what it shows."""
        return (
            f'<div><p>{html.escape(self._label)}</p><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{html.escape(label)}">{self._frame}{"".join(marks)}</svg></div>'
        )

    def line(self, x: Any, y: Any, k: int | None = 0) -> str:
        """Return a curve in the k-th color and dash, or a faint one; entries that are not finite are left out."""
        x, y = np.asarray(x), np.asarray(y, float)
        shown = np.isfinite(y)
        if not shown.any():
            return ""
        curves = _within(np.stack([self._u(x[shown]), self._v(y[shown], beyond=1000)], axis=1), TOP, HEIGHT - BOTTOM)
        return _curve(curves, "line faint" if k is None else f"line k{k}") if curves else ""

    def points(self, Z: Any, y: Any) -> str:
        """Return the points Z (N, 2), each class in its color and shape."""
        Z = checks.samples("Z", Z, 2)
        numbers, places = class_numbers(Z, y), np.column_stack([self._u(Z[:, 0]), self._v(Z[:, 1])])
        return "".join(
            '<path d="{}" class="dots k{}"/>'.format("".join(f"M{u:.0f} {v:.0f}h0" for u, v in places[numbers == k]), k)
            for k in np.unique(numbers)
        )

    def upright(self, x: float) -> str:
        """Return a line from the bottom to the top of the panel at x."""
        return f'<path d="M{self._u(np.array(x)):.1f} {TOP}V{HEIGHT - BOTTOM}" class="edge"/>'

    def bars(self, x: Any, y: Any, width: float, k: int = 0) -> str:
        """Return bars from the bottom of the panel up to y, `width` in units of x."""
        x, y = np.asarray(x), np.asarray(y, float)
        shown = np.isfinite(y)
        half = width / 2 / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)
        path = "".join(
            f"M{u - half:.0f} {HEIGHT - BOTTOM}V{v:.0f}h{2 * half:.0f}V{HEIGHT - BOTTOM}z"
            for u, v in np.column_stack([self._u(x[shown]), self._v(y[shown])])
        )
        return f'<path d="{path}" class="bar k{k}"/>' if path else ""


def loss_axes(n_epochs: int, every: int, label: str) -> Axes:
    """Return the axes of losses by epoch, from 0.01 to 10, with a tick at every so many epochs."""
    return Axes(
        (0, n_epochs),
        (0.01, 10),
        log=True,
        x_ticks={epoch: str(epoch) for epoch in range(0, n_epochs + 1, every)},
        y_ticks=[0.01, 0.1, 1, 10],
        x_label="epoch",
        y_label=label,
    )
