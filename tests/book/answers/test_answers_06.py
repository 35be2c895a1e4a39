"""Right and wrong answers to the exercises of notebook 06: the right pass in any style, the wrong are told why."""

from fractions import Fraction

import numpy as np
import pytest
from tables import judged

from scratchnet import Layer, LinearLayer, central_difference, check_layer, relative_error
from scratchnet.book.exercises import broken


def in_place(f, x, epsilon):
    slope = np.empty_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + epsilon
        above = f(x)
        x[index] = value - epsilon
        slope[index] = (above - f(x)) / (2 * epsilon)
        x[index] = value
    return slope


def with_basis(f, x, epsilon):
    basis = np.eye(x.size).reshape(-1, *x.shape)
    return np.reshape([(f(x + epsilon * e) - f(x - epsilon * e)) / (2 * epsilon) for e in basis], x.shape)


def with_flat(f, x, epsilon):
    moved, slope = x.astype(float).copy(), np.zeros(x.size)
    for i in range(x.size):
        moved.flat[i] += epsilon
        slope[i] = f(moved)
        moved.flat[i] -= 2 * epsilon
        slope[i] -= f(moved)
        moved.flat[i] = x.flat[i]
    return slope.reshape(x.shape) / epsilon / 2


def as_lists(f, x, epsilon):
    return with_basis(f, x, epsilon).tolist()


def with_where(f, x, epsilon):
    positions = np.arange(x.size).reshape(x.shape)
    moved = [[f(np.where(positions == k, x + s, x)) for s in (epsilon, -epsilon)] for k in range(x.size)]
    return np.reshape([(a - b) / (2 * epsilon) for a, b in moved], x.shape)


def by_halves(f, x, epsilon):
    """The mean of the slope ahead and the slope behind."""
    slope = np.zeros(x.shape)
    for index, _ in np.ndenumerate(x):
        step = np.zeros(x.shape)
        step[index] = epsilon
        slope[index] = ((f(x + step) - f(x)) / epsilon + (f(x) - f(x - step)) / epsilon) / 2
    return slope


def one_sided(f, x, step):
    return np.reshape([(f(x + step * e.reshape(x.shape)) - f(x)) / step for e in np.eye(x.size)], x.shape)


def one_column_at_a_time(f, x, epsilon):
    slope = np.zeros(x.shape)
    for j in range(x.shape[-1]):
        step = np.zeros(x.shape)
        step[..., j] = epsilon
        slope[..., j] = (f(x + step) - f(x - step)) / (2 * epsilon)
    return slope


def norm(a):
    return np.sqrt(np.sum(a * a))


def guarded(a, n):
    total = norm(a) + norm(n)
    return norm(a - n) / total if total > 0 else 0


class Centered(Layer):
    params = ("gamma",)

    def __init__(self, d):
        self.gamma = np.ones((1, d))

    def forward(self, X, training=True):
        if training:
            self.cache(X)
        return self.gamma * (X - X.mean(axis=0, keepdims=True))

    def backward(self, dY):
        X = self.cached()
        C = X - X.mean(axis=0)
        self.dgamma = np.einsum("ij,ij->j", dY, C)[None]
        return self.gamma * dY - (self.gamma * dY).mean(axis=0)


class WithProjection(Centered):
    def backward(self, dY):
        X, N = self.cached(), len(dY)
        P = np.eye(N) - np.ones((N, N)) / N
        self.dgamma = np.diag(dY.T @ P @ X)[None].copy()
        return P @ dY * self.gamma


class WithLoops(Centered):
    def backward(self, dY):
        X, (N, d) = self.cached(), dY.shape
        dX = np.zeros((N, d))
        self.dgamma = np.zeros((1, d))
        for j in range(d):
            for i in range(N):
                self.dgamma[0, j] += dY[i, j] * (X[i, j] - X[:, j].mean())
                dX[i, j] = self.gamma[0, j] * (dY[i, j] - dY[:, j].mean())
        return dX


class InPlace(Centered):
    def __init__(self, d):
        super().__init__(d)
        self.dgamma = np.zeros((1, d))

    def backward(self, dY):
        X = self.cached()
        self.dgamma[:] = np.sum(dY * (X - X.mean(0)), axis=0)
        dX = self.gamma * dY
        dX -= dX.mean(axis=0)
        return dX


class KeepsWhatItNeeds(Layer):
    """Attributes of its own in place of the cache."""

    params = ("gamma",)

    def __init__(self, d):
        self.gamma = np.ones((1, d))

    def forward(self, X, training=True):
        C = X - np.mean(X, axis=0)
        if training:
            self.C = C
        return C * self.gamma

    def backward(self, dY):
        self.dgamma = np.sum(self.C * dY, 0, keepdims=True)
        return (dY - dY.sum(0) / len(dY)) * self.gamma


