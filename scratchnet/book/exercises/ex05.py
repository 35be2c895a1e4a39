"""The exercises of notebook 5, architecture experiments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet.activations import relu, sigmoid, tanh
from scratchnet.book.exercises.ex03 import n_parameters
from scratchnet.book.exercises.judge import Exercise, in_turn, missing, real
from scratchnet.initializers import he


def widest(budget: int, d_in: int, n_hidden: int, d_out: int, count: Callable[[list[int]], int] = n_parameters) -> int:
    """Return the largest width of n_hidden equal hidden layers with at most `budget` parameters."""
    width = 0
    while count([d_in, *[width + 1] * n_hidden, d_out]) <= budget:
        width += 1
    return width


def _by(count: Callable[[list[int]], int]) -> Callable[..., int]:
    """Return `widest` with a mistake in the count."""
    return lambda budget, d_in, n_hidden, d_out: widest(budget, d_in, n_hidden, d_out, count)


def _without_biases(layer_dims: list[int]) -> int:
    return sum(d_in * d_out for d_in, d_out in zip(layer_dims, layer_dims[1:], strict=False))


def _budget(rng: np.random.Generator) -> dict[str, Any]:
    """Return a task whose budget is used up to the last parameter, or is one short of the next width."""
    d_in, d_out, width = (int(d) for d in (rng.integers(3, 8), rng.integers(2, 6), rng.integers(10, 40)))
    n_hidden = in_turn(rng, [1, 2, 3, 3, 2])
    full = in_turn(rng, [True, False, True, False, False])
    size = n_parameters([d_in, *[width + (not full)] * n_hidden, d_out])
    return {"budget": size if full else size - 1, "d_in": d_in, "n_hidden": n_hidden, "d_out": d_out}


def signal_after(n_layers: int, size: float, width: int, variance: float) -> float:
    """Return the root mean square of a signal of this size after n_layers layers [Linear, ReLU] of this width."""
    return float(size * np.sqrt(width * variance / 2) ** n_layers)


def _layers(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "n_layers": 0 if rng.random() < 0.1 else int(rng.integers(2, 9)),
        "size": round(float(rng.uniform(0.5, 2)), 2),
        "width": int(rng.integers(5, 33)),
        "variance": round(float(rng.uniform(0.05, 0.5)), 2),
    }


def steady_variance(f: Callable[[np.ndarray], np.ndarray], z: np.ndarray, d_in: int) -> float:
    """Return the variance of the weights after f for which z (n,) keeps its mean square from layer to layer."""
    return float(np.mean(z**2) / (d_in * np.mean(f(z) ** 2)))


def _activations(rng: np.random.Generator) -> dict[str, Any]:
    f = (relu, tanh, sigmoid, np.abs)[rng.integers(4)]
    z = np.round(np.append(rng.standard_normal(int(rng.integers(4, 9))), 1), 2)
    return {"f": f, "z": z, "d_in": int(rng.integers(5, 33))}


def fewest_units(units: list[int], accuracies: np.ndarray) -> int:
    """Return the least entry of units (k,) whose row of accuracies (k, 5) holds at least four above 0.95."""
    return min(n for n, row in zip(units, accuracies, strict=True) if np.sum(row > 0.95) >= 4)


def _fewest(solved: Callable[[np.ndarray], Any]) -> Callable[[list[int], np.ndarray], Any]:
    return lambda units, accuracies: min(n for n, row in zip(units, accuracies, strict=True) if solved(row))


def _first_listed(units: list[int], accuracies: np.ndarray) -> int:
    return next(n for n, row in zip(units, accuracies, strict=True) if np.sum(row > 0.95) >= 4)


def _seeds(rng: np.random.Generator) -> dict[str, Any]:
    """Return a table, by the number of units shuffled, in which each way to choose chooses another row."""
    n_good = np.array([0] * int(rng.integers(6)) + [1, 3, 0, 0, 4, 5, 5, 4, 4])  # of five seeds
    k = len(n_good)
    good, bad = np.round(rng.uniform(0.96, 0.98, (k, 5)), 2), np.round(rng.uniform(0.51, 0.7, (k, 5)), 2)
    accuracies = np.where(np.arange(5) < n_good[:, None], good, bad)
    accuracies[-7] = [0.93, 0.94, 0.99, 0.99, 0.99]  # above 0.95 in the mean, in three of five seeds
    accuracies[-6] = [0.6, 0.95, 0.96, 0.97, 0.98]  # one is 0.95, which is not more than 0.95
    accuracies[-3] = 0.99  # the best of all
    order = np.append(k - 2, rng.permutation([*range(k - 2), k - 1]))  # not the least number first
    units = np.cumsum(rng.integers(2, 9, k)) + 2
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


def _right_angles_the_other_way(d_in: int, d_out: int, rng: np.random.Generator) -> np.ndarray:
    W = rng.standard_normal((d_in, d_out))
    return np.sqrt(2) * W / np.linalg.norm(W, axis=int(d_in > d_out), keepdims=True)


def _sizes(rng: np.random.Generator) -> dict[str, Any]:
    d_in, d_out = rng.integers(1, 6, 2)
    if d_in + d_out < 4:  # too few matrices to tell one that is drawn from one that is not
        d_out = 4
    return {"d_in": int(d_in), "d_out": int(d_out), "seed": int(rng.integers(1000))}


def _properties(answer: Callable[..., Any], d_in: int, d_out: int, seed: int) -> dict[str, Any]:
    """Return what every right answer has in common, whatever it has drawn."""
    drawn = [answer(d_in, d_out, np.random.default_rng(s)) for s in (seed, seed, *range(seed + 1, seed + 6))]
    if any(missing(W) for W in drawn):
        return {}
    W, again, *others = (real("W", W) for W in drawn)
    found: dict[str, Any] = {"shape of W": np.array(W.shape)}
    if W.shape == (d_in, d_out):
        found["W.T @ W" if d_in > d_out else "W @ W.T"] = W.T @ W if d_in > d_out else W @ W.T
        found["the same seed gives the same W"] = str(np.array_equal(W, again))
        found["another seed gives another W"] = str(not all(np.allclose(W, other) for other in others))
    return found


EXERCISES = {
    "5.1": Exercise(
        reference=widest,
        inputs=_budget,
        mistakes={
            "The biases take part in the budget: every layer has one for each of its outputs.": _by(_without_biases),
            "The output layer has biases too.": _by(lambda dims: _without_biases(dims) + sum(dims[1:-1])),
            "The layer into the output is not counted.": _by(lambda dims: n_parameters(dims[:-1])),
            "Between n hidden layers there are n - 1 layers of width times width, and not one.": _by(
                lambda dims: n_parameters([*dims[:2], *dims[1:2] * (len(dims) > 3), dims[-1]])
            ),
            "A network that has just as many parameters as the budget fits.": lambda budget, d_in, n_hidden, d_out: (
                widest(budget - 1, d_in, n_hidden, d_out)
            ),
            "This is the first width that does not fit.": lambda budget, d_in, n_hidden, d_out: (
                widest(budget, d_in, n_hidden, d_out) + 1
            ),
            "The network need not have two inputs and one output: d_in and d_out say how many.": (
                lambda budget, _d_in, n_hidden, _d_out: widest(budget, 2, n_hidden, 1)
            ),
            "The number of hidden layers is n_hidden, and not always one.": (
                lambda budget, d_in, _n_hidden, d_out: widest(budget, d_in, 1, d_out)
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
            "ReLU halves the mean square, and so its root by the root of 2.": (
                lambda n_layers, size, width, variance: size * (np.sqrt(width * variance) / 2) ** n_layers
            ),
            "This is the mean square. The size is its root.": (
                lambda n_layers, size, width, variance: signal_after(n_layers, size, width, variance) ** 2
            ),
            "This is the factor of all layers. The signal enters with a size of its own.": (
                lambda n_layers, size, width, variance: signal_after(n_layers, 1, width, variance)
            ),
            "This is one layer. The signal goes through n_layers of them.": (
                lambda n_layers, size, width, variance: signal_after(1, size, width, variance)
            ),
            "The width is an argument. It is not always 32.": (
                lambda n_layers, size, width, variance: signal_after(n_layers, size, 32, variance)
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
            "Use mean squares: np.var subtracts the mean first, from z as from f(z).": (
                lambda f, z, d_in: np.var(z) / (d_in * np.var(f(z)))
            ),
            "Use the mean square of z, which np.var(z) is only if the mean of z is 0.": (
                lambda f, z, d_in: np.var(z) / (d_in * np.mean(f(z) ** 2))
            ),
            "This is the standard deviation of the weights. The variance is its square.": (
                lambda f, z, d_in: np.sqrt(steady_variance(f, z, d_in))
            ),
            "The sample has a size of its own: do not take its mean square for 1.": (
                lambda f, z, d_in: 1 / (d_in * np.mean(f(z) ** 2))
            ),
            "Square before the mean: the mean of a square is not the square of the mean.": (
                lambda f, z, d_in: np.mean(z) ** 2 / (d_in * np.mean(f(z)) ** 2)
            ),
            "The next layer takes the sums of f(z), not of z: its weights must make up for f.": (
                lambda f, z, d_in: 1 / d_in
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
            "0.95 is not more than 0.95: count with > and not with >=.": _fewest(lambda row: np.sum(row >= 0.95) >= 4),
            "This is the position in the list. The answer is the number of units.": (
                lambda units, accuracies: units.index(fewest_units(units, accuracies))
            ),
            "This is the largest of them; the task asks for the least.": (
                lambda units, accuracies: max(np.array(units)[np.sum(accuracies > 0.95, axis=1) >= 4])
            ),
            "This is the width with the best mean, which may be larger than it need be.": (
                lambda units, accuracies: units[int(np.argmax(np.mean(accuracies, axis=1)))]
            ),
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
            "The shape is turned round: W has d_in rows and d_out columns.": (
                lambda d_in, d_out, rng: orthogonal(d_in, d_out, rng).T
            ),
            "The factor stands in W twice, so W is multiplied by its root.": (
                lambda d_in, d_out, rng: orthogonal(d_in, d_out, rng) * np.sqrt(2)
            ),
            "The rows have the right length where the columns should have it, or the other way round.": (
                _right_angles_the_other_way
            ),
        },
    ),
}
