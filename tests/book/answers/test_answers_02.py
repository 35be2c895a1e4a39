"""Answers to the exercises of notebook 02: right ones of many kinds, and wrong ones with what they are told."""

import math

import numpy as np
from tables import judged

from scratchnet import Layer, tanh

# 2.1: the slope of ReLU from its output


def slope_by_loop(a):
    slope = np.empty(a.shape)
    for index in np.ndindex(a.shape):
        slope[index] = 1 if a[index] > 0 else 0
    return slope


def slope_in_place(a):
    a[a > 0] = 1
    return a


# 2.2: the sigmoid


def sigmoid_by_masks(z):
    a = np.empty(z.shape)
    left = z < 0
    a[~left] = 1 / (1 + np.exp(-z[~left]))
    a[left] = np.exp(z[left]) / (1 + np.exp(z[left]))
    return a


def sigmoid_by_loop(z):
    a = []
    for x in z.ravel().tolist():
        e = math.exp(-abs(x))
        a.append(e / (1 + e) if x < 0 else 1 / (1 + e))
    return np.reshape(a, z.shape).tolist()


def sigmoid_in_place(z):
    e = np.exp(-np.abs(z))
    np.exp(np.minimum(z, 0, out=z), out=z)
    z /= 1 + e
    return z


def sigmoid_by_pieces(z):
    return np.piecewise(z, [z < 0], [lambda z: np.exp(z) / (1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))])


def silenced(z):
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-z))


@np.errstate(all="ignore")
def silenced_from_outside(z):
    return 1 / (1 + np.exp(-z))


def silenced_for_an_array(z):
    z = np.array(np.asarray(z).tolist())
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def silenced_for_good(z):
    before = np.seterr(all="ignore")
    a = 1 / (1 + np.exp(-np.asarray(z)))
    np.seterr(**before)
    return a


def clipping(c):
    return lambda z: 1 / (1 + np.exp(-np.clip(z, -c, c)))


# 2.3: the backward pass of a linear layer


def backward(X, W, dZ, **changes):
    return {"dW": X.T @ dZ, "db": np.ones((1, len(X))) @ dZ, "dX": dZ @ W.T + dZ} | changes


def backward_by_loops(X, W, dZ):
    dW, db, dX = np.zeros(W.shape), np.zeros((1, W.shape[1])), np.zeros(X.shape)
    for n in range(len(X)):
        for j in range(W.shape[1]):
            db[0, j] += dZ[n, j]
            dX[n, j] += dZ[n, j]
            for i in range(W.shape[0]):
                dW[i, j] += X[n, i] * dZ[n, j]
                dX[n, i] += dZ[n, j] * W[i, j]
    return {"dW": dW, "db": db, "dX": dX}


def backward_by_outer(X, W, dZ):
    return backward(X, W, dZ, dW=sum(np.outer(x, dz) for x, dz in zip(X, dZ, strict=True)))


def backward_in_place(X, W, dZ):
    dW = X.T @ dZ
    X[:] = dZ @ (W.T + np.eye(len(W)))
    dZ[0] += dZ[1:].sum(0)
    return {"dW": dW, "db": dZ[:1], "dX": X}


# 2.5: a leaky ReLU that keeps its output


class Leaky(Layer):
    """Right; what can go wrong is in the classes below."""

    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, Z, training=True):
        A = np.where(Z > 0, Z, self.slope * Z)
        if training:
            self.cache(A)
        return A

    def backward(self, dA):
        return dA * np.where(self.cached() > 0, 1, self.slope)


class ByMaximum(Leaky):
    def forward(self, Z, training=True):
        A = np.maximum(Z, 0) + self.slope * np.minimum(Z, 0)
        if training:
            self.A = A
        return A

    def backward(self, dA):
        return dA * ((self.A > 0) + self.slope * (self.A <= 0))


