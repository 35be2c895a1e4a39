"""The exercises of notebook 3, network and training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from scratchnet import binary_cross_entropy, sigmoid
from scratchnet.book.exercises.judge import Exercise, WrongFormError, in_turn, missing, parts, rows


def _sizes(rng: np.random.Generator) -> dict[str, Any]:
    return {"layer_dims": [int(size) for size in rng.integers(2, 40, in_turn(rng, [3, 2, 5, 4, 6]))]}


def n_parameters(layer_dims: list[int]) -> int:
    """Return how many numbers a network of these layer sizes learns."""
    return sum((d_in + 1) * d_out for d_in, d_out in zip(layer_dims, layer_dims[1:], strict=False))


def _one_batch(rng: np.random.Generator) -> dict[str, Any]:
    n, d = in_turn(rng, [(4, 2), (1, 3), (7, 2), (3, 1), (5, 4)])
    X, y = rng.standard_normal((n, d)).round(2), rng.integers(0, 2, (n, 1)).astype(float)
    W, b = rng.standard_normal((d, 1)).round(2), rng.standard_normal((1, 1)).round(2)
    return {"X": X, "y": y, "W": W, "b": b, "lr": in_turn(rng, [0.1, 0.5, 2.0, 0.05, 1.0])}


def _stepped(
    X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float, *, divisions: int = 1, again: int = 0
) -> dict[str, Any]:
    """Return one step, with the gradient divided by N so many times, and that of the bias again."""
    y_pred = sigmoid(X @ W + b)
    dZ = (y_pred - y) / float(len(X)) ** divisions
    db = dZ.sum(axis=0, keepdims=True) / float(len(X)) ** again
    return {"W": W - lr * X.T @ dZ, "b": b - lr * db, "loss": binary_cross_entropy(y_pred, y)}


def _once_more_sigmoid(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Any]:
    y_pred = sigmoid(X @ W + b)
    dZ = (y_pred - y) * y_pred * (1 - y_pred) / len(X)
    return _stepped(X, y, W, b, lr) | {"W": W - lr * X.T @ dZ, "b": b - lr * dZ.sum(axis=0, keepdims=True)}


def _gradients(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Any]:
    step = _stepped(X, y, W, b, 1)
    return step | {"W": W - step["W"], "b": b - step["b"]}


def _summed_loss(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Any]:
    step = _stepped(X, y, W, b, lr)
    return step | {"loss": step["loss"] * len(X)}


def _loss_afterward(X: np.ndarray, y: np.ndarray, W: np.ndarray, b: np.ndarray, lr: float) -> dict[str, Any]:
    step = _stepped(X, y, W, b, lr)
    return step | {"loss": binary_cross_entropy(sigmoid(X @ step["W"] + step["b"]), y)}


def _lengths(rng: np.random.Generator) -> dict[str, Any]:
    """Return lengths with a short last batch, without one, with one batch alone, and with one sample in each."""
    n, size = in_turn(rng, [(21, 5), (20, 5), (17, 32), (15, 1), (26, 7)])
    n += 0 if size in (1, 32) else size * int(rng.integers(3))
    return {"n_samples": n, "batch_size": size, "seed": int(rng.integers(1000))}


def _epochs(answer: Any, n_samples: int, batch_size: int, seed: int) -> Any:
    """Return what two epochs in a row consist of, (batches, weights) from one generator, and the first one repeated."""
    rng, same = np.random.default_rng(seed), np.random.default_rng(seed)
    epochs = [parts(answer(n_samples, batch_size, g), "batches", "weights") for g in (rng, rng, same)]
    if any(epoch is None for epoch in epochs):
        return None
    batches = [[rows("batches", batch) for batch in _listed(epoch[0])] for epoch in epochs if epoch]
    first, second, repeated = ({frozenset(batch) for batch in epoch} for epoch in batches)
    return {
        "lengths of the batches": [len(batch) for batch in batches[0]],
        "every sample once": np.array_equal(np.sort(np.concatenate([*batches[0], []])), np.arange(n_samples)),
        "other batches in the next epoch": first != second or not 1 < batch_size < n_samples,
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


def _shared_out(n_samples: int, batch_size: int, rng: np.random.Generator) -> dict[str, Any]:
    batches = np.array_split(rng.permutation(n_samples), -(-n_samples // batch_size))
    return {"batches": batches, "weights": [len(batch) / n_samples for batch in batches]}


def _drawn_anew(n_samples: int, batch_size: int, rng: np.random.Generator) -> dict[str, Any]:
    lengths = [len(batch) for batch in _epoch(n_samples, batch_size, rng)["batches"]]
    batches = [rng.permutation(n_samples)[:length] for length in lengths]
    return {"batches": batches, "weights": [length / n_samples for length in lengths]}


def _full_batches(n_samples: int, batch_size: int, rng: np.random.Generator) -> dict[str, Any]:
    kept = n_samples // batch_size * batch_size
    return _with_weights(rng.permutation(n_samples)[:kept], batch_size)


def _relative_error(rng: np.random.Generator) -> dict[str, Any]:
    n = int(rng.integers(3, 500))
    return {"error": (n - 1) / (n + 1)}


def _batch_length(error: float) -> float:
    return (1 + error) / (1 - error)


def _lengths_found(answer: Any, error: float) -> Any:
    """Return N for this error, and for those of all short batches, so that none is right by its rounding alone."""
    found = answer(error)
    if missing(found):
        return None
    errors = [(n - 1) / (n + 1) for n in range(2, 65)]
    return {"N": found, "N for the errors of the batch lengths 2 to 64": [answer(e) for e in errors]}


Gradient = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _gradient(divisions: int, loss: str) -> Gradient:
    """Return the gradient of a network without hidden layers, divided by N so many times."""

    def gradient(X: np.ndarray, y: np.ndarray) -> np.ndarray:
        Z = X @ np.linspace(1, -2, X.shape[1]).reshape(-1, 1)
        y_pred = sigmoid(Z) if loss == "cross-entropy" else Z
        return np.asarray(X.T @ (y_pred - y) / float(len(X)) ** divisions)

    return gradient


def _data(rng: np.random.Generator) -> dict[str, Any]:
    n, d = in_turn(rng, [(3, 2), (1, 2), (8, 3), (4, 1), (5, 2)])
    X, y = rng.standard_normal((n, d)).round(2) + 0.005, rng.integers(0, 2, (n, 1))
    return {"X": X, "y": y, "loss": in_turn(rng, ["cross-entropy", "squared error"])}


def _judged_test(answer: Any, X: np.ndarray, y: np.ndarray, loss: str) -> Any:
    """Return what the answer says about five gradients, of which the one divided once is right."""
    counts = [answer(_gradient(divisions, loss), X.copy(), y.copy()) for divisions in range(5)]
    if missing(counts[0]):
        return None
    times = ("never", "once", "twice", "three times", "four times")
    return {f"a gradient divided {often}": count for often, count in zip(times, counts, strict=True)}


def _halved(gradient: Gradient, X: np.ndarray, y: np.ndarray) -> int:
    half = (len(X) + 1) // 2
    ratio = np.linalg.norm(gradient(X, y)) / np.linalg.norm(gradient(X[:half], y[:half]))
    return round(1 - np.log2(ratio))


def _only_above_two(gradient: Gradient, X: np.ndarray, y: np.ndarray) -> int:
    return {2.0: 0, 1.0: 1}.get(round(_doubled(gradient, X, y), 6), 2)


def _doubled(gradient: Gradient, X: np.ndarray, y: np.ndarray) -> float:
    """Return the size of the gradient of the doubled batch relative to that of the batch."""
    twice = gradient(np.tile(X, (2, 1)), np.tile(y, (2, 1)))
    return float(np.linalg.norm(twice) / np.linalg.norm(gradient(X, y)))


def _divisions(gradient: Gradient, X: np.ndarray, y: np.ndarray) -> int:
    return round(1 - np.log2(_doubled(gradient, X, y)))


EXERCISES = {
    "3.1": Exercise(
        reference=n_parameters,
        inputs=_sizes,
        mistakes={
            "These are the weights alone. Each layer has d_out biases as well.": lambda dims: sum(
                d_in * d_out for d_in, d_out in zip(dims, dims[1:], strict=False)
            ),
            "A bias belongs to an output: d_in * d_out + d_out, and none for the network's input.": lambda dims: (
                n_parameters(dims) + dims[0]
            ),
            "A layer has one bias for each of its outputs, not one in all.": lambda dims: sum(
                d_in * d_out + 1 for d_in, d_out in zip(dims, dims[1:], strict=False)
            ),
            "The biases of a layer are as many as its outputs: d_out, not d_in.": lambda dims: sum(
                d_in * d_out + d_in for d_in, d_out in zip(dims, dims[1:], strict=False)
            ),
            "These are the biases alone. Each layer has d_in * d_out weights as well.": lambda dims: sum(dims[1:]),
            "The last layer is missing: n sizes make n - 1 layers.": lambda dims: n_parameters(dims[:-1]),
            "The first layer is missing: n sizes make n - 1 layers.": lambda dims: n_parameters(dims[1:]),
            "This is the product of all sizes. Each layer adds to the number, it does not multiply it.": np.prod,
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
                X, y, W, b, lr, divisions=0
            ),
            "The gradient is divided by N twice, as in the published run.": lambda X, y, W, b, lr: _stepped(
                X, y, W, b, lr, divisions=2
            ),
            "The bias' gradient is the sum of dZ over the batch. Here it is divided by N once more.": (
                lambda X, y, W, b, lr: _stepped(X, y, W, b, lr, again=1)
            ),
            "The sigmoid's derivative has cancelled: dZ = (y_pred - y) / N, with no other factor.": _once_more_sigmoid,
            "b stays where it was. It takes its step as W does.": lambda X, y, W, b, lr: (
                _stepped(X, y, W, b, lr) | {"b": b}
            ),
            "These are the gradients. The new W is W - lr * dW.": _gradients,
            "The learning rate is missing: W - lr * dW.": lambda X, y, W, b, lr: _stepped(X, y, W, b, 1),
            "The sign of the loss is turned round. A loss of probabilities is positive.": lambda X, y, W, b, lr: (
                _stepped(X, y, W, b, lr) | {"loss": -_stepped(X, y, W, b, lr)["loss"]}
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
            "The last batch is shorter: weigh each by its own length, and not by batch_size.": lambda n, size, rng: {
                "batches": _epoch(n, size, rng)["batches"],
                "weights": [size / n for _ in _epoch(n, size, rng)["batches"]],
            },
            "The weights of a mean add up to 1: divide the lengths by n_samples.": lambda n, size, rng: {
                "batches": _epoch(n, size, rng)["batches"],
                "weights": [len(batch) for batch in _epoch(n, size, rng)["batches"]],
            },
            "Every batch is drawn anew, so samples repeat. Permute once, and cut that.": _drawn_anew,
            "Each batch has batch_size rows, and only the last one fewer. Do not share them out evenly.": _shared_out,
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
        reference=_batch_length,
        inputs=_relative_error,
        run=_lengths_found,
        mistakes={
            "This is the factor 1/N itself. Asked for is N.": lambda error: (1 - error) / (1 + error),
            "That is for an error relative to the true gradient alone; here both norms are added.": lambda error: (
                1 / (1 - error)
            ),
            "int() cuts off what rounding has left, 30 for 30.999999: use round().": (
                lambda error: int((1 + error) / (1 - error))
            ),
            "This is N - 1: solve (N - 1)/(N + 1) = error once more.": lambda error: 2 * error / (1 - error),
            "This is N + 1: solve (N - 1)/(N + 1) = error once more.": lambda error: 2 / (1 - error),
            "The sign is turned round: N is positive.": lambda error: (1 + error) / (error - 1),
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
            "Some of the samples have another gradient, not the same one. Repeat all of them.": _halved,
            "There may be more than two divisions: each halves the ratio once more.": _only_above_two,
            "This says whether it is right. Count the divisions.": lambda g, X, y: round(_doubled(g, X, y), 6) == 1,
            "This is the exponent of the ratio: 2, 1, 1/2 are 0, 1, 2 divisions, so subtract it from 1.": (
                lambda g, X, y: np.log2(_doubled(g, X, y))
            ),
            "With no division the ratio is 2, with one it is 1. You count one too few.": lambda g, X, y: round(
                -np.log2(_doubled(g, X, y))
            ),
        },
    ),
}
