"""Dropout: a layer that, while the network trains, sets entries of its input to zero at random."""

from __future__ import annotations

import numpy as np

from scratchnet import checks
from scratchnet.layers import Layer, checked_backward, checked_forward

__all__ = ["Dropout"]


class Dropout(Layer):
    """A' = M ⊙ A in training, where an entry of M is 0 with probability `rate` and else 1 / (1 - rate); A at inference.

        dA = M ⊙ dA'            (N, d)

    This is inverted dropout: the mean of M is 1, so inference has nothing to scale. Every training forward draws a
    new mask from the generator `rng`, which starts at default_rng(seed). Any shape; rate is at least 0 and below 1.

    Raises TypeError or ValueError for a rate out of range. Source: Srivastava, Hinton, Krizhevsky, Sutskever and
    Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """

    settings = ("rate",)
    state = ("rng",)

    def __init__(self, rate: float, seed: int | None = None) -> None:
        self.rate = checks.number("rate", rate, high=1.0, include_low=True)
        self.rng = np.random.default_rng(checks.seed(seed))

    @checked_forward()
    def forward(self, A: np.ndarray, training: bool = True) -> np.ndarray:
        """Return M ⊙ A with a new mask M, or a copy of A at inference."""
        if not training:
            return A.copy()
        mask = (self.rng.random(A.shape) >= self.rate).astype(A.dtype) / (1 - self.rate)
        self.cache(mask, shape=A.shape)
        return A * mask

    @checked_backward
    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return M ⊙ dA, with the mask of the last training forward."""
        return dA * self.cached()
