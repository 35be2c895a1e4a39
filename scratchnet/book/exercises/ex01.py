"""The exercises of notebook 1, setup."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet.book.exercises.judge import Exercise, WrongFormError, parts, rows


def _guesses(rng: np.random.Generator) -> dict[str, Any]:
    labels = rng.permutation([0, 0, 1, 1, 1, 1])
    wrong = rng.choice(6, rng.integers(1, 3), replace=False)
    predictions = labels.copy()
    predictions[wrong] = 1 - predictions[wrong]
    return {"predictions": predictions.reshape(-1, 1), "labels": labels}


def _accuracy(predictions: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(predictions == labels.reshape(-1, 1)))


def _two_sets(rng: np.random.Generator) -> dict[str, Any]:
    X_train = rng.normal([4, -10], [1, 5], (5, 2)).round(1)
    return {"X_test": rng.normal([4, -10], [1, 5], (3, 2)).round(1), "X_train": X_train}


def _scale(X: np.ndarray, like: np.ndarray) -> np.ndarray:
    return (X - like.mean(axis=0)) / like.std(axis=0)


def _points(rng: np.random.Generator) -> dict[str, Any]:
    y = rng.permutation([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).reshape(-1, 1)
    return {"X": (rng.standard_normal((6, 2)) + y).round(2), "y": y}


def _least_squares(A: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    w = np.linalg.solve(A.T @ A, A.T @ y)
    return {"w": w, "accuracy": np.mean((A @ w >= 0.5) == y)}


def _with_ones(X: np.ndarray) -> np.ndarray:
    return np.column_stack([X, np.ones(len(X))])


def _line(X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return _least_squares(_with_ones(X), y)


def _line_cut_at_zero(X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    A, w = _with_ones(X), _line(X, y)["w"]
    return {"w": w, "accuracy": np.mean((A @ w >= 0) == y)}


def _unsolved(X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    A = _with_ones(X)
    w = A.T @ y
    return {"w": w, "accuracy": np.mean((A @ w >= 0.5) == y)}


def _angle(rng: np.random.Generator) -> dict[str, Any]:
    return {"angle": round(float(rng.uniform(0.1, 6.1)), 2)}


def _crossings(angle: float) -> dict[str, Any]:
    first = 0 if angle < np.pi else 1
    return {"radii": angle % np.pi + np.pi * np.arange(4), "classes": np.array([first, 1 - first] * 2)}


def _sorted_labels(rng: np.random.Generator) -> dict[str, Any]:
    return {"y": np.repeat([0, 1], 10), "n_test": int(rng.choice([4, 6, 8]))}


def _judged_split(answer: Any, y: np.ndarray, n_test: int) -> Any:
    """Return what a good split of the rows of y is, and whether this one is so for ten seeds."""
    splits = [parts(answer(y, n_test, seed), "train", "test") for seed in [*range(10), 0]]
    if any(split is None for split in splits):
        return None
    trains, tests = ([rows(name, split[i]) for split in splits if split] for i, name in enumerate(("train", "test")))
    if any(not set(part) <= set(range(len(y))) for part in trains + tests):
        raise WrongFormError(f"The rows of y have the numbers 0 to {len(y) - 1}, and there are others among yours.")
    both = [np.concatenate(pair) for pair in zip(trains, tests, strict=True)]
    return {
        "n_test different rows in the test part": all(len(set(test)) == len(test) == n_test for test in tests),
        "no row in both parts": all(not set(train) & set(test) for train, test in zip(trains, tests, strict=True)),
        "every row in one of the parts": all(set(pair) == set(range(len(y))) for pair in both),
        "half of the test part from each class": all(2 * y[test].sum() == len(test) for test in tests),
        "the same rows for the same seed": set(tests[0]) == set(tests[-1]),
        "other rows for other seeds": len({frozenset(test) for test in tests}) > 2,
    }


def _parts(y: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    return {"train": np.setdiff1d(np.arange(len(y)), test), "test": test}


def _split(y: np.ndarray, n_test: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(np.flatnonzero(y == label))[: n_test // 2] for label in (0, 1)]
    return _parts(y, np.concatenate(drawn))


def _of_every_class_the_first(y: np.ndarray, n_test: int, _seed: int) -> dict[str, Any]:
    return _parts(y, np.concatenate([np.flatnonzero(y == label)[: n_test // 2] for label in (0, 1)]))


EXERCISES = {
    "1.1": Exercise(
        reference=_accuracy,
        inputs=_guesses,
        mistakes={
            "A column compared with a flat array is a table of all pairs: labels.reshape(-1, 1).": lambda p, t: np.mean(
                p == t
            ),
            "This is the number of right predictions. The accuracy is their share.": lambda p, t: np.sum(
                p.ravel() == t
            ),
            "This is the share of wrong predictions.": lambda p, t: np.mean(p.ravel() != t),
        },
    ),
    "1.2": Exercise(
        reference=_scale,
        inputs=_two_sets,
        mistakes={
            "These are the test set's own statistics. Take mean and deviation from X_train.": lambda X, like: _scale(
                X, X
            ),
            "One mean for all entries mixes the features. Each column has its own: axis=0.": lambda X, like: (
                (X - like.mean()) / like.std()
            ),
            "This divides by the variance. Divide by its square root, the standard deviation.": lambda X, like: (
                (X - like.mean(axis=0)) / like.var(axis=0)
            ),
            "Statistics of both sets together already know the test set.": lambda X, like: _scale(
                X, np.concatenate([X, like])
            ),
        },
    ),
    "1.3": Exercise(
        reference=_line,
        inputs=_points,
        mistakes={
            "Without a column of ones the line has no offset. Append one to X as the last column.": _least_squares,
            "The column of ones comes first here. Append it as the last column.": lambda X, y: _least_squares(
                np.column_stack([np.ones(len(X)), X]), y
            ),
            "This is the right-hand side of the normal equations, still to be solved with A^T A.": _unsolved,
            "The labels are 0 and 1, so the line predicts class 1 where A w is at least 0.5, not 0.": _line_cut_at_zero,
        },
    ),
    "1.4": Exercise(
        reference=_crossings,
        inputs=_angle,
        mistakes={
            "One turn is 2π, but there are two spirals, so the ray meets one of them every π.": lambda angle: (
                _crossings(angle) | {"radii": angle % np.pi + 2 * np.pi * np.arange(4)}
            ),
            "A ray beyond π meets a spiral before it has turned that far: begin at the angle modulo π.": lambda angle: (
                _crossings(angle) | {"radii": angle + np.pi * np.arange(4)}
            ),
            "Class 0 comes first only for angles below π. Beyond, class 1 does.": lambda angle: (
                _crossings(angle) | {"classes": np.array([0, 1, 0, 1])}
            ),
        },
    ),
    "1.5": Exercise(
        reference=_split,
        inputs=_sorted_labels,
        run=_judged_split,
        mistakes={
            "Neither the classes nor the seed play a part here. Draw from each class with default_rng(seed).": (
                lambda y, n_test, _seed: _parts(y, np.arange(len(y) - n_test, len(y)))
            ),
            "This leaves the classes to chance. Draw half of the test rows from each class.": lambda y, n_test, seed: (
                _parts(y, np.random.default_rng(seed).permutation(len(y))[:n_test])
            ),
            "The seed changes nothing here. Draw with default_rng(seed).": _of_every_class_the_first,
            "The training part still holds the test rows.": lambda y, n_test, seed: (
                _split(y, n_test, seed) | {"train": np.arange(len(y))}
            ),
        },
    ),
}
