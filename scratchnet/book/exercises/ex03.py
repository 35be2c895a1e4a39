"""The exercises of notebook 3, network and training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from scratchnet import binary_cross_entropy, sigmoid
from scratchnet.book.exercises.judge import Exercise, WrongFormError, missing, parts, rows


def _sizes(rng: np.random.Generator) -> dict[str, Any]:
    return {"layer_dims": [int(size) for size in rng.integers(2, 40, rng.integers(3, 6))]}


def _n_parameters(layer_dims: list[int]) -> int:
    return sum((d_in + 1) * d_out for d_in, d_out in zip(layer_dims, layer_dims[1:], strict=False))


def _one_batch(rng: np.random.Generator) -> dict[str, Any]:
    X, y = rng.standard_normal((4, 2)).round(2), rng.permutation([[0.0], [0.0], [1.0], [1.0]])
    W, b = rng.standard_normal((2, 1)).round(2), rng.standard_normal((1, 1)).round(2)
    return {"X": X, "y": y, "W": W, "b": b, "lr": float(rng.choice([0.1, 0.5]))}


def _stepped(
    X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float, *, weight: float = 0.25, again: float = 1
) -> dict[str, Any]:
    """Return one step, with `weight` as what stands for 1/N, and the bias' gradient divided by `again`."""
    y_pred = sigmoid(X @ W + b)
    dZ = weight * (y_pred - y)
    db = dZ.sum(axis=0, keepdims=True) / again
    return {"W": W - lr * X.T @ dZ, "b": b - lr * db, "loss": binary_cross_entropy(y_pred, y)}


def _summed_loss(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Any]:
    step = _stepped(X, y, W, b, lr)
    return step | {"loss": step["loss"] * len(X)}


def _loss_afterward(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Any]:
    step = _stepped(X, y, W, b, lr)
    return step | {"loss": binary_cross_entropy(sigmoid(X @ step["W"] + step["b"]), y)}


def _lengths(rng: np.random.Generator) -> dict[str, Any]:
    return {"n_samples": int(rng.integers(21, 30)), "batch_size": int(rng.integers(4, 7))}


def _epochs(answer: Any, n_samples: int, batch_size: int) -> Any:
    """Return what two epochs in a row consist of, (batches, weights) from one generator, and the first one repeated."""
    rng = np.random.default_rng(0)
    epochs = [
        parts(answer(n_samples, batch_size, rng), "batches", "weights") for rng in (rng, rng, np.random.default_rng(0))
    ]
    if any(epoch is None for epoch in epochs):
        return None
    batches = [[rows("batches", batch) for batch in _listed(epoch[0])] for epoch in epochs if epoch]
    first, second, repeated = ({frozenset(batch) for batch in epoch} for epoch in batches)
    return {
        "lengths of the batches": [len(batch) for batch in batches[0]],
        "every sample once": np.array_equal(np.sort(np.concatenate([*batches[0], []])), np.arange(n_samples)),
        "other batches in the next epoch": first != second,
        "the same batches from the same rng": first == repeated,
        "weights": epochs[0][1] if epochs[0] else None,
    }


def _listed(batches: Any) -> list[Any]:
    if not isinstance(batches, Iterable):
        raise WrongFormError("batches should be a list of arrays of row numbers.")
    return list(batches)


def _epoch(n_samples: int, batch_size: int, rng: np.random.Generator) -> dict[str, Any]:
    return _with_weights(rng.permutation(n_samples), batch_size)


def _with_weights(order: np.ndarray, batch_size: int) -> dict[str, Any]:
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return {"batches": batches, "weights": [len(batch) / len(order) for batch in batches]}


def _equal_weights(n_samples: int, batch_size: int, rng: np.random.Generator) -> dict[str, Any]:
    epoch = _epoch(n_samples, batch_size, rng)
    return epoch | {"weights": np.full(len(epoch["batches"]), 1 / len(epoch["batches"]))}


def _full_batches(n_samples: int, batch_size: int, rng: np.random.Generator) -> dict[str, Any]:
    kept = n_samples // batch_size * batch_size
    return _with_weights(rng.permutation(n_samples)[:kept], batch_size)


def _relative_error(rng: np.random.Generator) -> dict[str, Any]:
    n = int(rng.integers(3, 65))
    return {"error": (n - 1) / (n + 1)}


