"""Matplotlib's backend of a live page: `plt.show()` shows every open figure below the cell."""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import FigureManagerBase as FigureManager
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from livekernel.shown import show_figures

__all__ = ["FigureCanvas", "FigureManager", "show"]


def show(*_: Any, **__: Any) -> None:
    """Show what is open."""
    show_figures()
