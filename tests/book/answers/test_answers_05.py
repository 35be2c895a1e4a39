"""Answers to the exercises of notebook 05: right ones of every kind pass, plausible wrong ones are told why."""

import numpy as np
from tables import judged

from scratchnet import NeuralNetwork, he, xavier

# 5.1 As many numbers, another shape: budget, d_in, n_hidden, d_out -> an integer


def size(d_in, width, n_hidden, d_out, biases=1):
    return width * (d_in + biases) + (n_hidden - 1) * width * (width + biases) + d_out * (width + biases)


def width_by_search(budget, d_in, n_hidden, d_out, biases=1):
    width = 1
    while size(d_in, width, n_hidden, d_out, biases) <= budget:
        width += 1
    return width - 1


def width_by_formula(budget, d_in, n_hidden, d_out):
    a, b, c = n_hidden - 1, d_in + 1 + n_hidden - 1 + d_out, d_out - budget
    root = -c / b if a == 0 else (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)
    return int(root + 1e-9)


# 5.2 How much of the signal is left: n_layers, size, width, variance -> a number


def signal_layer_by_layer(n_layers, size, width, variance):
    mean_square = size**2
    for _ in range(n_layers):
        mean_square *= width * variance / 2
    return mean_square**0.5


def signal(n_layers, size, width, variance):
    return size * np.sqrt(width * variance / 2) ** n_layers


# 5.3 Another activation: f, z (n,), d_in -> the variance


def steady(f, z, d_in):
    return np.mean(z**2) / np.mean(f(z) ** 2) / d_in


def steady_by_loops(f, z, d_in):
    before = after = 0.0
    for value in z.tolist():
        before += value**2
        after += float(f(np.array(value))) ** 2
    return before / after / d_in


# 5.4 How few units will do: units (k), accuracies (k, 5) -> a width


def fewest_by_loops(units, accuracies):
    least = None
    for n, row in zip(units, accuracies, strict=True):
        solved = 0
        for accuracy in row:
            if accuracy > 0.95:
                solved += 1
        if solved >= 4 and (least is None or n < least):
            least = n
    return least


def fewest_of_sorted(units, accuracies):
    for i in np.argsort(units):
        if np.sort(accuracies[i])[1] > 0.95:
            return units[i]


def fewest(units, accuracies, enough=lambda row: np.sum(row > 0.95) >= 4):
    return min(n for n, row in zip(units, accuracies, strict=True) if enough(row))


# 5.5 A start of your own: d_in, d_out, rng -> W (d_in, d_out)


def by_qr(d_in, d_out, rng, gain=2**0.5):
    Q = np.linalg.qr(rng.standard_normal((max(d_in, d_out), min(d_in, d_out))))[0]
    return gain * (Q if d_in > d_out else Q.T)


def by_svd(d_in, d_out, rng):
    U, _, Vt = np.linalg.svd(rng.standard_normal((d_in, d_out)), full_matrices=False)
    return np.sqrt(2) * U @ Vt


def by_gram_schmidt(d_in, d_out, rng):
    rows = []
    while len(rows) < min(d_in, d_out):
        v = rng.uniform(-1, 1, max(d_in, d_out))
        for _ in range(2):
            for row in rows:
                v -= v @ row * row
        rows.append(v / np.linalg.norm(v))
    W = np.sqrt(2) * np.array(rows)
    return (W.T if d_in > d_out else W).tolist()


def by_permutation(d_in, d_out, rng):
    n = max(d_in, d_out)
    P = np.eye(n)[rng.permutation(n)] * rng.choice([-1, 1], n)
    return np.sqrt(2) * P[:d_in, :d_out] if d_in == d_out else np.sqrt(2) * cut(P, d_in, d_out)


def cut(P, d_in, d_out):
    return P[:, :d_out] if d_in > d_out else P[:d_in]


def by_reflection(d_in, d_out, rng):
    n = max(d_in, d_out)
    v = rng.standard_normal((n, 1))
    return np.sqrt(2) * cut(np.eye(n) - 2 * v @ v.T / (v.T @ v), d_in, d_out)


def by_cutting(d_in, d_out, rng):
    n = max(d_in, d_out)
    return np.sqrt(2) * cut(np.linalg.qr(rng.standard_normal((n, n)))[0], d_in, d_out)


def from_the_global_generator(d_in, d_out, rng):
    return by_qr(d_in, d_out, np.random.default_rng())


