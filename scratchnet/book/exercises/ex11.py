"""The exercises of notebook 11, digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet.book.exercises.judge import Exercise

N_ROWS, N_CLASSES = 4, 4  # equal, so that a row taken for a column has the right shape


def _logits(rng: np.random.Generator) -> dict[str, Any]:
    Z = np.round(rng.normal(0, 1, (N_ROWS, N_CLASSES)), 2)
    return {"Z": Z + np.array([[0], [1000], [-1000], [0]])}


def softmax(Z: np.ndarray) -> np.ndarray:
    """Return e^z / Σ e^z of every row, computed from z - max z."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    result: np.ndarray = E / E.sum(axis=1, keepdims=True)
    return result


def _log_sum(Z: np.ndarray) -> np.ndarray:
    largest = Z.max(axis=1)
    result: np.ndarray = largest + np.log(np.exp(Z - largest[:, None]).sum(axis=1))
    return result


def _batch(rng: np.random.Generator) -> dict[str, Any]:
    """A batch in which no row is sure and right, and one is sure and wrong."""
    Z = np.round(rng.normal(0, 1, (N_ROWS, N_CLASSES)), 2)
    labels = rng.integers(N_CLASSES, size=N_ROWS)
    Z[0, (labels[0] + 1) % N_CLASSES] = 800
    return {"Z": Z, "labels": labels}


