"""How fast a Python trains: the same small training here and where the book was executed, so that times can be told."""

from __future__ import annotations

import sys
import time

import numpy as np

from scratchnet import NeuralNetwork

# Of this process alone, since a book is executed on all cores at once; a page has no such clock.
clock = time.perf_counter if sys.platform == "emscripten" else time.process_time


def training() -> float:
    """Return the seconds that 20 epochs of a small network take, at best of three."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 2))
    y = (X[:, :1] > 0).astype(float)
    seconds = []
    for _ in range(3):
        net = NeuralNetwork([2, 32, 16, 1], seed=0)
        began = clock()
        net.train(X, y, n_epochs=20, batch_size=64, verbose=False)
        seconds.append(clock() - began)
    return min(seconds)
