"""Many networks at once as others do it, where they are installed: PyTorch's `vmap`, and JAX's with its compiler.

They train with SGD and record, of what `train_together` records, the loss of every batch and the accuracy after an
epoch; the norms of the history they leave out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.frameworks import FRAMEWORKS, Torch
from benchmarks.task import Task

JAX = importlib.util.find_spec("jax") is not None
if FRAMEWORKS:
    import torch
    from torch.func import functional_call, grad_and_value, stack_module_state, vmap
if JAX:
    import jax
    import jax.numpy as jnp


def first_weights(task: Task, count: int) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """W and b of every layer of every network."""
    return [replace(task, seed=100 * k).weights() for k in range(count)]


class TorchStack:
    """PyTorch: the parameters of K modules stacked, `vmap` over the gradient of a functional call."""

    def __init__(self, task: Task, count: int) -> None:
        nets = [Torch(replace(task, seed=100 * k)) for k in range(count)]
        self.task, self.count, self.X, self.y = task, count, nets[0].X, nets[0].y
        net, self.recorded = nets[0].net, list[tuple[Any, Any]]()
        self.parameters, _ = stack_module_state([one.net for one in nets])

        def loss(parameters: Any, X: Any, y: Any) -> Any:
            return nets[0].loss(functional_call(net, parameters, (X,)), y)

        self.gradients = vmap(grad_and_value(loss))
        self.logits = vmap(lambda parameters, X: functional_call(net, parameters, (X,)), in_dims=(0, None))

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        parameters = {name: value.detach() for name, value in self.parameters.items()}
        for _ in range(n_epochs):
            orders, losses = torch.stack([torch.randperm(len(self.X)) for _ in range(self.count)]), []
            for rows in orders.split(self.task.batch_size, dim=1):
                gradients, loss = self.gradients(parameters, self.X[rows], self.y[rows])
                torch._foreach_sub_([*parameters.values()], [*gradients.values()], alpha=self.task.lr)
                losses.append(loss * (rows.shape[1] / len(self.X)))
            with torch.inference_mode():
                right = (self.logits(parameters, self.X) >= 0) == (self.y == 1)
            self.recorded.append((sum(losses).tolist(), right.to(self.X.dtype).mean(dim=(1, 2)).tolist()))

    def weights(self, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of network k, as scratchnet holds them."""
        arrays = [value[k].detach().numpy() for value in self.parameters.values()]
        return [(W.T, b[None]) for W, b in zip(arrays[::2], arrays[1::2], strict=True)]


class JaxStack:
    """JAX: one compiled function trains all networks for an epoch. The first call compiles."""

    def __init__(self, task: Task, count: int) -> None:
        self.task, self.count, self.recorded = task, count, list[tuple[Any, Any]]()
        self.X, self.y, self.rng = jnp.asarray(task.X), jnp.asarray(task.y), np.random.default_rng(task.seed)
        layers = zip(*first_weights(task, count), strict=True)
        self.parameters = [tuple(jnp.stack(arrays) for arrays in zip(*layer, strict=True)) for layer in layers]
        self.epoch = jax.jit(self._epoch)

    @staticmethod
    def logits(parameters: Any, X: Any) -> Any:
        """One network's logits."""
        for W, b in parameters[:-1]:
            X = jax.nn.relu(X @ W + b)
        return X @ parameters[-1][0] + parameters[-1][1]

    def loss(self, parameters: Any, X: Any, y: Any) -> Any:
        """One network's cross-entropy."""
        Z = self.logits(parameters, X)
        return jnp.mean(jnp.maximum(Z, 0) - Z * y + jnp.log1p(jnp.exp(-jnp.abs(Z))))

    def _epoch(self, parameters: Any, orders: Any) -> Any:
        gradients, mean_loss = jax.vmap(jax.value_and_grad(self.loss)), 0.0
        for batch in self.task.batches:
            rows = orders[:, batch]
            loss, slopes = gradients(parameters, self.X[rows], self.y[rows])
            parameters = jax.tree.map(lambda value, slope: value - self.task.lr * slope, parameters, slopes)
            mean_loss += loss * (rows.shape[1] / len(self.X))
        Z = jax.vmap(self.logits, in_axes=(0, None))(parameters, self.X)
        return parameters, mean_loss, jnp.mean((Z >= 0) == (self.y == 1), axis=(1, 2))

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        for _ in range(n_epochs):
            orders = np.stack([self.rng.permutation(len(self.X)) for _ in range(self.count)])
            self.parameters, loss, accuracy = self.epoch(self.parameters, orders)
            self.recorded.append((np.asarray(loss), np.asarray(accuracy)))

    def weights(self, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The present W and b of network k."""
        return [(np.asarray(W[k]), np.asarray(b[k])) for W, b in self.parameters]


class JaxCompiling(JaxStack):
    """The same, with the compilation in the time: as for 300 epochs, about what an experiment of the book takes.

    More than 20 networks take too long for a round.
    """

    least, most = 300, 20

    def __call__(self, n_epochs: int) -> None:
        """Compile, and train."""
        self.epoch = jax.jit(self._epoch)
        jax.clear_caches()
        super().__call__(n_epochs)


STACKS: dict[str, Callable[..., Any]] = {}
if FRAMEWORKS:
    STACKS |= {"PyTorch vmap": TorchStack}
if JAX:
    STACKS |= {"JAX, compiled before": JaxStack, "JAX, compiling for 300 epochs": JaxCompiling}
