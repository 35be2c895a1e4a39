"""Networks with one hidden layer on the digits: how many units, at which learning rate, and what the units look at."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from scratchnet import LinearLayer, NeuralNetwork, SoftmaxCrossEntropy, TrainingDiverged, he, one_hot, train_together
from scratchnet.book import frames
from scratchnet.book.digits import Split, split
from scratchnet.book.explorer import Explorer
from scratchnet.book.images import mosaic

UNITS = [1, 2, 4, 8, 16, 64]
RATES = [0.003, 0.01, 0.03, 0.1, 0.5, 2.0]
N_EPOCHS, SHOWN = 30, 16
Run = tuple[NeuralNetwork, TrainingDiverged | None]


def units_and_rate() -> Explorer:
    """Train every width at every rate for 30 epochs, and draw both losses and the weights of the first units."""
    data = split()

    @cache
    def runs(units: int) -> dict[float, Run]:
        return dict(zip(RATES, _trained(data, units, RATES, seed=0), strict=True))

    def retrain(hidden_units: int, learning_rate: float) -> str:
        seed = int(np.random.default_rng().integers(1, 1000))
        (run,) = _trained(data, hidden_units, [learning_rate], seed)
        return _frame(data, hidden_units, learning_rate, *run, seed)

    return Explorer(
        "units_and_rate",
        {"hidden_units": UNITS, "learning_rate": RATES},
        lambda hidden_units, learning_rate: _frame(
            data, hidden_units, learning_rate, *runs(hidden_units)[learning_rate], 0
        ),
        start={"hidden_units": 16, "learning_rate": 0.1},
        presets={
            "One number for ten digits": {"hidden_units": 1, "learning_rate": 0.1},
            "Eight units do most of it": {"hidden_units": 8, "learning_rate": 0.5},
            "Too small a step": {"hidden_units": 16, "learning_rate": 0.003},
            "Too large a step": {"hidden_units": 16, "learning_rate": 2.0},
        },
        retrain=retrain,
    )


def _trained(data: Split, units: int, rates: list[float], seed: int) -> list[Run]:
    Y, Y_val = one_hot(data.y, 10), one_hot(data.y_val, 10)
    dims = [data.X.shape[1], units, 10]
    nets = [NeuralNetwork(dims, seed=100 * seed, output=SoftmaxCrossEntropy, init=he) for _ in rates]
    ended = train_together(nets, data.X, Y, rates, N_EPOCHS, 32, validation=(data.X_val, Y_val))
    return list(zip(nets, ended, strict=True))


def _frame(data: Split, units: int, rate: float, net: NeuralNetwork, ended: TrainingDiverged | None, seed: int) -> str:
    """Draw a run: its losses by epoch, and the weights of each of the first units as an image."""
    what = "1 hidden unit" if units == 1 else f"{units} hidden units"
    caption = f"{what}, learning rate {rate:g}, seed {100 * seed}: "
    if ended is not None:
        return frames.figure(caption + f"the run diverged in epoch {len(net.history) + 1}.")
    accuracy = net.accuracy(data.X, one_hot(data.y, 10)), net.accuracy(data.X_val, one_hot(data.y_val, 10))
    caption += (
        f"after {N_EPOCHS} epochs training loss {net.loss_history[-1]:.3f}, accuracy {accuracy[0]:.3f}; "
        f"validation loss {net.validation_loss_history[-1]:.3f}, accuracy {accuracy[1]:.3f}."
    )
    axes = frames.loss_axes(N_EPOCHS, 15, "training loss (solid), validation loss (dashed)")
    epochs, held_out = np.arange(N_EPOCHS) + 1, np.array(net.validation_loss_history, float)
    first: Any = next(layer for layer in net.layers if isinstance(layer, LinearLayer))
    W = first.W[:, :SHOWN] / np.abs(first.W[:, :SHOWN]).max()
    shown = f"weights into {'the unit' if units == 1 else f'the first {SHOWN} units' if units > SHOWN else 'each unit'}"
    return frames.figure(
        caption,
        axes.panel("Losses by epoch. " + caption, axes.line(epochs, net.loss_history), axes.line(epochs, held_out, 1)),
        mosaic(W.T, f"The {shown}, as images of 8 by 8", f"{shown}: blue negative, orange positive"),
    )
