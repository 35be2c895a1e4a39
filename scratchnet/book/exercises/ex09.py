"""The exercises of notebook 9, dropout."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from scratchnet.book.exercises.judge import Exercise
from scratchnet.layers import Layer, snapshot


def _units(rng: np.random.Generator) -> dict[str, Any]:
    return {"n_units": int(rng.integers(2, 20)) * 10, "rate": float(rng.choice([0.1, 0.2, 0.6, 0.75, 0.9]))}


def active_and_factor(n_units: int, rate: float) -> tuple[float, float]:
    """Return n (1 - p) and 1 / (1 - p)."""
    return n_units * (1 - rate), 1 / (1 - rate)


def _batch(rng: np.random.Generator) -> dict[str, Any]:
    A = np.round(rng.uniform(0.5, 2, (3, 2)), 2)
    rate = float(rng.choice([0.2, 0.4, 0.6]))
    U = np.round(rng.random((3, 2)), 2)
    U[0] = 0.05, 0.95  # one entry goes and one stays, whatever the rate
    return {"A": A, "U": U, "rate": rate}


def dropout_forward(A: np.ndarray, U: np.ndarray, rate: float) -> np.ndarray:
    """Return A where U >= p, divided by 1 - p, and else 0."""
    result: np.ndarray = A * (U >= rate) / (1 - rate)
    return result


def _hidden_layer(rng: np.random.Generator) -> dict[str, Any]:
    M = np.array([[2.0, 0.0, 2.0], [0.0, 2.0, 2.0]])
    Z1 = np.round(np.abs(rng.standard_normal((2, 3))) + 0.1, 2) * [[1, 1, -1], [-1, 1, 1]]
    return {
        "dZ2": np.round(rng.standard_normal((2, 2)), 2),
        "W2": np.round(rng.standard_normal((3, 2)), 2),
        "M": rng.permuted(M, axis=0),
        "Z1": Z1,
    }


def back_through_dropout(dZ2: np.ndarray, W2: np.ndarray, M: np.ndarray, Z1: np.ndarray) -> np.ndarray:
    """Return dZ1 = (dZ2 W2ᵀ) ⊙ M ⊙ [Z1 > 0]."""
    result: np.ndarray = (dZ2 @ W2.T) * M * (Z1 > 0)
    return result


def _curve(rng: np.random.Generator) -> dict[str, Any]:
    """Losses that fall with `patience` bumps, stay above 0.5 for `patience` epochs, and fall twice more later."""
    patience = int(rng.integers(2, 4))
    fall = np.linspace(0.9, 0.7, patience) + rng.uniform(-0.02, 0.02, patience)
    bumpy = np.column_stack([fall, fall + 0.05]).ravel()
    losses = [*bumpy, 0.5, *rng.uniform(0.6, 0.9, patience), 0.3, *rng.uniform(0.6, 0.9, patience + 1), 0.2]
    return {"losses": np.round(losses, 2), "patience": patience}


def epoch_to_keep(losses: np.ndarray, patience: int) -> int:
    """Return the best epoch before the first `patience` epochs without an improvement."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def _epoch_of_stop(losses: np.ndarray, patience: int) -> int:
    return epoch_to_keep(losses, patience) + patience


def _one_epoch_late(losses: np.ndarray, patience: int) -> int:
    return epoch_to_keep(losses, patience + 1)


def _bumps_in_all(losses: np.ndarray, patience: int) -> int:
    """Stop after `patience` epochs without an improvement, wherever they are."""
    best, bumps = 0, 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch > 0:
            bumps += 1
        if bumps == patience:
            break
    return best


def _first_rise(losses: np.ndarray, patience: int) -> int:
    return int(np.argmax(np.diff(losses) > 0))