class CentersTheGradient(Centered):
    """Σ (dY - its mean) ⊙ X is Σ dY ⊙ (X - μ)."""

    def backward(self, dY):
        X = self.cached()
        dC = dY - dY.mean(axis=0)
        self.dgamma = (dC * X).sum(axis=0, keepdims=True)
        return self.gamma * dC


def wrong_centered(backward, forward=None):
    body = {"backward": backward} | ({"forward": forward} if forward else {})
    return type("MyCentered", (Centered,), body)


def published(self, dY):
    X = self.cached()
    self.dgamma = (dY * X).sum(axis=0, keepdims=True)
    return self.gamma * dY


def averages(self, dY):
    dX = Centered.backward(self, dY)
    self.dgamma = self.dgamma / len(dY)
    return dX


def constant_mean(self, dY):
    Centered.backward(self, dY)
    return self.gamma * dY


def over_all(self, dY):
    Centered.backward(self, dY)
    return self.gamma * (dY - dY.mean())


def over_rows(self, dY):
    Centered.backward(self, dY)
    return self.gamma * (dY - dY.mean(axis=1, keepdims=True))


def caches_always(self, X, training=True):
    return Centered.forward(self, X, training=True)


def only_in_training(self, X, training=True):
    return Centered.forward(self, X) if training else self.gamma * X


def gradients(layer, X, R, other=None):
    layer.forward(X)
    if other is not None:
        layer.forward(other, training=False)
    dX = layer.backward(R)
    return [dX.copy(), layer.dW.copy(), layer.db.copy()]


def careful(make_layer, n=5, d_in=4, d_out=3, bound=1e-7, evaluate=True, among=("X", "W", "b"), safe=True):
    """A test of layers that can be made careless in every respect."""
    rng = np.random.default_rng(1)
    X, R = rng.standard_normal((n, d_in)), rng.standard_normal((n, d_out))
    layer = make_layer(d_in, d_out)
    try:
        errors = check_layer(layer, X)
        if max(errors[name] for name in among) >= bound:
            return False
        once, twice = gradients(layer, X, R), gradients(layer, X, R, X[::-1] + 1)
        return not evaluate or all(np.allclose(a, b) for a, b in zip(once, twice, strict=True))
    except Exception:
        if not safe:
            raise
        return False


def by_hand(make_layer):
    """Without check_layer: central differences of a weighted sum, evaluated in between."""
    rng = np.random.default_rng(2)
    X, other, R = rng.standard_normal((6, 5)), rng.standard_normal((6, 5)), rng.standard_normal((6, 2))
    layer = make_layer(5, 2)

    def loss():
        return float(np.sum(R * layer.forward(X, training=False)))

    try:
        pairs = zip(gradients(layer, X, R, other), (X, layer.W, layer.b), strict=True)
        return all(relative_error(a, central_difference(loss, array)) < 1e-6 for a, array in pairs)
    except ValueError:
        return False


class Test:
    """An answer may be an object that can be called, or a method of one."""

    __test__ = False

    def judge(self, make_layer):
        return np.bool_(careful(make_layer))


