"""The exercises of notebook 7, optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import Optimizer, cosine_decay, warm_up
from scratchnet.book.exercises.judge import Exercise

# 7.1


def _curvatures(rng: np.random.Generator) -> dict[str, Any]:
    return {"curvatures": np.round(rng.uniform(0.2, 9.0, 4), 2)}


# 7.2


def _average(rng: np.random.Generator) -> dict[str, Any]:
    vectors = {name: np.round(rng.standard_normal(3), 2) for name in ("theta", "v", "grad")}
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
    vectors = {name: np.round(rng.standard_normal(3), 2) for name in ("theta", "m", "v", "grad")}
    vectors["v"] = np.round(vectors["v"] ** 2 + 0.1, 2)
    return vectors | {"t": int(rng.integers(2, 7)), "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 0.01}


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
    eps_inside: bool = False,
    keep_corrected: bool = False,
) -> Any:
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * square(grad)
    m_hat, v_hat = correct(m, beta1, t), correct(v, beta2, t)
    size = np.sqrt(v_hat + eps) if eps_inside else root(v_hat) + eps
    theta = theta - lr * m_hat / size
    return (theta, m_hat, v_hat) if keep_corrected else (theta, m, v)


# 7.4


def _lengths(rng: np.random.Generator) -> dict[str, Any]:
    w = int(rng.integers(2, 5))
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


def _whole_period(epoch: int, lr: float, w: int, T: int) -> float:
    return lr * (epoch + 1) / w if epoch < w else lr * (1 + float(np.cos(2 * np.pi * (epoch - w) / (T - w)))) / 2


# 7.5


def _four_steps(rng: np.random.Generator) -> dict[str, Any]:
    # Steps in which old and new averages, and gradients of other sizes, disagree about the sign.
    gradients = rng.uniform(0.5, 1.5, (4, 3)) * [[1.0], [-0.05], [-2.0], [0.12]] * rng.choice([-1.0, 1.0], 3)
    return {"theta": np.round(rng.standard_normal(3), 2), "gradients": np.round(gradients, 2)}


def _taken(answer: Any, theta: np.ndarray, gradients: np.ndarray) -> dict[str, Any]:
    unfinished = answer.rule is Optimizer.rule
    optimizer, found = answer(0.1) if unfinished else answer(0.1, beta1=0.9, beta2=0.99), {}
    theta = theta.copy()
    for t, grad in enumerate(gradients, start=1):
        optimizer.step(theta, grad.copy())
        found[f"theta after step {t}"] = theta.copy()
    found["m after step 4"] = optimizer.m.copy()
    return found


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
        pass


class _Forgetful(_Lion):
    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray) -> None:
        theta -= self.lr * np.sign(self.beta1 * m + (1 - self.beta1) * grad)


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
        },
    ),
    "7.3": Exercise(
        reference=_adam,
        inputs=_averages,
        run=_named("theta", "m", "v"),
        mistakes={
            "The bias correction is missing: divide m by 1 - beta1**t and v by 1 - beta2**t before the step.": (
                lambda *inputs: _adam(*inputs, correct=lambda average, beta, t: average)
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
            "This is a whole period of the cosine, which comes back up. Half of one goes from 0 to pi.": _whole_period,
        },
    ),
    "7.5": Exercise(
        reference=_Lion,
        inputs=_four_steps,
        run=_taken,
        mistakes={
            "m is changed before the step; the step uses the old one.": _AverageFirst,
            "The sign is missing: every entry moves by lr, whatever the size.": _NoSign,
            "The sign is that of the gradient alone; it should be that of the average with it.": _SignOfGradient,
            "beta1 is for the sign; m is averaged with beta2.": _OneBeta,
            "Nothing moves. Inside of rule, `theta = ...` makes a new array; `theta -= ...` changes it.": _Motionless,
            "m never changes. Inside of rule, `m = ...` makes a new array; `m *= ...` and `m += ...` change it.": (
                _Forgetful
            ),
        },
    ),
}
