"""Five dropout rates on data sets of four sizes: decision boundary, and the losses in training and on other points."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchnet import Adam, NeuralNetwork
from scratchnet.book.experiments import Pairs, draw
from scratchnet.book.explorer import Explorer
from scratchnet.book.frames import Plane, figure, loss_axes

N_EPOCHS = 150
AXES: dict[str, list[Any]] = {"dropout_rate": [0.0, 0.2, 0.5, 0.8, 0.9], "points_per_class": [10, 20, 50, 200]}
PRESETS = {
    "20 points learned by heart": {"dropout_rate": 0.0, "points_per_class": 10},
    "A high rate smooths the boundary": {"dropout_rate": 0.8, "points_per_class": 20},
    "400 points: less to overfit": {"dropout_rate": 0.0, "points_per_class": 200},
    "400 points at a high rate": {"dropout_rate": 0.9, "points_per_class": 200},
}


def dropout_and_data() -> Explorer:
    """Train 20 networks on noisy moons, one for each rate and size, and return them to explore."""
    draws = {n: draw(0, n) for n in AXES["points_per_class"]}
    planes = {n: Plane(*pairs[0]) for n, pairs in draws.items()}
    frame = functools.partial(_frame, draws, planes)
    return Explorer(
        "dropout_and_data",
        AXES,
        frame,
        start={"dropout_rate": 0.0, "points_per_class": 20},
        head="".join(plane.defs for plane in planes.values()),
        presets=PRESETS,
        retrain=functools.partial(_retrain, frame),
    )


def _frame(
    draws: Mapping[int, Pairs], planes: Mapping[int, Plane], dropout_rate: float, points_per_class: int, seed: int = 0
) -> str:
    data = draws[points_per_class]
    net = NeuralNetwork([2, 64, 64, 1], 100 * seed, dropout=dropout_rate)
    net.train(*data[0], n_epochs=N_EPOCHS, verbose=False, optimizer=Adam(0.02), validation=data[1])
    return _picture(net, data, planes[points_per_class], dropout_rate)


def _retrain(frame: functools.partial[str], **setting: float) -> str:
    return frame(**setting, seed=int(np.random.default_rng().integers(1, 1000)))


def _picture(net: NeuralNetwork, data: Pairs, plane: Plane, rate: float) -> str:
    """Return the frame of a trained network: its boundary, and both of its losses by epoch."""
    (X, y), held_out, _ = data
    by_epoch = np.array(net.validation_loss_history, float)
    caption = (
        f"Rate {rate:g}, {len(X)} training points. Training loss {net.loss_history[-1]:.3f} with masks, "
        f"{net.loss(X, y):.3f} without, accuracy {net.accuracy(X, y):.3f}. Validation loss {by_epoch[-1]:.3f}, "
        f"accuracy {net.accuracy(*held_out):.3f}; smallest {by_epoch.min():.3f}, after epoch {by_epoch.argmin() + 1}."
    )
    axes = loss_axes(N_EPOCHS, 50, "loss: training solid, validation dashed")
    epochs = np.arange(N_EPOCHS) + 1
    lines = axes.line(epochs, net.loss_history, 0), axes.line(epochs, by_epoch, 1)
    return figure(
        caption,
        plane.picture(net.predict_proba(plane.grid)[:, 0], "Decision boundary. " + caption),
        axes.panel("Loss by epoch. " + caption, *lines),
    )
