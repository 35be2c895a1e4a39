"""The network: a list of layers, one vector of parameters, and the three loops over the layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnet import checks, storage
from scratchnet.dropout import Dropout
from scratchnet.initializers import xavier
from scratchnet.layers import Initializer, Layer, LinearLayer, ReLU
from scratchnet.losses import Output, SigmoidCrossEntropy
from scratchnet.normalization import BatchNorm
from scratchnet.parameters import fixed_array, gather
from scratchnet.training import REMEDIES, Epoch, Samples, logits, quiet, recorded, recorded_by_layer, train

__all__ = ["NeuralNetwork", "load"]


class NeuralNetwork:
    """[Linear → batch norm → activation → dropout] for every hidden layer, then Linear and an output pair.

    layer_dims: sizes from input to output, [2, 64, 32, 16, 1] has two features, three hidden layers, one output.
    seed: the i-th linear layer is drawn from seed + i, the shuffling from the next number, the dropout layers from
    those after it; None is a fresh start.
    activation: a `Layer` class for the hidden layers. init: a function of (d_in, d_out, rng).
    output: an `Output` class, the last activation together with its loss. dtype: float64 or float32, kept throughout.
    batch_norm: whether there is a `BatchNorm` in every hidden layer. dropout: the rate of a `Dropout`, 0 for none.

    `theta` holds all parameters in one vector and `grad` all gradients; W, b, dW, db of a layer are views of
    them. `history` has one `Epoch` for every epoch trained. Raises TypeError or ValueError for bad arguments.
    """

    theta = fixed_array("theta")
    grad = fixed_array("grad")

    def __init__(
        self,
        layer_dims: Sequence[int],
        seed: int | None = None,
        *,
        activation: Callable[[], Layer] = ReLU,
        init: Initializer = xavier,
        output: Callable[[], Output] = SigmoidCrossEntropy,
        dtype: Any = np.float64,
        batch_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        dims, seed, layers = checks.layer_dims(layer_dims), checks.seed(seed), list[Layer]()
        n_linear, dropout = len(dims) - 1, checks.number("dropout", dropout, high=1.0, include_low=True)
        for i, (d_in, d_out) in enumerate(zip(dims, dims[1:], strict=False)):
            layers.append(LinearLayer(d_in, d_out, None if seed is None else seed + i, init=init, dtype=dtype))
            after: list[Layer] = [BatchNorm(d_out, dtype=dtype)] if checks.boolean("batch_norm", batch_norm) else []
            after.append(checks.made("activation", activation, Layer, "such as ReLU"))
            after += [Dropout(dropout, None if seed is None else seed + n_linear + 1 + i)] if dropout else []
            layers += after
        del layers[-len(after) :]  # nothing follows the last linear layer but the output pair
        self._assemble(layers, output, None if seed is None else seed + n_linear)

    @classmethod
    def from_layers(
        cls, layers: Sequence[Layer], *, output: Callable[[], Output] = SigmoidCrossEntropy, seed: int | None = None
    ) -> NeuralNetwork:
        """Make a network of layers that exist, in this order, with an output pair at the end.

        ```python
        net = NeuralNetwork.from_layers([LinearLayer(2, 8, seed=0), Tanh(), LinearLayer(8, 1, seed=1)])
        ```

        The layers become part of the network: their arrays become views of its `theta`. seed: of the generator
        that shuffles. Raises TypeError for anything but layers, ValueError where one does not fit the next.
        """
        if not isinstance(layers, list | tuple) or not all(isinstance(layer, Layer) for layer in layers):
            raise TypeError(f"layers must be a list of layers, such as [LinearLayer(2, 1)], got {layers!r}")
        linear = [layer for layer in layers if isinstance(layer, LinearLayer)]
        if not linear or len({id(layer) for layer in layers}) < len(layers):
            raise ValueError("layers must hold at least one LinearLayer, and none of them twice")
        if len({layer.W.dtype for layer in linear}) > 1:
            raise ValueError(f"layers must have one dtype, got {[str(layer.W.dtype) for layer in linear]}")
        if any(getattr(layer, name).base is not None for layer in layers for name in layer.params):
            raise ValueError("layers must not belong to another network: pass copy.deepcopy(layer) instead")
        X = np.zeros((1, linear[0].W.shape[0]), linear[0].W.dtype)
        for layer in layers:  # one that does not fit the layer before it says so here
            X = layer.forward(X, training=False)
        net = cls.__new__(cls)
        net._assemble(list(layers), output, checks.seed(seed))
        return net

    def _assemble(self, layers: list[Layer], output: Callable[[], Output], seed: int | None) -> None:
        linear = [layer for layer in layers if isinstance(layer, LinearLayer)]
        self.layers = layers
        self.layer_dims = [linear[0].W.shape[0], *[layer.W.shape[1] for layer in linear]]
        self.dtype = linear[0].W.dtype
        self.output = checks.made("output", output, Output, "such as SigmoidCrossEntropy")
        self.rng = np.random.default_rng(seed)
        self.history: list[Epoch] = []
        self._awaiting: tuple[int, ...] | None = None  # shape of the predictions that backward has not seen yet
        self._bind()

    def _bind(self) -> None:
        """Gather all parameters and gradients in theta and grad, see `parameters`."""
        theta, grad, self._weights = gather(self.layers, self.dtype)
        self.__dict__.update(_theta=theta, _grad=grad)

    def _is_gathered(self) -> bool:
        """Whether every parameter of the layers still lies in theta; false for a layer that was added since."""
        return all(getattr(layer, name).base is self.theta for layer in self.layers for name in layer.params)

    def __getstate__(self) -> dict[str, Any]:
        """What copy.deepcopy and pickle see: theta and grad stay out, the layers hold their values."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_theta", "_grad")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, and make the layers' arrays views of new vectors."""
        self.__dict__.update(state)
        self._bind()

    __copy__ = copy.deepcopy  # a shallow copy would take the layers away from this network's vectors

    # The three loops that are a neural network

    def _logits(self, X: np.ndarray, training: bool) -> np.ndarray:
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def _backward(self, dZ: np.ndarray) -> np.ndarray:
        for layer in reversed(self.layers):
            dZ = layer.backward(dZ)
        return dZ

    def _finite_logits(self, X: np.ndarray, training: bool) -> np.ndarray:
        with quiet():
            Z = self._logits(X, training) if training else logits(self, X)
        if not np.isfinite(Z).all():
            raise OverflowError(f"the predictions overflowed: try a smaller learning rate, {REMEDIES}")
        return Z

    def update(self, lr: float) -> None:
        """Take one step of gradient descent in every layer. Raises RuntimeError before the first backward."""
        lr = checks.number("lr", lr)
        with quiet():
            for layer in self.layers:
                layer.update(lr)

    # One batch at a time

    def forward(self, X: Any, training: bool = True) -> np.ndarray:
        """Return the predictions for X (N, d_in): probabilities, shape (N, d_out).

        With training=True every layer keeps what `backward` needs; with False nothing is kept or disturbed.
        Raises ValueError or TypeError for anything but a finite real matrix with d_in columns.
        """
        X = checks.squarable("X", checks.samples("X", X, self.layer_dims[0], self.dtype))
        if training:
            self._awaiting = None  # until this pass is complete
        Y_pred = self.output.forward(self._finite_logits(X, training))
        if training:
            self._awaiting = Y_pred.shape
        return Y_pred

    def backward(self, y_pred: Any, y_true: Any) -> np.ndarray:
        """Fill `grad` from the predictions of the last `forward` and the targets; return dL/dX.

        Raises RuntimeError without a fresh forward(X, training=True), ValueError or TypeError for bad targets.
        """
        if self._awaiting is None:
            raise RuntimeError("backward needs a fresh forward(X, training=True) before it")
        y_pred = checks.finite("y_pred", checks.same_shape("y_pred", y_pred, self._awaiting), self.dtype)
        y_true = self._targets("y_true", y_true, len(y_pred))
        self._awaiting = None
        with quiet():
            return self._backward(self.output.backward(y_pred, y_true))

    def _clear_caches(self) -> None:
        """Drop what forward passes have kept, so that `backward` needs a new one."""
        self._awaiting = None
        for layer in self.layers:
            layer.clear_cache()

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return what `forward` returns, without keeping or disturbing anything."""
        return self.forward(X, training=False)

    def predict(self, X: Any) -> np.ndarray:
        """Return labels: 0 or 1 at the threshold 0.5, shape (N, d_out); with softmax the class, shape (N,)."""
        return self.output.predict(self.predict_proba(X))

    def accuracy(self, X: Any, y: Any) -> float:
        """Return the share of rows of X (N, d_in) whose predicted label is that of y (N, d_out)."""
        return self._evaluate(*self._data(X, y))[1]

    def loss(self, X: Any, y: Any) -> float:
        """Return the loss that training lowers, on X (N, d_in) and y (N, d_out)."""
        return self._evaluate(*self._data(X, y))[0]

    def _evaluate(self, X: np.ndarray, Y: np.ndarray) -> tuple[float, float]:
        with quiet():
            return self._score(self._finite_logits(X, training=False), Y)

    def _score(self, Z: np.ndarray, Y: np.ndarray) -> tuple[float, float]:
        return float(self.output.loss(Z, Y)), self.output.accuracy(self.output.forward(Z), Y)

    def _targets(self, name: str, y: Any, n_rows: int) -> np.ndarray:
        Y = checks.finite(name, checks.same_shape(name, y, (n_rows, self.layer_dims[-1])), self.dtype)
        self.output.check_targets(Y, name)
        return Y

    def _data(self, X: Any, y: Any, kind: str = "") -> Samples:
        X = checks.squarable(kind + "X", checks.samples(kind + "X", X, self.layer_dims[0], self.dtype))
        return X, self._targets(kind + "y", y, len(X))

    # Training (training.py), and files (storage.py)

    train = train
    save = storage.save
    load = classmethod(storage.load)

    loss_history = recorded("loss", "Training loss of every epoch.")
    accuracy_history = recorded("accuracy", "Training accuracy after every epoch.")
    validation_loss_history = recorded("validation_loss", "Loss on the validation data after every epoch, or None.")
    validation_accuracy_history = recorded("validation_accuracy", "Accuracy on it after every epoch, or None.")
    grad_norms = recorded_by_layer("grad_norms", "‖mean dW of the epoch‖, shape (epochs, linear layers).")
    update_ratios = recorded_by_layer("update_ratios", "‖W_end - W_start‖ / ‖W_start‖ of every epoch, same shape.")


load = NeuralNetwork.load
