import copy
import inspect
import pickle
import re
import textwrap
import tracemalloc

import numpy as np
import pytest
from conftest import frozen, normwise, off_kinks, slope, stacked_linear
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import (
    BatchNorm,
    Dropout,
    Layer,
    LinearLayer,
    NeuralNetwork,
    ReLU,
    Sigmoid,
    Tanh,
    check_layer,
    sigmoid,
    xavier,
    zeros,
)
from scratchnet.layers import FORMULAS, _row_of_ones, checked_backward, checked_forward, snapshot

ACTIVATIONS = [ReLU, Sigmoid, Tanh]
every_activation = pytest.mark.parametrize("make", ACTIVATIONS, ids=lambda c: c.__name__)
every_layer = pytest.mark.parametrize(
    "make", [lambda: LinearLayer(3, 3, seed=1), *ACTIVATIONS], ids=["LinearLayer", "ReLU", "Sigmoid", "Tanh"]
)
sizes = st.integers(1, 6)


def scale_from_the_docstring():
    """The class that the docstring of Layer shows to the reader."""
    code = re.search(r"```python\n(.*?)```", inspect.getdoc(Layer), re.DOTALL).group(1)
    namespace = {"Layer": Layer, "np": np}
    exec(textwrap.dedent(code), namespace)
    return namespace["Scale"]


# LinearLayer


@given(sizes, sizes, sizes, st.integers(0, 99))
def test_linear_forward_and_backward_are_the_formulas_written_as_loops(N, d_in, d_out, seed):
    rng = np.random.default_rng(seed)
    layer = LinearLayer(d_in, d_out, seed=seed)
    layer.b = rng.standard_normal((1, d_out))
    X, dZ = rng.standard_normal((N, d_in)), rng.standard_normal((N, d_out))
    Z, dX = layer.forward(X), layer.backward(dZ)
    assert Z.shape == (N, d_out) and dX.shape == (N, d_in)
    assert layer.dW.shape == layer.W.shape == (d_in, d_out) and layer.db.shape == layer.b.shape == (1, d_out)
    for n in range(N):
        for j in range(d_out):
            assert np.isclose(Z[n, j], sum(X[n, i] * layer.W[i, j] for i in range(d_in)) + layer.b[0, j])
        for i in range(d_in):
            assert np.isclose(dX[n, i], sum(dZ[n, j] * layer.W[i, j] for j in range(d_out)))
    for j in range(d_out):
        assert np.isclose(layer.db[0, j], sum(dZ[n, j] for n in range(N)))
        for i in range(d_in):
            assert np.isclose(layer.dW[i, j], sum(X[n, i] * dZ[n, j] for n in range(N)))


def test_linear_forward_and_backward_on_numbers_worked_by_hand():
    layer = LinearLayer(2, 1, seed=0)
    layer.W, layer.b = [[2.0], [-1.0]], [[0.5]]
    # rows: 1·2 + 3·(-1) + 0.5 = -0.5 and 0·2 + 4·(-1) + 0.5 = -3.5
    assert layer.forward(np.array([[1.0, 3.0], [0.0, 4.0]])).tolist() == [[-0.5], [-3.5]]
    dX = layer.backward(np.array([[1.0], [10.0]]))
    assert layer.dW.tolist() == [[1.0], [43.0]]  # 1·1 + 0·10, 3·1 + 4·10
    assert layer.db.tolist() == [[11.0]]
    assert dX.tolist() == [[2.0, -1.0], [20.0, -10.0]]


def test_the_weights_are_xavier_from_the_seed_and_the_shifts_start_at_zero():
    W = np.sqrt(2 / (3 + 5)) * np.random.default_rng(4).standard_normal((3, 5))
    layer = LinearLayer(3, 5, seed=4)
    np.testing.assert_array_equal(layer.W, W)
    assert layer.b.tolist() == [[0.0] * 5]
    assert not np.array_equal(LinearLayer(3, 5).W, LinearLayer(3, 5).W)


