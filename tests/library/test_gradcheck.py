import copy

import numpy as np
import pytest
from conftest import frozen, normwise, off_kinks, slope, stacked_linear
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
    central_difference,
    check_layer,
    check_network,
    he,
    mse_grad,
    mse_loss,
    numerical_gradient,
    one_hot,
    relative_error,
    xavier,
)

OUTPUTS = [SigmoidCrossEntropy, SoftmaxCrossEntropy, IdentitySquaredError]


def far_from_kinks(net, X):
    """Whether every number that enters a ReLU is at least 0.02 away from 0."""
    A, distance = X, np.inf
    for layer in net.layers:
        if isinstance(layer, ReLU):
            distance = min(distance, np.abs(A).min())
        A = layer.forward(A, training=False)
    return distance > 0.02


def network_and_data(activation, output, dims=(3, 5, 4, 2), N=6):
    """A network with data that stays off the kinks; shifts are not zero, so that they matter."""
    for seed in range(200):
        net = NeuralNetwork(list(dims), seed=seed, activation=activation, output=output)
        for layer in net.layers[::2]:
            layer.b = 0.3 * off_kinks(layer.b.shape, seed)
        X = off_kinks((N, dims[0]), seed)
        if far_from_kinks(net, X):
            break
    assert far_from_kinks(net, X)
    rng = np.random.default_rng(1)
    if output is SoftmaxCrossEntropy:
        return net, X, one_hot(rng.integers(0, dims[-1], N), dims[-1])
    if output is SigmoidCrossEntropy:
        return net, X, rng.integers(0, 2, (N, dims[-1])).astype(float)
    return net, X, rng.standard_normal((N, dims[-1]))


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("activation", [ReLU, Sigmoid, Tanh], ids=lambda c: c.__name__)
def test_the_gradient_of_a_network_agrees_with_differences_for_all_of_theta_and_the_input(activation, output):
    net, X, Y = network_and_data(activation, output)
    dX = net.backward(net.forward(X), Y)
    assert normwise(net.grad, slope(lambda: net.loss(X, Y), net.theta)) < 1e-7
    assert normwise(dX, slope(lambda: net.loss(X, Y), X)) < 1e-7
    for layer in net.layers[::2]:  # each block on its own, so that a large one hides no small one
        for name in layer.params:
            assert normwise(getattr(layer, "d" + name), slope(lambda: net.loss(X, Y), getattr(layer, name))) < 1e-7
    errors = check_network(net, X, Y)
    assert set(errors) == {"theta", "X"} and max(errors.values()) < 1e-7


@pytest.mark.parametrize("N", [1, 2, 64])
def test_the_gradient_is_right_for_every_batch_length(N):
    net, X, Y = network_and_data(Tanh, SigmoidCrossEntropy, (2, 3, 1), N)
    assert max(check_network(net, X, Y).values()) < 1e-7


def test_a_deep_network_passes_too():
    net, X, Y = network_and_data(Tanh, SoftmaxCrossEntropy, (2, 3, 3, 3, 3, 3, 3, 3, 3, 3), 4)
    assert max(check_network(net, X, Y).values()) < 1e-7


@pytest.mark.parametrize(
    "layer",
    [
        LinearLayer(3, 2, seed=1),
        ReLU(),
        Sigmoid(),
        Tanh(),
        stacked_linear([LinearLayer(3, 2, seed=k) for k in range(4)]),
    ],
    ids=["LinearLayer", "ReLU", "Sigmoid", "Tanh", "stacked"],
)
def test_check_layer_reports_the_input_and_every_parameter_below_1e_7(layer):
    X = off_kinks((4, 5, 3))
    if layer.params and layer.W.ndim == 2:
        X = X[0]
    errors = check_layer(layer, X)
    assert list(errors) == ["X", *layer.params] and all(0 <= error < 1e-7 for error in errors.values())


# The checks find what is wrong


class Halved(LinearLayer):
    def backward(self, dZ):
        dX = super().backward(dZ)
        self.dW /= 2
        return dX


class NoShift(LinearLayer):
    def backward(self, dZ):
        dX = super().backward(dZ)
        self.db = np.zeros_like(self.db)
        return dX


