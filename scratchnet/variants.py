"""Variants of the first three optimizers, each of which changes one line of one of them."""

from __future__ import annotations

import numpy as np

from scratchnet import checks
from scratchnet.optimizers import Adam, Momentum, Optimizer


class Nesterov(Momentum):
    """Momentum that looks one step ahead: v ← β v + (1 - β) ∇L, then θ ← θ - lr · (β v + (1 - β) ∇L).

    Source: Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", 1983, in the
    form that needs the gradient at θ alone: Sutskever, Martens, Dahl and Hinton, "On the importance of
    initialization and momentum in deep learning", 2013.
    """

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

    memory = ("v",)

    def __init__(self, lr: float, beta: float = 0.9, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.beta = checks.number("beta", beta, high=1.0, include_low=True)
        self.eps = checks.number("eps", eps)

    def rule(self, theta: np.ndarray, grad: np.ndarray, v: np.ndarray) -> None:
        """First v ← β v + (1 - β) (∇L)², then θ ← θ - lr · ∇L / (√v + ε)."""
        v *= self.beta
        v += (1 - self.beta) * grad * grad
        theta -= self.lr * grad / (np.sqrt(v) + self.eps)


class AdamW(Adam):
    """Adam after a decay of the parameters that is not part of the gradient: θ ← (1 - lr · λ) θ, then Adam's step.

    λ is `weight_decay`, at least 0. It shrinks every parameter, biases too.
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, Algorithm 2.
    """

    def __init__(
        self, lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.01
    ) -> None:
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = checks.number("weight_decay", weight_decay, include_low=True)

    def rule(self, theta: np.ndarray, grad: np.ndarray, m: np.ndarray, v: np.ndarray) -> None:
        """First θ ← (1 - lr · λ) θ, then Adam's step."""
        theta *= 1 - self.lr * self.weight_decay
        super().rule(theta, grad, m, v)
