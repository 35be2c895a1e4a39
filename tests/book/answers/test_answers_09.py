"""Answers to the exercises of notebook 09: right ones of several kinds, and wrong ones with what they are told."""

from fractions import Fraction

import numpy as np
import pytest

from scratchnet import Layer
from scratchnet.book.exercises import check

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
    "9.1": {
        "a tuple": lambda n, rate: (n * (1 - rate), 1 / (1 - rate)),
        "a list": lambda n, rate: [n - n * rate, 1 / (1 - rate)],
        "an array": lambda n, rate: np.array([n * (1 - rate), 1 / (1 - rate)]),
        "fractions": lambda n, rate: (n * (1 - Fraction(rate)), 1 / (1 - Fraction(rate))),
        "the second from the first": lambda n, rate: (n - rate * n, n / (n - rate * n)),
        "a power": lambda n, rate: (n * (1 - rate), (1 - rate) ** -1),
        "NumPy numbers": lambda n, rate: (np.multiply(n, 1 - rate), np.reciprocal(1 - rate)),
    },
    "9.2": {
        "in place": forward_changing_its_argument,
        "a product": lambda A, U, rate: A * (U >= rate) / (1 - rate),
        "np.where": lambda A, U, rate: np.where(U >= rate, A / (1 - rate), 0),
        "loops and lists": forward_by_loops,
        "in place on a copy": forward_in_place,
        "not below": lambda A, U, rate: A / (1 - rate) * ~(U < rate),
        "einsum": lambda A, U, rate: np.einsum("nd,nd->nd", A, (U >= rate) / (1 - rate)),
        "np.heaviside": lambda A, U, rate: A * np.heaviside(U - rate, 1) / (1 - rate),
        "a mask of floats": lambda A, U, rate: np.multiply(A, (U >= rate).astype(np.float32)) / (1 - rate),
    },
    "9.3": {
        "products": lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * (Z1 > 0),
        "loops": back_by_loops,
        "in place on a copy": back_in_place,
        "einsum": lambda dZ2, W2, M, Z1: np.einsum("nk,dk,nd,nd->nd", dZ2, W2, M, 1.0 * (Z1 > 0)),
        "np.where": lambda dZ2, W2, M, Z1: np.where(Z1 > 0, M * (dZ2 @ W2.T), 0),
        "the other product": lambda dZ2, W2, M, Z1: (W2 @ dZ2.T).T * (M * (Z1 > 0)),
        "a list": lambda dZ2, W2, M, Z1: ((dZ2 @ W2.T) * M * (Z1 > 0)).tolist(),
        "np.sign": lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * np.maximum(np.sign(Z1), 0),
    },
    "9.4": {
        "counting": keep_by_counting,
        "while": keep_by_while,
        "argmin of what was seen": keep_by_argmin,
        "the running minimum": keep_by_running_minimum,
        "recursion": keep_recursively,
        "a float": lambda losses, patience: float(keep_by_counting(losses, patience)),
        "with lists": lambda losses, patience: keep_by_counting(losses.tolist(), patience),
    },
    "9.5": {
        "the cache": Gaussian,
        "an attribute": KeepsAnAttribute,
        "sigma in advance": WithAStandardDeviation,
        "in place on a copy": InPlaceOnACopy,
        "einsum": ByEinsum,
        "the noise alone": OverTheInput,
        "more in state": NamesMore,
    },
}

