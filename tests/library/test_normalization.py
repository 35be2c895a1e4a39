import copy
import math
import pickle
import re

import numpy as np
import pytest
from conftest import frozen, lasting, normwise, off_kinks, slope
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import (
    SGD,
    BatchNorm,
    IdentitySquaredError,
    LinearLayer,
    NeuralNetwork,
    Tanh,
    TrainingDiverged,
    check_layer,
    check_network,
)


def ready(d=3, seed=2, **kwargs):
    """A layer whose parameters and statistics are not those of the start."""
    layer, rng = BatchNorm(d, **kwargs), np.random.default_rng(seed)
    layer.gamma, layer.beta = rng.uniform(0.5, 2, (1, d)), rng.standard_normal((1, d))
    layer.running_mean, layer.running_var = rng.standard_normal((1, d)), rng.uniform(0.5, 2, (1, d))
    return layer


def stacked(layers):
    """One layer with a leading axis K from K layers."""
    stack = copy.deepcopy(layers[0])
    for name in ("_gamma", "_beta", "_dgamma", "_dbeta", "running_mean", "running_var"):
        stack.__dict__[name] = np.stack([vars(layer)[name] for layer in layers])
    return stack


# Forward


@given(st.integers(2, 9), st.integers(1, 4), st.integers(0, 99))
def test_training_and_inference_are_the_formulas_written_as_loops(N, d, seed):
    layer, Z = ready(d, seed, momentum=0.3, eps=0.01), 3 * off_kinks((N, d), seed)
    before = copy.deepcopy(layer)
    inference, Y = layer.forward(Z, training=False), layer.forward(Z)
    for j in range(d):
        gamma, beta = before.gamma[0, j], before.beta[0, j]
        mean = math.fsum(Z[:, j]) / N
        squares = math.fsum((z - mean) ** 2 for z in Z[:, j])
        old_mean, old_var = before.running_mean[0, j], before.running_var[0, j]
        for n in range(N):
            assert np.isclose(Y[n, j], gamma * (Z[n, j] - mean) / math.sqrt(squares / N + 0.01) + beta)
            assert np.isclose(inference[n, j], gamma * (Z[n, j] - old_mean) / math.sqrt(old_var + 0.01) + beta)
        assert np.isclose(layer.running_mean[0, j], 0.7 * old_mean + 0.3 * mean)
        assert np.isclose(layer.running_var[0, j], 0.7 * old_var + 0.3 * squares / (N - 1))


def test_three_samples_worked_by_hand():
    layer = BatchNorm(1, momentum=0.5)
    layer.forward(np.array([[1.0], [2.0], [6.0]]))  # mean 3, squares 4 + 1 + 9 = 14, of which the half is 7
    np.testing.assert_allclose([layer.running_mean.item(), layer.running_var.item()], [1.5, 4.0], rtol=1e-15)


def test_two_samples_worked_by_hand():
    layer = BatchNorm(1, eps=3.0)
    # mean 3, variance ((-1)² + 1²) / 2 = 1, σ = √(1 + 3) = 2; unbiased variance 2
    assert layer.forward(np.array([[2.0], [4.0]])).tolist() == [[-0.5], [0.5]]
    np.testing.assert_allclose([layer.running_mean.item(), layer.running_var.item()], [0.1 * 3, 0.9 + 0.1 * 2])
    # dY = (3, 1): dβ = 4, dγ = 3·(-0.5) + 1·0.5 = -1, dZ = 1/2 · (dY - 2 + 0.5 Ẑ)
    dZ = layer.backward(np.array([[3.0], [1.0]]))
    assert layer.dbeta.item() == 4.0 and layer.dgamma.item() == -1.0
    assert dZ.tolist() == [[(3 - 2 - 0.25) / 2], [(1 - 2 + 0.25) / 2]]


def test_a_new_layer_has_the_defaults_of_pytorch_and_passes_on_what_it_gets_at_inference():
    layer, Z = BatchNorm(3), off_kinks((4, 3))
    assert (layer.momentum, layer.eps) == (0.1, 1e-5) and layer.params == ("gamma", "beta")
    assert layer.gamma.tolist() == layer.running_var.tolist() == [[1.0] * 3]
    zero = [layer.beta, layer.running_mean, layer.dgamma, layer.dbeta]
    assert all(array.tolist() == [[0.0] * 3] for array in zero)
    np.testing.assert_allclose(layer.forward(Z, training=False), Z / math.sqrt(1 + 1e-5), rtol=1e-15)


