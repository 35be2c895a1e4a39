import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import LinearLayer, NeuralNetwork, Tanh, he, large, small, xavier, zeros

SCALE = {
    zeros: lambda d_in, d_out: 0.0,
    small: lambda d_in, d_out: 0.01,
    large: lambda d_in, d_out: 1.0,
    xavier: lambda d_in, d_out: math.sqrt(2 / (d_in + d_out)),
    he: lambda d_in, d_out: math.sqrt(2 / d_in),
}
every = pytest.mark.parametrize("init", SCALE, ids=lambda init: init.__name__)


@every
@given(d_in=st.integers(1, 9), d_out=st.integers(1, 9), seed=st.integers(0, 99))
def test_weights_are_normal_draws_times_the_scale_of_the_formula(init, d_in, d_out, seed):
    W = init(d_in, d_out, np.random.default_rng(seed))
    normal = np.random.default_rng(seed).standard_normal((d_in, d_out))
    assert W.shape == (d_in, d_out) and W.dtype == np.float64
    np.testing.assert_allclose(W, SCALE[init](d_in, d_out) * normal, rtol=1e-15)


@every
def test_the_variance_of_the_entries_is_that_of_the_formula(init):
    W = init(300, 100, np.random.default_rng(1))
    assert math.isclose(W.std(), SCALE[init](300, 100), rel_tol=0.02)
    assert abs(W.mean()) <= 0.02 * SCALE[init](300, 100)


@every
def test_draws_come_from_the_generator_that_is_given_and_go_on(init):
    rng = np.random.default_rng(3)
    first, second = init(2, 3, rng), init(2, 3, rng)
    assert np.array_equal(first, second) == (init is zeros)


@every
def test_a_layer_and_a_network_start_from_the_initializer_with_zero_shifts(init):
    layer = LinearLayer(3, 2, seed=8, init=init)
    np.testing.assert_array_equal(layer.W, init(3, 2, np.random.default_rng(8)))
    assert layer.b.tolist() == [[0, 0]]
    net = NeuralNetwork([3, 4, 1], seed=8, init=init)
    np.testing.assert_array_equal(net.layers[2].W, init(4, 1, np.random.default_rng(9)))


def test_xavier_keeps_the_variance_of_a_signal_through_a_square_linear_map_and_he_through_relu():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 200))
    assert math.isclose((X @ xavier(200, 200, rng)).var(), 1, rel_tol=0.05)
    A = X
    for _ in range(3):
        A = np.maximum(A @ he(200, 200, rng), 0)
        assert math.isclose((A**2).mean(), 1, rel_tol=0.15)


def test_zero_weights_make_all_units_of_a_layer_alike_forever():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 2))
    y = (X[:, :1] > 0).astype(float)
    net = NeuralNetwork([2, 3, 1], seed=1, init=zeros, activation=Tanh)
    net.layers[0].W, net.layers[2].W = np.full((2, 3), 0.2), np.full((3, 1), 0.2)
    net.train(X, y, lr=0.5, n_epochs=10, verbose=False)
    W = net.layers[0].W
    np.testing.assert_allclose(W, np.repeat(W[:, :1], 3, axis=1), rtol=1e-12)
    assert np.abs(W[:, 0] - 0.2).max() > 0.01
