"""The exercises of notebook 6, the gradient clinic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnet import (
    Layer,
    LinearLayer,
    Tanh,
    central_difference,
    check_layer,
    numerical_gradient,
    relative_error,
)
from scratchnet.book.exercises import broken
from scratchnet.book.exercises.judge import Exercise, WrongFormError, in_turn, missing

Maker = Callable[[int, int], Layer]


# 6.2 A central difference


@dataclass(frozen=True)
class _Bent:
    """f(x) = a Σx³ + b Σx² + c (Σx)². At ε = 0.1 every way to take a difference gives another value."""

    a: float
    b: float
    c: float

    def __call__(self, x: np.ndarray) -> float:
        return float(self.a * np.sum(x**3) + self.b * np.sum(x**2) + self.c * np.sum(x) ** 2)

    def __repr__(self) -> str:
        return f"{self.a} Σx³ + {self.b} Σx² + {self.c} (Σx)²"


def _point(rng: np.random.Generator) -> dict[str, Any]:
    shape = in_turn(rng, [(3, 2), (4,), (1, 1), (2, 1, 2)])
    f = _Bent(*np.round(rng.uniform(0.5, 2, 3), 1).tolist())
    return {"f": f, "x": np.round(rng.uniform(-2, 2, shape), 2), "epsilon": float(rng.choice([0.05, 0.1, 0.2]))}


def _measured(answer: Any, f: _Bent, x: np.ndarray, epsilon: float) -> Any:
    """Return the answer's slope, after making sure that it has measured something."""
    calls = []

    def watched(z: Any) -> float:
        calls.append(np.array(z, float))
        return f(calls[-1])

    slope = answer(watched, x, epsilon)
    if not missing(slope) and not calls:
        raise WrongFormError("f was never called. A central difference measures it, at x + ε and at x - ε.")
    return slope


def _slopes(f: Any, x: np.ndarray, below: float, above: float) -> np.ndarray:
    """Return f moved by `above` minus f moved by `below`, for every entry of x."""
    differences = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = 1
        differences[index] = f(x + above * step) - f(x + below * step)
    return differences


def _central(f: Any, x: np.ndarray, epsilon: float) -> np.ndarray:
    return _slopes(f, x, -epsilon, epsilon) / (2 * epsilon)


def _never_put_back(f: Any, x: np.ndarray, epsilon: float) -> np.ndarray:
    x, slope = x.copy(), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += epsilon
        above = f(x)
        x[index] -= 2 * epsilon
        slope[index] = (above - f(x)) / (2 * epsilon)
    return slope


# 6.3 A relative error


def _pair(rng: np.random.Generator) -> dict[str, Any]:
    shape = in_turn(rng, [(3, 2), (4,), (1, 1), (2, 3)])
    a = np.round(rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape), 2)
    return {"a": a, "n": np.round(a * rng.uniform(0.2, 0.9), 2)}


def _errors(answer: Any, a: np.ndarray, n: np.ndarray) -> dict[str, Any]:
    zero = np.zeros_like(a)
    return {
        "a and n": answer(a.copy(), n.copy()),
        "n and a": answer(n.copy(), a.copy()),
        "a and -n": answer(a.copy(), -n),
        "a / 10⁹ and n / 10⁹": answer(a / 1e9, n / 1e9),
        "a and zeros": answer(a.copy(), zero.copy()),
        "zeros and zeros": answer(zero.copy(), zero.copy()),
    }


def _plain_error(a: np.ndarray, n: np.ndarray) -> Any:
    return np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n))


def _padded_error(a: np.ndarray, n: np.ndarray) -> Any:
    return np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n) + 1e-8)


def _own_error(a: np.ndarray, n: np.ndarray) -> Any:
    return np.linalg.norm(a - n) / np.linalg.norm(a) if np.any(a) else 0.0


def _zero_if_either_is(a: np.ndarray, n: np.ndarray) -> Any:
    return _plain_error(a, n) if np.any(a) and np.any(n) else 0.0


def _squared_error(a: np.ndarray, n: np.ndarray) -> Any:
    total = np.sum(a * a) + np.sum(n * n)
    return np.sum((a - n) ** 2) / total if total else 0.0


def _of_the_longer(a: np.ndarray, n: np.ndarray) -> Any:
    longer = max(np.linalg.norm(a), np.linalg.norm(n))
    return np.linalg.norm(a - n) / longer if longer else 0.0


