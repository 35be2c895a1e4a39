"""The reference numbers of the chapter, both columns, from a training loop written out in plain NumPy.

The published network divided its gradients by the length of the batch twice. `published` repeats that,
`divided once` does not; nothing else differs. The library is then held against both.
"""

import numpy as np
import pytest

from scratchnet import NeuralNetwork, make_spirals, standardize

CHAPTER, LR, BATCH = [2, 64, 32, 16, 1], 0.05, 64
ARCHITECTURES = ([4], [32], [32, 16], [64, 32, 16])
LOOKED_AT = (0, 500, 1000, 1500, 2000, 2500)

pytestmark = pytest.mark.long

REFERENCE = {
    "published": {
        "unweighted": (0.6983, 0.6848, 0.6800, 0.6787, 0.6701, 0.6762),
        "accuracy": (0.505, 0.560, 0.608, 0.615, 0.613, 0.610),
        "after": 0.6225,
        "norms": (0.00757, 0.00808, 0.00587, 0.00519),
        "architectures": (0.58, 0.6175, 0.58, 0.6125),
    },
    "divided once": {
        "unweighted": (0.6979, 0.2952, 0.0251, 0.0222, 0.0175, 0.0193),
        "weighted": (0.6954, 0.2924, 0.0252, 0.0244, 0.0184, 0.0194),
        "accuracy": (0.512, 0.938, 0.988, 0.993, 0.993, 0.993),
        "after": 0.9925,
        "norms": (0.1195, 0.1276, 0.0927, 0.0807),
        "architectures": (0.57, 0.56, 0.9875, 0.9925),
    },
}
both_columns = pytest.mark.parametrize("column", REFERENCE)


def data():
    """The 400 points of the chapter, standardized, and their labels as a column."""
    n, noise, rng = 200, 0.25, np.random.default_rng(7)
    t = np.linspace(0, 4 * np.pi, n)
    x1, y1, x2, y2 = (noise * rng.standard_normal(n) for _ in range(4))
    first = np.column_stack([t * np.cos(t) + x1, t * np.sin(t) + y1])
    second = np.column_stack([t * np.cos(t + np.pi) + x2, t * np.sin(t + np.pi) + y2])
    X = np.concatenate([first, second])
    return (X - X.mean(axis=0)) / X.std(axis=0), np.repeat([0.0, 1.0], n).reshape(-1, 1)


def used_generator():
    """The chapter's generator, after the draws of its gradient check."""
    rng = np.random.default_rng(7)
    rng.standard_normal((5, 3))
    rng.standard_normal((5, 2))
    return rng


def forward(parameters, X):
    """All activations, the input first, the probabilities last."""
    A = [X]
    for i, (W, b) in enumerate(parameters):
        Z = A[-1] @ W + b
        A.append(np.maximum(Z, 0) if i < len(parameters) - 1 else 1 / (1 + np.exp(-Z)))
    return A


def train(dims, X, y, n_epochs, rng, divide_twice):
    """Mini-batch SGD by hand: losses and accuracies at every 500th epoch, norms of the first epoch's last batch."""
    parameters = [
        (
            np.sqrt(2 / (d_in + d_out)) * np.random.default_rng(42 + i).standard_normal((d_in, d_out)),
            np.zeros((1, d_out)),
        )
        for i, (d_in, d_out) in enumerate(zip(dims, dims[1:], strict=False))
    ]
    seen = {"unweighted": [], "weighted": [], "accuracy": []}
    for epoch in range(n_epochs):
        order, losses, lengths = rng.permutation(len(X)), [], []
        for start in range(0, len(X), BATCH):
            rows = order[start : start + BATCH]
            A = forward(parameters, X[rows])
            p = np.clip(A[-1], 1e-7, 1 - 1e-7)
            losses.append(-np.mean(y[rows] * np.log(p) + (1 - y[rows]) * np.log(1 - p)))
            lengths.append(len(rows))
            dZ = (A[-1] - y[rows]) / len(rows)
            gradients = []
            for i in reversed(range(len(parameters))):
                W, _ = parameters[i]
                gradients.insert(0, (A[i].T @ dZ, dZ.sum(axis=0, keepdims=True)))
                dZ = (dZ @ W.T) * (A[i] > 0)
            if divide_twice:
                gradients = [(dW / len(rows), db / len(rows)) for dW, db in gradients]
            parameters = [(W - LR * dW, b - LR * db) for (W, b), (dW, db) in zip(parameters, gradients, strict=True)]
        if epoch == 0:
            seen["norms"] = [np.sqrt((dW**2).sum()) for dW, _ in gradients]
        if epoch % 500 == 0:
            seen["unweighted"].append(sum(losses) / len(losses))
            seen["weighted"].append(sum(n * loss for n, loss in zip(lengths, losses, strict=True)) / len(X))
            seen["accuracy"].append(accuracy(parameters, X, y))
    seen["after"] = accuracy(parameters, X, y)
    return seen


