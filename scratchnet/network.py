"""The network: a list of layers, one vector of parameters, and the loop that trains it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnet import checks
from scratchnet.dropout import Dropout
from scratchnet.history import REMEDIES, Epoch, TrainingDiverged, log_line, norm, ratio, round_step
from scratchnet.initializers import xavier
from scratchnet.layers import Initializer, Layer, LinearLayer, ReLU, in_place, remember
from scratchnet.losses import Output, SigmoidCrossEntropy
from scratchnet.normalization import BatchNorm
from scratchnet.optimizers import SGD, Optimizer, blocks

Samples = tuple[np.ndarray, np.ndarray]  # X (N, d_in) and Y (N, d_out)

ROWS = 2**11  # evaluated at a time, so that they stay in the cache; a training pass needs the whole batch


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

    theta = in_place("theta")
    grad = in_place("grad")

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
        """Gather all parameters and gradients in two vectors and turn the layers' arrays into views of them."""
        arrays = [(layer, name) for layer in self.layers for name in layer.params]
        size = sum(getattr(layer, name).size for layer, name in arrays)
        theta, grad = np.zeros(size, self.dtype), np.zeros(size, self.dtype)
        self._weights: list[slice] = []  # where in theta the W of each linear layer is
        stop = 0
        for layer, name in arrays:
            array = getattr(layer, name)
            start, stop = stop, stop + array.size
            for vector, attribute in ((theta, name), (grad, "d" + name)):
                view = vector[start:stop].reshape(array.shape)
                view[...] = getattr(layer, attribute, 0)
                layer.__dict__["_" + attribute] = view
            if name == "W":
                self._weights.append(slice(start, stop))
        self.__dict__.update(_theta=theta, _grad=grad)

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
        pieces = (slice(None),) if training else blocks(len(X), ROWS)
        with _quiet():
            Z = np.concatenate([self._logits(X[rows], training) for rows in pieces])
        if not np.isfinite(Z).all():
            raise OverflowError(f"the predictions overflowed: try a smaller learning rate, {REMEDIES}")
        return Z

    def update(self, lr: float) -> None:
        """Take one step of gradient descent in every layer. Raises RuntimeError before the first backward."""
        lr = checks.number("lr", lr)
        with _quiet():
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
        y_pred = checks.same_shape("y_pred", checks.finite("y_pred", y_pred, self.dtype), self._awaiting)
        y_true = self._targets("y_true", y_true, len(y_pred))
        self._awaiting = None
        with _quiet():
            return self._backward(self.output.backward(y_pred, y_true))

    def _forget(self) -> None:
        """Drop what forward passes have kept, so that `backward` needs a new one."""
        self._awaiting = None
        for layer in self.layers:
            layer.forget()

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
        Z = self._finite_logits(X, training=False)
        with _quiet():
            return float(self.output.loss(Z, Y)), self.output.accuracy(self.output.forward(Z), Y)

    def _targets(self, name: str, y: Any, n_rows: int) -> np.ndarray:
        Y = checks.same_shape(name, checks.finite(name, y, self.dtype), (n_rows, self.layer_dims[-1]))
        self.output.check_targets(Y, name)
        return Y

    def _data(self, X: Any, y: Any, kind: str = "") -> Samples:
        X = checks.squarable(kind + "X", checks.samples(kind + "X", X, self.layer_dims[0], self.dtype))
        return X, self._targets(kind + "y", y, len(X))

    # Training

    def train(
        self,
        X: Any,
        y: Any,
        lr: float = 0.01,
        n_epochs: int = 2000,
        batch_size: int | None = None,
        verbose: bool = True,
        *,
        optimizer: Optimizer | None = None,
        validation: tuple[Any, Any] | None = None,
        on_epoch: Callable[[NeuralNetwork, int], Any] | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Train on X (N, d_in) and y (N, d_out), adding one `Epoch` to `history` for each of n_epochs.

        Every epoch shuffles the samples and walks through them in batches of batch_size (all of them if None),
        the last of which may be short. optimizer: `SGD(lr)` unless one is given, which brings its own lr.
        validation: (X, y) to evaluate after every epoch. on_epoch(net, epoch) is called after every epoch,
        numbered over all calls. rng: the generator that shuffles, the network's own unless given.

        Raises TypeError or ValueError for bad arguments before anything has changed, TrainingDiverged for a
        loss or parameter that is not finite. Then, or when interrupted, parameters, history, optimizer and
        generator are as after the last whole epoch, and a second call goes on from there.
        """
        X, Y = self._data(X, y)
        optimizer = SGD(lr) if optimizer is None else optimizer
        n_epochs = checks.positive_int("n_epochs", n_epochs)
        batch_size = len(X) if batch_size is None else checks.positive_int("batch_size", batch_size)
        checks.optimizer("optimizer", optimizer)
        rng = checks.generator("rng", self.rng if rng is None else rng)
        if on_epoch is not None and not callable(on_epoch):
            raise TypeError(f"on_epoch must be a function of (net, epoch), got {on_epoch!r}")
        if any(getattr(layer, name).base is not self.theta for layer in self.layers for name in layer.params):
            raise ValueError("net.layers holds parameters that are not in net.theta: continue with copy.deepcopy(net)")
        held_out = None if validation is None else self._data(*checks.pair("validation", validation), "validation ")

        self._forget()  # a forward pass before this call is no longer fresh
        log_every = round_step(n_epochs)
        for done in range(n_epochs):
            epoch = len(self.history)  # not first + done: on_epoch may have trained too
            before = self.theta.copy(), copy.deepcopy(vars(optimizer)), rng.bit_generator.state, remember(self.layers)
            try:
                try:
                    self.history.append(self._epoch((X, Y), batch_size, optimizer, held_out, rng))
                except BaseException:
                    self._restore(epoch, optimizer, rng, before)
                    raise
            except BaseException:  # once more, for an interrupt that fell into the line above
                self._restore(epoch, optimizer, rng, before)
                raise
            if verbose and (done % log_every == 0 or done == n_epochs - 1):
                print(log_line(epoch, self.history[-1]))
            if on_epoch is not None:
                on_epoch(self, epoch)

    def _restore(self, epoch: int, optimizer: Optimizer, rng: np.random.Generator, before: Any) -> None:
        self.theta, optimizer.__dict__, rng.bit_generator.state, restore_layers = before
        restore_layers()
        del self.history[epoch:]
        self._forget()

    def _epoch(
        self, data: Samples, batch_size: int, optimizer: Optimizer, held_out: Samples | None, rng: np.random.Generator
    ) -> Epoch:
        """Pass once through the shuffled data and return what happened."""
        order = rng.permutation(len(data[0]))
        X, Y = data[0][order], data[1][order]
        batches = [slice(first, first + batch_size) for first in range(0, len(X), batch_size)]
        theta, grad = self.theta, self.grad
        start, mean_grad, Z = theta.copy(), np.zeros_like(grad), np.empty_like(Y)
        with _quiet():
            for rows in batches:
                Z_batch = self._logits(X[rows], training=True)
                self._backward(self.output.backward(self.output.forward(Z_batch), Y[rows]))
                Z[rows] = Z_batch
                optimizer.step(theta, grad)
                for block in blocks(len(grad)):
                    mean_grad[block] += len(Z_batch) / len(Z) * grad[block]
            mean_loss = float(self.output.loss(Z, Y))  # of every batch as it was seen
            if not np.isfinite(mean_loss):
                losses = [float(self.output.loss(Z[rows], Y[rows])) for rows in batches]
                batch = int(np.argmin(np.isfinite(losses)))  # the first; 0 if only their sum overflowed
                raise self._diverged(batch, f"the loss became {losses[batch]:g}", optimizer)
            last = len(batches) - 1
            try:
                loss, accuracy = self._evaluate(X, Y)
                held = self._evaluate(*held_out) if held_out is not None else (None, None)
            except OverflowError:
                raise self._diverged(last, "the predictions overflowed", optimizer) from None
            norms, changes, sizes = map(self._norms, (mean_grad, theta - start, start))
            found = {
                "the loss": loss,
                "the validation loss": held[0] or 0.0,
                "a gradient": sum(norms),
                "a parameter": theta,
            }
            found |= {f"the optimizer's {name}": getattr(optimizer, name) for name in getattr(optimizer, "memory", ())}
            for what, values in found.items():
                if not np.isfinite(values).all():
                    raise self._diverged(last, f"{what} overflowed", optimizer)
        ratios = tuple(map(ratio, changes, sizes))
        return Epoch(mean_loss, accuracy, held[0], held[1], norms, ratios)

    def _norms(self, vector: np.ndarray) -> tuple[float, ...]:
        """Return the Euclidean norm of every linear layer's part of a vector like theta, its biases left out."""
        vector = vector.astype(np.float64, copy=False)  # a square may be too large for float32
        return tuple(norm(vector[w]) for w in self._weights)

    def _diverged(self, batch: int, what: str, optimizer: Optimizer) -> TrainingDiverged:
        return TrainingDiverged(len(self.history), batch, what, getattr(optimizer, "lr", None))

    def save(self, path: Any, optimizer: Optimizer | None = None, rng: np.random.Generator | None = None) -> None:
        """Write the network, its history, and what `train` was given into a file; see `scratchnet.storage.save`."""
        from scratchnet import storage  # which knows this class

        storage.save(self, path, optimizer, rng)

    # History, one entry an epoch

    @property
    def loss_history(self) -> list[float]:
        """Training loss of every epoch."""
        return [epoch.loss for epoch in self.history]

    @property
    def accuracy_history(self) -> list[float]:
        """Training accuracy after every epoch."""
        return [epoch.accuracy for epoch in self.history]

    @property
    def validation_loss_history(self) -> list[float | None]:
        """Loss on the validation data after every epoch, None where there was none."""
        return [epoch.validation_loss for epoch in self.history]

    @property
    def validation_accuracy_history(self) -> list[float | None]:
        """Accuracy on the validation data after every epoch, None where there was none."""
        return [epoch.validation_accuracy for epoch in self.history]

    @property
    def grad_norms(self) -> np.ndarray:
        """‖mean dW of the epoch‖, shape (epochs, linear layers)."""
        return np.array([epoch.grad_norms for epoch in self.history]).reshape(-1, len(self._weights))

    @property
    def update_ratios(self) -> np.ndarray:
        """‖W_end - W_start‖ / ‖W_start‖ of every epoch, shape (epochs, linear layers)."""
        return np.array([epoch.update_ratios for epoch in self.history]).reshape(-1, len(self._weights))


def _quiet() -> np.errstate:
    """Silence NumPy where this module itself looks for what has overflowed, and raises."""
    return np.errstate(over="ignore", invalid="ignore")
