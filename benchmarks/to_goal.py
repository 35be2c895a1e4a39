"""What a fresh interpreter runs: train one contender until it reaches the goal, and say so.

Only the standard library is imported here; every contender imports what it needs, and no more.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

GOAL, BATCH_SIZE, HIDDEN, MAX_EPOCHS = 0.99, 64, (64, 32, 16), 3000
LEARNING_RATES = {"Adam": 0.01, "SGD": 0.3}

Train = Callable[[], int]
"""Train a new network until it reaches the goal; return the number of epochs."""


class Reached(Exception):
    """The goal has been reached."""


def spirals(np: Any) -> tuple[Any, Any]:
    """The book's data in float32, written out, so that nobody has to import scratchnet for it."""
    n, noise, rng = 200, 0.25, np.random.default_rng(7)
    t = np.linspace(0, 4 * np.pi, n)
    arms = [
        np.stack([t * f(t + turn) + noise * rng.standard_normal(n) for f in (np.cos, np.sin)], axis=1)
        for turn in (0, np.pi)
    ]
    X = np.concatenate(arms)
    return ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32), np.repeat([0, 1], n)


def scratchnet(optimizer: str, lr: float, seed: int) -> Train:
    """Prepare scratchnet: `on_epoch` looks at the accuracy that `train` records, and stops it."""
    import numpy as np

    from scratchnet import SGD, Adam, NeuralNetwork

    X, labels = spirals(np)
    y = labels.reshape(-1, 1)

    def stop(net: NeuralNetwork, epoch: int) -> None:
        if net.history[-1].accuracy >= GOAL:
            raise Reached

    def train() -> int:
        net = NeuralNetwork([2, *HIDDEN, 1], seed, dtype=np.float32)
        rule = {"Adam": Adam, "SGD": SGD}[optimizer](lr)
        try:
            net.train(X, y, n_epochs=MAX_EPOCHS, batch_size=BATCH_SIZE, verbose=False, optimizer=rule, on_epoch=stop)
        except Reached:
            pass
        return len(net.history)

    return train


def pytorch(optimizer: str, lr: float, seed: int) -> Train:
    """Prepare PyTorch: eager mode, fused optimizer, tensors in memory."""
    import numpy as np
    import torch
    from torch import nn

    X_array, labels = spirals(np)
    X, y = torch.from_numpy(X_array), torch.from_numpy(labels.reshape(-1, 1).astype(np.float32))
    truth, loss_of = y == 1, nn.BCEWithLogitsLoss()

    def train() -> int:
        torch.manual_seed(seed)
        sizes = (2, *HIDDEN)
        layers = [part for pair in itertools.pairwise(sizes) for part in (nn.Linear(*pair), nn.ReLU())]
        net = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
        rule = getattr(torch.optim, optimizer)(net.parameters(), lr=lr, fused=True)
        epoch, accuracy = 0, 0.0
        while accuracy < GOAL and epoch < MAX_EPOCHS:
            epoch += 1
            order = torch.randperm(len(X))
            for X_batch, y_batch in zip(X[order].split(BATCH_SIZE), y[order].split(BATCH_SIZE), strict=True):
                rule.zero_grad(set_to_none=True)
                loss_of(net(X_batch), y_batch).backward()
                rule.step()
            with torch.inference_mode():
                accuracy = ((net(X) >= 0) == truth).sum().item() / len(X)
        return epoch

    return train


def scikit_learn(optimizer: str, lr: float, seed: int) -> Train:
    """Prepare scikit-learn: `partial_fit` and `predict` epoch by epoch."""
    import numpy as np
    import sklearn
    from sklearn.neural_network import MLPClassifier

    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    X, labels = spirals(np)

    def train() -> int:
        net = MLPClassifier(
            HIDDEN,
            solver=optimizer.lower(),
            learning_rate_init=lr,
            batch_size=BATCH_SIZE,
            alpha=0.0,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=seed,
        )
        epoch, accuracy = 0, 0.0
        while accuracy < GOAL and epoch < MAX_EPOCHS:
            epoch += 1
            net.partial_fit(X, labels, classes=(0, 1))
            accuracy = np.mean(net.predict(X) == labels)
        return epoch

    return train


PREPARE = {"scratchnet": scratchnet, "PyTorch": pytorch, "scikit-learn": scikit_learn}


def main(name: str, optimizer: str, seed: str) -> None:
    """Train and print the number of epochs, at which moment the clock outside stops; then train again, on a clock."""
    train = PREPARE[name](optimizer, LEARNING_RATES[optimizer], int(seed))
    print(train(), flush=True)
    start = time.perf_counter()
    train()
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
