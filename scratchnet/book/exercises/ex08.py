"""The exercises of notebook 8, batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import Layer, NeuralNetwork
from scratchnet.book.exercises.judge import Exercise, WrongFormError, in_turn, pair


def _count(layer_dims: list[int]) -> tuple[int, int]:
    net = NeuralNetwork(layer_dims, seed=0, batch_norm=True)
    return net.theta.size, sum(getattr(layer, name).size for layer in net.layers for name in layer.state)


def _random(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.round(rng.standard_normal(shape), 2)


def _shape(rng: np.random.Generator, least: int = 2) -> tuple[int, int]:
    """Return N, which is at least `least`, and another number d of units; all from 1 up take their turn."""
    N, d = in_turn(rng, [(4, 3), (2, 5), (5, 1), (3, 2), (1, 4)])
    return (N, d) if N >= least else (N + 5, d)


def _factors(rng: np.random.Generator, d: int) -> np.ndarray:
    """Return d factors far from 0 and from 1, of both signs, (1, d)."""
    return np.round(rng.uniform(1.3, 2.5, (1, d)) * rng.choice([-1, 1], (1, d)), 2)


def _batch(rng: np.random.Generator) -> dict[str, Any]:
    N, d = _shape(rng)
    Z = _random(rng, N, d) * rng.integers(1, 4, (1, d)) + rng.integers(-2, 3, (1, d))
    eps = float(rng.choice([0.02, 0.1, 0.5]))
    return {"Z": Z, "gamma": _factors(rng, d), "beta": _random(rng, 1, d), "eps": eps}


def _forward(Z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    return gamma * (Z - Z.mean(axis=0)) / np.sqrt(Z.var(axis=0) + eps) + beta


def _normalized(rng: np.random.Generator) -> dict[str, Any]:
    N, d = _shape(rng, least=3)  # of two samples every Ẑ is 1 or -1
    return {"dY": _random(rng, N, d), "Z_hat": _forward(_random(rng, N, d), np.ones((1, d)), np.zeros((1, d)), 1e-5)}


def _all_for_backward(rng: np.random.Generator) -> dict[str, Any]:
    inputs = _normalized(rng)
    d = inputs["dY"].shape[1]
    return inputs | {"gamma": _factors(rng, d), "sigma": np.abs(_factors(rng, d))}


def _for_layer(rng: np.random.Generator) -> dict[str, Any]:
    N, d = _shape(rng, least=1)
    d += 2  # of two units every X̂ is 1 or -1
    return {
        "X": _random(rng, N, d) * rng.integers(1, 4, (1, d)),
        "gamma": _factors(rng, d),
        "beta": _random(rng, 1, d),
        "eps": float(rng.choice([0.02, 0.1, 0.5])),
        "dY": _random(rng, N, d),
    }


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
        raise WrongFormError("Return two arrays, dgamma and dbeta.")
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
        sigma = self.deviation(centered)
        if training:
            self.cache(centered / sigma, sigma)
        return np.asarray(self.gamma * centered / sigma + self.beta)

    def deviation(self, centered: np.ndarray) -> np.ndarray:
        """Return σ, the root of the mean square plus ε."""
        return np.asarray(np.sqrt(_mean(centered**2, self.axis) + self.eps))

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


class _EpsOutside(LayerNorm):
    def deviation(self, centered: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(_mean(centered**2, -1)) + self.eps)


class _OwnEps(LayerNorm):
    def deviation(self, centered: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(_mean(centered**2, -1) + 1e-5))


class _NoEps(LayerNorm):
    def deviation(self, centered: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(_mean(centered**2, -1)))


class _Unbiased(LayerNorm):
    def deviation(self, centered: np.ndarray) -> np.ndarray:
        d = centered.shape[-1]
        return np.asarray(np.sqrt(_mean(centered**2, -1) * d / (d - 1) + self.eps))


class _Variance(LayerNorm):
    def deviation(self, centered: np.ndarray) -> np.ndarray:
        return np.asarray(_mean(centered**2, -1) + self.eps)


class _GammaInFront(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        return np.asarray(self.gamma / sigma * (dY - _mean(dY, -1) - X_hat * _mean(dY * X_hat, -1)))


class _NoGamma(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        return np.asarray((dY - _mean(dY, -1) - X_hat * _mean(dY * X_hat, -1)) / sigma)


class _ConstantStatistics(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        return np.asarray(self.gamma * dY / sigma)


class _ConstantSigma(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        dX_hat = self.gamma * dY
        return np.asarray((dX_hat - _mean(dX_hat, -1)) / sigma)


class _BackwardOverColumns(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        dX_hat = self.gamma * dY
        return np.asarray((dX_hat - _mean(dX_hat) - X_hat * _mean(dX_hat * X_hat)) / sigma)


class _Sums(LayerNorm):
    def input_gradient(self, dY: np.ndarray, X_hat: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        dX_hat = self.gamma * dY
        along = (dX_hat * X_hat).sum(axis=-1, keepdims=True)
        return np.asarray((dX_hat - dX_hat.sum(axis=-1, keepdims=True) - X_hat * along) / sigma)


class _NoScaleNorShift(LayerNorm):
    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        return np.asarray((super().forward(X, training) - self.beta) / self.gamma)


class _AveragedParameters(LayerNorm):
    def backward(self, dY: np.ndarray) -> np.ndarray:
        dX = super().backward(dY)
        self.dgamma, self.dbeta = self.dgamma / len(dY), self.dbeta / len(dY)
        return dX


class _CachesAtInference(LayerNorm):
    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        return super().forward(X, training=True)


def _pass(cls: Any, X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float, dY: np.ndarray) -> dict[str, Any]:
    """Run a normalization layer forward, at inference on other samples and on one sample, and then backward."""
    layer = cls(X.shape[1], eps)
    layer.gamma, layer.beta = gamma, beta
    found = {"forward": layer.forward(X)}
    if found["forward"] is None:
        return found
    found["forward with training=False"] = layer.forward(2 - X, training=False)
    found["forward of one sample"] = layer.forward(X[:1], training=False)
    found["dX from backward, after these two"] = layer.backward(dY)
    found |= {name: getattr(layer, name, None) for name in ("dgamma", "dbeta")}
    return found | {"gamma afterwards": layer.gamma, "beta afterwards": layer.beta}


EXERCISES = {
    "8.1": Exercise(
        reference=_count([2, 32, 16, 1]),
        run=lambda answer: pair(
            answer, "Answer with two numbers, (learned, running): how many are learned, how many are running."
        ),
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
            "eps is an argument, and not always 1e-5.": lambda Z, gamma, beta, eps: _forward(Z, gamma, beta, 1e-5),
            "gamma is missing: it multiplies the normalized Z.": lambda Z, gamma, beta, eps: _forward(
                Z, np.ones_like(gamma), beta, eps
            ),
            "beta is missing: add it in the end.": lambda Z, gamma, beta, eps: _forward(
                Z, gamma, np.zeros_like(beta), eps
            ),
            "gamma and beta are missing: multiply the normalized Z by gamma, then add beta.": (
                lambda Z, gamma, beta, eps: _forward(Z, np.ones_like(gamma), np.zeros_like(beta), eps)
            ),
            "Subtract the mean of the column first.": lambda Z, gamma, beta, eps: (
                gamma * Z / np.sqrt(Z.var(axis=0) + eps) + beta
            ),
            "One mean and one variance for each column, not for the whole matrix: axis=0.": (
                lambda Z, gamma, beta, eps: gamma * (Z - Z.mean()) / np.sqrt(Z.var() + eps) + beta
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
            "dbeta is the sum of dY: beta has the factor 1 in Y, not Z_hat.": lambda dY, Z_hat: (
                _sum(dY * Z_hat),
                _sum(dY * Z_hat),
            ),
            "dgamma needs the factor that gamma has in Y, which is Z_hat.": lambda dY, Z_hat: (_sum(dY), _sum(dY)),
            "These are the sums for dL/dY of the other sign: nothing is negated here.": lambda dY, Z_hat: (
                -_sum(dY * Z_hat),
                -_sum(dY),
            ),
            "dbeta is a sum over the batch too; only dgamma is summed.": lambda dY, Z_hat: (
                _sum(dY * Z_hat),
                _mean(dY),
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
            "The sum of dY is divided by N too, as that of dY * Z_hat is.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - _sum(dY) - Z_hat * _mean(dY * Z_hat))
            ),
            "The sum of dY * Z_hat is divided by N too, as that of dY is.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - _mean(dY) - Z_hat * _sum(dY * Z_hat))
            ),
            "One mean for each column, not for the whole matrix: axis=0.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - dY.mean() - Z_hat * (dY * Z_hat).mean())
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
            "The statistics of the batch divide by N, and so do the two sums; N - 1 is for the running variance.": (
                lambda dY, Z_hat, gamma, sigma: (
                    gamma / sigma * (dY - (_sum(dY) + Z_hat * _sum(dY * Z_hat)) / (len(dY) - 1))
                )
            ),
            "Sigma is the standard deviation already: divide by it once.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma**2 * (dY - _mean(dY) - Z_hat * _mean(dY * Z_hat))
            ),
            "Divide by sigma: the wider the column, the less Z_hat moves with Z.": lambda dY, Z_hat, gamma, sigma: (
                gamma * sigma * (dY - _mean(dY) - Z_hat * _mean(dY * Z_hat))
            ),
            "The means run over the samples, as the forward's do: axis=0.": lambda dY, Z_hat, gamma, sigma: (
                gamma / sigma * (dY - _mean(dY, 1) - Z_hat * _mean(dY * Z_hat, 1))
            ),
        },
    ),
    "8.5": Exercise(
        reference=LayerNorm,
        inputs=_for_layer,
        run=_pass,
        mistakes={
            "The statistics are those of a row, over the units: axis=-1.": _OverColumns,
            "eps is added to the variance, under the root.": _EpsOutside,
            "eps is an argument of the layer, and not always 1e-5.": _OwnEps,
            "eps is missing: add it to the variance, under the root.": _NoEps,
            "The variance divides by d, the number of units, and not by d - 1.": _Unbiased,
            "Divide by the standard deviation, the root of the variance.": _Variance,
            "Gamma changes along the row, so it belongs inside: start from dY * gamma.": _GammaInFront,
            "Gamma is missing in dX: start from dY * gamma.": _NoGamma,
            "Mean and variance depend on X too: two terms of dX are missing.": _ConstantStatistics,
            "The standard deviation depends on X too: the term along X_hat is missing.": _ConstantSigma,
            "The two means in dX run over the units, as the forward's do: axis=-1.": _BackwardOverColumns,
            "The two terms of dX are means along the row, not sums.": _Sums,
            "gamma and beta are missing in forward: Y is gamma times the normalized X, plus beta.": _NoScaleNorShift,
            "dgamma and dbeta are sums over the samples, not means.": _AveragedParameters,
            "With training=False the cache is left alone: backward belongs to the last training forward.": (
                _CachesAtInference
            ),
        },
    ),
}