def test_nothing_in_a_layer_divides_by_the_batch():
    layer = LinearLayer(3, 2, seed=0)
    X, dZ = off_kinks((4, 3)), off_kinks((4, 2), seed=1)
    layer.forward(X)
    layer.backward(dZ)
    dW, db = layer.dW.copy(), layer.db.copy()
    layer.forward(np.concatenate([X, X]))
    layer.backward(np.concatenate([dZ, dZ]))
    np.testing.assert_allclose(layer.dW, 2 * dW, rtol=1e-14)
    np.testing.assert_allclose(layer.db, 2 * db, rtol=1e-14)


def test_backward_sets_the_gradient_and_does_not_add_to_it():
    layer = LinearLayer(3, 2, seed=0)
    X, dZ = off_kinks((4, 3)), off_kinks((4, 2), seed=1)
    layer.forward(X)
    layer.backward(dZ)
    first = frozen([layer.dW, layer.db])
    layer.forward(X)
    layer.backward(dZ)
    assert frozen([layer.dW, layer.db]) == first


def test_backward_is_the_adjoint_of_the_linear_map():
    layer = LinearLayer(4, 3, seed=2)
    X, dZ = off_kinks((5, 4)), off_kinks((5, 3), seed=1)
    Z = layer.forward(X)
    dX = layer.backward(dZ)
    assert np.isclose(np.einsum("nj,nj->", Z, dZ), np.einsum("ni,ni->", X, dX))  # ⟨XW, dZ⟩ = ⟨X, dZ Wᵀ⟩


def test_update_takes_one_step_against_the_gradient_in_place():
    layer = LinearLayer(1, 2, seed=0)
    layer.W, layer.b = [[1.0, -2.0]], [[0.5, 0.0]]
    W, b = layer.W, layer.b
    layer.forward(np.array([[3.0]]))
    layer.backward(np.array([[1.0, -1.0]]))  # dW = (3, -3), db = (1, -1)
    layer.update(0.1)
    np.testing.assert_allclose(layer.W, [[1 - 0.1 * 3, -2 + 0.1 * 3]], rtol=1e-15)
    np.testing.assert_allclose(layer.b, [[0.5 - 0.1 * 1, 0.1 * 1]], rtol=1e-15)
    assert layer.W is W and layer.b is b


# Activations


@every_activation
def test_an_activation_multiplies_the_gradient_by_its_slope_at_the_input(make):
    layer, Z, dA = make(), off_kinks((4, 3)), off_kinks((4, 3), seed=1)
    A = layer.forward(Z)
    slopes = slope(lambda: float(make().forward(Z).sum()), Z)
    np.testing.assert_allclose(layer.backward(dA), dA * slopes, rtol=1e-9, atol=1e-12)
    assert A.shape == Z.shape


@every_activation
def test_an_activation_has_no_parameters_and_its_update_changes_nothing(make):
    layer = make()
    before = frozen(vars(layer))
    layer.update(0.1)
    assert layer.params == () and frozen(vars(layer)) == before


# The contract of every layer


@every_layer
@pytest.mark.parametrize("shape", [(1, 3), (5, 3), (2, 5, 3)], ids=str)
def test_backward_agrees_with_differences_for_the_input_and_every_parameter(make, shape):
    layer, X = make(), off_kinks(shape)
    X[..., 0] = np.abs(X[..., 0])  # a ReLU that lets nothing through would prove nothing
    R = np.random.default_rng(9).standard_normal(shape)
    if len(shape) == 3 and layer.params:
        layer = stacked_linear([LinearLayer(3, 3, seed=k) for k in range(shape[0])])

    def value():
        return float((R * layer.forward(X, training=False)).sum())

    layer.forward(X)
    dX = layer.backward(R)
    assert normwise(dX, slope(value, X)) < 1e-7
    for name in layer.params:
        assert normwise(getattr(layer, "d" + name), slope(value, getattr(layer, name))) < 1e-7


@every_layer
def test_the_batch_is_a_matrix_and_not_a_loop(make):
    X, dY = off_kinks((4, 3)), off_kinks((4, 3), seed=1)
    whole = make()
    Y, dX = whole.forward(X), whole.backward(dY)
    for n in range(4):
        row = make()
        np.testing.assert_allclose(row.forward(X[n : n + 1])[0], Y[n], rtol=1e-13)
        np.testing.assert_allclose(row.backward(dY[n : n + 1])[0], dX[n], rtol=1e-13)


