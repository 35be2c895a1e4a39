"""Right and wrong answers to the exercises of notebook 07: the right pass in any style, the wrong are told why."""

import math

import numpy as np
import pytest
from tables import judged

from scratchnet import Adam, Momentum, NeuralNetwork, Optimizer, cosine_decay, he, warm_up
from scratchnet.book import experiments

# 7.2


def step(theta, v, grad, lr, beta):
    v = beta * v + (1 - beta) * grad
    return theta - lr * v, v


def step_in_place(theta, v, grad, lr, beta):
    theta, v = theta.copy(), v.copy()
    v *= beta
    v += (1 - beta) * grad
    theta -= lr * v
    return [theta, v]


def step_by_loop(theta, v, grad, lr, beta):
    v = [beta * a + (1 - beta) * g for a, g in zip(v, grad, strict=True)]
    return [p - lr * a for p, a in zip(theta, v, strict=True)], v


def step_by_library(theta, v, grad, lr, beta):
    optimizer, theta = Momentum(lr, beta), theta.copy()
    optimizer.v = v.copy()
    optimizer.step(theta, grad)
    return theta, optimizer.v


def step_from_difference(theta, v, grad, lr, beta):
    v = v + (1 - beta) * (grad - v)
    return theta - lr * v, v


def step_as_product(theta, v, grad, lr, beta):
    rows = np.array([[1, -lr * beta, -lr * (1 - beta)], [0, beta, 1 - beta]])
    theta, v = rows @ np.stack([theta, v, grad])
    return theta, v


# 7.3


def adam(theta, m, v, grad, t, lr, beta1, beta2, eps, sign=-1):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta + sign * lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def adam_by_loop(theta, m, v, grad, t, lr, beta1, beta2, eps):
    theta, m, v = theta.tolist(), m.tolist(), v.tolist()
    for i, g in enumerate(grad):
        m[i] = beta1 * m[i] + (1 - beta1) * g
        v[i] = beta2 * v[i] + (1 - beta2) * g * g
        theta[i] -= lr * m[i] / (1 - beta1**t) / (math.sqrt(v[i] / (1 - beta2**t)) + eps)
    return theta, m, v


def adam_in_one_rate(theta, m, v, grad, t, lr, beta1, beta2, eps):
    """The form with both corrections in the rate, and eps scaled along."""
    m, v = m + (1 - beta1) * (grad - m), v + (1 - beta2) * (grad * grad - v)
    root = np.sqrt(1 - beta2**t)
    return theta - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


def adam_by_library(theta, m, v, grad, t, lr, beta1, beta2, eps):
    optimizer, theta = Adam(lr, beta1, beta2, eps), theta.copy()
    optimizer.m, optimizer.v, optimizer.t = m.copy(), v.copy(), t - 1
    optimizer.step(theta, grad)
    return theta, optimizer.m, optimizer.v


def adam_in_place(theta, m, v, grad, t, lr, beta1, beta2, eps):
    theta, m, v = np.array([theta, m, v])
    m += (1 - beta1) * (grad - m)
    v *= beta2
    v += (1 - beta2) * grad**2
    theta -= lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta, m, v


def adam_as_list(*inputs):
    return list(adam(*inputs))


def adam_with(**changes):
    names = ("theta", "m", "v", "grad", "t", "lr", "beta1", "beta2", "eps")
    return lambda *inputs: adam(*(dict(zip(names, inputs, strict=True)) | changes).values())


