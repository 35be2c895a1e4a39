"""Networks that are trained together end as each would alone, whatever they are made of.

Bit for bit, but for Adam and AdamW of networks that have taken different numbers of steps: these up to rounding.
"""

import copy

import numpy as np
import pytest
from conftest import frozen, lasting

from scratchnet import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Dropout,
    Layer,
    LinearLayer,
    Momentum,
    Nesterov,
    NeuralNetwork,
    Optimizer,
    RMSProp,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
    TrainingDiverged,
    large,
    train_together,
)
from scratchnet.together import _Stack

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 2))
Y = (X[:, :1] * X[:, 1:] > 0).astype(float)
HELD_OUT = RNG.standard_normal((20, 2)), RNG.integers(0, 2, (20, 1)).astype(float)
OPTIMIZERS = [SGD, Momentum, Nesterov, RMSProp, Adam, AdamW]


def networks(n=4, dims=(2, 9, 5, 1), **options):
    return [NeuralNetwork(list(dims), seed=100 * k, **options) for k in range(n)]


def alone(nets, optimizers, n_epochs, **options):
    """Train each by itself; return what ended each."""
    ends = []
    for net, optimizer in zip(nets, optimizers, strict=True):
        try:
            net.train(X, Y, n_epochs=n_epochs, batch_size=16, verbose=False, optimizer=optimizer, **options)
            ends.append(None)
        except TrainingDiverged as error:
            ends.append(error)
    return ends


