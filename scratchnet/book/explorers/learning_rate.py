"""Learning rate and batch size: the loss and accuracy curves of one small network on the spirals, at 42 settings."""

from __future__ import annotations

import numpy as np

from scratchnet import NeuralNetwork, TrainingDiverged, he
from scratchnet.book import experiments, frames
from scratchnet.book.explorer import Explorer

N_EPOCHS = 100


def learning_rate() -> Explorer:
    """Return the explorer of seven learning rates and six batch sizes. Its button trains with other first weights."""
    rates, batch_sizes = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], [8, 16, 32, 64, 128, 400]
    spirals = experiments.spirals()

    def retrain(learning_rate: float, batch_size: int) -> str:
        seed = int(np.random.default_rng().integers(1000))
        return _frame(spirals, learning_rate, batch_size, seed, f"Seed {seed}. ")

    return Explorer(
        "learning_rate",
        {"learning_rate": rates, "batch_size": batch_sizes},
        lambda learning_rate, batch_size: _frame(spirals, learning_rate, batch_size),
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


def _trained(spirals: experiments.Spirals, lr: float, batch_size: int, seed: int) -> tuple[NeuralNetwork, str]:
    """Train the network and say how it went."""
    net = NeuralNetwork([2, 32, 32, 32, 1], seed=seed, init=he)
    setting = f"Learning rate {lr:g}, batches of {batch_size}: "
    try:
        net.train(spirals.X, spirals.y, lr=lr, n_epochs=N_EPOCHS, batch_size=batch_size, verbose=False)
    except TrainingDiverged as error:
        return net, setting + f"diverged after {error.epoch} whole epochs."
    training, held_out = spirals.accuracies(net)
    return net, setting + (
        f"after {N_EPOCHS} epochs the loss is {net.loss_history[-1]:.3f}, "
        f"training accuracy {training:.3f}, held-out accuracy {held_out:.3f}."
    )


def _axes(y: tuple[float, float], y_ticks: list[float], y_label: str, log: bool = False) -> frames.Axes:
    ticks: dict[float, str] = {epoch: str(epoch) for epoch in (0, N_EPOCHS // 2, N_EPOCHS)}
    return frames.Axes((0, N_EPOCHS), y, log=log, x_ticks=ticks, y_ticks=y_ticks, x_label="epoch", y_label=y_label)


def _frame(spirals: experiments.Spirals, lr: float, batch_size: int, seed: int = 42, before: str = "") -> str:
    net, sentence = _trained(spirals, lr, batch_size, seed)
    sentence = before + sentence
    epochs = np.arange(len(net.history)) + 1
    losses = _axes((0.01, 10), [0.01, 0.1, 1, 10], "training loss", log=True)
    accuracies = _axes((0.4, 1), [0.4, 0.6, 0.8, 1.0], "training accuracy")
    return frames.figure(
        sentence,
        losses.panel("Training loss by epoch. " + sentence, losses.line(epochs, net.loss_history)),
        accuracies.panel("Training accuracy by epoch. " + sentence, accuracies.line(epochs, net.accuracy_history)),
    )