@pytest.mark.parametrize("K", [1, 3])
@every_layer
def test_a_leading_axis_gives_what_separate_runs_give(make, K):
    X, dY = off_kinks((K, 4, 3)), off_kinks((K, 4, 3), seed=1)
    singles = [make() for _ in range(K)]
    for k, layer in enumerate(singles):
        if layer.params:
            layer.W, layer.b = off_kinks((3, 3), seed=2 + k), off_kinks((1, 3), seed=9 + k)
    together = stacked_linear(singles) if singles[0].params else make()
    Y, dX = together.forward(X), together.backward(dY)
    together.update(0.1)
    for k, layer in enumerate(singles):
        np.testing.assert_allclose(Y[k], layer.forward(X[k]), rtol=1e-13)
        np.testing.assert_allclose(dX[k], layer.backward(dY[k]), rtol=1e-13)
        layer.update(0.1)
        for name in layer.params:
            np.testing.assert_allclose(getattr(together, name)[k], getattr(layer, name), rtol=1e-12)


@every_layer
def test_forward_without_training_keeps_nothing_and_disturbs_nothing(make):
    X, dY = off_kinks((4, 3)), off_kinks((4, 3), seed=1)
    plain, looked_at = make(), make()
    plain.forward(X)
    looked_at.forward(X)
    before = frozen(vars(looked_at))
    np.testing.assert_array_equal(looked_at.forward(2 * X, training=False), make().forward(2 * X))
    assert frozen(vars(looked_at)) == before
    np.testing.assert_array_equal(looked_at.backward(dY), plain.backward(dY))
    fresh = make()
    fresh.forward(X, training=False)
    with pytest.raises(RuntimeError, match="backward needs a fresh forward"):
        fresh.backward(dY)


@every_layer
def test_backward_works_once_for_each_forward(make):
    layer, X = make(), off_kinks((4, 3))
    with pytest.raises(RuntimeError, match=f"{type(layer).__name__}.backward needs a fresh forward"):
        layer.backward(X)
    layer.forward(X)
    layer.backward(X)
    with pytest.raises(RuntimeError, match="fresh forward"):
        layer.backward(X)
    layer.forward(X)
    layer.clear_cache()
    with pytest.raises(RuntimeError, match="fresh forward"):
        layer.backward(X)


@every_layer
def test_what_a_layer_returns_does_not_change_later_and_its_input_never_does(make):
    layer, X, dY = make(), off_kinks((4, 3)), off_kinks((4, 3), seed=1)
    inputs = frozen([X, dY])
    handed_out = [layer.forward(X), layer.forward(X, training=False), layer.backward(dY)]
    before = frozen(handed_out)
    layer.update(0.5)
    layer.forward(-X)
    layer.backward(-dY)
    assert frozen(handed_out) == before and frozen([X, dY]) == inputs


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_through_forward_backward_and_update(make, dtype):
    layer = make()
    if layer.params:
        layer = LinearLayer(3, 3, seed=1, dtype=dtype)
    X = off_kinks((4, 3)).astype(dtype)
    assert layer.forward(X).dtype == layer.backward(X).dtype == dtype
    layer.update(0.1)
    for name in layer.params:
        assert getattr(layer, name).dtype == getattr(layer, "d" + name).dtype == dtype


@every_layer
def test_a_copy_is_independent_and_pickling_keeps_everything(make):
    layer, X = make(), off_kinks((4, 3))
    layer.forward(X)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert frozen(twin) == frozen(layer)
        twin.backward(X)
        twin.update(1.0)
    layer.backward(X)


# Arrays that are written in place


def test_assigning_a_parameter_copies_into_the_same_memory():
    layer = LinearLayer(2, 3, seed=0)
    W, value = layer.W, np.ones((2, 3))
    layer.W = value
    assert layer.W is W and W.tolist() == value.tolist()
    value[...] = 7
    assert layer.W.tolist() == [[1.0] * 3] * 2
    layer.W += 1
    layer.W *= 2
    assert layer.W is W and W.tolist() == [[4.0] * 3] * 2
    layer.W = layer.W
    assert layer.W is W and W.tolist() == [[4.0] * 3] * 2


