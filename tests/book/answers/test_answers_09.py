"""Answers to the exercises of notebook 09: right ones of several kinds, and wrong ones with what they are told."""

from fractions import Fraction

import numpy as np
from tables import judged

from scratchnet import Layer

# 9.2


def forward_by_loops(A, U, rate):
    result = [[0.0] * A.shape[1] for _ in A]
    for n in range(A.shape[0]):
        for j in range(A.shape[1]):
            if U[n, j] >= rate:
                result[n][j] = A[n, j] / (1 - rate)
    return result


def forward_in_place(A, U, rate):
    A = A.copy()
    A[U < rate] = 0
    A /= 1 - rate
    return A


def forward_changing_its_argument(A, U, rate):
    A[U < rate] = 0
    return A / (1 - rate)


# 9.3


def back_by_loops(dZ2, W2, M, Z1):
    dZ1 = np.zeros(Z1.shape)
    for n, j in np.ndindex(Z1.shape):
        if Z1[n, j] > 0:
            dZ1[n, j] = M[n, j] * sum(dZ2[n, k] * W2[j, k] for k in range(W2.shape[1]))
    return dZ1


def back_in_place(dZ2, W2, M, Z1):
    dA = dZ2 @ W2.T
    dA *= M
    dA[Z1 <= 0] = 0
    return dA


# 9.4


def keep_by_counting(losses, patience):
    best, keep, waited = float("inf"), 0, 0
    for epoch in range(len(losses)):
        if losses[epoch] < best:
            best, keep, waited = losses[epoch], epoch, 0
        else:
            waited += 1
        if waited >= patience:
            return keep
    return keep


def keep_by_while(losses, patience):
    epoch, losses = 0, list(losses)
    while min(losses[epoch + 1 : epoch + 1 + patience], default=losses[epoch]) < losses[epoch]:
        after = losses[epoch + 1 : epoch + 1 + patience]
        epoch += 1 + next(k for k, loss in enumerate(after) if loss < losses[epoch])
    return epoch


def keep_by_argmin(losses, patience):
    for stop in range(len(losses)):
        if stop - np.argmin(losses[: stop + 1]) >= patience:
            return np.argmin(losses[: stop + 1])
    return np.argmin(losses)


def keep_by_running_minimum(losses, patience):
    lowest = np.minimum.accumulate(losses)
    new = np.flatnonzero(np.diff(lowest, prepend=np.inf) < 0)
    gaps = np.diff(new) > patience
    return new[np.argmax(gaps)] if gaps.any() else new[-1]


def keep_recursively(losses, patience, best=0, epoch=0):
    if epoch == len(losses) or epoch - best >= patience + 1:
        return best
    return keep_recursively(losses, patience, epoch if losses[epoch] < losses[best] else best, epoch + 1)


def keep_a_tie(losses, patience):
    best, keep, waited = float("inf"), 0, 0
    for epoch, loss in enumerate(losses):
        if loss <= best:
            best, keep, waited = loss, epoch, 0
        else:
            waited += 1
        if waited >= patience:
            break
    return keep


def keep_only_when_stopped(losses, patience):
    for stop in range(len(losses)):
        if stop - np.argmin(losses[: stop + 1]) >= patience:
            return int(np.argmin(losses[: stop + 1]))