def _of_the_lengths(a: np.ndarray, n: np.ndarray) -> Any:
    lengths = np.linalg.norm(a), np.linalg.norm(n)
    return abs(lengths[0] - lengths[1]) / sum(lengths) if any(lengths) else 0.0


def _of_the_sum(a: np.ndarray, n: np.ndarray) -> Any:
    both = np.linalg.norm(a + n)
    return np.linalg.norm(a - n) / both if both else 0.0


# 6.4 A patient of your own


class Centered(Layer):
    """Y = γ ⊙ (X - μ) with μ the mean of the batch, column by column."""

    params = ("gamma",)

    def __init__(self, d: int) -> None:
        self.gamma = np.ones((1, d))

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        """Return γ ⊙ (X - μ)."""
        C = X - X.mean(axis=0, keepdims=True)
        if training:
            self.cache(C)
        return self.gamma * C

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """Set dγ = Σ dY ⊙ (X - μ) and return γ ⊙ (dY - mean of dY)."""
        C = self.cached()
        self.dgamma = (dY * C).sum(axis=0, keepdims=True)
        return self.gamma * (dY - dY.mean(axis=0, keepdims=True))


class _ConstantMean(Centered):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        super().backward(dY)
        return self.gamma * dY


class _KeepsInput(Centered):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        dX = super().backward(dY)
        self.dgamma = (dY * self.seen).sum(axis=0, keepdims=True)
        return dX

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        if training:
            self.seen = X
        return super().forward(X, training)


class _MeanGradient(Centered):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        dX = super().backward(dY)
        self.dgamma = self.dgamma / len(dY)
        return dX


class _SummedMean(Centered):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        super().backward(dY)
        return self.gamma * (dY - dY.sum(axis=0, keepdims=True))


class _OverallMean(Centered):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        super().backward(dY)
        return self.gamma * (dY - dY.mean())


class _ForgetsGamma(Centered):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        return super().backward(dY) / self.gamma


class _Stale(Centered):
    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(X)


class _NothingAtPrediction(Centered):
    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(X) if training else self.gamma * X


def _centered_inputs(rng: np.random.Generator) -> dict[str, Any]:
    shape = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    return {
        "X": np.round(rng.standard_normal(shape) + 1, 2),
        "gamma": np.round(rng.uniform(0.5, 2, (1, shape[1])), 2),
        "dY": np.round(rng.standard_normal(shape), 2),
        "evaluated": np.round(rng.standard_normal(shape) - 1, 2),
    }


def _both_ways(answer: Any, X: np.ndarray, gamma: np.ndarray, dY: np.ndarray, evaluated: np.ndarray) -> dict[str, Any]:
    """Go forward, evaluate other points, go backward; then the same again, as training does."""
    layer = answer(X.shape[1])
    found = {"gamma at first": layer.gamma.copy()}
    layer.gamma = gamma
    for batch, when in ((X, ""), (X[::-1] + 1, ", second batch")):
        found["forward" + when] = layer.forward(batch, training=True)
        if when:  # nothing is evaluated at first, so that this alone cannot spoil the first gradients
            found["forward of `evaluated` with training=False"] = layer.forward(evaluated, training=False)
        found["dX" + when] = layer.backward(dY)
        found["dgamma" + when] = layer.dgamma.copy()
    return found


# 6.5 A test of your own: layers that it has to judge


class _BentLinear(LinearLayer):
    """A right one: tanh(X W + b)."""

    def __init__(self, d_in: int, d_out: int, seed: int | None = None) -> None:
        super().__init__(d_in, d_out, seed)
        self.bend = Tanh()

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        return self.bend.forward(super().forward(X, training), training)

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return super().backward(self.bend.backward(dA))


CANDIDATES: dict[str, type[LinearLayer]] = {
    "a right layer": LinearLayer,
    "a right layer with tanh inside": _BentLinear,
    "a layer that divides by N once more": broken.LinearA,
    "a layer whose db is a mean": broken.LinearE,
    "a layer whose dW is a mean": broken.AveragedWeights,
    "a layer whose dW is 2 % too long": broken.SlightlyLong,
    "a layer without the transpose": broken.LinearD,
    "a layer that reshapes W in place of transposing it": broken.Reshaped,
    "a layer whose dX is wrong only where d_in and d_out differ": broken.Unbalanced,
    "a layer that gives samples each other's gradients": broken.UpsideDown,
    "a layer that keeps X in evaluation too": broken.LinearF,
}


