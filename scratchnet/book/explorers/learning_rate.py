"""Learning rate and batch size: the loss and accuracy curves of one small network on the spirals, at 42 settings."""

from __future__ import annotations

import functools

import numpy as np

from scratchnet import NeuralNetwork, he, train_together
from scratchnet.book import experiments, frames
from scratchnet.book.explorer import Explorer

N_EPOCHS = 100


def learning_rate() -> Explorer:
    """Return the explorer of seven learning rates and six batch sizes. Its button trains with other first weights."""
    rates, batch_sizes = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], [8, 16, 32, 64, 128, 400]
    spirals = experiments.spirals()

    @functools.cache
    def runs(batch_size: int) -> dict[float, NeuralNetwork]:
        return dict(zip(rates, _trained(spirals, rates, batch_size), strict=True))

    def retrain(learning_rate: float, batch_size: int) -> str:
        seed = int(np.random.default_rng().integers(1000))
        (net,) = _trained(spirals, [learning_rate], batch_size, seed)
        return _frame(spirals, net, learning_rate, batch_size, f"Seed {seed}. ")

    return Explorer(
        "learning_rate",
        {"learning_rate": rates, "batch_size": batch_sizes},
        lambda learning_rate, batch_size: _frame(spirals, runs(batch_size)[learning_rate], learning_rate, batch_size),
        start={"learning_rate": 0.3, "batch_size": 32},
        presets={
            "Too small a step": {"learning_rate": 0.003, "batch_size": 32},
            "A rate that learns": {"learning_rate": 0.3, "batch_size": 32},
            "A smaller rate, with smaller batches": {"learning_rate": 0.1, "batch_size": 8},
            "Too large a step": {"learning_rate": 3.0, "batch_size": 32},
            "The same rate, but only one step an epoch": {"learning_rate": 0.3, "batch_size": 400},
        },
        retrain=retrain,
    )


def _trained(spirals: experiments.Spirals, rates: list[float], batch_size: int, seed: int = 42) -> list[NeuralNetwork]:
    """Train the network at each of the rates; one that diverges stays as it was after its last whole epoch."""
    nets = [NeuralNetwork([2, 32, 32, 32, 1], seed=seed, init=he) for _ in rates]
    train_together(nets, spirals.X, spirals.y, rates, N_EPOCHS, batch_size)
    return nets


def _sentence(spirals: experiments.Spirals, net: NeuralNetwork, lr: float, batch_size: int) -> str:
    setting = f"Learning rate {lr:g}, batches of {batch_size}: "
    if len(net.history) < N_EPOCHS:
        return setting + f"diverged after {len(net.history)} whole epochs."
    training, held_out = spirals.accuracies(net)
    return setting + (
        f"after {N_EPOCHS} epochs the loss is {net.loss_history[-1]:.3f}, "
        f"training accuracy {training:.3f}, held-out accuracy {held_out:.3f}."
    )


def _axes(y: tuple[float, float], y_ticks: list[float], y_label: str, log: bool = False) -> frames.Axes:
    ticks: dict[float, str] = {epoch: str(epoch) for epoch in (0, N_EPOCHS // 2, N_EPOCHS)}
    return frames.Axes((0, N_EPOCHS), y, log=log, x_ticks=ticks, y_ticks=y_ticks, x_label="epoch", y_label=y_label)


def _frame(spirals: experiments.Spirals, net: NeuralNetwork, lr: float, batch_size: int, before: str = "") -> str:
    sentence = before + _sentence(spirals, net, lr, batch_size)
    epochs = np.arange(len(net.history)) + 1
    losses = _axes((0.01, 10), [0.01, 0.1, 1, 10], "training loss", log=True)
    accuracies = _axes((0.4, 1), [0.4, 0.6, 0.8, 1.0], "training accuracy")
    return frames.figure(
        sentence,
        losses.panel("Training loss by epoch. " + sentence, losses.line(epochs, net.loss_history)),
        accuracies.panel("Training accuracy by epoch. " + sentence, accuracies.line(epochs, net.accuracy_history)),
    )
