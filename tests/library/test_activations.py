import math
from decimal import Decimal

import numpy as np
import pytest
from conftest import normwise, off_kinks, slope
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from scratchnet import relu, relu_grad, sigmoid, sigmoid_grad, softmax, tanh, tanh_grad

PAIRS = [(relu, relu_grad), (sigmoid, sigmoid_grad), (tanh, tanh_grad)]
entry_by_entry = pytest.mark.parametrize(("f", "f_grad"), PAIRS, ids=lambda f: f.__name__)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
reals = st.floats(-1e4, 1e4)


def exact_sigmoid(z):
    return float(1 / (1 + (-Decimal(z)).exp()))


@given(reals)
def test_sigmoid_is_exact_for_any_size_of_its_argument(z):
    value = float(sigmoid(np.array([z]))[0])
    assert math.isclose(value, exact_sigmoid(z), rel_tol=1e-14, abs_tol=1e-300)
    assert 0 <= value <= 1


@given(reals)
def test_relu_and_tanh_are_what_the_math_module_says(z):
    assert float(relu(np.array([z]))[0]) == max(z, 0.0)
    assert math.isclose(float(tanh(np.array([z]))[0]), math.tanh(z), rel_tol=1e-14)


@pytest.mark.parametrize("z", [-1e4, -745.2, -30.0, -1.0, 0.0, 1.0, 30.0, 745.2, 1e4])
@both_dtypes
def test_sigmoid_does_not_overflow(z, dtype):
    value = sigmoid(np.array([z], dtype))[0]
    tolerance = 4 * np.finfo(dtype).eps
    assert value.dtype == dtype
    assert math.isclose(float(value), exact_sigmoid(float(dtype(z))), rel_tol=tolerance, abs_tol=np.finfo(dtype).tiny)


@given(reals)
def test_sigmoid_mirrors_about_one_half(z):
    assert math.isclose(float(sigmoid(np.array(z)) + sigmoid(np.array(-z))), 1.0, rel_tol=1e-15)


@entry_by_entry
def test_the_gradient_is_a_function_of_the_output(f, f_grad):
    z = off_kinks((5, 4))
    total = slope(lambda: float(f(z).sum()), z)  # each entry moves only its own output
    assert normwise(f_grad(f(z)), total) < 1e-10


def test_gradients_at_known_outputs():
    a = np.array([0.0, 0.25, 1.0])
    assert relu_grad(a).tolist() == [0, 1, 1]
    assert sigmoid_grad(a).tolist() == [0, 0.1875, 0]
    assert tanh_grad(a).tolist() == [1, 0.9375, 0]


def test_the_slope_of_relu_at_the_kink_is_taken_as_zero():
    assert relu_grad(relu(np.array([0.0, -0.0, 1e-300, -1e-300]))).tolist() == [0, 0, 1, 0]


@entry_by_entry
@both_dtypes
@given(shape=array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
def test_shape_and_dtype_are_kept(f, f_grad, dtype, shape):
    z = np.full(shape, 0.5, dtype)
    assert np.shape(f(z)) == np.shape(f_grad(z)) == shape
    assert f(z).dtype == f_grad(z).dtype == dtype


@pytest.mark.parametrize("f", [f for pair in PAIRS for f in pair] + [softmax], ids=lambda f: f.__name__)
def test_arguments_are_left_alone_and_results_are_new(f):
    z = np.array([[-1.0, 0.0, 2.0]])
    result = f(z)
    assert z.tolist() == [[-1.0, 0.0, 2.0]] and not np.shares_memory(result, z)


@pytest.mark.parametrize("f", [f for pair in PAIRS for f in pair] + [softmax], ids=lambda f: f.__name__)
def test_integers_and_lists_are_taken_as_real_numbers(f):
    np.testing.assert_array_equal(f([[1, 2], [0, 1]]), f(np.array([[1.0, 2.0], [0.0, 1.0]])))


rows = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.floats(-1e4, 1e4))


@given(rows)
def test_softmax_is_exact_row_by_row(z):
    P = softmax(z)
    for row, p in zip(z, P, strict=True):
        e = [Decimal(float(v)).exp() for v in row]
        for value, reference in zip(p, e, strict=True):
            assert math.isclose(float(value), float(reference / sum(e)), rel_tol=1e-11, abs_tol=1e-300)
        assert math.isclose(math.fsum(p), 1.0, rel_tol=1e-14)


@given(rows, st.floats(-100, 100))
def test_softmax_ignores_what_is_added_to_a_whole_row(z, c):
    np.testing.assert_allclose(softmax(z + c), softmax(z), rtol=1e-9, atol=1e-12)


@both_dtypes
def test_softmax_works_over_the_last_axis_for_any_number_of_leading_axes(dtype):
    z = off_kinks((2, 3, 4, 5)).astype(dtype)
    P = softmax(z)
    assert P.shape == z.shape and P.dtype == dtype
    np.testing.assert_array_equal(P[1, 2], softmax(z[1, 2]))
    np.testing.assert_array_equal(P[1, 2, 3], softmax(z[1, 2, 3]))


@both_dtypes
def test_softmax_of_huge_logits_is_one_for_the_largest(dtype):
    z = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]], dtype)
    np.testing.assert_allclose(softmax(z), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_softmax_of_logits_farther_apart_than_the_largest_number_is_one_for_the_larger():
    assert softmax(np.array([[1e308, -1e308]])).tolist() == [[1.0, 0.0]]


def test_softmax_of_two_logits_is_the_sigmoid_of_their_difference():
    z = off_kinks((6, 2))
    np.testing.assert_allclose(softmax(z)[:, 0], sigmoid(z[:, 0] - z[:, 1]), rtol=1e-13)