def test_the_running_statistics_become_those_of_the_data():
    rng, layer = np.random.default_rng(0), BatchNorm(2, momentum=0.01)
    for _ in range(2000):
        layer.forward(rng.normal([3.0, -1.0], [2.0, 0.5], (8, 2)))
    np.testing.assert_allclose(layer.running_mean, [[3.0, -1.0]], rtol=0.1)
    np.testing.assert_allclose(layer.running_var, [[4.0, 0.25]], rtol=0.1)


# Backward


@pytest.mark.parametrize("shape", [(2, 3), (5, 3), (2, 5, 3)], ids=str)
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_backward_agrees_with_differences_for_the_input_and_every_parameter(shape, eps):
    Z = off_kinks(shape)
    layer = stacked([ready(eps=eps, seed=k) for k in range(shape[0])]) if len(shape) == 3 else ready(eps=eps)
    R = np.random.default_rng(9).standard_normal(shape)

    def value():  # training does not look at the running statistics
        return float((R * copy.deepcopy(layer).forward(Z)).sum())

    layer.forward(Z)
    dZ = layer.backward(R)
    numeric = slope(value, Z, h=1e-4)
    np.testing.assert_allclose(dZ, numeric, rtol=0, atol=1e-7 * (1 + np.abs(numeric).max()))
    assert normwise(layer.dgamma, slope(value, layer.gamma)) < 1e-9
    assert normwise(layer.dbeta, slope(value, layer.beta)) < 1e-9


def test_at_inference_the_layer_is_one_linear_map_for_every_column():
    layer, Z = ready(), off_kinks((4, 3))
    scale = layer.gamma / np.sqrt(layer.running_var + 1e-5)
    R = np.random.default_rng(9).standard_normal(Z.shape)

    def value():
        return float((R * layer.forward(Z, training=False)).sum())

    assert normwise(R * scale, slope(value, Z)) < 1e-9
    Z_hat = (Z - layer.running_mean) / np.sqrt(layer.running_var + 1e-5)
    assert normwise((R * Z_hat).sum(axis=0, keepdims=True), slope(value, layer.gamma)) < 1e-9
    assert normwise(R.sum(axis=0, keepdims=True), slope(value, layer.beta)) < 1e-9
    assert normwise(-(R * scale).sum(axis=0, keepdims=True), slope(value, layer.running_mean)) < 1e-9


@pytest.mark.parametrize("N", [2, 3, 16])
def test_the_checks_of_the_library_pass(N):
    layer = ready(momentum=0.9)
    errors = check_layer(layer, off_kinks((N, 3)))
    assert list(errors) == ["X", "gamma", "beta"] and max(errors["gamma"], errors["beta"]) < 1e-7
    assert errors["X"] < (1e-3 if N == 2 else 1e-7)  # two samples: ±1 whatever they are, so the gradient is nearly 0
    net = NeuralNetwork([3, 4, 4, 1], seed=0, activation=Tanh, batch_norm=True)
    assert max(check_network(net, off_kinks((N + 2, 3)), np.ones((N + 2, 1))).values()) < 1e-6


@pytest.mark.parametrize("constant", [0.0, 1.0, -7.5, 1e100])
def test_a_constant_column_becomes_beta_and_takes_part_in_no_gradient(constant):
    layer, Z = ready(), off_kinks((4, 3))
    Z[:, 1] = constant
    Y = layer.forward(Z)
    np.testing.assert_allclose(Y[:, 1], layer.beta[0, 1], atol=1e-12)
    dZ = layer.backward(off_kinks((4, 3), seed=1))
    assert np.isfinite(dZ).all() and abs(dZ[:, 1].sum()) < 1e-9 and abs(layer.dgamma[0, 1]) < 1e-9


def test_scale_and_shift_of_the_input_do_not_matter():
    Z, dY = off_kinks((6, 3)), off_kinks((6, 3), seed=1)
    plain, scaled = ready(eps=1e-300), ready(eps=1e-300)
    np.testing.assert_allclose(scaled.forward(1000 * Z - 5), plain.forward(Z), atol=1e-11)
    np.testing.assert_allclose(1000 * scaled.backward(dY), plain.backward(dY), atol=1e-11)


