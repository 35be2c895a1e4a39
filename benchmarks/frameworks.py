"""The contenders that others have written, where installed: PyTorch in eager mode, scikit-learn's MLPClassifier."""

from __future__ import annotations

import importlib.util
import os
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.task import Task, chapter_task
from benchmarks.timing import seconds_of

FRAMEWORKS = all(importlib.util.find_spec(name) for name in ("torch", "sklearn"))
if FRAMEWORKS:
    import sklearn
    import torch
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    # Settings that scikit-learn documents for speed: no search for NaN, no check of parameters.
    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)


def use_threads(number: int) -> None:
    """Make all compute with so many threads: PyTorch is told, JAX takes as many as it may have cores.

    NumPy and scikit-learn read theirs from the environment.
    """
    if hasattr(os, "sched_setaffinity"):  # on Linux
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:number])
    if FRAMEWORKS:
        torch.set_num_threads(number)


class Torch:
    """PyTorch: modules, autograd and an optimizer of torch.optim, on tensors that stay in memory."""

    def __init__(self, task: Task, **optimizer: bool) -> None:
        torch.manual_seed(task.seed)
        self.task = task
        self.X, self.y = torch.from_numpy(task.X), torch.from_numpy(task.y)
        self.labels = self.y == 1
        self.linear = []
        layers: list[torch.nn.Module] = []
        for W, b in task.weights():
            linear = torch.nn.Linear(*W.shape, dtype=self.X.dtype)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W.T))
                linear.bias.copy_(torch.from_numpy(b[0]))
            self.linear.append(linear)
            layers += [linear, torch.nn.ReLU()]
        self.net = torch.nn.Sequential(*layers[:-1])
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.optimizer = getattr(torch.optim, task.optimizer)(self.net.parameters(), lr=task.lr, **optimizer)
        self.recorded: list[tuple[float, ...]] = []

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        train = self._epoch_with_histories if self.task.histories else self._epoch
        for _ in range(n_epochs):
            order = torch.randperm(len(self.X))
            train(self.X[order].split(self.task.batch_size), self.y[order].split(self.task.batch_size))

    def _epoch(self, X_batches: Any, y_batches: Any) -> None:
        net, loss_of, optimizer = self.net, self.loss, self.optimizer
        for X, y in zip(X_batches, y_batches, strict=True):
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(X), y).backward()
            optimizer.step()

    def _epoch_with_histories(self, X_batches: Any, y_batches: Any) -> None:
        net, loss_of, optimizer = self.net, self.loss, self.optimizer
        weights = [layer.weight for layer in self.linear]
        start = [W.detach().clone() for W in weights]
        mean, mean_loss = [torch.zeros_like(W) for W in start], 0.0
        for X, y in zip(X_batches, y_batches, strict=True):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(net(X), y)
            loss.backward()
            optimizer.step()
            share = len(X) / len(self.X)
            mean_loss += share * loss.item()
            for total, W in zip(mean, weights, strict=True):
                total.add_(W.grad, alpha=share)
        with torch.inference_mode():
            accuracy = ((net(self.X) >= 0) == self.labels).to(self.X.dtype).mean().item()
            norms = [total.norm().item() for total in mean]
            ratios = [((W - before).norm() / before.norm()).item() for W, before in zip(weights, start, strict=True)]
        self.recorded.append((mean_loss, accuracy, *norms, *ratios))

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of class 1."""
        with torch.inference_mode():
            return torch.sigmoid(self.net(torch.from_numpy(X))).numpy()

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of every linear layer, as scratchnet holds them."""
        return [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()[None]) for layer in self.linear]

    def history(self) -> list[tuple[float, ...]]:
        """Loss, accuracy, gradient norms and update ratios of every epoch."""
        return self.recorded


class Sklearn:
    """scikit-learn's MLPClassifier without regularization, momentum and early stopping.

    Alone, `fit` runs through all epochs, with the loss recorded. With histories it is `partial_fit` and `predict`
    epoch by epoch; gradients are out of reach, so their norms and the update ratios are not recorded.
    """

    def __init__(self, task: Task) -> None:
        self.task, self.y = task, task.y[:, 0].astype(np.int64)
        self.net = MLPClassifier(
            task.dims[1:-1],
            solver=task.optimizer.lower(),
            alpha=0.0,
            batch_size=task.batch_size,
            learning_rate_init=task.lr,
            momentum=0.0,
            nesterovs_momentum=False,
            tol=0.0,
            n_iter_no_change=10**9,
            max_iter=1,
            warm_start=True,
            random_state=task.seed,
        )
        self.recorded: list[tuple[float, ...]] = []
        self.least = 1 if task.histories else 30  # what `fit` does once a call is to be shared by many epochs

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        if self.task.histories:
            for _ in range(n_epochs):
                self.net.partial_fit(self.task.X, self.y, classes=(0, 1))
                accuracy = float(np.mean(self.net.predict(self.task.X) == self.y))
                self.recorded.append((self.net.loss_, accuracy))
        else:
            self.net.max_iter = n_epochs
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # it would like to train on
                self.net.fit(self.task.X, self.y)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of both classes."""
        return self.net.predict_proba(X)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of every layer."""
        return [(W, b[None]) for W, b in zip(self.net.coefs_, self.net.intercepts_, strict=True)]

    def history(self) -> list[tuple[float, ...]]:
        """Loss and accuracy of every epoch."""
        return self.recorded


def seconds_of_an_epoch(seconds: float = 2.0) -> float:
    """Return the median time in which PyTorch trains an epoch, found out in about so many seconds."""
    job = Torch(chapter_task("float32", optimizer="Adam", lr=0.01), fused=True)
    times: list[float] = []
    end = time.perf_counter() + seconds
    job(3)
    while not times or time.perf_counter() < end:
        times.append(seconds_of(job, 1))
    return float(np.median(times))


if __name__ == "__main__":
    print(seconds_of_an_epoch())
