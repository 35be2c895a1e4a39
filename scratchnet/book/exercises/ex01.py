"""The exercises of notebook 1, setup."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet.book.exercises.judge import Exercise, WrongFormError, in_turn, parts, rows


def _guesses(rng: np.random.Generator) -> dict[str, Any]:
    n, n_wrong = in_turn(rng, [(6, 2), (9, 2), (2, 0), (8, 3), (5, 1)])
    labels = rng.permutation(np.arange(n) < (n + 1) // 2).astype(in_turn(rng, [int, float]))
    predictions = labels.copy()
    wrong = rng.choice(n, n_wrong, replace=False)
    predictions[wrong] = 1 - predictions[wrong]
    return {"predictions": predictions.reshape(-1, 1), "labels": labels}


def _for_each_class(predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.array([np.mean(predictions.ravel()[labels == k] == k) for k in (0, 1)])


def _scaled(rng: np.random.Generator) -> dict[str, Any]:
    n, d = in_turn(rng, [(3, 2), (1, 2), (4, 3), (2, 1), (5, 2)])
    center, size = np.array([4, -10, 0])[:d], np.array([1, 5, 2])[:d]
    return {"X": rng.standard_normal((n, d)).round(1), "X_train": rng.normal(center, size, (6, d)).round(1)}


def _raw(X: np.ndarray, like: np.ndarray) -> np.ndarray:
    return X * like.std(axis=0) + like.mean(axis=0)


def _points(rng: np.random.Generator) -> dict[str, Any]:
    half = in_turn(rng, [3, 5, 4])
    y = rng.permutation([0.0, 1.0] * half).reshape(-1, 1)
    return {"X": (rng.standard_normal((2 * half, 2)) + y).round(2), "y": y}


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
    first_half = in_turn(rng, [True, False])
    return {"angle": round(float(rng.uniform(0.1, 3.0) + (0 if first_half else np.pi)), 2)}


def _crossings(angle: float) -> dict[str, Any]:
    first = 0 if angle < np.pi else 1
    return {"radii": angle % np.pi + np.pi * np.arange(4), "classes": np.array([first, 1 - first] * 2)}


def _labels(rng: np.random.Generator) -> dict[str, Any]:
    """Return labels sorted by class first, as the book's are, and then in any order."""
    y = in_turn(rng, [lambda y: y, rng.permutation])(np.repeat([0, 1], 10))
    return {"y": y, "n_test": in_turn(rng, [6, 8, 10])}