class WrongWay(LinearLayer):
    def backward(self, dZ):
        return -super().backward(dZ)


class DividesByBatch(LinearLayer):
    """The published bug."""

    def backward(self, dZ):
        dX = super().backward(dZ)
        self.dW /= len(dZ)
        self.db /= len(dZ)
        return dX


@pytest.mark.parametrize(
    ("make", "broken"), [(Halved, {"W"}), (NoShift, {"b"}), (WrongWay, {"X"}), (DividesByBatch, {"W", "b"})]
)
def test_check_layer_says_which_gradient_is_wrong(make, broken):
    errors = check_layer(make(3, 2, seed=1), off_kinks((5, 3)))
    assert {name for name, error in errors.items() if error > 1e-3} == broken
    assert all(error < 1e-7 for name, error in errors.items() if name not in broken)


@pytest.mark.parametrize(("make", "broken"), [(Halved, "theta"), (DividesByBatch, "theta"), (WrongWay, "X")])
def test_check_network_finds_the_published_bug_and_others(make, broken):
    net, X, Y = network_and_data(Tanh, SigmoidCrossEntropy, (3, 4, 1))
    net.layers[0].__class__ = make
    assert check_network(net, X, Y)[broken] > 1e-3


def test_a_backward_pass_that_looks_at_only_some_outputs_does_not_get_through():
    class FirstColumn(Tanh):
        def backward(self, dA):
            return super().backward(dA) * (np.arange(dA.shape[-1]) == 0)

    assert check_layer(FirstColumn(), off_kinks((4, 3)))["X"] > 1e-3


def test_checks_leave_layer_network_and_data_as_they_were():
    net, X, Y = network_and_data(Tanh, SigmoidCrossEntropy)
    net.forward(X)
    net.layers[0].forward(X)
    before = frozen([net, X, Y])
    check_network(net, X, Y)
    check_layer(net.layers[0], X)
    numerical_gradient(net.layers[0], X, np.ones((6, 5)), mse_loss)
    assert frozen([net, X, Y]) == before


class Gated(Layer):
    """Twice its input in training, the input itself otherwise."""

    def forward(self, X, training=True):
        if training:
            self.cache(X)
        return (1 + training) * X

    def backward(self, dY):
        self.cached()
        return 2 * dY


def test_a_layer_that_changes_its_input_is_stopped_where_it_does():
    class Doubling(Layer):
        def forward(self, X, training=True):
            X *= 2
            return X

        def backward(self, dY):
            return 2 * dY

    X = np.ones((3, 2))
    with pytest.raises(ValueError, match="read-only") as caught:
        check_layer(Doubling(), X)
    assert str(caught.traceback[-1].statement).strip() == "X *= 2" and X.tolist() == np.ones((3, 2)).tolist()


def test_check_layer_looks_at_the_forward_pass_of_training():
    assert check_layer(Gated(), off_kinks((4, 3)))["X"] < 1e-7


def test_check_layer_weighs_the_outputs_by_the_seed_and_zero_unless_told_otherwise():
    layer, X = Tanh(), off_kinks((4, 3))
    assert check_layer(layer, X) == check_layer(layer, X, seed=0) != check_layer(layer, X, seed=1)


def test_a_single_precision_batch_is_checked_in_double_precision():
    net, X, Y = network_and_data(Tanh, SigmoidCrossEntropy)
    X = X.astype(np.float32)
    assert max(check_layer(Tanh(), X).values()) < 1e-7
    assert max(check_network(net, X, Y).values()) < 1e-7


@pytest.mark.parametrize("check", [check_layer, lambda net, X: check_network(net, X, [[0.0, 1.0]])])
def test_a_batch_that_is_not_finite_is_refused_by_name(check):
    net = NeuralNetwork([2, 3, 2], seed=0)
    layer_or_net = net.layers[0] if check is check_layer else net
    with pytest.raises(ValueError, match=r"^X must be finite in float64, got nan at index \(0, 1\)$"):
        check(layer_or_net, [[1.0, np.nan]])


