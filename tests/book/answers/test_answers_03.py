"""Answers to the exercises of notebook 03: right ones of many kinds, and wrong ones with what they are told."""

import math

import numpy as np
from tables import judged

from scratchnet import NeuralNetwork, sigmoid

# 3.1: how many parameters


def count_by_loop(dims):
    total = 0
    for i in range(1, len(dims)):
        total += (dims[i - 1] + 1) * dims[i]
    return total


def count_in_place(dims):
    total = 0
    while len(dims) > 1:
        d_in = dims.pop(0)
        total += d_in * dims[0] + dims[0]
    return total


def weights(dims):
    return sum(a * b for a, b in zip(dims, dims[1:], strict=False))


# 3.2: one step


def gradients(X, y, W, b):
    p = 1 / (1 + np.exp(-(X @ W + b)))
    return p, X.T @ (p - y) / len(X), np.mean(p - y, keepdims=True)


def cross_entropy(p, y):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def step(X, y, W, b, lr):
    p, dW, db = gradients(X, y, W, b)
    return {"W": W - lr * dW, "b": b - lr * db, "loss": cross_entropy(p, y)}


def step_by_loops(X, y, W, b, lr):
    N, d = X.shape
    dW, db, loss = [0.0] * d, 0.0, 0.0
    for n in range(N):
        z = sum(X[n, i] * W[i, 0] for i in range(d)) + b[0, 0]
        p = 1 / (1 + math.exp(-z))
        loss -= math.log(p if y[n, 0] else 1 - p) / N
        db += (p - y[n, 0]) / N
        for i in range(d):
            dW[i] += X[n, i] * (p - y[n, 0]) / N
    return {"W": [[W[i, 0] - lr * dW[i]] for i in range(d)], "b": [[b[0, 0] - lr * db]], "loss": loss}


def step_by_einsum(X, y, W, b, lr):
    p = sigmoid(np.einsum("ni,ij->nj", X, W) + b)
    dW = np.einsum("ni,nj->ij", X, p - y) / X.shape[0]
    return step(X, y, W, b, lr) | {"W": W - lr * dW}


def step_by_network(X, y, W, b, lr):
    net = NeuralNetwork([X.shape[1], 1], seed=0)
    net.layers[0].W, net.layers[0].b = W, b
    loss = net.backward(net.forward(X), y)
    net.update(lr)
    return step(X, y, W, b, lr) | {"W": net.layers[0].W, "b": net.layers[0].b} | ({} if loss is None else {})


def step_by_logits(X, y, W, b, lr):
    Z = X @ W + b
    dZ = (1 / (1 + np.exp(-Z)) - y) / len(y)
    loss = np.mean(np.logaddexp(0, Z) - y * Z)
    return {"W": W + lr * -(dZ.T @ X).T, "b": b - lr * dZ.sum(), "loss": [loss][0]}


def step_in_place(X, y, W, b, lr):
    p, dW, db = gradients(X, y, W, b)
    W -= lr * dW
    b -= lr * db
    return {"W": W, "b": b, "loss": cross_entropy(p, y)}


def once_more_sigmoid(X, y, W, b, lr):
    p = sigmoid(X @ W + b)
    dZ = (p - y) * p * (1 - p) / len(X)
    return step(X, y, W, b, lr) | {"W": W - lr * X.T @ dZ, "b": b - lr * dZ.sum(0, keepdims=True)}


def step_of_the_sum(X, y, W, b, lr):
    return step(X, y, W, b, lr * len(X)) | {"loss": step(X, y, W, b, lr)["loss"]}


def gradients_alone(X, y, W, b, lr):
    p, dW, db = gradients(X, y, W, b)
    return {"W": dW, "b": db, "loss": cross_entropy(p, y)}


def loss_afterward(X, y, W, b, lr):
    new = step(X, y, W, b, lr)
    return new | {"loss": cross_entropy(sigmoid(X @ new["W"] + new["b"]), y)}


# 3.3: the batches of an epoch


def cut(order, size, weight=lambda batch, n: len(batch) / n):
    batches = [order[i : i + size] for i in range(0, len(order), size)]
    return {"batches": batches, "weights": [weight(batch, len(order)) for batch in batches]}


def epoch_by_split(n, size, rng):
    batches = np.split(rng.permutation(n), range(size, n, size))
    return {"batches": batches, "weights": np.array([len(b) for b in batches]) / n}


