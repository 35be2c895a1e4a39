import math

import numpy as np
import pytest
from conftest import frozen
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scratchnet import (
    make_blobs,
    make_circles,
    make_moons,
    make_spirals,
    make_xor,
    one_hot,
    standardize,
    train_test_split,
)

MAKERS = [make_spirals, make_circles, make_moons, make_xor, make_blobs]
two_dimensional = pytest.mark.parametrize("make", MAKERS)


def test_spirals_are_the_published_formula_with_noise_drawn_in_the_order_x1_y1_x2_y2():
    n, noise, seed = 9, 0.3, 11
    X, y = make_spirals(n, noise, seed)
    rng = np.random.default_rng(seed)
    x1, y1, x2, y2 = (rng.standard_normal(n) for _ in range(4))
    for i in range(n):
        t = 4 * math.pi * i / (n - 1)
        first = (t * math.cos(t) + noise * x1[i], t * math.sin(t) + noise * y1[i])
        second = (t * math.cos(t + math.pi) + noise * x2[i], t * math.sin(t + math.pi) + noise * y2[i])
        np.testing.assert_allclose(X[i], first, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(X[n + i], second, rtol=1e-13, atol=1e-13)
    assert y.tolist() == [0] * n + [1] * n


def test_standardized_spirals_have_the_reference_values():
    X, y = make_spirals(200, noise=0.25, seed=7)
    X = standardize(X)
    assert X.shape == (400, 2) and y.shape == (400,)
    assert [int((y == k).sum()) for k in (0, 1)] == [200, 200]
    np.testing.assert_allclose(X[0], (0.00781072, -0.05859066), atol=5e-9)
    np.testing.assert_allclose(X[399], (-2.46300723, -0.09440977), atol=5e-9)


def test_spirals_without_noise_start_at_the_center_and_are_each_other_turned_by_half_a_turn():
    X, y = make_spirals(50, noise=0)
    assert X[0].tolist() == [0, 0]
    np.testing.assert_allclose(X[y == 1], -X[y == 0], atol=1e-14)
    np.testing.assert_allclose(X[49], (4 * math.pi, 0), atol=1e-13)


def test_circles_without_noise_have_radius_one_and_one_half_and_evenly_spaced_points():
    X, y = make_circles(8, noise=0)
    for i in range(8):
        angle = 2 * math.pi * i / 8
        np.testing.assert_allclose(X[i], (math.cos(angle), math.sin(angle)), atol=1e-15)
        np.testing.assert_allclose(X[8 + i], (0.5 * math.cos(angle), 0.5 * math.sin(angle)), atol=1e-15)
    assert y.tolist() == [0] * 8 + [1] * 8


def test_moons_without_noise_are_an_upper_half_circle_and_a_lower_one_moved_by_one_and_one_half():
    X, y = make_moons(5, noise=0)
    for i in range(5):
        angle = math.pi * i / 4
        np.testing.assert_allclose(X[i], (math.cos(angle), math.sin(angle)), atol=1e-15)
        np.testing.assert_allclose(X[5 + i], (1 - math.cos(angle), 0.5 - math.sin(angle)), atol=1e-15)
    assert y.tolist() == [0] * 5 + [1] * 5


def test_xor_without_noise_has_the_label_of_whether_the_signs_differ_and_uses_all_corners_alike():
    X, y = make_xor(6, noise=0)
    corners = [tuple(int(v) for v in row) for row in X]
    assert corners == [(1, 1), (-1, -1)] * 3 + [(1, -1), (-1, 1)] * 3
    assert y.tolist() == [int(a * b < 0) for a, b in corners]
    assert y.tolist() == [0] * 6 + [1] * 6


def test_blobs_without_noise_lie_at_evenly_spaced_centers_on_a_circle_of_radius_four():
    X, y = make_blobs(3, n_classes=5, noise=0)
    assert y.tolist() == [k for k in range(5) for _ in range(3)]
    for row, k in zip(X, y, strict=True):
        np.testing.assert_allclose(
            row, (4 * math.cos(2 * math.pi * k / 5), 4 * math.sin(2 * math.pi * k / 5)), atol=1e-14
        )


@pytest.mark.parametrize(
    ("make", "n_rows", "noise"),
    [
        (make_spirals, 400, 0.3),
        (make_circles, 400, 0.1),
        (make_moons, 400, 0.1),
        (make_xor, 400, 0.3),
        (make_blobs, 300, 1.0),
    ],
)
def test_size_noise_and_seed_unless_told_otherwise(make, n_rows, noise):
    X, y = make()
    assert len(X) == n_rows
    assert frozen((X, y)) == frozen(make(noise=noise, seed=7))


@pytest.mark.parametrize("make", [make_circles, make_moons, make_xor, make_blobs])
def test_noise_is_drawn_row_by_row_and_added_to_the_clean_points(make):
    normal = np.random.default_rng(3).standard_normal(make(5)[0].shape)
    np.testing.assert_allclose(make(5, noise=0.2, seed=3)[0], make(5, noise=0)[0] + 0.2 * normal, rtol=1e-14)


@two_dimensional
def test_shapes_labels_and_types(make):
    X, y = make(7)
    n_classes = 3 if make is make_blobs else 2
    assert X.shape == (7 * n_classes, 2) and X.dtype == np.float64
    assert y.shape == (7 * n_classes,) and y.dtype.kind == "i"
    assert np.bincount(y).tolist() == [7] * n_classes


@two_dimensional
def test_one_point_a_class_is_enough(make):
    X, y = make(1)
    assert len(X) == len(y) >= 2 and np.isfinite(X).all()


@two_dimensional
def test_the_same_seed_gives_the_same_points_and_another_seed_gives_others(make):
    assert frozen(make(20, seed=5)) == frozen(make(20, seed=5))
    assert frozen(make(20)) == frozen(make(20, seed=7))
    assert not np.array_equal(make(20, seed=5)[0], make(20, seed=6)[0])
    assert not np.array_equal(make(20, seed=None)[0], make(20, seed=None)[0])


@two_dimensional
@pytest.mark.parametrize("noise", [0.1, 2.0])
def test_noise_is_the_standard_deviation_of_every_coordinate(make, noise):
    disturbance = make(4000, noise=noise)[0] - make(4000, noise=0)[0]
    np.testing.assert_allclose(disturbance.std(axis=0), noise, rtol=0.05)
    np.testing.assert_allclose(disturbance.mean(axis=0), 0, atol=0.05 * noise)
    assert abs(np.corrcoef(disturbance.T)[0, 1]) < 0.05


@two_dimensional
def test_the_global_generator_is_left_alone(make):
    before = repr(np.random.get_state())  # noqa: NPY002
    make(5)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


matrices = arrays(
    np.float64,
    st.tuples(st.integers(2, 8), st.integers(1, 4)),
    elements=st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3)),
)