RIGHT = {
    "6.1": [
        0.6,
        3 / 5,
        Fraction(3, 5),
        np.float32(0.6),
        np.array(0.6),
        abs(1 - 4) / (1 + 4),
        1 - 2 / 5,
    ],
    "6.2": [
        in_place,
        with_basis,
        with_flat,
        as_lists,
        with_where,
        by_halves,
    ],
    "6.3": [
        guarded,
        lambda a, n: norm(np.subtract(a, n)) / total if (total := norm(a) + norm(n)) > 0 else 0,
        lambda a, n: np.nan_to_num(np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n))),
        lambda a, n: 0.0 if not a.any() and not n.any() else norm(a - n) / (norm(a) + norm(n)),
        lambda a, n: float(np.hypot.reduce((a - n).ravel()) / ((norm(a) + norm(n)) or 1)),
        lambda a, n: (
            sum((p - q) ** 2 for p, q in zip(a.flat, n.flat, strict=True)) ** 0.5 / (norm(a) + norm(n) + 1e-300)
        ),
    ],
    "6.4": [
        Centered,
        WithProjection,
        WithLoops,
        InPlace,
        KeepsWhatItNeeds,
        CentersTheGradient,
    ],
    "6.5": [
        careful,
        by_hand,
        Test().judge,
        lambda make_layer: int(careful(make_layer, bound=1e-5)),
        lambda make_layer: careful(make_layer, n=2, d_in=3, d_out=7),
        lambda make_layer: all(careful(make_layer, d_in=a, d_out=b) for a, b in ((2, 5), (3, 3), (6, 1))),
    ],
}
WRONG = {
    "6.1": [
        ("lengths of both are added", 3.0),
        ("Both lengths are added", 0.75),
        ("not twice the longer one", 3 / 8),
        ("far from right", 1e-7),
        ("never negative", -0.6),
        ("upside down", 5 / 3),
        ("percent", 60),
        ("This is the factor", 4),
        ("twice as long", 1 / 3),
        ("differs", 0.61),
        ("real number", "0.6"),
    ],
    "6.2": [
        ("one side only", lambda f, x, e: one_sided(f, x, e)),
        ("looks back only", lambda f, x, e: one_sided(f, x, -e)),
        ("divide by 2ε", lambda f, x, e: 2 * with_basis(f, x, e)),
        ("turned round", lambda f, x, e: -with_basis(f, x, e)),
        ("not 1e-5", lambda f, x, e: with_basis(f, x, 1e-5)),
        ("Divide it by the distance", lambda f, x, e: with_basis(f, x, e) * 2 * e),
        ("all entries at once", lambda f, x, e: 0 * x + (f(x + e) - f(x - e)) / (2 * e)),
        ("shape", lambda f, x, e: with_basis(f, x, e).ravel()[None, :, None]),
        ("differs", one_column_at_a_time),
        ("never called", lambda f, x, e: 3 * x**2 + 2 * x),
        ("The value differs", lambda f, x, e: x.__iadd__(e) * f(x)),
    ],
    "6.3": [
        ("0/0", lambda a, n: norm(a - n) / (norm(a) + norm(n))),
        ("only if both", lambda a, n: guarded(a, n) if a.any() and n.any() else 0),
        ("hides every error", lambda a, n: norm(a - n) / (norm(a) + norm(n) + 1e-8)),
        ("length of a alone", lambda a, n: norm(a - n) / norm(a) if a.any() else 0),
        ("longer of the two", lambda a, n: guarded(a, n) and norm(a - n) / max(norm(a), norm(n))),
        ("points elsewhere", lambda a, n: guarded(a, n) and abs(norm(a) - norm(n)) / (norm(a) + norm(n))),
        ("length of a + n", lambda a, n: guarded(a, n) and norm(a - n) / norm(a + n)),
        ("squared lengths", lambda a, n: guarded(a, n) and norm(a - n) ** 2 / (norm(a) ** 2 + norm(n) ** 2)),
        ("It should be a real number|shape", lambda a, n: np.abs(a - n)),
        ("differs", lambda a, n: norm(a - n)),
    ],
    "6.4": [
        ("dX: The value differs", wrong_centered(published)),
        ("depends on every row", wrong_centered(constant_mean)),
        ("sum over the batch", wrong_centered(averages)),
        ("column by column", wrong_centered(over_all)),
        ("differs", wrong_centered(over_rows)),
        ("Cache only if training", wrong_centered(Centered.backward, caches_always)),
        ("γ is missing", wrong_centered(lambda self, dY: Centered.backward(self, dY) / self.gamma)),
        ("shape", wrong_centered(lambda self, dY: Centered.backward(self, dY)[:1])),
        ("holds at prediction too", wrong_centered(Centered.backward, only_in_training)),
    ],
    "6.5": [
        ("With one sample", lambda make_layer: careful(make_layer, n=1)),
        ("Nothing was evaluated", lambda make_layer: careful(make_layer, evaluate=False)),
        ("2 % too long", lambda make_layer: careful(make_layer, bound=0.3)),
        ("dW is compared with nothing", lambda make_layer: careful(make_layer, among=("X", "b"))),
        ("db is compared with nothing", lambda make_layer: careful(make_layer, among=("X", "W"))),
        ("dX is compared with nothing", lambda make_layer: careful(make_layer, among=("W", "b"))),
        ("All sizes are equal", lambda make_layer: careful(make_layer, d_out=4)),
        ("calls every layer right", lambda make_layer: True),
        ("calls every layer wrong", lambda make_layer: False),
        ("Catch what a wrong layer raises", lambda make_layer: careful(make_layer, safe=False)),
        ("calls every layer wrong", lambda make_layer: type(make_layer(4, 3)) is LinearLayer),
        ("calls every layer wrong", lambda make_layer: type(make_layer(2, 3)).__name__ == "LinearLayer"),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)


@pytest.mark.parametrize("kind", [broken.Reshaped, broken.Unbalanced, broken.UpsideDown, broken.AveragedWeights])
def test_what_the_exercises_plant_is_wrong(kind):
    errors = check_layer(kind(4, 3, seed=0), np.random.default_rng(0).standard_normal((5, 4)))
    assert max(errors.values()) > 1e-3
