import numpy as np
import pytest

from scratchnet import checks

VECTOR, COLUMN, MATRIX = np.zeros(3), np.zeros((3, 1)), np.zeros((3, 2))


@pytest.mark.parametrize(
    ("check", "error", "message"),
    [
        (lambda: checks.real("z", ["a"]), TypeError, "z must hold real numbers, got list of dtype <U1"),
        (
            lambda: checks.real("z", [[1], [1, 2]]),
            ValueError,
            "z must be a rectangular array, got rows of different lengths",
        ),
        (lambda: checks.finite("z", [1, np.nan]), ValueError, "z must be finite in float64, got nan at index (1,)"),
        (
            lambda: checks.finite("z", [[1, -1e300]], np.float32),
            ValueError,
            "z must be finite in float32, got -inf at index (0, 1)",
        ),
        (
            lambda: checks.real("validation X", np.ma.ones(2)),
            TypeError,
            "validation X must have a value everywhere, got a masked array; use X.filled(0)",
        ),
        (
            lambda: checks.real("z", np.array([1, 2.5], object)),
            TypeError,
            "z must hold real numbers, got ndarray of dtype object; use np.array(z, float)",
        ),
        (
            lambda: checks.same_shape("validation y", [0, 1], (2, 1)),
            ValueError,
            "validation y must have shape (2, 1), got (2,); use np.array(y).reshape(-1, 1)",
        ),
        (
            lambda: checks.samples("X", (0, 1), 1),
            ValueError,
            "X must have shape (N, 1), got (2,); use np.array(X).reshape(-1, 1)",
        ),
        (lambda: checks.batch("Z", VECTOR), ValueError, "Z must have shape (N, d_out), got (3,)"),
        (
            lambda: checks.share("y", np.array([0, 1, -0.5, 2]), "labels"),
            ValueError,
            "y must hold labels between 0 and 1, got -0.5 … 2",
        ),
        (
            lambda: checks.movable("theta", np.ones(2, np.float16)),
            TypeError,
            "theta must be a float32 or float64 array, which is changed in place, got array([1., 1.], dtype=float16)",
        ),
        (
            lambda: checks.movable("theta", [1.0]),
            TypeError,
            "theta must be a float32 or float64 array, which is changed in place, got [1.0]",
        ),
        (lambda: checks.number("a", np.ma.masked), TypeError, "a must be a finite number > 0, got masked"),
        (lambda: checks.samples("X", VECTOR), ValueError, "X must have shape (N, n_columns), got (3,)"),
        (lambda: checks.samples("X", VECTOR, 2), ValueError, "X must have shape (N, 2), got (3,)"),
        (
            lambda: checks.samples("X", VECTOR, 1),
            ValueError,
            "X must have shape (N, 1), got (3,); use X.reshape(-1, 1)",
        ),
        (lambda: checks.samples("X", MATRIX, 1), ValueError, "X must have shape (N, 1), got (3, 2)"),
        (lambda: checks.samples("X", MATRIX[:0]), ValueError, "X must hold at least one sample, got shape (0, 2)"),
        (
            lambda: checks.same_shape("y", VECTOR, (3, 1)),
            ValueError,
            "y must have shape (3, 1), got (3,); use y.reshape(-1, 1)",
        ),
        (lambda: checks.same_shape("y", VECTOR, (4, 1)), ValueError, "y must have shape (4, 1), got (3,)"),
        (lambda: checks.same_shape("y", MATRIX, (6, 1)), ValueError, "y must have shape (6, 1), got (3, 2)"),
        (lambda: checks.same_shape("y", COLUMN, (3, 2)), ValueError, "y must have shape (3, 2), got (3, 1)"),
        (
            lambda: checks.squarable("X", np.array([1.0, -1e160])),
            ValueError,
            "X must stay below 1.3e+154, whose square float64 can hold, got 1e+160: "
            "scale the features, for instance with standardize",
        ),
        (
            lambda: checks.squarable("y", np.array([1e20], np.float32), "scale the targets"),
            ValueError,
            "y must stay below 1.8e+19, whose square float32 can hold, got 1e+20: scale the targets",
        ),
        (lambda: checks.positive_int("n", 0), ValueError, "n must be a positive integer, got 0"),
        (lambda: checks.positive_int("n", True), TypeError, "n must be a positive integer, got True"),
        (lambda: checks.positive_int("n", 1.0), TypeError, "n must be a positive integer, got 1.0"),
        (lambda: checks.positive_int("n", 1, 2), ValueError, "n must be an integer of at least 2, got 1"),
        (lambda: checks.number("a", 0), ValueError, "a must be a finite number > 0, got 0"),
        (lambda: checks.number("a", np.inf), ValueError, "a must be a finite number > 0, got inf"),
        (lambda: checks.number("a", "1"), TypeError, "a must be a finite number > 0, got '1'"),
        (lambda: checks.number("a", -1, include_low=True), ValueError, "a must be a finite number >= 0, got -1"),
        (lambda: checks.number("a", 2, 0.5, 2), ValueError, "a must be a finite number > 0.5 and < 2, got 2"),
        (lambda: checks.boolean("b", 1), TypeError, "b must be True or False, got 1"),
        (lambda: checks.boolean("b", "yes"), TypeError, "b must be True or False, got 'yes'"),
        (lambda: checks.float_dtype("float16"), TypeError, "dtype must be float32 or float64, got 'float16'"),
        (lambda: checks.layer_dims(3), ValueError, "layer_dims must list at least an input and an output size, got 3"),
        (
            lambda: checks.layer_dims([2]),
            ValueError,
            "layer_dims must list at least an input and an output size, got [2]",
        ),
        (lambda: checks.layer_dims([2, 0]), ValueError, "every entry of layer_dims must be a positive integer, got 0"),
        (lambda: checks.seed(-1), ValueError, "seed must be an integer of at least 0, got -1"),
    ],
)
def test_the_whole_message(check, error, message):
    with pytest.raises(error) as caught:
        check()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, 2], np.float64),
        ([True], np.float64),
        (np.uint8(3), np.float64),
        (np.ones(2, np.float32), np.float32),
        ([np.float32(1.5)], np.float32),
        (np.float16(1.5), np.float64),
        (np.longdouble(1.5), np.float64),
    ],
)
def test_floats_keep_their_type_and_other_numbers_become_float64(value, dtype):
    array = checks.real("z", value)
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, value)


