import copy
import inspect
import math

import numpy as np
import pytest
from conftest import lasting, small_problem
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_optimizers import two_steps

from scratchnet import SGD, Adam, AdamW, Momentum, Nesterov, NeuralNetwork, RMSProp, TrainingDiverged

RATES = {Nesterov: 0.3, RMSProp: 0.02, AdamW: 0.02}
every_variant = pytest.mark.parametrize("make", RATES, ids=lambda c: c.__name__)
vectors = arrays(np.float64, 4, elements=st.floats(-100, 100))


# The formulas. What every optimizer must do besides, test_optimizers.py asks of these too.


def test_two_steps_of_nesterov_by_hand():
    first, second = two_steps(Nesterov(0.1, beta=0.8))
    # v = 0.2 · (0.5, -1) = (0.1, -0.2), step 0.8 v + 0.2 · (0.5, -1) = (0.18, -0.36)
    np.testing.assert_allclose(first, [1 - 0.1 * 0.18, -2 + 0.1 * 0.36], rtol=1e-15)
    # v = 0.8 · (0.1, -0.2) + 0.2 · (0.25, 2) = (0.13, 0.24), step 0.8 v + 0.2 · (0.25, 2) = (0.154, 0.592)
    np.testing.assert_allclose(second, first - 0.1 * np.array([0.154, 0.592]), rtol=1e-15)


def test_two_steps_of_rmsprop_by_hand():
    first, second = two_steps(RMSProp(0.1, beta=0.5, eps=0.25))
    # v = 0.5 · (0.25, 1) = (0.125, 0.5)
    np.testing.assert_allclose(
        first, [1 - 0.1 * 0.5 / (math.sqrt(0.125) + 0.25), -2 + 0.1 * 1 / (math.sqrt(0.5) + 0.25)], rtol=1e-15
    )
    # v = 0.5 · (0.125, 0.5) + 0.5 · (0.0625, 4) = (0.09375, 2.25), √2.25 = 1.5
    step = [0.1 * 0.25 / (math.sqrt(0.09375) + 0.25), 0.1 * 2 / (1.5 + 0.25)]
    np.testing.assert_allclose(second, first - step, rtol=1e-15)


def test_two_steps_of_adamw_by_hand():
    first, second = two_steps(AdamW(0.1, beta1=0.8, beta2=0.5, eps=0.25, weight_decay=0.5))
    # θ shrinks by 1 - 0.1 · 0.5 = 0.95; Adam's steps are those in test_optimizers.py, for they do not look at θ
    expected = np.array([0.95 * 1 - 0.1 * 0.5 / (0.5 + 0.25), 0.95 * -2 + 0.1 * 1 / (1 + 0.25)])
    np.testing.assert_allclose(first, expected, rtol=1e-14)
    expected *= 0.95
    expected -= [
        0.1 * (0.13 / 0.36) / (math.sqrt(0.125) + 0.25),
        0.1 * (0.24 / 0.36) / (math.sqrt(3) + 0.25),
    ]
    np.testing.assert_allclose(second, expected, rtol=1e-14)


@given(st.lists(vectors, min_size=1, max_size=5), st.floats(0, 0.99))
def test_nesterov_is_momentum_that_looks_one_step_ahead(gradients, beta):
    """Two sequences: that of Sutskever et al., whose gradient is taken ahead of θ, and where it was taken."""
    ahead, velocity, optimizer, theta = np.ones(4), np.zeros(4), Nesterov(0.1, beta), np.ones(4)
    behind = ahead.copy()
    for gradient in gradients:  # the gradient at `ahead` = behind + β velocity
        optimizer.step(theta, gradient)
        velocity = beta * velocity - 0.1 * (1 - beta) * gradient
        behind = behind + velocity
        ahead = behind + beta * velocity
    np.testing.assert_allclose(theta, ahead, rtol=1e-9, atol=1e-9)


@given(vectors, vectors)
def test_without_memory_the_variants_are_what_they_vary(theta, gradient):
    other, sign = theta.copy(), theta.copy()
    start = theta.copy()
    Nesterov(0.3, beta=0).step(theta, gradient)
    SGD(0.3).step(other, gradient)
    np.testing.assert_allclose(theta, other, rtol=1e-15)
    RMSProp(0.3, beta=0, eps=1e-300).step(sign, gradient)
    large = np.abs(gradient) > 1e-100
    np.testing.assert_allclose(sign[large], (start - 0.3 * np.sign(gradient))[large], rtol=1e-12, atol=1e-12)


@given(st.lists(vectors, min_size=1, max_size=5))
def test_adamw_without_decay_is_adam(gradients):
    theta, other, adam_w, adam = np.ones(4), np.ones(4), AdamW(0.1, weight_decay=0), Adam(0.1)
    for gradient in gradients:
        adam_w.step(theta, gradient)
        adam.step(other, gradient)
    assert theta.tolist() == other.tolist()


