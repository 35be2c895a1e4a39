"""Many networks at once: K networks of one architecture are one network with one more axis.

Every formula of the layers holds for X (K, N, d_in) and W (K, d_in, d_out) as it does for one network, and a product of
two such stacks is K products in one call. So K small networks cost far less than K times one of them.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnet import checks
from scratchnet.network import NeuralNetwork
from scratchnet.optimizers import SGD, Optimizer
from scratchnet.parameters import gather
from scratchnet.training import Pass, Rollback, TrainingDiverged, checked_task, record

__all__ = ["train_together"]

STACK = 2**20  # bytes of a stack's parameters and of what one batch makes of them: they stay in the cache


def train_together(
    nets: Sequence[Any],
    X: Any,
    y: Any,
    lr: Any = 0.01,
    n_epochs: int = 2000,
    batch_size: int | None = None,
    *,
    optimizer: Sequence[Optimizer] | None = None,
    validation: tuple[Any, Any] | None = None,
    on_epoch: Callable[[Any, int], Any] | None = None,
    rng: Sequence[np.random.Generator] | None = None,
) -> list[TrainingDiverged | None]:
    """Train networks of one architecture in lockstep on X (N, d_in) and y (N, d_out), as `train` trains each alone.

    Each ends with the parameters, history, optimizer and generator that `net.train(...)` would have given it. lr: a
    number, or one for each network. optimizer, rng: one for each network. on_epoch(net, epoch) is called for every
    network after every epoch. Weights, seeds, rates of dropout and of learning may differ between networks, the sizes
    and kinds of their layers may not.

    Returns, for each network, None or the TrainingDiverged that ended its training; the others go on. Raises TypeError
    or ValueError for bad arguments before anything has changed. When interrupted, all networks are as after the same
    whole epoch.
    """
    nets = list(nets)
    rates = list(lr) if isinstance(lr, Sequence | np.ndarray) else [lr] * len(nets)
    optimizers: list[Optimizer] = list(optimizer) if optimizer is not None else [SGD(rate) for rate in rates]
    rngs = [net.rng for net in nets] if rng is None else list(rng)
    _check(nets, rates, optimizers, rngs)
    n_epochs, *task = checked_task(nets[0], X, y, n_epochs, batch_size, validation, on_epoch)

    outcome: list[TrainingDiverged | None] = [None] * len(nets)
    for net in nets:
        net._clear_caches()
    stacks = _stacks(nets, optimizers, list(range(len(nets))), *task)
    for _ in range(n_epochs):
        alive = [k for stack in stacks for k in stack.members]
        rollbacks = {k: Rollback(nets[k], optimizers[k], rngs[k]) for k in alive}
        with contextlib.ExitStack() as whole_epoch:
            whole_epoch.enter_context(np.errstate())  # as in `train`
            for rollback in 2 * list(rollbacks.values()):  # twice, for a second interrupt that falls into the first
                whole_epoch.enter_context(rollback)
            for stack in stacks:
                orders, stacked = [rngs[k].permutation(len(task[0][0])) for k in stack.members], stack.prepare()
                seen = stack.lesson.run(np.stack(orders), stacked)
                stack.publish(stacked)
                for row, k in enumerate(stack.members):
                    own = [None if array is None else array[row] for array in seen]
                    try:
                        nets[k].history.append(record(nets[k], own, stack.lesson, optimizers[k]))
                    except TrainingDiverged as error:
                        outcome[k] = error
                        rollbacks[k].undo()
        if any(outcome[k] for k in alive):
            stacks = _stacks(nets, optimizers, [k for k in alive if outcome[k] is None], *task)
        for k in alive:
            if on_epoch is not None and outcome[k] is None:
                on_epoch(nets[k], len(nets[k].history) - 1)
    return outcome


def _check(nets: list[Any], rates: list[Any], optimizers: list[Any], rngs: list[Any]) -> None:
    """Raise TypeError or ValueError for networks that cannot be stacked, and for lists of another length."""
    if not nets or len({id(net) for net in nets}) < len(nets):
        raise ValueError("nets must hold at least one network, and none of them twice")
    for name, values in (("lr", rates), ("optimizer", optimizers), ("rng", rngs)):
        if len(values) != len(nets):
            raise ValueError(f"{name} must have one entry for each of the {len(nets)} networks, got {len(values)}")
    for name, objects in (("optimizer", optimizers), ("rng", rngs)):
        if len({id(value) for value in objects}) < len(objects):
            raise ValueError(f"{name} must hold another object for each network: what it remembers belongs to one")
    first = _architecture(nets[0])
    for k, net in enumerate(nets):
        if _architecture(net) != first:
            raise ValueError(f"nets must have one architecture, but nets[{k}] has {_architecture(net)}, not {first}")
        if not net._is_gathered():
            raise ValueError(f"nets[{k}].layers holds parameters that are not in its theta: use copy.deepcopy of it")
        checks.generator("rng", rngs[k])
        if not isinstance(optimizers[k], Optimizer):
            raise TypeError(f"optimizer[{k}] must be an Optimizer, such as Adam(0.01), got {optimizers[k]!r}")
        optimizers[k].check_owner(net.theta)


def _architecture(net: Any) -> Any:
    """Return what the networks of a stack have in common."""
    layers = [(type(layer).__name__, *(getattr(layer, name).shape for name in layer.params)) for layer in net.layers]
    return layers, type(net.output).__name__, net.dtype.name


def _stacks(nets: list[Any], optimizers: list[Optimizer], members: list[int], *task: Any) -> list[_Stack]:
    """Put networks into stacks: of one kind of optimizer, and no more of them than the cache holds."""
    most = max(1, STACK // (nets[0].theta.itemsize * (nets[0].theta.size + task[1] * sum(nets[0].layer_dims[1:]))))
    kinds = {type(optimizers[k]): [j for j in members if type(optimizers[j]) is type(optimizers[k])] for k in members}
    return [
        _Stack([nets[k] for k in part], [optimizers[k] for k in part], part, *task)
        for same in kinds.values()
        for part in (same[i : i + most] for i in range(0, len(same), most))
    ]


class _Stack:
    """Networks as one, with arrays (K, …): a `Pass` trains it like any network.

    The networks keep arrays of their own, which `publish` brings up to date.
    """

    def __init__(self, nets: list[Any], optimizers: list[Optimizer], members: list[int], *task: Any) -> None:
        self.nets, self.optimizers, self.members = nets, optimizers, members
        self.output = nets[0].output
        self.layers = [_stacked([net.layers[i] for net in nets], nets[0].dtype) for i in range(len(nets[0].layers))]
        self.theta, self.grad, _ = gather(self.layers, nets[0].dtype, (len(nets),))
        zeros = np.zeros_like(self.theta[0])
        self.memory = {name: np.stack([vars(o).get(name, zeros) for o in optimizers]) for name in optimizers[0].memory}
        self.lesson = Pass(self, *task)

    _logits, _backward = NeuralNetwork._logits, NeuralNetwork._backward

    def prepare(self) -> Optimizer:
        """Return the networks' optimizers as one, with the settings that they have now."""
        one = _together(self.optimizers, (len(self.nets), 1), self.theta.dtype)
        one.__dict__.update(self.memory)
        one.adopt(self.theta)
        return one

    def publish(self, stacked: Optimizer) -> None:
        """Give every network, its layers and its optimizer what belongs to them."""
        steps = np.broadcast_to(stacked.t, (len(self.nets), 1)).ravel().tolist()
        for k, (net, optimizer) in enumerate(zip(self.nets, self.optimizers, strict=True)):
            net.theta, net.grad = self.theta[k], self.grad[k]
            optimizer.__dict__.update(t=steps[k], **{name: array[k].copy() for name, array in self.memory.items()})
            optimizer.adopt(net.theta)
            for layer, own in zip(self.layers, net.layers, strict=True):
                for name in layer.state:
                    value = getattr(layer, name)
                    if isinstance(value, np.ndarray):
                        setattr(own, name, value[k].copy())