def assert_same(nets, optimizers, n_epochs=25, **options):
    """Train together and, from copies, alone: all that lasts must be equal down to the last bit."""
    twins, others = copy.deepcopy(nets), copy.deepcopy(optimizers)
    ends = train_together(nets, X, Y, n_epochs=n_epochs, batch_size=16, optimizer=optimizers, **options)
    expected = alone(twins, others, n_epochs, **options)
    assert [str(end) for end in ends] == [str(end) for end in expected]
    for net, twin, optimizer, other in zip(nets, twins, optimizers, others, strict=True):
        assert frozen(lasting(net)) == frozen(lasting(twin))
        assert frozen(vars(optimizer)) == frozen(vars(other))
        assert net.history == twin.history


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_each_ends_as_alone_with_every_optimizer(make, dtype):
    assert_same(networks(dtype=dtype), [make(0.03) for _ in range(4)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rates_may_differ(dtype):
    assert_same(networks(dtype=dtype), [SGD(lr) for lr in (0.01, 0.1, 0.5, 1.0)])
    assert_same(networks(dtype=dtype), [Adam(lr) for lr in (0.001, 0.01, 0.03, 0.1)])


def test_other_settings_and_the_kinds_of_optimizers_may_differ():
    assert_same(networks(), [Momentum(0.1, beta) for beta in (0.0, 0.5, 0.9, 0.99)])
    assert_same(networks(6), [make(0.02) for make in OPTIMIZERS])


def test_one_network_is_enough_and_the_defaults_are_those_of_train():
    assert_same(networks(1), [Adam(0.02)])
    nets, twin = networks(1, (2, 1)), networks(1, (2, 1))[0]
    train_together(nets, X[:2], Y[:2])
    twin.train(X[:2], Y[:2], 0.01, 2000, verbose=False)
    assert lasting(nets[0]) == lasting(twin)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_optimizers_may_have_taken_different_numbers_of_steps(dtype):
    nets, optimizers = networks(3, dtype=dtype), [Momentum(0.1) for _ in range(3)]
    for k in range(3):
        alone(nets[k : k + 1], optimizers[k : k + 1], k + 1)
    assert_same(nets, optimizers)


def test_lr_is_a_number_or_one_for_each():
    nets = networks()
    twins = copy.deepcopy(nets)
    train_together(nets, X, Y, [0.1, 0.2, 0.3, 0.4], 5, 16)
    alone(twins, [SGD(lr) for lr in (0.1, 0.2, 0.3, 0.4)], 5)
    assert [net.theta.tobytes() for net in nets] == [twin.theta.tobytes() for twin in twins]


@pytest.mark.parametrize("options", [{"activation": Tanh}, {"activation": Sigmoid}, {"batch_norm": True}])
def test_each_ends_as_alone_with_every_layer(options):
    assert_same(networks(**options), [Adam(0.02) for _ in range(4)], validation=HELD_OUT)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dropout_draws_from_the_generator_of_each_network_at_its_own_rate(dtype):
    nets = [networks(k + 1, dropout=rate, dtype=dtype)[k] for k, rate in enumerate((0.1, 0.3, 0.5))]
    assert_same(nets, [SGD(0.2) for _ in nets])
    nets = networks(3, batch_norm=True, dropout=0.2, dtype=dtype)
    assert_same(nets, [SGD(0.2) for _ in nets])


def test_a_layer_of_your_own_works_in_both():
    class Scale(Layer):
        params = ("gamma",)

        def __init__(self, d):
            self.gamma = np.ones((1, d))

        def forward(self, X, training=True):
            if training:
                self.cache(X)
            return self.gamma * X

        def backward(self, dY):
            X = self.cached()
            self.dgamma = (dY * X).sum(axis=-2, keepdims=True)
            return self.gamma * dY

    nets = [
        NeuralNetwork.from_layers([LinearLayer(2, 6, seed=s), Scale(6), Tanh(), LinearLayer(6, 1, seed=s + 1)], seed=s)
        for s in (0, 10, 20)
    ]
    assert_same(nets, [SGD(0.2) for _ in nets])


def test_training_goes_on_together_alone_and_together():
    nets, optimizers = networks(), [Adam(0.01) for _ in range(4)]
    twins, others = copy.deepcopy(nets), copy.deepcopy(optimizers)
    train_together(nets, X, Y, n_epochs=4, batch_size=16, optimizer=optimizers)
    alone(nets, optimizers, 3)
    train_together(nets, X, Y, n_epochs=4, batch_size=16, optimizer=optimizers)
    alone(twins, others, 11)
    for net, twin in zip(nets, twins, strict=True):
        assert frozen(lasting(net)) == frozen(lasting(twin))


def test_one_that_diverges_stops_at_its_last_whole_epoch_and_the_others_go_on():
    nets = networks(init=large)
    optimizers = [SGD(lr) for lr in (1e-3, 1e160, 1e-3, 1e308)]
    assert_same(nets, optimizers)
    assert len({len(net.history) for net in nets}) > 1


def test_a_batch_that_overflows_batch_norm_in_one_network_leaves_the_others_alone():
    layer = BatchNorm(3)
    stacked = np.stack([np.ones((4, 3)), RNG.standard_normal((4, 3))])
    stacked[0, 0, 0] = 1e200
    for name in ("gamma", "beta", "running_mean", "running_var"):
        layer.__dict__["_" + name if name in layer.params else name] = np.stack([getattr(layer, name)] * 2)
    with np.errstate(over="ignore", invalid="ignore"):
        out = layer.forward(stacked)
    alone = BatchNorm(3)
    np.testing.assert_array_equal(out[1], alone.forward(stacked[1]))
    np.testing.assert_array_equal(layer.running_mean[1], alone.running_mean)
    assert np.isnan(out[0]).all() and (layer.running_mean[0] == 0).all()


@pytest.mark.parametrize("at", range(1, 9))
def test_an_interrupt_leaves_all_after_the_same_whole_epoch(at, monkeypatch):
    nets, optimizers = networks(dropout=0.2, batch_norm=True), [Adam(0.01) for _ in range(4)]
    train_together(nets, X, Y, n_epochs=2, batch_size=16, optimizer=optimizers)
    before = frozen([lasting(net) for net in nets]), frozen([vars(optimizer) for optimizer in optimizers])
    calls = []

    def interrupted(self, Z, training=True):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return original(self, Z, training)

    original = BatchNorm.forward
    monkeypatch.setattr(BatchNorm, "forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_together(nets, X, Y, n_epochs=3, batch_size=16, optimizer=optimizers)
    assert frozen([lasting(net) for net in nets]) == before[0]
    assert frozen([vars(optimizer) for optimizer in optimizers]) == before[1]
    assert {len(net.history) for net in nets} == {2}


def test_an_interrupt_while_the_networks_take_over_what_was_trained_undoes_the_epoch_for_all(monkeypatch):
    nets = networks()
    before = frozen([lasting(net) for net in nets])
    calls = []

    def adopt(self, theta):
        calls.append(1)
        if len(calls) == 4:  # the stack, then the third network
            raise KeyboardInterrupt
        original(self, theta)

    original = Optimizer.adopt
    monkeypatch.setattr(Optimizer, "adopt", adopt)
    with pytest.raises(KeyboardInterrupt):
        train_together(nets, X, Y, 0.1, 3, 16)
    assert frozen([lasting(net) for net in nets]) == before


def test_on_epoch_is_called_for_every_network_and_sees_its_own_numbers():
    nets, seen = networks(3), []
    twins = copy.deepcopy(nets)
    train_together(nets, X, Y, 0.1, 2, 16, on_epoch=lambda net, epoch: seen.append((net, epoch, net.theta.copy())))
    assert [(nets.index(net), epoch) for net, epoch, _ in seen] == [(k, e) for e in range(2) for k in range(3)]
    twins[1].train(X, Y, 0.1, 1, 16, verbose=False)
    np.testing.assert_array_equal(seen[1][2], twins[1].theta)


@pytest.mark.parametrize(("n", "expected"), [(4, [130]), (20, [102, 28]), (40, [64, 64, 2])])
def test_samples_are_evaluated_so_many_at_a_time_that_all_networks_of_a_stack_stay_in_the_cache(
    monkeypatch, n, expected
):
    monkeypatch.setitem(globals(), "X", RNG.standard_normal((130, 2)))
    monkeypatch.setitem(globals(), "Y", (X[:, :1] * X[:, 1:] > 0).astype(float))
    rows, logits = [], _Stack._logits
    watched = lambda self, X, training: (training or rows.append(X.shape[-2]), logits(self, X, training))[1]  # noqa: E731
    monkeypatch.setattr(_Stack, "_logits", watched)
    assert_same(networks(n), [SGD(0.2) for _ in range(n)], n_epochs=2, validation=HELD_OUT)
    assert rows == 2 * [*expected, 20]


@pytest.mark.parametrize(("n", "expected"), [(3, [3, 3, 2]), (0, [1] * 8)])
def test_many_networks_are_cut_into_stacks(monkeypatch, n, expected):
    sizes, stack = [], _Stack.__init__
    monkeypatch.setattr(
        _Stack, "__init__", lambda self, nets, *args: (sizes.append(len(nets)), stack(self, nets, *args))[1]
    )
    theta = networks(1)[0].theta
    monkeypatch.setattr("scratchnet.together.STACK", n * (theta.nbytes + 16 * (9 + 5 + 1) * theta.itemsize))
    assert_same(networks(8), [Adam(0.02) for _ in range(8)], n_epochs=3)
    assert sizes == expected


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda n: {"nets": []}, ValueError, "at least one network"),
        (lambda n: {"nets": [n[0], n[0]]}, ValueError, "none of them twice"),
        (lambda n: {"nets": [n[0], NeuralNetwork([2, 8, 5, 1], seed=0)]}, ValueError, "one architecture"),
        (lambda n: {"nets": [n[0], NeuralNetwork([2, 9, 5, 1], dtype=np.float32)]}, ValueError, "float32"),
        (lambda n: {"lr": [0.1]}, ValueError, "lr must have one entry for each of the 3 networks"),
        (lambda n: {"lr": -1.0}, ValueError, "lr must be a finite number > 0"),
        (lambda n: {"optimizer": [SGD(0.1)]}, ValueError, "optimizer must have one entry"),
        (lambda n: {"optimizer": [SGD(0.1)] * 3}, ValueError, "another object for each"),
        (lambda n: {"optimizer": [1, 2, 3]}, TypeError, "must be an Optimizer"),
        (lambda n: {"rng": [np.random.default_rng(0)] * 3}, ValueError, "another object for each"),
        (lambda n: {"rng": [1, 2, 3]}, TypeError, "numpy.random.Generator"),
        (lambda n: {"n_epochs": 0}, ValueError, "n_epochs"),
        (lambda n: {"batch_size": 2.5}, TypeError, "batch_size"),
        (lambda n: {"on_epoch": 3}, TypeError, "on_epoch"),
        (lambda n: {"y": Y[:-1]}, ValueError, "y must have shape"),
    ],
)
def test_bad_arguments_are_refused_before_anything_has_changed(change, error, words):
    nets = networks(3)
    before = frozen([lasting(net) for net in nets])
    arguments = {"nets": nets, "X": X, "y": Y} | change(nets)
    with pytest.raises(error, match=words):
        train_together(**arguments)
    assert frozen([lasting(net) for net in nets]) == before


