"""How depth and learning rate go together: 49 runs, each kept at twelve moments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from scratchnet import NeuralNetwork
from scratchnet.book import frames
from scratchnet.book.experiments import all_of_depth, counted, of_depth, spirals
from scratchnet.book.explorer import Explorer

DEPTHS = [0, 1, 2, 3, 4, 6, 8]
RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
MOMENTS = [0, 1, 2, 5, 10, 15, 20, 30, 40, 60, 70, 80]


def depth_and_rate() -> Explorer:
    """Train every depth at every rate, and draw the boundary, the loss so far and the gradient norms."""
    X, y, *_ = spirals()
    plane = frames.Plane(X, y)
    draw = partial(_frame, plane, frames.loss_axes(80, 40, "loss so far"), _norm_axes())

    @cache
    def runs(depth: int) -> dict[float, tuple[NeuralNetwork, list[np.ndarray]]]:
        return dict(zip(RATES, all_of_depth(depth, RATES, [42] * len(RATES)), strict=True))

    def retrain(hidden_layers: int, learning_rate: float, epoch: int) -> str:
        seed = int(np.random.default_rng().integers(1000))
        return draw(learning_rate, *of_depth(hidden_layers, learning_rate, seed), epoch)

    return Explorer(
        "depth_and_rate",
        {"hidden_layers": DEPTHS, "learning_rate": RATES, "epoch": MOMENTS},
        lambda hidden_layers, learning_rate, epoch: draw(learning_rate, *runs(hidden_layers)[learning_rate], epoch),
        start={"hidden_layers": 4, "learning_rate": 0.3, "epoch": 80},
        head=plane.defs,
        play="epoch",
        presets={
            "Only a line, whatever the rate": {"hidden_layers": 0, "learning_rate": 0.3, "epoch": 80},
            "Too small a step": {"hidden_layers": 4, "learning_rate": 0.003, "epoch": 80},
            "Known to work on the spirals": {"hidden_layers": 4, "learning_rate": 0.3, "epoch": 80},
            "Dies at depth 8": {"hidden_layers": 8, "learning_rate": 1.0, "epoch": 80},
        },
        retrain=retrain,
    )


def _norm_axes() -> frames.Axes:
    return frames.Axes(
        (0.4, 9.6),
        (1e-4, 10),
        log=True,
        x_ticks={i: str(i) for i in range(1, 10)},
        y_ticks=[1e-4, 0.01, 1],
        x_label="layer",
        y_label="gradient norm in this epoch",
    )


def _frame(
    plane: frames.Plane,
    losses: frames.Axes,
    norms: frames.Axes,
    learning_rate: float,
    net: NeuralNetwork,
    thetas: Sequence[np.ndarray],
    epoch: int,
) -> str:
    """Draw a run after an epoch, from its network and theta after 0, 1, … epochs.

    The loss is the one that training recorded, with which the curve ends; before training it is that of the network.
    """
    moment = f"epoch {epoch}" if epoch else "before training"
    caption = f"{counted(len(net.layer_dims) - 2)}, learning rate {learning_rate:g}, {moment}: "
    if epoch >= len(thetas):
        return frames.figure(caption + f"the run diverged in epoch {len(thetas)}.")
    data, past = spirals(), NeuralNetwork(net.layer_dims)
    past.theta = thetas[epoch]
    caption += data.result(past, net.loss_history[epoch - 1] if epoch else past.loss(data.X, data.y))
    loss = losses.line(np.arange(epoch) + 1, net.loss_history[:epoch])
    heights = net.grad_norms[epoch - 1] if epoch > 0 else np.array([])
    bars = norms.bars(np.arange(len(heights)) + 1, heights, 0.6)
    listed = ", ".join(f"{height:.2g}" for height in heights)
    return frames.figure(
        caption,
        plane.picture(past.predict_proba(plane.grid)[:, 0], "Decision boundary. " + caption),
        losses.panel(f"Loss up to epoch {epoch}", loss),
        norms.panel(f"Gradient norm by layer: {listed}", bars),
    )