def test_a_large_step_shows_in_the_errors():
    net, X, Y = network_and_data(Tanh, SigmoidCrossEntropy)
    for check in (lambda **step: check_layer(Tanh(), X, **step), lambda **step: check_network(net, X, Y, **step)):
        with pytest.warns(RuntimeWarning, match="cannot see"):
            assert min(check(epsilon=0.5).values()) > 1e-3 > 1e-7 > max(check().values())


# numerical_gradient


def test_the_published_gradient_check_passes_without_a_correction_factor():
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    layer = LinearLayer(3, 2, seed=1)
    layer.backward(mse_grad(layer.forward(X), y))
    numeric = numerical_gradient(layer, X, y, mse_loss)
    assert numeric.shape == (3, 2)
    assert np.abs(layer.dW - numeric).max() / (np.abs(layer.dW).max() + 1e-8) < 1e-9
    # by hand: d/dW_ij of mean((XW + b - y)²) over 10 entries
    residual = np.einsum("ni,ij->nj", X, layer.W) - y
    np.testing.assert_allclose(numeric, np.einsum("ni,nj->ij", X, residual) / 5, rtol=1e-8)


def test_the_step_of_numerical_gradient_is_1e_5_unless_told_otherwise():
    layer, X, y = LinearLayer(3, 2, seed=1), off_kinks((4, 3)), np.zeros((4, 2))

    def cubic(y_pred, y_true):
        return float(np.sum((y_pred - y_true) ** 3))

    # as for a cubic of one number: off by epsilon squared times the sum of x cubed over the batch
    exact = X.T @ (3 * layer.forward(X) ** 2)
    bias = np.tile((X**3).sum(axis=0)[:, None], 2)
    np.testing.assert_allclose(numerical_gradient(layer, X, y, cubic), exact, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient(layer, X, y, cubic, epsilon=0.5), exact + 0.25 * bias, rtol=1e-9)


def test_numerical_gradient_restores_the_weights_and_leaves_backward_ready():
    layer, X, y = LinearLayer(3, 2, seed=1), off_kinks((4, 3)), np.zeros((4, 2))
    P = layer.forward(X)
    before = frozen(layer)
    numerical_gradient(layer, 2 * X, y, mse_loss)
    assert frozen(layer) == before
    layer.backward(mse_grad(P, y))


# central_difference and relative_error


@given(st.integers(0, 99))
def test_central_differences_are_exact_for_quadratics(seed):
    rng = np.random.default_rng(seed)
    A, x = rng.standard_normal((3, 3)), rng.standard_normal(3)
    np.testing.assert_allclose(central_difference(lambda: float(x @ A @ x), x), (A + A.T) @ x, rtol=1e-6, atol=1e-8)


def test_central_differences_of_a_cubic_are_off_by_epsilon_squared():
    x = np.array([[2.0]])
    # ((x + e)³ - (x - e)³) / 2e = 3x² + e²
    assert np.isclose(central_difference(lambda: float(x[0, 0] ** 3), x, epsilon=0.5)[0, 0], 12.25)
    assert x.tolist() == [[2.0]]


def test_the_step_is_1e_5_unless_told_otherwise():
    x, seen = np.array([1.0]), []
    central_difference(lambda: seen.append(float(x[0])) or 0.0, x)
    np.testing.assert_allclose(np.sort(seen), [1 - 1e-5, 1 + 1e-5], rtol=1e-12)


def test_central_differences_put_the_entry_back_also_when_the_function_raises():
    x = np.array([1.0, 2.0])

    def fails_at_the_second():
        if x[1] != 2.0:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        central_difference(fails_at_the_second, x)
    assert x.tolist() == [1.0, 2.0]


def test_central_differences_reach_through_views_of_theta():
    net = NeuralNetwork([2, 1], seed=0)
    W = net.layers[0].W
    gradient = central_difference(lambda: float((net.theta**2).sum()), W)
    np.testing.assert_allclose(gradient, 2 * W, rtol=1e-8)


@pytest.mark.parametrize(
    ("a", "n", "expected"),
    [
        ([3.0, 4.0], [3.0, 4.0], 0.0),
        ([0.0], [0.0], 0.0),
        ([1.0], [0.0], 1.0),
        ([3.0, 4.0], [-3.0, -4.0], 1.0),
        ([6.0, 8.0], [3.0, 4.0], 1 / 3),
        ([3.0, 0.0], [0.0, 4.0], 5 / 7),
    ],
)
def test_relative_error_is_the_distance_over_the_sum_of_the_lengths(a, n, expected):
    assert np.isclose(relative_error(np.array(a), np.array(n)), expected)