def with_layer_of_its_own(net):
    net.layers[0] = copy.deepcopy(net.layers[0])
    return net


LAYERS = [("LinearLayer", (2, 9), (1, 9)), ("ReLU",), ("LinearLayer", (9, 2), (1, 2))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: {"nets": []}, "nets must hold at least one network, and none of them twice"),
        (lambda n: {"lr": [0.1]}, "lr must have one entry for each of the 2 networks, got 1"),
        (lambda n: {"optimizer": []}, "optimizer must have one entry for each of the 2 networks, got 0"),
        (lambda n: {"rng": []}, "rng must have one entry for each of the 2 networks, got 0"),
        (
            lambda n: {"optimizer": [SGD(0.1)] * 2},
            "optimizer must hold another object for each network: what it remembers belongs to one",
        ),
        (
            lambda n: {"rng": [n[0].rng] * 2},
            "rng must hold another object for each network: what it remembers belongs to one",
        ),
        (
            lambda n: {"rng": [1, 2]},
            "rng must be a numpy.random.Generator, such as np.random.default_rng(7), got 1",
        ),
        (lambda n: {"optimizer": [1, 2]}, "optimizer[0] must be an Optimizer, such as Adam(0.01), got 1"),
        (
            lambda n: {"nets": [n[0], with_layer_of_its_own(n[1])]},
            "nets[1].layers holds parameters that are not in its theta: use copy.deepcopy of it",
        ),
        (
            lambda n: {"nets": [n[0], *networks(1, (2, 9, 2), activation=Tanh)]},
            "nets must have one architecture, but nets[1] has "
            f"{([LAYERS[0], ('Tanh',), LAYERS[2]], 'SigmoidCrossEntropy', 'float64')}, "
            f"not {(LAYERS, 'SigmoidCrossEntropy', 'float64')}",
        ),
        (
            lambda n: {"nets": [n[0], *networks(1, (2, 9, 2), output=SoftmaxCrossEntropy)]},
            f"nets must have one architecture, but nets[1] has {(LAYERS, 'SoftmaxCrossEntropy', 'float64')}, "
            f"not {(LAYERS, 'SigmoidCrossEntropy', 'float64')}",
        ),
    ],
)
def test_the_whole_message(change, message):
    nets = networks(2, (2, 9, 2))
    with pytest.raises((TypeError, ValueError)) as caught:
        train_together(**{"nets": nets, "X": X, "y": np.hstack([Y, 1 - Y])} | change(nets))
    assert str(caught.value) == message


