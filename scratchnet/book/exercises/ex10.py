"""The exercises of notebook 10, the playground."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnet.book.exercises.judge import Exercise, in_turn, parts, real


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return numbers of both signs that are not near 0, the first two rows one of each sign."""
    found = np.round(rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape), 2)
    found[0, 0], found[1, 0] = abs(found[0, 0]), -abs(found[1, 0])
    return found


def _silent(rng: np.random.Generator) -> dict[str, Any]:
    """Activations with dead units, units that are silent for most samples, and a sample for which all are silent."""
    N, d = int(rng.integers(4, 7)), int(rng.integers(5, 8))
    A = np.round(rng.uniform(0.1, 2, (N, d)), 2)
    A[:, : in_turn(rng, [1, 2, 3])] = 0
    A[1:, -1] = 0  # silent but for one sample
    A[1, :] = 0  # a sample for which every unit is silent
    return {"A": A}


def dead_share(A: np.ndarray) -> float:
    """Return the share of columns that are 0 in every row."""
    return float((A == 0).all(axis=0).mean())


def _norms(rng: np.random.Generator) -> dict[str, Any]:
    """Gradient norms that shrink toward the first layer; those of the first epochs are far from what they become."""
    n_layers = int(rng.integers(3, 5))
    late = np.geomspace(0.01, 0.5, n_layers) * rng.uniform(0.5, 2, (10, n_layers))
    early = rng.uniform(1, 5, (in_turn(rng, [4, 12, 7, 3, 20]), n_layers))
    return {"grad_norms": np.round(np.concatenate([early, late]), 4)}


def arriving(grad_norms: np.ndarray) -> float:
    """Return the mean norm of the first layer over the last ten epochs, divided by that of the last layer."""
    means = grad_norms[-10:].mean(axis=0)
    return float(means[0] / means[-1])


def _uniform(rng: np.random.Generator) -> dict[str, Any]:
    return {"U": np.round(rng.random((int(rng.integers(2, 4)), int(rng.integers(4, 6)))), 2)}


def uniform_weights(U: np.ndarray) -> np.ndarray:
    """Return (2U - 1) √(6 / (d_in + d_out)), of variance 2 / (d_in + d_out)."""
    result: np.ndarray = (2 * U - 1) * np.sqrt(6 / sum(U.shape))
    return result


class LeakyReLU:
    """A = Z where Z > 0, else 0.1 Z."""

    slope = 0.1

    def forward(self, Z: np.ndarray) -> np.ndarray:
        """Return A."""
        self.factor = np.where(Z > 0, 1.0, self.slope)
        return Z * self.factor

    def backward(self, dA: np.ndarray) -> np.ndarray:
        """Return dZ."""
        result: np.ndarray = dA * self.factor
        return result


class _Plain(LeakyReLU):
    slope = 0.0


class _TooSteep(LeakyReLU):
    slope = 0.9


class _Hundredth(LeakyReLU):
    slope = 0.01


class _MirroredForward(LeakyReLU):
    def forward(self, Z: np.ndarray) -> np.ndarray:
        super().forward(Z)
        return np.where(Z > 0, Z, -0.1 * Z)


class _MaskOfTheGradient(LeakyReLU):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return np.where(dA > 0, dA, 0.1 * dA)


class _PlainBackward(LeakyReLU):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        result: np.ndarray = dA * (self.factor == 1)
        return result


class _SlopeAlone(LeakyReLU):
    def backward(self, dA: np.ndarray) -> np.ndarray:
        return self.factor


class _TimesTheInput(LeakyReLU):
    def forward(self, Z: np.ndarray) -> np.ndarray:
        self.A = super().forward(Z)
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        result: np.ndarray = dA * self.A
        return result


def _layer(rng: np.random.Generator) -> dict[str, Any]:
    shape = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    return {"Z": _numbers(rng, *shape), "dA": -_numbers(rng, *shape)}


def _run_layer(kind: Any, Z: np.ndarray, dA: np.ndarray) -> dict[str, Any]:
    """Return what a layer gives forward and backward, and again with other numbers."""
    layer = kind()
    found = {"forward": layer.forward(Z.copy()), "backward": layer.backward(dA.copy())}
    return found | {"forward again": layer.forward(-2 * Z), "backward again": layer.backward(dA.copy())}


def _radius(rng: np.random.Generator) -> dict[str, Any]:
    return {"r": float(in_turn(rng, [0.5, 2.0, 1.5, 0.8, 3.0]))}


def circle(r: float) -> dict[str, Any]:
    """Return W (2, 1) and b of a network on x₁² and x₂² that takes the disk of radius r for class 1."""
    return {"W": np.array([[-1.0], [-1.0]]), "b": r**2}


def _run_circle(answer: Any, r: float) -> dict[str, Any] | None:
    """Return how many points just inside and just outside of the circle are taken for class 1."""
    found = parts(answer(r), "W", "b")
    if found is None:
        return None
    W, b = real("W", found[0]), real("b", found[1])
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False) + 0.1
    points = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if W.shape != (2, 1):
        return {"W": W, "b": b}
    places = {"The share of class 1 just inside": 0.95 * r, "The share of class 1 just outside": 1.05 * r}
    return {name: np.mean((at * points) ** 2 @ W + b > 0) for name, at in places.items()}


def _with(change: Any) -> Any:
    return lambda r: {"W": np.array([[-1.0], [-1.0]]), "b": r**2} | change(r)