class ByMask(Leaky):
    def forward(self, Z, training=True):
        A = Z.copy()
        A[A < 0] *= self.slope
        if training:
            self.cache(A)
        return A

    def backward(self, dA):
        dZ = dA.copy()
        dZ[self.cached() < 0] *= self.slope
        return dZ


class ByLoop(Leaky):
    def forward(self, Z, training=True):
        A = np.array([[z if z > 0 else self.slope * z for z in row] for row in Z.tolist()])
        if training:
            self.kept = {"A": A}
        return A

    def backward(self, dA):
        pairs = zip(dA, self.kept["A"], strict=True)
        return [[d if a > 0 else self.slope * d for d, a in zip(*pair, strict=True)] for pair in pairs]


class Unrelated:
    """No Layer at all, with names of its own."""

    def __init__(self, s=0.1):
        self.s, self.out = s, None

    def forward(self, Z, training=True):
        A = Z * (self.s + (1 - self.s) * (Z > 0))
        self.out = A if training else self.out
        return A

    def backward(self, grad):
        return grad * (self.s + (1 - self.s) * (self.out > 0))


class BySign(Leaky):
    def backward(self, dA):
        return np.multiply(dA, (1 + self.slope) / 2 + (1 - self.slope) / 2 * np.sign(self.cached()))


class WithoutChain(Leaky):
    def backward(self, dA):
        return np.where(self.cached() > 0, 1, self.slope)


class Dies(Leaky):
    def backward(self, dA):
        return dA * (self.cached() > 0)


class TimesOutput(Leaky):
    def backward(self, dA):
        return dA * self.cached()


class AlwaysCaches(Leaky):
    def forward(self, Z, training=True):
        A = np.where(Z > 0, Z, self.slope * Z)
        self.cache(A)
        return A


class KeepsInput(Leaky):
    def forward(self, Z, training=True):
        if training:
            self.cache(Z)
        return np.where(Z > 0, Z, self.slope * Z)


class KeepsBoth(Leaky):
    def forward(self, Z, training=True):
        if training:
            self.Z = Z
        return super().forward(Z, training)


class KeepsSlopes(Leaky):
    def forward(self, Z, training=True):
        slopes = np.where(Z > 0, 1, self.slope)
        if training:
            self.cache(slopes)
        return Z * slopes

    def backward(self, dA):
        return dA * self.cached()


class TenthOnly(Leaky):
    def __init__(self, slope=0.1):
        self.slope = 0.1


class JustReLU(Leaky):
    def forward(self, Z, training=True):
        A = np.maximum(Z, 0)
        if training:
            self.cache(A)
        return A


class Turned(Leaky):
    def backward(self, dA):
        return dA * np.where(self.cached() > 0, self.slope, 1)


class ChangesInput(Leaky):
    def forward(self, Z, training=True):
        Z[Z < 0] *= self.slope
        if training:
            self.cache(Z.copy())
        return Z.copy()


class OtherDefault(Leaky):
    def __init__(self, slope=0.01):
        self.slope = slope


SYMMETRIC = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])