def test_the_first_assignment_copies_too():
    layer, value = scale_from_the_docstring()(2), np.ones((1, 2))
    del layer.__dict__["_gamma"]
    layer.gamma = value
    layer.gamma += 1
    assert value.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("value", [np.ones((3, 2)), np.ones(3), 0.0, np.ones((1, 3)), np.ones((1, 2, 3))], ids=np.shape)
def test_a_parameter_keeps_its_shape(value):
    layer = LinearLayer(2, 3, seed=0)
    before = frozen(layer)
    with pytest.raises(ValueError, match=r"W must have shape \(2, 3\), got " + re.escape(str(np.shape(value)))):
        layer.W = value
    assert frozen(layer) == before


# Layers that a reader writes


def test_the_example_in_the_docstring_is_a_correct_layer():
    Scale = scale_from_the_docstring()
    layer, X, dY = Scale(3), off_kinks((5, 3)), off_kinks((5, 3), seed=1)
    layer.gamma = [[2.0, -1.0, 0.5]]
    np.testing.assert_array_equal(layer.forward(X), X * [2.0, -1.0, 0.5])
    np.testing.assert_array_equal(layer.backward(dY), dY * [2.0, -1.0, 0.5])
    np.testing.assert_allclose(layer.dgamma, np.einsum("nd,nd->d", dY, X)[None])
    assert max(check_layer(layer, X).values()) < 1e-7
    assert set(check_layer(layer, X)) == {"X", "gamma"}
    layer.update(0.1)
    np.testing.assert_allclose(layer.gamma, [[2.0, -1.0, 0.5]] - 0.1 * layer.dgamma)


def test_the_example_trains_in_a_network_and_its_parameter_is_part_of_theta(problem):
    Scale = scale_from_the_docstring()
    net = NeuralNetwork([3, 4, 4, 1], seed=0, activation=lambda: Scale(4))
    scales = [layer for layer in net.layers if isinstance(layer, Scale)]
    assert len(scales) == 2 and net.theta.size == 3 * 4 + 4 + 4 + 4 * 4 + 4 + 4 + 4 + 1
    assert all(np.shares_memory(layer.gamma, net.theta) for layer in scales)
    assert all(np.shares_memory(layer.dgamma, net.grad) for layer in scales)
    net.train(*problem, lr=0.1, n_epochs=3, verbose=False)
    assert all((layer.gamma != 1).any() for layer in scales)
    assert net.grad_norms.shape == (3, 3)  # linear layers only


@pytest.mark.parametrize("base", [LinearLayer, ReLU, Sigmoid, Tanh], ids=lambda c: c.__name__)
def test_every_layer_can_be_subclassed(base):
    class Doubled(base):
        def forward(self, X, training=True):
            return 2 * super().forward(X, training)

        def backward(self, dY):
            return super().backward(2 * dY)

    layer = Doubled(3, 3, seed=0) if base is LinearLayer else Doubled()
    errors = check_layer(layer, off_kinks((4, 3)))
    assert set(errors) == {"X", *base.params} and max(errors.values()) < 1e-7


def test_a_subclass_can_add_a_parameter_to_those_it_inherits(problem):
    class Gated(LinearLayer):
        params = ("W", "b", "gate")

        def __init__(self, d_in, d_out, **kwargs):
            super().__init__(d_in, d_out, **kwargs)
            self.gate = np.full((1, d_out), 0.7)

        def forward(self, X, training=True):
            Z = X @ self.W + self.b
            if training:
                self.cache(X, Z)
            return self.gate * Z

        def backward(self, dY):
            X, Z = self.cached()
            self.dgate = (dY * Z).sum(axis=-2, keepdims=True)
            dZ = self.gate * dY
            self.dW = X.mT @ dZ
            self.db = dZ.sum(axis=-2, keepdims=True)
            return dZ @ self.W.mT

    errors = check_layer(Gated(3, 2, seed=0), off_kinks((4, 3)))
    assert set(errors) == {"X", "W", "b", "gate"} and max(errors.values()) < 1e-7