def loss_of_logits(Z: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over the rows of log Σ e^z - z of the label."""
    return float(np.mean(_log_sum(Z) - Z[np.arange(len(Z)), labels]))


def _of_labels(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    result: np.ndarray = softmax(Z)[np.arange(len(Z)), labels]
    return result


def _sigmoid_loss(Z: np.ndarray, labels: np.ndarray) -> float:
    Y = np.eye(Z.shape[1])[labels]
    return float(np.mean((np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))).sum(axis=1)))


def _small_batch(rng: np.random.Generator) -> dict[str, Any]:
    Z = np.round(rng.normal(0, 1.5, (3, 4)), 2)
    return {"Z": Z, "labels": rng.permutation(4)[:3]}


def logit_gradient(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return (P - Y) / N."""
    result: np.ndarray = (softmax(Z) - np.eye(Z.shape[1])[labels]) / len(Z)
    return result


def _times_slope(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    P = softmax(Z)
    result: np.ndarray = logit_gradient(Z, labels) * P * (1 - P)
    return result


def _only_of_labels(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    result: np.ndarray = logit_gradient(Z, labels) * np.eye(Z.shape[1])[labels]
    return result


def _by_columns(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    result: np.ndarray = (softmax(Z.T).T - np.eye(Z.shape[1])[labels]) / len(Z)
    return result


def _answers(rng: np.random.Generator) -> dict[str, Any]:
    """Labels and predictions of four of five classes, pairs of which come more than once."""
    y = np.concatenate([[0, 0, 0, 3], rng.integers(4, size=8)])
    predicted = np.concatenate([[1, 1, 1, 3], np.where(rng.random(8) < 0.6, y[4:], rng.integers(4, size=8))])
    predicted[y == 1] = 1  # so that it is not symmetric
    return {"y": y.astype(np.intp), "predicted": predicted.astype(np.intp), "n_classes": 5}  # as bincount wants them


def confusion(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Return how many samples of class i were taken for class j: (n_classes, n_classes)."""
    C = np.zeros((n_classes, n_classes))
    np.add.at(C, (y, predicted), 1)
    return C


def _counted_once(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    return np.minimum(confusion(y, predicted, n_classes), 1)


def _shares(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    C = confusion(y, predicted, n_classes)
    result: np.ndarray = C / np.maximum(C.sum(axis=1, keepdims=True), 1)
    return result


def _errors(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    C = confusion(y, predicted, n_classes)
    return C - np.diag(np.diag(C))


def _diagonal(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    return np.diag(np.diag(confusion(y, predicted, n_classes)))


def _of_all(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    result: np.ndarray = confusion(y, predicted, n_classes) / len(y)
    return result


def _as_many_as_seen(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    return confusion(y, predicted, int(max(y.max(), predicted.max())) + 1)


def _bitmap(rng: np.random.Generator) -> dict[str, Any]:
    """A bitmap (12, 12) with ink in a box that is not in the middle, higher than wide, and heavy at its lower end."""
    B = np.zeros((12, 12), dtype=int)
    height, width = 7, int(rng.integers(3, 5))
    top, left = int(rng.integers(0, 2)), int(rng.integers(0, 2))
    ink = np.zeros((height, width), dtype=int)
    ink[-3:] = rng.random((3, width)) < 0.8
    ink[0, 0] = ink[-1, :] = ink[-3:, -1] = 1
    B[top : top + height, left : left + width] = ink
    return {"B": B}


def _boxed(B: np.ndarray, up: int = 0, less: int = 0) -> np.ndarray:
    rows, columns = np.flatnonzero(B.any(axis=1)), np.flatnonzero(B.any(axis=0))
    ink = B[rows[0] : rows[-1] + 1 - less, columns[0] : columns[-1] + 1 - less]
    top, left = ((n - size + up) // 2 for n, size in zip(B.shape, ink.shape, strict=True))
    moved = np.zeros(B.shape)
    moved[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return moved


def _counts(B: np.ndarray) -> np.ndarray:
    n, m = B.shape
    result: np.ndarray = B.reshape(n // 4, 4, m // 4, 4).sum(axis=(1, 3))
    return result


def centered_counts(B: np.ndarray) -> np.ndarray:
    """Return the ink in each 4 × 4 block, after its box was moved to the middle, rounded up and to the left."""
    return _counts(_boxed(B))


def _in_runs(B: np.ndarray) -> np.ndarray:
    n, m = B.shape
    result: np.ndarray = _boxed(B).reshape(n // 4, m // 4, 4, 4).sum(axis=(2, 3))
    return result


def _by_mass(B: np.ndarray) -> np.ndarray:
    i, j = np.nonzero(B)
    shift = [int(np.floor((n - 1) / 2 - np.mean(k) + 0.5)) for n, k in zip(B.shape, (i, j), strict=True)]
    moved = np.zeros(B.shape)
    inside = np.clip(i + shift[0], 0, B.shape[0] - 1), np.clip(j + shift[1], 0, B.shape[1] - 1)
    moved[inside] = 1
    return _counts(moved)


EXERCISES = {
    "11.1": Exercise(
        reference=softmax,
        inputs=_logits,
        mistakes={
            "e^1000 overflows, and e^-1000 is 0: subtract from every row its largest logit first.": lambda Z: (
                np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
            ),
            "Every row has a largest logit of its own: the largest of all leaves nothing of the others.": lambda Z: (
                np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum(axis=1, keepdims=True)
            ),
            "The largest logit of a column, axis 0, is that of another sample. Take each row's, axis 1.": lambda Z: (
                np.exp(Z - Z.max(axis=0)) / np.exp(Z - Z.max(axis=0)).sum(axis=1, keepdims=True)
            ),
            "The probabilities of one sample add up to 1: sum over each row, axis 1.": lambda Z: softmax(Z.T).T,
            "Each row adds up to 1, not the whole batch.": lambda Z: softmax(Z) / len(Z),
            "The sums of the rows are a column: without keepdims, column j is divided by the sum of row j.": lambda Z: (
                np.exp(Z - Z.max(axis=1, keepdims=True)) / np.exp(Z - Z.max(axis=1, keepdims=True)).sum(axis=1)
            ),
            "These are the logarithms of the probabilities.": lambda Z: Z - _log_sum(Z)[:, None],
            "The sum of the row is missing: divide by it.": lambda Z: np.exp(Z - Z.max(axis=1, keepdims=True)),
            "That is a sigmoid of each logit alone; here the classes compete.": lambda Z: 0.5 + 0.5 * np.tanh(Z / 2),
            "This gives all to the largest logit. Softmax leaves something to the others.": lambda Z: np.eye(
                Z.shape[1]
            )[Z.argmax(axis=1)],
        },
    ),
    "11.2": Exercise(
        reference=loss_of_logits,
        inputs=_batch,
        mistakes={
            "e^800 overflows, and a probability that rounds to 0 has no logarithm: shift the logits.": lambda Z, t: (
                float(-np.mean(np.log(_of_labels(Z, t))))
            ),
            "Clipping hides how wrong the first row is: its loss is about 800.": lambda Z, t: float(
                -np.mean(np.log(np.clip(_of_labels(Z, t), 1e-7, 1)))
            ),
            "Divide by the number of samples: the loss is a mean.": lambda Z, t: len(Z) * loss_of_logits(Z, t),
            "Divide by the number of samples, not by that of all entries.": lambda Z, t: (
                loss_of_logits(Z, t) / Z.shape[1]
            ),
            "The sign: a loss is not negative here.": lambda Z, t: -loss_of_logits(Z, t),
            "Only the label's logit counts here; log Σ e^z is missing.": lambda Z, t: float(
                -np.mean(Z[np.arange(len(Z)), t])
            ),
            "The loss looks at the label's logit, not at the largest one.": lambda Z, t: float(
                np.mean(_log_sum(Z) - Z.max(axis=1))
            ),
            "The largest logit went out of the sum and has to come back.": lambda Z, t: float(
                np.mean(_log_sum(Z) - Z.max(axis=1) - Z[np.arange(len(Z)), t])
            ),
            "That is a yes or no for each class. The classes of softmax compete.": _sigmoid_loss,
            "The natural logarithm, not that to base 2.": lambda Z, t: loss_of_logits(Z, t) / np.log(2),
        },
    ),
    "11.3": Exercise(
        reference=logit_gradient,
        inputs=_small_batch,
        mistakes={
            "The loss is a mean over the batch: its gradient has a 1/N.": lambda Z, t: logit_gradient(Z, t) * len(Z),
            "Divide by the number of samples, not by that of the entries.": lambda Z, t: (
                logit_gradient(Z, t) / Z.shape[1]
            ),
            "The sign: the gradient points to where the loss grows.": lambda Z, t: -logit_gradient(Z, t),
            "Every logit has a gradient, not the label's alone: the others are to fall.": _only_of_labels,
            "Subtract the one-hot row: 1 at the label.": lambda Z, t: softmax(Z) / len(Z),
            "The derivative of the softmax is in P - Y already.": _times_slope,
            "Softmax is taken over each row.": _by_columns,
            "It takes the probabilities, not the logits.": lambda Z, t: (Z - np.eye(Z.shape[1])[t]) / len(Z),
            "That is the sigmoid's gradient; here the classes share one sum.": lambda Z, t: (
                (0.5 + 0.5 * np.tanh(Z / 2) - np.eye(Z.shape[1])[t]) / len(Z)
            ),
        },
    ),
    "11.4": Exercise(
        reference=confusion,
        inputs=_answers,
        mistakes={
            "A row is a true class and a column a predicted one, not the other way round.": lambda y, p, n: confusion(
                p, y, n
            ),
            "C[y, predicted] += 1 counts a pair once, however often it comes: use a loop or np.add.at.": _counted_once,
            "Counts, not shares of a row.": _shares,
            "Counts, not shares of all samples.": _of_all,
            "The right answers belong there too, on the diagonal.": _errors,
            "The wrong answers are missing: they stand beside the diagonal.": _diagonal,
            "The matrix has a row for every class, also for one that does not come up.": _as_many_as_seen,
            "This is the number of right answers; the matrix says which classes are mixed up.": lambda y, p, n: int(
                np.sum(y == p)
            ),
        },
    ),
    "11.5": Exercise(
        reference=centered_counts,
        inputs=_bitmap,
        mistakes={
            "The blocks are right, the ink was not moved to the middle.": _counts,
            "A slice ends before its second number: the box lacks its last row and column. Add 1.": lambda B: _counts(
                _boxed(B, less=1)
            ),
            "Half a pixel goes up and to the left: round down.": lambda B: _counts(_boxed(B, 1)),
            "The box of the ink goes to the middle, not its center of mass.": _by_mass,
            "reshape(3, 3, 4, 4) cuts rows of the picture into runs: a block needs the axes (3, 4, 3, 4).": _in_runs,
            "Rows and columns are swapped.": lambda B: centered_counts(B).T,
            "Counts, not means: a full block is 16.": lambda B: centered_counts(B) / 16,
            "This asks whether there is ink in a block; count how much.": lambda B: 1 * (centered_counts(B) > 0),
            "This looks at one pixel of each block.": lambda B: _boxed(B)[::4, ::4],
            "The ink is in the middle; now count it in blocks.": _boxed,
        },
    ),
}
