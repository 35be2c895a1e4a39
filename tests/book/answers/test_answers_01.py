"""Answers to the exercises of notebook 01: right ones of many kinds, and wrong ones with what they are told."""

import math
import random

import numpy as np
from tables import judged

# 1.1: the accuracy of each class, of predictions (N, 1) against labels (N,)


def loop(predictions, labels):
    right, every = [0, 0], [0, 0]
    for prediction, label in zip(predictions, labels, strict=True):
        every[int(label)] += 1
        right[int(label)] += int(prediction[0] == label)
    return [right[0] / every[0], right[1] / every[1]]


def in_place_share(predictions, labels):
    predictions -= labels.reshape(-1, 1)
    return [1 - np.count_nonzero(predictions[labels == k]) / np.sum(labels == k) for k in (0, 1)]


def share(p, t, k):
    return np.mean(p.ravel()[t == k] == k)


# 1.2: X, standardized like X_train, in the units of X_train


def raw_in_place(X, X_train):
    X *= X_train.std(0)
    X += X_train.mean(0)
    return X


def raw_by_loops(X, X_train):
    found = []
    for row in X.tolist():
        out = []
        for j, x in enumerate(row):
            column = [r[j] for r in X_train.tolist()]
            mean = sum(column) / len(column)
            out.append(x * math.sqrt(sum((c - mean) ** 2 for c in column) / len(column)) + mean)
        found.append(out)
    return found


def raw(X, mean, std):
    return X * std + mean


# 1.3: least squares by the normal equations


def ones(X):
    return np.hstack([X, np.ones((len(X), 1))])


def line(X, y, w, accuracy=None):
    return {"w": w, "accuracy": np.mean((ones(X) @ w >= 0.5) == y) if accuracy is None else accuracy}


def fitted(X, y):
    return np.linalg.lstsq(ones(X), y, rcond=None)[0]


def by_qr(X, y):
    Q, R = np.linalg.qr(ones(X))
    return line(X, y, np.linalg.solve(R, Q.T @ y))


def by_elimination(X, y):
    A = ones(X)
    M, v = np.einsum("ni,nj->ij", A, A), np.einsum("ni,nk->ik", A, y)
    for i in range(3):
        for j in range(3):
            if j != i:
                factor = M[j, i] / M[i, i]
                M[j] -= factor * M[i]
                v[j] -= factor * v[i]
    w = v / np.diag(M)[:, None]
    return {"w": w.tolist(), "accuracy": sum((A @ w >= 0.5).ravel() == y.ravel()) / len(y)}


# 1.4: where a ray meets the spirals


def by_search(angle):
    found = []
    for turn in range(-2, 3):
        for label, shift in ((0, 0.0), (1, math.pi)):
            t = angle - shift + 2 * math.pi * turn
            if 0 < t < 4 * math.pi:
                found.append((t, label))
    radii, classes = zip(*sorted(found), strict=True)
    return {"radii": list(radii), "classes": list(classes)}


def crossings(angle, first=None, radii=None, classes=None):
    first = angle % np.pi if first is None else first
    k = int(angle > np.pi)
    return {
        "radii": [first + i * np.pi for i in range(4)] if radii is None else radii,
        "classes": [k, 1 - k, k, 1 - k] if classes is None else classes,
    }


# 1.5: a stratified split


def split(y, test):
    return {"train": [i for i in range(len(y)) if i not in set(np.asarray(test).tolist())], "test": test}