class GaussianDropout(Layer):
    """A' = M ⊙ A in training with M = 1 + σ ξ, ξ ~ N(0, 1), of mean 1 and variance σ² = p / (1 - p)."""

    state: ClassVar[tuple[str, ...]] = ("rng",)

    def __init__(self, rate: float, seed: int | None = None) -> None:
        self.rate = rate
        self.rng = np.random.default_rng(seed)

    def deviation(self) -> float:
        """Return σ."""
        return float(np.sqrt(self.rate / (1 - self.rate)))

    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        """Return M ⊙ A with a new M, or a copy of A at inference."""
        if not training:
            return A.copy()
        M = 1 + self.deviation() * self.rng.standard_normal(A.shape)
        self.cache(M)
        return A * M

    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return M ⊙ dA."""
        result: np.ndarray = dA * self.cached()
        return result


class _Always(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(A, training=True)


class _VarianceAsDeviation(GaussianDropout):
    def deviation(self) -> float:
        return self.rate / (1 - self.rate)


class _MeanZero(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        result = super().forward(A, training)
        if not training:
            return result
        M = self.cached() - 1
        self.cache(M)
        return A * M


class _ScaledAtPrediction(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(A, training) if training else A * (1 - self.rate)


class _NoCopy(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(A, training) if training else A


class _NewNoiseBackward(GaussianDropout):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return self.forward(dA)


class _Forgetful(GaussianDropout):
    state = ()


def _layer_inputs(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "rate": float(rng.choice([0.2, 0.3, 0.6, 0.8])),
        "seed": int(rng.integers(100)),
        "A": np.round(rng.uniform(0.5, 2, (3, 2)), 2),
        "dA": np.round(rng.standard_normal((3, 2)), 2),
    }


def _run_layer(kind: Any, rate: float, seed: int, A: np.ndarray, dA: np.ndarray) -> dict[str, Any]:
    """Return what a layer gives in training, at inference, backward, and in training after an interrupt."""
    layer = kind(rate, seed)
    restore = snapshot([layer])
    parts = {"Training forward": layer.forward(A), "Inference": layer.forward(A, training=False)}
    if parts["Inference"] is not None:
        parts["Inference returns a copy"] = not np.shares_memory(parts["Inference"], A)
    parts["Backward, after both"] = layer.backward(dA)
    restore()
    return parts | {"Training forward once more, with `state` put back": layer.forward(A)}


EXERCISES = {
    "9.1": Exercise(
        reference=active_and_factor,
        inputs=_units,
        mistakes={
            "The rate is the share that is removed; what is left is 1 - rate.": lambda n, rate: (n * rate, 1 / rate),
            "Multiplying by 1 - rate is what the classic form does at prediction. Inverted dropout divides by it, "
            "in training.": lambda n, rate: (n * (1 - rate), 1 - rate),
            "The factor is 1 / (1 - rate): it makes up for what is missing, not for what is there.": lambda n, rate: (
                n * (1 - rate),
                1 / rate,
            ),
            "The rate is the share that is removed, not the share that is left.": lambda n, rate: (
                n * rate,
                1 / (1 - rate),
            ),
            "Return the number of units first, then the factor.": lambda n, rate: (1 / (1 - rate), n * (1 - rate)),
        },
    ),
    "9.2": Exercise(
        reference=dropout_forward,
        inputs=_batch,
        mistakes={
            "This keeps the entries that should go: they stay where U >= rate.": lambda A, U, rate: (
                A * (U < rate) / (1 - rate)
            ),
            "The mask is right; the factor 1 / (1 - rate) is missing, so the mean is too small.": lambda A, U, rate: (
                A * (U >= rate)
            ),
            "Multiplying by 1 - rate makes the mean even smaller: divide by it.": lambda A, U, rate: (
                A * (U >= rate) * (1 - rate)
            ),
            "Divide by the share that stays, 1 - rate, not by the share that goes.": lambda A, U, rate: (
                A * (U >= rate) / rate
            ),
            "This keeps the right share, but other entries: one stays where U >= rate.": lambda A, U, rate: (
                A * (U < 1 - rate) / (1 - rate)
            ),
            "The rate is the share that goes, so an entry stays where U >= rate, not 1 - rate.": lambda A, U, rate: (
                A * (U >= 1 - rate) / (1 - rate)
            ),
        },
    ),
    "9.3": Exercise(
        reference=back_through_dropout,
        inputs=_hidden_layer,
        mistakes={
            "The mask of the forward pass is missing: a unit that was left out gets no gradient.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * (Z > 0)
            ),
            "The factor 1 / (1 - p) belongs to the gradient too: multiply by M, not by M > 0.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * (M > 0) * (Z > 0)
            ),
            "The slope of the ReLU is missing: no gradient where Z1 is not positive.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * M
            ),
            "The slope of the ReLU is 1 or 0, not the value of the ReLU.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * M * np.maximum(Z, 0)
            ),
        },
    ),
    "9.4": Exercise(
        reference=epoch_to_keep,
        inputs=_curve,
        mistakes={
            "This looks at all epochs: training has stopped before the last minimum.": lambda losses, patience: int(
                np.argmin(losses)
            ),
            "This is the epoch in which training stops; keep the best one before it.": _epoch_of_stop,
            "One rise is not the end: patience says how many epochs without improvement are.": _first_rise,
            "This stops one epoch late: `patience` epochs without improvement end it.": _one_epoch_late,
            "Only epochs in a row count: every improvement starts the count anew.": _bumps_in_all,
            "Epochs are counted from 0.": lambda losses, patience: epoch_to_keep(losses, patience) + 1,
        },
    ),
    "9.5": Exercise(
        reference=GaussianDropout,
        inputs=_layer_inputs,
        run=_run_layer,
        mistakes={
            "There is noise at inference: with training=False return a copy of A.": _Always,
            "The variance is rate / (1 - rate), so sigma is its square root.": _VarianceAsDeviation,
            "The factors have the mean 1: M is 1 + sigma * xi.": _MeanZero,
            "The mean of M is 1, so there is nothing to scale at inference.": _ScaledAtPrediction,
            "Inference hands back A itself: whoever changes the result changes A. Return a copy.": _NoCopy,
            "Backward has to use the M of the forward pass: save it there, and draw nothing new.": _NewNoiseBackward,
            'An interrupt would not put the generator back: name it, state = ("rng",).': _Forgetful,
        },
    ),
}
