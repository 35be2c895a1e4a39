"""The exercises of notebook 5, architecture experiments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet.activations import relu, sigmoid, tanh
from scratchnet.book.exercises.judge import Exercise, missing, real
from scratchnet.initializers import he


def n_parameters(layer_dims: list[int]) -> int:
    """Return how many numbers a network of these layer sizes learns."""
    return sum(d_in * d_out + d_out for d_in, d_out in zip(layer_dims, layer_dims[1:], strict=False))


def _without_biases(layer_dims: list[int]) -> int:
    return sum(d_in * d_out for d_in, d_out in zip(layer_dims, layer_dims[1:], strict=False))


def _layer_dims(rng: np.random.Generator) -> dict[str, Any]:
    return {"layer_dims": [2, *(int(d) for d in rng.integers(2, 33, rng.integers(1, 4))), 1]}


def signal_after(n_layers: int, size: float, width: int, variance: float) -> float:
    """Return the root mean square of a signal of this size after n_layers layers [Linear, ReLU] of this width."""
    return float(size * np.sqrt(width * variance / 2) ** n_layers)


def _layers(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "n_layers": int(rng.integers(2, 9)),
        "size": round(float(rng.uniform(0.5, 2)), 2),
        "width": int(rng.choice([8, 16, 32])),
        "variance": round(float(rng.uniform(0.05, 0.5)), 2),
    }


def steady_variance(f: Callable[[np.ndarray], np.ndarray], z: np.ndarray, d_in: int) -> float:
    """Return the variance of the weights after f for which z (n,) keeps its mean square from layer to layer."""
    return float(np.mean(z**2) / (d_in * np.mean(f(z) ** 2)))


def _activations(rng: np.random.Generator) -> dict[str, Any]:
    f = (relu, tanh, sigmoid)[rng.integers(3)]
    return {"f": f, "z": np.round(np.append(rng.standard_normal(5), 1), 2), "d_in": int(rng.choice([8, 16, 32]))}


def fewest_units(units: list[int], accuracies: np.ndarray) -> int:
    """Return the least entry of units (k,) whose row of accuracies (k, 5) holds at least four above 0.95."""
    return min(n for n, row in zip(units, accuracies, strict=True) if np.sum(row > 0.95) >= 4)


def _fewest(solved: Callable[[np.ndarray], Any]) -> Callable[[list[int], np.ndarray], Any]:
    return lambda units, accuracies: min(n for n, row in zip(units, accuracies, strict=True) if solved(row))


def _first_listed(units: list[int], accuracies: np.ndarray) -> int:
    return next(n for n, row in zip(units, accuracies, strict=True) if np.sum(row > 0.95) >= 4)


def _seeds(rng: np.random.Generator) -> dict[str, Any]:
    """Return a table in which each way to choose chooses another row."""
    good, bad = np.round(rng.uniform(0.96, 0.98, (7, 5)), 2), np.round(rng.uniform(0.51, 0.7, (7, 5)), 2)
    n_good = np.array([1, 3, 0, 4, 5, 4, 5])  # of five seeds, by the number of units
    accuracies = np.where(np.arange(5) < n_good[:, None], good, bad)
    accuracies[2] = [0.93, 0.94, 0.99, 0.99, 0.99]  # above 0.95 in the mean, in three of five seeds
    accuracies[6] = 0.99  # the best of all
    order = np.append(5, rng.permutation([0, 1, 2, 3, 4, 6]))  # not the least number first
    units = np.array([4, 8, 12, 16, 24, 32, 48]) + int(rng.integers(3))
    return {"units": [int(n) for n in units[order]], "accuracies": rng.permuted(accuracies[order], axis=1)}


def orthogonal(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    """Return W (d_in, d_out), drawn from rng, with W Wᵀ = 2 I, or Wᵀ W = 2 I where d_in > d_out."""
    Q = np.linalg.qr(rng.standard_normal((max(d_in, d_out), min(d_in, d_out))))[0]
    return np.sqrt(2) * (Q if d_in > d_out else Q.T)


def _without_gain(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    return orthogonal(d_in, d_out, rng) / np.sqrt(2)


def _always_the_same(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    return np.sqrt(2) * np.eye(d_in, d_out)


def _unit_length(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    W = rng.standard_normal((d_in, d_out))
    return np.sqrt(2) * W / np.linalg.norm(W, axis=int(d_in <= d_out), keepdims=True)


def _sizes(rng: np.random.Generator) -> dict[str, Any]:
    return {"d_in": int(rng.integers(2, 5)), "d_out": int(rng.integers(2, 5)), "seed": int(rng.integers(1000))}


def _properties(answer: Callable[..., Any], d_in: int, d_out: int, seed: int) -> dict[str, Any]:
    """Return what every right answer has in common, whatever it has drawn."""
    drawn = [answer(d_in, d_out, np.random.default_rng(s)) for s in (seed, seed, seed + 1)]
    if any(missing(W) for W in drawn):
        return {}
    W, again, other = (real("W", W) for W in drawn)
    found: dict[str, Any] = {"shape of W": np.array(W.shape)}
    if W.shape == (d_in, d_out):
        found["W.T @ W" if d_in > d_out else "W @ W.T"] = W.T @ W if d_in > d_out else W @ W.T
        found["the same seed gives the same W"] = str(np.array_equal(W, again))
        found["another seed gives another W"] = str(not np.allclose(W, other))
    return found


EXERCISES = {
    "5.1": Exercise(
        reference=n_parameters,
        inputs=_layer_dims,
        mistakes={
            "These are the weights alone. Every layer also has a bias for each of its outputs.": _without_biases,
            "There is one bias for each output of a layer, not one for each layer.": (
                lambda layer_dims: _without_biases(layer_dims) + len(layer_dims) - 1
            ),
            "A bias belongs to an output of a layer, not to an input: count d_out, not d_in.": (
                lambda layer_dims: _without_biases(layer_dims) + sum(layer_dims[:-1])
            ),
        },
    ),
    "5.2": Exercise(
        reference=signal_after,
        inputs=_layers,
        mistakes={
            "ReLU sets half of the signal to zero, which halves its mean square in every layer.": (
                lambda n_layers, size, width, variance: signal_after(n_layers, size, width, 2 * variance)
            ),
            "This factor is that of the mean square. Its root grows by the root of the factor.": (
                lambda n_layers, size, width, variance: size * (width * variance / 2) ** n_layers
            ),
            "Every layer multiplies by the factor, so it is raised to the power n_layers.": (
                lambda n_layers, size, width, variance: size * n_layers * np.sqrt(width * variance / 2)
            ),
        },
    ),
    "5.3": Exercise(
        reference=steady_variance,
        inputs=_activations,
        mistakes={
            "This is He's 2 / d_in, which is right for ReLU alone: use f(z).": lambda f, z, d_in: 2 / d_in,
            "Use the mean square of f(z), which np.var(f(z)) is only if the mean of f(z) is 0.": (
                lambda f, z, d_in: np.mean(z**2) / (d_in * np.var(f(z)))
            ),
            "The fraction is upside down: the more f takes away, the more the weights must give back.": (
                lambda f, z, d_in: np.mean(f(z) ** 2) / (d_in * np.mean(z**2))
            ),
            "Every output is a sum over d_in inputs, so divide by d_in.": (
                lambda f, z, d_in: np.mean(z**2) / np.mean(f(z) ** 2)
            ),
        },
    ),
    "5.4": Exercise(
        reference=fewest_units,
        inputs=_seeds,
        mistakes={
            "This asks for one good seed. Four of the five must be above 0.95.": _fewest(lambda row: row.max() > 0.95),
            "This asks for a good median, which three of five seeds give; the task asks for four.": (
                _fewest(lambda row: np.median(row) > 0.95)
            ),
            "This asks for a good mean. Count the seeds above 0.95.": _fewest(lambda row: row.mean() > 0.95),
            "This asks for all five seeds. Four of them are enough.": _fewest(lambda row: row.min() > 0.95),
            "This is the first in the list; look for the least number of units.": _first_listed,
        },
    ),
    "5.5": Exercise(
        reference=orthogonal,
        inputs=_sizes,
        run=_properties,
        mistakes={
            "The gain is missing: ReLU halves the mean square, and the factor 2 makes up for it.": _without_gain,
            "Every seed gives the same W here, so every network would start alike: draw from rng.": _always_the_same,
            "The vectors have the right length, but are not at right angles; np.linalg.qr makes them so.": _unit_length,
            "This draws from a generator of its own. Use rng, so that a seed fixes the weights.": (
                lambda d_in, d_out, rng: orthogonal(d_in, d_out, np.random.default_rng())
            ),
            "These weights are He's: they keep the size on average, not for every input.": he,
        },
    ),
}