def _judged_split(answer: Any, y: np.ndarray, n_test: int) -> Any:
    """Return what a good split is, and whether this one is so for forty seeds, and for y in other orders."""
    others = [(np.random.default_rng(k).permutation(y), 0) for k in range(10)]
    asked = [(y, seed) for seed in [*range(40), 0]] + others + [(np.sort(y), seed) for seed in range(10)]
    splits = [parts(answer(labels.copy(), n_test, seed), "train", "test") for labels, seed in asked]
    if any(split is None for split in splits):
        return None
    trains, tests = ([rows(name, split[i]) for split in splits if split] for i, name in enumerate(("train", "test")))
    if any(not set(part) <= set(range(len(y))) for part in trains + tests):
        raise WrongFormError(f"The rows of y have the numbers 0 to {len(y) - 1}, and there are others among yours.")
    halves = [2 * labels[test].sum() == len(test) for (labels, _), test in zip(asked, tests, strict=True)]
    drawn, again = [frozenset(test) for test in tests[:40]], frozenset(tests[40])
    of_a_class = [{frozenset(test[y[test] == label]) for test in tests[:40]} for label in (0, 1)]
    return {
        "n_test different rows in the test part": all(len(set(test)) == len(test) == n_test for test in tests),
        "no row in both parts": all(not set(train) & set(test) for train, test in zip(trains, tests, strict=True)),
        "every row in one of the parts": all(
            len({*train, *test}) == len(y) for train, test in zip(trains, tests, strict=True)
        ),
        "half of the test part from each class, where y is sorted": all(halves[-10:]),
        "half of the test part from each class": all(halves),
        "the same rows for the same seed": drawn[0] == again,
        "other rows for other seeds": len(set(drawn)) > 2,
        # Forty draws of 3, 4 or 5 of ten rows give some thirty different ones; there are ten runs of neighbors.
        "any rows of a class together in the test part": all(len(found) > len(y) // 2 for found in of_a_class),
    }


def _parts(y: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    return {"train": np.setdiff1d(np.arange(len(y)), test), "test": test}


def _split(y: np.ndarray, n_test: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(np.flatnonzero(y == label))[: n_test // 2] for label in (0, 1)]
    return _parts(y, np.concatenate(drawn))


def _of_every_class_the_first(y: np.ndarray, n_test: int, _seed: int) -> dict[str, Any]:
    return _parts(y, np.concatenate([np.flatnonzero(y == label)[: n_test // 2] for label in (0, 1)]))


def _arc(y: np.ndarray, n_test: int, seed: int) -> dict[str, Any]:
    return _parts(y, np.concatenate([np.roll(np.flatnonzero(y == k), seed)[: n_test // 2] for k in (0, 1)]))


def _cut_in_the_middle(y: np.ndarray, n_test: int, seed: int) -> dict[str, Any]:
    rng, half = np.random.default_rng(seed), len(y) // 2
    return _parts(y, np.concatenate([start + rng.permutation(half)[: n_test // 2] for start in (0, half)]))


def _with_repetition(y: np.ndarray, n_test: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return _parts(y, np.concatenate([rng.choice(np.flatnonzero(y == k), n_test // 2) for k in (0, 1)]))


EXERCISES = {
    "1.1": Exercise(
        reference=_for_each_class,
        inputs=_guesses,
        mistakes={
            "A column compared with a flat array is a table of all pairs: labels.reshape(-1, 1).": lambda p, t: [
                np.mean((p == t)[t == k]) for k in (0, 1)
            ],
            "These are numbers of right predictions. The accuracy is their share.": lambda p, t: [
                np.sum(p.ravel()[t == k] == k) for k in (0, 1)
            ],
            "These are the shares of wrong predictions.": lambda p, t: 1 - _for_each_class(p, t),
            "These are percentages. An accuracy is a share, 1 for predictions that are all right.": lambda p, t: (
                100 * _for_each_class(p, t)
            ),
            "This is the accuracy over all samples, twice. Take the samples of one class at a time.": lambda p, t: (
                [np.mean(p.ravel() == t)] * 2
            ),
            "Divide by the number of samples of the class, not by the number of all samples.": lambda p, t: [
                np.sum(p.ravel()[t == k] == k) / len(t) for k in (0, 1)
            ],
            "These are shares of what was predicted as a class. Take those that are of the class: ask the labels.": (
                lambda p, t: [np.mean(t[p.ravel() == k] == k) for k in (0, 1)]
            ),
            "The classes are the wrong way round: class 0 comes first.": lambda p, t: _for_each_class(p, t)[::-1],
        },
    ),
    "1.2": Exercise(
        reference=_raw,
        inputs=_scaled,
        mistakes={
            "This scales once more. The way back multiplies by the deviation and then adds the mean.": lambda X, like: (
                (X - like.mean(axis=0)) / like.std(axis=0)
            ),
            "These are the statistics of X itself. Take mean and deviation from X_train.": lambda X, like: _raw(X, X),
            "One mean for all entries mixes the features. Each column has its own: axis=0.": lambda X, like: (
                X * like.std() + like.mean()
            ),
            "This multiplies by the variance. Take its square root, the standard deviation.": lambda X, like: (
                X * like.var(axis=0) + like.mean(axis=0)
            ),
            "With ddof=1 the deviation divides by N - 1. Here it divides by N, as np.std does by itself.": (
                lambda X, like: X * like.std(axis=0, ddof=1) + like.mean(axis=0)
            ),
            "The size is right again, but the mean is not added.": lambda X, like: X * like.std(axis=0),
            "The mean is added, but the features keep the size 1.": lambda X, like: X + like.mean(axis=0),
            "The mean is in the units of the data, so it is added last, and not multiplied.": lambda X, like: (
                (X + like.mean(axis=0)) * like.std(axis=0)
            ),
            "The mean was subtracted on the way there. It is added on the way back.": lambda X, like: (
                X * like.std(axis=0) - like.mean(axis=0)
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
            "w is right. The accuracy is the share of right points, not their number.": lambda X, y: (
                _line(X, y) | {"accuracy": len(X) * _line(X, y)["accuracy"]}
            ),
            "w is right. This is the share of points that are predicted as class 1.": lambda X, y: (
                _line(X, y) | {"accuracy": np.mean(_with_ones(X) @ _line(X, y)["w"] >= 0.5)}
            ),
            "w is right. For the accuracy the line has to decide: class 1 where A w is at least 0.5.": lambda X, y: (
                _line(X, y) | {"accuracy": np.mean(_with_ones(X) @ _line(X, y)["w"] == y)}
            ),
            "w has the shape (3, 1), as y has (N, 1).": lambda X, y: _line(X, y) | {"w": _line(X, y)["w"].ravel()},
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
            "The distances are right. Which class comes first is turned round.": lambda angle: (
                _crossings(angle) | {"classes": 1 - _crossings(angle)["classes"]}
            ),
            "The classes alternate along the ray: every π comes an arm of the other one.": lambda angle: (
                _crossings(angle) | {"classes": np.sort(_crossings(angle)["classes"])}
            ),
            "The distances are to increase from the center outward.": lambda angle: {
                name: values[::-1] for name, values in _crossings(angle).items()
            },
            "The first arm is at the angle itself, or π before it; here it is missed.": lambda angle: (
                _crossings(angle) | {"radii": np.pi + _crossings(angle)["radii"]}
            ),
        },
    ),
    "1.5": Exercise(
        reference=_split,
        inputs=_labels,
        run=_judged_split,
        mistakes={
            "Neither the classes nor the seed play a part here. Draw from each class with default_rng(seed).": (
                lambda y, n_test, _seed: _parts(y, np.arange(len(y) - n_test, len(y)))
            ),
            "This leaves the classes to chance. Draw half of the test rows from each class.": lambda y, n_test, seed: (
                _parts(y, np.random.default_rng(seed).permutation(len(y))[:n_test])
            ),
            "The seed changes nothing here. Draw with default_rng(seed).": _of_every_class_the_first,
            "These are neighbors, which the seed only shifts. Draw any of them: permute, and take the first.": _arc,
            "This takes the first half of the rows for one class. Ask y: np.flatnonzero(y == 0).": _cut_in_the_middle,
            "A row can be drawn twice here. Permute and take the first, or draw with replace=False.": _with_repetition,
            "n_test is the length of the whole test part, so take n_test // 2 rows of each class.": (
                lambda y, n_test, seed: _split(y, 2 * n_test, seed)
            ),
            "The two parts are the wrong way round.": lambda y, n_test, seed: dict(
                zip(("test", "train"), _split(y, n_test, seed).values(), strict=True)
            ),
            "The training part still holds the test rows.": lambda y, n_test, seed: (
                _split(y, n_test, seed) | {"train": np.arange(len(y))}
            ),
        },
    ),
}