def unit_columns(d_in, d_out, rng, axis=None):
    W = rng.standard_normal((d_in, d_out))
    return np.sqrt(2) * W / np.linalg.norm(W, axis=int(d_in <= d_out) if axis is None else axis, keepdims=True)


RIGHT = {
    "5.1": [
        width_by_search,
        width_by_formula,
        lambda budget, d_in, n, d_out: max(w for w in range(1, 2000) if size(d_in, w, n, d_out) <= budget),
        lambda budget, d_in, n, d_out: sum(size(d_in, w, n, d_out) <= budget for w in range(1, 2000)),
        lambda budget, d_in, n, d_out: float(
            np.searchsorted([size(d_in, w, n, d_out) for w in range(1, 500)], budget, side="right")
        ),
        lambda budget, d_in, n, d_out: next(w for w in range(2000) if size(d_in, w + 1, n, d_out) > budget),
        lambda budget, d_in, n, d_out: next(
            w - 1 for w in range(1, 500) if NeuralNetwork([d_in, *[w] * n, d_out]).theta.size > budget
        ),
    ],
    "5.2": [
        signal_layer_by_layer,
        signal,
        lambda n_layers, size, width, variance: size * (width * variance / 2) ** (n_layers / 2),
        lambda n_layers, size, width, variance: np.exp(np.log(size) + n_layers / 2 * np.log(width * variance / 2)),
        lambda n_layers, size, width, variance: size * np.prod(np.full(n_layers, np.sqrt(width * variance / 2))),
        lambda n_layers, size, width, variance: size * float(np.sqrt(variance / (2 / width))) ** n_layers,
        lambda n_layers, size, width, variance: (
            np.array([size]).item() * 2 ** (n_layers / 2 * np.log2(width * variance / 2))
        ),
    ],
    "5.3": [
        steady,
        steady_by_loops,
        lambda f, z, d_in: np.sum(z**2) / (d_in * np.sum(f(z) ** 2)),
        lambda f, z, d_in: (z @ z) / (f(z) @ f(z)) / d_in,
        lambda f, z, d_in: (np.linalg.norm(z) / np.linalg.norm(f(z))) ** 2 / d_in,
        lambda f, z, d_in: np.einsum("i,i", z, z) / np.einsum("i,i", f(z), f(z)) / d_in,
        lambda f, z, d_in: (np.var(z) + z.mean() ** 2) / (d_in * (np.var(f(z)) + f(z).mean() ** 2)),
    ],
    "5.4": [
        fewest_by_loops,
        fewest_of_sorted,
        fewest,
        lambda units, accuracies: np.array(units)[(accuracies > 0.95).sum(axis=1) >= 4].min(),
        lambda units, accuracies: float(np.where(np.sum(accuracies > 0.95, axis=1) > 3, units, np.inf).min()),
        lambda units, accuracies: sorted(n for n, row in zip(units, accuracies, strict=True) if sum(row <= 0.95) <= 1)[
            0
        ],
        lambda units, accuracies: next(
            n for n, row in sorted(zip(units, accuracies.tolist(), strict=True)) if sum(a > 0.95 for a in row) >= 4
        ),
    ],
    "5.5": [
        by_qr,
        by_svd,
        by_gram_schmidt,
        by_permutation,
        by_reflection,
        by_cutting,
    ],
}

