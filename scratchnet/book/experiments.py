"""What several notebooks share: the points, the random stream of the published run, and how a network did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchnet import (
    LinearLayer,
    NeuralNetwork,
    TrainingDiverged,
    he,
    make_moons,
    make_spirals,
    standardize,
    train_together,
)
from scratchnet.layers import Initializer


class Spirals(NamedTuple):
    """The book's points and others, scaled alike: X (400, 2), y (400, 1), X_test (1000, 2), y_test (1000, 1)."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def accuracies(self, net: NeuralNetwork) -> tuple[float, float]:
        """Return the accuracy on the training points and on the held-out points."""
        return net.accuracy(self.X, self.y), net.accuracy(self.X_test, self.y_test)

    def result(self, net: NeuralNetwork, loss: float) -> str:
        """Return loss and accuracies as the end of a caption."""
        training, held_out = self.accuracies(net)
        return f"loss {loss:.3f}, training accuracy {training:.3f}, held-out accuracy {held_out:.3f}."


def spirals() -> Spirals:
    """Make the points of notebook 01: noise 0.25 and seed 7, and seed 8 for the held-out ones."""
    X_raw, labels = make_spirals(n_points=200, noise=0.25, seed=7)
    X_test_raw, test_labels = make_spirals(n_points=500, noise=0.25, seed=8)
    return Spirals(
        standardize(X_raw),
        labels.reshape(-1, 1),
        standardize(X_test_raw, like=X_raw),
        test_labels.reshape(-1, 1),
    )


Pairs = list[tuple[np.ndarray, np.ndarray]]


def draw(seed: int, n_train: int = 20, noise: float = 0.4, make: Callable[..., Any] = make_moons) -> Pairs:
    """Return points for training, for validation and for the test, each a pair X, y, scaled alike.

    Of each class there are n_train, 50 and 500, from three generators of their own.
    """
    raw = make(n_train, noise, seed)
    pairs = raw, make(50, noise, 1000 + seed), make(500, noise, 2000 + seed)
    return [(standardize(X, like=raw[0]), labels.reshape(-1, 1)) for X, labels in pairs]


def reference_rng(after_epochs: int = 0) -> np.random.Generator:
    """Return the generator that shuffles the published run, where it stands after so many epochs of 400 points.

    The published code drew a batch (5, 3) and a target (5, 2) for its gradient check from it first.
    """
    rng = np.random.default_rng(7)
    rng.standard_normal(5 * 3 + 5 * 2)
    for _ in range(after_epochs):
        rng.permutation(400)
    return rng


def independent_seeds(n: int) -> list[int]:
    """Return n seeds of networks that share nothing: 0, 100, 200, …

    The i-th linear layer of a network is drawn from seed + i, as the published run needs it. So layers of networks
    with the seeds 0 and 1 would be equal: spread over such seeds is not spread over independent networks.
    """
    return [100 * i for i in range(n)]


def spread(values: Any) -> str:
    """Return the lowest, middle and highest of some values as text."""
    low, middle, high = np.min(values), np.median(values), np.max(values)
    return f"{low:.3f} to {high:.3f}, median {middle:.3f}"


def median_and_range(values: Any) -> str:
    """Return the middle of some values, and the lowest and the highest, as text of two digits."""
    return f"{np.median(values):.2f} ({np.min(values):.2f} to {np.max(values):.2f})"


def counted(depth: int) -> str:
    """Return "1 hidden layer", "2 hidden layers", …"""
    return f"{depth} hidden layer" + ("s" if depth != 1 else "")


def of_depth(depth: int, lr: float, seed: int = 42) -> tuple[NeuralNetwork, list[np.ndarray]]:
    """Train hidden layers of width 16 on the spirals; return the network, and its theta after 0, 1, … 80 epochs.

    He's weights, batches of 32. A run that diverges ends with its last whole epoch, so there are fewer.
    """
    X, y, *_ = spirals()
    net = NeuralNetwork([2, *[16] * depth, 1], seed=seed, init=he)
    thetas = [net.theta.copy()]

    def keep(net: NeuralNetwork, epoch: int) -> None:
        thetas.append(net.theta.copy())

    with contextlib.suppress(TrainingDiverged):
        net.train(X, y, lr=lr, n_epochs=80, batch_size=32, verbose=False, on_epoch=keep)
    return net, thetas


def all_of_depth(
    depth: int, rates: Sequence[float], seeds: Sequence[int]
) -> list[tuple[NeuralNetwork, list[np.ndarray]]]:
    """Return what `of_depth` does for each pair of a rate and a seed. They train together."""
    X, y, *_ = spirals()
    nets = [NeuralNetwork([2, *[16] * depth, 1], seed=seed, init=he) for seed in seeds]
    thetas = {net: [net.theta.copy()] for net in nets}
    train_together(nets, X, y, rates, 80, 32, on_epoch=lambda net, _: thetas[net].append(net.theta.copy()))
    return [(net, thetas[net]) for net in nets]


def root_mean_square(A: np.ndarray) -> float:
    """Return √mean(A²), the size of an entry."""
    return float(np.sqrt(np.mean(A**2)))


def first_pass(init: Initializer, seed: int, depth: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, before training, the sizes of A by hidden layer, and of dZ and dW by layer."""
    X, y, *_ = spirals()
    net = NeuralNetwork([2, *[32] * depth, 1], seed=seed, init=init)
    A, activations = X, []
    for layer in net.layers[:-1]:
        A = layer.forward(A, training=False)
        activations.append(root_mean_square(A))
    dZ, sizes = net.output.backward(net.forward(X), y), []
    for layer in reversed(net.layers):
        sizes.append(root_mean_square(dZ))
        dZ = layer.backward(dZ)
    weights = [root_mean_square(layer.dW) for layer in net.layers if isinstance(layer, LinearLayer)]
    return np.array(activations[1::2]), np.array(sizes[::-2]), np.array(weights)


def after_each_hidden_layer(net: NeuralNetwork, X: np.ndarray) -> list[np.ndarray]:
    """Return what the hidden layers make of X (N, d_in): one (N, d) after every ReLU."""
    A, outputs = X, []
    for layer in net.layers[:-1]:
        A = layer.forward(A, training=False)
        outputs.append(A)
    return outputs[1::2]


def principal_components(A: np.ndarray) -> np.ndarray:
    """Return the coordinates (N, 2) of A (N, d) along the two directions of largest spread."""
    U, S, _ = np.linalg.svd(A - A.mean(axis=0), full_matrices=False)
    return U[:, :2] * S[:2]


def logit_and_spread(A: np.ndarray, last: LinearLayer) -> np.ndarray:
    """Return coordinates (N, 2) of A (N, d): the logit A W + b, and the largest spread at right angles to W."""
    logit = last.forward(A, training=False)
    on_boundary = A - logit @ last.W.T / np.sum(last.W**2)  # each point moved along W to where its logit is 0
    return np.column_stack([logit, principal_components(on_boundary)[:, 0]])


def separated_by_a_hyperplane(A: np.ndarray, y: np.ndarray) -> float:
    """Return the share of the rows of A (N, d) that least squares puts on the side of their label y (N, 1)."""
    A1 = np.column_stack([A, np.ones(len(A))])
    coefficients = np.linalg.lstsq(A1, 2 * y - 1, rcond=None)[0]
    return float(np.mean((A1 @ coefficients > 0) == y))