def by_python(y, n_test, seed):
    draw, test = random.Random(seed), []
    for k in (0, 1):
        test += draw.sample([i for i, label in enumerate(y) if label == k], n_test // 2)
    return split(y, test)


def by_sorting(y, n_test, seed):
    key = np.random.default_rng(seed).random(len(y))
    test = [i for k in (0, 1) for i in sorted(np.flatnonzero(y == k), key=lambda i: key[i])[: n_test // 2]]
    return split(y, np.array(test, dtype=float))


def by_shuffling(y, n_test, seed):
    rng, rows = np.random.default_rng(seed), [np.where(y == k)[0] for k in (0, 1)]
    for part in rows:
        rng.shuffle(part)
    half = n_test // 2
    return {
        name: np.concatenate([part[cut] for part in rows])
        for name, cut in {"test": slice(half), "train": slice(half, None)}.items()
    }


def by_choice(y, n_test, seed):
    rng = np.random.default_rng(seed)
    test = np.array([rng.choice(np.flatnonzero(y == k), n_test // 2, replace=False) for k in (0, 1)]).ravel()
    return split(y, test)


def by_mask(y, n_test, seed):
    order, taken = np.random.default_rng(seed).permutation(len(y)), np.zeros(len(y), bool)
    for k in (0, 1):
        taken[order[y[order] == k][: n_test // 2]] = True
    return {"train": np.flatnonzero(~taken), "test": np.flatnonzero(taken)}


def old_generator(y, n_test, seed):
    state = np.random.RandomState(seed)
    return split(y, np.concatenate([state.permutation(np.nonzero(y == k)[0])[: n_test // 2] for k in (0, 1)]))


def drawn(y, n_test, seed, **changes):
    return by_mask(y, n_test, seed) | changes


def arc(y, n_test, seed):
    return np.concatenate([np.roll(np.flatnonzero(y == k), -seed)[: n_test // 2] for k in (0, 1)])


def halves(n_test, rng):
    return np.concatenate([rng.permutation(10)[: n_test // 2], 10 + rng.permutation(10)[: n_test // 2]])


def again(y, n_test, rng):
    return np.concatenate([rng.choice(np.flatnonzero(y == k), n_test // 2) for k in (0, 1)])


RIGHT = {
    "1.1": [
        lambda p, t: [share(p, t, 0), share(p, t, 1)],
        lambda p, t: (float(share(p, t, 0)), float(share(p, t, 1))),
        lambda p, t: np.array([(p == t[:, None])[t == k].mean() for k in (0, 1)]),
        lambda p, t: np.bincount(t.astype(int), p[:, 0] == t) / np.bincount(t.astype(int)),
        lambda p, t: np.float32([1 - np.abs(p.squeeze(1) - t)[t == k].mean() for k in (0, 1)]),
        lambda p, t: [np.diag(p == t)[t < 0.5].mean(), np.diag(p == t)[t > 0.5].mean()],
        loop,
        in_place_share,
    ],
    "1.2": [
        lambda X, T: raw(X, T.mean(axis=0), T.std(axis=0)),
        lambda X, T: raw(X, np.average(T, axis=0), np.sqrt(T.var(axis=0))),
        lambda X, T: raw(X, T.sum(0) / len(T), np.sqrt(np.mean((T - T.mean(0)) ** 2, axis=0))).tolist(),
        lambda X, T: np.array([[x * T[:, j].std() + T[:, j].mean() for j, x in enumerate(row)] for row in X]),
        lambda X, T: np.einsum("ij,j->ij", X, T.std(0)) + np.einsum("ij->j", T) / len(T),
        lambda X, T: np.column_stack([X[:, j] * np.std(T[:, j]) + np.mean(T[:, j]) for j in range(T.shape[1])]),
        lambda X, T: (X + T.mean(0) / T.std(0)) * T.std(0),
        raw_in_place,
        raw_by_loops,
    ],
    "1.3": [
        lambda X, y: line(X, y, fitted(X, y)),
        lambda X, y: line(X, y, np.linalg.pinv(ones(X)) @ y),
        lambda X, y: line(X, y, np.linalg.inv(ones(X).T @ ones(X)) @ ones(X).T @ y),
        lambda X, y: line(X, y, np.linalg.solve(ones(X).T @ ones(X), ones(X).T @ y).tolist()),
        lambda X, y: line(X, y, fitted(X, y), 1 - np.mean(np.abs(np.round(np.clip(ones(X) @ fitted(X, y), 0, 1)) - y))),
        lambda X, y: line(X, y, fitted(X, y), np.mean((ones(X) @ fitted(X, y) > 0.5).ravel() == y.ravel())),
        by_qr,
        by_elimination,
    ],
    "1.4": [
        by_search,
        lambda a: crossings(a),
        lambda a: crossings(a, a if a < np.pi else a - np.pi),
        lambda a: crossings(a, radii=np.linspace(a % np.pi, a % np.pi + 3 * np.pi, 4)),
        lambda a: crossings(a, radii=sorted([a % np.pi + i * np.pi for i in (3, 1, 0, 2)])),
        lambda a: crossings(a, classes=np.array([a > np.pi, a <= np.pi] * 2)),
        lambda a: crossings(a, classes=tuple((np.arange(4) + a // np.pi) % 2)),
        lambda a: {k: np.array(v, object) for k, v in crossings(a).items()},
    ],
    "1.5": [
        by_python,
        by_sorting,
        by_shuffling,
        by_choice,
        by_mask,
        old_generator,
    ],
}

WRONG = {
    "1.1": [
        ("a table of all pairs", lambda p, t: [(p == t)[t == k].mean() for k in (0, 1)]),
        ("numbers of right predictions", lambda p, t: [sum(p[t == k, 0] == k) for k in (0, 1)]),
        ("the shares of wrong predictions", lambda p, t: [1 - share(p, t, k) for k in (0, 1)]),
        ("These are percentages", lambda p, t: [100 * share(p, t, k) for k in (0, 1)]),
        ("over all samples, twice", lambda p, t: np.full(2, (p[:, 0] == t).mean())),
        ("by the number of samples of the class", lambda p, t: [np.mean((p[:, 0] == t) & (t == k)) for k in (0, 1)]),
        ("ask the labels", lambda p, t: [np.mean(t[p[:, 0] == k] == k) for k in (0, 1)]),
        ("the wrong way round", lambda p, t: [share(p, t, 1), share(p, t, 0)]),
        ("The shape is () and should be (2,)", lambda p, t: (p[:, 0] == t).mean()),
        ("The value differs", lambda p, t: [0.5, 5 / 6]),
    ],
    "1.2": [
        ("This scales once more", lambda X, T: (X - T.mean(0)) / T.std(0)),
        ("the statistics of X itself", lambda X, T: raw(X, X.mean(0), X.std(0))),
        ("One mean for all entries", lambda X, T: raw(X, T.mean(), T.std())),
        ("multiplies by the variance", lambda X, T: raw(X, T.mean(0), T.var(0))),
        ("ddof=1", lambda X, T: raw(X, T.mean(0), T.std(0, ddof=1))),
        ("the mean is not added", lambda X, T: X * T.std(0)),
        ("the features keep the size 1", lambda X, T: X + T.mean(0)),
        ("it is added last", lambda X, T: (X + T.mean(0)) * T.std(0)),
        ("It is added on the way back", lambda X, T: X * T.std(0) - T.mean(0)),
        ("Your code raised ValueError", lambda X, T: X.reshape(-1, 7) + T.mean(0)),
    ],
    "1.3": [
        ("no offset", lambda X, y: {"w": (w := np.linalg.pinv(X) @ y), "accuracy": np.mean((X @ w >= 0.5) == y)}),
        ("The column of ones comes first", lambda X, y: line(X, y, fitted(X, y)) | {"w": np.roll(fitted(X, y), 1, 0)}),
        ("still to be solved", lambda X, y: line(X, y, ones(X).T @ y)),
        ("at least 0.5, not 0", lambda X, y: line(X, y, fitted(X, y), np.mean((ones(X) @ fitted(X, y) >= 0) == y))),
        ("not their number", lambda X, y: line(X, y, fitted(X, y), np.sum((ones(X) @ fitted(X, y) >= 0.5) == y))),
        ("predicted as class 1", lambda X, y: line(X, y, fitted(X, y), np.mean(ones(X) @ fitted(X, y) >= 0.5))),
        ("the line has to decide", lambda X, y: line(X, y, fitted(X, y), np.mean(ones(X) @ fitted(X, y) == y))),
        ("w has the shape (3, 1)", lambda X, y: line(X, y, fitted(X, y)) | {"w": fitted(X, y)[:, 0]}),
        ("Return a dict with the keys w, accuracy", lambda X, y: fitted(X, y)),
    ],
    "1.4": [
        ("the ray meets one of them every π", lambda a: crossings(a, radii=a % np.pi + 2 * np.pi * np.arange(4))),
        ("begin at the angle modulo π", lambda a: crossings(a, a)),
        ("Class 0 comes first only for angles below π", lambda a: crossings(a, classes=[0, 1, 0, 1])),
        ("Which class comes first is turned round", lambda a: crossings(a, classes=[a < np.pi, a > np.pi] * 2)),
        ("The classes alternate", lambda a: crossings(a, classes=[0, 0, 1, 1])),
        ("increase from the center outward", lambda a: {k: v[::-1] for k, v in crossings(a).items()}),
        ("here it is missed", lambda a: crossings(a, a % np.pi + np.pi)),
        ("The shape is (2,) and should be (4,)", lambda a: crossings(a, radii=[a, a + 2 * np.pi])),
        ("classes: There is no value", lambda a: {"radii": crossings(a)["radii"]}),
    ],
    "1.5": [
        ("Neither the classes nor the seed", lambda y, n, s: split(y, np.arange(n))),
        ("leaves the classes to chance", lambda y, n, s: split(y, np.random.default_rng(s).permutation(len(y))[:n])),
        ("The seed changes nothing", lambda y, n, s: by_mask(y, n, 3)),
        ("still holds the test rows", lambda y, n, s: drawn(y, n, s, train=range(len(y)))),
        ("These are neighbors", lambda y, n, s: split(y, arc(y, n, s))),
        ("the first half of the rows", lambda y, n, s: split(y, halves(n, np.random.default_rng(s)))),
        ("A row can be drawn twice", lambda y, n, s: split(y, again(y, n, np.random.default_rng(s)))),
        ("n_test // 2 rows of each class", lambda y, n, s: by_choice(y, 2 * n, s)),
        ("the wrong way round", lambda y, n, s: {"train": by_mask(y, n, s)["test"], "test": by_mask(y, n, s)["train"]}),
        ("flat array of row numbers", lambda y, n, s: {k: np.isin(range(20), v) for k, v in by_mask(y, n, s).items()}),
        ("there are others among yours", lambda y, n, s: {k: v + 1 for k, v in by_mask(y, n, s).items()}),
        ("the same rows for the same seed", lambda y, n, s: by_mask(y, n, None)),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