def adam_without_correction(theta, m, v, grad, t, lr, beta1, beta2, eps):
    _, m, v = adam(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta - lr * m / (np.sqrt(v) + eps), m, v


def adam_eps_inside(theta, m, v, grad, t, lr, beta1, beta2, eps):
    _, m, v = adam(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


def adam_of_m(theta, m, v, grad, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * m * m
    return theta - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def adam_keeps_corrected(theta, m, v, grad, t, lr, beta1, beta2, eps):
    theta, m, v = adam(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta, m / (1 - beta1**t), v / (1 - beta2**t)


# 7.4


def warm(epoch, lr, w, T):
    if epoch < w:
        return lr * (epoch + 1) / w
    return lr * (1 + np.cos(np.pi * (epoch - w) / (T - w))) / 2


def warm_with_where(epoch, lr, w, T):
    share = (epoch - w) / (T - w)
    return np.where(epoch < w, lr * (epoch + 1) / w, lr * np.cos(np.pi * share / 2) ** 2)


def warm_by_min(epoch, lr, w, T):
    share = max(epoch - w, 0) / (T - w)
    return min((epoch + 1) / w, 1) * lr * (1 + math.cos(math.pi * share)) / 2


def warm_by_list(epoch, lr, w, T):
    up = [lr * (k + 1) / w for k in range(w)]
    return [*up, *(lr / 2 + lr / 2 * math.cos(math.pi * k / (T - w)) for k in range(T - w + 1))][epoch]


def warm_by_table(epoch, lr, w, T):
    rates = np.concatenate([np.linspace(0, lr, w + 1)[1:], lr * (1 + np.cos(np.linspace(0, np.pi, T - w + 1))) / 2])
    return rates[epoch]


def warm_by_sine(epoch, lr, w, T):
    return lr * (epoch + 1) / w if epoch < w else lr * (1 - np.sin(np.pi / 2 * (epoch - w) / (T - w)) ** 2)


def after_warm_up(fall):
    return lambda epoch, lr, w, T: lr * (epoch + 1) / w if epoch < w else lr * fall(epoch, w, T)


# 7.5


class Lion(Optimizer):
    memory = ("m",)

    def __init__(self, lr, beta1=0.9, beta2=0.99):
        super().__init__(lr)
        self.b1, self.b2 = beta1, beta2

    def rule(self, theta, grad, m):
        theta -= self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)
        m *= self.b2
        m += (1 - self.b2) * grad


class BySlices(Lion):
    def rule(self, theta, grad, m):
        theta[:] = theta - self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)
        m[:] = self.b2 * m + (1 - self.b2) * grad


class ByLoop(Lion):
    def rule(self, theta, grad, m):
        for i in range(len(theta)):
            theta[i] -= self.lr * np.sign(self.b1 * m[i] + (1 - self.b1) * grad[i])
            m[i] += (1 - self.b2) * (grad[i] - m[i])


class ByWhere(Lion):
    def rule(self, theta, grad, m):
        direction = self.b1 * m + (1 - self.b1) * grad
        theta += np.where(direction > 0, -self.lr, np.where(direction < 0, self.lr, 0.0))
        m += (1 - self.b2) * (grad - m)


class WithOut(Lion):
    def rule(self, theta, grad, m):
        np.subtract(theta, self.lr * np.sign(self.b1 * (m - grad) + grad), out=theta)
        np.add(self.b2 * m, (1 - self.b2) * grad, out=m)


class KeepsTheOld(Lion):
    def rule(self, theta, grad, m):
        old = m.copy()
        m *= self.b2
        m += (1 - self.b2) * grad
        theta -= self.lr * np.sign(self.b1 * old + (1 - self.b1) * grad)


def lion(rule=None, init=None):
    return type("Lion", (Lion,), {k: f for k, f in (("rule", rule), ("__init__", init)) if f})


def average_first(self, theta, grad, m):
    m += (1 - self.b2) * (grad - m)
    theta -= self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)


def no_sign(self, theta, grad, m):
    theta -= self.lr * (self.b1 * m + (1 - self.b1) * grad)
    m += (1 - self.b2) * (grad - m)


def of_the_gradient(self, theta, grad, m):
    theta -= self.lr * np.sign(grad)
    m += (1 - self.b2) * (grad - m)


def one_beta(self, theta, grad, m):
    theta -= self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)
    m += (1 - self.b1) * (grad - m)


def new_arrays(self, theta, grad, m):
    theta = theta - self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)
    m += (1 - self.b2) * (grad - m)


def new_average(self, theta, grad, m):
    theta -= self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)
    m = self.b2 * m + (1 - self.b2) * grad


def uphill(self, theta, grad, m):
    theta += self.lr * np.sign(self.b1 * m + (1 - self.b1) * grad)
    m += (1 - self.b2) * (grad - m)


def as_adam(self, lr, beta1=0.9, beta2=0.999):
    Lion.__init__(self, lr, beta1, beta2)


def deaf(self, lr, beta1=0.9, beta2=0.99):
    Lion.__init__(self, lr)


def other_defaults(self, lr, beta1=0.95, beta2=0.98):
    Lion.__init__(self, lr, beta1, beta2)


class OwnRate(Lion):
    def __init__(self, lr, beta1=0.9, beta2=0.99):
        super().__init__(lr, beta1, beta2)
        self.eta = lr

    def rule(self, theta, grad, m):
        theta -= self.eta * np.sign(self.b1 * m + (1 - self.b1) * grad)
        m += (1 - self.b2) * (grad - m)