class _Generators:
    """The generators of K networks as one: each draws its own row."""

    def __init__(self, generators: list[np.random.Generator]) -> None:
        self.generators = generators

    def random(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return what each generator draws in a shape without the first axis."""
        return np.stack([generator.random(shape[1:]) for generator in self.generators])


def _stacked(layers: list[Any], dtype: Any) -> Any:
    """Return the K layers at one place of K networks as one, with arrays (K, …) and generators that draw in rows."""
    one = _together(layers, (len(layers), 1, 1), dtype)
    one.clear_cache()
    for name in one.params:
        one.__dict__["_" + name] = np.stack([getattr(layer, name) for layer in layers])
    for name in one.state:
        values = [getattr(layer, name) for layer in layers]
        same = all(isinstance(value, np.random.Generator) for value in values)
        setattr(one, name, _Generators(values) if same else np.stack(values))
    return one


def _together(objects: list[Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """Return a shallow copy of the first object in which a number that differs between them is an array of all."""
    one = copy.copy(objects[0])
    for name in {*vars(one), *one.state}:  # `t` is a class's own until the first step
        values = [getattr(other, name, None) for other in objects]
        value = values[0]
        if isinstance(value, int | float) and any(other != value for other in values):
            one.__dict__[name] = np.array(values, dtype if isinstance(value, float) else None).reshape(shape)
    return one