RIGHT = {
    "2.1": [
        lambda a: a > 0,
        lambda a: (a != 0).tolist(),
        lambda a: np.sign(a),
        lambda a: np.where(a > 0, 1, 0).astype(np.int8),
        lambda a: np.ceil(a / (1 + a)).astype(np.float32),
        lambda a: np.heaviside(a, 0),
        slope_by_loop,
        slope_in_place,
    ],
    "2.2": [
        lambda z: np.where(z < 0, np.exp(-np.abs(z)), 1) / (1 + np.exp(-np.abs(z))),
        lambda z: 0.5 * (1 + np.tanh(z / 2)),
        lambda z: np.exp(-np.logaddexp(0, -z)),
        lambda z: np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z))).astype(np.float32),
        lambda z: (tanh(np.asarray(z) / 2) + 1) / 2,
        sigmoid_by_masks,
        sigmoid_by_loop,
        sigmoid_in_place,
        sigmoid_by_pieces,
    ],
    "2.3": [
        lambda X, W, dZ: backward(X, W, dZ),
        lambda X, W, dZ: backward(
            X, W, dZ, dW=np.einsum("ni,nj->ij", X, dZ), dX=np.einsum("nj,ij->ni", dZ, W + np.eye(len(W)))
        ),
        lambda X, W, dZ: backward(X, W, dZ, dW=(dZ.T @ X).T, dX=(W @ dZ.T + dZ.T).T, db=dZ.sum(0)[None]),
        lambda X, W, dZ: {name: value.tolist() for name, value in backward(X, W, dZ).items()},
        lambda X, W, dZ: backward(*(array.astype(np.float32) for array in (X, W, dZ))),
        lambda X, W, dZ: backward(X, W, dZ, dW=np.tensordot(X, dZ, (0, 0)), db=dZ.mean(0, keepdims=True) * len(dZ)),
        backward_by_loops,
        backward_by_outer,
        backward_in_place,
    ],
    "2.4": [
        SYMMETRIC,
        SYMMETRIC.tolist(),
        np.ones((3, 3), int),
        (B := np.random.default_rng(0).standard_normal((3, 3))) + B.T,
        B @ B.T,
        1e-3 * SYMMETRIC.astype(np.float32),
        -SYMMETRIC.astype(object),
    ],
    "2.5": [
        Leaky,
        ByMaximum,
        ByMask,
        ByLoop,
        Unrelated,
        BySign,
    ],
}

