"""Where the weights start: functions of (d_in, d_out, rng) that return a matrix W of shape (d_in, d_out).

They differ only in the variance of an entry. It decides whether a signal grows, keeps its size or dies out
on its way through many layers.
"""

from __future__ import annotations

import numpy as np

__all__ = ["he", "large", "small", "xavier", "zeros"]


def zeros(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    """W = 0. Every unit of a layer then computes the same and gets the same gradient."""
    return np.zeros((d_in, d_out))


def small(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    """W = 0.01 · N(0, 1): too small, the signal dies out with depth."""
    return 0.01 * rng.standard_normal((d_in, d_out))


def large(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    """W = 1 · N(0, 1): too large, the signal explodes with depth."""
    return rng.standard_normal((d_in, d_out))


def xavier(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    """Var(W) = 2 / (d_in + d_out): a compromise between keeping the signal forward and the gradient backward.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    return np.sqrt(2 / (d_in + d_out)) * rng.standard_normal((d_in, d_out))


def he(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    """Var(W) = 2 / d_in: twice 1 / d_in, because ReLU sets half of the signal to zero.

    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015.
    """
    return np.sqrt(2 / d_in) * rng.standard_normal((d_in, d_out))