EXERCISES = {
    "10.1": Exercise(
        reference=dead_share,
        inputs=_silent,
        mistakes={
            "This is the share of samples for which every unit is silent. Ask unit by unit: axis=0.": lambda A: (
                (A == 0).all(axis=1).mean()
            ),
            "A unit is dead if it gives 0 for every sample, not for one of them: all, not any.": lambda A: (
                (A == 0).any(axis=0).mean()
            ),
            "This is the share of zeros among all entries. A zero is no dead unit.": lambda A: (A == 0).mean(),
            "This is their number. The share is the mean.": lambda A: (A == 0).all(axis=0).sum(),
            "This is the share of units that are at work.": lambda A: 1 - dead_share(A),
            "These are percentages.": lambda A: 100 * dead_share(A),
            "Divide by the number of units, not by the number of samples.": lambda A: (
                (A == 0).all(axis=0).sum() / len(A)
            ),
        },
    ),
    "10.2": Exercise(
        reference=arriving,
        inputs=_norms,
        mistakes={
            "This is the norm of the last layer divided by that of the first. Turn it around.": lambda g: (
                1 / arriving(g)
            ),
            "This takes the mean over all epochs. Only the last ten count.": lambda g: g[:, 0].mean() / g[:, -1].mean(),
            "This takes the last epoch alone, which may be an accident.": lambda g: g[-1, 0] / g[-1, -1],
            "These are the first ten epochs. The last ten are [-10:].": lambda g: g[:10, 0].mean() / g[:10, -1].mean(),
            "First take the means, then divide. The mean of the ratios is another number.": lambda g: (
                g[-10:, 0] / g[-10:, -1]
            ).mean(),
            "This compares the first layer with the second. The last is column -1.": lambda g: (
                g[-10:, 0].mean() / g[-10:, 1].mean()
            ),
            "Rows are epochs and columns are layers: the first layer is grad_norms[:, 0].": lambda g: (
                g[0].mean() / g[-1].mean()
            ),
            "This is the mean norm of the first layer. Divide it by that of the last.": lambda g: g[-10:, 0].mean(),
        },
    ),
    "10.3": Exercise(
        reference=uniform_weights,
        inputs=_uniform,
        mistakes={
            "All of these are positive. First move U to the interval from -1 to 1: 2U - 1.": lambda U: (
                U * np.sqrt(6 / sum(U.shape))
            ),
            "2U - 1 has the variance 1/3, so a factor of √(2 / (d_in + d_out)) makes it a third of what is wanted.": (
                lambda U: (2 * U - 1) * np.sqrt(2 / sum(U.shape))
            ),
            "U - 1/2 lies between -1/2 and 1/2, so the variance is a quarter of what is wanted.": lambda U: (
                (U - 0.5) * np.sqrt(6 / sum(U.shape))
            ),
            "The factor is the square root of 6 / (d_in + d_out).": lambda U: (2 * U - 1) * 6 / sum(U.shape),
            "This divides by d_in alone. Glorot and Bengio take both sides: d_in + d_out.": lambda U: (
                (2 * U - 1) * np.sqrt(6 / len(U))
            ),
            "This divides by d_out alone. Glorot and Bengio take both sides: d_in + d_out.": lambda U: (
                (2 * U - 1) * np.sqrt(6 / U.shape[1])
            ),
            "This divides by the number of weights, d_in · d_out. Their sum is wanted.": lambda U: (
                (2 * U - 1) * np.sqrt(6 / U.size)
            ),
            "The interval is the right one. Without the scale the signal explodes with depth.": lambda U: 2 * U - 1,
        },
    ),
    "10.4": Exercise(
        reference=LeakyReLU,
        inputs=_layer,
        run=_run_layer,
        mistakes={
            "This is the plain ReLU. Below 0 the slope is 0.1.": _Plain,
            "The slope below 0 is 0.1, and not 0.9.": _TooSteep,
            "The slope below 0 is 0.1, and not 0.01.": _Hundredth,
            "Below 0 this goes up again. A negative Z has a negative A.": _MirroredForward,
            "Whether the slope is 1 or 0.1 is decided by Z of the forward pass, not by the gradient.": (
                _MaskOfTheGradient
            ),
            "Forward is right. Backward lets nothing through below 0, as the plain ReLU does.": _PlainBackward,
            "This is the slope. Backward multiplies the gradient that arrives by it.": _SlopeAlone,
            "Multiply the gradient by the slope, not by the output.": _TimesTheInput,
        },
    ),
    "10.5": Exercise(
        reference=circle,
        inputs=_radius,
        run=_run_circle,
        mistakes={
            "Inside and outside are exchanged: the logit has to be positive inside.": lambda r: {
                "W": np.array([[1.0], [1.0]]),
                "b": -(r**2),
            },
            "The features are squares, so the bias is r², not r.": _with(lambda r: {"b": r}),
            "With this bias the logit is positive nowhere: it has to be r² at the center.": _with(
                lambda r: {"b": -(r**2)}
            ),
            "This uses one coordinate only: its boundary is two parallel lines.": _with(
                lambda r: {"W": np.array([[-1.0], [0.0]])}
            ),
            "Two different signs make a hyperbola. Both squares belong to the same side.": _with(
                lambda r: {"W": np.array([[-1.0], [1.0]])}
            ),
            "The boundary is x₁² + x₂² = 2r², a circle that is too large.": _with(lambda r: {"b": 2 * r**2}),
            "W has to have the shape (2, 1): two features, one logit.": _with(lambda r: {"W": np.array([-1.0, -1.0])}),
        },
    ),
}