def epoch_by_shuffle(n, size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    return cut(order.tolist(), size)


def epoch_by_sorting(n, size, rng):
    return cut(np.argsort(rng.random(n)), size)


def epoch_by_choice(n, size, rng):
    return cut(rng.choice(n, n, replace=False).astype(float), size)


def epoch_by_taking(n, size, rng):
    left, batches = list(rng.permutation(n)), []
    while left:
        batches.append(np.array(left[:size]))
        del left[:size]
    return {"batches": tuple(batches), "weights": tuple(len(b) / n for b in batches)}


def epoch_of_sorted_batches(n, size, rng):
    epoch = cut(rng.permutation(n), size)
    return epoch | {"batches": [np.sort(batch).astype(np.int16) for batch in epoch["batches"]]}


def epoch_of_full_weights(n, size, rng):
    epoch = epoch_by_split(n, size, rng)
    return epoch | {"weights": [size / n] * len(epoch["batches"])}


def epoch_with_repetition(n, size, rng):
    return cut(rng.integers(n, size=n), size)


def epoch_shared_out(n, size, rng):
    batches = np.array_split(rng.permutation(n), math.ceil(n / size))
    return {"batches": batches, "weights": [len(b) / n for b in batches]}


def epoch_drawn_anew(n, size, rng):
    lengths = [min(size, n - i) for i in range(0, n, size)]
    return {"batches": [rng.permutation(n)[:k] for k in lengths], "weights": np.array(lengths) / n}


# 3.5: how often a gradient is divided by the length of the batch


def ratio(gradient, X, y, k=2):
    more = gradient(np.tile(X, (k, 1)), np.tile(y, (k, 1)))
    return np.linalg.norm(more) / np.linalg.norm(gradient(X, y))


def divisions_by_counting(gradient, X, y):
    r, count = ratio(gradient, X, y), 0
    while r < 1.5:
        r, count = 2 * r, count + 1
    return count


def divisions_by_one_sample(gradient, X, y):
    one, three = gradient(X[:1], y[:1]), gradient(X[[0, 0, 0]], y[[0, 0, 0]])
    return 1 - round(math.log(np.abs(three).max() / np.abs(one).max()) / math.log(3))


def divisions_by_parts(gradient, X, y):
    """Gradients of single samples add up to the batch's gradient, times N to the power of the divisions."""
    parts = sum(gradient(X[n : n + 1], y[n : n + 1]) for n in range(len(X)))
    if len(X) == 1:
        return divisions_by_counting(gradient, X, y)
    return float(np.round(np.log(np.linalg.norm(parts) / np.linalg.norm(gradient(X, y))) / np.log(len(X))))


def divisions_in_place(gradient, X, y):
    X *= 1
    before = gradient(X, y).copy()
    return round(1 - float(np.log2(np.abs(gradient(np.r_[X, X], np.r_[y, y])).sum() / np.abs(before).sum())))


def divisions_by_half(gradient, X, y):
    half = -(-len(X) // 2)
    return round(1 - np.log2(np.linalg.norm(gradient(X, y)) / np.linalg.norm(gradient(X[:half], y[:half]))))


RIGHT = {
    "3.1": [
        lambda dims: sum(a * b + b for a, b in zip(dims, dims[1:], strict=False)),
        lambda dims: np.dot(dims[:-1], dims[1:]) + np.sum(dims[1:]),
        lambda dims: NeuralNetwork(dims, seed=0).theta.size,
        lambda dims: sum(np.zeros((a + 1, b)).size for a, b in zip(dims[:-1], dims[1:], strict=True)),
        lambda dims: float(np.einsum("i,i->", np.array(dims[:-1]) + 1, dims[1:])),
        lambda dims: np.int32(weights([*dims]) + sum(dims) - dims[0]),
        count_by_loop,
        count_in_place,
    ],
    "3.2": [
        step,
        lambda *given: {name: np.array(value).astype(np.float32) for name, value in step(*given).items()},
        lambda *given: {name: np.array(value).tolist() for name, value in step(*given).items()},
        step_by_loops,
        step_by_einsum,
        step_by_network,
        step_by_logits,
        lambda X, y, W, b, lr: step_in_place(X, y, W.copy(), b.copy(), lr),
    ],
    "3.3": [
        lambda n, size, rng: cut(rng.permutation(n), size),
        epoch_by_split,
        epoch_by_shuffle,
        epoch_by_sorting,
        epoch_by_choice,
        epoch_by_taking,
        epoch_of_sorted_batches,
    ],
    "3.4": [
        lambda r: (1 + r) / (1 - r),
        lambda r: round((1 + r) / (1 - r)),
        lambda r: 2 / (1 - r) - 1,
        lambda r: np.rint((1 + r) / (1 - r)).astype(int),
        lambda r: min(range(1, 1000), key=lambda n: abs((n - 1) / (n + 1) - r)),
        lambda r: 1 + 2 * r / (1 - r),
        lambda r: np.float64(np.exp(2 * np.arctanh(r))),
        lambda r: [n for n in range(1, 600) if math.isclose((n - 1) / (n + 1), r)][0],
    ],
    "3.5": [
        lambda g, X, y: round(1 - np.log2(ratio(g, X, y))),
        lambda g, X, y: 1 - np.log(ratio(g, X, y, 10)) / np.log(10),
        lambda g, X, y: int(np.argmin(np.abs(2.0 ** (1 - np.arange(10)) - ratio(g, X, y)))),
        lambda g, X, y: np.array(1 - np.log2(ratio(g, X, y))).astype(np.float32).round(),
        lambda g, X, y: round(1 - math.log2((g(np.repeat(X, 2, 0), np.repeat(y, 2, 0)) / g(X, y)).flat[0])),
        divisions_by_counting,
        divisions_by_one_sample,
        divisions_in_place,
    ],
}

WRONG = {
    "3.1": [
        ("These are the weights alone", weights),
        ("none for the network's input", lambda dims: weights(dims) + sum(dims)),
        ("not one in all", lambda dims: weights(dims) + len(dims) - 1),
        ("d_out, not d_in", lambda dims: weights(dims) + sum(dims[:-1])),
        ("These are the biases alone", lambda dims: sum(dims) - dims[0]),
        ("The last layer is missing", lambda dims: count_by_loop(dims[:-1])),
        ("The first layer is missing", lambda dims: count_by_loop(dims[1:])),
        ("the product of all sizes", math.prod),
        ("The value differs", lambda dims: 2817),
        ("It should be a real number", lambda dims: str(count_by_loop(dims))),
    ],
    "3.2": [
        ("This step goes uphill", lambda X, y, W, b, lr: step(X, y, W, b, -lr)),
        ("Here the 1/N is missing", lambda X, y, *rest: step_of_the_sum(X, y, *rest)),
        ("divided by N twice", lambda X, y, W, b, lr: step(X, y, W, b, lr / len(X))),
        ("divided by N once more", lambda X, *rest: step(X, *rest) | {"b": step(X, *rest[:3], rest[3] / len(X))["b"]}),
        ("with no other factor", once_more_sigmoid),
        ("b stays where it was", lambda X, y, W, b, lr: step(X, y, W, b, lr) | {"b": b}),
        ("These are the gradients", gradients_alone),
        ("The learning rate is missing", lambda X, y, W, b, lr: step(X, y, W, b, 1.0)),
        ("The sign of the loss", lambda *given: step(*given) | {"loss": -step(*given)["loss"]}),
        ("This is the sum of the losses", lambda X, *rest: (s := step(X, *rest)) | {"loss": len(X) * s["loss"]}),
        ("This is the loss after the step", loss_afterward),
        ("changes its argument W", step_in_place),
        ("The value differs", lambda X, y, W, b, lr: step(X, y, W, b, lr * len(X) / 4)),
        ("The value differs", lambda X, y, W, b, lr: step(X, y, W, b, 0.1)),
    ],
    "3.3": [
        ("The last, short batch is missing", lambda n, size, rng: cut(rng.permutation(n)[: n // size * size], size)),
        ("a batch counts by its length", lambda n, k, rng: cut(rng.permutation(n), k, lambda b, n: 1 / -(-n // k))),
        ("The weights of a mean add up to 1", lambda n, size, rng: cut(rng.permutation(n), size, lambda b, n: len(b))),
        ("not by batch_size", epoch_of_full_weights),
        ("Do not share them out evenly", epoch_shared_out),
        ("Permute once, and cut that", epoch_drawn_anew),
        ("The batches are the same in every epoch", lambda n, size, rng: cut(list(range(n)), size)),
        ("a generator of its own", lambda n, size, rng: cut(np.random.permutation(n), size)),  # noqa: NPY002
        ("Some samples are in no batch", epoch_with_repetition),
        ("Some samples are in no batch", lambda n, size, rng: cut(rng.permutation(n) + 1, size)),
        ("flat array of row numbers", lambda n, size, rng: cut(rng.random(n), size)),
    ],
    "3.4": [
        ("This is the factor 1/N itself", lambda r: (1 - r) / (1 + r)),
        ("relative to the true gradient alone", lambda r: 1 / (1 - r)),
        ("int() cuts off", lambda r: math.floor((1 + r) / (1 - r))),
        ("This is N - 1", lambda r: (1 + r) / (1 - r) - 1),
        ("This is N + 1", lambda r: (1 + r) / (1 - r) + 1),
        ("N is positive", lambda r: -(1 + r) / (1 - r)),
        ("The error is not the factor itself", lambda r: r**-1),
        ("It should be a real number", lambda r: "31"),
        ("The value differs", lambda r: 31),
    ],
    "3.5": [
        ("This is the ratio", ratio),
        ("The ratio is the wrong way up", lambda g, X, y: 1 + np.log2(ratio(g, X, y))),
        ("You count one too few", lambda g, X, y: -np.log2(ratio(g, X, y))),
        ("Repeat all of them", divisions_by_half),
        ("There may be more than two", lambda g, X, y: min(2, divisions_by_counting(g, X, y))),
        ("Count the divisions", lambda g, X, y: abs(ratio(g, X, y) - 1) < 0.1),
        ("This is the exponent", lambda g, X, y: round(np.log2(ratio(g, X, y)))),
        ("The value differs", lambda g, X, y: 1),
        ("Your code raised ValueError", lambda g, X, y: g(np.tile(X, (2, 1)), y[:0])),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