WRONG = {
    "9.1": {
        "the rate stays": (lambda n, rate: (n * rate, 1 / rate), "what is left is 1 - rate"),
        "classic": (lambda n, rate: (n * (1 - rate), 1 - rate), "what the classic form does"),
        "1 / rate": (lambda n, rate: (n * (1 - rate), 1 / rate), "what is missing"),
        "those removed": (lambda n, rate: (n * rate, 1 / (1 - rate)), "not how many are removed"),
        "swapped": (lambda n, rate: (1 / (1 - rate), n * (1 - rate)), "number of units first"),
        "a share": (lambda n, rate: (1 - rate, 1 / (1 - rate)), "times their share"),
        "no factor": (lambda n, rate: (n * (1 - rate), 1.0), "the classic one has none"),
        "n in the factor": (lambda n, rate: (n * (1 - rate), n / (1 - rate)), "one number for all units"),
        "one number": (lambda n, rate: n * (1 - rate), "shape is ()"),
        "a step beside it": (lambda n, rate: (n * (1 - rate), 1 / (1 + rate)), "The value differs"),
    },
    "9.2": {
        "kept the wrong ones": (lambda A, U, rate: A * (U < rate) / (1 - rate), "should go"),
        "no factor": (lambda A, U, rate: A * (U >= rate), "the mean is too small"),
        "times 1 - rate": (lambda A, U, rate: A * (U >= rate) * (1 - rate), "even smaller"),
        "by the rate": (lambda A, U, rate: A * (U >= rate) / rate, "not by the share that goes"),
        "other entries": (lambda A, U, rate: A * (U < 1 - rate) / (1 - rate), "other entries"),
        "1 - rate as the bound": (lambda A, U, rate: A * (U >= 1 - rate) / (1 - rate), "not 1 - rate"),
        "above": (lambda A, U, rate: A * (U > rate) / (1 - rate), "where they are equal"),
        "U for A": (lambda A, U, rate: U * (U >= rate) / (1 - rate), "only decides"),
        "the mask": (lambda A, U, rate: (U >= rate) / (1 - rate), "multiply it by A"),
        "a factor of 2": (lambda A, U, rate: 2 * A * (U >= rate), "The value differs"),
    },
    "9.3": {
        "no mask": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * (Z1 > 0), "gets no gradient"),
        "M > 0": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * (M > 0) * (Z1 > 0), "not by M > 0"),
        "no ReLU": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M, "not positive"),
        "the ReLU's value": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * np.maximum(Z1, 0), "not the value"),
        "a factor 2": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * 2 * (M > 0) * (Z1 > 0), "at the rate 0.5 only"),
        "slope at 0": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * (Z1 >= 0), "At Z1 = 0"),
        "the other side": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M * (Z1 < 0), "not where it is negative"),
        "twice": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * M**2 * (Z1 > 0), "once on the way back"),
        "divided": (lambda dZ2, W2, M, Z1: (dZ2 @ W2.T) * (M > 0) / M.max() * (Z1 > 0), "do not divide"),
        "no transpose": (lambda dZ2, W2, M, Z1: (dZ2 @ W2) * M * (Z1 > 0), "Your code raised ValueError"),
        "not there": (lambda dZ2, W2, M, Z1: M * (Z1 > 0), "The value differs"),
    },
    "9.4": {
        "the best of all": (lambda losses, patience: int(np.argmin(losses)), "before the last minimum"),
        "the stop": (
            lambda losses, patience: min(keep_by_counting(losses, patience) + patience, len(losses) - 1),
            "keep the best one before",
        ),
        "one late": (lambda losses, patience: keep_by_counting(losses, patience + 1), "one epoch late"),
        "one early": (lambda losses, patience: keep_by_counting(losses, patience - 1), "one epoch early"),
        "counted from 1": (lambda losses, patience: keep_by_counting(losses, patience) + 1, "counted from 0"),
        "a tie is better": (keep_a_tie, "no improvement"),
        "None without a stop": (keep_only_when_stopped, "there is a best epoch too"),
        "the last without a stop": (last_if_not_stopped, "not the last"),
        "the epoch before": (against_the_one_before, "not below the one before"),
        "the loss": (lambda losses, patience: losses[keep_by_counting(losses, patience)], "not its loss"),
        "the patience": (lambda losses, patience: patience, "The value differs"),
    },
    "9.5": {
        "noise at inference": (NoiseAlways, "noise at inference"),
        "the variance": (VarianceAsSigma, "its square root"),
        "the rate": (RateAsSigma, "not the rate"),
        "the classic mask's": (ClassicSigma, "zeros and ones"),
        "upside down": (WrongWayRound, "The value differs"),
        "mean 0": (WithoutTheOne, "1 + sigma * xi"),
        "no copy": (HandsBackItsInput, "Return a copy"),
        "drawing at inference": (DrawsAnyway, "Inference draws nothing"),
        "caching at inference": (CachesAnyway, "leaves the cache alone"),
        "new noise backward": (NewNoise, "draw nothing new"),
        "no noise backward": (NoNoise, "passes through the noise"),
        "the same noise": (SameNoiseEachTime, "in __init__"),
        "no state": (Unnamed, "put the generator back"),
    },
}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, answers in RIGHT.items() for kind in answers])
def test_right(name, kind):
    verdict = check(name, RIGHT[name][kind])
    assert verdict.passed, verdict


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, answers in WRONG.items() for kind in answers])
def test_wrong(name, kind):
    answer, told = WRONG[name][kind]
    verdict = check(name, answer)
    assert not verdict.passed
    assert told in verdict.message, verdict


def test_the_tables_are_long_enough():
    assert all(len(answers) >= 6 for answers in RIGHT.values())
    assert all(len(answers) >= 8 for answers in WRONG.values())
