"""Small two-dimensional data sets that a straight line cannot separate, and what prepares them for training.

Every data set is reproducible from its seed. `X` has shape (N, 2), `y` holds integer labels of shape (N,).
A network wants its targets as a matrix: `y.reshape(-1, 1)` for two classes, `one_hot(y, n_classes)` for more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import checks

__all__ = ["make_blobs", "make_circles", "make_moons", "make_spirals", "make_xor"]
__all__ += ["one_hot", "standardize", "train_test_split"]


def _scatter(centers: np.ndarray, labels: np.ndarray, noise: float, rng: Any) -> tuple[np.ndarray, np.ndarray]:
    """Add Gaussian noise of standard deviation `noise` to every coordinate of `centers`."""
    return centers + noise * rng.standard_normal(centers.shape), labels


def _arguments(n_points: Any, noise: Any, seed: Any) -> tuple[int, float, np.random.Generator]:
    size = checks.positive_int("n_points", n_points)
    return size, checks.number("noise", noise, include_low=True), np.random.default_rng(checks.seed(seed))


def make_spirals(n_points: int = 200, noise: float = 0.3, seed: int | None = 7) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved Archimedean spirals, `n_points` points each.

    With t = linspace(0, 4π, n), class 0 is (t cos t, t sin t) and class 1 is (t cos(t + π), t sin(t + π)).
    Gaussian noise of standard deviation `noise` is added to every coordinate, drawn from `default_rng(seed)`
    in the order x₁, y₁, x₂, y₂ with n draws each.

    Returns X of shape (2n, 2) and y of shape (2n,): n zeros, then n ones.
    Raises TypeError or ValueError if n_points is not a positive integer or noise is negative or not finite.
    """
    n_points, noise, rng = _arguments(n_points, noise, seed)
    t = np.linspace(0, 4 * np.pi, n_points)
    arms = [
        [t * np.cos(t + turn) + noise * rng.standard_normal(n_points),
         t * np.sin(t + turn) + noise * rng.standard_normal(n_points)]
        for turn in (0, np.pi)
    ]  # fmt: skip
    return np.concatenate([np.transpose(arm) for arm in arms]), np.repeat([0, 1], n_points)


def make_circles(n_points: int = 200, noise: float = 0.1, seed: int | None = 7) -> tuple[np.ndarray, np.ndarray]:
    """Two concentric circles of radius 1 (class 0) and 0.5 (class 1), `n_points` points each.

    Returns X of shape (2n, 2) and y of shape (2n,). Raises as `make_spirals` does.
    """
    n_points, noise, rng = _arguments(n_points, noise, seed)
    t = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    circle = np.stack([np.cos(t), np.sin(t)], axis=1)  # (n, 2)
    return _scatter(np.concatenate([circle, 0.5 * circle]), np.repeat([0, 1], n_points), noise, rng)


def make_moons(n_points: int = 200, noise: float = 0.1, seed: int | None = 7) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles of radius 1, the second turned over and moved by (1, 0.5).

    Returns X of shape (2n, 2) and y of shape (2n,). Raises as `make_spirals` does.
    """
    n_points, noise, rng = _arguments(n_points, noise, seed)
    t = np.linspace(0, np.pi, n_points)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)  # (n, 2)
    return _scatter(np.concatenate([upper, [1.0, 0.5] - upper]), np.repeat([0, 1], n_points), noise, rng)


def make_xor(n_points: int = 200, noise: float = 0.3, seed: int | None = 7) -> tuple[np.ndarray, np.ndarray]:
    """Four clouds at the corners (±1, ±1): class 0 where the signs agree, class 1 where they differ.

    The points of a class alternate between its two corners. Returns X of shape (2n, 2) and y of shape (2n,).
    Raises as `make_spirals` does.
    """
    n_points, noise, rng = _arguments(n_points, noise, seed)
    sign = np.where(np.arange(n_points) % 2 == 0, 1.0, -1.0)
    agree = np.stack([sign, sign], axis=1)  # (n, 2)
    return _scatter(np.concatenate([agree, agree * [1, -1]]), np.repeat([0, 1], n_points), noise, rng)


def make_blobs(
    n_points: int = 100, n_classes: int = 3, noise: float = 1.0, seed: int | None = 7
) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian clouds, one a class, their centers evenly spaced on a circle of radius 4.

    Returns X of shape (n_classes · n, 2) and y of shape (n_classes · n,) with labels 0 … n_classes - 1.
    Raises as `make_spirals` does, and if n_classes is not a positive integer.
    """
    n_points, noise, rng = _arguments(n_points, noise, seed)
    n_classes = checks.positive_int("n_classes", n_classes)
    angle = 2 * np.pi * np.arange(n_classes) / n_classes
    centers = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n_classes, 2)
    labels = np.repeat(np.arange(n_classes), n_points)
    return _scatter(centers[labels], labels, noise, rng)


def standardize(X: Any, like: Any = None) -> np.ndarray:
    """Shift and scale every feature by the mean and standard deviation it has in `like`: (X - μ) / σ.

    `like` is X itself unless given. Held-out data is scaled by the training data's statistics:
    `standardize(X_test, like=X_train)`. A feature that is constant in `like` has σ = 0 and is only shifted.

    Returns an array of the shape of X. Raises for anything but finite matrices with equally many columns.
    """
    X = checks.samples("X", X)
    like = X if like is None else checks.samples("like", like, X.shape[1])
    # A power of two changes no digit, and no square overflows or vanishes.
    exponent = np.maximum(np.frexp(np.abs(like).max(axis=0))[1], -900)
    X, like = np.ldexp(X, -exponent), np.ldexp(like, -exponent)
    # Through rounding, the std of a constant may come out as 1e-17.
    return (X - like.mean(axis=0)) / np.where(np.ptp(like, axis=0) > 0, like.std(axis=0), np.ldexp(1.0, -exponent))


def train_test_split(
    X: Any, y: Any, test_fraction: float = 0.25, seed: int | None = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split the rows of X and y at random, keeping pairs together.

    The test part gets round(test_fraction · N) rows, but at least one, and leaves at least one for training.

    Returns X_train, X_test, y_train, y_test. Raises if X and y differ in length, if there are fewer than two
    rows, or if test_fraction is not between 0 and 1.
    """
    X = checks.samples("X", X)
    y = np.array(checks.unmasked("y", y))
    if y.ndim == 0 or len(y) != len(X):
        raise ValueError(f"y must have as many rows as X, {len(X)}, got shape {y.shape}")
    if len(X) < 2:
        raise ValueError(f"X must hold at least two samples to be split, got {len(X)}")
    fraction = checks.number("test_fraction", test_fraction, high=1.0)
    n_test = min(max(round(fraction * len(X)), 1), len(X) - 1)
    order = np.random.default_rng(checks.seed(seed)).permutation(len(X))
    test, train = order[:n_test], order[n_test:]
    return X[train], X[test], y[train], y[test]


def one_hot(labels: Any, n_classes: int) -> np.ndarray:
    """Turn labels 0 … n_classes - 1 of shape (N,) into a matrix (N, n_classes) with a single 1 in every row.

    Raises for labels that are not integers in that range.
    """
    n_classes = checks.positive_int("n_classes", n_classes)
    labels = np.asarray(checks.unmasked("labels", labels))
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers of shape (N,), got {labels.dtype} of shape {labels.shape}")
    if labels.size and not (0 <= labels.min() and labels.max() < n_classes):
        raise ValueError(f"labels must lie in 0 … {n_classes - 1}, got {labels.min()} … {labels.max()}")
    return np.eye(n_classes)[labels]