# Contract of a layer


def test_forward_without_training_disturbs_nothing_and_training_twice_moves_twice():
    layer, Z, dY = ready(), off_kinks((4, 3)), off_kinks((4, 3), seed=1)
    plain = copy.deepcopy(layer)
    layer.forward(Z)
    before = frozen(layer)
    layer.forward(9 * Z, training=False)
    layer.forward(Z[:1], training=False)  # one sample will do here
    assert frozen(layer) == before
    plain.forward(Z)
    np.testing.assert_array_equal(layer.backward(dY), plain.backward(dY))
    with pytest.raises(RuntimeError, match="^BatchNorm.backward needs a fresh forward"):
        layer.backward(dY)
    once = layer.running_mean.copy()
    layer.forward(Z)
    assert (layer.running_mean != once).all()


def test_nothing_that_is_handed_out_changes_later_and_no_input_does():
    layer, Z, dY = ready(), off_kinks((4, 3)), off_kinks((4, 3), seed=1)
    inputs, statistics = frozen([Z, dY]), [layer.running_mean, layer.running_var]
    handed_out = [layer.forward(Z), layer.forward(Z, training=False), layer.backward(dY), *statistics]
    before = frozen(handed_out)
    layer.update(0.5)
    layer.forward(-Z)
    layer.backward(-dY)
    assert frozen(handed_out) == before and frozen([Z, dY]) == inputs


def test_a_leading_axis_gives_what_separate_layers_give():
    layers, Z, dY = [ready(seed=k) for k in range(3)], off_kinks((3, 4, 3)), off_kinks((3, 4, 3), seed=1)
    together = stacked(layers)
    with pytest.raises(ValueError, match=r"^Z must have shape \(N, 3\), got \(3, 4, 2\)"):
        together.forward(Z[..., :2])
    inference = together.forward(Z, training=False)
    Y, dZ = together.forward(Z), together.backward(dY)
    for k, layer in enumerate(layers):
        np.testing.assert_allclose(inference[k], layer.forward(Z[k], training=False), rtol=1e-13)
        np.testing.assert_allclose(Y[k], layer.forward(Z[k]), rtol=1e-13)
        np.testing.assert_allclose(dZ[k], layer.backward(dY[k]), rtol=1e-12, atol=1e-14)
        for name in ("running_mean", "running_var", "dgamma", "dbeta"):
            np.testing.assert_allclose(getattr(together, name)[k], getattr(layer, name), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_everywhere(dtype):
    layer, Z = BatchNorm(3, dtype=dtype), off_kinks((4, 3)).astype(dtype)
    out = [layer.forward(Z), layer.backward(Z), layer.forward(Z, training=False)]
    out += [getattr(layer, name) for name in ("gamma", "beta", "dgamma", "dbeta", "running_mean", "running_var")]
    assert {array.dtype for array in out} == {np.dtype(dtype)}


def test_a_layer_of_the_default_dtype_fits_into_a_network_in_single_precision(tmp_path):
    layers = [LinearLayer(3, 4, 0, dtype="f4"), BatchNorm(4), Tanh(), LinearLayer(4, 1, 1, dtype="f4")]
    net, X = NeuralNetwork.from_layers(layers), off_kinks((6, 3))
    assert net.predict_proba(X).dtype == np.float32
    net.train(X, np.ones((6, 1)), n_epochs=1, verbose=False)
    statistics = layers[1].running_mean, layers[1].running_var
    assert {array.dtype for array in (net.theta, net.predict_proba(X), net.forward(X), *statistics)} == {
        np.dtype(np.float32)
    }
    net.save(tmp_path / "net.npz")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_is_independent_and_goes_on_alike(duplicate):
    layer, Z = ready(), off_kinks((4, 3))
    layer.forward(Z)
    twin = duplicate(layer)
    assert frozen(twin) == frozen(layer)
    layer.backward(Z)
    twin.backward(Z)
    layer.forward(2 * Z)
    assert frozen(twin) != frozen(layer)
    twin.forward(2 * Z)
    assert frozen(twin) == frozen(layer)


# Refusals


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BatchNorm(0), ValueError, "d must be a positive integer, got 0"),
        (lambda: BatchNorm(2.0), TypeError, "d must be a positive integer, got 2.0"),
        (lambda: BatchNorm(2, 0.0), ValueError, "momentum must be a finite number > 0 and < 1, got 0.0"),
        (lambda: BatchNorm(2, momentum=1.0), ValueError, "momentum must be a finite number > 0 and < 1, got 1.0"),
        (lambda: BatchNorm(2, momentum="0.1"), TypeError, "momentum must be a finite number > 0 and < 1, got '0.1'"),
        (lambda: BatchNorm(2, eps=0.0), ValueError, "eps must be a finite number > 0, got 0.0"),
        (lambda: BatchNorm(2, eps=math.nan), ValueError, "eps must be a finite number > 0, got nan"),
        (lambda: BatchNorm(2, dtype=int), TypeError, "dtype must be float32 or float64, got <class 'int'>"),
    ],
)
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("Z", "error", "message"),
    [
        (np.ones(3), ValueError, "Z must have shape (N, 3), got (3,)"),
        (np.ones((4, 2)), ValueError, "Z must have shape (N, 3), got (4, 2)"),
        (np.ones((4, 1)), ValueError, "Z must have shape (N, 3), got (4, 1)"),
        ([["a"] * 3], TypeError, "Z must hold real numbers, got list of dtype <U1"),
    ],
    ids=["vector", "two columns", "one column", "strings"],
)
def test_a_batch_that_does_not_fit_is_refused_as_it_was(Z, error, message, training):
    layer = ready()
    layer.forward(off_kinks((4, 3)))
    before = frozen(layer)
    with pytest.raises(error) as caught:
        layer.forward(Z, training=training)
    assert str(caught.value) == message and frozen(layer) == before