def test_a_layer_without_forward_or_backward_says_which_method_is_missing():
    class Empty(Layer):
        pass

    for call, signature in (
        (lambda: Empty().forward(1), "forward(self, X"),
        (lambda: Empty().backward(1), "backward(self, dY"),
    ):
        with pytest.raises(NotImplementedError, match=re.escape(f"Empty must define {signature}")):
            call()


def test_a_layer_that_saves_two_arrays_gets_both_back_in_order():
    class Product(Layer):
        def forward(self, X, training=True):
            if training:
                self.cache(X, sigmoid(X))
            return X * sigmoid(X)

        def backward(self, dY):
            X, S = self.cached()
            return dY * (S + X * S * (1 - S))

    assert check_layer(Product(), off_kinks((4, 3)))["X"] < 1e-7


@pytest.mark.parametrize("init", [xavier, zeros, lambda d_in, d_out, rng: np.full((d_in, d_out), 2)])
def test_any_function_of_sizes_and_generator_can_initialize(init):
    layer = LinearLayer(2, 3, seed=1, init=init)
    np.testing.assert_array_equal(layer.W, init(2, 3, np.random.default_rng(1)))
    assert layer.W.dtype == np.float64


def test_a_layer_does_not_share_memory_with_what_its_initializer_returned():
    stored = np.ones((2, 3))
    layer = LinearLayer(2, 3, init=lambda d_in, d_out, rng: stored)
    layer.W += 1
    assert stored.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize("make", [lambda: LinearLayer(4, 3, seed=0), ReLU])
@pytest.mark.parametrize("wrong", [np.ones((100, 2)), np.ones(3), np.full((5, 3), "a"), np.ones((5, 3)) * 1j])
def test_a_refused_gradient_leaves_what_forward_kept(make, wrong):
    X = np.random.default_rng(0).standard_normal((5, 4))
    layer, twin = make(), make()
    dZ = np.random.default_rng(1).standard_normal(layer.forward(X).shape)
    with pytest.raises((ValueError, TypeError)):
        layer.backward(wrong)
    twin.forward(X)
    assert np.array_equal(layer.backward(dZ), twin.backward(dZ))


@pytest.mark.parametrize("value", [np.full((4, 3), "0.5"), np.full((4, 3), None), np.ones((4, 3)) * 1j])
def test_parameters_take_only_real_numbers(value):
    layer = LinearLayer(4, 3, seed=0)
    before = layer.W.copy()
    with pytest.raises(TypeError, match="W must hold real numbers"):
        layer.W = value
    assert np.array_equal(layer.W, before)


def test_an_array_of_a_new_layer_has_a_name_a_description_and_a_fixed_memory():
    Scale = scale_from_the_docstring()
    layer = Scale(2)
    for name in ("gamma", "dgamma"):
        assert getattr(Scale, name).__doc__ == f"The array `{name}`; assigning to it writes in place."
        layer.__dict__.pop("_" + name, None)
        with pytest.raises(TypeError, match=f"^{name} must hold real numbers"):
            setattr(layer, name, ["a"])
        setattr(layer, name, [[1.0, 2.0]])
        with pytest.raises(TypeError, match=f"^{name} must hold real numbers"):
            setattr(layer, name, [["a", "b"]])
        with pytest.raises(ValueError, match=rf"^{name} must have shape \(1, 2\), got \(2,\)"):
            setattr(layer, name, [3.0, 4.0])
        assert getattr(layer, name).tolist() == [[1.0, 2.0]]


def test_forgetting_drops_the_gradients_too():
    layer = LinearLayer(3, 3, seed=0)
    layer.backward(layer.forward(off_kinks((4, 3))))
    layer.clear_cache()
    with pytest.raises(RuntimeError, match="^LinearLayer.update needs gradients"):
        layer.update(0.1)


class Halved(Layer):
    def forward(self, X, training=True):
        if training:
            self.cache(X, shape=X.shape)
        return X / 2

    def backward(self, dY):
        self.cached(dY)
        return dY / 2


