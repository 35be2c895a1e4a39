"""The exercises of notebook 6, the gradient clinic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet import Layer, LinearLayer, Tanh, check_layer, numerical_gradient, relative_error
from scratchnet.book.exercises.broken import LinearA, LinearD, LinearE, LinearF, Reshaped
from scratchnet.book.exercises.judge import Exercise

Maker = Callable[[int, int], Layer]


# 6.2 A central difference


def cubic(x: np.ndarray) -> float:
    """Sum of x³ + x². At ε = 0.1 every way to take a difference gives another value."""
    return float(np.sum(x**3 + x**2))


def _point(rng: np.random.Generator) -> dict[str, Any]:
    return {"f": cubic, "x": np.round(rng.uniform(0.5, 2, (3, 2)), 2), "epsilon": 0.1}


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


# 6.3 A relative error


def _pair(rng: np.random.Generator) -> dict[str, Any]:
    a = np.round(rng.standard_normal((3, 2)), 2)
    return {"a": a, "n": np.round(a + 0.5 * rng.standard_normal((3, 2)), 2)}


def _errors(answer: Any, a: np.ndarray, n: np.ndarray) -> dict[str, Any]:
    zero = np.zeros_like(a)
    return {
        "a and n": answer(a.copy(), n.copy()),
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


def _centered_inputs(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "X": np.round(rng.standard_normal((3, 2)) + 1, 2),
        "gamma": np.round(rng.uniform(0.5, 2, (1, 2)), 2),
        "dY": np.round(rng.standard_normal((3, 2)), 2),
    }


def _both_ways(answer: Any, X: np.ndarray, gamma: np.ndarray, dY: np.ndarray) -> dict[str, Any]:
    layer = answer(X.shape[1])
    layer.gamma = gamma
    Y = layer.forward(X, training=True)
    dX = layer.backward(dY)
    return {"forward": Y, "dgamma": layer.dgamma, "dX": dX}


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


CANDIDATES: dict[str, Maker] = {
    "a right layer": lambda d_in, d_out: LinearLayer(d_in, d_out, seed=0),
    "a right layer with tanh inside": lambda d_in, d_out: _BentLinear(d_in, d_out, seed=0),
    "a layer that divides by N once more": lambda d_in, d_out: LinearA(d_in, d_out, seed=0),
    "a layer whose db is a mean": lambda d_in, d_out: LinearE(d_in, d_out, seed=0),
    "a layer without the transpose": lambda d_in, d_out: LinearD(d_in, d_out, seed=0),
    "a layer that reshapes W in place of transposing it": lambda d_in, d_out: Reshaped(d_in, d_out, seed=0),
    "a layer that keeps X in evaluation too": lambda d_in, d_out: LinearF(d_in, d_out, seed=0),
}


def _judgments(answer: Any) -> dict[str, Any]:
    judgments = {}
    for name, make in CANDIDATES.items():
        try:
            judgments[name] = answer(make)
        except Exception as error:
            if name.startswith("a right layer"):
                raise
            said = f"{error}. It was given {name}. Catch what a wrong layer raises, and return False"
            raise RuntimeError(said).with_traceback(error.__traceback__) from None
    return judgments


def _batch(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


def _passes(layer: Layer, X: np.ndarray) -> bool:
    try:
        return max(check_layer(layer, X).values()) < 1e-7
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


def right(make_layer: Maker) -> bool:
    """Return whether the layer's gradients are right, also after an evaluation between forward and backward."""
    X = _batch(5, 4)
    return _passes(make_layer(4, 3), X) and _same_after_evaluation(make_layer(4, 3), X, _batch(5, 4, seed=1))


def _one_sample(make_layer: Maker) -> bool:
    X = _batch(1, 4)
    return _passes(make_layer(4, 3), X) and _same_after_evaluation(make_layer(4, 3), X, _batch(1, 4, seed=1))


def _no_evaluation(make_layer: Maker) -> bool:
    return _passes(make_layer(4, 3), _batch(5, 4))


def _weights_only(make_layer: Any) -> bool:
    def total(Z: np.ndarray, _: Any) -> float:
        return float(np.sum(Z * Z))

    layer, X = make_layer(4, 4), _batch(5, 4)
    layer.backward(2 * layer.forward(X))
    return relative_error(layer.dW, numerical_gradient(layer, X, None, total)) < 1e-7


def _shapes_only(make_layer: Maker) -> bool:
    layer, X = make_layer(4, 4), _batch(5, 4)
    return bool(layer.backward(np.ones_like(layer.forward(X))).shape == X.shape)


EXERCISES = {
    "6.1": Exercise(
        reference=3 / 5,
        mistakes={
            "This is |1 - c|, the error as a share of the measured gradient. The lengths of both are added below.": 3.0,
            "This is |1 - c| / c, the error as a share of the computed gradient. Both lengths are added below.": 0.75,
            "The denominator adds the lengths: 1 + c, not twice the longer one.": 3 / 8,
            "In float64 a right gradient is below 1e-7; a factor of 4 is far from right.": 1e-7,
        },
    ),
    "6.2": Exercise(
        reference=_central,
        inputs=_point,
        mistakes={
            "This looks to one side only. Take f at x + ε and at x - ε.": lambda f, x, epsilon: (
                _slopes(f, x, 0, epsilon) / epsilon
            ),
            "The two points are 2ε apart, so divide by 2ε.": lambda f, x, epsilon: (
                _slopes(f, x, -epsilon, epsilon) / epsilon
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
            "These are squared lengths. An error of 1e-4 would look like one of 1e-8.": _squared_error,
        },
    ),
    "6.4": Exercise(
        reference=Centered,
        inputs=_centered_inputs,
        run=_both_ways,
        mistakes={
            "dgamma is right now, but dX is not: the mean μ depends on every row of X too.": _ConstantMean,
            "dX is right now, but dgamma is not: γ multiplies X - μ, and backward uses X.": _KeepsInput,
            "γ is shared by all rows, so dgamma is a sum over the batch, not a mean.": _MeanGradient,
            "μ is a mean, so what comes back through it is the mean of dY, not its sum.": _SummedMean,
            "Each column has a μ of its own, so the mean of dY is taken column by column.": _OverallMean,
        },
    ),
    "6.5": Exercise(
        reference=right,
        run=_judgments,
        mistakes={
            "With one sample, a sum over the batch and a mean are the same. Use several.": _one_sample,
            "Nothing was evaluated between forward and backward, as a training loop may do.": _no_evaluation,
            "Only dW was looked at. The bias and the input have gradients too.": _weights_only,
            "That a layer runs and the shapes fit says nothing about the values.": _shapes_only,
        },
    ),
}
