"""The exercises in which the reader builds a network of their own, piece by piece."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from scratchnet import central_difference
from scratchnet.book.exercises import pieces
from scratchnet.book.exercises.judge import Exercise, WrongFormError, in_turn, missing, real


class Mistakes(Mapping[str, Any]):
    """Plausible mistakes in a piece by the sentence about them: each is the book's text with some of its words changed.

    changes: by the sentence, what is replaced and by what, again and again. They are compiled when they are asked for.
    """

    def __init__(self, piece: Any, changes: dict[str, tuple[str, ...]]) -> None:
        self.piece, self.changes = piece, changes

    def __getitem__(self, sentence: str) -> Any:
        text, words = inspect.getsource(self.piece), self.changes[sentence]
        for old, new in zip(words[::2], words[1::2], strict=True):
            assert old in text, f"{old!r} does not stand in {self.piece.__name__}"
            text = text.replace(old, new)
        space: dict[str, Any] = {"np": np}
        exec(compile(text, "<mistake>", "exec"), space)
        return space[self.piece.__name__]

    def __iter__(self) -> Iterator[str]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)


def _shown(value: Any) -> str:
    return str(tuple(np.shape(value)))


def _given(method: str, value: Any) -> Any:
    """Return what a method returned; raise WrongFormError where it returned nothing."""
    if missing(value):
        raise WrongFormError(f"{method} returns nothing yet.")
    return value


def _round(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return numbers with two digits, none of them near 0."""
    return np.round(rng.uniform(0.2, 2, shape) * rng.choice([-1, 1], shape), 2)


def _arrays(**values: Any) -> dict[str, np.ndarray]:
    return {name: np.array(value, float) for name, value in values.items()}


def _measured(f: Callable[[], float], x: np.ndarray, gradient: Any) -> str:
    """Return whether central differences find the gradient of f with respect to x."""
    fits = np.shape(gradient) == x.shape and np.allclose(central_difference(f, x), gradient, atol=1e-5)
    return "agrees" if fits else "differs"


