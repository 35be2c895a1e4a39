"""The exercises of notebook 9, dropout."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from scratchnet.book.exercises.judge import Exercise, _equal, pair
from scratchnet.layers import Layer, snapshot


def _units(rng: np.random.Generator) -> dict[str, Any]:
    return {"n_units": int(rng.integers(2, 20)) * 10, "rate": float(rng.choice([0.1, 0.2, 0.6, 0.75, 0.9]))}


def active_and_factor(n_units: int, rate: float) -> tuple[float, float]:
    """Return n (1 - p) and 1 / (1 - p)."""
    return n_units * (1 - rate), 1 / (1 - rate)


def _batch(rng: np.random.Generator) -> dict[str, Any]:
    rate = float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7]))
    A = _random(rng, int(rng.integers(3, 6)), int(rng.integers(1, 4)))
    U = np.round(rng.random(A.shape), 2)
    U[:3, 0] = rate, 0.5, rng.choice([0.05, 0.95])  # the first stays just so
    return {"A": A, "U": U, "rate": rate}


def dropout_forward(A: np.ndarray, U: np.ndarray, rate: float) -> np.ndarray:
    """Return A where U >= p, divided by 1 - p, and else 0."""
    result: np.ndarray = A * (U >= rate) / (1 - rate)
    return result


def _random(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return numbers of both signs that are not near 0."""
    return np.round(rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape), 2)


def _hidden_layer(rng: np.random.Generator) -> dict[str, Any]:
    N, d, k = (int(n) for n in rng.permutation(4)[:3] + 2)
    rate = float(rng.choice([0.2, 0.6, 0.75]))
    kept = rng.random((N, d)) >= rate
    Z1 = _random(rng, N, d)
    kept[0, :2], Z1[0, :2] = True, (1.5, 0.0)  # a unit at work, and one at the kink
    kept[1, :2], Z1[1, :2] = (True, False), (-1.0, 1.0)
    return {"dZ2": _random(rng, N, k), "W2": _random(rng, d, k), "M": kept / (1 - rate), "Z1": Z1}


def back_through_dropout(dZ2: np.ndarray, W2: np.ndarray, M: np.ndarray, Z1: np.ndarray) -> np.ndarray:
    """Return dZ1 = (dZ2 W2ᵀ) ⊙ M ⊙ [Z1 > 0]."""
    result: np.ndarray = (dZ2 @ W2.T) * M * (Z1 > 0)
    return result


def _curve(rng: np.random.Generator) -> dict[str, Any]:
    """Losses that fall over bumps, the last nearly as long as `patience`; then one so long that it ends in a tie."""
    patience = int(rng.integers(2, 5))
    fall = np.linspace(0.9, 0.7, patience) + rng.uniform(-0.02, 0.02, patience)
    bumpy = np.column_stack([fall, fall + 0.05]).ravel()
    above = rng.uniform(0.65, 0.9, (3, patience))
    losses = [*bumpy, 0.6, *above[0, 1:], 0.5, *above[1, 1:], 0.5, 0.3, *above[2], 0.8, 0.2]
    return {"losses": np.round(losses, 2), "patience": patience}


def _run_epoch(answer: Any, losses: np.ndarray, patience: int) -> dict[str, Any]:
    """Return the epoch that an answer keeps of all losses, of the part before it has to stop, and of one alone."""
    n = 4 * patience  # up to the tie
    return {
        "The epoch to keep": answer(losses, patience),
        f"Of the first {n} losses alone, after which it need not stop": answer(losses[:n], patience),
        "With the patience 1": answer(losses, 1),
        "Of a single epoch": answer(losses[:1], patience),
    }


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
    return min(epoch_to_keep(losses, patience) + patience, len(losses) - 1)


def _epoch_of_stop_or_best(losses: np.ndarray, patience: int) -> int:
    best = epoch_to_keep(losses, patience)
    return best + patience if best + patience < len(losses) else best


def _last_if_never_stopped(losses: np.ndarray, patience: int) -> int:
    best = epoch_to_keep(losses, patience)
    return best if best + patience < len(losses) else len(losses) - 1


def _nothing_if_never_stopped(losses: np.ndarray, patience: int) -> int | None:
    best = epoch_to_keep(losses, patience)
    return best if best + patience < len(losses) else None


def _tie_is_better(losses: np.ndarray, patience: int) -> int:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def _one_epoch_late(losses: np.ndarray, patience: int) -> int:
    return epoch_to_keep(losses, patience + 1)


