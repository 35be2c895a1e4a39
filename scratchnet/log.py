"""What `train` prints: one line for every few epochs."""

from __future__ import annotations

from typing import Any


def round_step(n_epochs: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that divides n_epochs into at most six parts."""
    step = 1
    while n_epochs / step > 6:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def log_line(epoch: int, record: Any) -> str:
    """Return what is printed of the `Epoch` record with this number."""
    line = f"epoch {epoch:5d}  loss {record.loss:.4f}  accuracy {record.accuracy:.3f}"
    if record.validation_loss is not None:
        line += f"  held-out loss {record.validation_loss:.4f}  accuracy {record.validation_accuracy:.3f}"
    return line
