"""What a picture costs: inference on its grid, drawing a decision boundary, and a slider's whole answer.

What draws is imported where it is timed, so that the other sections run without it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contenders import Floor, everyone, forward_products
from benchmarks.results import FLOOR, SCRATCHNET, Case
from benchmarks.task import chapter_task
from benchmarks.timing import Job, interleave

RESOLUTION = 300


def repeated(do: Callable[[], Any]) -> Callable[[], Job]:
    """Turn a function into what `interleave` takes, a preparation of a job; here nothing is to be prepared."""
    return lambda: lambda n: [do() for _ in range(n)]


def grid(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points of `plot_decision_boundary` (RESOLUTION², 2), and their coordinates as two matrices."""
    (left, bottom), (right, top) = X.min(axis=0) - 0.3, X.max(axis=0) + 0.3
    x1, x2 = np.meshgrid(np.linspace(left, right, RESOLUTION), np.linspace(bottom, top, RESOLUTION))
    return np.column_stack([x1.ravel(), x2.ravel()]).astype(X.dtype), x1, x2


def inference(seconds: float, chunk: float) -> Iterator[Case]:
    """Yield the seconds of one prediction for all points of the grid."""
    for dtype in ("float32", "float64"):
        task = chapter_task(dtype)
        points = grid(task.X)[0]
        floor = Floor(task.alone())
        floor.products = forward_products(points, [W for W, _ in task.weights()])
        jobs = {FLOOR: repeated(partial(floor, 1))}
        for name, contender in everyone().items():
            trained = contender(task)
            trained(1)
            jobs[name] = repeated(partial(trained.predict_proba, points))
        yield Case("inference", f"{RESOLUTION} x {RESOLUTION} {dtype}", interleave(jobs, seconds=seconds, chunk=chunk))


class Known:
    """A model whose probabilities for the grid have been computed before."""

    def __init__(self, P: np.ndarray) -> None:
        self.P = P

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return them."""
        return self.P


def drawing(seconds: float) -> Iterator[Case]:
    """Yield the seconds of a picture from figure to PNG, and those of drawing beyond bare axes and inference."""
    import matplotlib.pyplot as plt

    from scratchnet.book import plot_decision_boundary, plot_points, use_style
    from scratchnet.book.plotting import PROBABILITY, to_png

    task = chapter_task("float32", optimizer="Adam", lr=0.01)
    points, x1, x2 = grid(task.X)
    trained = everyone()[SCRATCHNET](task)
    trained(100)
    P = trained.predict_proba(points)
    field = P.reshape(x1.shape)

    def picture(draw: Callable[[Any], Any]) -> Callable[[], Job]:
        def make() -> None:
            fig, ax = plt.subplots(figsize=(5, 4.4))
            draw(ax)
            to_png(fig)

        return repeated(make)

    def bare(ax: Any) -> None:
        ax.grid(False)
        ax.set(xlabel="$x_1$", ylabel="$x_2$", title="Decision Boundary", aspect="equal")
        ax.set(xlim=(x1.min(), x1.max()), ylim=(x2.min(), x2.max()))

    def bands(ax: Any) -> None:
        ax.contourf(x1, x2, field, levels=np.linspace(0, 1, 51), cmap=PROBABILITY)
        bare(ax)

    def published(ax: Any) -> None:
        bands(ax)
        ax.contour(x1, x2, field, levels=[0.5], colors="black", linewidths=1.2)
        plot_points(task.X, task.y, ax)

    alone, whole = "plot_decision_boundary, inference done before", "plot_decision_boundary"
    pictures = {
        "bare axes": picture(bare),
        "50-level contourf, line and points": picture(published),
        "50-level contourf": picture(bands),
        alone: picture(lambda ax: plot_decision_boundary(Known(P), task.X, task.y, ax=ax)),
        whole: picture(lambda ax: plot_decision_boundary(trained, task.X, task.y, ax=ax)),
    }
    with plt.rc_context():
        use_style()
        times = interleave(pictures, seconds=seconds, chunk=0.05)
    times[SCRATCHNET] = times.pop(whole)
    yield Case("drawing", "figure to PNG", times)
    beyond = {name: values - times["bare axes"] for name, values in times.items() if "contourf" in name}
    yield Case("drawing", "beyond bare axes", beyond | {SCRATCHNET: times[alone] - times["bare axes"]})


def sliders(seconds: float) -> Iterator[Case]:
    """Yield the seconds that a slider of notebook 05 takes to answer a move between its two middle positions."""
    from scratchnet.book.sliders import depth_and_rate

    explorer = depth_and_rate()
    slider = explorer._sliders["depth"]
    middle = (len(slider.options) - 1) // 2
    positions = itertools.cycle(slider.options[middle : middle + 2])

    def move() -> None:
        slider.value = next(position for position in positions if position != slider.value)

    times = interleave({SCRATCHNET: repeated(move)}, seconds=seconds, chunk=0.05, warm_up=0)
    if explorer.error is not None:
        raise explorer.error
    yield Case("slider", "05_architecture_experiments, depth", times)