def test_the_decay_of_adamw_is_not_part_of_the_gradient():
    theta, optimizer = np.array([2.0, -4.0]), AdamW(0.1, weight_decay=0.5)
    for _ in range(3):
        optimizer.step(theta, np.zeros(2))
    np.testing.assert_allclose(theta, np.array([2.0, -4.0]) * 0.95**3, rtol=1e-15)
    assert not optimizer.m.any() and not optimizer.v.any()


def test_rmsprop_steps_by_the_learning_rate_whatever_the_size_of_a_steady_gradient():
    theta, optimizer = np.zeros(3), RMSProp(0.01)
    for _ in range(200):
        before = theta.copy()
        optimizer.step(theta, np.array([1e-4, -5.0, 1e6]))
    np.testing.assert_allclose(theta - before, [-0.01, 0.01, -0.01], rtol=2e-4)


def test_the_defaults_are_those_of_the_papers_and_of_pytorch():
    assert Nesterov(0.1).beta == 0.9
    rms, adam_w = RMSProp(0.1), AdamW(0.1)
    assert (rms.beta, rms.eps) == (0.9, 1e-8)
    assert (adam_w.beta1, adam_w.beta2, adam_w.eps, adam_w.weight_decay) == (0.9, 0.999, 1e-8, 0.01)


def test_arguments_stand_in_the_same_order_as_in_what_is_varied():
    for variant, varied in ((Nesterov, Momentum), (AdamW, Adam)):
        names = list(inspect.signature(varied).parameters)
        assert list(inspect.signature(variant).parameters)[: len(names)] == names
    adam_w = AdamW(0.5, 0.1, 0.2, 0.3, 0.4)
    assert (adam_w.lr, adam_w.beta1, adam_w.beta2, adam_w.eps, adam_w.weight_decay) == (0.5, 0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Nesterov(0.1, beta=1.0), ValueError, "beta must be a finite number >= 0 and < 1, got 1.0"),
        (lambda: RMSProp(0.1, beta=1.0), ValueError, "beta must be a finite number >= 0 and < 1, got 1.0"),
        (lambda: RMSProp(0.1, beta=-0.1), ValueError, "beta must be a finite number >= 0 and < 1, got -0.1"),
        (lambda: RMSProp(0.1, eps=0), ValueError, "eps must be a finite number > 0, got 0"),
        (lambda: RMSProp(0), ValueError, "lr must be a finite number > 0, got 0"),
        (lambda: AdamW(0.1, beta1=1), ValueError, "beta1 must be a finite number >= 0 and < 1, got 1"),
        (lambda: AdamW(0.1, beta2=1), ValueError, "beta2 must be a finite number >= 0 and < 1, got 1"),
        (lambda: AdamW(0.1, eps=-1), ValueError, "eps must be a finite number > 0, got -1"),
        (lambda: AdamW(0.1, weight_decay=-0.1), ValueError, "weight_decay must be a finite number >= 0, got -0.1"),
        (lambda: AdamW(0.1, weight_decay=math.inf), ValueError, "weight_decay must be a finite number >= 0, got inf"),
        (lambda: AdamW(0.1, weight_decay=True), TypeError, "weight_decay must be a finite number >= 0, got True"),
    ],
)
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


# In training


@every_variant
def test_training_learns_and_an_interrupted_epoch_leaves_no_trace(make, monkeypatch):
    X, y = small_problem()
    net, optimizer = NeuralNetwork([3, 8, 1], seed=0), make(RATES[make])
    net.train(X, y, n_epochs=100, batch_size=5, verbose=False, optimizer=optimizer)
    assert net.loss_history[-1] < 0.6 * net.loss_history[0]
    before = lasting(net, copy.deepcopy(optimizer))
    rule = make.rule

    def stops(self, *vectors):
        rule(self, *vectors)
        if self.t % 3 == 2:  # the second of three batches
            raise KeyboardInterrupt

    monkeypatch.setattr(make, "rule", stops)
    with pytest.raises(KeyboardInterrupt):
        net.train(X, y, n_epochs=1, batch_size=5, verbose=False, optimizer=optimizer)
    assert lasting(net, copy.deepcopy(optimizer)) == before


@every_variant
def test_a_divergence_says_so_and_leaves_the_last_whole_epoch(make):
    X, y = small_problem()
    net, optimizer = NeuralNetwork([3, 8, 1], seed=0), make(RATES[make])
    net.train(X, y, n_epochs=2, batch_size=5, verbose=False, optimizer=optimizer)
    optimizer.lr = 1e200
    before = lasting(net, copy.deepcopy(optimizer))
    with pytest.raises(TrainingDiverged, match="Try a learning rate below 1e\\+200"):
        net.train(X, y, n_epochs=20, batch_size=5, verbose=False, optimizer=optimizer)
    assert lasting(net, copy.deepcopy(optimizer)) == before
