"""Batch normalization: a layer that gives every column mean 0 and variance 1, then a learned scale and shift."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import checks
from scratchnet.layers import Layer, checked_backward, checked_forward

__all__ = ["BatchNorm"]


class BatchNorm(Layer):
    """Y = γ ⊙ Ẑ + β with Ẑ = (Z - μ) / σ, column by column.

        training     μ = mean of the batch, σ² = mean of (Z - μ)², plus eps
        inference    μ = running_mean,      σ² = running_var, plus eps

        dγ = Σ dY ⊙ Ẑ           (1, d), summed over the batch
        dβ = Σ dY               (1, d)
        dZ = γ/σ ⊙ (dY - dβ/N - Ẑ ⊙ dγ/N)          (N, d)

    Every training forward moves the running statistics by `momentum` towards those of the batch, the variance
    towards the unbiased one, Σ (Z - μ)² / (N - 1). γ starts at 1, β at 0, running_mean at 0, running_var at 1.
    Z is (N, d), Y is (N, d). Where a variance overflows, Y is NaN and the running statistics stay.

    Raises ValueError for an input with another number of columns, and for a training batch of one sample, which
    has no variance. Source: Ioffe and Szegedy, "Batch normalization", 2015; running statistics as in PyTorch.
    """

    params = ("gamma", "beta")
    settings = ("d", "momentum", "eps")
    state = ("running_mean", "running_var")
    squares = ("running_var",)
    gamma: np.ndarray
    beta: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray

    def __init__(self, d: int, momentum: float = 0.1, eps: float = 1e-5, *, dtype: Any = np.float64) -> None:
        self.d, dtype = checks.positive_int("d", d), checks.float_dtype(dtype)
        shape = (1, self.d)
        self.momentum = checks.number("momentum", momentum, high=1.0)
        self.eps = checks.number("eps", eps)
        self.gamma, self.beta = np.ones(shape, dtype), np.zeros(shape, dtype)
        self.dgamma, self.dbeta = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self.running_mean, self.running_var = np.zeros(shape, dtype), np.ones(shape, dtype)

    @checked_forward("gamma")
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        """Return Y = γ ⊙ (Z - μ)/σ + β, shape (N, d)."""
        if not training:
            scale = self.gamma / np.sqrt(self.running_var + self.eps)
            return (scale * (Z - self.running_mean) + self.beta).astype(Z.dtype, copy=False)
        N = Z.shape[-2]
        if N < 2:
            needed = "BatchNorm needs at least 2 samples in a training batch"
            raise ValueError(f"{needed}, got {N}: choose another batch_size")
        mean = Z.mean(axis=-2, keepdims=True)
        centered = Z - mean
        var = (centered * centered).mean(axis=-2, keepdims=True)
        unbiased = var * (N / (N - 1))
        finite = np.isfinite(unbiased).all(axis=-1, keepdims=True)
        self._average(mean, unbiased, finite)
        var = np.where(finite, var, np.nan)  # an infinite one would make Ẑ zero and pass unnoticed
        sigma = np.sqrt(var + self.eps)
        Z_hat = centered / sigma
        self.cache(Z_hat, sigma, shape=Z.shape)
        return self.gamma * Z_hat + self.beta

    def _average(self, mean: np.ndarray, var: np.ndarray, finite: np.ndarray) -> None:
        """Move the running statistics by `momentum` towards those of a batch, where these are finite."""
        for name, value in (("running_mean", mean), ("running_var", var)):
            moved = (1 - self.momentum) * getattr(self, name) + self.momentum * value
            setattr(self, name, np.where(finite, moved, getattr(self, name)).astype(value.dtype))

    @checked_backward
    def backward(self, dY: np.ndarray) -> np.ndarray:
        """Set dγ and dβ and return dZ = γ/σ ⊙ (dY - dβ/N - Ẑ ⊙ dγ/N), shape (N, d)."""
        Z_hat, sigma = self.cached()
        N = Z_hat.shape[-2]
        self.dgamma = (dY * Z_hat).sum(axis=-2, keepdims=True)
        self.dbeta = dY.sum(axis=-2, keepdims=True)
        return self.gamma / sigma * (dY - self.dbeta / N - Z_hat * (self.dgamma / N))
