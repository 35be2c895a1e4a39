"""Answers to the exercises of notebook 10: right ones of several kinds, and wrong ones with what they are told."""

import numpy as np
from tables import judged

# 10.1


def dead_by_loops(A):
    n_dead = 0
    for j in range(A.shape[1]):
        if all(A[n][j] == 0 for n in range(len(A))):
            n_dead += 1
    return n_dead / A.shape[1]


def dead_by_counting(A):
    return np.count_nonzero(np.count_nonzero(A, axis=0) == 0) / A.shape[1]


# 10.2


def confusion_by_loop(labels, guesses, n_classes):
    table = np.zeros((n_classes, n_classes))
    for label, guess in zip(labels, guesses, strict=True):
        table[label, guess] += 1
    return table


def confusion_by_product(labels, guesses, n_classes):
    return np.eye(n_classes)[labels].T @ np.eye(n_classes)[guesses]


def confusion_by_lists(labels, guesses, n_classes):
    pairs = list(zip(labels.tolist(), guesses.tolist(), strict=True))
    return [[pairs.count((i, j)) for j in range(n_classes)] for i in range(n_classes)]


def confusion_by_bincount(labels, guesses, n_classes):
    return np.bincount(labels * n_classes + guesses, minlength=n_classes**2).reshape(n_classes, n_classes)


def confusion_without_all_classes(labels, guesses, n_classes):
    return np.bincount(labels * n_classes + guesses)


def confusion_too_large(labels, guesses, n_classes):
    return np.pad(confusion_by_loop(labels, guesses, n_classes), 1)


# 10.3


def weights_by_loops(U):
    d_in, d_out = U.shape
    limit = (6 / (d_in + d_out)) ** 0.5
    return [[-limit + 2 * limit * u for u in row] for row in U]


def weights_in_place(U):
    U *= 2
    U -= 1
    U *= np.sqrt(6 / (U.shape[0] + U.shape[1]))
    return U


# 10.4


class Leaky:
    def forward(self, Z):
        self.Z = Z
        return np.maximum(Z, 0.1 * Z)

    def backward(self, dA):
        return np.where(self.Z > 0, dA, 0.1 * dA)


class LeakyByMask:
    def forward(self, Z, training=True):
        self.mask = Z > 0
        return self.mask * Z + 0.1 * ~self.mask * Z

    def backward(self, dA):
        return self.mask * dA + 0.1 * ~self.mask * dA


class LeakyByLoops:
    def forward(self, Z):
        self.slopes = [[1 if z > 0 else 0.1 for z in row] for row in Z]
        return [[z * s for z, s in zip(*pair, strict=True)] for pair in zip(Z, self.slopes, strict=True)]

    def backward(self, dA):
        return [[d * s for d, s in zip(*pair, strict=True)] for pair in zip(dA, self.slopes, strict=True)]


class LeakyFromOutput:
    def forward(self, Z):
        self.A = np.where(Z > 0, Z, Z / 10)
        return self.A.copy()

    def backward(self, dA):
        return dA * np.where(self.A > 0, 1, 0.1)


class LeakyInPlace:
    def forward(self, Z):
        self.below = Z <= 0
        Z[self.below] *= 0.1
        return Z

    def backward(self, dA):
        dA[self.below] *= 0.1
        return dA


class LeakyBySign:
    def forward(self, Z):
        self.slope = 0.55 + 0.45 * np.sign(Z)
        return Z * self.slope

    def backward(self, dA):
        return dA * self.slope


def leaky_with(slope=0.1, forward=None, backward=None):
    class Changed(Leaky):
        def forward(self, Z):
            self.Z = Z
            return np.where(Z > 0, Z, slope * Z) if forward is None else forward(Z)

        def backward(self, dA):
            return np.where(self.Z > 0, dA, slope * dA) if backward is None else backward(self.Z, dA)

    return Changed


# 10.5


def circle_with(W, b):
    return lambda r: {"W": np.array(W(r), float), "b": b(r)}


RIGHT = {
    "10.1": [
        dead_by_loops,
        dead_by_counting,
        lambda A: np.mean(A.max(axis=0) == 0),
        lambda A: np.mean(np.all(A == 0, axis=0)),
        lambda A: np.mean(~A.any(axis=0)),
        lambda A: np.mean([not column.any() for column in A.T]),
        lambda A: (A.sum(axis=0) == 0).mean(),
    ],
    "10.2": [
        confusion_by_loop,
        confusion_by_product,
        confusion_by_lists,
        confusion_by_bincount,
        lambda t, p, n: np.array([[np.sum((t == i) & (p == j)) for j in range(n)] for i in range(n)]),
        lambda t, p, n: np.histogram2d(t, p, bins=n, range=[[-0.5, n - 0.5]] * 2)[0],
    ],
    "10.3": [
        weights_by_loops,
        weights_in_place,
        lambda U: (2 * U - 1) * (6 / (U.shape[0] + U.shape[1])) ** 0.5,
        lambda U: np.sqrt(24 / sum(U.shape)) * (U - 0.5),
        lambda U: np.interp(U, [0, 1], np.array([-1, 1]) * np.sqrt(6 / sum(U.shape))),
        lambda U: np.sqrt(3) * (2 * U - 1) * np.sqrt(2 / sum(U.shape)),
    ],
    "10.4": [Leaky, LeakyByMask, LeakyByLoops, LeakyFromOutput, LeakyInPlace, LeakyBySign],
    "10.5": [
        circle_with(lambda r: [[-1], [-1]], lambda r: r**2),
        circle_with(lambda r: [[-3], [-3]], lambda r: 3 * r * r),
        circle_with(lambda r: [[-1 / r**2], [-1 / r**2]], lambda r: 1),
        circle_with(lambda r: [[-10], [-10]], lambda r: [[10 * r**2]]),
        circle_with(lambda r: [[-0.01], [-0.01]], lambda r: np.array([0.01 * r**2])),
        lambda r: {"b": r**2, "W": [[-1], [-1]]},
    ],
}

