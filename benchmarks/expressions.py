"""What each way of writing gains: the plain expression against the one in the library, on the chapter's shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from benchmarks.results import SCRATCHNET, Case
from benchmarks.task import CHAPTER
from benchmarks.timing import Job, interleave
from scratchnet import SGD, Adam, NeuralNetwork, Optimizer, relu
from scratchnet.training import ROWS

PLAIN = "plain"


def measure(seconds: float, chunk: float) -> Iterator[Case]:
    """Yield the seconds of each expression, in float32."""
    rng = np.random.default_rng(0)
    net = NeuralNetwork(CHAPTER, seed=42, dtype=np.float32)
    net.grad = rng.standard_normal(net.grad.shape)
    arrays = [(getattr(layer, name), getattr(layer, "d" + name)) for layer in net.layers for name in layer.params]
    Z = rng.standard_normal((64, 64), dtype=np.float32)
    ones, db = np.ones((1, 64), np.float32), np.zeros((1, 64), np.float32)
    many = rng.standard_normal((90_000, 2), dtype=np.float32)
    theta, gradient = rng.standard_normal((2, 2**22), dtype=np.float32)
    descent, adam, at_once, by_blocks = SGD(1e-3), Adam(1e-3), Adam(1e-3), Adam(1e-3)
    each = [Adam(1e-3) for _ in arrays]
    m, v = np.zeros((2, theta.size), np.float32)

    def all_layers(X: np.ndarray) -> np.ndarray:
        for layer in net.layers:
            X = layer.forward(X, training=False)
        return X

    def whole() -> None:
        at_once.t += 1
        at_once.rule(theta, gradient, m, v)

    def array_by_array(optimizers: Sequence[Optimizer]) -> None:
        for optimizer, (W, dW) in zip(optimizers, arrays, strict=True):
            optimizer.step(W, dW)

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "ReLU of 64 × 64: compared with 0, with an array of zeros": (lambda: np.maximum(Z, 0), lambda: relu(Z)),
        "sum over 64 rows: sum, a product with ones": (
            lambda: Z.sum(axis=-2, keepdims=True),
            lambda: np.matmul(ones, Z, out=db),
        ),
        "SGD on 2817 parameters: eight arrays, one vector": (
            lambda: array_by_array([descent] * len(arrays)),
            lambda: descent.step(net.theta, net.grad),
        ),
        "Adam on 2817 parameters: eight arrays, one vector": (
            lambda: array_by_array(each),
            lambda: adam.step(net.theta, net.grad),
        ),
        "Adam on 4 million parameters: at once, in pieces": (whole, lambda: by_blocks.step(theta, gradient)),
        f"90 000 predictions: at once, {ROWS} rows at a time": (
            lambda: all_layers(many),
            lambda: [all_layers(many[i : i + ROWS]) for i in range(0, len(many), ROWS)],
        ),
    }
    for name, (plain, ours) in pairs.items():
        jobs = {PLAIN: partial(_repeated, plain), SCRATCHNET: partial(_repeated, ours)}
        yield Case("expressions", name, interleave(jobs, seconds=seconds, chunk=chunk))


def _repeated(f: Callable[[], object]) -> Job:
    def job(n: int) -> None:
        for _ in range(n):
            f()

    return job
