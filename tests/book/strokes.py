"""Digits as polylines, drawn by no hand: several ways to write each, leaning, narrow, shaky, anywhere, of any size."""

from __future__ import annotations

from typing import Any

import numpy as np


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, n: int = 24) -> list[tuple[float, float]]:
    """Part of an ellipse, by angles in degrees: 0 is to the right, 90 down."""
    t = np.radians(np.linspace(start, end, n))
    return list(zip(x + rx * np.cos(t), y + ry * np.sin(t), strict=True))


# By the digit: ways to write it, each a list of strokes in a box from (0, 0) to (1, 1).
WAYS: dict[int, list[list[Any]]] = {
    0: [[arc(0.5, 0.5, 0.3, 0.48, -90, 270)]],
    1: [[[(0.5, 0), (0.5, 1)]], [[(0.3, 0.25), (0.5, 0), (0.5, 1)]]],
    2: [[[*arc(0.5, 0.28, 0.3, 0.28, 180, 380), (0.2, 1), (0.85, 1)]]],
    3: [[arc(0.45, 0.26, 0.3, 0.26, -150, 90) + arc(0.45, 0.75, 0.35, 0.25, -90, 150)]],
    4: [
        [[(0.6, 0), (0.1, 0.65), (0.9, 0.65)], [(0.65, 0.35), (0.65, 1)]],
        [[(0.2, 0), (0.15, 0.5), (0.85, 0.5)], [(0.8, 0), (0.75, 1)]],
    ],
    5: [[[(0.8, 0), (0.25, 0), (0.2, 0.45), *arc(0.45, 0.7, 0.36, 0.3, -120, 130)]]],
    6: [
        [[(0.7, 0), *arc(0.48, 0.7, 0.3, 0.3, -160, -520, 30)]],
        [[(0.65, 0), (0.4, 0.25), *arc(0.48, 0.7, 0.3, 0.3, 190, -180, 30)]],
    ],
    7: [[[(0.15, 0), (0.85, 0), (0.4, 1)]], [[(0.15, 0), (0.85, 0), (0.4, 1)], [(0.3, 0.5), (0.8, 0.5)]]],
    8: [[arc(0.5, 0.25, 0.25, 0.25, 90, -270) + arc(0.5, 0.75, 0.32, 0.25, -90, 270)]],
    9: [
        [[*arc(0.5, 0.3, 0.3, 0.3, 0, -360), (0.78, 0.3), (0.7, 1)]],
        [[*arc(0.5, 0.3, 0.3, 0.3, 0, -360), (0.8, 0.3), *arc(0.45, 0.75, 0.33, 0.25, 0, 120, 10)]],
    ],
}


def drawn(strokes: list[Any], rng: Any, lean: float = 0.0, width: float = 0.7, shake: float = 0.015) -> list[Any]:
    """Strokes as a hand might draw them, leaning to the right, narrower than high, with a tremor."""
    result = []
    for stroke in strokes:
        points = np.array(stroke, float) + rng.normal(0, shake, (len(stroke), 2))
        points[:, 0] = width * points[:, 0] - lean * (points[:, 1] - 0.5)
        result.append(points)
    return result