WRONG = {
    "10.1": [
        ("unit by unit", lambda A: (A == 0).all(axis=1).mean()),
        ("all, not any", lambda A: (A == 0).any(axis=0).mean()),
        ("no dead unit", lambda A: np.mean(A == 0)),
        ("The share is the mean", lambda A: np.sum(A.max(axis=0) == 0)),
        ("at work", lambda A: np.mean(A.max(axis=0) > 0)),
        ("percentages", lambda A: 100 * np.mean(A.max(axis=0) == 0)),
        ("not by the number of samples", lambda A: np.sum(A.max(axis=0) == 0) / len(A)),
        ("The shape is", lambda A: A.max(axis=0) == 0),
        ("The value differs", lambda A: 0.0),
    ],
    "10.2": [
        ("other way round", lambda t, p, n: confusion_by_loop(p, t, n)),
        ("counted once", lambda t, p, n: (confusion_by_loop(t, p, n) > 0).astype(int)),
        ("shares of each class", lambda t, p, n: confusion_by_loop(t, p, n) / np.bincount(t)[:, None]),
        ("shares of all samples", lambda t, p, n: confusion_by_loop(t, p, n) / len(t)),
        ("on the diagonal", lambda t, p, n: confusion_by_loop(t, p, n) * np.eye(n)),
        ("The right ones are the diagonal", lambda t, p, n: confusion_by_loop(t, p, n) * (1 - np.eye(n))),
        ("a column for every answer", lambda t, p, n: np.bincount(t, minlength=n)),
        ("The shape is", confusion_without_all_classes),
        ("The shape is", confusion_too_large),
    ],
    "10.3": [
        ("All of these are positive", lambda U: U * np.sqrt(6 / sum(U.shape))),
        ("a third of what is wanted", lambda U: (2 * U - 1) * np.sqrt(2 / sum(U.shape))),
        ("a quarter of what is wanted", lambda U: (U - 0.5) * np.sqrt(6 / sum(U.shape))),
        ("The factor is the square root", lambda U: (2 * U - 1) * 6 / sum(U.shape)),
        ("d_in alone", lambda U: (2 * U - 1) * np.sqrt(6 / U.shape[0])),
        ("d_out alone", lambda U: (2 * U - 1) * np.sqrt(6 / U.shape[1])),
        ("the number of weights", lambda U: (2 * U - 1) * np.sqrt(6 / U.size)),
        ("explodes with depth", lambda U: 2 * U - 1),
        ("The value differs", lambda U: 1 - 2 * U),
    ],
    "10.4": [
        ("the plain ReLU", leaky_with(0)),
        ("not 0.9", leaky_with(0.9)),
        ("not 0.01", leaky_with(0.01)),
        ("goes up again", leaky_with(forward=lambda Z: np.where(Z > 0, Z, -0.1 * Z))),
        ("not by the gradient", leaky_with(backward=lambda Z, dA: np.where(dA > 0, dA, 0.1 * dA))),
        ("lets nothing through", leaky_with(backward=lambda Z, dA: dA * (Z > 0))),
        ("This is the slope", leaky_with(backward=lambda Z, dA: np.where(Z > 0, 1, 0.1))),
        ("not by the output", leaky_with(backward=lambda Z, dA: dA * np.where(Z > 0, Z, 0.1 * Z))),
        ("The value differs", leaky_with(forward=lambda Z: Z)),
    ],
    "10.5": [
        ("exchanged", circle_with(lambda r: [[1], [1]], lambda r: -(r**2))),
        ("r², not r", circle_with(lambda r: [[-1], [-1]], lambda r: r)),
        ("positive nowhere", circle_with(lambda r: [[-1], [-1]], lambda r: -(r**2))),
        ("positive nowhere", circle_with(lambda r: [[-1], [-1]], lambda r: 0)),
        ("two parallel lines", circle_with(lambda r: [[-1], [0]], lambda r: r**2)),
        ("hyperbola", circle_with(lambda r: [[-1], [1]], lambda r: r**2)),
        ("too large", circle_with(lambda r: [[-1], [-1]], lambda r: 2 * r**2)),
        ("the shape (2, 1)", circle_with(lambda r: [-1, -1], lambda r: r**2)),
        ("Return a dict", lambda r: (np.array([[-1], [-1]]), r**2)),
        ("There is no value", lambda r: {"W": [[-1], [-1]]}),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
