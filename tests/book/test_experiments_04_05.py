"""What notebooks 04 and 05 measure: coordinates of hidden outputs, runs of a depth, the sizes of a first pass."""

import numpy as np
import pytest

from scratchnet import LinearLayer, NeuralNetwork, TrainingDiverged, he, large, relu, zeros
from scratchnet.book.experiments import (
    after_each_hidden_layer,
    first_pass,
    logit_and_spread,
    of_depth,
    principal_components,
    root_mean_square,
    separated_by_a_hyperplane,
    spirals,
)

RNG = np.random.default_rng(0)


def test_the_hidden_outputs_are_those_of_the_forward_pass():
    net = NeuralNetwork([2, 5, 3, 1], seed=0)
    X = RNG.standard_normal((7, 2))
    first, second = after_each_hidden_layer(net, X)
    np.testing.assert_allclose(first, relu(X @ net.layers[0].W))
    np.testing.assert_allclose(second, relu(first @ net.layers[2].W))


def test_principal_components_are_the_coordinates_of_largest_variance():
    A = RNG.standard_normal((200, 4)) * [1, 5, 0.1, 3] + 7
    Z = principal_components(A)
    np.testing.assert_allclose(np.var(Z, axis=0), np.linalg.eigvalsh(np.cov(A.T, bias=True))[::-1][:2])
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    assert abs(Z[:, 0] @ Z[:, 1]) < 1e-9


def test_beside_the_boundary_the_first_coordinate_is_the_logit_and_the_second_does_not_change_along_its_weights():
    last, A = LinearLayer(6, 1, seed=1), RNG.standard_normal((50, 6))
    last.b += 0.3
    Z = logit_and_spread(A, last)
    np.testing.assert_allclose(Z[:, :1], A @ last.W + last.b)
    moved = logit_and_spread(A + RNG.standard_normal((50, 1)) * last.W.T, last)
    np.testing.assert_allclose(np.abs(moved[:, 1]), np.abs(Z[:, 1]))


def test_a_hyperplane_separates_what_is_separable_and_half_of_what_is_not():
    A, w = RNG.standard_normal((100, 5)), RNG.standard_normal((5, 1))
    assert separated_by_a_hyperplane(A * [1, 0, 0, 0, 0], A[:, :1] > 0) > 0.95
    assert separated_by_a_hyperplane(np.tile(A, (2, 1)), np.repeat([[0], [1]], 100, axis=0)) == 0.5
    assert separated_by_a_hyperplane(np.ones((10, 3)), np.arange(10)[:, None] < 7) == 0.7
    assert 0.9 < separated_by_a_hyperplane(A, A @ w > 0.2) <= 1


@pytest.mark.parametrize(("depth", "lr", "done"), [(0, 0.1, 80), (2, 0.3, 80), (8, 3.0, 0)])
def test_a_run_of_a_depth_keeps_theta_before_training_and_after_every_whole_epoch(depth, lr, done):
    net, thetas = of_depth(depth, lr, seed=42)
    assert len(net.history) == done and len(thetas) == done + 1
    np.testing.assert_array_equal(thetas[0], NeuralNetwork([2, *[16] * depth, 1], seed=42, init=he).theta)
    np.testing.assert_array_equal(thetas[-1], net.theta)


def test_a_first_pass_measures_what_one_backward_pass_leaves():
    X, y, *_ = spirals()
    A, dZ, dW = first_pass(he, seed=3, depth=2)
    assert (len(A), len(dZ), len(dW)) == (2, 3, 3)
    net = NeuralNetwork([2, 32, 32, 1], seed=3, init=he)
    hidden = after_each_hidden_layer(net, X)
    y_pred = net.forward(X)
    net.backward(y_pred, y)
    np.testing.assert_allclose(A, [root_mean_square(H) for H in hidden])
    np.testing.assert_allclose(dW, [root_mean_square(layer.dW) for layer in net.layers[::2]])
    last = (y_pred - y) / len(X)
    before = (last @ net.layers[4].W.T) * (hidden[1] > 0)
    np.testing.assert_allclose(dZ[1:], [root_mean_square(before), root_mean_square(last)])
    assert not first_pass(zeros, seed=0)[0].any()


def test_what_survives_the_first_steps_from_large_weights_has_a_dead_layer_and_stays_at_guessing():
    """Which notebook 05 says of the explorer's button: about one network in eight."""
    X, y, *_ = spirals()
    survivors = []
    for seed in range(0, 4000, 100):
        net = NeuralNetwork([2, *[32] * 8, 1], seed=seed, init=large)
        try:
            net.train(X, y, lr=0.05, n_epochs=40, batch_size=64, verbose=False)
        except TrainingDiverged:
            continue
        survivors.append(net)
    assert 1 <= len(survivors) <= 12
    for net in survivors:
        assert abs(net.loss(X, y) - np.log(2)) < 0.01
        with np.errstate(over="ignore"):
            assert any(not A.any() for A in after_each_hidden_layer(net, X))
