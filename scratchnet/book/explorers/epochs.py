"""The chapter's run at twelve moments: the boundary, and the points as each hidden layer sees them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from scratchnet import LinearLayer, NeuralNetwork
from scratchnet.book import frames
from scratchnet.book.experiments import (
    after_each_hidden_layer,
    logit_and_spread,
    principal_components,
    reference_rng,
    separated_by_a_hyperplane,
    spirals,
)
from scratchnet.book.explorer import Explorer

LAYER_DIMS = [2, 64, 32, 16, 1]
MOMENTS = [0, 20, 50, 100, 200, 300, 400, 500, 700, 1000, 2000, 3000]  # whole epochs done


def epochs() -> Explorer:
    """Train the chapter's network with the chapter's settings, and draw it at every moment."""
    X, y, *_ = spirals()
    plane = frames.Plane(X, y)
    run = cache(_run)

    @cache
    def pictures() -> dict[int, str]:
        net, thetas = run(MOMENTS[-1])
        drawn: dict[int, str] = {}
        before: list[np.ndarray] | None = None
        for epoch, theta in thetas.items():
            net.theta = theta
            loss = net.loss_history[epoch - 1] if epoch else net.loss(X, y)
            drawn[epoch], before = _picture(plane, net, _done(epoch), loss, before)
        return drawn

    return Explorer(
        "epochs",
        {"epoch": MOMENTS},
        lambda epoch: pictures()[epoch],
        start={"epoch": 300},
        head=plane.defs,
        play="epoch",
        presets={
            "Before training": {"epoch": 0},
            "The inside is learned first": {"epoch": 200},
            "All but three points on their side": {"epoch": 3000},
        },
        retrain=partial(_retrain, plane, run),
    )


def _run(n_epochs: int) -> tuple[NeuralNetwork, dict[int, np.ndarray]]:
    """Return the network of the run that notebook 03 ends with, after so many epochs, and its theta at every moment."""
    net = NeuralNetwork(LAYER_DIMS, seed=42)
    thetas = {0: net.theta.copy()}

    def keep(net: NeuralNetwork, _: int) -> None:
        if len(net.history) in MOMENTS:
            thetas[len(net.history)] = net.theta.copy()

    _train(net, n_epochs, on_epoch=keep, rng=reference_rng())
    return net, thetas


def _train(net: NeuralNetwork, n_epochs: int, **options: Any) -> None:
    X, y, *_ = spirals()
    net.train(X, y, lr=0.05, n_epochs=n_epochs, batch_size=64, verbose=False, **options)


def _done(epoch: int) -> str:
    return f"After {epoch} epochs" if epoch else "Before training"


def _picture(
    plane: frames.Plane, net: NeuralNetwork, opening: str, loss: float, before: list[np.ndarray] | None = None
) -> tuple[str, list[np.ndarray]]:
    """Return the frame of a network, and the coordinates (N, 2) that it shows after every hidden layer.

    before: those of an earlier frame. The sign of a direction is free, and the nearer one is taken.
    """
    data, last = spirals(), net.layers[-1]
    assert isinstance(last, LinearLayer)
    hidden = after_each_hidden_layer(net, data.X)
    points = [*map(principal_components, hidden[:-1]), logit_and_spread(hidden[-1], last)]
    for Z, earlier in zip(points, before or points, strict=True):
        Z *= np.where((Z * earlier).sum(axis=0) < 0, -1, 1)
    points[-1][:, :1] = last.forward(hidden[-1], training=False)  # the logit has a sign of its own
    shares = ", ".join(f"{separated_by_a_hyperplane(A, data.y):.3f}" for A in hidden)
    caption = (
        f"{opening}: {data.result(net, loss)} A hyperplane that least squares fits to the output of "
        f"hidden layer 1, 2, 3 gets {shares} right."
    )
    return frames.figure(
        caption,
        plane.picture(net.predict_proba(plane.grid)[:, 0], "Boundary. " + caption),
        _panel("hidden layer 1", points[0], data.y),
        _panel("hidden layer 2", points[1], data.y),
        _panel("hidden layer 3, beside the boundary", points[2], data.y, boundary=True),
    ), points


def _panel(title: str, Z: np.ndarray, y: np.ndarray, boundary: bool = False) -> str:
    """Draw points, stretched to fill the panel; the boundary is where the first coordinate, the logit, is 0."""
    axes = frames.Axes(
        (-1.05, 1.05),
        (-1.05, 1.05),
        x_ticks={0: "0"} if boundary else {},
        y_ticks=[],
        x_label="logit" if boundary else "direction of largest spread",
        y_label=title,
    )
    Z = Z / np.maximum(np.abs(Z).max(axis=0), 1e-12)
    return axes.panel(f"The points after {title}", axes.points(Z, y), axes.upright(0) if boundary else "")


def _retrain(plane: frames.Plane, run: Callable[[int], Any], epoch: int) -> str:
    """Train up to this epoch, now: from new weights, or from a checkpoint far enough on."""
    seed = int(np.random.default_rng().integers(1000))
    net, start = NeuralNetwork(LAYER_DIMS, seed=seed), 0
    opening = f"{_done(epoch)}, {'trained now ' if epoch else ''}from the first weights of seed {seed}"
    if epoch > 1000:  # a thousand epochs take seconds
        start = max(moment for moment in MOMENTS if 1000 <= moment < epoch)
        net.theta = run(start)[1][start]
        opening = (
            f"{_done(epoch)}, of which the last {epoch - start} were trained now, "
            f"from the checkpoint of epoch {start} with the shuffling of seed {seed}"
        )
    if epoch:
        _train(net, epoch - start)
    loss = net.loss_history[-1] if epoch else net.loss(*spirals()[:2])
    return _picture(plane, net, opening, loss)[0]