@given(matrices)
def test_standardized_features_have_mean_zero_and_variance_one(X):
    Z = standardize(X)
    assert Z.shape == X.shape
    for column, source in zip(Z.T, X.T, strict=True):
        if len(set(source)) == 1:
            np.testing.assert_allclose(column, 0, atol=1e-9)
        else:
            assert abs(math.fsum(column)) / len(column) < 1e-6
            assert math.isclose(math.fsum(v * v for v in column) / len(column), 1, rel_tol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1 / 3, -7.3, 1e6 + 0.1])
@pytest.mark.parametrize("n", [2, 3, 7, 10, 100])
def test_a_constant_feature_is_only_shifted_to_zero(value, n):
    X = np.column_stack([np.full(n, value), np.arange(n)])
    np.testing.assert_allclose(standardize(X)[:, 0], 0, atol=1e-8)
    np.testing.assert_allclose(standardize(X + [1, 0], like=X)[:, 0], 1, atol=1e-8)


def test_held_out_data_is_scaled_by_the_statistics_of_the_data_it_is_like():
    train, test = np.array([[0.0, 10.0], [2.0, 30.0]]), np.array([[4.0, 20.0]])
    # mean (1, 20), standard deviation (1, 10)
    assert standardize(test, like=train).tolist() == [[3.0, 0.0]]
    assert standardize(train).tolist() == standardize(train, like=train).tolist() == [[-1.0, -1.0], [1.0, 1.0]]


