"""Nonlinearities as functions on arrays, each with its derivative as a function of its own OUTPUT.

After the forward pass a layer still holds a = f(z) but not z. That is enough: f'(z) can be read off a.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import checks

__all__ = ["relu", "relu_grad", "sigmoid", "sigmoid_grad", "softmax", "tanh", "tanh_grad"]


def relu(z: Any) -> np.ndarray:
    """Rectified linear unit, entry by entry: a = max(z, 0). Any shape; the shape is kept."""
    z = checks.real("z", z)
    a = np.zeros(z.shape, z.dtype)  # to compare two arrays is faster than an array with a number
    return np.maximum(z, a, out=a)


def relu_grad(a: Any) -> np.ndarray:
    """Derivative of ReLU from its output: 1 where a > 0, else 0. At the kink z = 0 it is taken as 0."""
    a = checks.real("a", a)
    return (a > 0).astype(a.dtype)


def sigmoid(z: Any) -> np.ndarray:
    """Logistic function, entry by entry: a = 1 / (1 + e⁻ᶻ), for any finite z without overflow.

    Written as e^min(z, 0) / (1 + e^(-|z|)): for z < 0 it is e^z / (1 + e^z), and no exponent is ever positive.
    """
    z = checks.real("z", z)
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def sigmoid_grad(a: Any) -> np.ndarray:
    """Derivative of the sigmoid from its output: a (1 - a)."""
    a = checks.real("a", a)
    return a * (1 - a)


def tanh(z: Any) -> np.ndarray:
    """Hyperbolic tangent, entry by entry: a = (e^z - e⁻ᶻ) / (e^z + e⁻ᶻ)."""
    return np.tanh(checks.real("z", z))


def tanh_grad(a: Any) -> np.ndarray:
    """Derivative of tanh from its output: 1 - a²."""
    a = checks.real("a", a)
    return 1 - a * a


def softmax(z: Any) -> np.ndarray:
    """Turn every row into probabilities that sum to 1: e^(zᵢ) / Σⱼ e^(zⱼ), over the last axis.

    Subtracting the row's largest entry first changes nothing in the quotient and keeps e^z from overflowing.
    """
    z = checks.real("z", z)
    with np.errstate(over="ignore"):  # e^-inf is the 0 that is meant
        e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