@pytest.mark.parametrize(
    ("layer", "name"), [(LinearLayer(3, 3, seed=0), "dZ"), (ReLU(), "dA"), (Halved(), "dY")], ids=["dZ", "dA", "dY"]
)
def test_a_refused_gradient_is_called_by_its_name(layer, name):
    layer.forward(off_kinks((4, 3)))
    with pytest.raises(ValueError, match=rf"^{name} must have shape \(4, 3\), got \(4, 1\)"):
        layer.backward(np.ones((4, 1)))
    with pytest.raises(TypeError, match=f"^{name} must hold real numbers"):
        layer.backward(np.full((4, 3), "a"))


def test_what_is_remembered_of_layers_is_put_back_as_often_as_asked():
    norm, drop, other, X = BatchNorm(3), Dropout(0.5, 0), Dropout(0.5, 1), off_kinks((4, 3))
    layers = [norm, LinearLayer(3, 3), drop, other]
    other.rng = drop.rng
    norm.forward(X), drop.forward(X)
    before, rng = frozen([norm.running_mean, norm.running_var, drop.rng]), drop.rng
    restore = snapshot(layers)
    for _ in range(2):
        norm.running_var[...] = 7  # in place, too
        norm.forward(X), drop.forward(X), other.forward(X)
        assert frozen([norm.running_mean, norm.running_var, drop.rng]) != before
        restore()
        assert frozen([norm.running_mean, norm.running_var, drop.rng]) == before
        assert drop.rng is other.rng is rng


def test_what_a_linear_layer_refuses_is_called_by_its_name():
    with pytest.raises(TypeError, match="^X must hold real numbers"):
        LinearLayer(3, 2).forward("a")
    for wrong, problem in ((np.ones(3), "have shape"), (np.full((3, 2), np.nan), "be finite")):
        with pytest.raises(ValueError, match=f"^what init returns must {problem}"):
            LinearLayer(3, 2, init=lambda d_in, d_out, rng, wrong=wrong: wrong)


class Doubled(Layer):
    @checked_forward()
    def forward(self, inputs, training=True):
        if training:
            self.cache(inputs, shape=inputs.shape)
        return 2 * inputs

    @checked_backward
    def backward(self, slopes):
        factor = 2
        return factor * slopes * np.ones_like(self.cached())


def test_a_checked_method_calls_its_argument_as_its_formula_does():
    layer = Doubled()
    with pytest.raises(TypeError, match="^inputs must hold real numbers"):
        layer.forward("a")
    layer.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"^slopes must have shape \(4, 3\), got \(4, 1\)"):
        layer.backward(np.ones((4, 1)))
    assert layer.backward(np.ones((4, 3))).tolist() == [[2.0] * 3] * 4


def test_a_network_that_trusts_its_layers_finds_the_formula_of_a_checked_method():
    formula = Doubled.forward.__wrapped__, Doubled.backward.__wrapped__
    checked = checked_forward()(formula[0]), checked_backward(formula[1])
    assert tuple(FORMULAS[method] for method in checked) == formula


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 5, 10_000])
def test_a_row_of_ones_is_one_of_the_dtype(n, dtype):
    np.testing.assert_array_equal(_row_of_ones(n, np.dtype(dtype)), np.ones((1, n), dtype), strict=True)


def test_what_is_kept_between_steps_is_small_whatever_the_batch():
    """Rows of ones that sum over the batch: 128 of them took 930 MB after batches of about two million."""
    layer = LinearLayer(1, 1, seed=0)
    tracemalloc.start()
    for N in range(100_000, 100_020):
        layer.forward(np.zeros((N, 1)))
        layer.backward(np.ones((N, 1)))
        assert layer.db[0, 0] == N
    layer.clear_cache()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 1e6


def test_what_is_refused_is_called_as_the_formula_calls_it():
    class Named(Layer):
        @checked_forward()
        def forward(self, Q, training=True):
            self._cache, self._shape = Q, Q.shape
            return Q

        @checked_backward
        def backward(self, dQ):
            return dQ

    layer = Named()
    with pytest.raises((TypeError, ValueError), match="^Q must"):
        layer.forward([["text"]])
    layer.forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="^dQ must"):
        layer.backward(np.ones((3, 2)))
