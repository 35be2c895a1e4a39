"""The contenders: here those that need only NumPy, scratchnet, the published code's arithmetic and the floor.

A contender is prepared from a `Task` and then called with a number of epochs to train.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.frameworks import FRAMEWORKS, Sklearn, Torch
from benchmarks.results import FLOOR, FLOOR_EVALUATED, SCRATCHNET
from benchmarks.task import Task
from scratchnet import SGD, Adam, LinearLayer


class Scratchnet:
    """The library, by its public names."""

    def __init__(self, task: Task) -> None:
        self.task, self.net = task, task.network()
        self.optimizer = {"SGD": SGD, "Adam": Adam}[task.optimizer](task.lr)

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        self.net.train(
            self.task.X,
            self.task.y,
            n_epochs=n_epochs,
            batch_size=self.task.batch_size,
            verbose=False,
            optimizer=self.optimizer,
        )

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of class 1."""
        return self.net.predict_proba(X)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of every linear layer."""
        return [(layer.W, layer.b) for layer in self.net.layers if isinstance(layer, LinearLayer)]

    def history(self) -> list[tuple[float, ...]]:
        """Loss, accuracy, gradient norms and update ratios of every epoch."""
        return [(epoch.loss, epoch.accuracy, *epoch.grad_norms, *epoch.update_ratios) for epoch in self.net.history]


class PublishedLinear:
    """Z = X W + b, with arrays of its own that a step replaces."""

    def __init__(self, W: np.ndarray, b: np.ndarray) -> None:
        self.W, self.b = W.copy(), b.copy()
        self.moments = [np.zeros_like(array) for array in (W, W, b, b)]

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return X W + b."""
        self.X = X
        return X @ self.W + self.b

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        """Keep dW = Xᵀ dZ and db = Σ dZ, return dX = dZ Wᵀ."""
        self.dW = self.X.T @ dZ
        self.db = np.sum(dZ, axis=0, keepdims=True)
        return dZ @ self.W.T

    def sgd(self, lr: float) -> None:
        """W ← W - lr dW, and b likewise."""
        self.W = self.W - lr * self.dW
        self.b = self.b - lr * self.db

    def adam(self, lr: float, t: int, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        """Kingma and Ba's Algorithm 1, array by array."""
        mW, vW, mb, vb = self.moments
        mW = beta1 * mW + (1 - beta1) * self.dW
        vW = beta2 * vW + (1 - beta2) * self.dW**2
        mb = beta1 * mb + (1 - beta1) * self.db
        vb = beta2 * vb + (1 - beta2) * self.db**2
        self.W = self.W - lr * (mW / (1 - beta1**t)) / (np.sqrt(vW / (1 - beta2**t)) + eps)
        self.b = self.b - lr * (mb / (1 - beta1**t)) / (np.sqrt(vb / (1 - beta2**t)) + eps)
        self.moments = [mW, vW, mb, vb]


class PublishedReLU:
    """A = max(Z, 0), by a mask."""

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return Z where Z > 0, else 0."""
        self.mask = Z > 0
        return np.where(self.mask, Z, Z.dtype.type(0))

    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return dA where Z > 0, else 0."""
        return dA * self.mask


def published_sigmoid(Z: np.ndarray) -> np.ndarray:
    """1 / (1 + e⁻ᶻ) and e^z / (1 + e^z), each where it does not overflow."""
    Z = np.clip(Z, -80, 80)
    return np.where(Z >= 0, 1 / (1 + np.exp(-Z)), np.exp(Z) / (1 + np.exp(Z)))


class Published:
    """The published code's arithmetic: a layer and an array at a time, an expression a formula.

    It differs in one thing, the gradient is divided by the length of the batch once, so that it learns the same.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.rng = task, np.random.default_rng(task.seed + len(task.dims) - 1)
        self.linear = [PublishedLinear(W, b) for W, b in task.weights()]
        self.layers: list[Any] = []
        for layer in self.linear:
            self.layers += [layer, PublishedReLU()]
        self.layers.pop()
        self.t = 0
        self.recorded: list[tuple[float, ...]] = []

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of class 1."""
        for layer in self.layers:
            X = layer.forward(X)
        return published_sigmoid(X)

    def step(self, X: np.ndarray, y: np.ndarray) -> float:
        """One training step; return the loss of the batch."""
        Y_pred = self.predict_proba(X)
        p = np.clip(Y_pred, 1e-7, 1 - 1e-7)
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        dZ = (Y_pred - y) / len(y)
        for layer in reversed(self.layers):
            dZ = layer.backward(dZ)
        self.t += 1
        for layer in self.linear:
            if self.task.optimizer == "SGD":
                layer.sgd(self.task.lr)
            else:
                layer.adam(self.task.lr, self.t)
        return float(loss)

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        X, y = self.task.X, self.task.y
        for _ in range(n_epochs):
            order = self.rng.permutation(len(X))
            start, mean_loss = [layer.W for layer in self.linear], 0.0
            mean = [np.zeros_like(W) for W in start]
            for rows in self.task.batches:
                loss = self.step(X[order[rows]], y[order[rows]])
                if self.task.histories:
                    share = len(order[rows]) / len(X)
                    mean_loss += share * loss
                    mean = [m + share * layer.dW for m, layer in zip(mean, self.linear, strict=True)]
            if self.task.histories:
                accuracy = float(np.mean((self.predict_proba(X) >= 0.5) == (y == 1)))
                norms = [float(np.linalg.norm(m)) for m in mean]
                ratios = [
                    float(np.linalg.norm(layer.W - W) / np.linalg.norm(W))
                    for layer, W in zip(self.linear, start, strict=True)
                ]
                self.recorded.append((mean_loss, accuracy, *norms, *ratios))

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of every linear layer."""
        return [(layer.W, layer.b) for layer in self.linear]

    def history(self) -> list[tuple[float, ...]]:
        """Loss, accuracy, gradient norms and update ratios of every epoch."""
        return self.recorded


class ByHand:
    """The library's arithmetic with SGD, written out for this one network, with ready arrays and nothing else.

    What is left beside the floor is what NumPy takes for everything that is no matrix product.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.rng = task, np.random.default_rng(task.seed + len(task.dims) - 1)
        net = task.network()
        self.theta, self.grad = net.theta, net.grad
        self.linear = [layer for layer in net.layers if isinstance(layer, LinearLayer)]
        self.ready = {len(task.X[rows]): self._arrays(len(task.X[rows])) for rows in task.batches}

    def _arrays(self, n: int) -> tuple[list[Any], np.ndarray]:
        """Ready arrays for batches of n: of every layer its W, b, dW, db, Z, A, zeros and dA, and a row of ones."""
        dtype, layers = self.theta.dtype, list[Any]()
        for layer in self.linear:
            Z, A, zeros = np.zeros((3, n, layer.W.shape[1]), dtype)
            layers.append((layer.W, layer.b, layer.dW, layer.db, Z, A, zeros, np.zeros((n, layer.W.shape[0]), dtype)))
        return layers, np.ones((1, n), dtype)

    def step(self, X: np.ndarray, y: np.ndarray) -> None:
        """One training step."""
        layers, ones = self.ready[len(X)]
        inputs = [X, *(A for *_, A, _, _ in layers)]
        for (W, b, _, _, Z, A, zeros, _), A_before in zip(layers, inputs, strict=False):
            np.matmul(A_before, W, out=Z)
            np.add(Z, b, out=Z)
            np.maximum(Z, zeros, out=A)
        dZ = (np.exp(np.minimum(Z, 0)) / (1 + np.exp(-np.abs(Z))) - y) / len(X)
        for (W, _, dW, db, *_, dA), A_before in zip(reversed(layers), inputs[-2::-1], strict=True):
            np.matmul(A_before.T, dZ, out=dW)
            np.matmul(ones, dZ, out=db)
            if A_before is not X:
                np.matmul(dZ, W.T, out=dA)
                np.multiply(dA, (A_before > 0).astype(dA.dtype), out=dA)
                dZ = dA
        self.theta -= self.task.lr * self.grad

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        for _ in range(n_epochs):
            order = self.rng.permutation(len(self.task.X))
            X, y = self.task.X[order], self.task.y[order]
            for rows in self.task.batches:
                self.step(X[rows], y[rows])

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of every linear layer."""
        return [(layer.W, layer.b) for layer in self.linear]


class Floor:
    """The matrix products of an epoch alone, into ready buffers: nothing is learned.

    A step has Z = A W and dW = Aᵀ dZ for every layer, and dA = dZ Wᵀ for every layer but the first. With
    `histories` an epoch ends with the products Z = A W for all samples, as an evaluation needs them.
    """

    def __init__(self, task: Task) -> None:
        weights = [W for W, _ in task.weights()]
        self.products = [p for rows in task.batches for p in training_products(task.X[rows], weights)]
        if task.histories:
            self.products += forward_products(task.X, weights)

    def __call__(self, n_epochs: int) -> None:
        """Multiply."""
        matmul, products = np.matmul, self.products
        for _ in range(n_epochs):
            for A, B, out in products:
                matmul(A, B, out)

    @property
    def flops(self) -> int:
        """Multiplications and additions of an epoch."""
        return sum(2 * A.shape[0] * A.shape[1] * B.shape[1] for A, B, _ in self.products)


def floor_flops(task: Task) -> dict[str, float]:
    """Multiplications and additions of a step, averaged over an epoch, without and with the evaluation."""
    return {FLOOR: Floor(task.alone()).flops / task.steps, FLOOR_EVALUATED: Floor(task).flops / task.steps}


Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def forward_products(X: np.ndarray, weights: list[np.ndarray]) -> list[Product]:
    """Z = A W for every layer: the factors and the buffer for the result, which is the next A."""
    products: list[Product] = []
    for W in weights:
        Z = np.zeros((len(X), W.shape[1]), X.dtype)
        products.append((X, W, Z))
        X = Z
    return products


def training_products(X: np.ndarray, weights: list[np.ndarray]) -> list[Product]:
    """The products of one training step in the order in which it needs them."""
    products = forward_products(X, weights)
    dZ = np.full_like(products[-1][2], 1 / len(X))
    for A, W, _ in reversed(products[:]):
        products.append((A.T, dZ, np.zeros_like(W)))
        if A is not X:
            dA = np.zeros_like(A)
            products.append((dZ, W.T, dA))
            dZ = dA
    return products


def everyone() -> dict[str, Callable[..., Any]]:
    """Every contender that learns, by its name; PyTorch and scikit-learn where they are installed."""
    contenders: dict[str, Callable[..., Any]] = {SCRATCHNET: Scratchnet, "published arithmetic": Published}
    if FRAMEWORKS:
        contenders |= {"PyTorch": Torch, "scikit-learn": Sklearn}
    return contenders
