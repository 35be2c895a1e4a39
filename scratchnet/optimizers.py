"""Optimizers: each is one formula on the vector θ of all parameters and the vector ∇L of all gradients.

`step(theta, grad)` changes theta in place. What an optimizer remembers between steps starts at zero with its
first step, in the shape and dtype of the theta it is given; from then on it belongs to that network.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from scratchnet import checks


class Optimizer:
    """Base class: a learning rate `lr`, which may be changed between steps, and `step(theta, grad)`."""

    _theta: weakref.ref[np.ndarray] | None = None  # the vector that the memory belongs to

    def __init__(self, lr: float) -> None:
        self.lr = checks.number("lr", lr)

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Change theta in place by one step against the gradient."""
        raise NotImplementedError(f"{type(self).__name__} must define step(self, theta, grad)")

    def prepare(self, theta: np.ndarray, grad: np.ndarray, *memory: str) -> None:
        """Check the arguments, and give every name in `memory` an array of zeros like theta at the first step.

        What is remembered of one network would misguide another, so a second theta is refused. A copy made with
        copy.deepcopy, or by pickle, keeps the memory and belongs to whichever theta it sees first.
        """
        checks.number("lr", self.lr)
        checks.same_shape("grad", grad, theta.shape)
        owner = theta.base if isinstance(theta.base, np.ndarray) else theta  # views are new objects each time
        if not memory or (self._theta is not None and self._theta() is owner):
            return
        if self._theta is not None or any(vars(self).get(name, theta).shape != theta.shape for name in memory):
            kind = type(self).__name__
            raise ValueError(f"this {kind} remembers another network: use a new {kind} for each network")
        for name in memory:
            self.__dict__.setdefault(name, np.zeros_like(theta))
        self._theta = weakref.ref(owner)

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles keep: everything but whose memory it is."""
        return {name: value for name, value in vars(self).items() if name != "_theta"}


class SGD(Optimizer):
    """Gradient descent: θ ← θ - lr · ∇L. Stochastic when ∇L comes from a mini-batch."""

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """θ ← θ - lr · ∇L."""
        self.prepare(theta, grad)
        theta -= self.lr * grad


class Momentum(Optimizer):
    """Descent along a moving average of gradients: v ← β v + (1 - β) ∇L, then θ ← θ - lr · v.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, here with the
    factor 1 - β, so that v has the size of a gradient. It equals the form without it at lr · (1 - β).
    """

    v: np.ndarray

    def __init__(self, lr: float, beta: float = 0.9) -> None:
        super().__init__(lr)
        self.beta = checks.number("beta", beta, high=1.0, include_low=True)

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """First v ← β v + (1 - β) ∇L, then θ ← θ - lr · v."""
        self.prepare(theta, grad, "v")
        self.v *= self.beta
        self.v += (1 - self.beta) * grad
        theta -= self.lr * self.v


class Adam(Optimizer):
    """Momentum with a step size of its own for every parameter.

        m ← β₁ m + (1 - β₁) ∇L          m̂ = m / (1 - β₁ᵗ)
        v ← β₂ v + (1 - β₂) (∇L)²       v̂ = v / (1 - β₂ᵗ)
        θ ← θ - lr · m̂ / (√v̂ + ε)

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, Algorithm 1; ε is outside the root.
    """

    m: np.ndarray
    v: np.ndarray

    def __init__(self, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.beta1 = checks.number("beta1", beta1, high=1.0, include_low=True)
        self.beta2 = checks.number("beta2", beta2, high=1.0, include_low=True)
        self.eps = checks.number("eps", eps)
        self.t = 0

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """One step of Algorithm 1; t counts the steps from 1."""
        self.prepare(theta, grad, "m", "v")
        self.t += 1
        self.m *= self.beta1
        self.m += (1 - self.beta1) * grad
        self.v *= self.beta2
        self.v += (1 - self.beta2) * grad * grad
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        theta -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
