"""The exercises of notebook 7, optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import Optimizer, cosine_decay, warm_up
from scratchnet.book.exercises.judge import Exercise, in_turn

# 7.1


def _curvatures(rng: np.random.Generator) -> dict[str, Any]:
    small = np.round(rng.uniform(0.2, 6.0, in_turn(rng, [3, 1, 6, 0, 2])), 2)
    large = round(float(rng.uniform(6.5, 9.0)), 2)
    return {"curvatures": np.insert(small, in_turn(rng, [1, 0, 4, 0, 2]), large)}  # now first, now last, now between


# 7.2


def _average(rng: np.random.Generator) -> dict[str, Any]:
    n = int(rng.integers(1, 5))
    vectors = {name: np.round(rng.standard_normal(n), 2) for name in ("theta", "v", "grad")}
    return vectors | {"lr": round(rng.uniform(0.1, 0.5), 2), "beta": round(rng.uniform(0.7, 0.9), 2)}


def _named(*names: str) -> Any:
    """Return a `run` that gives the arrays that were returned their names, or None to each if nothing was."""

    def run(answer: Any, *inputs: Any) -> dict[str, Any]:
        result = answer(*inputs)
        if result is None or result is ...:
            return dict.fromkeys(names)
        if not isinstance(result, (tuple, list)) or len(result) != len(names):
            raise ValueError(f"the function must return {len(names)} arrays: return {', '.join(names)}")
        return dict(zip(names, result, strict=True))

    return run


def _momentum_step(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    v = beta * v + (1 - beta) * grad
    return theta - lr * v, v


def _step_along_the_old_average(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    return theta - lr * v, beta * v + (1 - beta) * grad


def _sum_instead_of_average(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    v = beta * v + grad
    return theta - lr * v, v


def _rate_in_the_average(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    v = beta * v + lr * grad
    return theta - v, v


def _looking_ahead(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    v = beta * v + (1 - beta) * grad
    return theta - lr * (beta * v + (1 - beta) * grad), v


def _along_the_gradient(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    return theta - lr * grad, beta * v + (1 - beta) * grad


def _uphill(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    v = beta * v + (1 - beta) * grad
    return theta + lr * v, v


def _order_exchanged(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    theta, v = _momentum_step(theta, v, grad, lr, beta)
    return v, theta


def _weights_exchanged(theta: Any, v: Any, grad: Any, lr: float, beta: float) -> Any:
    v = (1 - beta) * v + beta * grad
    return theta - lr * v, v


# 7.3


def _averages(rng: np.random.Generator) -> dict[str, Any]:
    n = int(rng.integers(1, 5))
    vectors = {
        name: np.round(rng.uniform(0.3, 2, n) * rng.choice([-1, 1], n), 2) for name in ("theta", "m", "v", "grad")
    }
    vectors["v"] = np.round(vectors["v"] ** 2, 2)
    numbers = {"lr": (0.05, 0.5), "beta1": (0.6, 0.95), "beta2": (0.5, 0.98), "eps": (0.05, 0.3)}
    chosen = {name: round(float(rng.uniform(*ends)), 2) for name, ends in numbers.items()}
    return vectors | {"t": int(rng.integers(1, 7))} | chosen


def _adam(
    theta: Any,
    m: Any,
    v: Any,
    grad: Any,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    *,
    square: Any = np.square,
    root: Any = np.sqrt,
    correct: Any = lambda average, beta, t: average / (1 - beta**t),
    correct_v: Any = None,
    eps_inside: bool = False,
    keep_corrected: bool = False,
) -> Any:
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * square(grad)
    m_hat, v_hat = correct(m, beta1, t), (correct_v or correct)(v, beta2, t)
    size = np.sqrt(v_hat + eps) if eps_inside else root(v_hat) + eps
    theta = theta - lr * m_hat / size
    return (theta, m_hat, v_hat) if keep_corrected else (theta, m, v)


def _adam_of_averages(
    theta: Any, m: Any, v: Any, grad: Any, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> Any:
    """In the second average stands m in place of the gradient."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * m**2
    return theta - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def _rmsprop(theta: Any, m: Any, v: Any, grad: Any, t: int, lr: float, beta1: float, beta2: float, eps: float) -> Any:
    _, m, v = _adam(theta, m, v, grad, t, lr, beta1, beta2, eps)
    return theta - lr * grad / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def _uncorrected(average: Any, _beta: float, _t: int) -> Any:
    return average


# 7.4


def _lengths(rng: np.random.Generator) -> dict[str, Any]:
    w = int(rng.integers(1, 5))
    return {"lr": round(rng.uniform(0.1, 0.9), 1), "w": w, "T": w + int(rng.integers(4, 7))}