@pytest.mark.parametrize("N", [0, 1])
def test_a_training_batch_without_a_variance_is_refused_as_it_was(N):
    layer = ready()
    before = frozen(layer)
    with pytest.raises(ValueError) as caught:
        layer.forward(np.ones((N, 3)))
    assert str(caught.value) == (
        f"BatchNorm needs at least 2 samples in a training batch, got {N}: choose another batch_size"
    )
    assert frozen(layer) == before


def test_a_gradient_of_another_shape_is_refused_and_what_forward_kept_stays():
    layer, Z = ready(), off_kinks((4, 3))
    layer.forward(Z)
    with pytest.raises(ValueError, match=re.escape("dY must have shape (4, 3), got (1, 3)")):
        layer.backward(Z[:1])
    layer.backward(Z)


# In a network


def test_a_last_batch_of_one_sample_leaves_everything_as_after_the_last_whole_epoch(problem):
    net, optimizer = NeuralNetwork([3, 4, 1], seed=0, batch_norm=True, dropout=0.2), SGD(0.1)
    net.train(*problem, n_epochs=2, batch_size=5, verbose=False, optimizer=optimizer)
    before = lasting(net, optimizer)
    with pytest.raises(ValueError, match="needs at least 2 samples in a training batch, got 1"):
        net.train(*problem, n_epochs=2, batch_size=4, verbose=False, optimizer=optimizer)  # 13 = 3 · 4 + 1
    assert lasting(net, optimizer) == before


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e19), (np.float64, 1e154)])
def test_a_variance_that_overflows_is_a_divergence_and_never_a_column_of_zeros(dtype, size):
    rng = np.random.default_rng(0)
    X = size * rng.choice([-1.0, 1.0], (6, 2))
    net = NeuralNetwork([2, 8, 1], seed=0, output=IdentitySquaredError, dtype=dtype, batch_norm=True)
    before = lasting(net)
    with pytest.raises(TrainingDiverged, match="the loss became nan in epoch 0, batch 0"):
        net.train(X, np.ones((6, 1)), n_epochs=1, verbose=False)
    with pytest.raises(OverflowError, match="the predictions overflowed"):
        net.forward(X)
    assert lasting(net) == before
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert np.isnan(net.layers[1].forward(dtype(size) * np.array([[10], [-10]], dtype) * np.ones(8, dtype))).all()


def test_batch_normalization_trains_where_the_features_have_any_size(problem):
    X, y = problem
    net = NeuralNetwork([3, 8, 1], seed=0, batch_norm=True)
    net.train(1000 * X + 500, y, lr=0.5, n_epochs=100, verbose=False)
    assert net.loss_history[-1] < 0.3 * net.loss_history[0]