def _maker(kind: type[LinearLayer]) -> Maker:
    """Return make_layer(d_in, d_out) for a class whose name tells nothing."""
    unnamed = type("SomeLayer", (kind,), {})
    return lambda d_in, d_out: unnamed(d_in, d_out, seed=0)


def _judgments(answer: Any) -> dict[str, Any]:
    judgments = {}
    for name, kind in CANDIDATES.items():
        try:
            judgments[name] = answer(_maker(kind))
        except Exception as error:
            if name.startswith("a right layer"):
                raise
            said = f"{error}. It was given {name}. Catch what a wrong layer raises, and return False"
            raise RuntimeError(said).with_traceback(error.__traceback__) from None
    return judgments


def _batch(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


def _passes(layer: Layer, X: np.ndarray, bound: float = 1e-7, parts: tuple[str, ...] = ("X", "W", "b")) -> bool:
    try:
        return max(error for part, error in check_layer(layer, X).items() if part in parts) < bound
    except Exception:
        return False


def _same_after_evaluation(layer: Layer, X: np.ndarray, other: np.ndarray) -> bool:
    R = np.ones_like(layer.forward(X))
    found = []
    for evaluate in (False, True):
        layer.forward(X)
        if evaluate:
            layer.forward(other, training=False)
        dX = layer.backward(R)
        found.append([dX, *[getattr(layer, "d" + name).copy() for name in layer.params]])
    return all(np.allclose(*pair) for pair in zip(*found, strict=True))


def right(make_layer: Maker, n: int = 5, d_in: int = 4, d_out: int = 3, **how: Any) -> bool:
    """Return whether the layer's gradients are right, also after an evaluation between forward and backward."""
    X, other = _batch(n, d_in), _batch(n, d_in, seed=1)
    return _passes(make_layer(d_in, d_out), X, **how) and _same_after_evaluation(make_layer(d_in, d_out), X, other)


def _no_evaluation(make_layer: Maker) -> bool:
    return _passes(make_layer(4, 3), _batch(5, 4))


def _sum_of_outputs(make_layer: Any) -> bool:
    layer, X = make_layer(4, 3), _batch(5, 4)

    def total() -> float:
        return float(layer.forward(X, training=False).sum())

    try:
        dX = layer.backward(np.ones_like(layer.forward(X)))
        pairs = ((dX, X), (layer.dW, layer.W), (layer.db, layer.b))
        errors = [relative_error(gradient, central_difference(total, array)) for gradient, array in pairs]
    except ValueError:
        return False
    return max(errors) < 1e-7 and _same_after_evaluation(layer, X, _batch(5, 4, seed=1))


def _weights_only(make_layer: Any) -> bool:
    def total(Z: np.ndarray, _: Any) -> float:
        return float(np.sum(Z * Z))

    layer, X = make_layer(4, 4), _batch(5, 4)
    layer.backward(2 * layer.forward(X))
    return relative_error(layer.dW, numerical_gradient(layer, X, None, total)) < 1e-7


EXERCISES = {
    "6.1": Exercise(
        reference=3 / 5,
        mistakes={
            "This is |1 - c|, the error as a share of the measured gradient. The lengths of both are added below.": 3.0,
            "This is |1 - c| / c, the error as a share of the computed gradient. Both lengths are added below.": 0.75,
            "The denominator adds the lengths: 1 + c, not twice the longer one.": 3 / 8,
            "In float64 a right gradient is below 1e-7; a factor of 4 is far from right.": 1e-7,
            "A length is never negative, and neither is the error: |1 - c|.": -3 / 5,
            "It is upside down: the difference is divided by the sum of the lengths.": 5 / 3,
            "Give it as a fraction, not in percent.": 60.0,
            "This is the factor. The error is |1 - c| / (1 + c).": 4.0,
            "This is the error for a gradient that is twice as long.": 1 / 3,
        },
    ),
    "6.2": Exercise(
        reference=_central,
        inputs=_point,
        run=_measured,
        mistakes={
            "This looks to one side only. Take f at x + ε and at x - ε.": lambda f, x, epsilon: (
                _slopes(f, x, 0, epsilon) / epsilon
            ),
            "The two points are 2ε apart, so divide by 2ε.": lambda f, x, epsilon: (
                _slopes(f, x, -epsilon, epsilon) / epsilon
            ),
            "This looks back only. Take f at x + ε and at x - ε.": lambda f, x, epsilon: (
                _slopes(f, x, -epsilon, 0) / epsilon
            ),
            "The step is epsilon, whatever it is, and not 1e-5.": lambda f, x, epsilon: _central(f, x, 1e-5),
            "An entry is not put back before the next one is moved.": _never_put_back,
            "This is the difference alone. Divide it by the distance of the two points, 2ε.": lambda f, x, epsilon: (
                _slopes(f, x, -epsilon, epsilon)
            ),
            "The sign is turned round: f(x + ε) comes first.": lambda f, x, epsilon: -_central(f, x, epsilon),
            "You moved all entries at once. Move one, and put it back before the next.": lambda f, x, epsilon: np.full(
                x.shape, (f(x + epsilon) - f(x - epsilon)) / (2 * epsilon)
            ),
        },
    ),
    "6.3": Exercise(
        reference=relative_error,
        inputs=_pair,
        run=_errors,
        mistakes={
            "0/0 is not a number. Two zero gradients agree, so the error is 0.": _plain_error,
            "The error is 0 only if both gradients are zero. If one of them is, it is 1.": _zero_if_either_is,
            "A constant in the denominator hides every error in a gradient that is small itself.": _padded_error,
            "This divides by the length of a alone. Then a and n do not play the same part.": _own_error,
            "Below stands the longer of the two. It should be the sum of both lengths.": _of_the_longer,
            "This compares the lengths. A gradient that points elsewhere is wrong too: take the length of a - n.": (
                _of_the_lengths
            ),
            "Below stands the length of a + n. It should be the sum of the two lengths.": _of_the_sum,
            "These are squared lengths. An error of 1e-4 would look like one of 1e-8.": _squared_error,
        },
    ),
    "6.4": Exercise(
        reference=Centered,
        inputs=_centered_inputs,
        example=_centered_inputs(np.random.default_rng(0)),  # the page shows the verdict on its first, wrong answer
        run=_both_ways,
        mistakes={
            "dgamma is right now, but dX is not: the mean μ depends on every row of X too.": _ConstantMean,
            "dX is right now, but dgamma is not: γ multiplies X - μ, and backward uses X.": _KeepsInput,
            "γ is shared by all rows, so dgamma is a sum over the batch, not a mean.": _MeanGradient,
            "μ is a mean, so what comes back through it is the mean of dY, not its sum.": _SummedMean,
            "γ is missing in dX: what comes in is multiplied by it, and then loses its mean.": _ForgetsGamma,
            "An evaluation changes what backward needs. Cache only if training.": _Stale,
            "The formula holds at prediction too: subtract the mean of the batch there as well.": _NothingAtPrediction,
            "Each column has a μ of its own, so the mean of dY is taken column by column.": _OverallMean,
        },
    ),
    "6.5": Exercise(
        reference=right,
        run=_judgments,
        mistakes={
            "With one sample, a sum over the batch and a mean are the same. Use several.": (
                lambda make_layer: right(make_layer, n=1)
            ),
            "A bound this wide lets through what is 2 % too long. A right gradient is below 1e-7.": (
                lambda make_layer: right(make_layer, bound=0.3)
            ),
            "dW is compared with nothing. Measure it too.": lambda make_layer: right(make_layer, parts=("X", "b")),
            "db is compared with nothing. Measure it too.": lambda make_layer: right(make_layer, parts=("X", "W")),
            "dX is compared with nothing. Measure it too.": lambda make_layer: right(make_layer, parts=("W", "b")),
            "All sizes are equal here. Some mistakes show only where d_in and d_out differ.": (
                lambda make_layer: right(make_layer, d_out=4)
            ),
            "With the sum of all outputs every sample has the same gradient. Weight the outputs differently.": (
                _sum_of_outputs
            ),
            "This calls every layer wrong.": lambda make_layer: False,
            "Nothing was evaluated between forward and backward, as a training loop may do.": _no_evaluation,
            "Only dW was looked at. The bias and the input have gradients too.": _weights_only,
            "This calls every layer right. That a layer runs and the shapes fit says nothing of the values.": (
                lambda make_layer: True
            ),
        },
    ),
}
