"""What `train` records of an epoch and prints of some, and what it raises when one cannot be completed."""

from __future__ import annotations

import math
import numbers
from typing import Any, NamedTuple

import numpy as np

REMEDIES = "smaller initial weights, or standardized features"


class TrainingDiverged(ArithmeticError):
    """The loss or a parameter became NaN or infinite in batch `batch` of epoch `epoch`, both counted from 0.

    The network, its history, the optimizer and the generator are as they were after the last whole epoch.
    """

    def __init__(self, epoch: int, batch: int, what: str, lr: Any) -> None:
        lr = float(lr) if isinstance(lr, numbers.Real) else None  # a schedule, or a rate for every parameter
        self.epoch, self.batch, self._what, self._lr = epoch, batch, what, lr
        advice = "a smaller learning rate" if lr is None else f"a learning rate below {lr:g}, such as {lr / 10:g}"
        super().__init__(
            f"{what} in epoch {epoch}, batch {batch}. Try {advice}, {REMEDIES}. "
            "The network and its history are as they were after the last whole epoch."
        )

    def __reduce__(self) -> Any:
        return type(self), (self.epoch, self.batch, self._what, self._lr)


class Epoch(NamedTuple):
    """What `train` records of one epoch; the validation fields are None where there was no validation data."""

    loss: float
    """Mean over the batches as they were seen, weighted by their lengths."""
    accuracy: float
    """On the training data, after the epoch."""
    validation_loss: float | None
    """On the validation data, after the epoch."""
    validation_accuracy: float | None
    """On the validation data, after the epoch."""
    grad_norms: tuple[float, ...]
    """‖mean dW of the epoch‖, for every linear layer."""
    update_ratios: tuple[float, ...]
    """‖W_end - W_start‖ / ‖W_start‖, for every linear layer."""


def round_step(n_epochs: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that divides n_epochs into at most six parts."""
    step = 1
    while n_epochs / step > 6:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def log_line(epoch: int, record: Epoch) -> str:
    """Return what is printed of the epoch with this number."""
    line = f"epoch {epoch:5d}  loss {record.loss:.4f}  accuracy {record.accuracy:.3f}"
    if record.validation_loss is not None:
        line += f"  held-out loss {record.validation_loss:.4f}  accuracy {record.validation_accuracy:.3f}"
    return line


def norm(v: np.ndarray) -> float:
    """Return the Euclidean norm ‖v‖ of a float64 vector, also where the squares vanish or overflow; NaN stays NaN."""
    square = float(v @ v)
    if 1e-280 < square < math.inf:
        return math.sqrt(square)
    size = np.abs(v).max()  # the squares have vanished or overflowed
    return float(size * math.sqrt((v / size) @ (v / size))) if size != 0 else 0.0


def ratio(change: float, size: float) -> float:
    """Return change / size; weights that start at zero and stay there have changed by 0."""
    return change / size if size > 0 else (0.0 if change == 0 else float("inf"))
