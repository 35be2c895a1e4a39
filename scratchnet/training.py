"""Training: an epoch after the other, recorded, and undone where one cannot be completed.

`train` is the method `NeuralNetwork.train`. Whatever ends it, a divergence or an interrupt, the network is left as it
was after the last whole epoch: each epoch runs under a `Rollback`.
"""

from __future__ import annotations

import copy
import math
import numbers
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchnet import checks
from scratchnet.layers import snapshot, trusting
from scratchnet.optimizers import SGD, Optimizer, chunks

__all__ = ["Epoch", "TrainingDiverged"]

Samples = tuple[np.ndarray, np.ndarray]  # X (N, d_in) and Y (N, d_out)

ROWS = 2**11  # evaluated at a time, so that they stay in the cache; a training pass needs the whole batch
REMEDIES = "smaller initial weights, or standardized features"


class TrainingDiverged(ArithmeticError):
    """The loss or a parameter became NaN or infinite in batch `batch` of epoch `epoch`, both counted from 0.

    The network, its history, the optimizer and the generator are as they were after the last whole epoch.
    """

    def __init__(self, epoch: int, batch: int, what: str, lr: Any) -> None:
        lr = float(lr) if isinstance(lr, numbers.Real) else None  # a schedule, or a rate for every parameter
        self.epoch, self.batch, self._what, self._lr = epoch, batch, what, lr
        advice = "a smaller learning rate" if lr is None else f"a learning rate below {lr:g}, such as {lr / 10:g}"
        state = "The network and its history are as they were after the last whole epoch."
        super().__init__(f"{what} in epoch {epoch}, batch {batch}. Try {advice}, {REMEDIES}. {state}")

    def __reduce__(self) -> Any:
        return type(self), (self.epoch, self.batch, self._what, self._lr)


class Epoch(NamedTuple):
    """What `train` records of one epoch; the validation fields are None where there was no validation data."""

    loss: float
    """Mean over the batches as they were seen, weighted by their lengths."""
    accuracy: float
    """On the training data, after the epoch."""
    validation_loss: float | None
    """On the validation data, after the epoch."""
    validation_accuracy: float | None
    """On the validation data, after the epoch."""
    grad_norms: tuple[float, ...]
    """‖mean dW of the epoch‖, for every linear layer."""
    update_ratios: tuple[float, ...]
    """‖W_end - W_start‖ / ‖W_start‖, for every linear layer."""


def recorded(field: str, doc: str) -> Any:
    """Make a property that lists one field of every `Epoch` in a network's history."""
    return property(lambda net: [getattr(epoch, field) for epoch in net.history], doc=doc)


def recorded_by_layer(field: str, doc: str) -> Any:
    """Make a property with one field of every `Epoch` as an array (epochs, linear layers)."""
    return property(lambda net: np.array(recorded(field, doc).fget(net)).reshape(-1, len(net._weights)), doc=doc)