def _one_epoch_early(losses: np.ndarray, patience: int) -> int:
    return epoch_to_keep(losses, patience - 1)


def _against_the_one_before(losses: np.ndarray, patience: int) -> int:
    """Take for an improvement whatever is below the epoch before."""
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        waited = 0 if losses[epoch] < losses[epoch - 1] else waited + 1
        best = epoch if losses[epoch] < losses[best] else best
        if waited == patience:
            break
    return best


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
    return int(np.argmax(np.diff(losses, append=np.inf) > 0))


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


class _OfTheClassicMask(GaussianDropout):
    def deviation(self) -> float:
        return float(np.sqrt(self.rate * (1 - self.rate)))


class _RateAsDeviation(GaussianDropout):
    def deviation(self) -> float:
        return self.rate


class _MeanZero(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        result = super().forward(A, training)
        if not training:
            return result
        M = self.cached() - 1
        self.cache(M)
        return A * M


class _Scaled(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        result = super().forward(A, training)
        if not training:
            return result
        M = self.cached() / (1 - self.rate)
        self.cache(M)
        return A * M


class _ScaledAtPrediction(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(A, training) if training else A * (1 - self.rate)


class _NoCopy(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(A, training) if training else A


class _NoCopyNorState(_NoCopy):
    state = ()


class _DrawsAtInference(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        if not training:
            self.rng.standard_normal(A.shape)
        return super().forward(A, training)


class _CachesAtInference(GaussianDropout):
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        if not training:
            self.cache(np.ones_like(A))
        return super().forward(A, training)


class _NewNoiseBackward(GaussianDropout):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return self.forward(dA)


class _NoNoiseBackward(GaussianDropout):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA.copy()


class _StartsAnew(GaussianDropout):
    def __init__(self, rate: float, seed: int | None = None) -> None:
        super().__init__(rate, seed)
        self.seed = seed

    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        self.rng = np.random.default_rng(self.seed)
        return super().forward(A, training)


class _Forgetful(GaussianDropout):
    state = ()


def _layer_inputs(rng: np.random.Generator) -> dict[str, Any]:
    A = _random(rng, int(rng.integers(1, 4)), int(rng.integers(2, 4)))
    return {
        "rate": float(rng.choice([0.2, 0.3, 0.6, 0.8])),
        "seed": int(rng.integers(100)),
        "A": A,
        "dA": _random(rng, *A.shape),
    }


def _run_layer(kind: Any, rate: float, seed: int, A: np.ndarray, dA: np.ndarray) -> dict[str, Any]:
    """Return what a layer computes, and if that is right, whether it copies and what an interrupt puts back.

    In steps, since a mistake in what it computes has the same reason whether or not the layer does the rest.
    """
    layer = kind(rate, seed)
    restore = snapshot([layer])
    parts = _computed(layer, A, dA)
    right = _computed(GaussianDropout(rate, seed), A, dA)
    if not all(_equal(parts[name], right[name]) for name in right):
        return parts
    copied = not np.shares_memory(layer.forward(A, training=False), A)
    parts["What inference hands back"] = "a copy of A" if copied else "A itself"
    restore()
    return parts | {"Training forward once more, with `state` put back": layer.forward(A)}


def _computed(layer: Any, A: np.ndarray, dA: np.ndarray) -> dict[str, Any]:
    """Return what a layer gives in training, backward, at inference, and in training again."""
    return {
        "Training forward": layer.forward(A),
        "Backward": layer.backward(dA),
        "The next training forward": layer.forward(A),
        "Inference": layer.forward(2 * A, training=False),
        "Backward, with inference in between": layer.backward(dA),
        "Training forward after inference": layer.forward(A),
    }


EXERCISES = {
    "9.1": Exercise(
        reference=active_and_factor,
        inputs=_units,
        run=lambda answer, n_units, rate: pair(
            answer(n_units, rate), "Return two numbers: how many units are active on average, and the factor."
        ),
        mistakes={
            "The rate is the share that is removed; what is left is 1 - rate.": lambda n, rate: (n * rate, 1 / rate),
            "Multiplying by 1 - rate is what the classic form does at prediction. Inverted dropout divides by it, "
            "in training.": lambda n, rate: (n * (1 - rate), 1 - rate),
            "The factor is 1 / (1 - rate): it makes up for what is missing, not for what is there.": lambda n, rate: (
                n * (1 - rate),
                1 / rate,
            ),
            "Return the number of units first, then the factor.": lambda n, rate: (1 / (1 - rate), n * (1 - rate)),
            "The first number is how many units are active, not how many are removed.": lambda n, rate: (
                n * rate,
                1 / (1 - rate),
            ),
            "The first number is one of units, n_units times their share.": lambda n, rate: (1 - rate, 1 / (1 - rate)),
            "The inverted form has a factor in training; the classic one has none.": lambda n, rate: (
                n * (1 - rate),
                1.0,
            ),
            "The factor is one number for all units: 1 / (1 - rate).": lambda n, rate: (
                n * (1 - rate),
                n / (1 - rate),
            ),
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
            "An entry stays where U is at least the rate, so also where they are equal.": lambda A, U, rate: (
                A * (U > rate) / (1 - rate)
            ),
            "What stays is the entry of A; U only decides whether it does.": lambda A, U, rate: (
                U * (U >= rate) / (1 - rate)
            ),
            "This returns the mask: multiply it by A.": lambda A, U, rate: (U >= rate) / (1 - rate),
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
            "The slope of the ReLU is 1 or 0, not Z1 itself.": lambda dZ, W, M, Z: (dZ @ W.T) * M * Z,
            "The factor is M's own, 1 / (1 - p), which is 2 at the rate 0.5 only.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * 2 * (M > 0) * (Z > 0)
            ),
            "At Z1 = 0 the slope of the ReLU is 0 in this book.": lambda dZ, W, M, Z: (dZ @ W.T) * M * (Z >= 0),
            "The gradient passes where Z1 is positive, not where it is negative.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * M * (Z < 0)
            ),
            "The mask multiplies once on the way back, as it did forward.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * M * M * (Z > 0)
            ),
            "Multiply by M, which already holds the factor; do not divide by it again.": lambda dZ, W, M, Z: (
                (dZ @ W.T) * (M > 0) / np.max(M) * (Z > 0)
            ),
        },
    ),
    "9.4": Exercise(
        reference=epoch_to_keep,
        inputs=_curve,
        run=_run_epoch,
        mistakes={
            "This looks at all epochs: training has stopped before the last minimum.": lambda losses, patience: int(
                np.argmin(losses)
            ),
            "This is the epoch in which training stops; keep the best one before it.": _epoch_of_stop,
            "Where it stops, it keeps the best epoch so far, and not the one in which it stops.": (
                _epoch_of_stop_or_best
            ),
            "One rise is not the end: patience says how many epochs without improvement are.": _first_rise,
            "This stops one epoch late: `patience` epochs without improvement end it.": _one_epoch_late,
            "This stops one epoch early: `patience` epochs without improvement end it.": _one_epoch_early,
            "Only epochs in a row count: every improvement starts the count anew.": _bumps_in_all,
            "An improvement is a loss below the best one so far, not below the one before.": _against_the_one_before,
            "An equal loss is no improvement: the earlier epoch is kept, and the count goes on.": _tie_is_better,
            "Where it never has to stop, the best epoch is kept, not the last.": _last_if_never_stopped,
            "Where it never has to stop, there is a best epoch too: return it.": _nothing_if_never_stopped,
            "Epochs are counted from 0.": lambda losses, patience: epoch_to_keep(losses, patience) + 1,
            "Return the position of the epoch, not its loss.": lambda losses, patience: float(
                losses[epoch_to_keep(losses, patience)]
            ),
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
            "The variance is that of inverted dropout, rate / (1 - rate); rate (1 - rate) is that of a mask of zeros "
            "and ones.": _OfTheClassicMask,
            "Sigma is the root of rate / (1 - rate), not the rate.": _RateAsDeviation,
            "The mean of M is 1 already: nothing is divided by 1 - rate.": _Scaled,
            "The mean of M is 1, so there is nothing to scale at inference.": _ScaledAtPrediction,
            "Inference hands back A itself: whoever changes the result changes A. Return a copy.": _NoCopy,
            "Inference hands back A itself: return a copy. And an interrupt would not put the generator back: name it, "
            'state = ("rng",).': _NoCopyNorState,
            "Inference draws nothing: a run that is evaluated in between would see other noise.": _DrawsAtInference,
            "Inference leaves the cache alone: backward belongs to the last training forward.": _CachesAtInference,
            "Every training forward draws new noise: make the generator once, in __init__.": _StartsAnew,
            "Backward has to use the M of the forward pass: cache it there, and draw nothing new.": _NewNoiseBackward,
            "The gradient passes through the noise too: multiply by M.": _NoNoiseBackward,
            'An interrupt would not put the generator back: name it, state = ("rng",).': _Forgetful,
        },
    ),
}
