import copy
import math
import pickle

import numpy as np
import pytest
from conftest import frozen, lasting, off_kinks, small_problem

from scratchnet import SGD, Adam, Dropout, LinearLayer, NeuralNetwork, ReLU, Tanh, check_layer, check_network

RATES = [0.0, 0.1, 0.5, 0.9]


# The mask


@pytest.mark.parametrize("rate", RATES)
def test_every_entry_is_zero_or_divided_by_what_is_kept(rate):
    A = off_kinks((50, 40))
    out = Dropout(rate, seed=0).forward(A)
    kept = out != 0
    np.testing.assert_allclose(out[kept], A[kept] / (1 - rate), rtol=1e-15)
    share, bound = 1 - kept.mean(), 5 * math.sqrt(rate * (1 - rate) / A.size)  # five standard deviations
    assert abs(share - rate) <= bound


def test_the_mask_is_drawn_from_the_seed():
    A = off_kinks((4, 3))
    draws = np.random.default_rng(7)
    layer = Dropout(0.3, seed=7)
    for _ in range(3):  # a new mask every time
        expected = np.where(draws.random((4, 3)) < 0.3, 0.0, A / 0.7)
        np.testing.assert_allclose(layer.forward(A), expected, rtol=1e-15)
    first, second = Dropout(0.5).forward(np.ones(99)), Dropout(0.5).forward(np.ones(99))
    assert first.tolist() != second.tolist()


def test_an_entry_is_dropped_where_the_draw_is_below_the_rate():
    class Draws:
        def random(self, shape):
            return np.array([[0.0, np.nextafter(0.25, 0), 0.25, 0.9]])

    layer = Dropout(0.25)
    layer.rng = Draws()
    assert layer.forward(np.full((1, 4), 3.0)).tolist() == [[0.0, 0.0, 4.0, 4.0]]


@pytest.mark.parametrize("rate", RATES)
def test_the_mean_over_many_masks_is_the_input_itself(rate):
    A, layer, n = off_kinks((3, 2)), Dropout(rate, seed=1), 4000
    mean = sum(layer.forward(A) for _ in range(n)) / n
    deviation = np.abs(A) * math.sqrt(rate / (1 - rate) / n)
    assert (np.abs(mean - A) <= 5 * deviation + 1e-12).all()


def test_entries_are_dropped_independently_of_each_other():
    kept = Dropout(0.5, seed=3).forward(np.ones((4000, 6))) - 1
    correlation = kept.T @ kept / len(kept)
    np.testing.assert_allclose(correlation, np.eye(6), atol=5 / math.sqrt(4000))


# Backward and inference


@pytest.mark.parametrize("shape", [(1, 3), (5, 3), (2, 5, 3)], ids=str)
def test_backward_uses_the_mask_of_the_last_forward(shape):
    A, dA = off_kinks(shape), off_kinks(shape, seed=1)
    layer = Dropout(0.5, seed=0)
    layer.forward(A)
    mask = layer.forward(A) / A
    np.testing.assert_allclose(layer.backward(dA), mask * dA, rtol=1e-15)
    assert set(np.unique(mask.round(12))) == {0.0, 2.0}
    assert check_layer(layer, A)["X"] < 1e-9  # every forward of the check draws the same mask


def test_the_gradient_of_a_network_with_dropout_agrees_with_differences():
    net = NeuralNetwork([3, 6, 5, 1], seed=0, activation=Tanh, dropout=0.4, batch_norm=True)
    assert max(check_network(net, off_kinks((6, 3)), np.ones((6, 1))).values()) < 1e-6


def test_inference_returns_a_copy_and_draws_nothing():
    layer, A = Dropout(0.5, seed=0), off_kinks((4, 3))
    layer.forward(A)
    before = frozen(layer)
    out = layer.forward(A, training=False)
    assert frozen(layer) == before and frozen(out) == frozen(A) and not np.shares_memory(out, A)
    layer.backward(A)
    with pytest.raises(RuntimeError, match="^Dropout.backward needs a fresh forward"):
        layer.backward(A)


def test_nothing_that_is_handed_out_changes_later_and_no_input_does():
    layer, A = Dropout(0.5, seed=0), off_kinks((4, 3))
    before = frozen(A)
    handed_out = [layer.forward(A), layer.backward(A)]
    frozen_out = frozen(handed_out)
    layer.forward(-A)
    layer.backward(-A)
    layer.update(0.1)
    assert frozen(handed_out) == frozen_out and frozen(A) == before and layer.params == ()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    layer, A = Dropout(0.3, seed=0), off_kinks((4, 3)).astype(dtype)
    out = [layer.forward(A), layer.backward(A), layer.forward(A, training=False)]
    assert {array.dtype for array in out} == {np.dtype(dtype)}
    assert layer.forward([[1, 2]]).dtype == np.float64


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_goes_on_with_the_same_masks_and_a_generator_of_its_own(duplicate):
    layer, A = Dropout(0.5, seed=0), off_kinks((4, 3))
    layer.forward(A)
    twin = duplicate(layer)
    expected = [layer.forward(A).tolist() for _ in range(3)]
    assert [twin.forward(A).tolist() for _ in range(3)] == expected
    assert twin.rng is not layer.rng