def test_a_number_too_large_for_float64_becomes_infinity_without_a_word():
    value = np.finfo(np.longdouble).max
    with np.errstate(over="ignore"):
        expected = np.float64(value)
    assert checks.real("z", value) == expected


def test_a_float_array_is_handed_on_and_finite_copies_it():
    array = np.ones(2)
    assert checks.real("z", array) is array
    assert not np.shares_memory(checks.finite("z", array), array)


def test_the_largest_number_that_can_be_squared_is_taken():
    array = np.array([np.sqrt(np.finfo(np.float64).max)])
    assert np.isfinite(array**2).all() and checks.squarable("X", array) is array


def test_booleans_of_python_and_numpy_become_those_of_python():
    assert [checks.boolean("b", value) for value in (True, False, np.True_, np.False_)] == [True, False] * 2
    assert checks.boolean("b", np.True_) is True


@pytest.mark.parametrize("value", [[None], ["a"], [1j], [object()], ["1", "nan"]])
def test_no_advice_is_given_that_does_not_work(value):
    for array in (value, np.array(value, object)):
        with pytest.raises(TypeError) as caught:
            checks.real("z", array)
        assert "use" not in str(caught.value)


@pytest.mark.parametrize("value", [["1", "2.5"], np.array([1, 2.5, True], object)], ids=str)
def test_the_advice_that_is_given_works(value):
    with pytest.raises(TypeError, match=r"use np.array\(z, float\)$"):
        checks.real("z", value)
    assert checks.real("z", np.array(value, float)).dtype == np.float64
