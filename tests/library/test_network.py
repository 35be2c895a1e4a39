import copy
import math
import pickle

import numpy as np
import pytest
from conftest import frozen, lasting, off_kinks, stacked_linear
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import (
    BatchNorm,
    Dropout,
    IdentitySquaredError,
    Layer,
    LinearLayer,
    NeuralNetwork,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    he,
    one_hot,
    xavier,
)
from scratchnet.training import ROWS

OUTPUTS = [SigmoidCrossEntropy, SoftmaxCrossEntropy, IdentitySquaredError]
every_output = pytest.mark.parametrize("output", OUTPUTS, ids=lambda c: c.__name__)
every_activation = pytest.mark.parametrize("activation", [ReLU, Sigmoid, Tanh], ids=lambda c: c.__name__)


def duplicate(net, how):
    return copy.deepcopy(net) if how == "deepcopy" else pickle.loads(pickle.dumps(net))


def assert_views(net):
    """theta is W1, b1, W2, b2 … in one contiguous vector, grad is dW1, db1 …, and the layers hold views of them."""
    for vector, prefix in ((net.theta, ""), (net.grad, "d")):
        assert vector.ndim == 1 and vector.flags["C_CONTIGUOUS"] and vector.dtype == net.dtype
        parts = [getattr(layer, prefix + name) for layer in net.layers for name in layer.params]
        assert vector.size == sum(part.size for part in parts)
        np.testing.assert_array_equal(vector, np.concatenate([part.ravel() for part in parts]))
        start = vector.__array_interface__["data"][0]
        for part in parts:
            assert part.__array_interface__["data"][0] == start and part.flags["C_CONTIGUOUS"]
            start += part.nbytes
    assert not np.shares_memory(net.theta, net.grad)


# Construction


def test_hidden_layers_are_linear_then_activation_and_the_last_is_linear():
    net = NeuralNetwork([2, 64, 32, 16, 1], seed=42)
    assert [type(layer) for layer in net.layers] == [LinearLayer, ReLU] * 3 + [LinearLayer]
    assert [layer.W.shape for layer in net.layers[::2]] == [(2, 64), (64, 32), (32, 16), (16, 1)]
    assert net.layer_dims == [2, 64, 32, 16, 1]
    assert net.theta.size == 2 * 64 + 64 + 64 * 32 + 32 + 32 * 16 + 16 + 16 + 1
    assert isinstance(net.output, SigmoidCrossEntropy) and net.dtype == np.float64
    assert net.history == net.loss_history == net.accuracy_history == []
    assert net.grad_norms.shape == net.update_ratios.shape == (0, 4)


@pytest.mark.parametrize("init", [xavier, he])
def test_the_i_th_linear_layer_is_drawn_from_seed_plus_i_whatever_stands_between(init):
    net = NeuralNetwork([3, 5, 4, 2], seed=10, init=init, activation=Tanh)
    for i, (d_in, d_out) in enumerate([(3, 5), (5, 4), (4, 2)]):
        layer = net.layers[2 * i]
        np.testing.assert_array_equal(layer.W, init(d_in, d_out, np.random.default_rng(10 + i)))
        assert not layer.b.any() and not layer.dW.any() and not layer.db.any()


def test_the_same_seed_gives_the_same_network_and_no_seed_a_new_one():
    assert frozen(NeuralNetwork([2, 3, 1], seed=4)) == frozen(NeuralNetwork([2, 3, 1], seed=4))
    thetas = [NeuralNetwork([2, 3, 1], seed=seed).theta.tolist() for seed in (4, 5, None, None)]
    assert all(a != b for i, a in enumerate(thetas) for b in thetas[:i])
    first, second = (NeuralNetwork([2, 3, 1]).rng.random() for _ in range(2))
    assert first != second


def test_without_hidden_layers_the_network_is_logistic_regression():
    net = NeuralNetwork([2, 1], seed=0)
    assert [type(layer) for layer in net.layers] == [LinearLayer]
    X = off_kinks((3, 2))
    for row, p in zip(X, net.predict_proba(X), strict=True):
        z = row[0] * net.layers[0].W[0, 0] + row[1] * net.layers[0].W[1, 0]
        assert math.isclose(p[0], 1 / (1 + math.exp(-z)))


