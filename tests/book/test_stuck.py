"""The page for the stuck: the messages that it quotes are printed by the library, and its factors are measured."""

import re
import warnings

import numpy as np
import pytest
from pages import ROOT

from scratchnet import (
    Adam,
    BatchNorm,
    Layer,
    LinearLayer,
    NeuralNetwork,
    ReLU,
    central_difference,
    check_layer,
    check_network,
    make_spirals,
    mse_grad,
    mse_loss,
    small,
    standardize,
)
from scratchnet.book.exercises import broken

PAGE = (ROOT / "chapters" / "stuck.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"```text\n(\w+): (.+)\n```", PAGE)
X, y = np.random.default_rng(0).standard_normal((400, 2)), np.arange(400).reshape(-1, 1) % 2


def spirals():
    X, labels = make_spirals(n_points=200, noise=0.25, seed=7)
    return standardize(X), labels.reshape(-1, 1)


def net():
    return NeuralNetwork([2, 4, 1], seed=0)


def published():
    return NeuralNetwork([2, 64, 32, 16, 1], seed=42)


def with_a_gap():
    gap = X.copy()
    gap[191, 0] = np.nan
    net().train(gap, y)


def used_twice():
    optimizer = Adam(0.01)
    for _ in range(2):
        net().train(X, y, optimizer=optimizer, n_epochs=1, verbose=False)


def without_transpose():
    layer = LinearLayer(3, 2)
    return layer.forward(np.ones((5, 3))) @ layer.W


def from_small_weights():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_network(NeuralNetwork([2, 10, 10, 10, 10, 10, 1], seed=0, init=small), X[:20], y[:20])


class Doubling(Layer):
    def forward(self, X, training=True):
        X *= 2
        return X

    def backward(self, dY):
        return 2 * dY


CAUSES = {
    "y must have shape": lambda: net().train(X, y.ravel()),
    "X must have shape": lambda: net().train(X.T, y),
    "y must hold only": lambda: net().train(X, 2 * y - 1),
    "X must be finite": with_a_gap,
    "backward needs": lambda: net().backward(np.full((400, 1), 0.5), y),
    "LinearLayer.update needs": lambda: LinearLayer(2, 3).update(0.1),
    "matmul": without_transpose,
    "the loss became": lambda: published().train(*spirals(), lr=10, n_epochs=2, batch_size=64, verbose=False),
    "this Adam remembers": used_twice,
    "central differences cannot see": from_small_weights,
    "output array": lambda: check_layer(Doubling(), X[:5]),
    "BatchNorm needs": lambda: BatchNorm(3).forward(np.ones((1, 3))),
}


def test_every_message_that_is_quoted_has_its_cause_here():
    quoted = [message for kind, message in QUOTED if kind != "ModuleNotFoundError"]
    assert len(quoted) == len(CAUSES)
    assert all(any(message.startswith(start) for start in CAUSES) for message in quoted)


@pytest.mark.parametrize("start", CAUSES)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_a_message_is_quoted_as_the_library_prints_it(start):
    ((kind, message),) = [pair for pair in QUOTED if pair[1].startswith(start)]
    with pytest.raises(Exception) as caught:
        CAUSES[start]()
    assert (type(caught.value).__name__, str(caught.value)) == (kind, message)


def factor(grad, layer=LinearLayer):
    """Return c = |a| / |n| of dW, for a loss that is a mean over six samples and two outputs."""
    X, target = np.random.default_rng(1).standard_normal((6, 3)), np.ones((6, 2))
    made = layer(3, 2, seed=0)
    made.backward(grad(made.forward(X), target))
    measured = central_difference(lambda: mse_loss(made.forward(X, training=False), target), made.W)
    cosine = np.sum(made.dW * measured) / np.linalg.norm(made.dW) / np.linalg.norm(measured)
    return round(np.linalg.norm(made.dW) / np.linalg.norm(measured), 6), round(cosine, 6)


def test_the_factors_name_their_mistakes():
    N, d_out = 6, 2
    assert factor(mse_grad) == (1, 1)
    assert factor(lambda p, t: N * mse_grad(p, t)) == (N, 1)
    assert factor(mse_grad, broken.LinearA) == (round(1 / N, 6), 1)
    assert factor(lambda p, t: (p - t) / p.size) == (0.5, 1)
    assert factor(lambda p, t: 2 * (p - t) / len(p) / d_out**2) == (1 / d_out, 1)
    assert factor(lambda p, t: 2 * (t - p) / p.size) == (1, -1)
    table = PAGE[PAGE.index("| Factor $c$") : PAGE.index("**What to do.** Correct the gradient")]
    assert re.findall(r"^\| (\$.+?) \|", table, re.MULTILINE) == [
        "$N$, the batch size",
        "$1/N$",
        "$2$ or $1/2$",
        r"$1/d_\text{out}$",
        "$1$, with the opposite sign",
    ]


def test_the_code_that_counts_dead_units_runs(capsys):
    (code,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "dead" in code]
    alive = net()
    alive.layers[0].b = [[-100.0, 100.0, 100.0, 100.0]]
    exec(code, {"X": X, "net": alive, "np": np, "ReLU": ReLU})
    assert capsys.readouterr().out == "25% of 4 units are dead\n"
