"""The exercises of notebook 8, batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import Layer, NeuralNetwork
from scratchnet.book.exercises.judge import Exercise


def _count(layer_dims: list[int]) -> tuple[int, int]:
    net = NeuralNetwork(layer_dims, seed=0, batch_norm=True)
    return net.theta.size, sum(getattr(layer, name).size for layer in net.layers for name in layer.state)


def _random(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.round(rng.standard_normal(shape), 2)


def _batch(rng: np.random.Generator) -> dict[str, Any]:
    gamma = np.round(rng.uniform(0.5, 2, (1, 2)), 2)
    return {"Z": _random(rng, 4, 2) * [[1, 3]] + [[2, -1]], "gamma": gamma, "beta": _random(rng, 1, 2), "eps": 0.01}


def _forward(Z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    return gamma * (Z - Z.mean(axis=0)) / np.sqrt(Z.var(axis=0) + eps) + beta


def _normalized(rng: np.random.Generator) -> dict[str, Any]:
    return {"dY": _random(rng, 4, 2), "Z_hat": _forward(_random(rng, 4, 2), np.ones((1, 2)), np.zeros((1, 2)), 1e-5)}


def _all_for_backward(rng: np.random.Generator) -> dict[str, Any]:
    return _normalized(rng) | {name: np.round(rng.uniform(0.5, 2, (1, 2)), 2) for name in ("gamma", "sigma")}


def _sum(A: np.ndarray) -> Any:
    return A.sum(axis=-2, keepdims=True)


def _mean(A: np.ndarray, axis: int = 0) -> Any:
    return A.mean(axis=axis, keepdims=True)


def _pair(answer: Any, dY: np.ndarray, Z_hat: np.ndarray) -> dict[str, Any]:
    """Return both gradients by name, or nothing for an answer that returns nothing."""
    result = answer(dY, Z_hat)
    if result is None or result is ...:
        return {}
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise TypeError("return two arrays, dgamma and dbeta")
    return dict(zip(("dgamma", "dbeta"), result, strict=True))


class LayerNorm(Layer):
    """Y = γ ⊙ X̂ + β with X̂ = (X - μ) / σ, row by row: mean and variance are those of one sample."""

    params = ("gamma", "beta")
    gamma: np.ndarray
    beta: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray
    axis = -1

    def __init__(self, d: int, eps: float = 1e-5) -> None:
        self.gamma, self.beta, self.eps = np.ones((1, d)), np.zeros((1, d)), eps

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        """Return Y, shape (N, d)."""
        centered = X - _mean(X, self.axis)
        sigma = np.sqrt(_mean(centered**2, self.axis) + self.eps)
        if training:
            self.cache(centered / sigma, sigma)
        return np.asarray(self.gamma * centered / sigma + self.beta)

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """Set dγ and dβ and return dX, shape (N, d)."""
        X_hat, sigma = self.cached()
        self.dgamma, self.dbeta = _sum(dY * X_hat), _sum(dY)
        return self.input_gradient(dY, X_hat, sigma)

    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """Return 1/σ · (dX̂ - mean of dX̂ - X̂ · mean of dX̂ ⊙ X̂) with dX̂ = γ ⊙ dY and means along the row."""
        dX_hat = self.gamma * dY
        return np.asarray((dX_hat - _mean(dX_hat, self.axis) - X_hat * _mean(dX_hat * X_hat, self.axis)) / sigma)


class _OverColumns(LayerNorm):
    axis = -2


class _GammaInFront(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        return np.asarray(self.gamma / sigma * (dY - _mean(dY, -1) - X_hat * _mean(dY * X_hat, -1)))


class _BackwardOverColumns(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        dX_hat = self.gamma * dY
        return np.asarray((dX_hat - _mean(dX_hat) - X_hat * _mean(dX_hat * X_hat)) / sigma)


class _AveragedParameters(LayerNorm):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        dX = super().backward(dY)
        self.dgamma, self.dbeta = self.dgamma / len(dY), self.dbeta / len(dY)
        return dX


def _pass(cls: Any, X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, dY: np.ndarray) -> dict[str, Any]:
    """Run a normalization layer forward and backward, then in inference mode, and on one sample."""
    layer = cls(X.shape[1])
    layer.gamma, layer.beta = gamma, beta
    found = {"forward": layer.forward(X)}
    if found["forward"] is None:
        return found
    found["dX from backward"] = layer.backward(dY)
    found |= {"dgamma": getattr(layer, "dgamma", None), "dbeta": getattr(layer, "dbeta", None)}
    found["forward with training=False"] = layer.forward(X, training=False)
    found["forward of one sample"] = layer.forward(X[:1], training=False)
    return found


EXERCISES = {
    "8.1": Exercise(
        reference=_count([2, 32, 16, 1]),
        mistakes={
            "γ and β are learned too: two numbers for every hidden unit.": (641, 96),
            "Every hidden unit has two running numbers, a mean and a variance.": (737, 48),
            "The output layer has no batch normalization after it: only the 48 hidden units count.": (739, 98),
            "The running statistics are not learned: no gradient reaches them.": (833, 96),
            "A bias before a batch normalization is useless, but it is there, and it counts.": (689, 96),
            "The learned numbers come first.": (96, 737),
        },
    ),
    "8.2": Exercise(
        reference=_forward,
        inputs=_batch,
        mistakes={
            "The statistics are those of a column, over the samples: axis=0.": lambda Z, gamma, beta, eps: (
                gamma * (Z - _mean(Z, 1)) / np.sqrt(Z.var(axis=1, keepdims=True) + eps) + beta
            ),
            "Divide by the standard deviation, the root of the variance.": lambda Z, gamma, beta, eps: (
                gamma * (Z - _mean(Z)) / (Z.var(axis=0) + eps) + beta
            ),
            "eps is added to the variance, under the root.": lambda Z, gamma, beta, eps: (
                gamma * (Z - _mean(Z)) / (Z.std(axis=0) + eps) + beta
            ),
            "The batch's own variance divides by N; N - 1 is for the running one.": lambda Z, gamma, beta, eps: (
                gamma * (Z - _mean(Z)) / np.sqrt(Z.var(axis=0, ddof=1) + eps) + beta
            ),
            "eps is missing: add it to the variance, under the root.": lambda Z, gamma, beta, eps: (
                gamma * (Z - _mean(Z)) / Z.std(axis=0) + beta
            ),
            "Scale first, then shift: gamma does not multiply beta.": lambda Z, gamma, beta, eps: (
                gamma * ((Z - _mean(Z)) / np.sqrt(Z.var(axis=0) + eps) + beta)
            ),
        },
    ),
    "8.3": Exercise(
        reference=lambda dY, Z_hat: (_sum(dY * Z_hat), _sum(dY)),
        inputs=_normalized,
        run=_pair,
        mistakes={
            "Sum over the batch; a mean would divide by N once more.": lambda dY, Z_hat: (
                _mean(dY * Z_hat),
                _mean(dY),
            ),
            "The two are swapped: dgamma comes first.": lambda dY, Z_hat: (_sum(dY), _sum(dY * Z_hat)),
            "Multiply entry by entry before the sum; the sum of Z_hat alone is 0.": lambda dY, Z_hat: (
                _sum(dY) * _sum(Z_hat),
                _sum(dY),
            ),
        },
    ),
    "8.4": Exercise(
        reference=lambda dY, Z_hat, gamma, sigma: gamma / sigma * (dY - _mean(dY) - Z_hat * _mean(dY * Z_hat)),
        inputs=_all_for_backward,
        mistakes={
            "Mean and variance depend on Z too: two terms are missing.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * dY
            ),
            "The standard deviation depends on Z too: the term along Z_hat is missing.": (
                lambda dY, Z_hat, gamma, sigma: gamma / sigma * (dY - _mean(dY))
            ),
            "The two sums are divided by N: they come from a mean and a mean square.": (
                lambda dY, Z_hat, gamma, sigma: gamma / sigma * (dY - _sum(dY) - Z_hat * _sum(dY * Z_hat))
            ),
            "Both terms are subtracted.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - _mean(dY) + Z_hat * _mean(dY * Z_hat))
            ),
            "Gamma is missing: Y = gamma Z_hat + beta.": lambda dY, Z_hat, gamma, sigma: (
                (dY - _mean(dY) - Z_hat * _mean(dY * Z_hat)) / sigma
            ),
            "Sigma is missing: Z_hat is the centered Z, divided by it.": lambda dY, Z_hat, gamma, sigma: (
                gamma * (dY - _mean(dY) - Z_hat * _mean(dY * Z_hat))
            ),
            "The mean depends on Z too: the mean of dY is missing.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - Z_hat * _mean(dY * Z_hat))
            ),
            "The last term points along Z_hat: multiply the mean of dY * Z_hat by Z_hat.": (
                lambda dY, Z_hat, gamma, sigma: gamma / sigma * (dY - _mean(dY) - _mean(dY * Z_hat))
            ),
            "The means run over the samples, as the forward's do: axis=0.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - _mean(dY, 1) - Z_hat * _mean(dY * Z_hat, 1))
            ),
        },
    ),
    "8.5": Exercise(
        reference=LayerNorm,
        inputs=lambda rng: {
            "X": _random(rng, 3, 4) * [[1, 2, 1, 3]],
            "gamma": np.round(rng.uniform(0.5, 2, (1, 4)), 2),
            "beta": _random(rng, 1, 4),
            "dY": _random(rng, 3, 4),
        },
        run=_pass,
        mistakes={
            "The statistics are those of a row, over the units: axis=-1.": _OverColumns,
            "Gamma changes along the row, so it belongs inside: start from dY * gamma.": _GammaInFront,
            "The two means in dX run over the units, as the forward's do: axis=-1.": _BackwardOverColumns,
            "dgamma and dbeta are sums over the samples, not means.": _AveragedParameters,
        },
    ),
}
