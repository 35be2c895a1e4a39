"""Images of 8 × 8 numbers as figures and as panels of a frame: digits, weights, and what is taken for what."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scratchnet.book.frames import ALPHAS, LEVELS, PALETTE, png
from scratchnet.book.plotting import PROBABILITY, STYLE

SIDE = 8  # pixels of an image, across and down


def _grid(n: int, columns: int, size: float, title: float) -> tuple[Figure, np.ndarray]:
    rows = -(-n // columns)
    with plt.rc_context(STYLE):
        fig, axes = plt.subplots(rows, columns, figsize=(columns * size, rows * (size + title)), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    return fig, axes.ravel()


def plot_images(images: Any, titles: Sequence[str], columns: int = 5) -> Figure:
    """Draw images (n, 64) side by side, dark where there is ink, each below its title."""
    images = np.asarray(images, float).reshape(-1, SIDE, SIDE)
    fig, axes = _grid(len(images), columns, 1.15, 0.22 * max(title.count("\n") + 1 for title in titles))
    for image, title, ax in zip(images, titles, axes, strict=False):
        ax.imshow(image, cmap="Greys", vmin=0, vmax=images.max())
        ax.set_title(title, fontsize=9)
    return fig


def plot_weights(W: Any, columns: int = 8) -> Figure:
    """Draw every column of W (64, n) as an image: class 1's color where it is positive, class 0's where negative."""
    W = np.asarray(W, float)
    fig, axes = _grid(W.shape[1], columns, 0.9, 0.0)
    most = np.quantile(np.abs(W), 0.99)
    for column, ax in zip(W.T, axes, strict=False):
        ax.imshow(column.reshape(SIDE, SIDE), cmap=PROBABILITY, vmin=-most, vmax=most)
    return fig


def plot_confusion(C: Any, ax: Axes | None = None) -> Axes:
    """Write the counts of a confusion matrix into fields, the right ones framed, the wrong ones the darker the more."""
    C = np.asarray(C)
    if ax is None:
        with plt.rc_context(STYLE):
            ax = plt.subplots(figsize=(4.6, 4.2))[1]
    wrong = C - np.diag(np.diag(C))
    ax.imshow(wrong, cmap="Blues", vmin=0, vmax=2 * max(wrong.max(), 1))
    for (i, j), count in np.ndenumerate(C):
        if count:
            ax.text(j, i, str(int(count)), ha="center", va="center", weight="bold" if i == j else "normal")
    ax.set(xticks=range(len(C)), yticks=range(len(C)), xlabel="taken for", ylabel="is a")
    ax.grid(False)
    return ax


def plot_probabilities(P: Any, ax: Axes, label: int) -> Axes:
    """Draw the probabilities (10,) of the digits as bars, with a star above that of the label."""
    ax.bar(range(len(P)), P)
    ax.plot(label, P[label] + 0.06, "*", markersize=9)
    ax.set(xticks=range(len(P)), ylim=(0, 1.15), yticks=(0, 0.5, 1))
    return ax


def mosaic(images: Any, label: str, title: str, columns: int = 4) -> str:
    """Return a panel with images (n, 64), from -1 to 1, in one picture of the two classes' colors."""
    images = np.asarray(images, float).reshape(-1, SIDE, SIDE)
    rows, pitch = -(-len(images) // columns), SIDE + 1
    pixels = np.full((rows * pitch - 1, columns * pitch - 1), LEVELS, dtype=np.uint8)  # transparent between them
    for k, image in enumerate(images):
        i, j = pitch * (k // columns), pitch * (k % columns)
        shades = (np.clip(image, -1, 1) + 1) / 2 * (LEVELS - 1)
        pixels[i : i + SIDE, j : j + SIDE] = shades.round()
    height, width = pixels.shape
    return (
        f'<div><p>{html.escape(title)}</p><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{html.escape(label)}"><image width="{width}" height="{height}" '
        f'style="image-rendering: pixelated" href="{png(pixels, [*PALETTE, 0, 0, 0], ALPHAS + bytes(1))}"/></svg></div>'
    )
