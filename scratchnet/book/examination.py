"""How the gradient clinic examines a network: what `backward` computes beside what a difference of losses measures."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown
from matplotlib.figure import Figure

from scratchnet import LinearLayer, NeuralNetwork, ReLU, central_difference, he, make_circles, standardize
from scratchnet.book.plotting import COLORS
from scratchnet.layers import snapshot


def circles() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return X (400, 2), y (400, 1), X_test (1000, 2), y_test (1000, 1): one circle inside the other, scaled alike."""
    X_raw, labels = make_circles(n_points=200, noise=0.1, seed=7)
    X_test_raw, test_labels = make_circles(n_points=500, noise=0.1, seed=8)
    X, X_test = standardize(X_raw), standardize(X_test_raw, like=X_raw)
    return X, labels.reshape(-1, 1), X_test, test_labels.reshape(-1, 1)


def build(
    seed: int, width: int = 16, linear: Any = LinearLayer, square: Any = None, relu: Any = ReLU, dropout: Any = None
) -> NeuralNetwork:
    """Make a network 2 -> width -> width -> 1 of these classes; `square` is the middle layer's."""
    kinds = ((2, width, linear), (width, width, square or linear))
    layers = []
    for i, (d_in, d_out, kind) in enumerate(kinds):
        layers += [kind(d_in, d_out, seed + i, init=he), relu()]
        if dropout is not None:
            layers.append(dropout(0.2, seed + 5 + i))
    layers.append(linear(width, 1, seed + 2, init=he))
    return NeuralNetwork.from_layers(layers, seed=seed)


def for_check(seed: int = 0, **classes: Any) -> NeuralNetwork:
    """Make a small network of these classes with random biases, so that its units are off their kinks."""
    net, rng = build(seed, width=6, **classes), np.random.default_rng(seed)
    layers: list[Any] = [layer for layer in net.layers if layer.params]
    for layer in layers:
        layer.b = 0.5 * rng.standard_normal(layer.b.shape)
    return net


def training_loss(net: NeuralNetwork, X: np.ndarray, y: np.ndarray) -> float:
    """Return the loss of a training forward pass."""
    for layer in net.layers:
        X = layer.forward(X, training=True)
    return float(net.output.loss(X, y))


def gradients(
    net: NeuralNetwork, X: np.ndarray, y: np.ndarray, epsilon: float = 1e-5, evaluate: np.ndarray | None = None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return {name: (analytic, measured)} for the input and every parameter.

    evaluate: points that are evaluated between forward and backward, as a training loop may do.
    """
    net, X = copy.deepcopy(net), X.copy()
    restore, y_pred = snapshot(net.layers), net.forward(X)
    if evaluate is not None:
        net.forward(evaluate, training=False)
    pairs = {"X": (net.backward(y_pred, y), X)}
    layers: list[Any] = [layer for layer in net.layers if layer.params]
    for i, layer in enumerate(layers, start=1):
        pairs |= {f"W{i}": (layer.dW, layer.W), f"b{i}": (layer.db, layer.b)}

    def loss() -> float:
        restore()
        return training_loss(net, X, y)

    return {name: (analytic, central_difference(loss, array, epsilon)) for name, (analytic, array) in pairs.items()}


def in_words(error: float) -> str:
    """Return a relative error as the page reads it: what is right has no digits that are worth a look."""
    return "below 1e-7" if error < 1e-7 else "1e-7 to 1e-3" if error < 1e-3 else f"{error:.2g}"


def table(head: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> Markdown:
    """Return a table with a row for each name. True is written as passes, False as found, None as a dash."""
    words: dict[Any, str] = {True: "passes", False: "**found**", None: "–"}
    lines = [
        head,
        ["---"] * len(head),
        *([name, *(words.get(c, str(c)) for c in cells)] for name, cells in rows.items()),
    ]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def chart(name: str, sick: tuple[np.ndarray, np.ndarray], well: tuple[np.ndarray, np.ndarray]) -> tuple[Figure, str]:
    """Draw loss and gradient norms of a patient beside those of its healthy twin, and say what is to be seen.

    sick, well: losses (runs, steps) and norms (runs, epochs, layers), eight steps an epoch.
    """
    (losses, norms), (well_losses, well_norms) = sick, well
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
    epoch = np.arange(losses.shape[1]) / 8
    for curves, label, color, dash in (
        (well_losses, "healthy", "gray", ":"),
        (losses, f"patient {name}", COLORS[1], "-"),
    ):
        lines = left.plot(epoch, curves.T, linewidth=1, color=color, linestyle=dash)
        lines[0].set_label(label)
    left.set(yscale="log", xlabel="epoch", ylabel="held-out loss", ylim=(0.005, 3))
    left.legend(loc="lower left")
    for k, color in enumerate(COLORS[:3]):
        right.plot(np.median(well_norms[:, :, k], axis=0), ":", color=color, linewidth=1)
        right.plot(np.median(norms[:, :, k], axis=0), "-", color=color, label=f"$W_{k + 1}$")
    right.set(yscale="log", xlabel="epoch", ylabel="gradient norm", ylim=(1e-4, 10))
    right.legend(ncols=3, loc="lower left")
    last, well_last = np.median(losses[:, -8:]), np.median(well_losses[:, -8:])
    half = well_norms.shape[1] // 2  # the second half of training
    short = np.median(norms[:, half:, 0]) < 0.5 * np.median(well_norms[:, half:, 0])
    return fig, (
        f"Symptoms of patient {name}. Left, held-out loss of five runs: it ends near {last:.1g}, that of the healthy "
        f"networks near {well_last:.1g}. Right, the median gradient norms: later in training that of the first layer "
        f"is {'less' if short else 'more'} than half of the healthy one."
    )