def train(
    net: Any,
    X: Any,
    y: Any,
    lr: float = 0.01,
    n_epochs: int = 2000,
    batch_size: int | None = None,
    verbose: bool = True,
    *,
    optimizer: Optimizer | None = None,
    validation: tuple[Any, Any] | None = None,
    on_epoch: Callable[[Any, int], Any] | None = None,
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
    optimizer = SGD(lr) if optimizer is None else optimizer
    checks.optimizer("optimizer", optimizer)
    rng = checks.generator("rng", net.rng if rng is None else rng)
    if not net._is_gathered():
        raise ValueError("net.layers holds parameters that are not in net.theta: continue with copy.deepcopy(net)")
    n_epochs, *task = checked_task(net, X, y, n_epochs, batch_size, validation, on_epoch)

    net._clear_caches()  # a forward pass before this call is no longer fresh
    log_every, lesson = round_step(n_epochs), Pass(net, *task)
    for done in range(n_epochs):
        epoch = len(net.history)  # not first + done: on_epoch may have trained too
        rollback = Rollback(net, optimizer, rng)
        # The outer rollback is for a second interrupt, which falls into the inner one. An interrupt at the end of
        # `quiet` would leave NumPy silent, were it not for `errstate`.
        with np.errstate(), rollback, rollback:
            seen = lesson.run(rng.permutation(lesson.X.shape[-2]), optimizer)
            net.history.append(record(net, seen, lesson, optimizer))
        if verbose and (done % log_every == 0 or done == n_epochs - 1):
            print(log_line(epoch, net.history[-1]))
        if on_epoch is not None:
            on_epoch(net, epoch)


def checked_task(net: Any, X: Any, y: Any, n_epochs: Any, batch_size: Any, validation: Any, on_epoch: Any) -> Any:
    """Return the number of epochs, and what makes a `Pass`, from the arguments of `train`."""
    data = net._data(X, y)
    n_epochs = checks.positive_int("n_epochs", n_epochs)
    batch_size = len(data[0]) if batch_size is None else checks.positive_int("batch_size", batch_size)
    if on_epoch is not None and not callable(on_epoch):
        raise TypeError(f"on_epoch must be a function of (net, epoch), got {on_epoch!r}")
    held_out = None if validation is None else net._data(*checks.pair("validation", validation), "validation ")
    return n_epochs, data, batch_size, held_out


class Rollback:
    """`with Rollback(net, optimizer, rng):` undoes, when an exception leaves the block, all that was trained in it.

    What it puts back is what was there when it was made: parameters, history, the state of the layers, optimizer and
    generator. The objects stay the ones they are, also inside an optimizer. To put it back twice does no harm.
    """

    def __init__(self, net: Any, optimizer: Optimizer, rng: np.random.Generator) -> None:
        self.net, self.rng, self.length, self.theta = net, rng, len(net.history), net.theta.copy()
        self.optimizer, self.shuffling, self.layers = contents(optimizer), rng.bit_generator.state, snapshot(net.layers)

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        """Undo where there was an exception, which goes on."""
        if kind is not None:
            self.undo()

    def undo(self) -> None:
        """Put back what was there."""
        self.net.theta = self.theta
        for call, arguments in self.optimizer:
            call(*arguments)
        self.rng.bit_generator.state = self.shuffling
        self.layers()
        del self.net.history[self.length :]
        self.net._clear_caches()


def contents(thing: Any) -> list[Any]:
    """Return the calls that give `thing`, and every object in it that copy.deepcopy copies, what it holds now.

    They are filled again and not replaced, so that whoever else refers to one of them still does. What can only be
    replaced, such as a deque, becomes the copy. Where all is as it was, an interrupted call changes nothing.
    """
    held = vars(thing)
    if all(type(value) in (int, float, np.ndarray) or name == "_theta" for name, value in held.items()):  # the usual
        arrays = [value for value in held.values() if type(value) is np.ndarray and value.flags.writeable]
        return [*((array.__setitem__, (..., array.copy())) for array in arrays), (refill, (held, dict(held)))]
    copies: dict[int, Any] = {}
    copy.deepcopy(held, copies)
    found, calls = [thing, *copies.pop(id(copies))], list[Any]()
    kinds = list, tuple, dict, np.ndarray, np.random.Generator

    def kept(value: Any) -> Any:
        return value if isinstance(value, kinds) or hasattr(value, "__dict__") else copies.get(id(value), value)

    for part in found:
        held = getattr(part, "__dict__", part)
        if isinstance(part, np.ndarray):
            calls += [(part.__setitem__, (..., copies[id(part)]))] if part.flags.writeable else []
        elif isinstance(part, np.random.Generator):
            calls.append((setattr, (part.bit_generator, "state", copies[id(part)].bit_generator.state)))
        elif isinstance(part, list):
            calls.append((part.__setitem__, (slice(None), [kept(value) for value in part])))
        elif isinstance(held, dict):
            calls.append((refill, (held, {name: kept(value) for name, value in held.items()})))
    return calls


def refill(held: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Give a dict the entries of another."""
    held.update(before)
    for name in held.keys() - before.keys():
        del held[name]


class Pass:
    """A pass through the data, which `run` takes again and again into the same arrays."""

    def __init__(self, net: Any, data: Samples, batch_size: int, held_out: Samples | None) -> None:
        self.net, self.data, self.held_out, self.layers, self.fast = net, data, held_out, list[Any](), net
        self.rows = [slice(first, first + batch_size) for first in range(0, len(data[0]), batch_size)]
        self.X, self.Y, self.Z = (np.empty((*net.theta.shape[:-1], *A.shape), A.dtype) for A in (*data, data[1]))
        self.batches = [[A[..., rows, :] for A in (self.X, self.Y, self.Z)] for rows in self.rows]

    def run(self, order: np.ndarray, optimizer: Any) -> list[np.ndarray | None]:
        """Take a step for every batch of the samples in this order (N,), or (K, N) for a stack of networks.

        Returns targets and logits as they were seen, the logits and those of the held-out samples after the pass, the
        mean gradient, and theta before the pass.
        """
        for array, shuffled in zip(self.data, (self.X, self.Y), strict=True):
            np.take(array, order, axis=0, out=shuffled, mode="clip")  # the mode that needs no buffer
        net, theta, grad = self.fast, self.net.theta, self.net.grad
        if self.layers != self.net.layers:  # at first, and when somebody has exchanged a layer
            self.layers, self.fast, net = list(self.net.layers), trusting(self.net), self.net
        plain = getattr(optimizer.step, "__func__", None) is STEP
        step = optimizer.prepare(theta, grad) if plain else lambda: optimizer.step(theta, grad)
        start, mean_grad = theta.copy(), np.zeros_like(grad)
        pieces = [(mean_grad[..., part], grad[..., part]) for part in chunks(grad.shape[-1])]
        with quiet():
            for X, Y, Z in self.batches:
                Z_batch = net._logits(X, training=True)
                net._backward(net.output.backward(net.output.forward(Z_batch), Y))
                Z[...] = Z_batch
                step()
                for mean, part in pieces:
                    mean += X.shape[-2] / order.shape[-1] * part
                net = self.fast  # whose layers do not look at what they are given: they have, at the first batch
            after = [None if A is None else logits(net, A) for A in (self.X, self.held_out and self.held_out[0])]
        return [self.Y, self.Z, *after, mean_grad, start]


STEP = Optimizer.step  # which `prepare` may take the place of, where nobody has written another


def logits(net: Any, X: np.ndarray) -> np.ndarray:
    """Return the logits for X (..., N, d_in) without training, so many rows at a time that they stay in the cache."""
    pieces = chunks(X.shape[-2], max(ROWS // math.prod(X.shape[:-2]), 2**6))  # rows of all networks of a stack
    return np.concatenate([net._logits(X[..., rows, :], training=False) for rows in pieces], axis=-2)


def record(net: Any, seen: list[Any], lesson: Pass, optimizer: Any) -> Epoch:
    """Return what happened in an epoch of a network; raise TrainingDiverged where a number of it is not finite."""
    Y, Z, after, held_out, mean_grad, start = seen
    with quiet():
        mean_loss = float(net.output.loss(Z, Y))  # of every batch as it was seen
        if not math.isfinite(mean_loss):
            losses = [float(net.output.loss(Z[rows], Y[rows])) for rows in lesson.rows]
            batch = int(np.argmin(np.isfinite(losses)))  # the first; 0 if only their sum overflowed
            raise _diverged(net, batch, f"the loss became {losses[batch]:g}", optimizer)
        loss, accuracy = net._score(after, Y)
        held = (None, None) if lesson.held_out is None else net._score(held_out, lesson.held_out[1])
        norms, changes, sizes = (norms_by_layer(net, vector) for vector in (mean_grad, net.theta - start, start))
        found = [("the predictions", after), ("the predictions", held_out), ("the loss", loss)]
        found += [("the validation loss", held[0]), ("a gradient", sum(norms)), ("a parameter", net.theta)]
        found += [(f"the optimizer's {name}", getattr(optimizer, name)) for name in getattr(optimizer, "memory", ())]
        for what, values in found:  # a square may be too large, then look at each
            if values is not None and not (math.isfinite(np.vdot(values, values)) or np.isfinite(values).all()):
                raise _diverged(net, len(lesson.rows) - 1, f"{what} overflowed", optimizer)
    return Epoch(mean_loss, accuracy, held[0], held[1], norms, tuple(map(ratio, changes, sizes)))


def _diverged(net: Any, batch: int, what: str, optimizer: Optimizer) -> TrainingDiverged:
    return TrainingDiverged(len(net.history), batch, what, getattr(optimizer, "lr", None))


def norms_by_layer(net: Any, vector: np.ndarray) -> tuple[float, ...]:
    """Return the Euclidean norm of every linear layer's part of a vector like theta, its biases left out."""
    vector = vector.astype(np.float64, copy=False)  # a square may be too large for float32
    return tuple(norm(vector[part]) for part in net._weights)


def quiet() -> np.errstate:
    """Silence NumPy where this package itself looks for what has overflowed, and raises."""
    return np.errstate(over="ignore", invalid="ignore")


def round_step(n_epochs: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … that divides n_epochs into at most six parts."""
    step = 1
    while n_epochs / step > 6:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def log_line(epoch: int, record: Epoch) -> str:
    """Return what is printed of the epoch with this number."""
    line = f"epoch {epoch:5d}  loss {record.loss:.4f}  accuracy {record.accuracy:.3f}"
    if record.validation_loss is not None:
        line += f"  held-out loss {record.validation_loss:.4f}  accuracy {record.validation_accuracy:.3f}"
    return line


def norm(v: np.ndarray) -> float:
    """Return the Euclidean norm ‖v‖ of a float64 vector, also where the squares vanish or overflow; NaN stays NaN."""
    square = float(v @ v)
    if 1e-280 < square < math.inf:
        return math.sqrt(square)
    size = np.abs(v).max()  # the squares have vanished or overflowed
    return float(size * math.sqrt((v / size) @ (v / size))) if size != 0 else 0.0


def ratio(change: float, size: float) -> float:
    """Return change / size; weights that start at zero and stay there have changed by 0."""
    return change / size if size > 0 else (0.0 if change == 0 else float("inf"))