Gradient = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _gradient(divisions: int) -> Gradient:
    """Return the gradient of a network without hidden layers, divided by N so many times."""
    W = np.array([[1.0], [-2.0]])

    def gradient(X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(X.T @ (sigmoid(X @ W) - y) / float(len(X)) ** divisions)

    return gradient


def _data(rng: np.random.Generator) -> dict[str, Any]:
    return {"X": rng.standard_normal((3, 2)).round(2), "y": rng.integers(0, 2, (3, 1))}


def _judged_test(answer: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """Return what the answer says about four gradients, of which the one divided once is right."""
    counts = [answer(_gradient(divisions), X.copy(), y.copy()) for divisions in range(4)]
    if missing(counts[0]):
        return None
    times = ("never", "once", "twice", "three times")
    return {f"a gradient divided {often}": count for often, count in zip(times, counts, strict=True)}


def _doubled(gradient: Gradient, X: np.ndarray, y: np.ndarray) -> float:
    """Return the size of the gradient of the doubled batch relative to that of the batch."""
    twice = gradient(np.tile(X, (2, 1)), np.tile(y, (2, 1)))
    return float(np.linalg.norm(twice) / np.linalg.norm(gradient(X, y)))


def _divisions(gradient: Gradient, X: np.ndarray, y: np.ndarray) -> int:
    return round(1 - np.log2(_doubled(gradient, X, y)))


EXERCISES = {
    "3.1": Exercise(
        reference=_n_parameters,
        inputs=_sizes,
        mistakes={
            "These are the weights alone. Each layer has d_out biases as well.": lambda dims: sum(
                d_in * d_out for d_in, d_out in zip(dims, dims[1:], strict=False)
            ),
            "A bias belongs to an output: d_in * d_out + d_out, and none for the network's input.": lambda dims: (
                _n_parameters(dims) + dims[0]
            ),
            "A layer has one bias for each of its outputs, not one in all.": lambda dims: sum(
                d_in * d_out + 1 for d_in, d_out in zip(dims, dims[1:], strict=False)
            ),
        },
    ),
    "3.2": Exercise(
        reference=_stepped,
        inputs=_one_batch,
        untouched=True,
        mistakes={
            "This step goes uphill. Subtract the gradient, or swap the terms of y_pred - y.": lambda X, y, W, b, lr: (
                _stepped(X, y, W, b, -lr)
            ),
            "The loss is a mean, so dZ = (y_pred - y) / N. Here the 1/N is missing.": lambda X, y, W, b, lr: _stepped(
                X, y, W, b, lr, weight=1
            ),
            "The gradient is divided by N twice, as in the published run.": lambda X, y, W, b, lr: _stepped(
                X, y, W, b, lr, weight=1 / 16
            ),
            "The bias' gradient is the sum of dZ over the batch. Here it is divided by N once more.": (
                lambda X, y, W, b, lr: _stepped(X, y, W, b, lr, again=4)
            ),
            "This is the sum of the losses. Divide it by N.": _summed_loss,
            "This is the loss after the step. Asked for is the one before it.": _loss_afterward,
        },
    ),
    "3.3": Exercise(
        reference=_epoch,
        inputs=_lengths,
        run=_epochs,
        mistakes={
            "The last, short batch is missing, so some samples take no part in the epoch.": _full_batches,
            "Every sample counts the same, so a batch counts by its length.": _equal_weights,
            "The batches are the same in every epoch. Cut them from rng.permutation(n_samples).": (
                lambda n, size, _rng: _with_weights(np.arange(n), size)
            ),
            "This draws from a generator of its own. Use rng, so that a seed fixes the order.": lambda n, size, _rng: (
                _epoch(n, size, np.random.default_rng())
            ),
            "Some samples are in no batch. rng.permutation(n_samples) has each of them once.": lambda n, size, rng: (
                _with_weights(rng.integers(0, n, n), size)
            ),
        },
    ),
    "3.4": Exercise(
        reference=lambda error: (1 + error) / (1 - error),
        inputs=_relative_error,
        mistakes={
            "This is the factor 1/N itself. Asked for is N.": lambda error: (1 - error) / (1 + error),
            "That is for an error relative to the true gradient alone; here both norms are added.": lambda error: (
                1 / (1 - error)
            ),
            "The error is not the factor itself: for a factor c it is (1 - c) / (1 + c), and c = 1/N.": lambda error: (
                1 / error
            ),
        },
    ),
    "3.5": Exercise(
        reference=_divisions,
        inputs=_data,
        run=_judged_test,
        mistakes={
            "This is the ratio. Turn it into a count: it is 2, 1, 1/2, 1/4 for 0, 1, 2, 3 divisions.": _doubled,
            "The ratio is the wrong way up: the doubled batch belongs into the numerator.": lambda g, X, y: round(
                1 + np.log2(_doubled(g, X, y))
            ),
            "With no division the ratio is 2, with one it is 1. You count one too few.": lambda g, X, y: round(
                -np.log2(_doubled(g, X, y))
            ),
        },
    ),
}
