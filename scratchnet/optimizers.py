"""Optimizers: each is one formula on the vector θ of all parameters and the vector ∇L of all gradients.

`step(theta, grad)` changes theta in place. What an optimizer remembers between steps starts at zero with its
first step, in the shape and dtype of the theta it is given; from then on it belongs to that network.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from scratchnet import checks

__all__ = ["SGD", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer", "RMSProp"]

CHUNK = 2**14  # entries of a vector


@functools.lru_cache
def chunks(size: int, length: int = CHUNK) -> tuple[slice, ...]:
    """Cut `size` entries into pieces so short that the intermediate results of a formula stay in the cache."""
    return tuple(slice(start, start + length) for start in range(0, size, length))


class Optimizer:
    """Base class. A subclass writes its formula as `rule`, and names in `memory` what it remembers of every entry.

    `lr` is the learning rate, which may be changed between steps, `t` the number of steps taken. `settings` is for
    files, as in a `Layer`, and `squares` names what in `memory` is never negative.
    """

    memory: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[tuple[str, ...]] = ("t",)
    squares: ClassVar[tuple[str, ...]] = ()
    t = 0
    _theta: tuple[Any, ...] | None = None  # the vector that the memory belongs to, and its `_place`

    def __init__(self, lr: float) -> None:
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate. Assigning anything but a finite number > 0 raises TypeError or ValueError."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        """Refuse what is not a learning rate."""
        self._lr = checks.number("lr", value)

    def rule(self, *vectors: Any, **_: Any) -> None:
        """Change theta and what is remembered in place, entry by entry, in step number t, counted from 1."""
        arguments = ", ".join(("self", "theta", "grad", *self.memory))
        raise NotImplementedError(f"{type(self).__name__} must define rule({arguments})")

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Change theta in place by one step against the gradient. Raises ValueError for unequal shapes."""
        checks.same_shape("grad", grad, checks.movable("theta", theta).shape)
        self.prepare(theta, grad)()

    def prepare(self, theta: np.ndarray, grad: np.ndarray) -> Callable[[], None]:
        """Return the function that takes a step with these two vectors each time it is called."""
        if self.memory:
            self._remember(theta)
        vectors = [theta, grad, *[getattr(self, name) for name in self.memory]]
        pieces = [[vector[..., chunk] for vector in vectors] for chunk in chunks(theta.shape[-1])]

        def step() -> None:
            self.t += 1
            for piece in pieces:
                self.rule(*piece)

        return step

    def check_owner(self, theta: np.ndarray) -> None:
        """Raise ValueError if what is remembered belongs to another network, which it would misguide.

        A copy made with copy.deepcopy, or by pickle, keeps the memory and belongs to whichever theta it sees first.
        """
        if self._theta is not None and (self._theta[0]() is theta or self._theta[1] == _place(theta)):
            return
        if self._theta is not None or any(vars(self).get(name, theta).shape != theta.shape for name in self.memory):
            kind = type(self).__name__
            raise ValueError(f"this {kind} remembers another network: use a new {kind} for each network")

    def _remember(self, theta: np.ndarray) -> None:
        """Give every name in `memory` an array of zeros like theta at the first step, and refuse a second theta."""
        self.check_owner(theta)
        if self._theta is None:
            for name in self.memory:
                self.__dict__.setdefault(name, np.zeros_like(theta))
            self.adopt(theta)

    def adopt(self, theta: np.ndarray) -> None:
        """Let what is remembered belong to the network of this theta."""
        self._theta = weakref.ref(theta), _place(theta)

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles keep: everything but whose memory it is."""
        return {name: value for name, value in vars(self).items() if name != "_theta"}


def _place(theta: np.ndarray) -> tuple[Any, ...]:
    """Say which array owns the memory of theta, and where in it theta lies: views are new objects each time."""
    owner = theta.base if isinstance(theta.base, np.ndarray) else theta
    return id(owner), weakref.ref(owner), theta.ctypes.data, theta.strides


class SGD(Optimizer):
    """Gradient descent: θ ← θ - lr · ∇L. Stochastic when ∇L comes from a mini-batch."""

    settings = ("lr",)

    def rule(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """θ ← θ - lr · ∇L."""
        theta -= self.lr * grad


class Momentum(Optimizer):
    """Descent along a moving average of gradients: v ← β v + (1 - β) ∇L, then θ ← θ - lr · v.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, here with the
    factor 1 - β, so that v has the size of a gradient. It equals the form without it at lr · (1 - β).
    """

    settings = ("lr", "beta")
    memory = ("v",)

    def __init__(self, lr: float, beta: float = 0.9) -> None:
        super().__init__(lr)
        self.beta = checks.number("beta", beta, high=1.0, include_low=True)

    def rule(self, theta: np.ndarray, grad: np.ndarray, v: np.ndarray) -> None:
        """First v ← β v + (1 - β) ∇L, then θ ← θ - lr · v."""
        v *= self.beta
        v += (1 - self.beta) * grad
        theta -= self.lr * v


class Nesterov(Momentum):
    """Momentum that looks one step ahead: v ← β v + (1 - β) ∇L, then θ ← θ - lr · (β v + (1 - β) ∇L).

    Source: Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", 1983.
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", 2013, step
    from φ with the gradient at φ - lr · β v. Here that point is θ, so that the gradient is needed at θ alone.
    """

    settings = ("lr", "beta")

    def rule(self, theta: np.ndarray, grad: np.ndarray, v: np.ndarray) -> None:
        """First v ← β v + (1 - β) ∇L, then θ ← θ - lr · (β v + (1 - β) ∇L)."""
        v *= self.beta
        v += (1 - self.beta) * grad
        theta -= self.lr * (self.beta * v + (1 - self.beta) * grad)


class RMSProp(Optimizer):
    """Every parameter's step divided by the size of its recent gradients: θ ← θ - lr · ∇L / (√v + ε).

        v ← β v + (1 - β) (∇L)²

    Source: Tieleman and Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning, 2012.
    """

    settings = ("lr", "beta", "eps")
    memory = ("v",)
    squares = ("v",)

    def __init__(self, lr: float, beta: float = 0.9, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.beta = checks.number("beta", beta, high=1.0, include_low=True)
        self.eps = checks.number("eps", eps)

    def rule(self, theta: np.ndarray, grad: np.ndarray, v: np.ndarray) -> None:
        """First v ← β v + (1 - β) (∇L)², then θ ← θ - lr · ∇L / (√v + ε)."""
        v *= self.beta
        v += (1 - self.beta) * grad * grad
        theta -= self.lr * grad / (np.sqrt(v) + self.eps)


class Adam(Optimizer):
    """Momentum with a step size of its own for every parameter.

        m ← β₁ m + (1 - β₁) ∇L          m̂ = m / (1 - β₁ᵗ)
        v ← β₂ v + (1 - β₂) (∇L)²       v̂ = v / (1 - β₂ᵗ)
        θ ← θ - lr · m̂ / (√v̂ + ε)

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, Algorithm 1; ε is outside the root.
    """

    settings: ClassVar[tuple[str, ...]] = ("lr", "beta1", "beta2", "eps")
    memory = ("m", "v")
    squares = ("v",)

    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.beta1 = checks.number("beta1", beta1, high=1.0, include_low=True)
        self.beta2 = checks.number("beta2", beta2, high=1.0, include_low=True)
        self.eps = checks.number("eps", eps)

    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray, v: np.ndarray) -> None:
        """Take step t of Algorithm 1."""
        m *= self.beta1
        m += (1 - self.beta1) * grad
        v *= self.beta2
        v += (1 - self.beta2) * grad * grad
        m_hat = m / (1 - self.beta1**self.t)
        v_hat = v / (1 - self.beta2**self.t)
        theta -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    """Adam after a decay of the parameters that is not part of the gradient: θ ← (1 - lr · λ) θ, then Adam's step.

    λ is `weight_decay`, at least 0. It shrinks every parameter, biases too.
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, Algorithm 2, in PyTorch's form: there
    the decay is multiplied by the schedule's factor alone, and not by lr.
    """

    settings = (*Adam.settings, "weight_decay")

    def __init__(
        self, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.01
    ) -> None:
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = checks.number("weight_decay", weight_decay, include_low=True)

    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray, v: np.ndarray) -> None:
        """First θ ← (1 - lr · λ) θ, then Adam's step."""
        theta *= 1 - self.lr * self.weight_decay
        super().rule(theta, grad, m, v)