WRONG = {
    "2.1": [
        ("the comparison is strict", lambda a: a >= 0),
        ("the comparison is strict", np.ones_like),
        ("This is the output itself", lambda a: np.maximum(a, 0)),
        ("The slope to the left of the kink is 0, not -1", lambda a: 2.0 * (a > 0) - 1),
        ("At the kink the slope is 0 by convention", lambda a: (np.sign(a) + 1) / 2),
        ("turned round", lambda a: a <= 0),
        ("0/0 is not a number", lambda a: a / np.abs(a)),
        ("also where a is less than 1", lambda a: np.clip(a, 0, 1)),
        ("Every entry has a slope of its own", lambda a: np.full(a.shape, (a > 0).sum() / a.size)),
        ("The shape is ()", lambda a: float(np.sum(a) > 0)),
    ],
    "2.2": [
        ("The values are right, but on the way there is: overflow where z < 0", lambda z: 1 / (1 + np.exp(-z))),
        ("Use e^z / (1 + e^z) there", lambda z: 1 / (1 + np.exp(-z))),
        ("Use e^z / (1 + e^z) there", silenced),
        ("Use e^z / (1 + e^z) there", silenced_from_outside),
        ("Use e^z / (1 + e^z) there", silenced_for_an_array),
        ("Use e^z / (1 + e^z) there", silenced_for_good),
        ("this is infinity / infinity", lambda z: np.exp(z) / (np.exp(z) + 1)),
        ("although 1 / infinity is right", lambda z: 1 - 1 / (1 + np.exp(z))),
        ("both have been computed", lambda z: np.where(z > 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))),
        *(("This is clipping", clipping(c)) for c in (5, 14, 20, 30, 36, 100, 500, 700, 709)),
        ("they stop short of that", clipping(500)),
        ("This is clipping", lambda z: 1 / (1 + np.exp(-np.maximum(z, -700)))),
        ("This is clipping", lambda z: np.clip(0.5 + 0.5 * np.tanh(z / 2), 1e-15, 1 - 1e-15)),
        ("log(a) where z is between -740 and -40", lambda z: sigmoid_by_masks(z) * (z > -700)),
        ("log(a) where z is between -740 and -40", lambda z: sigmoid_by_masks(z) + 1e-30 * (z > -800)),
        ("the sigmoid of -z", lambda z: 1 - (1 + np.tanh(z / 2)) / 2),
        ("near 0 it is a step", lambda z: np.heaviside(z, 0)),
        ("This is tanh", np.tanh),
        ("This is the derivative", lambda z: (1 - np.tanh(z / 2) ** 2) / 4),
        ("Both sides are alike", lambda z: 1 / (1 + np.exp(-np.sqrt(z * z)))),
        ("OverflowError", lambda z: [1 / (1 + math.exp(-x)) for x in z.ravel()]),
    ],
    "2.3": [
        ("The layer divides by N", lambda X, W, dZ: backward(X, W, dZ, dW=X.T @ dZ / len(X), db=dZ.mean(0)[None])),
        ("dW is divided by N", lambda X, W, dZ: backward(X, W, dZ, dW=X.T @ dZ / len(dZ))),
        ("not the mean", lambda X, W, dZ: backward(X, W, dZ, db=dZ.mean(axis=0, keepdims=True))),
        ("Everything is divided by N", lambda X, W, dZ: backward(X, W, dZ / len(X))),
        ("dX is divided by N", lambda X, W, dZ: backward(X, W, dZ, dX=(dZ @ W.T + dZ) / len(X))),
        ("keepdims=True keeps the row", lambda X, W, dZ: backward(X, W, dZ, db=dZ.sum(0))),
        ("This is the transpose of dW", lambda X, W, dZ: backward(X, W, dZ, dW=dZ.T @ X)),
        ("This is the transpose of dX", lambda X, W, dZ: backward(X, W, dZ, dX=W @ dZ.T + dZ.T)),
        ("This is the sum over the outputs", lambda X, W, dZ: backward(X, W, dZ, db=dZ.sum(1)[:, None])),
        ("The signs are turned round", lambda X, W, dZ: backward(X, W, -dZ)),
        ("the way through W alone", lambda X, W, dZ: backward(X, W, dZ, dX=dZ @ W.T)),
        ("the way around W alone", lambda X, W, dZ: backward(X, W, dZ, dX=dZ)),
        ("by its transpose", lambda X, W, dZ: backward(X, W, dZ, dX=dZ @ (W + np.eye(len(W))))),
        ("is dZ, and not X", lambda X, W, dZ: backward(X, W, dZ, dX=dZ @ W.T + X)),
        ("Your code raised ValueError", lambda X, W, dZ: backward(X, W, dZ, dX=dZ @ X)),
        ("Return a dict with the keys dW, db, dX", lambda X, W, dZ: (X.T @ dZ, dZ.sum(0), dZ @ W.T)),
    ],
    "2.4": [
        ("here no entry may be 0", np.eye(3)),
        ("here no entry may be 0", np.diag([1, 2, 3])),
        ("the error is 1", np.array([[0, 1, 2], [-1, 0, 3], [-2, -3, 0]])),
        ("The check sees this one. For which W", np.random.default_rng(1).standard_normal((3, 3))),
        ("The check sees this one. For which W", np.ones((3, 3)) + 1e-4 * np.arange(9).reshape(3, 3)),
        ("The check sees this one, and an entry is 0", np.tril(np.ones((3, 3)))),
        ("W has to be a 3 by 3 matrix", np.ones((2, 2))),
        ("W has to be a 3 by 3 matrix", 2.0),
        ("No entry of W may be 0, and one is", np.eye(3)),
        ("its error for X is above 1e-7", np.arange(1, 10).reshape(3, 3)),
        ("W: It should be an array of real numbers", SYMMETRIC * 1j),
        ("one is infinite", SYMMETRIC * np.nan),
    ],
    "2.5": [
        ("This is the derivative alone", WithoutChain),
        ("the unit could still die", Dies),
        ("dA is multiplied by the output", TimesOutput),
        ("must leave alone what was cached", AlwaysCaches),
        ("this keeps the input", KeepsInput),
        ("this keeps the input", KeepsBoth),
        ("this keeps another array", KeepsSlopes),
        ("The slope is always 0.1", TenthOnly),
        ("This is ReLU", JustReLU),
        ("the wrong way round", Turned),
        ("changes its argument Z", ChangesInput),
        ("A with the slope 0.1 by default", OtherDefault),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
