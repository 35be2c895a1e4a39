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


def arriving_by_loops(grad_norms):
    first = last = 0.0
    for row in grad_norms[len(grad_norms) - 10 :]:
        first += row[0]
        last += row[-1]
    return first / last


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
        arriving_by_loops,
        lambda g: g[-10:, 0].mean() / g[-10:, -1].mean(),
        lambda g: g[-10:].sum(axis=0)[0] / g[-10:].sum(axis=0)[-1],
        lambda g: np.divide(*g[-10:].mean(axis=0)[[0, -1]]),
        lambda g: np.mean(g.T[0][-10:]) / np.mean(g.T[-1][-10:]),
        lambda g: np.add.reduce(g[::-1][:10, 0]) / np.add.reduce(g[::-1][:10, -1]),
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
        ("Turn it around", lambda g: g[-10:, -1].mean() / g[-10:, 0].mean()),
        ("mean over all epochs", lambda g: g[:, 0].mean() / g[:, -1].mean()),
        ("the last epoch alone", lambda g: g[-1, 0] / g[-1, -1]),
        ("the first ten epochs", lambda g: g[:10, 0].mean() / g[:10, -1].mean()),
        ("The mean of the ratios", lambda g: np.mean(g[-10:, 0] / g[-10:, -1])),
        ("with the second", lambda g: g[-10:, 0].mean() / g[-10:, 1].mean()),
        ("Rows are epochs", lambda g: g[0].mean() / g[-1].mean()),
        ("Divide it by that of the last", lambda g: g[-10:, 0].mean()),
        ("The shape is", lambda g: g[-10:, 0] / g[-10:, -1]),
        ("The value differs", lambda g: 1.0),
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