def _all_epochs(answer: Any, lr: float, w: int, T: int) -> dict[str, Any]:
    rates = [answer(epoch, lr, w, T) for epoch in range(T + 1)]
    return {"epochs 0 to T": None if any(rate is None for rate in rates) else np.array(rates)}


def _warm_then_cosine(epoch: int, lr: float, w: int, T: int) -> float:
    if epoch < w:
        return lr * (epoch + 1) / w
    return lr * (1 + float(np.cos(np.pi * (epoch - w) / (T - w)))) / 2


def _from_zero(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * epoch / w if epoch < w else _warm_then_cosine(epoch, lr, w, T)


def _cosine_from_the_start(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * (1 + float(np.cos(np.pi * epoch / T))) / 2


def _multiplied(epoch: int, lr: float, w: int, T: int) -> float:
    return warm_up(cosine_decay(lr, T), w)(epoch)


def _one_epoch_too_long(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch <= w else _warm_then_cosine(epoch, lr, w, T)


def _straight(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * (T - epoch) / (T - w)


def _twice_as_high(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * (1 + float(np.cos(np.pi * (epoch - w) / (T - w))))


def _quarter(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * float(np.cos(np.pi / 2 * (epoch - w) / (T - w)))


def _too_long(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * (1 + float(np.cos(np.pi * (epoch - w) / T))) / 2


def _whole_period(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * (1 + float(np.cos(2 * np.pi * (epoch - w) / (T - w)))) / 2


# 7.5


def _five_steps(rng: np.random.Generator) -> dict[str, Any]:
    """Return steps in which old and new averages, and gradients of other sizes, disagree about the sign."""
    beta1, beta2 = round(float(rng.uniform(0.8, 0.93)), 2), round(float(rng.uniform(0.94, 0.98)), 2)
    sizes = [[1.0], [0.0], [-2.0], [0.12], [0.004]]
    gradients = rng.uniform(0.5, 1.5, (5, 3)) * sizes * rng.choice([-1.0, 1.0], 3)
    # With g = -r m the sign that belongs to the old m turns at one r, and that of the new m at a smaller one.
    of_old, of_new = beta1 / (1 - beta1), beta1 * beta2 / (1 - beta1 * beta2)
    gradients[1] = -np.sqrt(of_old * of_new) * (1 - beta2) * gradients[0]
    return {
        "theta": np.round(rng.standard_normal(3), 2),
        "gradients": np.round(gradients, 4),
        "lr": round(float(rng.uniform(0.01, 0.3)), 2),
        "beta1": beta1,
        "beta2": beta2,
    }


def _taken(answer: Any, theta: np.ndarray, gradients: np.ndarray, lr: float, beta1: float, beta2: float) -> Any:
    """Take five steps with betas that are given, the last three at half the rate, and five with the defaults."""
    if answer.rule is Optimizer.rule:
        answer(lr).step(theta.copy(), gradients[0].copy())  # says what is missing
    given, default, found = answer(lr, beta1=beta1, beta2=beta2), answer(lr), {}
    by_rate, by_default = theta.copy(), theta.copy()
    for t, grad in enumerate(gradients, start=1):
        if t == 3:
            given.lr = lr / 2  # as a schedule does
        given.step(by_rate, grad.copy())
        found[f"theta after step {t}" + (", with the rate set to lr / 2" if t > 2 else "")] = by_rate.copy()
    found["m after step 5"] = given.m.copy()
    for grad in gradients:
        default.step(by_default, grad.copy())
    found["theta after 5 steps with the default betas"] = by_default
    return found | {"m with the default betas": default.m.copy()}


class _Lion(Optimizer):
    memory = ("m",)

    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.99) -> None:
        super().__init__(lr)
        self.beta1, self.beta2 = beta1, beta2

    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.lr * np.sign(self.beta1 * m + (1 - self.beta1) * grad)
        m *= self.beta2
        m += (1 - self.beta2) * grad


class _AverageFirst(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        m *= self.beta2
        m += (1 - self.beta2) * grad
        theta -= self.lr * np.sign(self.beta1 * m + (1 - self.beta1) * grad)


class _NoSign(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.lr * (self.beta1 * m + (1 - self.beta1) * grad)
        m *= self.beta2
        m += (1 - self.beta2) * grad


class _SignOfGradient(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.lr * np.sign(grad)
        m *= self.beta2
        m += (1 - self.beta2) * grad


class _OneBeta(_Lion):
    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.99) -> None:
        super().__init__(lr, beta1, beta2=beta1)


class _Motionless(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        super().rule(theta.copy(), grad, m)


class _Idle(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        pass


class _Forgetful(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.lr * np.sign(self.beta1 * m + (1 - self.beta1) * grad)


class _PrivateRate(_Lion):
    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.99) -> None:
        super().__init__(lr, beta1, beta2)
        self.rate = lr

    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.rate * np.sign(self.beta1 * m + (1 - self.beta1) * grad)
        m *= self.beta2
        m += (1 - self.beta2) * grad


class _FixedBetas(_Lion):
    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.99) -> None:
        super().__init__(lr)


class _BetasOfAdam(_Lion):
    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.999) -> None:
        super().__init__(lr, beta1, beta2)


class _BetasExchanged(_Lion):
    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.99) -> None:
        super().__init__(lr, beta2, beta1)


class _Uphill(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        before = theta.copy()
        super().rule(theta, grad, m)
        theta += 2 * (before - theta)


class _WeightsExchanged(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.lr * np.sign((1 - self.beta1) * m + self.beta1 * grad)
        m *= self.beta2
        m += (1 - self.beta2) * grad


EXERCISES = {
    "7.1": Exercise(
        reference=lambda curvatures: 2 / curvatures.max(),
        inputs=_curvatures,
        mistakes={
            "1 / λ reaches the minimum of a direction in one step; up to twice that rate it is still stable.": (
                lambda curvatures: 1 / curvatures.max()
            ),
            "The smallest curvature allows the largest rate. The steepest direction is the first to explode.": (
                lambda curvatures: 2 / curvatures.min()
            ),
            "Each direction has its own factor, and an average hides the steepest.": (
                lambda curvatures: 2 / curvatures.mean()
            ),
            "The curvatures do not add up: each direction has its own factor.": lambda curvatures: 2 / curvatures.sum(),
            "The directions are in no order. Look for the largest curvature, not for the first.": (
                lambda curvatures: 2 / curvatures[0]
            ),
            "The steeper a direction, the smaller the rate that it allows: divide by the curvature.": (
                lambda curvatures: 2 * curvatures.max()
            ),
            "This is the largest curvature. The largest rate is 2 divided by it.": lambda curvatures: curvatures.max(),
            "The whole interval of the factor is from -1 to 1, so the bound is 2 / λ, not 1 / (2 λ).": (
                lambda curvatures: 1 / (2 * curvatures.max())
            ),
            "This balances the steepest and the flattest direction, which is the fastest rate, not the largest.": (
                lambda curvatures: 2 / (curvatures.min() + curvatures.max())
            ),
        },
    ),
    "7.2": Exercise(
        reference=_momentum_step,
        inputs=_average,
        run=_named("theta", "v"),
        mistakes={
            "The step goes along the old v. Change v first, then use the new one.": _step_along_the_old_average,
            "The factor 1 - beta before the gradient is missing, so v is a sum and not an average.": (
                _sum_instead_of_average
            ),
            "The step goes uphill. Descent subtracts.": _uphill,
            "The weights are exchanged: beta belongs to the old v, 1 - beta to the gradient.": _weights_exchanged,
            "Return theta first, then v.": _order_exchanged,
            "lr is in v here. In this form v is an average of gradients, and lr multiplies the step.": (
                _rate_in_the_average
            ),
            "This is Nesterov's step. Momentum's is lr * v.": _looking_ahead,
            "The step goes along the gradient, and v is never used.": _along_the_gradient,
        },
    ),
    "7.3": Exercise(
        reference=_adam,
        inputs=_averages,
        run=_named("theta", "m", "v"),
        mistakes={
            "The bias correction is missing: divide m by 1 - beta1**t and v by 1 - beta2**t before the step.": (
                lambda *inputs: _adam(*inputs, correct=_uncorrected)
            ),
            "m is corrected and v is not: divide v by 1 - beta2**t.": (
                lambda *inputs: _adam(*inputs, correct_v=_uncorrected)
            ),
            "The step goes uphill. Descent subtracts.": lambda theta, m, v, grad, t, lr, *rest: _adam(
                theta, m, v, grad, t, -lr, *rest
            ),
            "v averages the squares of the gradients, not those of m.": _adam_of_averages,
            "The step goes along the gradient. It should go along the corrected m.": _rmsprop,
            "Return theta, m, v in this order.": lambda *inputs: _adam(*inputs)[::-1],
            "beta1 and beta2 are exchanged: beta1 is for m, beta2 for v.": (
                lambda theta, m, v, grad, t, lr, beta1, beta2, eps: _adam(theta, m, v, grad, t, lr, beta2, beta1, eps)
            ),
            "lr, beta1, beta2 and eps are arguments: use them, and not Adam's usual values.": (
                lambda theta, m, v, grad, t, *_: _adam(theta, m, v, grad, t, 0.001, 0.9, 0.999, 1e-8)
            ),
            "beta1 and beta2 are arguments: use them, and not 0.9 and 0.999.": (
                lambda theta, m, v, grad, t, lr, beta1, beta2, eps: _adam(theta, m, v, grad, t, lr, 0.9, 0.999, eps)
            ),
            "eps is an argument: use it, and not 1e-8.": (
                lambda theta, m, v, grad, t, lr, beta1, beta2, eps: _adam(theta, m, v, grad, t, lr, beta1, beta2, 1e-8)
            ),
            "The correction divides by 1 - beta, which is right in the first step only; beta is raised to t.": (
                lambda *inputs: _adam(*inputs, correct=lambda average, beta, t: average / (1 - beta))
            ),
            "t is counted from 1, so the exponent is t itself, not t - 1.": (
                lambda *inputs: _adam(*inputs, correct=lambda average, beta, t: average / (1 - beta ** (t - 1)))
            ),
            "t is counted from 1, so the exponent is t itself, not t + 1.": (
                lambda *inputs: _adam(*inputs, correct=lambda average, beta, t: average / (1 - beta ** (t + 1)))
            ),
            "The step is divided by the root of the corrected v.": lambda *inputs: _adam(*inputs, root=np.positive),
            "eps is added to the root, outside of it.": lambda *inputs: _adam(*inputs, eps_inside=True),
            "v averages the squares of the gradients, not their absolute values.": (
                lambda *inputs: _adam(*inputs, square=np.abs)
            ),
            "Return m and v as they are before the correction; the corrected ones are for this step alone.": (
                lambda *inputs: _adam(*inputs, keep_corrected=True)
            ),
        },
    ),
    "7.4": Exercise(
        reference=_warm_then_cosine,
        inputs=_lengths,
        run=_all_epochs,
        mistakes={
            "The first epoch has the rate 0 and is lost: epochs are counted from 0, so use epoch + 1.": _from_zero,
            "The cosine runs from epoch 0, so that the rate jumps at the end of the warm-up. Let it begin at w.": (
                _cosine_from_the_start
            ),
            "That is the library's warm_up, whose cosine runs from epoch 0, and down to lr / 100. Let it begin at w.": (
                _multiplied
            ),
            "The warm-up ends with epoch w - 1, at lr. Epoch w belongs to the cosine.": _one_epoch_too_long,
            "This falls along a straight line; half a cosine is flat at both ends.": _straight,
            "1 + cos goes from 2 to 0, so divide by 2.": _twice_as_high,
            "This is a quarter of a cosine, which is steep at its end. Half of one is flat at both ends.": _quarter,
            "The cosine begins at w and has T - w epochs to fall, not T.": _too_long,
            "This is a whole period of the cosine, which comes back up. Half of one goes from 0 to pi.": _whole_period,
        },
    ),
    "7.5": Exercise(
        reference=_Lion,
        inputs=_five_steps,
        run=_taken,
        mistakes={
            "m is changed before the step; the step uses the old one.": _AverageFirst,
            "The sign is missing: every entry moves by lr, whatever the size.": _NoSign,
            "The sign is that of the gradient alone; it should be that of the average with it.": _SignOfGradient,
            "beta1 is for the sign; m is averaged with beta2.": _OneBeta,
            "beta1 and beta2 are exchanged: beta1 is for the sign, beta2 for m.": _BetasExchanged,
            "The rate is self.lr, which a schedule may change; a copy of your own stays behind.": _PrivateRate,
            "beta1 and beta2 are arguments: what is given must be used.": _FixedBetas,
            "The default of beta2 is 0.99, not Adam's 0.999.": _BetasOfAdam,
            "The step goes uphill. Descent subtracts.": _Uphill,
            "The weights in the sign are exchanged: beta1 belongs to m, 1 - beta1 to the gradient.": (
                _WeightsExchanged
            ),
            "theta never moves. Inside of rule, `theta = ...` makes a new array; `theta -= ...` moves it.": _Motionless,
            "Neither theta nor m changes. Inside of rule, `m = ...` makes a new array; `m *= ...` changes it.": (_Idle),
            "m never changes. Inside of rule, `m = ...` makes a new array; `m *= ...` and `m += ...` change it.": (
                _Forgetful
            ),
        },
    ),
}