@given(st.floats(1e-3, 1e3), st.floats(1e-12, 1e12))
def test_relative_error_shows_a_factor_whatever_the_size(c, size):
    a = size * np.array([1.0, -2.0, 0.5])
    assert np.isclose(relative_error(c * a, a), abs(1 - c) / (1 + c), rtol=1e-9, atol=1e-12)


def test_relative_error_of_matrices_runs_over_all_entries():
    assert np.isclose(relative_error(np.array([[3.0, 0.0], [4.0, 0.0]]), np.zeros((2, 2))), 1.0)


class NotANumber(Layer):
    def forward(self, X, training=True):
        if training:
            self.cache(X)
        return 2 * X

    def backward(self, dY):
        self.cached()
        return dY * np.nan


def test_a_gradient_that_is_not_a_number_passes_no_check():
    assert check_layer(NotANumber(), np.ones((2, 3)))["X"] == np.inf
    assert relative_error(np.array([np.nan]), np.array([np.nan])) == np.inf


def test_a_relative_error_of_unequal_shapes_is_refused():
    with pytest.raises(ValueError, match=r"analytic must have shape \(3,\), got \(3, 1\)"):
        relative_error(np.ones((3, 1)), np.ones(3))


class Restless(Layer):
    """Scales by a number that every training forward changes."""

    state = ("scale",)

    def __init__(self):
        self.scale = [1.0]

    def forward(self, X, training=True):
        if training:
            self.scale[0] += 1
            self.cache(self.scale[0])
        return self.scale[0] * X

    def backward(self, dY):
        return self.cached() * dY


def test_every_forward_of_a_check_starts_from_the_same_state():
    layer, X = Restless(), off_kinks((4, 3))
    assert check_layer(layer, X)["X"] < 1e-9 and layer.scale == [1.0]
    net = NeuralNetwork.from_layers([Restless(), LinearLayer(3, 2, 0), Tanh(), Dropout(0.5, 1), LinearLayer(2, 1, 2)])
    before = frozen(net)
    assert max(check_network(net, X, np.ones((4, 1))).values()) < 1e-7 and frozen(net) == before


def test_a_network_is_checked_by_its_loss_in_training():
    """With the running statistics of the start, the loss at inference is another function."""
    net, X, Y = NeuralNetwork([3, 4, 1], seed=0, activation=Tanh, batch_norm=True), off_kinks((6, 3)), np.ones((6, 1))
    assert max(check_network(net, X, Y).values()) < 1e-6
    net.backward(net.forward(X), Y)
    assert normwise(net.grad, slope(lambda: net.loss(X, Y), net.theta)) > 0.1
    with pytest.warns(RuntimeWarning, match=r"is right: its error is .* or epsilon=1e-5$"):
        errors = check_network(net, X, Y, epsilon=1.0)
    assert min(errors.values()) > 1e-4


class Forgetful(BatchNorm):
    """Leaves out that mean and variance depend on the input."""

    def backward(self, dY):
        _, sigma = self._cache
        super().backward(dY)
        return self.gamma / sigma * dY


def test_the_check_finds_a_batch_norm_that_takes_its_statistics_for_constants():
    errors = check_layer(Forgetful(3), off_kinks((5, 3)))
    assert errors["X"] > 1e-2 and max(errors["gamma"], errors["beta"]) < 1e-7


def test_targets_of_a_check_are_refused_by_name():
    net, X = NeuralNetwork([2, 3, 1], seed=0), off_kinks((1, 2))
    with pytest.raises(ValueError, match=r"^y must be finite in float64, got nan at index \(0, 0\)$"):
        check_network(net, X, [[np.nan]])


# What a check cannot see, it says


