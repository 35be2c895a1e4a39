"""Figures: one style, colors that color-blind readers can tell apart, and an alt text with every picture.

Functions that take `ax` draw into it, or into a new figure, and return it. Nothing here trains or changes a network.
"""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from scratchnet import checks
from scratchnet.network import NeuralNetwork

# Okabe and Ito's palette, in the order in which classes, layers and runs take their colors.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))

STYLE: Any = {
    "figure.figsize": (7.0, 4.0),
    "figure.dpi": 100,
    "savefig.dpi": 120,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.prop_cycle": cycler(color=COLORS, linestyle=LINES),
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


def use_style() -> None:
    """Make the book's style the default of Matplotlib for this session."""
    plt.rcParams.update(STYLE)


def to_png(fig: Figure) -> bytes:
    """Return the figure as PNG bytes without version metadata, and close it; larger than asked for what stands out."""
    buffer = io.BytesIO()
    fig.canvas.draw()
    whole = Bbox.union([fig.bbox_inches, fig.get_tightbbox().padded(0.03)])
    fig.savefig(buffer, format="png", metadata={"Software": None}, bbox_inches=whole)
    plt.close(fig)
    return buffer.getvalue()


def show(fig: Figure, alt: str) -> None:
    """Display the figure together with the sentence that says what it shows, and close it.

    The alt text is what a screen reader reads and what a text-only front end prints in place of the picture.
    Raises ValueError if it is empty.
    """
    if not alt.strip():
        raise ValueError("alt must say in words what the figure shows, got an empty text")
    png = base64.b64encode(to_png(fig)).decode()
    display({"image/png": png, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)


def class_style(k: int) -> dict[str, Any]:
    """Return color and marker of class k, for `ax.scatter` and `ax.plot`."""
    return {"color": COLORS[k % len(COLORS)], "marker": MARKERS[k % len(MARKERS)]}


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    with plt.rc_context(STYLE):
        return plt.subplots()[1]


def class_numbers(X: np.ndarray, y: Any) -> np.ndarray:
    """Return class numbers of shape (N,) from labels (N,), a column (N, 1) or one-hot rows (N, K)."""
    y = checks.finite("y", y)
    if y.ndim not in (1, 2) or len(y) != len(X):
        raise ValueError(f"y must have as many rows as X, {len(X)}, got shape {y.shape}")
    labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    return labels.astype(int)


def plot_points(X: Any, y: Any, ax: Axes | None = None) -> Axes:
    """Scatter the points X (N, 2), each class with a color and a marker of its own."""
    X = checks.samples("X", X, 2)
    labels = class_numbers(X, y)
    ax = _axes(ax)
    for k in np.unique(labels):
        ax.scatter(
            X[labels == k, 0],
            X[labels == k, 1],
            s=16,
            edgecolor="white",
            linewidth=0.4,
            label=f"class {k}",
            **class_style(k),
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.grid(False)
    return ax


def _tint(color: str, strength: float) -> tuple[float, ...]:
    return tuple(1 - strength * (1 - channel) for channel in to_rgb(color))


PROBABILITY = LinearSegmentedColormap.from_list(
    "probability", [_tint(COLORS[0], 0.5), (1, 1, 1), _tint(COLORS[1], 0.5)]
)


def plot_decision_boundary(
    model: Any, X: Any, y: Any, title: str = "Decision Boundary", ax: Axes | None = None, *, resolution: int = 300
) -> Axes:
    """Fill the plane with the model's probability of class 1, draw the 0.5 contour in black and the points on top.

    model: anything with predict_proba(X) that returns (M, 1), or (M, K) for K classes; then the predicted class
    is drawn. The grid has resolution² points and a margin of 0.3 around X (N, 2). Returns the axes.
    Raises TypeError for a model without predict_proba, ValueError for points that are not in the plane and for
    probabilities of another shape.
    """
    if not callable(getattr(model, "predict_proba", None)):
        raise TypeError(f"model must have a method predict_proba(X), got {type(model).__name__}")
    X = checks.samples("X", X, 2)
    labels = class_numbers(X, y)
    resolution = checks.positive_int("resolution", resolution, minimum=2)
    margin = np.maximum(0.3, 1e-6 * np.abs(X).max(axis=0))  # 0.3 is nothing next to 1e17
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    x1, x2 = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    P = checks.finite("what predict_proba returns", model.predict_proba(np.column_stack([x1.ravel(), x2.ravel()])))
    if P.ndim != 2 or len(P) != resolution**2:
        raise ValueError(f"what predict_proba returns must have shape ({resolution**2}, K), got {P.shape}")
    n_classes = max(P.shape[1], 2)
    colors: Colormap
    if P.shape[1] == 1:
        field, limits, colors = P[:, 0], (0.0, 1.0), PROBABILITY
    else:
        field, limits = P.argmax(axis=1), (-0.5, n_classes - 0.5)
        colors = ListedColormap([_tint(COLORS[k % len(COLORS)], 0.4) for k in range(n_classes)])
    grid = field.reshape(resolution, resolution)
    ax = _axes(ax)
    ax.imshow(
        grid,
        extent=(left, right, bottom, top),
        origin="lower",
        cmap=colors,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",  # twice as fast as smoothing, which the eye cannot tell at this resolution
    )
    for level in np.arange(n_classes - 1) + 0.5:
        if grid.min() < level < grid.max():
            ax.contour(x1, x2, grid, levels=[level], colors="black", linewidths=1.2)
    plot_points(X, labels, ax)
    ax.set(title=title, xlim=(left, right), ylim=(bottom, top))
    return ax


def _curve(ax: Axes, values: Any, label: str, *, faint: bool = True, **style: Any) -> None:
    """Draw one number an epoch: each one faintly, if asked to, and on top a running median that the eye can follow."""
    window = max(len(values) // 60, 1)
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)
    if window > 1 and faint:
        ax.plot(values, color=style["color"], linestyle="-", linewidth=0.4, alpha=0.25)
    ax.plot(window // 2 + np.arange(len(smooth)), smooth, label=label, **style)


def plot_loss(net: NeuralNetwork, ax: Axes | None = None) -> Axes:
    """Draw the training loss of every epoch on a log axis, and the validation loss where there is one.

    Long histories are drawn faintly, with a running median over a sixtieth of the epochs on top.
    """
    ax = _axes(ax)
    ax.set(title="Loss", xlabel="epoch", ylabel="loss", yscale="log")
    if net.history:
        losses = np.array(net.loss_history)
        _curve(ax, np.where(losses > 0, losses, np.nan), "training", color=COLORS[0], linestyle="-")
    held_out = [np.nan if loss is None else loss for loss in net.validation_loss_history]
    if np.isfinite(held_out).any():
        _curve(ax, held_out, "held out", color=COLORS[1], linestyle="--")
        ax.legend()
    return ax


def plot_grad_norms(net: NeuralNetwork, ax: Axes | None = None) -> Axes:
    """Draw ‖mean dW of the epoch‖ of every linear layer on a log axis, with a legend above the curves.

    Of long histories only the running median that `plot_loss` draws: single epochs of several layers cover each other.
    """
    ax = _axes(ax)
    ax.set(title="Gradient norm by layer", xlabel="epoch", ylabel=r"$\Vert dW \Vert$", yscale="log")
    every = -(-net.grad_norms.shape[1] // 9)
    for i, norms in enumerate(net.grad_norms.T if net.history else []):
        style: Any = {"color": COLORS[i % len(COLORS)], "linestyle": LINES[i % len(LINES)]}
        label = f"layer {i + 1}" if i % every == 0 else "_"  # at most nine in the legend
        _curve(ax, np.where(norms > 0, norms, np.nan), label, faint=False, **style)
    if net.history:
        low, high = np.log10(ax.get_ylim())
        ax.set_ylim(top=10.0 ** min(high + 0.4 * (high - low), 307))  # room for the legend
        ax.legend(fontsize=8, loc="upper right", ncols=1 + len(net.grad_norms.T) // every // 3)
    return ax


def plot_training(net: NeuralNetwork, X: Any, y: Any, title: str) -> Figure:
    """Return the three panels of a training run: decision boundary with the accuracy, loss, gradient norms."""
    accuracy = net.accuracy(X, y)
    with plt.rc_context(STYLE):
        fig, axes = plt.subplot_mosaic(
            [["boundary", "loss"], ["boundary", "norms"]], figsize=(8, 4.6), width_ratios=[1.15, 1]
        )
        plot_decision_boundary(net, X, y, f"Decision boundary, accuracy {accuracy:.4f}", axes["boundary"])
        plot_loss(net, axes["loss"]).set(xlabel="", ylabel="cross-entropy")
        plot_grad_norms(net, axes["norms"])
        fig.suptitle(title)
    return fig


def plot_runs(runs: Mapping[str, Sequence[tuple[float, float]]], ax: Axes | None = None) -> Axes:
    """Draw the accuracies of repeated runs: for every name, a row of (training, held-out) pairs, one pair a run."""
    ax = _axes(ax)
    for row, pairs in enumerate(runs.values()):
        height = row + np.linspace(-0.25, 0.25, len(pairs))
        training, held_out = np.transpose(pairs)
        labels = ("training", "held out") if row == 0 else (None, None)
        ax.plot(training, height, "o", color=COLORS[0], markersize=4, label=labels[0])
        ax.plot(held_out, height, "s", color=COLORS[1], markerfacecolor="none", markersize=7, label=labels[1])
    ax.axvline(0.5, color="gray", linestyle=":", label="guessing")
    ax.set(yticks=range(len(runs)), yticklabels=list(runs), xlabel="accuracy")
    ax.set_xlim(min(0.45, ax.get_xlim()[0]), 1.02)
    ax.set_ylim(len(runs) - 0.5, -0.5)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax


def plot_band(
    x: Any,
    runs: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    middle: Callable[..., Any] = np.mean,
    span: tuple[float, float] = (0, 1),
    **style: Any,
) -> Axes:
    """Draw repeated runs: for every name, values (runs, len(x)), the mean as a line in a band from lowest to highest.

    A name has the same color and dash in every figure that is given the same names. x: the same for all, or a mapping
    by name. middle: np.median draws that instead. span: quantiles where the band begins and ends. style: of all lines.
    """
    ax = _axes(ax)
    for (name, values), cycle in zip(runs.items(), itertools.cycle(STYLE["axes.prop_cycle"])):
        places, values = x[name] if isinstance(x, Mapping) else x, np.asarray(values, float)
        ax.plot(places, middle(values, axis=0), label=name, **cycle | style)
        ax.fill_between(places, *np.quantile(values, span, axis=0), color=cycle["color"], alpha=0.2)
    return ax


def plot_agreement(x: Any, y: Any, ax: Axes | None = None) -> Axes:
    """Scatter y against x, both of any one shape, with the diagonal on which they agree."""
    ax = _axes(ax)
    ax.scatter(x, y, s=8, alpha=0.6, color=COLORS[0])
    ends = np.min(x), np.max(x)
    ax.plot(ends, ends, color="black", linewidth=0.8, linestyle="--")
    return ax


def plot_entries(matrix: Any, units: int, ax: Axes | None = None) -> Axes:
    """Draw which entries of a Jacobian are not zero, filled, with lines between its units² blocks of equal size."""
    matrix = np.asarray(matrix)
    ax, size = _axes(ax), len(matrix) // units
    ax.imshow(np.abs(matrix) > 1e-7, cmap="Blues", vmin=0, vmax=1.3)
    for edge in np.arange(1, units) * size - 0.5:
        ax.axvline(edge, color="gray", linewidth=0.8, linestyle="-")
        ax.axhline(edge, color="gray", linewidth=0.8, linestyle="-")
    centers, numbers = (np.arange(units) + 0.5) * size - 0.5, np.arange(units) + 1
    ax.set(xticks=centers, yticks=centers, xticklabels=[f"unit {k}" for k in numbers], yticklabels=numbers)
    ax.set_xlabel("input")
    ax.grid(False)
    return ax


def plot_marks(marks: Mapping[str, float], ax: Axes, axis: str = "x") -> Axes:
    """Draw a dotted gray line at every position, with its name above, or on the right where axis is "y"."""
    for name, position in marks.items():
        if axis == "x":
            ax.axvline(position, color="gray", linestyle=":", linewidth=1)
            ax.text(position, 1.01, name, transform=ax.get_xaxis_transform(), ha="center", fontsize=9)
        else:
            ax.axhline(position, color="gray", linestyle=":", linewidth=1)
            ax.text(1.01, position, name, transform=ax.get_yaxis_transform(), va="center", fontsize=9)
    return ax


def plot_dots(results: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw repeated results: for every name a row of sorted dots, one a run, and a bar at their median.

    Infinite values, of runs that never got there, stand in a shaded strip on the right.
    """
    ax = _axes(ax)
    last = max(float(np.max(values, where=np.isfinite(values), initial=0)) for values in results.values())
    never, left_out = 1.08 * last, any(np.isinf(values).any() for values in results.values())
    for row, (name, values) in enumerate(results.items()):
        shown = np.sort(np.minimum(values, never))
        ax.plot(shown, row + np.linspace(-0.25, 0.25, len(shown)), "o", color=COLORS[row % len(COLORS)], markersize=4)
        middle = min(float(np.median(values)), never)
        ax.plot([middle, middle], [row - 0.38, row + 0.38], color=COLORS[-1], linestyle="-", label=f"_median of {name}")
    ax.set(yticks=range(len(results)), yticklabels=list(results), ylim=(len(results) - 0.5, -0.5))
    if left_out:
        ax.set_xlim(0, 1.13 * last)
        ticks = [tick for tick in ax.get_xticks() if tick <= last]
        ax.axvspan(1.03 * last, 1.13 * last, color="0.9")
        ax.set_xticks([*ticks, never], [*(f"{tick:g}" for tick in ticks), "never"])
    return ax


def plot_panels(x: Any, runs: Mapping[str, Any], axes: Any) -> Any:
    """Draw repeated runs in a panel each: for every name, values (runs, len(x)), their median in a band from lowest
    to highest. The medians of the other panels stand behind it in gray.
    """
    axes = np.ravel(axes)
    for k, (ax, (name, values)) in enumerate(zip(axes, runs.items(), strict=True)):
        for other in runs.values():
            ax.plot(x, np.median(other, axis=0), color="0.75", linestyle="-", linewidth=0.8)
        color = COLORS[k % len(COLORS)]
        ax.fill_between(x, np.min(values, axis=0), np.max(values, axis=0), color=color, alpha=0.25)
        ax.plot(x, np.median(values, axis=0), color=color, linestyle="-", linewidth=2, label=name)
        ax.set_title(name)
    return axes


def plot_landscape(
    x1: Any, x2: Any, loss: Any, paths: Mapping[str, Any], ax: Axes | None = None, *, every: int = 1
) -> Axes:
    """Shade a plane by the loss (len(x2), len(x1)) on a log scale, dark where it is low, with paths (n, 2) on top.

    A dot stands at the first of every `every` points of a path, a star at the start of the first path.
    """
    ax = _axes(ax)
    low, high = np.min(loss), min(np.max(loss), 1000 * np.min(loss))
    levels = np.geomspace(low, high, 16)
    ax.contourf(x1, x2, loss, levels, norm=LogNorm(), cmap="Greys_r", extend="max")
    for k, (name, path) in enumerate(paths.items()):
        ax.plot(*np.transpose(path), color=COLORS[k % len(COLORS)], linestyle="-", linewidth=1, label=name)
        ax.plot(*np.transpose(path[::every]), "o", color=COLORS[k % len(COLORS)], markersize=3)
    start = next(iter(paths.values()))[0]
    ax.plot(*start, "*", color="white", markeredgecolor="black", markersize=12, label="start")
    ax.grid(False)
    return ax


def plot_boundaries(models: Mapping[str, Any], X: Any, y: Any, axes: Iterable[Axes], *, resolution: int = 150) -> None:
    """Draw the decision boundary of every model, with its name as the title and no labels at the axes."""
    for (name, model), ax in zip(models.items(), axes, strict=True):
        plot_decision_boundary(model, X, y, name, ax, resolution=resolution).set(xlabel="", ylabel="")


def plot_table(values: Any, rows: Sequence[Any], columns: Sequence[Any], ax: Axes | None = None) -> Axes:
    """Draw accuracies of repeated runs (rows, columns, runs) as a table: the median, and the range below it.

    The higher the median, the darker the field.
    """
    ax = _axes(ax)
    values = np.asarray(values, float)
    medians = np.median(values, axis=2)
    ax.imshow(medians, cmap="Blues", vmin=0.45, vmax=1.1, aspect="auto")
    for (i, j), median in np.ndenumerate(medians):
        text = f"{median:.2f}\n{values[i, j].min():.2f}–{values[i, j].max():.2f}"
        ax.text(j, i, text, ha="center", va="center", fontsize=9)
    ax.set_xticks(range(len(columns)), list(map(str, columns)))
    ax.set_yticks(range(len(rows)), list(map(str, rows)))
    ax.grid(False)
    return ax


def plot_network(layer_dims: Sequence[int], activation: str = "ReLU", output: str = "sigmoid") -> Figure:
    """Draw a network as a row of boxes with the shape of every matrix: batches above, parameters below."""
    dims = checks.layer_dims(layer_dims)
    n = len(dims) - 1
    with plt.rc_context(STYLE):
        fig, ax = plt.subplots(figsize=(8, 2.5))
        ax.set(xlim=(-0.6, 2 * n + 0.6), ylim=(-1.5, 1.5))
        ax.axis("off")
        for i, d in enumerate(dims):
            name = "$X$" if i == 0 else (r"$\hat{Y}$" if i == n else f"$A_{i}$")
            tall = 0.35 + 0.55 * np.log2(d + 1) / np.log2(max(dims) + 1)
            ax.add_patch(
                Rectangle((2 * i - 0.3, -tall), 0.6, 2 * tall, facecolor=_tint(COLORS[0], 0.25), edgecolor=COLORS[0])
            )
            ax.text(2 * i, 0, name, ha="center", va="center", fontsize=13)
            ax.text(2 * i, 1.12, f"$(N, {d})$", ha="center", va="center")
            if i < n:
                ax.annotate(
                    "", (2 * i + 1.68, 0), (2 * i + 0.32, 0), arrowprops={"arrowstyle": "->", "color": COLORS[1]}
                )
                ax.text(2 * i + 1, 0.28, activation if i < n - 1 else output, ha="center", color=COLORS[1])
                ax.text(2 * i + 1, -0.4, f"$W_{i + 1}$ $({d}, {dims[i + 1]})$", ha="center", fontsize=9)
                ax.text(2 * i + 1, -0.75, f"$b_{i + 1}$ $(1, {dims[i + 1]})$", ha="center", fontsize=9)
    return fig
