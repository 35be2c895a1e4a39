"""What is measured: a network to train on some data, the same for every contender."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scratchnet import LinearLayer, NeuralNetwork, make_spirals, standardize

CHAPTER = (2, 64, 32, 16, 1)


@dataclass(frozen=True)
class Task:
    """What is to be learned and how. X (N, d_in) and y (N, 1) are in the dtype that is to be computed with."""

    X: np.ndarray
    y: np.ndarray
    dims: tuple[int, ...] = CHAPTER
    batch_size: int = 64
    optimizer: str = "SGD"
    lr: float = 0.05
    seed: int = 42
    histories: bool = True
    """Record after every epoch what scratchnet records: loss, accuracy, gradient norms, update ratios."""

    @property
    def steps(self) -> int:
        """Training steps in an epoch; the last batch may be short."""
        return -(-len(self.X) // self.batch_size)

    @property
    def batches(self) -> list[slice]:
        """The rows of each batch."""
        return [slice(first, first + self.batch_size) for first in range(0, len(self.X), self.batch_size)]

    def network(self) -> NeuralNetwork:
        """A network as scratchnet starts it."""
        return NeuralNetwork(list(self.dims), self.seed, dtype=self.X.dtype)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The W (d_in, d_out) and b (1, d_out) that every contender starts from."""
        return [(layer.W, layer.b) for layer in self.network().layers if isinstance(layer, LinearLayer)]

    def alone(self) -> Task:
        """The same task without histories."""
        return replace(self, histories=False)


def chapter_task(dtype: Any, **fields: Any) -> Task:
    """The chapter's network and its 400 standardized points of two spirals."""
    X, y = make_spirals(200, noise=0.25, seed=7)
    return Task(standardize(X).astype(dtype), y.reshape(-1, 1).astype(dtype), **fields)