def keep_where_it_stops(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch
    return best


def last_if_not_stopped(losses, patience):
    kept = keep_only_when_stopped(losses, patience)
    return len(losses) - 1 if kept is None else kept


def against_the_one_before(losses, patience):
    waited = 0
    for epoch in range(1, len(losses)):
        waited = waited + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if waited >= patience:
            return int(np.argmin(losses[: epoch + 1]))
    return int(np.argmin(losses))


# 9.5


class Gaussian(Layer):
    """A right answer, whose parts the others change."""

    state = ("rng",)

    def __init__(self, rate, seed=None):
        self.rate = rate
        self.rng = np.random.default_rng(seed)

    def sigma(self):
        return np.sqrt(self.rate / (1 - self.rate))

    def forward(self, A, training=True):
        if not training:
            return A.copy()
        self.cache(1 + self.sigma() * self.rng.standard_normal(A.shape))
        return A * self._cache[0]

    def backward(self, dA):
        return dA * self.cached()


class KeepsAnAttribute(Gaussian):
    def forward(self, A, training=True):
        if training:
            self.M = 1 + self.sigma() * self.rng.standard_normal(A.shape)
            return self.M * A
        return np.array(A)

    def backward(self, dA):
        return self.M * dA


class WithAStandardDeviation(Gaussian):
    def __init__(self, rate, seed=None):
        super().__init__(rate, seed)
        self.s = (rate / (1 - rate)) ** 0.5

    def sigma(self):
        return self.s


class InPlaceOnACopy(Gaussian):
    def forward(self, A, training=True):
        A = A.copy()
        if training:
            M = self.rng.standard_normal(A.shape)
            M *= self.sigma()
            M += 1
            self.cache(M)
            A *= M
        return A


class ByEinsum(Gaussian):
    def backward(self, dA):
        return np.einsum("nd,nd->nd", dA, self.cached())


class OverTheInput(Gaussian):
    """Keeps the noise, and puts the mean to it in both directions."""

    def forward(self, A, training=True):
        if not training:
            return 1.0 * A
        noise = self.sigma() * self.rng.standard_normal(A.shape)
        self.cache(noise)
        return A + A * noise

    def backward(self, dA):
        return dA + dA * self.cached()


class NamesMore(Gaussian):
    state = ("rng", "rate")


class NoiseAlways(Gaussian):
    def forward(self, A, training=True):
        return super().forward(A)


class VarianceAsSigma(Gaussian):
    def sigma(self):
        return self.rate / (1 - self.rate)


class RateAsSigma(Gaussian):
    def sigma(self):
        return self.rate


class ClassicSigma(Gaussian):
    def sigma(self):
        return np.sqrt(self.rate * (1 - self.rate))


class WrongWayRound(Gaussian):
    def sigma(self):
        return np.sqrt((1 - self.rate) / self.rate)


class WithoutTheOne(Gaussian):
    def forward(self, A, training=True):
        if not training:
            return A.copy()
        M = self.sigma() * self.rng.standard_normal(A.shape)
        self.cache(M)
        return A * M


class HandsBackItsInput(Gaussian):
    def forward(self, A, training=True):
        return super().forward(A) if training else A


class HandsBackItsInputUnnamed(HandsBackItsInput):
    state = ()


class VarianceAndNothingNamed(HandsBackItsInputUnnamed, VarianceAsSigma):
    """Three mistakes, of which the first is named."""


class DrawsAnyway(Gaussian):
    def forward(self, A, training=True):
        M = 1 + self.sigma() * self.rng.standard_normal(A.shape)
        if not training:
            return A.copy()
        self.cache(M)
        return A * M


class CachesAnyway(Gaussian):
    def forward(self, A, training=True):
        M = 1 + self.sigma() * self.rng.standard_normal(A.shape) if training else np.ones(A.shape)
        self.cache(M)
        return A * M


class NewNoise(Gaussian):
    def backward(self, dA):
        return dA * (1 + self.sigma() * self.rng.standard_normal(dA.shape))


class NoNoise(Gaussian):
    def backward(self, dA):
        return dA.copy()


class Unnamed(Gaussian):
    state = ()


class SameNoiseEachTime(Gaussian):
    def __init__(self, rate, seed=None):
        super().__init__(rate, seed)
        self.seed = seed

    def forward(self, A, training=True):
        self.rng = np.random.default_rng(self.seed)
        return super().forward(A, training)


RIGHT = {
    "9.1": [
        lambda n, rate: (n * (1 - rate), 1 / (1 - rate)),
        lambda n, rate: [n - n * rate, 1 / (1 - rate)],
        lambda n, rate: np.array([n * (1 - rate), 1 / (1 - rate)]),
        lambda n, rate: (n * (1 - Fraction(rate)), 1 / (1 - Fraction(rate))),
        lambda n, rate: (n - rate * n, n / (n - rate * n)),
        lambda n, rate: (n * (1 - rate), (1 - rate) ** -1),
        lambda n, rate: (np.multiply(n, 1 - rate), np.reciprocal(1 - rate)),
    ],
    "9.2": [
        forward_changing_its_argument,
        lambda A, U, rate: A * (U >= rate) / (1 - rate),
        lambda A, U, rate: np.where(U >= rate, A / (1 - rate), 0),
        forward_by_loops,
        forward_in_place,
        lambda A, U, rate: A / (1 - rate) * ~(U < rate),
        lambda A, U, rate: np.einsum("nd,nd->nd", A, (U >= rate) / (1 - rate)),
        lambda A, U, rate: A * np.heaviside(U - rate, 1) / (1 - rate),
        lambda A, U, rate: np.multiply(A, (U >= rate).astype(np.float32)) / (1 - rate),
    ],
    "9.3": [
        lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * (Z1 > 0),
        back_by_loops,
        back_in_place,
        lambda dZ2, W2, M, Z1: np.einsum("nk,dk,nd,nd->nd", dZ2, W2, M, 1.0 * (Z1 > 0)),
        lambda dZ2, W2, M, Z1: np.where(Z1 > 0, M * (dZ2 @ W2.T), 0),
        lambda dZ2, W2, M, Z1: (W2 @ dZ2.T).T * (M * (Z1 > 0)),
        lambda dZ2, W2, M, Z1: ((dZ2 @ W2.T) * M * (Z1 > 0)).tolist(),
        lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * np.maximum(np.sign(Z1), 0),
    ],
    "9.4": [
        keep_by_counting,
        keep_by_while,
        keep_by_argmin,
        keep_by_running_minimum,
        keep_recursively,
        lambda losses, patience: float(keep_by_counting(losses, patience)),
        lambda losses, patience: keep_by_counting(losses.tolist(), patience),
    ],
    "9.5": [
        Gaussian,
        KeepsAnAttribute,
        WithAStandardDeviation,
        InPlaceOnACopy,
        ByEinsum,
        OverTheInput,
        NamesMore,
    ],
}

WRONG = {
    "9.1": [
        ("what is left is 1 - rate", lambda n, rate: (n * rate, 1 / rate)),
        ("what the classic form does", lambda n, rate: (n * (1 - rate), 1 - rate)),
        ("what is missing", lambda n, rate: (n * (1 - rate), 1 / rate)),
        ("not how many are removed", lambda n, rate: (n * rate, 1 / (1 - rate))),
        ("number of units first", lambda n, rate: (1 / (1 - rate), n * (1 - rate))),
        ("times their share", lambda n, rate: (1 - rate, 1 / (1 - rate))),
        ("the classic one has none", lambda n, rate: (n * (1 - rate), 1.0)),
        ("one number for all units", lambda n, rate: (n * (1 - rate), n / (1 - rate))),
        ("Return two numbers: how many units", lambda n, rate: n * (1 - rate)),
        ("Return two numbers: how many units", lambda n, rate: [n, rate, 1 / (1 - rate)]),
        ("The value differs", lambda n, rate: (n * (1 - rate), 1 / (1 + rate))),
    ],
    "9.2": [
        ("should go", lambda A, U, rate: A * (U < rate) / (1 - rate)),
        ("the mean is too small", lambda A, U, rate: A * (U >= rate)),
        ("even smaller", lambda A, U, rate: A * (U >= rate) * (1 - rate)),
        ("not by the share that goes", lambda A, U, rate: A * (U >= rate) / rate),
        ("other entries", lambda A, U, rate: A * (U < 1 - rate) / (1 - rate)),
        ("not 1 - rate", lambda A, U, rate: A * (U >= 1 - rate) / (1 - rate)),
        ("where they are equal", lambda A, U, rate: A * (U > rate) / (1 - rate)),
        ("only decides", lambda A, U, rate: U * (U >= rate) / (1 - rate)),
        ("multiply it by A", lambda A, U, rate: (U >= rate) / (1 - rate)),
        ("The value differs", lambda A, U, rate: 2 * A * (U >= rate)),
    ],
    "9.3": [
        ("gets no gradient", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * (Z1 > 0)),
        ("not by M > 0", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * (M > 0) * (Z1 > 0)),
        ("not positive", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M),
        ("not the value", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * np.maximum(Z1, 0)),
        ("not Z1 itself", lambda dZ2, W2, M, Z1: M * Z1 * (dZ2 @ W2.T)),
        ("at the rate 0.5 only", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * 2 * (M > 0) * (Z1 > 0)),
        ("At Z1 = 0", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * (Z1 >= 0)),
        ("not where it is negative", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * (Z1 < 0)),
        ("once on the way back", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M**2 * (Z1 > 0)),
        ("do not divide", lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * (M > 0) / M.max() * (Z1 > 0)),
        ("Your code raised ValueError", lambda dZ2, W2, M, Z1: (dZ2 @ W2) * M * (Z1 > 0)),
        ("The value differs", lambda dZ2, W2, M, Z1: M * (Z1 > 0)),
    ],
    "9.4": [
        ("before the last minimum", lambda losses, patience: int(np.argmin(losses))),
        (
            "keep the best one before",
            lambda losses, patience: min(keep_by_counting(losses, patience) + patience, len(losses) - 1),
        ),
        ("not the one in which it stops", keep_where_it_stops),
        ("one epoch late", lambda losses, patience: keep_by_counting(losses, patience + 1)),
        ("one epoch early", lambda losses, patience: keep_by_counting(losses, patience - 1)),
        ("counted from 0", lambda losses, patience: keep_by_counting(losses, patience) + 1),
        ("no improvement", keep_a_tie),
        ("there is a best epoch too", keep_only_when_stopped),
        ("not the last", last_if_not_stopped),
        ("not below the one before", against_the_one_before),
        ("not its loss", lambda losses, patience: losses[keep_by_counting(losses, patience)]),
        ("The value differs", lambda losses, patience: patience),
    ],
    "9.5": [
        ("noise at inference", NoiseAlways),
        ("its square root", VarianceAsSigma),
        ("not the rate", RateAsSigma),
        ("zeros and ones", ClassicSigma),
        ("The value differs", WrongWayRound),
        ("1 + sigma * xi", WithoutTheOne),
        ("its square root", VarianceAndNothingNamed),
        ("'A itself'", HandsBackItsInput),
        ("Return a copy", HandsBackItsInput),
        ("return a copy. And an interrupt", HandsBackItsInputUnnamed),
        ("Inference draws nothing", DrawsAnyway),
        ("leaves the cache alone", CachesAnyway),
        ("draw nothing new", NewNoise),
        ("passes through the noise", NoNoise),
        ("in __init__", SameNoiseEachTime),
        ("put the generator back", Unnamed),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
