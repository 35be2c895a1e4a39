"""What several notebooks share: the points, the random stream of the published run, and how a network did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchnet import NeuralNetwork, make_moons, make_spirals, standardize


class Spirals(NamedTuple):
    """The book's points and others, scaled alike: X (400, 2), y (400, 1), X_test (1000, 2), y_test (1000, 1)."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def accuracies(self, net: NeuralNetwork) -> tuple[float, float]:
        """Return the accuracy on the training points and on the held-out points."""
        return net.accuracy(self.X, self.y), net.accuracy(self.X_test, self.y_test)


def spirals() -> Spirals:
    """Make the points of notebook 01: noise 0.25 and seed 7, and seed 8 for the held-out ones."""
    X_raw, labels = make_spirals(n_points=200, noise=0.25, seed=7)
    X_test_raw, test_labels = make_spirals(n_points=500, noise=0.25, seed=8)
    return Spirals(
        standardize(X_raw),
        labels.reshape(-1, 1),
        standardize(X_test_raw, like=X_raw),
        test_labels.reshape(-1, 1),
    )


Pairs = list[tuple[np.ndarray, np.ndarray]]


def draw(seed: int, n_train: int = 20, noise: float = 0.4, make: Callable[..., Any] = make_moons) -> Pairs:
    """Return points for training, for validation and for the test, each a pair X, y, scaled alike.

    Of each class there are n_train, 50 and 500, from three generators of their own.
    """
    raw = make(n_train, noise, seed)
    pairs = raw, make(50, noise, 1000 + seed), make(500, noise, 2000 + seed)
    return [(standardize(X, like=raw[0]), labels.reshape(-1, 1)) for X, labels in pairs]


def reference_rng(after_epochs: int = 0) -> np.random.Generator:
    """Return the generator that shuffles the published run, where it stands after so many epochs of 400 points.

    The published code drew a batch (5, 3) and a target (5, 2) for its gradient check from it first.
    """
    rng = np.random.default_rng(7)
    rng.standard_normal(5 * 3 + 5 * 2)
    for _ in range(after_epochs):
        rng.permutation(400)
    return rng


def independent_seeds(n: int) -> list[int]:
    """Return n seeds of networks that share nothing: 0, 100, 200, …

    The i-th linear layer of a network is drawn from seed + i, as the published run needs it. So layers of networks
    with the seeds 0 and 1 would be equal: spread over such seeds is not spread over independent networks.
    """
    return [100 * i for i in range(n)]


def spread(values: Any) -> str:
    """Return the lowest, middle and highest of some values as text."""
    low, middle, high = np.min(values), np.median(values), np.max(values)
    return f"{low:.3f} to {high:.3f}, median {middle:.3f}"


def median_and_range(values: Any) -> str:
    """Return the middle of some values, and the lowest and the highest, as text of two digits."""
    return f"{np.median(values):.2f} ({np.min(values):.2f} to {np.max(values):.2f})"
