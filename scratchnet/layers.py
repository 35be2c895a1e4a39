"""A layer maps a batch forward and a gradient backward. Activations are layers too, so a network is just a list.

Shapes: a batch is a matrix with one sample a row, X (N, d_in). Every formula also holds with a leading axis,
X (K, N, d_in) and W (K, d_in, d_out), which is why transposes are `.mT` and sums run over `axis=-2`.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnet import checks
from scratchnet.activations import relu, relu_grad, sigmoid, sigmoid_grad, tanh, tanh_grad
from scratchnet.initializers import xavier
from scratchnet.parameters import fixed_array

__all__ = ["Activation", "Layer", "LinearLayer", "ReLU", "Sigmoid", "Tanh"]

Initializer = Callable[[int, int, np.random.Generator], np.ndarray]


class Layer:
    """Base class: subclass it, write `forward` and `backward`, and name the parameters once.

    ```python
    class Scale(Layer):                      # Y = gamma * X, one factor for each column
        params = ("gamma",)                  # its gradient is then called dgamma

        def __init__(self, d):
            self.gamma = np.ones((1, d))

        def forward(self, X, training=True):
            if training:
                self.cache(X)                 # what backward needs
            return self.gamma * X

        def backward(self, dY):
            X = self.cached()
            self.dgamma = (dY * X).sum(axis=-2, keepdims=True)
            return self.gamma * dY
    ```

    `forward` with training=False must leave the cache alone and treat every row by itself. `backward` takes
    dL/d(output), sets the gradient of every parameter and returns dL/d(input). Gradients are not divided by
    anything here.

    What else a training forward changes, such as a running mean or a generator, is named in `state`: an interrupt
    during `train` puts it back together with the parameters. A class that names in `settings` the arguments that
    build it, which are attributes of the same names, can be written into a file; one with parameters is then built
    with `dtype` as well. `squares` names those of `state` that are never negative.
    """

    params: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[tuple[str, ...]] = ()
    squares: ClassVar[tuple[str, ...]] = ()
    _cache: tuple[Any, ...] | None = None
    _shape: tuple[int, ...] | None = None
    _has_gradients = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give every parameter and its gradient an attribute that is written in place."""
        super().__init_subclass__(**kwargs)
        if not isinstance(cls.params, tuple):
            raise TypeError(f"params must be a tuple of names, such as ('gamma',), got {cls.params!r}")
        for name in cls.__dict__.get("params", ()):
            setattr(cls, name, fixed_array(name))
            setattr(cls, "d" + name, fixed_array("d" + name))

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        """Return the layer's output for the batch X."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, X, training=True)")

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """Set the parameters' gradients from dY = dL/d(output) and return dL/dX."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(self, dY)")

    def update(self, lr: float) -> None:
        """Take one step of gradient descent: W ← W - lr · dW for every parameter."""
        lr = checks.number("lr", lr)
        if self.params and not self._has_gradients:
            raise RuntimeError(f"{type(self).__name__}.update needs gradients: call forward(X), then backward(dZ)")
        for name in self.params:
            W, dW = getattr(self, name), getattr(self, "d" + name)
            W -= lr * dW

    def cache(self, *arrays: Any, shape: tuple[int, ...] | None = None) -> None:
        """Keep what `backward` needs, and the shape of the output if `cached` is to check the gradient against it."""
        self._cache, self._shape = arrays, shape

    def clear_cache(self) -> None:
        """Drop what was kept for `backward`, so that it needs a new forward and `update` a new backward."""
        self._cache, self._has_gradients = None, False

    def cached(self, gradient: Any = None, name: str = "dY") -> Any:
        """Hand out what the last training forward kept, once: one array as it is, several as a tuple.

        `cached(dY)` first checks that dY, the gradient called `name`, has the shape that was given to `cache`. Raises
        RuntimeError without a fresh forward, ValueError or TypeError for a wrong gradient; then what was kept stays.
        """
        kept = self._cache
        if kept is None:
            raise RuntimeError(f"{type(self).__name__}.backward needs a fresh forward(X, training=True) before it")
        if gradient is not None:
            checks.same_shape(name, gradient, self._shape or ())
        self._cache, self._has_gradients = None, True
        return kept[0] if len(kept) == 1 else kept


FORMULAS: dict[Any, Any] = {}  # what a checked method does after it has looked