@given(st.integers(2, 60), st.floats(0.001, 0.999), st.integers(0, 99))
def test_a_split_keeps_every_pair_once_and_leaves_no_part_empty(n, fraction, seed):
    X, y = np.arange(2 * n).reshape(n, 2), np.arange(n)
    X_train, X_test, y_train, y_test = train_test_split(X, y, fraction, seed)
    assert len(y_test) == min(max(round(fraction * n), 1), n - 1)
    assert sorted([*y_train, *y_test]) == list(range(n))
    for rows, labels in ((X_train, y_train), (X_test, y_test)):
        assert rows.tolist() == [[2 * k, 2 * k + 1] for k in labels]


def test_a_split_is_random_reproducible_and_a_quarter_unless_told_otherwise():
    X, y = np.arange(80.0).reshape(40, 2), np.arange(40)
    first, again, other = (train_test_split(X, y, seed=seed) for seed in (0, 0, 1))
    assert frozen(first) == frozen(again) == frozen(train_test_split(X, y))
    assert len(first[1]) == 10
    assert sorted(first[3]) != sorted(other[3])
    assert first[3].tolist() != list(range(10)) and first[3].tolist() != list(range(30, 40))


def test_a_split_keeps_the_shape_and_type_of_the_labels():
    y = np.array(["a", "b", "c", "d"]).reshape(-1, 1)
    *_, y_train, y_test = train_test_split(np.eye(4), y)
    assert y_train.shape == (3, 1) and y_test.shape == (1, 1)


@given(st.lists(st.integers(0, 5), max_size=9))
def test_one_hot_rows_hold_a_single_one_in_the_column_of_the_label(labels):
    Y = one_hot(np.array(labels, dtype=int), 6)
    assert Y.shape == (len(labels), 6) and Y.dtype == np.float64
    assert Y.tolist() == [[float(k == label) for k in range(6)] for label in labels]


def test_what_is_returned_is_no_view_of_what_was_given():
    X, y = np.arange(8.0).reshape(4, 2), np.arange(4)
    before = frozen([X, y])
    for array in [standardize(X), standardize(X, like=X), *train_test_split(X, y), one_hot(y, 4)]:
        assert not np.shares_memory(array, X) and not np.shares_memory(array, y)
        array[...] = 9
    assert frozen([X, y]) == before


@pytest.mark.parametrize("prepare", [standardize, lambda X: train_test_split(X, [0, 1, 2])])
def test_samples_that_are_no_matrix_are_refused_by_name(prepare):
    with pytest.raises(ValueError, match=r"^X must have shape \(N, n_columns\), got \(3,\)$"):
        prepare([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("call", "name"),
    [(lambda y: train_test_split(np.ones((2, 1)), y), "y"), (lambda labels: one_hot(labels, 2), "labels")],
    ids=["train_test_split", "one_hot"],
)
def test_masked_labels_are_refused_by_name(call, name):
    with pytest.raises(TypeError) as caught:
        call(np.ma.zeros(2, int))
    assert str(caught.value) == f"{name} must have a value everywhere, got a masked array; use {name}.filled(0)"


def test_every_feature_is_scaled_by_its_own_size():
    sizes = np.array([1e200, 1.0, 1e-200])
    np.testing.assert_allclose(standardize([sizes, -sizes]), [[1.0] * 3, [-1.0] * 3], rtol=1e-15)
