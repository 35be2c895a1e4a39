"""Learning-rate schedules: functions that map the number of an epoch, counted from 0, to a learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scratchnet import checks
from scratchnet.optimizers import Optimizer

__all__ = ["cosine_decay", "follow", "step_decay", "warm_up"]

Schedule = Callable[[int], float]


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Return the schedule lr · factor^⌊epoch / every⌋, which falls by `factor` after each `every` epochs.

    factor: below 1. The rate never becomes 0: it stays at the smallest positive number.
    """
    lr, every = checks.number("lr", lr), checks.positive_int("every", every)
    factor = checks.number("factor", factor, high=1.0)
    return lambda epoch: max(lr * factor ** (epoch // every), math.ulp(0.0))


def cosine_decay(lr: float, n_epochs: int, end: float | None = None) -> Schedule:
    """Return the schedule end + (lr - end) (1 + cos(π · epoch / n_epochs)) / 2: half a cosine from lr down to `end`.

    `end` is below lr, lr / 100 unless given, and what it stays at from epoch n_epochs on.
    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5.
    """
    lr, n_epochs = checks.number("lr", lr), checks.positive_int("n_epochs", n_epochs)
    low = checks.number("end", lr / 100 if end is None else end, high=lr)
    return lambda epoch: low + (lr - low) * (1 + math.cos(math.pi * min(epoch / n_epochs, 1))) / 2


def warm_up(schedule: Schedule, n_epochs: int) -> Schedule:
    """Return the schedule min((epoch + 1) / n_epochs, 1) · schedule(epoch): n_epochs equal steps up, then as it was."""
    schedule, n_epochs = _callable(schedule), checks.positive_int("n_epochs", n_epochs)
    return lambda epoch: min((epoch + 1) / n_epochs, 1) * schedule(epoch)


def follow(optimizer: Optimizer, schedule: Schedule, epoch: int = 0) -> Callable[[Any, int], None]:
    """Return an `on_epoch` callback that sets optimizer.lr for every epoch; the rate of the first is set at once.

    net.train(X, y, optimizer=optimizer, on_epoch=follow(optimizer, cosine_decay(0.1, 100)), n_epochs=100)

    epoch: the number of the first epoch, len(net.history) for a network that is trained on. After the last epoch the
    schedule is asked for one more, with which a second `train` goes on. Raises TypeError or ValueError for bad
    arguments, and where the schedule gives anything but a finite number > 0.
    """
    checks.optimizer("optimizer", optimizer)
    schedule = _callable(schedule)

    def after(_net: Any, done: int) -> None:
        optimizer.lr = schedule(done + 1)

    after(None, checks.positive_int("epoch", epoch, minimum=0) - 1)
    return after


def _callable(schedule: Any) -> Schedule:
    """Return `schedule` if it can be called."""
    if not callable(schedule):
        raise TypeError(f"schedule must be a function of the epoch, such as cosine_decay(0.1, 100), got {schedule!r}")
    return schedule
