"""Every patient of the gradient clinic, examined at thirteen step sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import relative_error
from scratchnet.book import examination
from scratchnet.book.exercises.broken import DropoutG, DropoutH, LinearA, LinearD, LinearE, LinearF, ReluB, ReluC
from scratchnet.book.explorer import Explorer
from scratchnet.book.frames import Axes, figure

PATIENTS: dict[str, dict[str, Any]] = {
    "healthy": {},
    "A: divides twice": {"linear": LinearA},
    "B: mask from dA": {"relu": ReluB},
    "C: mask always true": {"relu": ReluC},
    "D: no transpose": {"square": LinearD},
    "E: mean in db": {"linear": LinearE},
    "F: stale cache": {"linear": LinearF},
    "G: scale missing": {"dropout": DropoutG},
    "H: scaled at prediction": {"dropout": DropoutH},
}
PARTS = ("X", "W1", "b1", "W2", "b2", "W3", "b3")
STEPS = [float(f"1e-{k}") for k in range(13, 0, -1)]
FLOOR = 1.5e-13  # where an error of 0 is drawn


class Scans(dict[tuple[str, float], list[float]]):
    """The relative errors by patient and step size, measured when they are first asked for."""

    def __missing__(self, key: tuple[str, float]) -> list[float]:
        self[key] = errors_at(*key)
        return self[key]


def clinic() -> Explorer:
    """Return the explorer: a patient's seven relative errors at a step size, and the largest of them by step."""
    scans = Scans()

    def frame(patient: str, step_size: float) -> str:
        return scan_frame(scans, patient, step_size, scans[patient, step_size])

    def examine_again(patient: str, step_size: float) -> str:
        seed = int(np.random.default_rng().integers(1000))
        return scan_frame(scans, patient, step_size, errors_at(patient, step_size, seed), f", weights from seed {seed}")

    return Explorer(
        "clinic",
        {"patient": list(PATIENTS), "step_size": STEPS},
        frame,
        start={"patient": "healthy", "step_size": 1e-5},
        presets={
            "Too large a step makes the healthy look ill": {"patient": "healthy", "step_size": 0.1},
            "And so does too small a step": {"patient": "healthy", "step_size": 1e-13},
            "A factor 0.8 per dropout layer": {"patient": "G: scale missing", "step_size": 1e-5},
            "Only the biases are wrong": {"patient": "E: mean in db", "step_size": 1e-5},
        },
        retrain=examine_again,
    )


def errors_at(patient: str, epsilon: float, seed: int = 0) -> list[float]:
    """Return the relative errors of the input and of every parameter, with an evaluation in between."""
    X, y, X_test, _ = examination.circles()
    net = examination.for_check(seed, **PATIENTS[patient])
    pairs = examination.gradients(net, X[::40], y[::40], epsilon, evaluate=X_test[:200:20])
    return [relative_error(*pairs[part]) for part in PARTS]


def scan_frame(scans: Scans, patient: str, step_size: float, errors: list[float], weights: str = "") -> str:
    """Return bars for the errors beside the curve of the largest of them, with a mark at the step."""
    by_part = _axes((0.3, 7.7), dict(enumerate(PARTS, start=1)), "input or parameter")
    by_step = _axes((-13.3, -0.7), {-13: "1e-13", -9: "1e-9", -5: "1e-5", -1: "0.1"}, "step size")
    numbers = ", ".join(f"{part} {examination.in_words(error)}" for part, error in zip(PARTS, errors, strict=True))
    caption = f"{patient}, step {step_size:g}{weights}. Relative errors: {numbers}."
    worst = [max(scans[patient, step]) for step in STEPS]
    return figure(
        caption,
        by_part.panel(caption, by_part.bars(np.arange(7) + 1, np.maximum(errors, FLOOR), 0.6)),
        by_step.panel(
            f"Largest of the seven errors by step size, {patient}",
            by_step.line(np.log10(STEPS), np.maximum(worst, FLOOR)),
            by_step.line([np.log10(step_size)] * 2, [1e-13, 2], k=3),
        ),
    )


def _axes(x: tuple[float, float], x_ticks: dict[float, str], x_label: str) -> Axes:
    ticks = [1e-12, 1e-9, 1e-6, 1e-3, 1]
    return Axes(x, (1e-13, 2), log=True, x_ticks=x_ticks, y_ticks=ticks, x_label=x_label, y_label="relative error")
