"""Batch normalization at four depths and six learning rates: decision boundary, loss and gradient norms.

Beside it the same 24 networks without it, all from the seed 0.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet import NeuralNetwork, he, train_together
from scratchnet.book.experiments import Spirals, spirals
from scratchnet.book.explorer import Explorer
from scratchnet.book.frames import Axes, Plane, figure, loss_axes

N_EPOCHS = 40
AXES: dict[str, list[Any]] = {
    "batch_norm": ["off", "on"],
    "hidden_layers": [1, 2, 4, 8],
    "learning_rate": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
}
PRESETS = {
    "Eight layers without it: hardly a start": {"batch_norm": "off", "hidden_layers": 8, "learning_rate": 0.1},
    "Eight layers with it": {"batch_norm": "on", "hidden_layers": 8, "learning_rate": 0.1},
    "A rate that kills without it": {"batch_norm": "off", "hidden_layers": 8, "learning_rate": 3.0},
    "Two layers: too few epochs to tell": {"batch_norm": "on", "hidden_layers": 2, "learning_rate": 0.1},
}


def batch_norm() -> Explorer:
    """Train 48 networks of width 16 for 40 epochs, with and without batch normalization, and return them to explore."""
    data = spirals()
    plane = Plane(data.X, data.y)
    rates = AXES["learning_rate"]

    @functools.cache
    def runs(batch_norm: str, hidden_layers: int) -> dict[float, NeuralNetwork]:
        return dict(zip(rates, _trained(data, batch_norm, hidden_layers, rates), strict=True))

    def frame(batch_norm: str, hidden_layers: int, learning_rate: float) -> str:
        net = runs(batch_norm, hidden_layers)[learning_rate]
        return _picture(net, data, plane, _start(batch_norm, hidden_layers, learning_rate))

    def retrain(batch_norm: str, hidden_layers: int, learning_rate: float) -> str:
        seed = int(np.random.default_rng().integers(1000))
        (net,) = _trained(data, batch_norm, hidden_layers, [learning_rate], seed)
        return _picture(net, data, plane, _start(batch_norm, hidden_layers, learning_rate))

    return Explorer(
        "batch_norm",
        AXES,
        frame,
        start={"batch_norm": "on", "hidden_layers": 8, "learning_rate": 0.1},
        head=plane.defs,
        presets=PRESETS,
        retrain=retrain,
    )


def _trained(
    data: Spirals, batch_norm: str, hidden_layers: int, rates: Sequence[float], seed: int = 0
) -> list[NeuralNetwork]:
    """Train the network at each of the rates; one that diverges stays as it was after its last whole epoch."""
    dims = [2, *[16] * hidden_layers, 1]
    nets = [NeuralNetwork(dims, seed=seed, init=he, batch_norm=batch_norm == "on") for _ in rates]
    train_together(nets, data.X, data.y, rates, N_EPOCHS, 80)
    return nets


def _start(batch_norm: str, hidden_layers: int, learning_rate: float) -> str:
    plural = "s" if hidden_layers > 1 else ""
    return f"Batch norm {batch_norm}, {hidden_layers} hidden layer{plural}, learning rate {learning_rate:g}:"


def _picture(net: NeuralNetwork, data: Spirals, plane: Plane, caption: str) -> str:
    """Return the frame of a trained network: its boundary, its loss by epoch, its last gradient norms by layer."""
    done = len(net.history)
    training, held_out = data.accuracies(net)
    caption += "" if done == N_EPOCHS else f" diverged after {done} epochs; until then:"
    caption += f" training accuracy {training:.3f}, held-out accuracy {held_out:.3f}"
    heights = net.grad_norms[-1] if done else np.array([])
    caption += f", loss {net.loss_history[-1]:.3f}." if done else "."
    listed = ", ".join(f"{height:.2g}" for height in heights)
    losses, bars = _axes()
    return figure(
        caption,
        plane.picture(net.predict_proba(plane.grid)[:, 0], "Decision boundary. " + caption),
        losses.panel("Loss by epoch", losses.line(np.arange(done) + 1, net.loss_history)),
        bars.panel(f"Gradient norm by layer: {listed or 'none'}", bars.bars(np.arange(len(heights)) + 1, heights, 0.6)),
    )


def _axes() -> tuple[Axes, Axes]:
    """Return the axes of the losses and of the gradient norms."""
    losses = loss_axes(N_EPOCHS, 20, "training loss")
    bars = Axes(
        (0.4, 9.6),
        (1e-4, 10),
        log=True,
        x_ticks={i: str(i) for i in range(1, 10)},
        y_ticks=[1e-4, 0.01, 1],
        x_label="layer",
        y_label="gradient norm in the last epoch",
    )
    return losses, bars
