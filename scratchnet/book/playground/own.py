"""What a reader has written, in a network of the library: classes with NumPy alone, as the exercises ask for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet import Layer, LinearLayer, Optimizer


def as_layer(kind: Any) -> Any:
    """Return a `Layer` class for a class without parameters that has forward(X) and backward(dY), such as `MyReLU`.

    A `Layer` stays what it is. Raises TypeError for anything else.
    """
    if not isinstance(kind, type) or not all(callable(getattr(kind, name, None)) for name in ("forward", "backward")):
        raise TypeError(f"a layer must be a class with forward(X) and backward(dY), got {kind!r}")
    return kind if issubclass(kind, Layer) else type(kind.__name__, (_Plain,), {"kind": kind})


def as_linear(kind: Any) -> Any:
    """Return a `LinearLayer` class for a class made by kind(d_in, d_out, rng) that holds W and b, such as `MyLinear`.

    Its backward(dZ) sets dW and db. The weights that it draws are those that it starts with, from `default_rng(seed)`.
    """
    as_layer(kind)
    return kind if issubclass(kind, LinearLayer) else type(kind.__name__, (_Linear,), {"kind": kind})


def as_optimizer(kind: Any) -> Any:
    """Return an `Optimizer` class for a class made by kind(lr) with step(parameters, gradients), such as `MyAdam`.

    It is given lists of arrays, which it changes in place. An `Optimizer` stays what it is.
    """
    if not isinstance(kind, type) or not callable(getattr(kind, "step", None)):
        raise TypeError(f"an optimizer must be a class with step(parameters, gradients), got {kind!r}")
    return kind if issubclass(kind, Optimizer) else type(kind.__name__, (_Optimizer,), {"kind": kind})


class _Plain(Layer):
    kind: Any

    def __init__(self) -> None:
        self.mine = self.kind()

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        return np.asarray(self.mine.forward(X))

    def backward(self, dY: np.ndarray) -> np.ndarray:
        return np.asarray(self.mine.backward(dY))


class _Linear(LinearLayer):
    kind: Any

    def __init__(self, d_in: int, d_out: int, seed: int | None = None) -> None:
        super().__init__(d_in, d_out, seed)
        self.mine = self.kind(d_in, d_out, np.random.default_rng(seed))
        self.W, self.b = self.mine.W, self.mine.b

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        self.mine.W, self.mine.b = self.W, self.b
        return np.asarray(self.mine.forward(X))

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        dX = self.mine.backward(dZ)
        self.dW, self.db = self.mine.dW, self.mine.db
        return np.asarray(dX)


class _Optimizer(Optimizer):
    kind: Any

    def __init__(self, lr: float) -> None:
        self.mine = self.kind(lr)
        super().__init__(lr)

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        self.mine.lr = self.lr
        self.t += 1
        self.mine.step([theta], [grad])
