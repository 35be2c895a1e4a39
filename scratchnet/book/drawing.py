"""A drawing becomes what the network was trained on: put upright into a frame, drawn with a new pen, counted in blocks.

A drawing is a list of strokes, each an array (n, 2) of points, x to the right and y down, in any unit. Its place, its
size and the width of the pen leave no trace: the lines are drawn again. How, is read off the data: in all of it the
leftmost ink of the top row stands above that of the bottom row, a digit fills the height, and the amount of ink is
nearly the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

SIDE, BLOCK = 32, 4  # of a bitmap, and of the blocks in which its pixels are counted
BOX = np.array([20.0, 32.0])  # width and height of what a digit fills
PEN = 4.5  # width of a line of the data, in pixels
INK = 313  # pixels that are on in a digit of the data, the median
THIN, WIDE = 1.5, 5.0  # half the width of the thinnest and of the widest pen
WIDEN = 1.1  # how much more the width may be stretched than the height: a 1 stays narrow
ROUNDS = 3  # of putting upright and fitting, each of which disturbs the other a little


def points(strokes: Sequence[Any]) -> list[np.ndarray]:
    """Return the strokes that hold points, as arrays (n, 2). Raises ValueError for anything but finite points."""
    found = [np.asarray(stroke, float).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not all(np.isfinite(stroke).all() for stroke in found):
        raise ValueError("a stroke must hold finite points")
    return found


def boxed(strokes: Sequence[Any]) -> list[np.ndarray]:
    """Return the strokes moved and scaled, so that the drawn lines fill the box in the middle of the bitmap.

    The height always fills it. The width does too, unless that took more than WIDEN times the height's scale.
    """
    found = points(strokes)
    every = np.concatenate(found)
    low, high = every.min(axis=0), every.max(axis=0)
    across, upright = (BOX - PEN) / np.maximum(high - low, 1e-9 + 1e-9 * np.abs(every).max())
    if upright > 4 * across:  # a dash or a dot has no height to fill
        upright = across
    scale = np.array([min(across, WIDEN * upright), upright])
    return [SIDE / 2 + (stroke - (low + high) / 2) * scale for stroke in found]


def sheared(strokes: Sequence[Any]) -> list[np.ndarray]:
    """Return strokes in a bitmap's units with the leftmost ink of the top row above that of the bottom row."""
    picture = bitmap(strokes)
    rows = np.flatnonzero(picture.any(axis=1))
    top, bottom = rows[0], rows[-1]
    lean = (picture[top].argmax() - picture[bottom].argmax()) / max(bottom - top, 1)
    return [stroke + np.outer(stroke[:, 1], [lean, 0]) for stroke in points(strokes)]


def fitted(strokes: Sequence[Any]) -> list[np.ndarray]:
    """Return the strokes upright and in the box, as those of the data are, with points about a pixel apart."""
    found = [thinned(stroke) for stroke in boxed(strokes)]
    for _ in range(ROUNDS):
        found = boxed(sheared(found))
    return found


def thinned(stroke: np.ndarray) -> np.ndarray:
    """Return the points of a stroke that are a pixel from the one before, and its last: a hand leaves many more."""
    kept = [stroke[0]]
    for point in stroke[1:]:
        if np.abs(point - kept[-1]).max() >= 1:
            kept.append(point)
    return np.array([*kept, stroke[-1]] if len(stroke) > 1 else kept)


def distances(strokes: Sequence[Any]) -> np.ndarray:
    """Return how far the center of every pixel (32, 32) is from the nearest line."""
    centers = np.arange(SIDE) + 0.5
    nearest = np.full(SIDE * SIDE, np.inf)
    for stroke in points(strokes):
        x, y = (stroke[:-1] if len(stroke) > 1 else stroke).T  # where each piece of the line starts
        u, v = (np.diff(stroke, axis=0) if len(stroke) > 1 else np.zeros((1, 2))).T  # and where it goes
        right, down = np.tile(centers, SIDE)[:, None] - x, np.repeat(centers, SIDE)[:, None] - y  # (1024, pieces)
        along = np.clip((right * u + down * v) / np.maximum(u**2 + v**2, 1e-12), 0, 1)
        nearest = np.minimum(nearest, ((right - along * u) ** 2 + (down - along * v) ** 2).min(axis=1))
    return np.sqrt(nearest).reshape(SIDE, SIDE)


def bitmap(strokes: Sequence[Any]) -> np.ndarray:
    """Return the picture (32, 32) of fitted strokes, True where there is ink: with a pen that leaves INK pixels."""
    distance = distances(strokes)
    half = np.clip(np.partition(distance.ravel(), INK)[INK], THIN, WIDE)
    result: np.ndarray = distance < half
    return result


def counts(picture: np.ndarray) -> np.ndarray:
    """Return how many pixels of each 4 × 4 block of a bitmap (32, 32) are on: (8, 8), from 0 to 16."""
    n = SIDE // BLOCK
    result: np.ndarray = picture.reshape(n, BLOCK, n, BLOCK).sum(axis=(1, 3))
    return result


def read(strokes: Sequence[Any]) -> np.ndarray:
    """Return what the network is given of a drawing: counts (8, 8)."""
    return counts(bitmap(fitted(strokes)))