WRONG = {
    "5.1": [
        ("biases take part", lambda budget, d_in, n, d_out: width_by_search(budget, d_in, n, d_out, biases=0)),
        ("The output layer has biases", lambda budget, d_in, n, d_out: width_by_search(budget + d_out, d_in, n, d_out)),
        ("just as many", lambda budget, d_in, n, d_out: width_by_search(budget - 1, d_in, n, d_out)),
        ("does not fit", lambda *task: width_by_search(*task) + 1),
        ("two inputs and one output", lambda budget, d_in, n, d_out: width_by_search(budget, 2, n, 1)),
        ("not always one", lambda budget, d_in, n, d_out: width_by_search(budget, d_in, 1, d_out)),
        ("The value differs", lambda budget, d_in, n, d_out: width_by_search(budget, d_in, n + 1, d_out)),
        ("The value differs", lambda budget, d_in, n, d_out: budget // (d_in + d_out + 1)),
        ("It should be a real number", lambda *task: str(width_by_search(*task))),
        ("The shape is", lambda *task: [width_by_search(*task)]),
    ],
    "5.2": [
        ("ReLU sets half of the signal to zero", lambda n, size, d, v: size * np.sqrt(d * v) ** n),
        ("Its root grows by the root", lambda n, size, d, v: size * (d * v / 2) ** n),
        ("raised to the power n_layers", lambda n, size, d, v: size * n * np.sqrt(d * v / 2)),
        ("its root by the root of 2", lambda n, size, d, v: size * (np.sqrt(d * v) / 2) ** n),
        ("This is the mean square", lambda n, size, d, v: signal(n, size, d, v) ** 2),
        ("enters with a size of its own", lambda n, size, d, v: signal(n, 1, d, v)),
        ("This is one layer", lambda n, size, d, v: signal(1, size, d, v)),
        ("The width is an argument", lambda n, size, d, v: signal(n, size, 32, v)),
        ("The value differs", lambda n, size, d, v: signal(n, size, d, 2 / d)),
        ("The value differs", lambda n, size, d, v: signal(n + 1, size, d, v)),
    ],
    "5.3": [
        ("This is He's 2 / d_in", lambda f, z, d: 2 / d),
        ("only if the mean of f(z) is 0", lambda f, z, d: np.mean(z**2) / (d * np.var(f(z)))),
        ("np.var subtracts the mean first", lambda f, z, d: np.std(z) ** 2 / np.std(f(z)) ** 2 / d),
        ("only if the mean of z is 0", lambda f, z, d: np.var(z) / (d * np.mean(f(z) ** 2))),
        ("upside down", lambda f, z, d: np.mean(f(z) ** 2) / np.mean(z**2) / d),
        ("so divide by d_in", lambda f, z, d: np.mean(z**2) / np.mean(f(z) ** 2)),
        ("The variance is its square", lambda f, z, d: np.sqrt(steady(f, z, d))),
        ("do not take its mean square for 1", lambda f, z, d: 1 / np.mean(f(z) ** 2) / d),
        ("Square before the mean", lambda f, z, d: (np.mean(z) / np.mean(f(z))) ** 2 / d),
        ("must make up for f", lambda f, z, d: 1 / d),
        ("The value differs", lambda f, z, d: 1.1 * steady(f, z, d)),
    ],
    "5.4": [
        ("one good seed", lambda u, a: fewest(u, a, lambda row: (row > 0.95).any())),
        ("a good median", lambda u, a: fewest(u, a, lambda row: np.median(row) > 0.95)),
        ("a good median", lambda u, a: fewest(u, a, lambda row: np.sum(row > 0.95) >= 3)),
        ("a good mean", lambda u, a: fewest(u, a, lambda row: row.mean() > 0.95)),
        ("all five seeds", lambda u, a: fewest(u, a, lambda row: (row > 0.95).all())),
        ("This is the first in the list", lambda u, a: u[int(np.argmax(np.sum(a > 0.95, axis=1) >= 4))]),
        ("0.95 is not more than 0.95", lambda u, a: fewest(u, a, lambda row: np.sum(row >= 0.95) >= 4)),
        ("This is the position", lambda u, a: u.index(fewest(u, a))),
        ("This is the largest of them", lambda u, a: max(np.array(u)[np.sum(a > 0.95, axis=1) >= 4])),
        ("the best mean", lambda u, a: u[int(np.argmax(a.mean(axis=1)))]),
        ("The value differs", lambda u, a: sorted(u)[3]),
        ("The value differs", lambda u, a: sorted(u)[4]),
        ("The shape is", lambda u, a: np.array(u)[np.sum(a > 0.95, axis=1) >= 4]),
    ],
    "5.5": [
        ("The gain is missing", lambda d_in, d_out, rng: by_qr(d_in, d_out, rng, gain=1)),
        ("Every seed gives the same W", lambda d_in, d_out, rng: by_qr(d_in, d_out, np.random.default_rng(0))),
        ("Every seed gives the same W", lambda d_in, d_out, rng: np.sqrt(2) * np.eye(d_in, d_out)),
        ("are not at right angles", unit_columns),
        ("a generator of its own", from_the_global_generator),
        ("on average, not for every input", he),
        ("The shape is turned round", lambda d_in, d_out, rng: by_qr(d_out, d_in, rng)),
        ("The factor stands in W twice", lambda d_in, d_out, rng: by_qr(d_in, d_out, rng, gain=2)),
        ("or the other way round", lambda d_in, d_out, rng: unit_columns(d_in, d_out, rng, int(d_in > d_out))),
        ("The value differs", xavier),
        ("Your code raised", lambda d_in, d_out, rng: np.linalg.qr(rng.normal(d_in, d_out))[0]),
    ],
}

test_right, test_wrong, test_enough = judged(RIGHT, WRONG)