@pytest.mark.parametrize("dims", [[2, 3, 1], (2, 3, 1), np.array([2, 3, 1]), [np.int64(2), np.int32(3), 1]], ids=repr)
def test_sizes_come_in_any_sequence_and_are_kept_as_a_list_of_ints(dims):
    net = NeuralNetwork(dims, seed=0)
    assert net.layer_dims == [2, 3, 1] and all(type(d) is int for d in net.layer_dims)
    assert net.layer_dims is not dims


def test_every_network_has_activations_of_its_own():
    net = NeuralNetwork([2, 3, 3, 1], seed=0)
    assert net.layers[1] is not net.layers[3]


# One vector for all parameters, one for all gradients


dims = st.lists(st.integers(1, 5), min_size=2, max_size=5)


@given(dims, st.sampled_from([np.float32, np.float64]), st.integers(0, 9))
def test_parameters_and_gradients_are_views_of_two_vectors(layer_dims, dtype, seed):
    net = NeuralNetwork(layer_dims, seed=seed, dtype=dtype)
    assert_views(net)
    assert net.theta.size == sum((a + 1) * b for a, b in zip(layer_dims, layer_dims[1:], strict=False))


def test_backward_and_update_and_training_keep_the_views(problem):
    X, y = problem
    net = NeuralNetwork([3, 4, 1], seed=0)
    theta, grad = net.theta, net.grad
    net.backward(net.forward(X), y)
    assert_views(net)
    assert grad.any()
    net.update(0.1)
    net.train(X, y, n_epochs=2, verbose=False)
    assert_views(net)
    assert net.theta is theta and net.grad is grad


def test_assignments_to_a_layer_and_to_theta_write_through(net):
    theta, W = net.theta, net.layers[0].W
    net.layers[0].W = np.full((3, 5), 0.25)
    assert net.theta is theta and theta[:15].tolist() == [0.25] * 15
    net.layers[2].b = np.full((1, 4), -1.0)
    assert theta[15 + 5 + 20 : 15 + 5 + 20 + 4].tolist() == [-1.0] * 4
    net.theta = np.arange(theta.size)
    assert net.theta is theta and net.layers[0].W is W and W.ravel().tolist() == list(range(15))
    net.theta *= 2
    assert W[0, 1] == 2 and net.theta is theta
    net.grad = np.ones(theta.size)
    assert net.layers[0].dW.tolist() == [[1.0] * 5] * 3
    assert_views(net)


def test_a_checkpoint_is_one_array(problem):
    X, y = problem
    net = NeuralNetwork([3, 4, 1], seed=0)
    checkpoint, before = net.theta.copy(), net.predict_proba(X)
    net.train(X, y, lr=0.5, n_epochs=3, verbose=False)
    assert not np.array_equal(net.predict_proba(X), before)
    net.theta = checkpoint
    np.testing.assert_array_equal(net.predict_proba(X), before)
    assert not np.shares_memory(net.theta, checkpoint)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_has_the_same_state_views_of_its_own_and_goes_on_alike(net, problem, how):
    X, y = problem
    twin = duplicate(net, how)
    assert frozen(twin) == frozen(net)
    assert_views(twin)
    assert_views(net)
    assert not np.shares_memory(twin.theta, net.theta) and not np.shares_memory(twin.grad, net.grad)
    net.train(X, y, lr=0.1, n_epochs=2, batch_size=4, verbose=False)
    assert frozen(twin) != frozen(net)
    twin.train(X, y, lr=0.1, n_epochs=2, batch_size=4, verbose=False)
    assert frozen(twin) == frozen(net)
    assert_views(twin)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_between_forward_and_backward_keeps_what_backward_needs(problem, how):
    X, y = problem
    net = NeuralNetwork([3, 4, 1], seed=0)
    P = net.forward(X)
    twin = duplicate(net, how)
    net.backward(P, y)
    twin.backward(P, y)
    assert frozen(twin) == frozen(net) and net.grad.any()


def test_a_shallow_copy_does_not_take_the_layers_away_from_the_original(net):
    copy.copy(net)
    assert_views(net)
    net.theta *= 0
    assert not net.layers[0].W.any()


# Forward and backward


