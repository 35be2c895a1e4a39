"""What five kinds of first weights do to the signal and the gradient, by layer, before training."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from scratchnet import NeuralNetwork, TrainingDiverged, he, large, small, xavier, zeros
from scratchnet.book import frames
from scratchnet.book.experiments import counted, first_pass, independent_seeds, spirals
from scratchnet.book.explorer import Explorer

SCHEMES = {init.__name__: init for init in (zeros, small, large, xavier, he)}
DEPTHS = [1, 2, 4, 8, 16]


def first_weights() -> Explorer:
    """Send the spirals through networks of every kind and depth, and draw the sizes of A, dZ and dW by layer."""
    starts = functools.cache(_mean_sizes)
    axes = {name: _size_axes(name) for name in ("A, forward", "dZ, backward", "dW")}

    def frame(weights: str, hidden_layers: int) -> str:
        A, dZ, dW = starts(weights, hidden_layers)
        caption = (
            f"{weights}, {counted(hidden_layers)}, before training: A is {A[-1]:.1e} after the last; in the first "
            f"layer dZ is {dZ[0]:.1e} and dW is {dW[0]:.1e}. Faint: the other kinds of weights."
        )
        low, high = axes["dW"].y
        if any(np.min(own) < low or np.max(own) > high for own in (A, dZ, dW)):
            caption += f" Sizes below {low:g} or above {high:g} are not drawn."
        others = [starts(other, hidden_layers) for other in SCHEMES if other != weights]
        kinds = zip(axes.items(), (A, dZ, dW), zip(*others, strict=True), strict=True)
        return frames.figure(caption, *(_sizes(panel, name, own, rest) for (name, panel), own, rest in kinds))

    return Explorer(
        "first_weights",
        {"weights": list(SCHEMES), "hidden_layers": DEPTHS},
        frame,
        start={"weights": "he", "hidden_layers": 8},
        presets={
            "With He's weights much of the signal arrives": {"weights": "he", "hidden_layers": 16},
            "Small weights: the gradient vanishes": {"weights": "small", "hidden_layers": 8},
            "Large weights: everything explodes": {"weights": "large", "hidden_layers": 8},
            "Small weights, one layer: a gradient arrives": {"weights": "small", "hidden_layers": 1},
        },
        retrain=_retrain,
    )


def _mean_sizes(weights: str, depth: int) -> list[np.ndarray]:
    """Return the sizes of A, dZ and dW by layer, each the mean over five networks."""
    passes = [first_pass(SCHEMES[weights], seed=seed, depth=depth) for seed in independent_seeds(5)]
    return [np.mean(sizes, axis=0) for sizes in zip(*passes, strict=True)]


def _size_axes(name: str) -> frames.Axes:
    """Return axes on which a factor of ten is seen; what lies beyond them has vanished or exploded."""
    return frames.Axes(
        (0.4, 17.6),
        (1e-6, 1e4),
        log=True,
        x_ticks={i: str(i) for i in (1, 5, 9, 13, 17)},
        y_ticks=[1e-6, 1e-4, 0.01, 1, 100, 1e4],
        x_label="layer",
        y_label=name,
    )


def _sizes(panel: frames.Axes, name: str, own: np.ndarray, others: Sequence[np.ndarray]) -> str:
    numbers = ", ".join(f"{value:.1g}" for value in own)
    layers = np.arange(len(own)) + 1
    lines = [panel.line(layers, values, None) for values in others] + [panel.line(layers, own, 0)]
    return panel.panel(f"Size of {name.split(',')[0]} by layer: {numbers}", *lines)


def _retrain(weights: str, hidden_layers: int) -> str:
    """Train from weights of this kind, with the settings of the lesson, and draw loss and accuracy by epoch."""
    data, seed = spirals(), int(np.random.default_rng().integers(1000))
    net = NeuralNetwork([2, *[32] * hidden_layers, 1], seed=seed, init=SCHEMES[weights])
    caption = f"{weights}, {counted(hidden_layers)}, seed {seed}, learning rate 0.05: "
    try:
        net.train(data.X, data.y, lr=0.05, n_epochs=300, batch_size=64, verbose=False)
    except TrainingDiverged:
        caption += f"the training diverged in epoch {len(net.history) + 1}."
    else:
        caption += f"after 300 epochs {data.result(net, net.loss_history[-1])}"
    return frames.figure(
        caption,
        _by_epoch("Loss", net.loss_history, (0.01, 10), [0.01, 0.1, 1, 10], log=True),
        _by_epoch("Accuracy", net.accuracy_history, (0.4, 1), [0.4, 0.6, 0.8, 1]),
    )


def _by_epoch(
    what: str, values: Sequence[float], y: tuple[float, float], y_ticks: Sequence[float], log: bool = False
) -> str:
    axes = frames.Axes(
        (0, 300),
        y,
        log=log,
        x_ticks={0: "0", 150: "150", 300: "300"},
        y_ticks=y_ticks,
        x_label="epoch",
        y_label=f"training {what.lower()}",
    )
    return axes.panel(f"{what} by epoch", axes.line(np.arange(len(values)) + 1, values))