def test_the_rates_of_dropout_are_those_of_the_layers():
    nets = [
        NeuralNetwork.from_layers([LinearLayer(2, 3, seed=s), Dropout(rate, s), LinearLayer(3, 1, seed=s + 1)], seed=s)
        for s, rate in ((0, 0.0), (10, 0.9))
    ]
    assert_same(nets, [SGD(0.1), SGD(0.1)], n_epochs=5)


@pytest.mark.parametrize("used", [(0,), (1, 2)], ids=["first", "last"])
def test_an_optimizer_that_has_taken_steps_trains_beside_a_new_one(used):
    def trained(together):
        nets = [NeuralNetwork([2, 4, 1], seed=100 * k) for k in range(3)]
        optimizers = [Adam(0.05) for _ in nets]
        for k in used:
            nets[k].train(
                X, Y, n_epochs=2, optimizer=optimizers[k], batch_size=8, verbose=False, rng=np.random.default_rng(k)
            )
        rngs = [np.random.default_rng(10 + k) for k in range(3)]
        if together:
            train_together(nets, X, Y, n_epochs=3, optimizer=optimizers, batch_size=8, rng=rngs)
        else:
            for net, optimizer, rng in zip(nets, optimizers, rngs, strict=True):
                net.train(X, Y, n_epochs=3, optimizer=optimizer, batch_size=8, rng=rng, verbose=False)
        return nets, [optimizer.t for optimizer in optimizers]

    (single, steps), (stacked, counted) = trained(False), trained(True)
    assert steps == counted and len(set(steps)) == 2
    for one, other in zip(single, stacked, strict=True):
        np.testing.assert_allclose(one.theta, other.theta, rtol=1e-12, atol=1e-14)