@every_activation
@every_output
def test_forward_and_backward_are_the_formulas_written_out(activation, output):
    net = NeuralNetwork([3, 5, 4, 2], seed=1, activation=activation, output=output)
    X = off_kinks((6, 3))
    Y = {
        SigmoidCrossEntropy: (off_kinks((6, 2)) > 0).astype(float),
        IdentitySquaredError: off_kinks((6, 2), seed=1),
    }.get(output, one_hot(np.array([0, 1, 1, 0, 1, 0]), 2))
    f, df = {
        ReLU: (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
        Sigmoid: (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
        Tanh: (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    }[activation]
    last = {
        SigmoidCrossEntropy: lambda z: 1 / (1 + np.exp(-z)),
        SoftmaxCrossEntropy: lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        IdentitySquaredError: lambda z: z,
    }[output]
    (W1, b1), (W2, b2), (W3, b3) = ((layer.W, layer.b) for layer in net.layers[::2])
    Z1 = np.einsum("ni,ij->nj", X, W1) + b1
    A1 = f(Z1)
    Z2 = np.einsum("ni,ij->nj", A1, W2) + b2
    A2 = f(Z2)
    Z3 = np.einsum("ni,ij->nj", A2, W3) + b3
    P = net.forward(X)
    np.testing.assert_allclose(P, last(Z3), rtol=1e-12)
    dX = net.backward(P, Y)
    dZ3 = (last(Z3) - Y) / 6
    dZ2 = np.einsum("nj,ij->ni", dZ3, W3) * df(Z2)
    dZ1 = np.einsum("nj,ij->ni", dZ2, W2) * df(Z1)
    np.testing.assert_allclose(dX, np.einsum("nj,ij->ni", dZ1, W1), rtol=1e-10, atol=1e-14)
    for layer, A, dZ in zip(net.layers[::2], (X, A1, A2), (dZ1, dZ2, dZ3), strict=True):
        np.testing.assert_allclose(layer.dW, np.einsum("ni,nj->ij", A, dZ), rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(layer.db, np.einsum("nj->j", dZ)[None], rtol=1e-10, atol=1e-14)


@given(dims, st.integers(1, 7), st.sampled_from([np.float32, np.float64]), st.sampled_from(OUTPUTS))
def test_shapes_and_dtype_follow_the_sizes(layer_dims, N, dtype, output):
    net = NeuralNetwork(layer_dims, seed=0, dtype=dtype, output=output)
    X = np.ones((N, layer_dims[0]))
    P = net.forward(X)
    Y = np.eye(layer_dims[-1])[[0] * N]
    dX = net.backward(P, Y)
    assert P.shape == (N, layer_dims[-1]) and dX.shape == X.shape
    assert P.dtype == dX.dtype == net.theta.dtype == net.grad.dtype == net.predict_proba(X).dtype == dtype
    assert type(net.loss(X, Y)) is float and type(net.accuracy(X, Y)) is float


def test_float32_is_kept_from_the_input_to_every_cache(problem):
    X, y = problem
    net = NeuralNetwork([3, 4, 1], seed=0, dtype=np.float32)
    double = NeuralNetwork([3, 4, 1], seed=0)
    net.train(X, y, lr=0.1, n_epochs=2, batch_size=5, verbose=False)
    double.train(X, y, lr=0.1, n_epochs=2, batch_size=5, verbose=False)
    net.forward(X)
    arrays = [net.theta, net.grad, *[a for layer in net.layers for a in layer._cache]]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    np.testing.assert_allclose(net.theta, double.theta, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(net.loss_history, double.loss_history, rtol=1e-5)


@every_output
def test_a_duplicated_batch_leaves_loss_and_gradient_unchanged(output):
    net = NeuralNetwork([3, 5, 2], seed=1, output=output)
    X, Y = off_kinks((6, 3)), one_hot(np.array([0, 1, 1, 0, 1, 0]), 2)
    net.backward(net.forward(X), Y)
    once, loss = net.grad.copy(), net.loss(X, Y)
    XX, YY = np.concatenate([X, X, X]), np.concatenate([Y, Y, Y])
    net.backward(net.forward(XX), YY)
    np.testing.assert_allclose(net.grad, once, rtol=1e-12, atol=1e-16)
    assert math.isclose(net.loss(XX, YY), loss, rel_tol=1e-13)


def test_the_order_of_the_samples_does_not_matter(problem):
    X, y = problem
    net = NeuralNetwork([3, 5, 1], seed=1)
    net.backward(net.forward(X), y)
    gradient = net.grad.copy()
    net.backward(net.forward(X[::-1]), y[::-1])
    np.testing.assert_allclose(net.grad, gradient, rtol=1e-10, atol=1e-16)


def test_update_is_one_step_of_gradient_descent_on_every_parameter(problem):
    X, y = problem
    net = NeuralNetwork([3, 5, 1], seed=1)
    net.backward(net.forward(X), y)
    expected = net.theta - 0.3 * net.grad
    assert net.update(0.3) is None
    np.testing.assert_allclose(net.theta, expected, rtol=1e-15)


def test_integers_lists_and_booleans_are_taken_as_numbers():
    net = NeuralNetwork([2, 3, 1], seed=0)
    X, y = [[1, 2], [3, 4]], [[True], [False]]
    P = net.forward(X)
    np.testing.assert_array_equal(P, net.predict_proba(np.array([[1.0, 2.0], [3.0, 4.0]])))
    net.backward(P, y)
    assert net.loss(X, y) == net.loss(np.array(X, float), np.array(y, float))


def test_the_gradient_is_that_of_the_data_at_the_time_of_forward(problem):
    X, y = problem
    net, other = NeuralNetwork([3, 5, 1], seed=1), NeuralNetwork([3, 5, 1], seed=1)
    other.backward(other.forward(X), y)
    mine = X.copy()
    P = net.forward(mine)
    mine[...] = 7
    net.backward(P, y)
    assert frozen(net.grad) == frozen(other.grad)


# What looking at a network must not do


LOOKS = {
    "forward without training": lambda net, X, y: net.forward(X, training=False),
    "predict": lambda net, X, y: net.predict(X),
    "predict_proba": lambda net, X, y: net.predict_proba(X),
    "accuracy": lambda net, X, y: net.accuracy(X, y),
    "loss": lambda net, X, y: net.loss(X, y),
}


@every_output
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_looking_between_forward_and_backward_changes_nothing(output, look):
    X, Y = off_kinks((6, 3)), one_hot(np.array([0, 1, 1, 0, 1, 0]), 2)
    net, plain = (NeuralNetwork([3, 5, 2], seed=1, output=output) for _ in range(2))
    plain.backward(plain.forward(X), Y)
    P = net.forward(X)
    before = frozen(net)
    look(net, 3 - X[:4], Y[:4])
    assert frozen(net) == before
    net.backward(P, Y)
    assert frozen(net) == frozen(plain)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_looking_is_no_forward_pass_that_backward_could_use(look, problem):
    X, y = problem
    net = NeuralNetwork([3, 5, 1], seed=1)
    look(net, X, y)
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(net.predict_proba(X), y)


def test_backward_works_once_for_each_forward(problem):
    X, y = problem
    net = NeuralNetwork([3, 5, 1], seed=1)
    P = net.forward(X)
    net.backward(P, y)
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(P, y)
    net.forward(X)
    net.train(X, y, n_epochs=1, verbose=False)
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(P, y)


def test_a_forward_pass_that_broke_off_is_not_fresh(problem):
    X, y = problem
    net = NeuralNetwork([3, 5, 1], seed=1)
    P = net.forward(X)

    def interrupted(X, training=True):
        raise KeyboardInterrupt

    net.layers[2].forward = interrupted
    with pytest.raises(KeyboardInterrupt):
        net.forward(2 * X)
    del net.layers[2].forward
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(P, y)


def test_a_backward_pass_that_broke_off_needs_a_new_forward(problem):
    X, y = problem
    net = NeuralNetwork([3, 5, 1], seed=1)
    P = net.forward(X)

    def interrupted(dY):
        raise KeyboardInterrupt

    net.layers[2].backward = interrupted
    with pytest.raises(KeyboardInterrupt):
        net.backward(P, y)
    del net.layers[2].backward
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(P, y)


def test_no_array_handed_out_changes_later_and_no_argument_does(problem):
    X, y = problem
    given_in = frozen([X, y])
    net = NeuralNetwork([3, 5, 1], seed=1)
    net.train(X, y, lr=0.3, n_epochs=2, batch_size=5, verbose=False, validation=(X, y))
    P = net.forward(X)
    handed_out = [
        P,
        net.backward(P, y),
        net.predict_proba(X),
        net.predict(X),
        net.grad_norms,
        net.update_ratios,
        net.loss_history,
        net.accuracy_history,
        net.validation_loss_history,
        net.validation_accuracy_history,
        net.history[0],
    ]
    before = frozen(handed_out)
    net.train(X, y, lr=0.3, n_epochs=2, batch_size=5, verbose=False)
    net.backward(net.forward(1 - X), y)
    net.update(1.0)
    assert frozen(handed_out) == before and frozen([X, y]) == given_in


def test_writing_into_what_was_handed_out_does_not_reach_the_network(net, problem):
    X, y = problem
    P = net.forward(X, training=False)
    before = frozen(net)
    for array in (P, net.predict_proba(X), net.predict(X), net.grad_norms, net.update_ratios):
        array[...] = 7
    for values in (net.loss_history, net.accuracy_history):
        values.append(7.0)
    assert frozen(net) == before


# Prediction


def test_labels_are_one_where_the_probability_reaches_one_half():
    net = NeuralNetwork([1, 1], seed=0)
    net.layers[0].W = [[1.0]]
    X = np.array([[-2.0], [-1e-9], [0.0], [1e-9], [2.0]])
    assert net.predict(X).tolist() == [[0], [0], [1], [1], [1]]
    assert net.accuracy(X, [[0], [1], [1], [1], [0]]) == 3 / 5
    assert math.isclose(net.loss(X[:1], [[0]]), math.log1p(math.exp(-2)))
    assert math.isclose(net.loss(X[[0, 4]], [[1], [1]]), (math.log1p(math.exp(2)) + math.log1p(math.exp(-2))) / 2)


def test_softmax_predicts_classes_and_regression_values():
    X, labels = off_kinks((9, 2)), np.arange(9) % 3
    net = NeuralNetwork([2, 4, 3], seed=0, output=SoftmaxCrossEntropy)
    P = net.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert net.predict(X).tolist() == [max(range(3), key=lambda k: row[k]) for row in P]
    assert net.accuracy(X, one_hot(labels, 3)) == sum(net.predict(X) == labels) / 9
    net = NeuralNetwork([2, 4, 3], seed=0, output=IdentitySquaredError)
    np.testing.assert_array_equal(net.predict(X), net.predict_proba(X))
    assert math.isnan(net.accuracy(X, off_kinks((9, 3))))


@every_output
def test_the_loss_is_that_of_the_pair_on_the_logits(output):
    X, Y = off_kinks((6, 3)), one_hot(np.array([0, 1, 1, 0, 1, 0]), 2)
    net = NeuralNetwork([3, 5, 2], seed=1, output=output)
    Z = np.maximum(X @ net.layers[0].W, 0) @ net.layers[2].W
    assert math.isclose(net.loss(X, Y), output().loss(Z, Y), rel_tol=1e-13)


def test_sure_and_wrong_predictions_have_an_honest_loss_and_no_warning():
    net = NeuralNetwork([1, 1], seed=0)
    net.layers[0].W = [[1e4]]
    assert net.loss([[1.0], [-1.0]], [[0], [1]]) == 1e4
    assert net.predict_proba([[1.0], [-1.0]]).tolist() == [[1.0], [0.0]]


# Many networks at once


@every_activation
@every_output
def test_networks_stacked_along_a_leading_axis_run_as_each_of_them_does(activation, output):
    K, N = 3, 6
    nets = [NeuralNetwork([3, 5, 2], seed=10 * k, activation=activation, output=output) for k in range(K)]
    X = np.stack([off_kinks((N, 3), seed=k) for k in range(K)])
    Y = np.stack([one_hot(np.random.default_rng(k).integers(0, 2, N), 2) for k in range(K)])
    layers = [
        stacked_linear([net.layers[0] for net in nets]),
        activation(),
        stacked_linear([n.layers[2] for n in nets]),
    ]
    pair, A = output(), X
    for layer in layers:
        A = layer.forward(A)
    P = pair.forward(A)
    dZ = pair.backward(P, Y)
    for layer in reversed(layers):
        dZ = layer.backward(dZ)
    for k, net in enumerate(nets):
        np.testing.assert_allclose(P[k], net.forward(X[k]), rtol=1e-13)
        np.testing.assert_allclose(pair.loss(A, Y)[k], net.loss(X[k], Y[k]), rtol=1e-13)
        np.testing.assert_allclose(dZ[k], net.backward(P[k], Y[k]), rtol=1e-11, atol=1e-15)
        for i in (0, 2):
            np.testing.assert_allclose(layers[i].dW[k], net.layers[i].dW, rtol=1e-11, atol=1e-15)
            np.testing.assert_allclose(layers[i].db[k], net.layers[i].db, rtol=1e-11, atol=1e-15)


def test_layer_dims_may_be_any_sequence_of_sizes():
    sizes = [range(2, 5), (2, 3, 4), np.array([2, 3, 4])]
    assert all(NeuralNetwork(dims, seed=0).layer_dims == [2, 3, 4] for dims in sizes)


def test_an_array_is_no_dtype():
    with pytest.raises(TypeError, match="dtype must be float32 or float64"):
        NeuralNetwork([2, 1], dtype=np.zeros(3))


# Networks of layers that exist


def tanh_layers(dtype=np.float64):
    return [LinearLayer(2, 5, 0, dtype=dtype), Tanh(), LinearLayer(5, 3, 1, dtype=dtype), ReLU(), LinearLayer(3, 1, 2)]


def test_a_network_of_given_layers_is_the_one_that_the_constructor_makes():
    dims = [3, 4, 2, 1]
    made = NeuralNetwork(dims, seed=5, init=he)
    layers = [
        LinearLayer(3, 4, 5, init=he),
        ReLU(),
        LinearLayer(4, 2, 6, init=he),
        ReLU(),
        LinearLayer(2, 1, 7, init=he),
    ]
    given = NeuralNetwork.from_layers(layers, seed=8)
    X, y = np.random.default_rng(0).standard_normal((9, 3)), np.arange(9).reshape(-1, 1) % 2
    for net in (made, given):
        net.train(X, y, lr=0.1, n_epochs=3, batch_size=4, verbose=False)
    assert frozen(made) == frozen(given) and given.layer_dims == dims


def test_given_layers_become_part_of_the_network():
    layers = tanh_layers()
    net = NeuralNetwork.from_layers(layers)
    assert all(mine is yours for mine, yours in zip(net.layers, layers, strict=True))
    layers[0].W[...] = 7
    assert (net.theta[:10] == 7).all()
    layers.pop()  # the list stays the caller's
    assert len(net.layers) == 5


def test_given_layers_in_single_precision_make_a_network_in_single_precision():
    layers = tanh_layers(np.float32)[:3]
    net = NeuralNetwork.from_layers(layers, output=SoftmaxCrossEntropy)
    assert net.dtype == net.theta.dtype == net.predict_proba([[1, 2]]).dtype == np.float32
    assert net.predict_proba([[1, 2]]).shape == (1, 3)


def test_a_seed_decides_how_a_network_of_given_layers_shuffles():
    draws = [NeuralNetwork.from_layers(tanh_layers(), seed=seed).rng.random() for seed in (3, 3, 4)]
    assert draws[0] == draws[1] == np.random.default_rng(3).random() != draws[2]


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        (ReLU(), TypeError, "layers must be a list of layers, such as"),
        ([LinearLayer(2, 1), ReLU], TypeError, "layers must be a list of layers, such as"),
        ([], ValueError, "at least one LinearLayer"),
        ([ReLU()], ValueError, "at least one LinearLayer"),
        ([LinearLayer(2, 2)] * 2, ValueError, "none of them twice"),
        ([LinearLayer(2, 3), ReLU(), LinearLayer(4, 1)], ValueError, r"X must have shape \(N, 4\), got \(1, 3\)"),
        ([LinearLayer(2, 3), LinearLayer(3, 1, dtype=np.float32)], ValueError, "one dtype, got .'float64', 'float32'."),
        (NeuralNetwork([2, 3, 1]).layers, ValueError, "must not belong to another network: pass copy.deepcopy"),
    ],
)
def test_layers_that_do_not_make_a_network_are_refused_as_they_were(layers, error, message):
    before = frozen(layers)
    with pytest.raises(error, match=message):
        NeuralNetwork.from_layers(layers)
    assert frozen(layers) == before


def test_refused_layers_still_make_another_network():
    first, second = LinearLayer(2, 3), LinearLayer(4, 1)
    with pytest.raises(ValueError, match="X must have shape"):
        NeuralNetwork.from_layers([first, second])
    assert NeuralNetwork.from_layers([first, Tanh(), LinearLayer(3, 1)]).layer_dims == [2, 3, 1]


@pytest.mark.parametrize("n", [ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 3])
def test_many_rows_are_evaluated_in_pieces_without_a_difference(n):
    net = NeuralNetwork([2, 3, 1], seed=0)
    X = np.random.default_rng(0).standard_normal((n, 2))
    rows, forward = [], net.layers[0].forward
    net.layers[0].forward = lambda X, training=True: rows.append(len(X)) or forward(X, training)
    whole = net.forward(X, training=True)
    np.testing.assert_allclose(net.predict_proba(X), whole, rtol=1e-12)
    assert rows[0] == n == sum(rows[1:]) and max(rows[1:]) <= ROWS


# Messages, defaults and precision


@pytest.mark.parametrize("kind", ["", "validation "])
def test_refused_data_is_called_by_its_name(kind):
    net = NeuralNetwork([2, 1], seed=0, output=IdentitySquaredError, dtype=np.float32)
    X, y = np.ones((3, 2)), np.ones((3, 1))
    limit = "must stay below 1.8e+19, whose square float32 can hold, got 1e+30: "
    messages = {
        kind + "X must have shape (N, 2), got (3, 1)": (y, y),
        kind + f"X {limit}scale the features, for instance with standardize": (1e30 * X, y),
        kind + f"y {limit}measure it in a larger unit": (X, 1e30 * y),
    }
    for message, bad in messages.items():
        calls = [lambda bad=bad: net.train(X, y, validation=bad, verbose=False)]
        if not kind:
            calls = [lambda bad=bad: net.train(*bad, verbose=False), lambda bad=bad: net.loss(*bad)]
            calls += [lambda bad=bad: net.forward(bad[0])] * message.startswith("X")
        for call in calls:
            with pytest.raises(ValueError) as caught:
                call()
            assert str(caught.value) == message


def test_single_precision_is_kept_whatever_backward_is_given():
    net = NeuralNetwork([2, 3, 1], seed=0, output=IdentitySquaredError, dtype=np.float32)
    X, y = off_kinks((4, 2)), off_kinks((4, 1))
    P = net.forward(X).astype(np.float64)
    assert net.backward(P, y).dtype == np.float32
    net.forward(X)
    with pytest.raises(ValueError, match="^y_true must stay below 1.8e"):
        net.backward(P, 1e30 * y)
    with pytest.raises(ValueError, match="^y_pred must be finite in float32"):
        net.backward(1e50 * P, y)


@pytest.mark.parametrize(
    ("option", "example"), [("activation", "Layer, such as ReLU"), ("output", "Output, such as SigmoidCrossEntropy")]
)
def test_a_refused_class_is_answered_with_an_example(option, example):
    with pytest.raises(TypeError) as caught:
        NeuralNetwork([2, 2, 1], **{option: "relu"})
    assert str(caught.value) == f"{option} must be a class derived from {example}, got 'relu'"


def test_given_layers_are_refused_with_the_whole_reason():
    for layers, message in (
        ([], "layers must hold at least one LinearLayer, and none of them twice"),
        (
            NeuralNetwork([2, 1]).layers,
            "layers must not belong to another network: pass copy.deepcopy(layer) instead",
        ),
    ):
        with pytest.raises(ValueError) as caught:
            NeuralNetwork.from_layers(layers)
        assert str(caught.value) == message
    with pytest.raises(TypeError, match="^seed must"):
        NeuralNetwork.from_layers([LinearLayer(2, 1)], seed="1")


def test_given_layers_keep_nothing_of_the_pass_that_tries_them():
    net = NeuralNetwork.from_layers([LinearLayer(2, 1, 0)])
    with pytest.raises(RuntimeError, match="^LinearLayer.backward needs a fresh forward"):
        net.layers[0].backward(np.ones((1, 1)))


def test_gradients_that_no_backward_has_set_are_zero():
    class Shift(Layer):
        params = ("shift",)

        def __init__(self):
            self.shift = np.ones((1, 3))

    net = NeuralNetwork([2, 3, 1], seed=0, activation=Shift)
    assert net.grad.tolist() == [0.0] * net.theta.size


def test_a_pickle_holds_every_number_once():
    net = NeuralNetwork([100, 100, 1], seed=0)
    assert len(pickle.dumps(net)) < 1.1 * (net.theta.nbytes + net.grad.nbytes)


def test_predictions_that_overflow_say_what_to_do():
    net = NeuralNetwork([1, 1], seed=0)
    net.theta = [1e300, 0.0]
    with pytest.raises(OverflowError) as caught:
        net.predict([[1e100]])
    assert str(caught.value) == (
        "the predictions overflowed: try a smaller learning rate, smaller initial weights, or standardized features"
    )
    assert net.predict_proba([[1e8]]).tolist() == [[1.0]]


def test_the_loss_and_backward_and_update_by_hand_do_not_warn_where_they_overflow():
    net = NeuralNetwork([2, 1], seed=0, output=IdentitySquaredError)
    net.theta = [1e300, -1e300, 0.0]
    X = [[1.0, 0.0]]
    assert net.loss(X, [[0.0]]) == np.inf
    P = net.forward(X)
    assert net.backward(P, [[0.0]]).tolist() == [[np.inf, -np.inf]]
    net.update(1e10)
    assert net.theta[0] == -np.inf


def test_given_layers_are_tried_in_their_own_precision():
    seen = []

    class Spy(ReLU):
        def forward(self, Z, training=True):
            seen.append((Z.dtype, training))
            return super().forward(Z, training)

    NeuralNetwork.from_layers([Spy(), LinearLayer(2, 1, dtype=np.float32)])
    assert seen == [(np.dtype(np.float32), False)]


# Batch normalization and dropout


def test_a_hidden_layer_is_linear_then_batch_norm_then_activation_then_dropout():
    net = NeuralNetwork([3, 5, 4, 2], seed=10, activation=Tanh, batch_norm=True, dropout=0.25, dtype=np.float32)
    assert [type(layer) for layer in net.layers] == [LinearLayer, BatchNorm, Tanh, Dropout] * 2 + [LinearLayer]
    assert [layer.gamma.shape for layer in net.layers[1::4]] == [(1, 5), (1, 4)]
    assert [layer.rate for layer in net.layers[3::4]] == [0.25] * 2
    assert all(array.dtype == np.float32 for array in (net.theta, net.layers[1].running_var, net.layers[5].gamma))
    assert net.theta.size == 3 * 5 + 3 * 5 + 5 * 4 + 3 * 4 + 4 * 2 + 2
    assert_views(net)
    for layer in (net.layers[1], net.layers[5]):
        assert (layer.gamma == 1).all() and not layer.beta.any()


@pytest.mark.parametrize(
    ("options", "between"),
    [({}, [ReLU]), ({"batch_norm": True}, [BatchNorm, ReLU]), ({"dropout": 0.5}, [ReLU, Dropout])],
    ids=str,
)
def test_without_hidden_layers_there_is_nothing_to_normalize_or_to_drop(options, between):
    assert [type(layer) for layer in NeuralNetwork([3, 1], **options).layers] == [LinearLayer]
    assert [type(layer) for layer in NeuralNetwork([3, 2, 1], **options).layers] == [LinearLayer, *between, LinearLayer]


def test_dropout_layers_are_drawn_from_the_seeds_after_that_of_the_shuffling():
    net, plain = NeuralNetwork([3, 5, 4, 2], seed=10, dropout=0.5), NeuralNetwork([3, 5, 4, 2], seed=10)
    assert frozen(net.theta) == frozen(plain.theta)  # drawn from 10, 11, 12
    assert frozen(net.rng) == frozen(plain.rng) == frozen(np.random.default_rng(13))
    assert [frozen(net.layers[i].rng) for i in (2, 5)] == [frozen(np.random.default_rng(seed)) for seed in (14, 15)]
    fresh = [NeuralNetwork([3, 5, 1], dropout=0.5).layers[2].rng.random() for _ in range(2)]
    assert fresh[0] != fresh[1]


def test_without_dropout_and_batch_norm_nothing_is_drawn_or_added():
    net = NeuralNetwork([3, 5, 2], seed=1, batch_norm=False, dropout=0)
    assert frozen(net) == frozen(NeuralNetwork([3, 5, 2], seed=1))


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_a_copy_with_batch_norm_and_dropout_goes_on_alike(problem, how):
    X, y = problem
    net = NeuralNetwork([3, 6, 1], seed=0, batch_norm=True, dropout=0.3)
    net.train(X, y, n_epochs=2, batch_size=5, verbose=False)
    twin = duplicate(net, how)
    for network in (net, twin):
        network.train(X, y, n_epochs=2, batch_size=5, verbose=False)
        assert_views(network)
    assert lasting(twin) == lasting(net)


def test_predictions_are_those_of_the_layers_at_inference_row_by_row(problem):
    X, y = problem
    net = NeuralNetwork([3, 6, 1], seed=0, batch_norm=True, dropout=0.3)
    net.train(X, y, n_epochs=5, batch_size=5, verbose=False)
    linear, norm, _, _, last = net.layers
    Z = (X @ linear.W + linear.b - norm.running_mean) / np.sqrt(norm.running_var + 1e-5) * norm.gamma + norm.beta
    P = 1 / (1 + np.exp(-(np.where(Z > 0, Z, 0) @ last.W + last.b)))
    np.testing.assert_allclose(net.predict_proba(X), P, rtol=1e-12)
    np.testing.assert_allclose(net.predict_proba(X[3:4]), P[3:4], rtol=1e-12)
    before = lasting(net)
    net.predict(X), net.accuracy(X, y), net.loss(X, y), net.forward(X, training=False)
    assert lasting(net) == before
    net.forward(X)
    assert lasting(net) != before