def _there_and_back(layer: Any, X: np.ndarray, dY: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a layer computes forward and backward, shapes first, and whether it agrees with a measurement."""
    if missing(layer.forward(X + 1)):
        return {}
    layer.backward(dY + 1)  # of another batch, of which nothing may be left
    Y = layer.forward(X.copy())
    dX = layer.backward(dY.copy())
    _given("backward", dX)
    found = {"what backward returns": dX} | {f"d{name}": getattr(layer, f"d{name}") for name in names}
    found = {name: real(name, value).copy() for name, value in found.items()}
    result: dict[str, Any] = {"shape of what forward returns": _shown(Y)}
    result |= {f"shape of {name}": _shown(value) for name, value in found.items()}
    result |= {"what forward returns": Y} | found

    def loss() -> float:
        return float(np.sum(dY * layer.forward(X.copy())))

    moved = [X] + [getattr(layer, name) for name in names]
    for (name, gradient), x in zip(found.items(), moved, strict=True):
        result[f"{name}, measured"] = _measured(loss, x, gradient)
    return result


# The linear layer


def _linear_inputs(rng: np.random.Generator) -> dict[str, Any]:
    n, d_in, d_out = in_turn(rng, [(3, 2, 4), (1, 3, 2), (5, 1, 3), (4, 3, 1)])
    return {
        "X": _round(rng, n, d_in),
        "W": _round(rng, d_in, d_out),
        "b": _round(rng, 1, d_out),
        "dZ": _round(rng, n, d_out),
    }


def _linear(answer: Any, X: np.ndarray, W: np.ndarray, b: np.ndarray, dZ: np.ndarray) -> Any:
    layer = answer(*W.shape, np.random.default_rng(0))
    if not hasattr(layer, "W") and missing(layer.forward(X)):
        return None
    first = {"shape of W": _shown(layer.W), "shape of b": _shown(layer.b), "params": str(tuple(layer.params))}
    layer.W, layer.b = W.copy(), b.copy()
    computed = _there_and_back(layer, X, dZ, ("W", "b"))
    if not computed:
        return None
    wide = [answer(400, 100, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    drawn = {
        "standard deviation of W in another layer, from 400 inputs to 100": _size(answer, wide[0]),
        "weights of equal generators": "equal" if np.array_equal(wide[0].W, wide[1].W) else "different",
        "weights of different generators": "equal" if np.array_equal(wide[0].W, wide[2].W) else "different",
        "first b": "0" if not np.any(wide[0].b) else "not 0",
    }
    return first | computed | drawn


def _size(answer: Any, wide: Any) -> str:
    """Return the standard deviation of the weights of a layer from 400 to 100, and which rule gives it."""
    size = float(np.std(wide.W))
    sizes = {
        "1": 1.0,
        "0.141, the root of 2 / d_out": np.sqrt(2 / 100),
        "0.063, the root of 2 / (d_in + d_out)": np.sqrt(2 / 500),
        "0.071, the root of 2 / d_in": np.sqrt(2 / 400),
        "0.050, the root of 1 / d_in": 0.05,
        "0.005, which is 2 / d_in": 2 / 400,
    }
    for rule, wanted in sizes.items():
        if abs(size - wanted) < 0.06 * wanted:
            return rule
    other = float(np.std(answer(100, 400, np.random.default_rng(1)).W))
    return "the same for every d_in" if abs(other - size) <= 0.06 * size else f"{size:.3f}"


# ReLU


def _relu_inputs(rng: np.random.Generator) -> dict[str, Any]:
    shape = in_turn(rng, [(3, 2), (1, 4), (5, 3), (2, 6)])
    Z = _round(rng, *shape)
    Z.flat[:3] = [0.7, -0.4, 0.3]  # of both signs
    return {"Z": Z, "dA": _round(rng, *shape)}


def _relu(answer: Any, Z: np.ndarray, dA: np.ndarray) -> Any:
    layer = answer()
    layer.forward(-Z[:1])  # another batch before
    computed = _there_and_back(layer, Z, dA, ())
    if not computed:
        return None
    zeros = answer()
    zeros.forward(np.zeros((1, 2)))
    slope = zeros.backward(np.ones((1, 2)))
    given = Z.copy()
    kept = answer().forward(given)
    left = {
        "what it does to its argument": "nothing" if np.array_equal(given, Z) and kept is not given else "changes it"
    }
    return computed | {"params": str(tuple(layer.params)), "slope at 0": slope} | left


# The output with its loss


def _output_inputs(rng: np.random.Generator) -> dict[str, Any]:
    n = in_turn(rng, [3, 1, 6, 4])
    Z, y = _round(rng, n, 1), rng.integers(0, 2, (n, 1)).astype(float)
    Z[0], y[0] = in_turn(rng, [(40, 0), (-40, 1), (900, 0), (-900, 1)])  # a sure and wrong one
    return {"Z": Z, "y": y}


def _output(answer: Any, Z: np.ndarray, y: np.ndarray) -> Any:
    output = answer()
    P = output.forward(Z)
    if missing(P):
        return None
    loss, dZ = output.loss(Z, y), output.backward(Z, y)
    if np.ndim(_given("loss", loss)):
        raise WrongFormError(f"loss returns one number, and not an array of the shape {_shown(loss)}.")
    _given("backward", dZ)
    result = {"shape of the probabilities": _shown(P), "shape of what backward returns": _shown(dZ)}
    result |= {"probabilities": P, "loss": loss, "what backward returns": dZ}
    near = np.clip(Z, -5, 5)
    measured = _measured(lambda: float(output.loss(near, y)), near, output.backward(near, y))
    return result | {"what backward returns, measured": measured}


# The network


class _Step:
    """A layer that multiplies by its one parameter, and remembers how it was called."""

    params = ("w",)

    def __init__(self, w: float, log: list[str], name: str) -> None:
        self.w, self.log, self.name = np.array([[w]]), log, name
        self.X = np.zeros((1, 1))
        self.training: list[Any] = []

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        self.X = X
        self.training.append(training)
        return X * self.w + 1

    def backward(self, dY: np.ndarray) -> np.ndarray:
        self.log.append(self.name)
        self.dw = np.sum(dY * self.X, keepdims=True)
        return dY * self.w


def _network_inputs(rng: np.random.Generator) -> dict[str, Any]:
    n_layers = in_turn(rng, [2, 3, 1, 4, 3])
    n = in_turn(rng, [2, 1, 3, 4, 2])
    return {"factors": _round(rng, n_layers).tolist(), "X": _round(rng, n, 1), "dZ": _round(rng, n, 1)}


def _network(answer: Any, factors: list[float], X: np.ndarray, dZ: np.ndarray) -> Any:
    log: list[str] = []
    own = [_Step(w, log, f"layer {i}") for i, w in enumerate(factors, start=1)]
    layers: list[Any] = [*own[:-1], pieces.MyReLU(), own[-1]]  # one has no parameters
    net = answer(layers, pieces.MyCrossEntropy())
    Z = net.forward(X)
    if missing(Z):
        return None
    result: dict[str, Any] = {"what forward returns": Z, "what backward returns": net.backward(dZ)}
    result["layers in the order of backward"] = ", ".join(log)
    P, D = _given("parameters", net.parameters()), _given("gradients", net.gradients())
    result["number of parameters()"], result["number of gradients()"] = len(P), len(D)
    result["parameters()"] = [real("parameters()", p).ravel() for p in P]
    same = all(np.shares_memory(p, layer.w) for p, layer in zip(P, own, strict=False))
    result["parameters() are the arrays of the layers"] = "yes" if same else "no, other ones"
    result["gradients()"] = [real("gradients()", d).ravel() for d in D]
    result["training in forward"] = str([layer.training[-1:] for layer in own])
    result["what predict_proba returns"] = net.predict_proba(X)
    result["training in predict_proba"] = str([layer.training[-1:] for layer in own])
    net.forward(X, training=False)
    result["training in forward, where it is False"] = str([layer.training[-1:] for layer in own])
    net.forward(X[:1])
    net.backward(dZ[:1])
    return result | {"gradients() of another batch": [real("gradients()", d).ravel() for d in net.gradients()]}


# Training


class _Watched(pieces.MyNetwork):
    """A network that remembers which rows it saw, in which mode, and what it was asked to do."""

    def __init__(self, X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
        super().__init__([pieces.MyLinear(1, 1, rng)], self)
        self.true, self.known, self.loss_of = pieces.MyCrossEntropy(), X, y
        self.seen: list[list[int]] = []
        self.did: list[str] = []
        self.losses: list[float] = []
        self.modes: list[bool] = []

    def forward(self, X: np.ndarray, training: bool = True) -> np.ndarray:
        self.seen.append([int(np.flatnonzero(self.known[:, 0] == x)[0]) for x in X[:, 0]])
        self.modes.append(training)
        self.did.append("forward")
        return np.asarray(super().forward(X, training))

    def loss(self, Z: np.ndarray, y: np.ndarray) -> float:
        self.losses.append(float(self.true.loss(Z, y)))
        if not np.array_equal(y, self.loss_of[self.seen[-1]]):
            raise WrongFormError("The loss got other labels than those of the rows that went forward.")
        return self.losses[-1]

    def backward(self, dZ: np.ndarray, y: np.ndarray | None = None) -> Any:
        if y is not None:  # of the output
            return self.true.backward(dZ, y)
        self.did.append("backward")
        return super().backward(dZ)

    def step(self, parameters: list[np.ndarray], gradients: list[np.ndarray]) -> None:
        self.did.append("step")
        pieces.MySGD(0.5).step(parameters, gradients)


def _training_inputs(rng: np.random.Generator) -> dict[str, Any]:
    n, size = in_turn(rng, [(6, 2), (7, 3), (5, 5), (9, 4), (8, 3)])
    X = rng.permutation(n)[:, None] - n / 2.0
    y = np.tile([[0.0], [1.0]], (n, 1))[:n]
    return {
        "X": X,
        "y": y,
        "n_epochs": in_turn(rng, [3, 5, 4, 3, 4]),
        "batch_size": size,
        "seed": int(rng.integers(1000)),
    }


def _training(answer: Any, X: np.ndarray, y: np.ndarray, n_epochs: int, batch_size: int, seed: int) -> Any:
    """Run a training and return what it did, whatever it did first; the order of the samples is the answer's own."""
    net = _Watched(X.copy(), y.copy(), np.random.default_rng(0))
    given = X.copy()
    losses = answer(net, X, y, net, n_epochs, batch_size, np.random.default_rng(seed))
    if missing(losses) and not net.did:
        return None
    sizes = [min(batch_size, len(X) - start) for start in range(0, len(X), batch_size)]
    epochs = [net.seen[i : i + len(sizes)] for i in range(0, len(net.seen), len(sizes))]
    result: dict[str, Any] = {
        "batches in all": len(net.seen),
        "sizes of the batches of an epoch": str([len(rows) for rows in (epochs or [[]])[0]]),
        "rows of an epoch, in order": str(sorted(row for rows in epochs[0] for row in rows) if epochs else []),
        "what is done with a batch": ", ".join(net.did[:3]),
        "how often a step is taken": net.did.count("step"),
        "training in forward": str(all(net.modes)),
        "epochs that go through the rows alike": _alike(epochs),
        "an order that the generator gives": _from_generator(answer, X, y, batch_size),
        "X afterwards": "as before" if np.array_equal(given, X) else "another order",
    }
    if missing(losses):
        return result | {"losses": losses}
    per_batch = [net.losses[i : i + len(sizes)] for i in range(0, len(net.losses), len(sizes))]
    means = [float(np.dot(epoch, sizes[: len(epoch)])) / len(X) for epoch in per_batch]
    result |= {"number of losses": len(losses), "shape of the losses": _shown(losses)}
    short = len(means) == len(losses)
    gap = real("losses", losses) - means if short and np.ndim(losses) == 1 else np.full(len(losses), np.nan)
    return result | {"losses, minus the means over the samples": np.round(gap, 9)}


def _alike(epochs: list[list[list[int]]]) -> str:
    """Return whether all epochs go through the rows in one order, and whether it is that of the data."""
    orders = [[row for rows in epoch for row in rows] for epoch in epochs]
    if len(orders) < 2 or any(order != orders[0] for order in orders):
        return "none"
    return "all, in the order of the data" if orders[0] == sorted(orders[0]) else "all"


def _from_generator(answer: Any, X: np.ndarray, y: np.ndarray, batch_size: int) -> str:
    """Return whether equal generators give equal orders."""
    seen = []
    for _ in range(3):
        net = _Watched(X.copy(), y.copy(), np.random.default_rng(0))
        answer(net, X.copy(), y.copy(), net, 4, batch_size, np.random.default_rng(1))
        seen.append(net.seen)
    return "yes" if seen[0] == seen[1] == seen[2] else "no"


# Optimizers


TWO_STEPS = {"lr": 0.1, "parameters": [np.array([[1.0]])], "gradients": [[np.array([[g]])] for g in (2.0, -1.0)]}


def _steps(rng: np.random.Generator) -> dict[str, Any]:
    """Return two parameters of different shapes, and their gradients in some steps."""
    n = in_turn(rng, [3, 2, 4, 3])
    shapes = in_turn(rng, [((2, 3), (1, 3)), ((1, 1), (3, 1)), ((2, 2), (1, 2)), ((1, 4), (4, 1))])
    steps = [[_round(rng, *shape) for shape in shapes] for _ in range(n)]
    return {
        "lr": round(float(rng.uniform(0.05, 0.5)), 2),
        "parameters": [_round(rng, *shape) for shape in shapes],
        "gradients": steps,
    }


def _optimizer(*settings: dict[str, float]) -> Callable[..., Any]:
    """Return a `run` that tries an optimizer with its defaults, and with each of these settings."""

    def run(answer: Any, lr: float, parameters: list[np.ndarray], gradients: list[list[np.ndarray]]) -> Any:
        result: dict[str, Any] = {}
        for chosen in ({}, *settings):
            label = f" with {', '.join(f'{key}={value}' for key, value in chosen.items())}" if chosen else ""
            optimizer, moved = answer(lr, **chosen), [p.copy() for p in parameters]
            if not vars(optimizer):
                return None  # it keeps nothing yet, not even lr
            given = [[g.copy() for g in step] for step in gradients]
            for t, step in enumerate(given, start=1):
                back = optimizer.step(moved, step)
                if not missing(back) and t == 1:
                    raise WrongFormError("step changes the parameters in place and returns nothing.")
                for i, p in enumerate(moved, start=1):
                    result[f"parameter {i} after step {t}{label}"] = p.copy()
            if given and all(map(np.array_equal, moved, parameters)):
                raise WrongFormError("No parameter has moved: p = p - … is a new array, p -= … changes the old one.")
            untouched = all(
                np.array_equal(a, b) for x, y in zip(given, gradients, strict=True) for a, b in zip(x, y, strict=True)
            )
            result[f"the gradients afterwards{label}"] = "as before" if untouched else "changed"
        return result

    return run


# Batch normalization


def _norm_inputs(rng: np.random.Generator) -> dict[str, Any]:
    n, d = in_turn(rng, [(4, 3), (3, 1), (5, 2), (6, 4)])
    momentum, eps = in_turn(rng, [0.2, 0.5, 0.05, 0.3]), in_turn(rng, [0.1, 0.02, 0.5, 1e-5])
    return {"Z": _round(rng, n, d) + 1, "dY": _round(rng, n, d), "momentum": momentum, "eps": eps}


def _norm(answer: Any, Z: np.ndarray, dY: np.ndarray, momentum: float, eps: float) -> Any:
    d = Z.shape[1]
    layer = answer(d, momentum, eps)
    if not hasattr(layer, "gamma") and missing(layer.forward(Z)):
        return None
    first = {"first gamma": layer.gamma, "first beta": layer.beta, "params": str(tuple(layer.params))}
    first = {name: value if isinstance(value, str) else real(name, value).copy() for name, value in first.items()}
    layer.gamma = np.linspace(1.5, 2.5, d)[None]
    layer.beta = np.linspace(-1, -0.5, d)[None]
    Y = layer.forward(Z)
    if missing(Y):
        return None
    before = layer.forward(Z + 1, training=False)
    again = layer.forward(3 - Z, training=False)
    computed = _there_and_back(layer, Z.copy(), dY, ("gamma", "beta"))
    inference = {"at inference": before, "at inference, other data": again}
    plain = answer(d)
    plain.forward(Z)
    return first | computed | inference | {"at inference, by default": plain.forward(Z, training=False)}


# Dropout


def _dropout_inputs(rng: np.random.Generator) -> dict[str, Any]:
    return {"rate": in_turn(rng, [0.5, 0.2, 0.8, 0.3, 0.0]), "seed": int(rng.integers(1000))}


def _dropout(answer: Any, rate: float, seed: int) -> Any:
    """Run dropout on ones, which show the mask: how many are 0, and how large the others are, and that both ways."""
    layer, ones = answer(rate, np.random.default_rng(seed)), np.ones((400, 50))
    A = layer.forward(ones)
    if missing(A):
        return None
    A = real("what forward returns", A).copy()
    dA = layer.backward(3 * ones)
    _given("backward", dA)
    result: dict[str, Any] = {"shape of what forward returns": _shown(A), "params": str(tuple(layer.params))}
    rows, columns = np.ptp(np.mean(A == 0, axis=1)), np.ptp(np.mean(A == 0, axis=0))
    result["zeros"] = "in whole rows or columns" if max(rows, columns) > 0.9 else "entry by entry"
    zeros = float(np.mean(A == 0))
    result["share of zeros"] = f"about {rate:g}" if abs(zeros - rate) < 0.03 else f"{zeros:.2f}"
    result["what is left of a 1"] = float(A.max())
    makes = {"the same factors": A, "all of it passes": ones, "0 and 1": (A > 0) * 1.0}
    same = [words for words, factors in makes.items() if np.allclose(dA, 3 * factors)]
    result["what backward makes of the same entries"] = same[0] if same else "other factors"
    second = real("what forward returns", layer.forward(2 * ones)).copy()
    if rate:
        result["the mask of the next batch"] = "another" if np.any((second == 0) != (A == 0)) else "the same"
    result["at inference"] = np.unique(real("what forward returns", layer.forward(2 * ones, training=False)))
    kept = layer.backward(ones)
    result["the mask that backward uses after an inference"] = (
        "the last one of training" if np.allclose(kept, second / 2) else "another"
    )
    equal = answer(rate, np.random.default_rng(seed)).forward(ones)
    return result | {"masks of equal generators": "equal" if np.array_equal(equal, A) else "different"}


EXERCISES = {
    "2.6": Exercise(
        reference=pieces.MyLinear,
        example=_arrays(X=[[1, 2], [3, 4]], W=[[1, 0, -1], [2, 1, 0]], b=[[0.5, 0, -0.5]], dZ=[[1, 0, 0], [0, 1, 2]]),
        inputs=_linear_inputs,
        run=_linear,
        mistakes=Mistakes(
            pieces.MyLinear,
            {
                "dW is divided by N. If the loss is a mean, its 1/N is already inside dZ.": (
                    "@ dZ\n",
                    "@ dZ / len(dZ)\n",
                ),
                "b takes part in every row, so db is the sum over the batch, not the mean.": ("dZ.sum(", "dZ.mean("),
                "The layer divides by N. If the loss is a mean, its 1/N is already inside dZ.": (
                    "@ dZ\n",
                    "@ dZ / len(dZ)\n",
                    "dZ.sum(",
                    "dZ.mean(",
                ),
                "Everything is divided by N. If the loss is a mean, its 1/N is already inside dZ.": (
                    "        self.dW",
                    "        dZ = dZ / len(dZ)\n        self.dW",
                ),
                "dX is divided by N. Each row of X has a gradient of its own, and nothing is averaged.": (
                    "return dZ @",
                    "return dZ / len(dZ) @",
                ),
                "b takes part in every row: db is their sum, not the mean, and keepdims=True keeps the row.": (
                    "dZ.sum(axis=0, keepdims=True)",
                    "dZ.mean(axis=0)",
                ),
                "db is the sum over the batch, axis 0. This is the sum over the outputs.": ("axis=0", "axis=1"),
                "db has the shape of b, (1, d_out): keepdims=True keeps the row.": (", keepdims=True", ""),
                "b is left out of the forward pass.": (" + self.b", ""),
                "The gradients of batch after batch add up here. Each backward sets them anew.": (
                    "self.dW = self.X.T @ dZ",
                    "self.dW = getattr(self, 'dW', 0) + self.X.T @ dZ",
                ),
                "The weights are too large: multiply N(0, 1) by the root of 2 / d_in.": (" * np.sqrt(2 / d_in)", ""),
                "This is Xavier's rule. With ReLU behind it, He's has the variance 2 / d_in.": (
                    "2 / d_in",
                    "2 / (d_in + d_out)",
                ),
                "He's rule asks for the number of inputs, d_in, and this takes the outputs.": ("2 / d_in", "2 / d_out"),
                "The factor 2 of He's rule is missing.": ("np.sqrt(2 / d_in)", "np.sqrt(1 / d_in)"),
                "2 / d_in is the variance. The factor is its root.": ("np.sqrt(2 / d_in)", "2 / d_in"),
                "The weights have one size, whatever the layer's. He's rule asks for the root of 2 / d_in.": (
                    "np.sqrt(2 / d_in)",
                    "0.01",
                ),
                "The weights come from a generator of their own. Draw them from the rng that is given.": (
                    "rng.standard_normal",
                    "np.random.default_rng().standard_normal",
                ),
                "The signs are turned round. These are gradients; the step against them comes later.": (
                    "self.X.T @ dZ",
                    "-self.X.T @ dZ",
                    "= dZ.sum",
                    "= -dZ.sum",
                    "dZ @ self.W.T",
                    "-dZ @ self.W.T",
                ),
                "This is the transpose of dX. The gradient has the shape of X, (N, d_in).": (
                    "dZ @ self.W.T",
                    "self.W @ dZ.T",
                ),
                "This is the transpose of dW. The gradient has the shape of W, (d_in, d_out).": (
                    "self.X.T @ dZ",
                    "dZ.T @ self.X",
                ),
            },
        ),
    ),
    "2.7": Exercise(
        reference=pieces.MyReLU,
        example=_arrays(Z=[[2, -1], [-3, 0.5]], dA=[[1, 2], [3, -4]]),
        inputs=_relu_inputs,
        run=_relu,
        mistakes=Mistakes(
            pieces.MyReLU,
            {
                "backward returns the slope. The chain rule multiplies it by dA.": (
                    "dA * (self.A > 0)",
                    "(self.A > 0) * 1.0",
                ),
                "backward multiplies by the output itself. It is its sign that counts.": ("(self.A > 0)", "self.A"),
                "The gate asks the gradient. It is the output that says which units are active.": (
                    "self.A > 0",
                    "dA > 0",
                ),
                "The gradient passes every unit. Where the output is 0 so is the slope: > and not >=.": (
                    "self.A > 0",
                    "self.A >= 0",
                ),
                "The gate is turned round: it lets the gradient through where the unit is off.": (
                    "self.A > 0",
                    "self.A == 0",
                ),
                "This is the absolute value. ReLU makes negative numbers 0.": ("np.maximum(Z, 0)", "np.abs(Z)"),
                "This is the smaller of Z and 0.": ("np.maximum", "np.minimum", "self.A > 0", "self.A < 0"),
                "The output is kept of the first batch only.": (
                    "self.A = np.maximum(Z, 0)\n        return self.A",
                    "self.A = getattr(self, 'A', np.maximum(Z, 0))\n        return np.maximum(Z, 0)",
                ),
                "This is a leaky ReLU. Left of the kink the output is 0, and so is the slope.": (
                    "np.maximum(Z, 0)",
                    "np.maximum(Z, 0.01 * Z)",
                    "dA * (self.A > 0)",
                    "dA * np.where(self.A > 0, 1, 0.01)",
                ),
                "forward changes the array it is given. np.maximum without out= makes a new one.": (
                    "np.maximum(Z, 0)",
                    "np.maximum(Z, 0, out=Z)",
                ),
            },
        ),
    ),
    "3.6": Exercise(
        reference=pieces.MyCrossEntropy,
        example=_arrays(Z=[[2], [-1]], y=[[1], [1]]),
        inputs=_output_inputs,
        run=_output,
        mistakes=Mistakes(
            pieces.MyCrossEntropy,
            {
                "The loss is the sum over the batch. It is a mean.": ("np.mean(", "np.sum("),
                "The 1/N of the mean is missing in the gradient.": (" / len(Z)", ""),
                "The gradient is divided by N twice. This is what the published network did.": (
                    "/ len(Z)",
                    "/ len(Z) ** 2",
                ),
                "The gradient is turned round: it is the prediction minus the label.": (
                    "self.forward(Z) - y",
                    "y - self.forward(Z)",
                ),
                "The sigmoid's slope cancels against the loss. Here it is multiplied once more.": (
                    "(self.forward(Z) - y)",
                    "(self.forward(Z) - y) * self.forward(Z) * (1 - self.forward(Z))",
                ),
                "forward returns the logits. The probability is their sigmoid.": (
                    "np.where(Z < 0, e, 1) / (1 + e)",
                    "Z",
                    "self.forward(Z)",
                    "np.exp(-np.logaddexp(0, -Z))",
                ),
                "The logarithm to base 2 is another unit. The loss takes the natural one.": (
                    "return np.mean",
                    "return 1 / np.log(2) * np.mean",
                ),
                "The second part of the loss, of the label 0, is missing.": (
                    "np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z)))",
                    "y * np.logaddexp(0, -Z)",
                ),
                "The loss is clipped: a sure and wrong answer costs more than 16.1. Write it with the logits.": (
                    "np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))",
                    "-np.mean(np.log(np.clip(np.where(y, self.forward(Z), 1 - self.forward(Z)), 1e-7, 1)))",
                ),
                "The logarithm of 0 is infinite, and 0 times infinity is no number. Write the loss with the logits.": (
                    "np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))",
                    "-np.mean(y * np.log(self.forward(Z)) + (1 - y) * np.log(1 - self.forward(Z)))",
                ),
                "Labels and their opposite are exchanged.": (
                    "- Z * y",
                    "- Z * (1 - y)",
                    "(self.forward(Z) - y)",
                    "(self.forward(Z) - 1 + y)",
                ),
                "log(1 + e^-|z|) is missing: it is what a right answer still costs.": (
                    " + np.log1p(np.exp(-np.abs(Z)))",
                    "",
                ),
                "This is the squared error. The loss of a probability is minus its logarithm.": (
                    "np.mean(np.maximum(Z, 0) - Z * y + np.log1p(np.exp(-np.abs(Z))))",
                    "np.mean((self.forward(Z) - y) ** 2)",
                ),
            },
        ),
    ),
    "3.7": Exercise(
        reference=pieces.MyNetwork,
        inputs=_network_inputs,
        run=_network,
        mistakes=Mistakes(
            pieces.MyNetwork,
            {
                "backward goes through the layers from the first to the last. The last one comes first.": (
                    "reversed(self.layers)",
                    "self.layers",
                ),
                "Every layer is handed the gradient of the loss. It is what the layer above returned.": (
                    "            dZ = layer.backward(dZ)\n        return dZ",
                    "            back = layer.backward(dZ)\n        return back",
                ),
                "Every layer is handed the network's input. It is what the layer below returned.": (
                    "            X = layer.forward(X, training)\n        return X",
                    "            A = layer.forward(X, training)\n        return A",
                ),
                "The last layer is left out.": ("in self.layers:\n", "in self.layers[:-1]:\n"),
                "The layers are not told whether this is training.": ("layer.forward(X, training)", "layer.forward(X)"),
                "predict_proba runs the layers in training.": (", training=False", ""),
                "predict_proba returns logits. The output makes probabilities of them.": (
                    "self.output.forward(self.forward(X, training=False))",
                    "self.forward(X, training=False)",
                ),
                "parameters() are copies, so a step moves nothing. Hand out the arrays themselves.": (
                    "[getattr(layer, name) for",
                    "[getattr(layer, name).copy() for",
                ),
                "gradients() are the parameters again. The gradient of W is called dW.": ('"d" + name', "name"),
                "gradients() come in another order than parameters().": (
                    'return [getattr(layer, "d" + name) for layer in self.layers',
                    'return [getattr(layer, "d" + name) for layer in self.layers[::-1]',
                ),
                "These are the parameters of the first layer only.": (
                    "for layer in self.layers for name",
                    "for layer in self.layers[:1] for name",
                ),
                "The output has no weights: forward returns logits, and predict_proba the probabilities.": (
                    "            X = layer.forward(X, training)\n        return X",
                    "            X = layer.forward(X, training)\n        return self.output.forward(X)",
                    "self.output.forward(self.forward(X, training=False))",
                    "self.forward(X, training=False)",
                ),
            },
        ),
    ),
    "3.8": Exercise(
        reference=pieces.my_train,
        inputs=_training_inputs,
        run=_training,
        mistakes=Mistakes(
            pieces.my_train,
            {
                "Nothing is shuffled: every epoch goes through the rows in the order of the data.": (
                    "rng.permutation(len(X))",
                    "np.arange(len(X))",
                ),
                "The rows are shuffled once. Every epoch needs an order of its own.": (
                    "    for _ in range(n_epochs):\n        order, total = rng.permutation(len(X)), 0.0",
                    "    order = rng.permutation(len(X))\n    for _ in range(n_epochs):\n        total = 0.0",
                ),
                "The order comes from a generator of its own. Draw it from the rng that is given.": (
                    "rng.permutation",
                    "np.random.default_rng().permutation",
                ),
                "The short last batch is left out.": (
                    "range(0, len(X), batch_size)",
                    "range(0, len(X) - batch_size + 1, batch_size)",
                ),
                "The rows are drawn with replacement. In an epoch every row has its turn, once.": (
                    "rng.permutation(len(X))",
                    "rng.integers(0, len(X), len(X))",
                ),
                "The mean of the batches' losses gives the samples of a short batch more weight.": (
                    " * len(rows)",
                    "",
                    "total / len(X)",
                    "total / np.ceil(len(X) / batch_size)",
                ),
                "The losses are sums over the samples, and should be means.": ("total / len(X)", "total"),
                "The network is run as at inference. Training is what is happening here.": (
                    "net.forward(X[rows])",
                    "net.forward(X[rows], training=False)",
                ),
                "No step is taken: the gradients are computed and not used.": (
                    "            optimizer.step(net.parameters(), net.gradients())\n",
                    "",
                ),
                "There is one step an epoch. Every batch has its own.": (
                    "            optimizer.step(net.parameters(), net.gradients())\n",
                    "        optimizer.step(net.parameters(), net.gradients())\n",
                ),
                "Nobody computes the gradients: backward of the network is missing.": (
                    "net.backward(net.output.backward(Z, y[rows]))",
                    "[setattr(layer, 'd' + name, 0.0) for layer in net.layers for name in layer.params]",
                ),
                "The step is taken before the gradient of this batch is there.": (
                    "            optimizer.step(net.parameters(), net.gradients())\n",
                    "",
                    "            net.backward(",
                    "            optimizer.step(net.parameters(), net.parameters()) or net.backward(",
                ),
                "There is a loss of every batch. Asked for is one of every epoch.": (
                    "            total += net.output.loss(Z, y[rows]) * len(rows)",
                    "            losses.append(net.output.loss(Z, y[rows]))",
                    "        losses.append(total / len(X))\n",
                    "",
                ),
            },
        ),
    ),
    "7.6": Exercise(
        reference=pieces.MyMomentum,
        example=TWO_STEPS,
        inputs=_steps,
        run=_optimizer({"beta": 0.5}),
        mistakes=Mistakes(
            pieces.MyMomentum,
            {
                "This is a sum and not an average: the gradient has the weight 1 - beta.": ("(1 - self.beta) * g", "g"),
                "The weights are exchanged: the old average has beta.": (
                    "self.beta * v + (1 - self.beta) * g",
                    "(1 - self.beta) * v + self.beta * g",
                ),
                "The step goes uphill.": ("p -=", "p +="),
                "The step goes along the gradient, and v is not used.": ("self.lr * v", "self.lr * g"),
                "The average starts anew at each step.": ("if self.v is None", "if True"),
                "One average serves all parameters. Each has its own.": (
                    "[np.zeros_like(p) for p in parameters]",
                    "[np.zeros(())] * len(parameters)",
                    "v[:] = self.beta * v + (1 - self.beta) * g",
                    "v[...] = self.beta * v + (1 - self.beta) * np.mean(g)",
                ),
                "The step uses the average from before this gradient.": (
                    "            v[:] = self.beta * v + (1 - self.beta) * g\n            p -= self.lr * v",
                    "            p -= self.lr * v\n            v[:] = self.beta * v + (1 - self.beta) * g",
                ),
                "beta is 0.9 whatever is asked for.": (
                    "self.lr, self.beta, self.v = lr, beta, None",
                    "self.lr, self.beta, self.v = lr, 0.9, None",
                ),
                "The first average is the first gradient. It starts at 0.": (
                    "[np.zeros_like(p) for p in parameters]",
                    "[g.copy() for g in gradients]",
                ),
                "This looks ahead, as Nesterov's does. Plain momentum steps along v.": (
                    "p -= self.lr * v",
                    "p -= self.lr * (self.beta * v + (1 - self.beta) * g)",
                ),
            },
        ),
    ),
    "7.7": Exercise(
        reference=pieces.MyAdam,
        example=TWO_STEPS,
        inputs=_steps,
        run=_optimizer({"beta1": 0.5, "beta2": 0.7, "eps": 0.1}),
        mistakes=Mistakes(
            pieces.MyAdam,
            {
                "Without the correction for their start at 0, m and v are too small at first.": (
                    "m / (1 - self.beta1**self.t)",
                    "m",
                    "v / (1 - self.beta2**self.t)",
                    "v",
                ),
                "The steps are not counted, so the correction is always that of the first.": (
                    "self.t += 1",
                    "self.t = 1",
                ),
                "The counter goes on with every parameter. It counts steps.": (
                    "        self.t += 1\n",
                    "",
                    "            m[:] =",
                    "            self.t += 1\n            m[:] =",
                ),
                "The counter starts at 1 and is raised before it is used.": (
                    "self.t, self.m, self.v = 0",
                    "self.t, self.m, self.v = 1",
                ),
                "The root of v is missing.": ("np.sqrt(v_hat)", "v_hat"),
                "eps stands under the root. It is added to it.": (
                    "np.sqrt(v_hat) + self.eps",
                    "np.sqrt(v_hat + self.eps)",
                ),
                "v averages the gradient. It is its square that counts.": (
                    "* g**2",
                    "* g",
                    "np.sqrt(v_hat)",
                    "np.sqrt(np.abs(v_hat))",
                ),
                "v averages m squared, and not g squared.": ("* g**2", "* m**2"),
                "m is averaged with beta2.": ("self.beta1 * m + (1 - self.beta1)", "self.beta2 * m + (1 - self.beta2)"),
                "The corrected averages are kept in place of the plain ones, and corrected again the next time.": (
                    "p -= self.lr * m_hat",
                    "m[:], v[:] = m_hat, v_hat\n            p -= self.lr * m_hat",
                ),
                "The step goes uphill.": ("p -=", "p +="),
                "The step goes along the gradient. It is m that is divided by the root.": (
                    "self.lr * m_hat",
                    "self.lr * g",
                ),
                "beta1, beta2 and eps are Adam's defaults whatever is asked for.": (
                    "= lr, beta1, beta2, eps",
                    "= lr, 0.9, 0.999, 1e-8",
                ),
                "By default beta2 is 0.999, and eps 1e-8.": ("beta2=0.999", "beta2=0.99"),
            },
        ),
    ),
    "8.6": Exercise(
        reference=pieces.MyBatchNorm,
        example=_arrays(Z=[[1, 0], [3, 4]], dY=[[1, 2], [0, 0]]) | {"momentum": 0.1, "eps": 1e-5},
        inputs=_norm_inputs,
        run=_norm,
        mistakes=Mistakes(
            pieces.MyBatchNorm,
            {
                "Mean and variance are those of the rows. Normalize every column, over the batch: axis=0.": (
                    "Z.mean(axis=0",
                    "Z.mean(axis=1",
                    "Z.var(axis=0",
                    "Z.var(axis=1",
                    "self.running_mean +=",
                    "self.running_mean = self.running_mean +",
                    "self.running_var +=",
                    "self.running_var = self.running_var +",
                ),
                "The batch is divided by its variance. Divide by the root.": (
                    "np.sqrt(var + self.eps)",
                    "(var + self.eps)",
                ),
                "eps stands outside of the root.": ("np.sqrt(var + self.eps)", "np.sqrt(var) + self.eps"),
                "The batch's variance divides by N - 1 here. Only the running one does.": (
                    "Z.var(axis=0, keepdims=True)",
                    "Z.var(axis=0, keepdims=True, ddof=1)",
                    "var * N / (N - 1)",
                    "var",
                ),
                "The running variance is the unbiased one, N / (N - 1) times the batch's.": (
                    "var * N / (N - 1)",
                    "var",
                ),
                "The running statistics are not moved.": (
                    "self.running_mean += self.momentum",
                    "self.running_mean += 0",
                    "self.running_var += self.momentum",
                    "self.running_var += 0",
                ),
                "The running statistics move by 1 - momentum towards the batch. They move by momentum.": (
                    "+= self.momentum",
                    "+= (1 - self.momentum)",
                ),
                "Inference takes the statistics of its batch. It takes the running ones.": (
                    "if not training",
                    "if False",
                ),
                "Inference moves the running statistics too.": (
                    "        if not training:",
                    "        if not training:\n            self.running_mean += 0.1 * Z.mean(axis=0)",
                ),
                "gamma is missing in the forward pass.": (
                    "self.gamma * self.Z_hat + self.beta",
                    "self.Z_hat + self.beta",
                ),
                "beta is missing in the forward pass.": (
                    "self.gamma * self.Z_hat + self.beta",
                    "self.gamma * self.Z_hat",
                ),
                "dZ takes mean and deviation for constants. They depend on every entry of the batch.": (
                    "(dY - self.dbeta / N - self.Z_hat * self.dgamma / N)",
                    "dY",
                ),
                "dZ forgets that the deviation depends on the batch.": (" - self.Z_hat * self.dgamma / N", ""),
                "dZ forgets that the mean depends on the batch.": ("dY - self.dbeta / N", "dY"),
                "dgamma and dbeta are means. They are sums over the batch.": (
                    "(dY * self.Z_hat).sum(",
                    "(dY * self.Z_hat).mean(",
                    "self.dbeta = dY.sum(",
                    "self.dbeta = dY.mean(",
                    "self.dbeta / N",
                    "self.dbeta",
                    "self.dgamma / N",
                    "self.dgamma",
                ),
                "gamma is missing in dZ.": ("self.gamma / self.sigma", "1 / self.sigma"),
            },
        ),
    ),
    "9.6": Exercise(
        reference=pieces.MyDropout,
        inputs=_dropout_inputs,
        run=_dropout,
        mistakes=Mistakes(
            pieces.MyDropout,
            {
                "rate is the share that is kept here. It is the share that becomes 0.": (
                    ">= self.rate) / (1 - self.rate)",
                    "< self.rate) / (self.rate or 1)",
                ),
                "What is left is not scaled up. Divide by 1 - rate.": (" / (1 - self.rate)", ""),
                "What is left is scaled down. Divide by 1 - rate.": ("/ (1 - self.rate)", "* (1 - self.rate)"),
                "Divide by 1 - rate, the share that is left, and not by rate.": (
                    "/ (1 - self.rate)",
                    "/ (self.rate or 1)",
                ),
                "Inference is scaled as well. It returns A.": (
                    "return A\n        self",
                    "return A * (1 - self.rate)\n        self",
                ),
                "Entries are dropped at inference too.": ("if not training", "if False"),
                "backward draws a mask of its own. It uses that of the forward pass.": (
                    "return dA * self.mask",
                    "return dA * (self.rng.random(dA.shape) >= self.rate) / (1 - self.rate)",
                ),
                "backward lets everything through. What was 0 has no part in the loss.": (
                    "return dA * self.mask",
                    "return dA",
                ),
                "backward knows which entries were dropped, and not that the others were scaled.": (
                    "return dA * self.mask",
                    "return dA * (self.mask > 0)",
                ),
                "The mask is drawn once. Every batch has its own.": (
                    "        self.mask = ",
                    "        self.mask = self.mask if hasattr(self, 'mask') else ",
                ),
                "Whole columns are dropped. Each entry is dropped for itself.": (
                    "self.rng.random(A.shape)",
                    "self.rng.random((1, A.shape[1]))",
                ),
                "The mask comes from a generator of its own. Draw it from the rng that is given.": (
                    "self.rate, self.rng = rate, rng",
                    "self.rate, self.rng = rate, np.random.default_rng()",
                ),
            },
        ),
    ),
}
