"""Handwritten digits: 1797 images of 8 × 8 numbers, in a file beside this one, and how the book splits them.

They are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, 1998, UCI Machine
Learning Repository, CC BY 4.0), in the file that scikit-learn carries: 13 people filled in forms, every digit was
brought to 32 × 32 black or white pixels, and a number says how many of a block of 4 × 4 are black, from 0 to 16.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scratchnet import NeuralNetwork, SoftmaxCrossEntropy, he, one_hot, train_test_split, train_together

FILE = Path(__file__).parent / "digits.csv.gz"
COMPARED = Path(__file__).parent / "digits.json"
SPLIT_SEED = 11
HIDDEN, LR, EPOCHS = (128,), 0.5, 60  # what was chosen on the validation images, see notebook 11


class Split(NamedTuple):
    """Images as rows of 64 numbers from 0 to 1, and their labels 0 … 9, in three parts."""

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def but_for_test(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the images and labels of the first two parts, to train on once everything is chosen."""
        return np.concatenate([self.X, self.X_val]), np.concatenate([self.y, self.y_val])


@cache
def _file() -> np.ndarray:
    text = gzip.decompress(FILE.read_bytes()).decode("ascii")
    return np.loadtxt(io.StringIO(text), dtype=np.intp, delimiter=",")  # (1797, 65), to count and index with


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return the images (1797, 64), counts from 0 to 16 row by row, and the labels (1797,)."""
    rows = _file().copy()
    return rows[:, :-1], rows[:, -1]


def split() -> Split:
    """Return 1150 images to train on, 288 to choose by and 359 to test on, drawn at random, the same every time."""
    counts, labels = load()
    X, X_test, y, y_test = train_test_split(counts / 16, labels, test_fraction=0.2, seed=SPLIT_SEED)
    X, X_val, y, y_val = train_test_split(X, y, test_fraction=0.2, seed=SPLIT_SEED)
    return Split(X, y, X_val, y_val, X_test, y_test)


def trained(
    hidden: Sequence[int],
    seeds: Sequence[int],
    X: np.ndarray,
    y: np.ndarray,
    *,
    lr: float = LR,
    n_epochs: int = EPOCHS,
) -> list[NeuralNetwork]:
    """Return a network for each seed, trained on X (N, 64) and labels y (N,) by gradient descent in batches of 32."""
    dims = [X.shape[1], *hidden, 10]
    nets = [NeuralNetwork(dims, seed=seed, output=SoftmaxCrossEntropy, init=he) for seed in seeds]
    train_together(nets, X, one_hot(y, 10), lr=lr, n_epochs=n_epochs, batch_size=32)
    return nets


def compared() -> dict[str, np.ndarray]:
    """Return what `make bench-digits` has found: the accuracies on the test images, of five seeds, by contender."""
    found = json.loads(COMPARED.read_text(encoding="utf-8"))
    return {name: np.array(one["right"]) / found["of"] for name, one in found["contenders"].items()}
