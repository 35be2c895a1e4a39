"""The arrays that a network learns, and the one vector θ in which all of them lie.

A layer is written in terms of its W and b, an optimizer in terms of one long vector. Both are had at once when the
vector owns the memory and every W is a view of a part of it: `optimizer.step(theta, grad)` then moves the layers, and
nothing is copied. It holds as long as nobody puts another array in the place of a view, so assigning writes into it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from scratchnet import checks

__all__: list[str] = []  # how it is done; a reader of the network needs none of it


def fixed_array(name: str) -> Any:
    """Make an attribute whose memory stays: the first assignment copies an array, the others write into that copy.

    So `layer.W = W` also changes `net.theta`, of which `layer.W` is a view. The shape is fixed by the first.
    """
    slot = "_" + name

    def assign(owner: Any, value: Any) -> None:
        array = owner.__dict__.get(slot)
        if array is None:
            owner.__dict__[slot] = np.array(checks.real(name, value))
        elif value is not array:
            array[...] = checks.same_shape(name, value, array.shape)

    return property(operator.attrgetter(slot), assign, doc=f"The array `{name}`; assigning to it writes in place.")


class Vectors(NamedTuple):
    """All parameters and all gradients of some layers, and where in them the weight matrices are."""

    theta: np.ndarray
    grad: np.ndarray
    weights: list[slice]


def gather(layers: Iterable[Any], dtype: np.dtype[Any], stack: tuple[int, ...] = ()) -> Vectors:
    """Move the layers' parameters and gradients into two new vectors, and make the layers' arrays views of these.

    stack: (K,) for layers that are those of K networks, whose arrays have that axis first; theta is then (K, n).
    """
    arrays = [(layer, name) for layer in layers for name in layer.params]
    size = sum(getattr(layer, name).size for layer, name in arrays) // math.prod(stack)
    vectors, stop = Vectors(np.zeros((*stack, size), dtype), np.zeros((*stack, size), dtype), []), 0
    for layer, name in arrays:
        array = getattr(layer, name)
        start, stop = stop, stop + array.size // math.prod(stack)
        for vector, attribute in ((vectors.theta, name), (vectors.grad, "d" + name)):
            view = vector[..., start:stop].reshape(array.shape)
            view[...] = getattr(layer, attribute, 0)
            layer.__dict__["_" + attribute] = view
        if name == "W":
            vectors.weights.append(slice(start, stop))
    return vectors
