"""Gradients measured without calculus, to check those derived with it.

A central difference moves one number a little to both sides and looks at the loss. It is slow, exact to about
ten digits, and knows nothing of the backward pass, which is what makes it a judge. It is blind at a kink:
keep the inputs of a ReLU away from 0.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet import checks
from scratchnet.layers import Layer, LinearLayer, snapshot
from scratchnet.network import NeuralNetwork

__all__ = ["central_difference", "check_layer", "check_network", "numerical_gradient", "relative_error"]


def central_difference(f: Callable[[], float], x: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    """Return df/dx by central differences, (f(x + ε) - f(x - ε)) / 2ε for every entry of x.

    f takes no argument and reads x, which is moved in place and put back, also if f raises. The error is of
    order ε² from the formula and 1e-16 / ε from rounding, so ε = 1e-5 is near the best. Returns the shape of x.
    Raises TypeError unless x is a float64 array.
    """
    epsilon = checks.number("epsilon", epsilon)
    if not isinstance(x, np.ndarray) or x.dtype != np.float64:
        raise TypeError(f"x must be a float64 array, got {getattr(x, 'dtype', type(x).__name__)}")
    slope = np.zeros_like(checks.real("x", x))
    for index in np.ndindex(x.shape):
        value = x[index]
        try:
            x[index] = value + epsilon
            above = f()
            x[index] = value - epsilon
            below = f()
        finally:
            x[index] = value
        slope[index] = (above - below) / (2 * epsilon)
    return slope


def numerical_gradient(
    layer: LinearLayer, X: Any, y_true: Any, loss_fn: Callable[[Any, Any], float], epsilon: float = 1e-5
) -> np.ndarray:
    """Return d loss_fn(layer.forward(X), y_true) / dW by central differences, in the shape of layer.W.

    W is put back as it was, and what `backward` needs is not disturbed.
    """
    return central_difference(lambda: loss_fn(layer.forward(X, training=False), y_true), layer.W, epsilon)


def relative_error(analytic: np.ndarray, numeric: np.ndarray) -> float:
    """Return ‖a - n‖ / (‖a‖ + ‖n‖), which no scale factor can hide; 0 if both are zero, inf where one is not finite.

    Raises ValueError for unequal shapes.

    Below 1e-7 is right in float64, above 1e-3 is wrong, and a factor c between them gives |1 - c| / (1 + c). That is if
    n itself can be trusted: see `check_network`.
    """
    numeric = checks.real("numeric", numeric)
    analytic = checks.same_shape("analytic", analytic, numeric.shape)
    total = np.linalg.norm(analytic) + np.linalg.norm(numeric)
    error = np.linalg.norm(analytic - numeric) / total if total != 0 else 0.0
    return float(np.nan_to_num(error, nan=np.inf))  # NaN would slip through max() and through `error > bound`


def check_layer(layer: Layer, X: Any, epsilon: float = 1e-5, seed: int = 0) -> dict[str, float]:
    """Compare a layer's `backward` with central differences for the input and every parameter.

    The loss is Σ R ⊙ forward(X) with a fixed random R, so that every output counts, and dL/d(output) = R. Every
    forward starts from the same `state`, so a dropout mask stays the same. Works on a copy.
    Returns the relative error for "X" and for every name in `layer.params`. Warns as `check_network` does.

    The layer must leave X as it is: it is given a read-only array, for which NumPy raises ValueError if it does not.
    """
    layer, X = copy.deepcopy(layer), checks.finite("X", X, np.float64)
    rng, restore = np.random.default_rng([1, checks.positive_int("seed", seed, minimum=0)]), snapshot([layer])
    R = rng.standard_normal(layer.forward(np.broadcast_to(X, X.shape), training=True).shape)  # which is read-only
    dX = layer.backward(R)

    def loss() -> float:
        restore()
        return float(np.sum(R * layer.forward(np.broadcast_to(X, X.shape), training=True)))

    parameters = [(name, getattr(layer, name), getattr(layer, "d" + name)) for name in layer.params]
    return _errors(loss, [("X", X, dX), *parameters], epsilon)


def check_network(net: NeuralNetwork, X: Any, y: Any, epsilon: float = 1e-5) -> dict[str, float]:
    """Compare a network's gradients with central differences of its loss, for all of theta and for the input.

    No factor of the batch size is adjusted anywhere: the loss is that of a training forward, the gradient what
    `backward` gives. Every forward starts from the same `state` of the layers, so dropout masks stay the same.
    Works on a copy. Returns the relative errors {"theta": …, "X": …}.

    Warns where the check cannot see: the differences are all zero, or the error is above 1e-3 and the differences
    change as much when every entry moves by epsilon. That happens where such a step crosses kinks of ReLU, as in a deep
    network with small weights, whose signals are smaller than the step, and where rounding drowns a gradient.
    """
    net, X = copy.deepcopy(net), checks.finite("X", X, np.float64)
    restore, Y = snapshot(net.layers), checks.finite("y", y, np.float64)
    dX = net.backward(net.forward(X), Y)

    def loss() -> float:
        restore()
        return float(net.output.loss(net._finite_logits(X, training=True), Y))

    return _errors(loss, [("theta", net.theta, net.grad), ("X", X, dX)], epsilon)


def _errors(loss: Callable[[], float], parts: list[Any], epsilon: float) -> dict[str, float]:
    """Return the relative error of every (name, x, dL/dx); warn where central differences cannot tell right from wrong.

    A step away a smooth loss has nearly the same slopes. Around a kink, and where all is rounding, they are others.
    """
    errors = {}
    for name, x, gradient in parts:
        numeric = central_difference(loss, x, epsilon)
        errors[name], doubt = relative_error(gradient, numeric), 0.0
        if errors[name] > 1e-3:
            x += epsilon
            doubt = relative_error(central_difference(loss, x, epsilon), numeric)
            x -= epsilon
        if doubt > errors[name] / 10 or not numeric.any():
            size = f"its error is {errors[name]:.1g}, but {'they are as uncertain' if doubt else 'all are 0'}"
            advice = "Use larger weights, such as init=he, other samples, or epsilon=1e-5"
            what = f"central differences cannot see whether the gradient of {name} is right"
            warnings.warn(f"{what}: {size}. {advice}", RuntimeWarning, stacklevel=3)
    return errors