RIGHT = {
    "7.1": [
        lambda curvatures: 2 / curvatures.max(),
        lambda curvatures: 2 / max(curvatures),
        lambda c: min(2 / c),
        lambda c: 2.0 / sorted(c.tolist())[-1],
        lambda c: np.float32(2 / np.max(c)),
        lambda c: np.min(np.divide(2, c)),
        lambda c: 2 / np.linalg.norm(np.diag(c), 2),
    ],
    "7.2": [
        step,
        step_in_place,
        step_by_loop,
        step_by_library,
        step_from_difference,
        step_as_product,
    ],
    "7.3": [
        adam,
        adam_by_loop,
        adam_in_one_rate,
        adam_by_library,
        adam_in_place,
        adam_as_list,
    ],
    "7.4": [
        warm,
        warm_with_where,
        warm_by_min,
        warm_by_list,
        warm_by_table,
        warm_by_sine,
    ],
    "7.5": [
        Lion,
        BySlices,
        ByLoop,
        ByWhere,
        WithOut,
        KeepsTheOld,
    ],
}
WRONG = {
    "7.1": [
        ("in one step", lambda c: 1 / c.max()),
        ("first to explode", lambda c: 2 / c.min()),
        ("an average hides", lambda c: 2 / c.mean()),
        ("fastest rate", lambda c: 2 / (c.min() + c.max())),
        ("do not add up", lambda c: 2 / c.sum()),
        ("in no order|first to explode", lambda c: 2 / c[0]),
        ("divide by the curvature", lambda c: 2 * c.max()),
        ("largest curvature. The largest rate", lambda c: c.max()),
        ("whole interval", lambda c: 0.5 / c.max()),
        ("real number|shape", lambda c: 2 / c),
        ("check needs the function", 0.25),
    ],
    "7.2": [
        ("old v", lambda theta, v, grad, lr, beta: (theta - lr * v, step(theta, v, grad, lr, beta)[1])),
        ("sum and not an average", lambda theta, v, grad, lr, beta: (theta - lr * (beta * v + grad), beta * v + grad)),
        ("uphill", lambda theta, v, grad, lr, beta: step(theta, v, grad, -lr, beta)),
        ("weights are exchanged", lambda theta, v, grad, lr, beta: step(theta, v, grad, lr, 1 - beta)),
        ("theta first", lambda *inputs: step(*inputs)[::-1]),
        ("lr is in v", lambda theta, v, grad, lr, beta: (theta - beta * v - lr * grad, beta * v + lr * grad)),
        (
            "v: |theta: ",
            lambda theta, v, grad, lr, beta: step(theta, step(theta, v, grad, lr, beta)[1], grad, lr, beta),
        ),
        ("never used", lambda theta, v, grad, lr, beta: (theta - lr * grad, step(theta, v, grad, lr, beta)[1])),
        ("must return 2 arrays", lambda *inputs: step(*inputs)[0]),
        ("The value differs", lambda theta, v, grad, lr, beta: step(theta, v.__imul__(beta), grad, lr, beta)),
    ],
    "7.3": [
        ("bias correction is missing", adam_without_correction),
        ("uphill", lambda *inputs: adam(*inputs, sign=1)),
        ("outside of it", adam_eps_inside),
        ("not those of m", adam_of_m),
        ("before the correction", adam_keeps_corrected),
        ("usual values", adam_with(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8)),
        ("not 0.9 and 0.999", adam_with(beta1=0.9, beta2=0.999)),
        ("not 1e-8", adam_with(eps=1e-8)),
        ("differs", adam_with(lr=0.1)),
        ("right in the first step only", adam_with(t=1)),
        ("in this order", lambda *inputs: adam(*inputs)[::-1]),
        ("must return 3 arrays", lambda *inputs: adam(*inputs)[0]),
    ],
    "7.4": [
        ("first epoch has the rate 0", lambda epoch, lr, w, T: lr * epoch / w if epoch < w else warm(epoch, lr, w, T)),
        ("rate jumps", after_warm_up(lambda t, w, T: (1 + np.cos(np.pi * t / T)) / 2)),
        ("the library's warm_up", lambda epoch, lr, w, T: warm_up(cosine_decay(lr, T), w)(epoch)),
        (
            "belongs to the cosine",
            lambda epoch, lr, w, T: lr * (epoch + 1) / w if epoch <= w else warm(epoch, lr, w, T),
        ),
        ("straight line", after_warm_up(lambda t, w, T: 1 - (t - w) / (T - w))),
        ("comes back up", after_warm_up(lambda t, w, T: (1 + np.cos(2 * np.pi * (t - w) / (T - w))) / 2)),
        ("divide by 2", after_warm_up(lambda t, w, T: 1 + np.cos(np.pi * (t - w) / (T - w)))),
        ("quarter", after_warm_up(lambda t, w, T: np.cos(np.pi * (t - w) / (T - w) / 2))),
        ("T - w epochs", after_warm_up(lambda t, w, T: (1 + np.cos(np.pi * (t - w) / T)) / 2)),
        ("differs", after_warm_up(lambda t, w, T: (1 + np.cos((t - w) / (T - w))) / 2)),
    ],
    "7.5": [
        ("uses the old one", lion(average_first)),
        ("sign is missing", lion(no_sign)),
        ("of the gradient alone", lion(of_the_gradient)),
        ("averaged with beta2", lion(one_beta)),
        ("theta never moves", lion(new_arrays)),
        ("m never changes", lion(new_average)),
        ("uphill", lion(uphill)),
        ("not Adam's 0.999", lion(init=as_adam)),
        ("what is given must be used", lion(init=deaf)),
        ("default betas", lion(init=other_defaults)),
        ("a copy of your own", OwnRate),
        ("not finished", type("Lion", (Optimizer,), {"memory": ("m",)})),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)


@pytest.mark.parametrize(("lr", "arrive"), [(0.004, 5), (0.014, 3)])
def test_the_rates_that_the_solution_of_7_5_names_suit_lion_as_it_says(lr, arrive):
    X, y, _, _ = experiments.spirals()
    best = []
    for seed in experiments.independent_seeds(5):
        net = NeuralNetwork([2, 64, 32, 16, 1], seed=seed, init=he)
        net.train(X, y, n_epochs=100, batch_size=64, optimizer=Lion(lr), verbose=False)
        best.append(max(net.accuracy_history))
    assert sum(accuracy >= 0.95 for accuracy in best) == arrive