def checked_forward(parameter: str = "", axis: int = -1) -> Callable[..., Any]:
    """Make a layer's `forward` of its formula: look at the input before.

    The input must have as many columns as the parameter has entries along this axis, any number without a parameter.
    """

    def decorate(formula: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        name = formula.__code__.co_varnames[1]

        @functools.wraps(formula)
        def forward(layer: Any, X: Any, training: bool = True) -> np.ndarray:
            X, W = checks.real(name, X), getattr(layer, parameter, None)
            if W is not None and not (2 <= X.ndim <= W.ndim and X.shape[-1] == W.shape[axis]):
                raise ValueError(f"{name} must have shape (N, {W.shape[axis]}), got {X.shape}")
            return formula(layer, X, training)

        FORMULAS[forward] = formula
        return forward

    return decorate


def checked_backward(formula: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Make a layer's `backward` of its formula: refuse a gradient in another shape than that of the output."""
    name = formula.__code__.co_varnames[1]

    @functools.wraps(formula)
    def backward(layer: Any, dY: Any) -> np.ndarray:
        return formula(layer, dY if layer._cache is None else checks.same_shape(name, dY, layer._shape or ()))

    FORMULAS[backward] = formula
    return backward


def trusting(net: Any) -> Any:
    """Return the network with layers that do not look at what they are given, since it has looked at its data.

    All else is shared. A layer whose `forward` or `backward` somebody has written anew stays what it is.
    """
    layers = []
    for layer in net.layers:
        f, b = (FORMULAS.get(getattr(method, "__func__", None)) for method in (layer.forward, layer.backward))
        bound = types.SimpleNamespace(forward=f.__get__(layer), backward=b.__get__(layer)) if f and b else layer
        layers.append(bound)
    twin = object.__new__(type(net))
    twin.__dict__.update(vars(net), layers=layers)
    return twin


class LinearLayer(Layer):
    """Z = X W + b, a linear map followed by a shift.

        dW = Xᵀ dZ      (d_in, d_out)
        db = 1ᵀ dZ      (1, d_out), the sum over the batch
        dX = dZ Wᵀ      (N, d_in)

    W is drawn by `init` from `default_rng(seed)`, b starts at 0. X is (N, d_in), Z is (N, d_out).
    Raises ValueError for an input with another number of columns, RuntimeError for backward without forward.
    """

    params = ("W", "b")
    settings = ("d_in", "d_out")
    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    db: np.ndarray

    def __init__(
        self, d_in: int, d_out: int, seed: int | None = None, *, init: Initializer = xavier, dtype: Any = np.float64
    ) -> None:
        self.d_in, self.d_out = checks.positive_int("d_in", d_in), checks.positive_int("d_out", d_out)
        self.W = _draw(init, self.d_in, self.d_out, seed, dtype)
        self.b = np.zeros((1, d_out), dtype=self.W.dtype)
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    @checked_forward("W", axis=-2)
    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        """Return Z = X W + b, shape (N, d_out)."""
        Z = X @ self.W
        Z += self.b
        if training:
            self.cache(X, shape=Z.shape)
        return Z

    @checked_backward
    def backward(self, dZ: np.ndarray) -> np.ndarray:
        """Set dW = Xᵀ dZ and db = 1ᵀ dZ, return dX = dZ Wᵀ, shape (N, d_in)."""
        X = self.cached()
        np.matmul(X.mT, dZ, out=self.dW)
        np.matmul(_row_of_ones(X.shape[-2], X.dtype), dZ, out=self.db)
        return dZ @ self.W.mT


def _row_of_ones(n: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Return 1ᵀ, a row of n ones: 1ᵀ dZ adds up the rows of dZ, in half the time of `dZ.sum(axis=-2)`."""
    return _kept_ones(n, dtype) if n <= 2**12 else np.ones((1, n), dtype)  # where it is long, making it is nothing


@functools.lru_cache
def _kept_ones(n: int, dtype: np.dtype[Any]) -> np.ndarray:
    return np.ones((1, n), dtype)


def _draw(init: Initializer, d_in: int, d_out: int, seed: Any, dtype: Any) -> np.ndarray:
    """Return the matrix that `init` draws from `default_rng(seed)`, after checking all that can be wrong with it."""
    shape = d_in, d_out
    rng, dtype = np.random.default_rng(checks.seed(seed)), checks.float_dtype(dtype)
    if not callable(init):
        raise TypeError(f"init must be a function of (d_in, d_out, rng), such as xavier, got {init!r}")
    return checks.same_shape("what init returns", checks.finite("what init returns", init(*shape, rng), dtype), shape)


class Activation(Layer):
    """A = f(Z) entry by entry, so dZ = dA ⊙ f'(Z), with f' written as a function of the output A."""

    f: Callable[[Any], np.ndarray]
    f_grad: Callable[[Any], np.ndarray]

    @checked_forward()
    def forward(self, Z: np.ndarray, training: bool = True) -> np.ndarray:
        """Return A = f(Z), in the shape of Z."""
        A = self.f(Z)
        if training:
            self.cache(A, shape=A.shape)
        return A

    @checked_backward
    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return dZ = dA ⊙ f'(A)."""
        return dA * self.f_grad(self.cached())


class ReLU(Activation):
    """max(z, 0). The mask of the backward pass is read from the output: a > 0 exactly where z > 0."""

    settings = ()
    f = staticmethod(relu)
    f_grad = staticmethod(relu_grad)


class Sigmoid(Activation):
    """1 / (1 + e⁻ᶻ) as a hidden layer. As an output it belongs to `SigmoidCrossEntropy`."""

    settings = ()
    f = staticmethod(sigmoid)
    f_grad = staticmethod(sigmoid_grad)


class Tanh(Activation):
    """The hyperbolic tangent, with values in (-1, 1) and slope 1 at the origin."""

    settings = ()
    f = staticmethod(tanh)
    f_grad = staticmethod(tanh_grad)


def snapshot(layers: Sequence[Layer]) -> Callable[[], None]:
    """Return a function that puts back, as it is now, what the layers name in `state`; generators in place."""
    slots = [(layer, name) for layer in layers for name in layer.state]
    values = copy.deepcopy([getattr(layer, name) for layer, name in slots])

    def restore() -> None:
        for (layer, name), value in zip(slots, copy.deepcopy(values), strict=True):
            if isinstance(value, np.random.Generator):  # which another layer, or the shuffling, may share
                getattr(layer, name).bit_generator.state = value.bit_generator.state
            else:
                setattr(layer, name, value)

    return restore