def accuracy(parameters, X, y):
    return float(np.mean((forward(parameters, X)[-1] >= 0.5) == (y == 1)))


@pytest.fixture(scope="session")
def runs():
    """Both columns: the chapter's network, then the four architectures, the generator going on."""
    X, y = data()
    result = {}
    for column in REFERENCE:
        rng, twice = used_generator(), column == "published"
        result[column] = train(CHAPTER, X, y, 3000, rng, twice)
        result[column]["state"] = rng.bit_generator.state
        result[column]["architectures"] = [
            train([2, *hidden, 1], X, y, 1500, rng, twice)["after"] for hidden in ARCHITECTURES
        ]
    return result


@pytest.fixture(scope="session")
def library_run():
    """The corrected column once more, by the library's own `train`."""
    X, y = make_spirals(200, noise=0.25, seed=7)
    net = NeuralNetwork(CHAPTER, seed=42)
    rng = used_generator()
    net.train(standardize(X), y.reshape(-1, 1), LR, 3000, BATCH, verbose=False, rng=rng)
    return net, rng


def test_the_library_makes_the_data_of_the_chapter():
    X, y = make_spirals(200, noise=0.25, seed=7)
    np.testing.assert_allclose(standardize(X), data()[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(y.reshape(-1, 1), data()[1])


@both_columns
def test_mean_losses_come_out_to_four_digits(runs, column):
    assert tuple(round(float(v), 4) for v in runs[column]["unweighted"]) == REFERENCE[column]["unweighted"]


def test_losses_weighted_by_batch_length_come_out_to_four_digits(runs):
    losses = tuple(round(float(v), 4) for v in runs["divided once"]["weighted"])
    assert losses == REFERENCE["divided once"]["weighted"]


@both_columns
def test_accuracies_come_out(runs, column):
    np.testing.assert_allclose(runs[column]["accuracy"], REFERENCE[column]["accuracy"], atol=0.00051)
    assert runs[column]["after"] == REFERENCE[column]["after"]


@both_columns
def test_gradient_norms_of_the_last_batch_of_the_first_epoch_come_out(runs, column):
    digits = 5 if column == "published" else 4
    assert tuple(round(float(v), digits) for v in runs[column]["norms"]) == REFERENCE[column]["norms"]


@both_columns
def test_accuracies_of_the_four_architectures_come_out(runs, column):
    assert tuple(runs[column]["architectures"]) == REFERENCE[column]["architectures"]


def test_the_published_gradient_is_the_true_one_divided_by_the_length_of_the_last_batch(runs):
    ratios = np.divide(runs["divided once"]["norms"], runs["published"]["norms"])
    np.testing.assert_allclose(ratios, 16, rtol=0.03)  # 400 = 6 · 64 + 16


def test_train_records_the_weighted_losses_the_accuracies_and_reaches_9925(library_run):
    net, _ = library_run
    expected = REFERENCE["divided once"]
    assert tuple(round(net.loss_history[epoch], 4) for epoch in LOOKED_AT) == expected["weighted"]
    np.testing.assert_allclose([net.accuracy_history[k] for k in LOOKED_AT], expected["accuracy"], atol=0.00051)
    assert net.accuracy_history[-1] == expected["after"]
    X, y = data()
    assert net.accuracy(X, y) == expected["after"]
    assert len(net.history) == 3000


def test_train_draws_from_the_generator_what_the_loop_draws(library_run, runs):
    assert library_run[1].bit_generator.state == runs["divided once"]["state"] == runs["published"]["state"]


def test_the_published_run_is_the_library_with_the_step_divided_by_the_batch_length():
    """Correct gradients and the step lr / len(batch): every number of the published column comes out."""
    X, y = data()
    net, rng, expected = NeuralNetwork(CHAPTER, seed=42), used_generator(), REFERENCE["published"]
    mean_losses, accuracies = [], []
    for epoch in range(3000):
        order, losses = rng.permutation(len(X)), []
        for start in range(0, len(X), BATCH):
            rows = order[start : start + BATCH]
            if epoch % 500 == 0:
                losses.append(net.loss(X[rows], y[rows]))
            net.backward(net.forward(X[rows]), y[rows])
            net.update(LR / len(rows))
        if epoch == 0:
            norms = [np.sqrt((layer.dW**2).sum()) / len(rows) for layer in net.layers[::2]]
            assert tuple(round(float(v), 5) for v in norms) == expected["norms"]
        if epoch % 500 == 0:
            mean_losses.append(round(float(np.mean(losses)), 4))
            accuracies.append(net.accuracy(X, y))
    assert tuple(mean_losses) == expected["unweighted"]
    np.testing.assert_allclose(accuracies, expected["accuracy"], atol=0.00051)
    assert net.accuracy(X, y) == expected["after"]