@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (True, TypeError),
        (np.True_, TypeError),
        ("0.5", TypeError),
        (None, TypeError),
        ([0.5], TypeError),
        (1.0, ValueError),
        (-0.1, ValueError),
        (math.nan, ValueError),
    ],
    ids=repr,
)
def test_a_rate_out_of_range_is_refused_by_layer_and_network(rate, error):
    for make, name in ((Dropout, "rate"), (lambda rate: NeuralNetwork([2, 3, 1], dropout=rate), "dropout")):
        with pytest.raises(error) as caught:
            make(rate)
        assert str(caught.value) == f"{name} must be a finite number >= 0 and < 1, got {rate!r}"


def test_other_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="^seed must be an integer of at least 0, got -1"):
        Dropout(0.5, seed=-1)
    layer = Dropout(0.5, seed=0)
    before = frozen(layer)
    for training in (True, False):
        with pytest.raises(TypeError, match="^A must hold real numbers, got str"):
            layer.forward("a", training=training)
    assert frozen(layer) == before
    layer.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"^dA must have shape \(4, 3\), got \(4, 1\)"):
        layer.backward(np.ones((4, 1)))


# In a network


class StopsAt(Adam):
    """Is interrupted in the n-th step, after it."""

    def __init__(self, n):
        super().__init__(0.05)
        self.left = n

    def step(self, theta, grad):
        super().step(theta, grad)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def quietly(net, n_epochs=3, **kwargs):
    net.train(*small_problem(), n_epochs=n_epochs, batch_size=5, verbose=False, **kwargs)


def test_an_interrupt_puts_generators_and_running_statistics_back_bit_for_bit():
    net, optimizer = NeuralNetwork([3, 6, 5, 1], seed=0, dropout=0.4, batch_norm=True), StopsAt(8)
    undisturbed, plain = copy.deepcopy(net), StopsAt(-1)
    quietly(undisturbed, 2, optimizer=plain)
    rngs = [layer.rng for layer in net.layers if isinstance(layer, Dropout)]
    with pytest.raises(KeyboardInterrupt):
        quietly(net, optimizer=optimizer)  # in the second batch of the third epoch
    assert lasting(net) == lasting(undisturbed) and len(net.history) == 2
    assert rngs == [layer.rng for layer in net.layers if isinstance(layer, Dropout)]  # the same objects
    optimizer.left = -1
    quietly(net, optimizer=optimizer)
    quietly(undisturbed, optimizer=plain)
    assert lasting(net) == lasting(undisturbed)


@pytest.mark.parametrize("with_whom", ["another layer", "the shuffling", "both"])
def test_a_generator_may_be_shared_and_still_is_after_an_interrupt(with_whom):
    def make():
        layers = [LinearLayer(3, 6, 0), ReLU(), Dropout(0.4, 1), LinearLayer(6, 5, 2), Dropout(0.4, 3)]
        net = NeuralNetwork.from_layers([*layers, LinearLayer(5, 1, 4)], seed=9)
        layers[2].rng = layers[4].rng if with_whom == "another layer" else net.rng
        layers[4].rng = net.rng if with_whom == "both" else layers[4].rng
        return net

    net, undisturbed, optimizer, plain = make(), make(), StopsAt(8), StopsAt(-1)
    quietly(undisturbed, 5, optimizer=plain)
    with pytest.raises(KeyboardInterrupt):
        quietly(net, optimizer=optimizer)
    optimizer.left = -1
    quietly(net, optimizer=optimizer)
    assert lasting(net) == lasting(undisturbed)


def test_a_generator_that_is_lent_is_put_back_too():
    mine = np.random.default_rng(5)
    net = NeuralNetwork([3, 6, 1], seed=0, dropout=0.4)
    net.layers[2].rng = mine
    quietly(net)
    before = frozen(mine)
    with pytest.raises(KeyboardInterrupt):
        quietly(net, optimizer=StopsAt(2))
    assert frozen(mine) == before and net.layers[2].rng is mine


def test_looking_at_a_network_draws_no_mask_and_training_draws_one_a_batch():
    net, (X, y) = NeuralNetwork([3, 6, 1], seed=0, dropout=0.4), small_problem()
    before = frozen(net.layers[2])
    net.predict(X), net.loss(X, y), net.accuracy(X, y)
    assert net.predict_proba(X).tolist() == net.predict_proba(X).tolist()
    assert frozen(net.layers[2]) == before
    rng = copy.deepcopy(net.layers[2].rng)
    quietly(net, 1, validation=(X, y))
    for n in (5, 5, 3):
        rng.random((n, 6))
    assert frozen(net.layers[2].rng) == frozen(rng)


def test_dropout_of_nothing_trains_as_without_it():
    layers = [LinearLayer(3, 6, 0), ReLU(), LinearLayer(6, 1, 1)]
    plain = NeuralNetwork.from_layers(copy.deepcopy(layers), seed=2)
    net = NeuralNetwork.from_layers([*layers[:2], Dropout(0.0), layers[2]], seed=2)
    for network in (plain, net):
        quietly(network, optimizer=SGD(0.1))
    assert frozen([net.theta, net.history]) == frozen([plain.theta, plain.history])