def small_and_deep(activation=ReLU, init=lambda d_in, d_out, rng: 0.05 * rng.standard_normal((d_in, d_out)), kind=None):
    """A network in which a step of 1e-5 is larger than the signals, after a public report."""
    dims = [15, 20, 10, 10, 10, 10, 10, 30, 10]
    net = NeuralNetwork(dims, seed=0, activation=activation, init=init, output=SoftmaxCrossEntropy)
    if kind:
        net.layers[-1] = kind(30, 10, seed=8)
        net = NeuralNetwork.from_layers(copy.deepcopy(net.layers), output=SoftmaxCrossEntropy)
    rng = np.random.default_rng(0)
    return net, rng.standard_normal((8, 15)), one_hot(rng.integers(0, 10, 8), 10)


def test_a_right_gradient_among_kinks_is_not_called_wrong_without_a_word():
    with pytest.warns(RuntimeWarning) as said:
        errors = check_network(*small_and_deep())
    assert errors["theta"] > 0.01 and errors["X"] > 1e-3
    start = "central differences cannot see whether the gradient of"
    for name, warning in zip(("theta", "X"), said, strict=True):
        assert str(warning.message).startswith(f"{start} {name} is right: its error is")


def test_the_warning_points_at_the_line_of_the_reader():
    with pytest.warns(RuntimeWarning) as said:
        check_network(*small_and_deep())
    assert {warning.filename for warning in said} == {__file__}


def test_the_advice_of_the_warning_makes_the_check_see():
    assert max(check_network(*small_and_deep(init=he)).values()) < 1e-7


@pytest.mark.parametrize("init", [he, xavier])
@pytest.mark.parametrize("kind", [Halved, DividesByBatch, WrongWay])
def test_a_wrong_gradient_that_can_be_seen_brings_no_warning(init, kind):
    assert max(check_network(*small_and_deep(init=init, kind=kind)).values()) > 1e-2


def test_a_layer_on_a_kink_and_a_layer_without_any_gradient_are_not_seen_either():
    for X, error, reason in ((np.zeros((4, 3)), 1, "they are as uncertain"), (-np.ones((4, 3)), 0, "all are 0")):
        with pytest.warns(RuntimeWarning) as said:
            assert check_layer(ReLU(), X)["X"] == pytest.approx(error)
        assert [str(warning.message) for warning in said] == [
            "central differences cannot see whether the gradient of X is right: "
            f"its error is {error}, but {reason}. "
            "Use larger weights, such as init=he, other samples, or epsilon=1e-5"
        ]


class Cube(Layer):
    def forward(self, X, training=True):
        if training:
            self.cache(X)
        return X**3

    def backward(self, dY):
        return 3 * self.cached() ** 2 * dY


def test_an_error_that_is_the_same_a_step_away_is_no_matter_of_doubt():
    """From -1/2, a step of 1 leads to 1/2: the slope is 3/4 at both, the difference 7/4."""
    assert check_layer(Cube(), [[-0.5]], epsilon=1.0)["X"] == pytest.approx(0.4)


def test_without_any_error_there_is_no_doubt():
    assert check_layer(Restless(), [[0.0]], epsilon=2**-10)["X"] == 0.0


@pytest.mark.parametrize(
    ("check", "name"),
    [(lambda x: central_difference(lambda: 0.0, x), "x"), (lambda x: relative_error(np.ones(2), x), "numeric")],
    ids=["central_difference", "relative_error"],
)
def test_a_masked_array_is_refused_by_name(check, name):
    with pytest.raises(TypeError) as caught:
        check(np.ma.ones(2))
    assert str(caught.value) == f"{name} must have a value everywhere, got a masked array; use {name}.filled(0)"


def test_a_gradient_that_rounding_drowns_is_not_seen():
    """That of X without any kink, and one that moves a loss of 1e6 by 1e-11 of a step."""
    with pytest.warns(RuntimeWarning, match="gradient of X is right.*as uncertain"):
        errors = check_network(
            *small_and_deep(Tanh, lambda d_in, d_out, rng: 0.03 * rng.standard_normal((d_in, d_out)))
        )
    assert errors["theta"] < 1e-7 and errors["X"] > 1e-3
    layer = LinearLayer(1, 1, seed=0)
    layer.W, layer.b = [[1e-11]], [[1e6]]
    with pytest.warns(RuntimeWarning, match="gradient of X is right.*all are 0"):
        assert check_layer(layer, [[1.0]])["X"] > 1e-3
