"""The exercises of notebook 2, layer primitives."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import Layer, LinearLayer, check_layer, relu_grad, sigmoid
from scratchnet.book.exercises.judge import Exercise, missing, real


def _layer_output(rng: np.random.Generator) -> dict[str, Any]:
    return {"a": np.round(np.maximum(rng.standard_normal((3, 2)), 0), 2)}


def _near_and_far(rng: np.random.Generator) -> dict[str, Any]:
    near, far = rng.uniform(-3, 3, 2).round(2), rng.uniform(800, 2000, 2).round()
    return {"z": np.concatenate([near, far, -far])}


def _watched(answer: Any, z: np.ndarray) -> Any:
    """Return the sigmoid together with the floating-point errors on the way, which NumPy only warns of."""
    a = answer(z)
    if missing(a):
        return None
    found = {"a": a}
    for side, part in (("z < 0", z[z < 0]), ("z > 0", z[z > 0])):
        errors: set[str] = set()
        with np.errstate(
            over="call", invalid="call", divide="call", call=lambda kind, _flag, seen=errors: seen.add(kind)
        ):
            answer(part)
        found[f"floating-point errors where {side}"] = ", ".join(sorted(errors)) or "none"
    return found


def _chosen(z: np.ndarray) -> np.ndarray:
    return np.where(z < 0, np.exp(z) / (1 + np.exp(z)), 1 / (1 + np.exp(-z)))


def _backward_inputs(rng: np.random.Generator) -> dict[str, Any]:
    shapes = {"X": (3, 2), "W": (2, 4), "dZ": (3, 4)}
    return {name: rng.standard_normal(shape).round(2) for name, shape in shapes.items()}


def _linear_backward(X: np.ndarray, W: np.ndarray, dZ: np.ndarray) -> dict[str, Any]:
    return {"dW": X.T @ dZ, "db": dZ.sum(axis=0, keepdims=True), "dX": dZ @ W.T}


class _NoTranspose(LinearLayer):
    """A linear layer with a mistake that shows only if W differs from its transpose."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        super().backward(dZ)
        return dZ @ self.W


def _what_the_check_sees(W: Any) -> Any:
    W = real("W", W)
    if W.shape != (3, 3):
        return {"shape of W": W.shape}
    layer = _NoTranspose(3, 3)
    layer.W = W
    error = check_layer(layer, np.random.default_rng(0).standard_normal((5, 3)))["X"]
    return {
        "shape of W": W.shape,
        "number of zeros in W": int(np.sum(W == 0)),
        "relative error for X, as 0 if it is below 1e-7": 0.0 if error < 1e-7 else float(f"{error:.3g}"),
    }


class _Leaky(Layer):
    """Leaky ReLU, and by its subclasses what can go wrong in it."""

    def __init__(self, slope: float = 0.1) -> None:
        self.slope = slope

    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        A = np.where(Z > 0, Z, self.slope * Z)
        if training:
            self.cache(A)
        return A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * np.where(self.cached() > 0, 1.0, self.slope)


class _WithoutChain(_Leaky):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return np.where(self.cached() > 0, 1.0, self.slope)


class _Closed(_Leaky):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * (self.cached() > 0)


class _Value(_Leaky):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * self.cached()


class _AlwaysSaves(_Leaky):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(Z)


def _activation_inputs(rng: np.random.Generator) -> dict[str, Any]:
    Z, dA = rng.standard_normal((2, 3, 2)).round(2)
    return {"slope": float(rng.choice([0.01, 0.1, 0.3])), "Z": Z, "dA": dA}


def _there_and_back(answer: Any, slope: float, Z: np.ndarray, dA: np.ndarray) -> Any:
    """Run the layer forward, once without training on other data, and backward."""
    layer = answer(slope)
    A = layer.forward(Z)
    layer.forward(-Z, training=False)
    return {"A": A, "dZ": layer.backward(dA)}


EXERCISES = {
    "2.1": Exercise(
        reference=relu_grad,
        inputs=_layer_output,
        mistakes={
            "The slope is 0 where the output is 0, so the comparison is strict: >, not >=.": lambda a: (a >= 0) * 1.0,
            "This is the output itself; the derivative asks only whether it is positive.": lambda a: a,
            "The slope to the left of the kink is 0, not -1: there the output is flat.": lambda a: np.where(
                a > 0, 1.0, -1.0
            ),
        },
    ),
    "2.2": Exercise(
        reference=sigmoid,
        inputs=_near_and_far,
        run=_watched,
        mistakes={
            "For z far below 0 the exponent -z is large and positive. Use e^z / (1 + e^z) there.": lambda z: (
                1 / (1 + np.exp(-z))
            ),
            "For z far above 0 this is infinity / infinity. Use 1 / (1 + e^-z) there.": lambda z: (
                np.exp(z) / (1 + np.exp(z))
            ),
            "np.where picks the right branch, but both have been computed for every entry by then.": _chosen,
        },
    ),
    "2.3": Exercise(
        reference=_linear_backward,
        inputs=_backward_inputs,
        mistakes={
            "The layer divides by N. If the loss is a mean, its 1/N is already inside dZ.": lambda X, W, dZ: {
                "dW": X.T @ dZ / len(X),
                "db": dZ.mean(axis=0, keepdims=True),
                "dX": dZ @ W.T,
            },
            "b takes part in every row of Z, so db is the sum over the batch, not the mean.": lambda X, W, dZ: (
                _linear_backward(X, W, dZ) | {"db": dZ.mean(axis=0, keepdims=True)}
            ),
            "b has the shape (1, d_out), so db has it too: keepdims=True keeps the row.": lambda X, W, dZ: (
                _linear_backward(X, W, dZ) | {"db": dZ.sum(axis=0)}
            ),
            "This is the transpose of dW. The gradient has the shape of W, (d_in, d_out).": lambda X, W, dZ: (
                _linear_backward(X, W, dZ) | {"dW": dZ.T @ X}
            ),
        },
    ),
    "2.4": Exercise(
        reference=np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]]),
        run=_what_the_check_sees,
        mistakes={
            "This matrix does hide the mistake, but here no entry may be 0.": np.eye(3),
            "With the transpose equal to -W the sign of dX is wrong everywhere, and the error is 1.": np.array(
                [[0.0, 1.0, 2.0], [-1.0, 0.0, 3.0], [-2.0, -3.0, 0.0]]
            ),
        },
    ),
    "2.5": Exercise(
        reference=_Leaky,
        inputs=_activation_inputs,
        run=_there_and_back,
        mistakes={
            "This is the derivative alone. The chain rule multiplies it by dA, entry by entry.": _WithoutChain,
            "For z < 0 the derivative is the slope, not 0. Else the unit could still die.": _Closed,
            "dA is multiplied by the output. It has to be multiplied by the derivative.": _Value,
            "A forward pass with training=False must leave alone what was cached.": _AlwaysSaves,
        },
    ),
}
