"""The chapter's run at twelve moments: the boundary, and the points as each hidden layer sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from scratchnet import NeuralNetwork
from scratchnet.book import frames
from scratchnet.book.experiments import (
    after_each_hidden_layer,
    principal_components,
    reference_rng,
    separated_by_a_line,
    spirals,
)
from scratchnet.book.explorer import Explorer

LAYER_DIMS = [2, 64, 32, 16, 1]
MOMENTS = [0, 20, 50, 100, 200, 300, 400, 500, 700, 1000, 2000, 2999]


def epochs() -> Explorer:
    """Train the chapter's network with the chapter's settings, and draw it at every moment."""
    X, y, *_ = spirals()
    plane = frames.Plane(X, y)
    checkpoints = _checkpoints()
    pictures: dict[int, str] = {}
    points: Sequence[np.ndarray | None] = (None, None, None)
    for epoch, theta in checkpoints.items():
        pictures[epoch], points = _picture(plane, _with_parameters(theta), f"After epoch {epoch}", points)
    return Explorer(
        "epochs",
        {"epoch": MOMENTS},
        lambda epoch: pictures[epoch],
        start={"epoch": 300},
        head=plane.defs,
        play="epoch",
        presets={
            "The first guess": {"epoch": 0},
            "The inside is learned first": {"epoch": 200},
            "The last layer's points lie apart": {"epoch": 2999},
        },
        retrain=partial(_retrain, plane, checkpoints),
    )


def _checkpoints() -> dict[int, np.ndarray]:
    """Return theta at every moment of the run that notebook 03 ends with."""
    kept = {}

    def keep(net: NeuralNetwork, epoch: int) -> None:
        if epoch in MOMENTS:
            kept[epoch] = net.theta.copy()

    _train(NeuralNetwork(LAYER_DIMS, seed=42), MOMENTS[-1] + 1, on_epoch=keep, rng=reference_rng())
    return kept


def _train(net: NeuralNetwork, n_epochs: int, **options: Any) -> None:
    X, y, *_ = spirals()
    net.train(X, y, lr=0.05, n_epochs=n_epochs, batch_size=64, verbose=False, **options)


def _with_parameters(theta: np.ndarray) -> NeuralNetwork:
    net = NeuralNetwork(LAYER_DIMS)
    net.theta = theta
    return net


def _picture(
    plane: frames.Plane, net: NeuralNetwork, opening: str, like: Sequence[np.ndarray | None] = (None, None, None)
) -> tuple[str, list[np.ndarray]]:
    """Return the frame of a network, and the points (N, 2) that it shows after every hidden layer."""
    data = spirals()
    hidden = after_each_hidden_layer(net, data.X)
    points = [principal_components(A, Z) for A, Z in zip(hidden, like, strict=True)]
    shares = ", ".join(f"{separated_by_a_line(A, data.y):.3f}" for A in hidden)
    caption = (
        f"{opening}: {data.result(net, net.loss(data.X, data.y))} "
        f"A line through the output of hidden layer 1, 2, 3 gets {shares} right."
    )
    panels = [plane.picture(net.predict_proba(plane.grid)[:, 0], "Boundary. " + caption)]
    for i, Z in enumerate(points, start=1):
        panels.append(frames.scatter(Z, data.y, f"The points after hidden layer {i}"))
    return frames.figure(caption, *panels), points


def _retrain(plane: frames.Plane, checkpoints: Mapping[int, np.ndarray], epoch: int) -> str:
    """Train up to this epoch, now: from new weights, or from a checkpoint far enough on."""
    seed = int(np.random.default_rng().integers(1000))
    net, start = NeuralNetwork(LAYER_DIMS, seed=seed), -1
    opening = f"After epoch {epoch}, trained now from the first weights of seed {seed}"
    if epoch > 1000:  # a thousand epochs take seconds
        start = max(moment for moment in MOMENTS if 1000 <= moment < epoch)
        net.theta = checkpoints[start]
        opening = (
            f"After epoch {epoch}, of which the last {epoch - start} were trained now, "
            f"from the checkpoint of epoch {start} with the shuffling of seed {seed}"
        )
    _train(net, epoch - start)
    return _picture(plane, net, opening)[0]
