"""Six optimizers at five learning rates each, on the spirals, at eight moments of 50 epochs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchnet import SGD, Adam, AdamW, Momentum, Nesterov, NeuralNetwork, Optimizer, RMSProp, he, train_together
from scratchnet.book.experiments import Spirals, spirals
from scratchnet.book.explorer import Explorer
from scratchnet.book.frames import Axes, Plane, figure

RULES: dict[str, type[Optimizer]] = {
    "SGD": SGD,
    "Momentum": Momentum,
    "Nesterov": Nesterov,
    "RMSProp": RMSProp,
    "Adam": Adam,
    "AdamW": AdamW,
}
MIDDLE = {"SGD": 0.5, "Momentum": 0.6, "Nesterov": 0.7, "RMSProp": 0.014, "Adam": 0.014, "AdamW": 0.014}
FACTORS = [0.1, 0.5, 1.0, 2.0, 10.0]
MOMENTS = [0, 1, 5, 10, 20, 30, 40, 50]
LAYER_DIMS = [2, 64, 32, 16, 1]


class Run(NamedTuple):
    """The training loss after 0, 1, 2, … whole epochs, and theta at each moment that was reached."""

    losses: list[float]
    kept: dict[int, np.ndarray]


def optimizer_and_rate() -> Explorer:
    """Return the explorer: boundary and loss so far, by optimizer, rate and epoch."""
    data = spirals()
    plane = Plane(data.X, data.y, resolution=40)

    @functools.cache
    def runs() -> dict[tuple[str, float], Run]:
        settings = [(name, factor) for name in RULES for factor in FACTORS]
        return dict(zip(settings, _runs(data, settings, seed=0), strict=True))

    def frame(optimizer: str, rate_factor: float, epoch: int) -> str:
        return _moment(data, plane, optimizer, rate_factor, runs()[optimizer, rate_factor], epoch)

    def retrain(optimizer: str, rate_factor: float, epoch: int) -> str:
        seed = int(np.random.default_rng().integers(1000))
        (run,) = _runs(data, [(optimizer, rate_factor)], seed)
        return _moment(data, plane, optimizer, rate_factor, run, epoch)

    at_the_end = {"rate_factor": 1.0, "epoch": 50}
    return Explorer(
        "optimizer_and_rate",
        {"optimizer": list(RULES), "rate_factor": FACTORS, "epoch": MOMENTS},
        frame,
        start={"optimizer": "Adam", **at_the_end},
        head=plane.defs,
        play="epoch",
        presets={
            "SGD after 50 epochs: still far away": {"optimizer": "SGD", **at_the_end},
            "Adam at the middle rate": {"optimizer": "Adam", **at_the_end},
            "Ten times too fast for Adam": {"optimizer": "Adam", "rate_factor": 10.0, "epoch": 50},
            "A tenth of the rate: slow, not wrong": {"optimizer": "RMSProp", "rate_factor": 0.1, "epoch": 50},
        },
        retrain=retrain,
    )


def _network(seed: int) -> NeuralNetwork:
    return NeuralNetwork(LAYER_DIMS, seed=seed, init=he)


def _runs(data: Spirals, settings: Sequence[tuple[str, float]], seed: int) -> list[Run]:
    """Train for 50 epochs at each setting; a run that diverges keeps what it did up to its last whole epoch."""
    nets = [_network(seed) for _ in settings]
    runs = {net: Run([net.loss(data.X, data.y)], {0: net.theta.copy()}) for net in nets}

    def keep(net: NeuralNetwork, epoch: int) -> None:
        runs[net].losses.append(net.loss(data.X, data.y))
        if epoch + 1 in MOMENTS:
            runs[net].kept[epoch + 1] = net.theta.copy()

    optimizers = [RULES[name](factor * MIDDLE[name]) for name, factor in settings]
    train_together(nets, data.X, data.y, n_epochs=50, batch_size=64, optimizer=optimizers, on_epoch=keep)
    return [runs[net] for net in nets]


def _moment(data: Spirals, plane: Plane, name: str, factor: float, run: Run, epoch: int) -> str:
    """Return the frame of a run after so many epochs."""
    caption = f"{name} at learning rate {factor * MIDDLE[name]:.2g}, epoch {epoch}: "
    if epoch >= len(run.losses):
        return figure(f"{caption}the run has diverged, {len(run.losses) - 1} whole epochs after its start.")
    net = _network(seed=0)
    net.theta = run.kept[epoch]
    training, held_out = data.accuracies(net)
    caption += f"loss {run.losses[epoch]:.3f}, training accuracy {training:.3f}, "
    caption += f"held-out accuracy {held_out:.3f}."
    so_far = Axes(
        (0, 50),
        (0.01, 3),
        log=True,
        x_ticks={0: "0", 25: "25", 50: "50"},
        y_ticks=[0.01, 0.1, 1],
        x_label="epoch",
        y_label="training loss so far",
    )
    return figure(
        caption,
        plane.picture(net.predict_proba(plane.grid)[:, 0], "Decision boundary. " + caption),
        so_far.panel(f"Training loss up to epoch {epoch}", so_far.line(np.arange(epoch + 1), run.losses[: epoch + 1])),
    )
