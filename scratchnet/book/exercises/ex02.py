"""The exercises of notebook 2, layer primitives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from scratchnet import Layer, LinearLayer, check_layer, relu_grad, sigmoid
from scratchnet.book.exercises.judge import Exercise, WrongFormError, held, in_turn, missing, real


def _layer_output(rng: np.random.Generator) -> dict[str, Any]:
    a = np.round(np.maximum(rng.standard_normal(in_turn(rng, [(3, 2), (4,), (2, 1, 3), (1, 2), (5, 1)])), 0), 2)
    a.flat[0], a.flat[-1] = 0, round(float(rng.uniform(0.1, 3)), 2)  # one of each kind at least
    return {"a": a}


def _near_and_far(rng: np.random.Generator) -> dict[str, Any]:
    near, far = rng.uniform(-3, 3, 2).round(2), rng.uniform(800, 2000, 2).round()
    deep = -rng.uniform([41, 250, 550, 712], [60, 350, 690, 735]).round()  # where a is small, and not 0
    z = np.concatenate([near, far, -far, deep])
    return {"z": in_turn(rng, [z, z.reshape(2, 5), rng.permutation(z)])}


def _watched(answer: Any, z: np.ndarray) -> Any:
    """Return the sigmoid, unless there are floating-point errors on the way, which NumPy only warns of.

    Far from 0 a is a part of its own, so that nothing but 0 and 1 passes for 0 and 1. Between, where a is small, its
    logarithm tells an infinity on the way, and a bound on z. An a that is 0 in all of it is that of tanh, up to
    rounding: 1 + tanh(z / 2) has no digits there.
    """
    a = answer(z)
    if missing(a):
        return None
    a = real("a", a)
    if a.shape != z.shape:
        return {"a": a}
    errors = {where: _errors(answer, part) for where, part in (("z < 0", z[z < 0]), ("z > 0", z[z > 0]))}
    silent = [f"{error} where {where}" for where, found in errors.items() for error in sorted(found)]
    near, below, above, deep = np.abs(z) < 10, z < -750, z > 750, (z < -40) & (z > -740)
    far = {"a where z is below -800": a[below], "1 - a where z is above 800": 1 - a[above]}
    if silent and np.allclose(a, sigmoid(z)):
        raise WrongFormError(f"The values are right, but on the way there is: {', '.join(silent)}")
    if np.allclose(a[near], sigmoid(z[near])) and (np.all(a[below] > 0) or np.all(1 - a[above] > 1e-15)):
        raise WrongFormError("Below -800 and above 800 the values should be 0 and 1, and they stop short of that")
    small = a if a[deep].any() else sigmoid(z)
    return {"a": a} | far | {"log(a) where z is between -740 and -40": np.log(small[deep])}


def _errors(answer: Any, z: np.ndarray) -> set[str]:
    """Return the floating-point errors in answer(z), also where the answer switches the warnings off.

    The switch is out of order meanwhile, and z watches what is done with it in a function that was decorated before.
    Where there are no floating-point flags, as in a web page, an infinity out of finite numbers tells, and a NaN.
    """
    found: set[str] = set()
    kinds: dict[str, Any] = dict.fromkeys(("over", "invalid", "divide"), "call")
    seterr: Any = np.seterr

    def heard(kind: str, _flag: int) -> None:
        found.add(kind)

    def seen(ufunc: Any, inputs: Any, result: Any) -> Any:
        given, made = [np.asarray(array) for array in inputs], np.asarray(result)
        if all(array.dtype.kind in "biuf" for array in (made, *given)):
            if np.isnan(made).any() and not any(np.isnan(array).any() for array in given):
                found.add("invalid value")
            if np.isinf(made).any() and all(np.isfinite(array).all() for array in given):
                found.add("divide by zero" if ufunc is np.divide and not np.all(given[1]) else "overflow")
        return result

    exp = np.exp

    class Watched(np.ndarray):
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
            if out is not None:
                options["out"] = tuple(_plain(array) for array in out)
            before, told = seterr(**kinds), np.seterrcall(heard)
            try:
                result = getattr(ufunc, method)(*map(_plain, inputs), **options)
            finally:
                seterr(**before)
                np.seterrcall(told)
            seen(ufunc, map(_plain, inputs), result)
            return out[0] if out is not None else result.view(Watched) if isinstance(result, np.ndarray) else result

    off = {"__enter__": lambda self: self, "__exit__": lambda *_: None, "__call__": lambda _, function: function}
    with (
        np.errstate(**kinds, call=heard),
        _replaced(np.errstate, **off),
        # exp, for what watches no more
        _replaced(np, seterr=lambda **_: np.geterr(), exp=lambda x, **more: seen(exp, [x], exp(x, **more))),
    ):
        answer(z.view(Watched))
    return found


@contextmanager
def _replaced(owner: Any, **attributes: Any) -> Iterator[None]:
    """Give an object other attributes for a while."""
    before = {name: getattr(owner, name) for name in attributes}
    try:
        for name, value in attributes.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def _plain(array: Any) -> Any:
    return array.view(np.ndarray) if isinstance(array, np.ndarray) else array


def _chosen(z: np.ndarray) -> np.ndarray:
    return np.where(z < 0, np.exp(z) / (1 + np.exp(z)), 1 / (1 + np.exp(-z)))


def _clipped(z: np.ndarray) -> np.ndarray:
    return np.asarray(sigmoid(np.clip(z, -14, 14)))


def _backward_inputs(rng: np.random.Generator) -> dict[str, Any]:
    """Return numbers whose sums do not cancel: what is left then is rounding, and another one in float32."""
    n, d = in_turn(rng, [(3, 2), (1, 3), (2, 2), (5, 1), (4, 3)])
    while True:
        X, dZ = rng.standard_normal((2, n, d)).round(2)
        W = rng.uniform(0.2, 2, (d, d)).round(2)
        if min(np.abs(part).min() for part in _around(X, W, dZ).values()) > 0.1:
            return {"X": X, "W": W, "dZ": dZ}


def _around(X: np.ndarray, W: np.ndarray, dZ: np.ndarray) -> dict[str, Any]:
    return {"dW": X.T @ dZ, "db": dZ.sum(axis=0, keepdims=True), "dX": dZ @ W.T + dZ}


class _NoTranspose(LinearLayer):
    """A linear layer with a mistake that shows only if W differs from its transpose."""

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        super().backward(dZ)
        return dZ @ self.W


def _what_the_check_sees(W: Any) -> Any:
    W = real("W", W)
    if W.shape != (3, 3):
        raise WrongFormError(f"W has to be a 3 by 3 matrix, of the shape (3, 3), and yours has the shape {W.shape}.")
    if not np.isfinite(W).all():
        raise WrongFormError("W: Every entry should be a number, and one is infinite or not a number.")
    layer = _NoTranspose(3, 3)
    layer.W = W
    error = check_layer(layer, np.random.default_rng(0).standard_normal((5, 3)))["X"]
    wrong = ["No entry of W may be 0, and one is"] if np.any(W == 0) else []
    if error >= 1e-7:
        size = "1" if error > 1 - 1e-7 else "above 1e-7"
        wrong.append(f"check_layer should not see the mistake, and with this W its error for X is {size}")
    if wrong:
        raise WrongFormError(". ".join(wrong))
    return "hidden from the check"


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


class _AlwaysCaches(_Leaky):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(Z)


class _KeepsInput(_Leaky):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        A = super().forward(Z, training)
        if training:
            self.cache(Z)
        return A


class _KeepsMask(_Leaky):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        if training:
            self.cache(Z > 0)
        return super().forward(Z, training=False)

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * np.where(self.cached(), 1.0, self.slope)


class _OwnSlope(_Leaky):
    def __init__(self, slope: float = 0.1) -> None:
        self.slope = 0.1


class _Plain(_Leaky):
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        A = np.maximum(Z, 0)
        if training:
            self.cache(A)
        return A


class _Turned(_Leaky):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * np.where(self.cached() > 0, self.slope, 1.0)


def _activation_inputs(rng: np.random.Generator) -> dict[str, Any]:
    Z, dA = rng.standard_normal((2, *in_turn(rng, [(3, 2), (2, 3), (4, 2)]))).round(2)
    Z[Z == 0] = 0.5  # on the kink either slope is right
    Z.flat[:2] = rng.uniform(0.1, 2, 2).round(2) * [1, -1]  # one on either side of the kink at least
    return {"slope": in_turn(rng, [0.01, 0.1, 0.5, 0.2, 0.9]), "Z": Z, "dA": dA}


def _there_and_back(answer: Any, slope: float, Z: np.ndarray, dA: np.ndarray) -> Any:
    """Run the layer forward, once without training on other data, and backward; also with the slope by default."""
    layer = answer(slope)
    A = layer.forward(Z)
    if missing(A):
        return None
    kept = _kept(layer, real("A", A), Z)
    layer.forward(-Z, training=False)
    result = {"A": A, "dZ": layer.backward(dA)}
    layer.forward(Z[:1])
    result |= {"dZ of a batch of one row": layer.backward(dA[:1])}
    return result | {"A with the slope 0.1 by default": answer().forward(Z), "what it keeps for backward": kept}


def _kept(layer: Any, A: np.ndarray, Z: np.ndarray) -> str:
    arrays = list(held(layer).values())
    if any(np.array_equal(array, Z) for array in arrays):
        return "its input"
    return "its output" if all(np.array_equal(array, A) for array in arrays) else "something else than its output"


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
            "At the kink the slope is 0 by convention, not 1/2.": lambda a: np.heaviside(a, 0.5),
            "This is 0 where the unit is active and 1 where it is not: turned round.": lambda a: (a == 0) * 1.0,
            "0/0 is not a number. Compare a with 0 in place of dividing by it.": lambda a: a / a,
            "The unit is active as soon as a is above 0, also where a is less than 1.": lambda a: np.minimum(a, 1),
            "This is one number for all. Every entry has a slope of its own.": lambda a: np.full(
                a.shape, np.mean(a > 0)
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
            "For z far above 0 e^z is infinite, although 1 / infinity is right. Use 1 / (1 + e^-z) there.": lambda z: (
                1 - 1 / (1 + np.exp(z))
            ),
            "np.where picks the right branch, but both have been computed for every entry by then.": _chosen,
            "This is clipping. Beyond its bound every z gives the same, and no gradient passes. Leave z as it is.": (
                _clipped
            ),
            "This is the sigmoid of -z. The exponent is -z where z is positive.": lambda z: sigmoid(-z),
            "Far from 0 this is right, but near 0 it is a step.": lambda z: (z > 0) * 1.0,
            "This is tanh, between -1 and 1. The sigmoid is (1 + tanh(z / 2)) / 2.": np.tanh,
            "This is the derivative. Asked for is the sigmoid itself.": lambda z: sigmoid(z) * (1 - sigmoid(z)),
            "Both sides are alike here: the numerator is e^-|z| for z < 0 only, and 1 elsewhere.": lambda z: (
                1 / (1 + np.exp(-np.abs(z)))
            ),
        },
    ),
    "2.3": Exercise(
        reference=_around,
        inputs=_backward_inputs,
        mistakes={
            "This is the way through W alone. X takes part in Z once more, with the factor 1.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dX": dZ @ W.T}
            ),
            "This is the way around W alone. X also takes part in Z through W.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dX": dZ}
            ),
            "Through W the gradient goes back by its transpose.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dX": dZ @ W + dZ}
            ),
            "X itself is added to Z. What is added to its gradient is dZ, and not X.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dX": dZ @ W.T + X}
            ),
            "The layer divides by N. If the loss is a mean, its 1/N is already inside dZ.": lambda X, W, dZ: {
                "dW": X.T @ dZ / len(X),
                "db": dZ.mean(axis=0, keepdims=True),
                "dX": dZ @ W.T + dZ,
            },
            "dW is divided by N. If the loss is a mean, its 1/N is already inside dZ.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dW": X.T @ dZ / len(X)}
            ),
            "Everything is divided by N. If the loss is a mean, its 1/N is already inside dZ.": lambda X, W, dZ: {
                name: gradient / len(X) for name, gradient in _around(X, W, dZ).items()
            },
            "dX is divided by N. Each row of X has a gradient of its own, and nothing is averaged.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dX": (dZ @ W.T + dZ) / len(X)}
            ),
            "db is the sum over the batch, row by row. This is the sum over the outputs.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"db": dZ.sum(axis=1, keepdims=True)}
            ),
            "This is the transpose of dX. The gradient has the shape of X, (N, d).": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dX": W @ dZ.T + dZ.T}
            ),
            "The signs are turned round. These are gradients; the step against them comes later.": lambda X, W, dZ: {
                name: -gradient for name, gradient in _around(X, W, dZ).items()
            },
            "b takes part in every row of Z, so db is the sum over the batch, not the mean.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"db": dZ.mean(axis=0, keepdims=True)}
            ),
            "b has the shape (1, d), so db has it too: keepdims=True keeps the row.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"db": dZ.sum(axis=0)}
            ),
            "This is the transpose of dW. Row i belongs to input i, column j to output j.": lambda X, W, dZ: (
                _around(X, W, dZ) | {"dW": dZ.T @ X}
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
            "The check sees this one. For which W are dZ W and dZ W^T equal, whatever dZ is?": np.array(
                [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
            ),
            "The check sees this one, and an entry is 0. For which W are dZ W and dZ W^T equal?": np.triu(
                np.ones((3, 3))
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
            "A forward pass with training=False must leave alone what was cached.": _AlwaysCaches,
            "Keep the output alone: this keeps the input, where the output says the same.": _KeepsInput,
            "Keep the output alone: this keeps another array in its place.": _KeepsMask,
            "The slope is always 0.1 here. Use the one that is handed over.": _OwnSlope,
            "This is ReLU. Left of the kink the output is slope * Z, not 0.": _Plain,
            "The two slopes are the wrong way round: 1 where the output is positive.": _Turned,
        },
    ),
}
