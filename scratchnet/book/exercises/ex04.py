"""The exercises of notebook 4, visualization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet.book.exercises.judge import Exercise, WrongFormError, in_turn, missing, real
from scratchnet.network import NeuralNetwork


def frame_around(X: np.ndarray, margin: float) -> tuple[float, float, float, float]:
    """Return the borders (left, right, bottom, top) of a picture with a margin around the points X (N, 2)."""
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    return left, right, bottom, top


def _corners(X: np.ndarray, margin: float) -> tuple[float, ...]:
    return *(X.min(axis=0) - margin), *(X.max(axis=0) + margin)


def _points(rng: np.random.Generator) -> dict[str, Any]:
    X = np.round(rng.standard_normal((int(rng.integers(3, 7)), 2)) * [1, 2] + [0, 1], 2)
    return {"X": X, "margin": round(float(rng.uniform(0.1, 1)), 2)}


def probability_map(net: NeuralNetwork, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """Return P (len(x2), len(x1)) with the network's probability at the point (x1[j], x2[i]) in row i, column j."""
    u, v = np.meshgrid(x1, x2)
    return net.predict_proba(np.column_stack([u.ravel(), v.ravel()])).reshape(u.shape)


def _columns_swapped(net: NeuralNetwork, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    u, v = np.meshgrid(x1, x2)
    return net.predict_proba(np.column_stack([v.ravel(), u.ravel()])).reshape(u.shape)


def _column_by_column(net: NeuralNetwork, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    u, v = np.meshgrid(x1, x2, indexing="ij")
    return net.predict_proba(np.column_stack([u.ravel(), v.ravel()])).reshape(len(x2), len(x1))


def _labels(net: NeuralNetwork, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    u, v = np.meshgrid(x1, x2)
    return net.predict(np.column_stack([u.ravel(), v.ravel()])).reshape(u.shape)


def _disturbing(net: NeuralNetwork, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    u, v = np.meshgrid(x1, x2)
    return net.forward(np.column_stack([u.ravel(), v.ravel()])).reshape(u.shape)


def _axes(rng: np.random.Generator) -> dict[str, Any]:
    n, m = rng.choice([2, 3, 4, 5], 2, replace=False)
    if rng.random() < 0.1:
        m = 1
    x1, x2 = (np.sort(np.round(rng.uniform(-3, 3, size), 1)) for size in (n, m))
    return {"seed": int(rng.integers(1000)), "x1": x1, "x2": x2}


def _with_a_network(answer: Callable[..., Any], seed: int, x1: np.ndarray, x2: np.ndarray) -> dict[str, Any]:
    """Return the probabilities, and whether a backward pass that waited meanwhile gets its gradient."""
    net = NeuralNetwork([2, 4, 1], seed=seed)
    X, y = np.eye(2), np.ones((2, 1))
    net.backward(net.forward(X), y)
    before = net.grad.copy()
    y_pred = net.forward(X)
    P = answer(net, x1, x2)
    if missing(P):
        return {}
    try:
        net.backward(y_pred, y)
        same = np.array_equal(net.grad, before)
    except (RuntimeError, ValueError):  # no forward pass is waiting, or another one
        same = False
    return {"": P, "the network afterwards": "as it was" if same else "not as it was"}


def epoch_norm(gradients: np.ndarray, lengths: np.ndarray) -> float:
    """Return ‖mean dW‖ of an epoch from dW of every batch (n, d_in, d_out), weighted by the lengths (n,)."""
    return float(np.linalg.norm(np.tensordot(lengths / lengths.sum(), gradients, axes=1)))


def _batches(rng: np.random.Generator) -> np.ndarray:
    """Return dW of 2 to 4 batches, and in one trial of a single one; in one it is a row, in one a column."""
    shape = in_turn(rng, [(2, 2, 3), (1, 3, 2), (3, 1, 3), (4, 3, 1), (2, 3, 3)])
    return np.round(rng.standard_normal(shape), 2)


def _gradients(rng: np.random.Generator) -> dict[str, Any]:
    gradients, size = _batches(rng), int(rng.choice([16, 32, 64]))
    lengths = np.append(np.full(len(gradients) - 1, float(size)), rng.integers(1, size // 2))
    return {"gradients": gradients, "lengths": lengths}


def _root_of_the_mean_square(gradients: np.ndarray, lengths: np.ndarray) -> float:
    return float(np.sqrt(lengths @ (gradients**2).sum(axis=(1, 2)) / lengths.sum()))


def update_ratio(W: np.ndarray, gradients: np.ndarray, lr: float) -> float:
    """Return ‖W_end - W‖ / ‖W‖ after one step of gradient descent with each of the gradients (n, d_in, d_out)."""
    return float(np.linalg.norm(lr * gradients.sum(axis=0)) / np.linalg.norm(W))


def _relative_to_the_end(W: np.ndarray, gradients: np.ndarray, lr: float) -> float:
    change = lr * gradients.sum(axis=0)
    return float(np.linalg.norm(change) / np.linalg.norm(W - change))


def _steps(rng: np.random.Generator) -> dict[str, Any]:
    gradients = _batches(rng)
    W = np.round(rng.standard_normal(gradients.shape[1:]) + 1, 2) + 0.01  # not 0
    return {"W": W, "gradients": gradients, "lr": round(float(rng.uniform(0.02, 0.2)), 2)}


def plane_through(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (d,) of the points X (N, d) and the two directions (2, d) in which they spread most."""
    center = X.mean(axis=0)
    return center, np.linalg.svd(X - center, full_matrices=False)[2][:2]


def _not_centered(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return X.mean(axis=0), np.linalg.svd(X, full_matrices=False)[2][:2]


def _first_columns(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    center = X.mean(axis=0)
    return center, np.linalg.svd(X - center, full_matrices=False)[2][:, :2]


def _of_the_points(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return X.mean(axis=0), np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[0][:, :2].T


def _with_lengths(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    center = X.mean(axis=0)
    _, S, directions = np.linalg.svd(X - center, full_matrices=False)
    return center, S[:2, None] * directions[:2]


def _of_the_correlations(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    center = X.mean(axis=0)
    return center, np.linalg.svd((X - center) / X.std(axis=0), full_matrices=False)[2][:2]


def _two_features(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return X.mean(axis=0), np.eye(X.shape[1])[np.argsort(X.std(axis=0))[-2:]]


def _least_spread(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    center = X.mean(axis=0)
    return center, np.linalg.svd(X - center)[2][-2:]


def _features(rng: np.random.Generator) -> dict[str, Any]:
    d = int(rng.integers(3, 6))
    spread = rng.permutation(2.0 ** np.arange(d))
    return {"X": np.round(rng.standard_normal((int(rng.integers(d + 2, 10)), d)) * spread + 3, 2)}


def _properties(answer: Callable[..., Any], X: np.ndarray) -> dict[str, Any]:
    """Return what does not depend on the sign of a direction."""
    answered = answer(X)
    if missing(answered):
        return {}
    if not isinstance(answered, (tuple, list)) or len(answered) != 2:
        raise WrongFormError("Return two arrays: return center, directions.")
    if missing(answered[0]) or missing(answered[1]):
        return {}
    center, directions = real("center", answered[0]), real("directions", answered[1])
    found: dict[str, Any] = {"center": center, "shape of the directions": np.array(directions.shape)}
    if center.shape == X.shape[1:] and directions.shape == (2, X.shape[1]):
        found["directions @ directions.T"] = directions @ directions.T
        found["points of X moved into the plane"] = center + (X - center) @ directions.T @ directions
    return found


EXERCISES = {
    "4.1": Exercise(
        reference=frame_around,
        inputs=_points,
        mistakes={
            "Both borders of one axis come first, then both of the other: left, right, bottom, top.": _corners,
            "The margin goes outward: subtract it from the least value and add it to the largest.": (
                lambda X, margin: frame_around(X, -margin)
            ),
            "The margin is an argument. It is not always 0.3.": lambda X, margin: frame_around(X, 0.3),
            "The margin is missing.": lambda X, margin: frame_around(X, 0),
            "The margin lies on each side: not half of it on the left and half on the right.": (
                lambda X, margin: frame_around(X, margin / 2)
            ),
            "The bottom comes before the top: y runs upward in the picture.": (
                lambda X, margin: tuple(np.array(frame_around(X, margin))[[0, 1, 3, 2]])
            ),
            "Each feature has a range of its own: min and max need axis=0.": (
                lambda X, margin: 2 * (X.min() - margin, X.max() + margin)
            ),
        },
    ),
    "4.2": Exercise(
        reference=probability_map,
        inputs=_axes,
        run=_with_a_network,
        mistakes={
            "The columns of the grid are swapped: the first feature is the horizontal one.": _columns_swapped,
            "The points are listed column by column and put back row by row; leave out indexing.": _column_by_column,
            "A row of the picture is one value of x2, so the shape is (len(x2), len(x1)).": (
                lambda net, x1, x2: probability_map(net, x1, x2).T
            ),
            "These are labels, 0 or 1. predict_proba returns the probabilities.": _labels,
            "The first row belongs to x2[0], whether or not the picture shows it at the bottom.": (
                lambda net, x1, x2: probability_map(net, x1, x2)[::-1]
            ),
            "forward keeps what backward needs, and forgets the batch that was waiting; predict_proba does not.": (
                _disturbing
            ),
        },
    ),
    "4.3": Exercise(
        reference=epoch_norm,
        inputs=_gradients,
        mistakes={
            "This is the mean of the norms. Take the mean of the gradients first, so that opposite ones cancel.": (
                lambda gradients, lengths: lengths @ np.linalg.norm(gradients, axis=(1, 2)) / lengths.sum()
            ),
            "Every batch counts alike here; the short one must count for less.": (
                lambda gradients, lengths: np.linalg.norm(gradients.mean(axis=0))
            ),
            "This is the norm of the sum. The weights of a mean add up to 1.": (
                lambda gradients, lengths: np.linalg.norm(np.tensordot(lengths, gradients, axes=1))
            ),
            "The lengths are an argument. They are not always 64, 64, …, 16.": (
                lambda gradients, lengths: epoch_norm(gradients, np.append(np.full(len(gradients) - 1, 64.0), 16.0))
            ),
            "This is the largest singular value. Call np.linalg.norm without a second argument.": (
                lambda gradients, lengths: np.linalg.norm(np.tensordot(lengths, gradients, 1) / lengths.sum(), 2)
            ),
            "This is the gradient of the last batch alone.": lambda gradients, lengths: np.linalg.norm(gradients[-1]),
            "This is the root of the mean of the squared norms, in which opposite gradients do not cancel.": (
                _root_of_the_mean_square
            ),
            "This is the square of the norm.": lambda gradients, lengths: epoch_norm(gradients, lengths) ** 2,
        },
    ),
    "4.4": Exercise(
        reference=update_ratio,
        inputs=_steps,
        mistakes={
            "This is the length of the way. Steps back and forth must cancel, so add them before the norm.": (
                lambda W, gradients, lr: lr * np.linalg.norm(gradients, axis=(1, 2)).sum() / np.linalg.norm(W)
            ),
            "Compare with the weights at the start of the epoch, not with those at its end.": _relative_to_the_end,
            "A step is the learning rate times the gradient; here it is the gradient.": (
                lambda W, gradients, lr: update_ratio(W, gradients, 1)
            ),
            "The learning rate is an argument. It is not always 0.05.": (
                lambda W, gradients, lr: update_ratio(W, gradients, 0.05)
            ),
            "Each batch takes a step of its own: add the gradients, and do not average them.": (
                lambda W, gradients, lr: update_ratio(W, gradients, lr / len(gradients))
            ),
            "This is how far the weights move. Divide by their size at the start, ‖W‖.": (
                lambda W, gradients, lr: lr * np.linalg.norm(gradients.sum(axis=0))
            ),
            "The fraction is upside down: a small step is a small ratio.": (
                lambda W, gradients, lr: 1 / update_ratio(W, gradients, lr)
            ),
            "This is the size of the new weights. Subtract the old ones before the norm.": (
                lambda W, gradients, lr: np.linalg.norm(W - lr * gradients.sum(axis=0)) / np.linalg.norm(W)
            ),
            "This is the step of the last batch alone.": (lambda W, gradients, lr: update_ratio(W, gradients[-1:], lr)),
        },
    ),
    "4.5": Exercise(
        reference=plane_through,
        inputs=_features,
        run=_properties,
        mistakes={
            "These directions start from the origin: subtract the mean before the decomposition.": _not_centered,
            "Each direction is a row of the result, (2, d). NumPy's svd returns them as rows.": _first_columns,
            "U has a row for every point. A direction has an entry for every feature: rows of Vt.": _of_the_points,
            "The directions must have length 1: leave out the singular values.": _with_lengths,
            "These are the directions of least spread. svd sorts them, the largest first.": _least_spread,
            "These are two of the features. A direction of large spread mixes features.": _two_features,
            "Do not divide by the standard deviation: then every feature spreads alike.": _of_the_correlations,
            "The plane goes through the mean of the points, not through the origin.": (
                lambda X: (np.zeros(X.shape[1]), plane_through(X)[1])
            ),
        },
    ),
}
