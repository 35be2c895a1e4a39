import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from conftest import frozen, normwise, off_kinks, slope, softplus
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import (
    IdentitySquaredError,
    Output,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    binary_cross_entropy,
    mse_grad,
    mse_loss,
    one_hot,
    sigmoid,
    softmax,
)

PAIRS = [SigmoidCrossEntropy, SoftmaxCrossEntropy, IdentitySquaredError]
every_pair = pytest.mark.parametrize("pair", [make() for make in PAIRS], ids=[make.__name__ for make in PAIRS])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def targets(pair, shape, seed=0):
    """Random targets of the kind that the pair is made for."""
    rng = np.random.default_rng(seed)
    if isinstance(pair, SigmoidCrossEntropy):
        return rng.integers(0, 2, shape).astype(float)
    if isinstance(pair, SoftmaxCrossEntropy):
        return one_hot(rng.integers(0, shape[-1], math.prod(shape[:-1])), shape[-1]).reshape(shape)
    return rng.standard_normal(shape)


def exact_loss(pair, Z, Y):
    """The loss with 50 digits, from its definition: a sum over the outputs, a mean over the samples."""
    total = Decimal(0)
    for z_row, y_row in zip(Z.tolist(), Y.tolist(), strict=True):
        z, y = [Decimal(v) for v in z_row], [Decimal(v) for v in y_row]
        if isinstance(pair, SigmoidCrossEntropy):
            total += sum((t * softplus(-v) + (1 - t) * softplus(v) for v, t in zip(z, y, strict=True)), Decimal(0))
        elif isinstance(pair, SoftmaxCrossEntropy):
            total += sum((v.exp() for v in z), Decimal(0)).ln() - sum(t * v for v, t in zip(z, y, strict=True))
        else:
            total += sum(((v - t) ** 2 for v, t in zip(z, y, strict=True)), Decimal(0)) / 2
    return float(total / len(Z))


# The published functions


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=1, max_size=12))
def test_mean_squared_error_and_its_gradient_are_the_fractions_of_the_formula(pairs):
    p, t = (np.array(v, float).reshape(-1, 1) for v in zip(*pairs, strict=True))
    exact = sum(Fraction(a - b) ** 2 for a, b in pairs) / len(pairs)
    assert math.isclose(mse_loss(p, t), exact, rel_tol=1e-14)
    np.testing.assert_allclose(mse_grad(p, t).ravel(), [float(Fraction(2 * (a - b), len(pairs))) for a, b in pairs])


def test_mean_squared_error_divides_by_all_entries_and_not_by_rows():
    p, t = np.array([[1.0, 2.0, 4.0], [0.0, 0.0, 1.0]]), np.zeros((2, 3))
    assert mse_loss(p, t) == (1 + 4 + 16 + 1) / 6
    np.testing.assert_allclose(mse_grad(p, t), np.array([[2.0, 4.0, 8.0], [0.0, 0.0, 2.0]]) / 6)
    assert normwise(mse_grad(p, t), slope(lambda: mse_loss(p, t), p)) < 1e-9


@given(st.lists(st.tuples(st.floats(1e-6, 1 - 1e-6), st.booleans()), min_size=1, max_size=9))
def test_binary_cross_entropy_is_the_mean_surprise(pairs):
    p, y = (np.array(v, float).reshape(-1, 1) for v in zip(*pairs, strict=True))
    exact = -math.fsum(math.log(a) if label else math.log1p(-a) for a, label in pairs) / len(pairs)
    assert math.isclose(binary_cross_entropy(p, y), exact, rel_tol=1e-9)


@both_dtypes
def test_binary_cross_entropy_clips_probabilities_at_1e_7(dtype):
    y = np.array([[1.0], [0.0]], dtype)
    wrong, right = binary_cross_entropy(1 - y, y), binary_cross_entropy(y, y)
    tolerance = 1e-12 if dtype == np.float64 else 0.02
    assert math.isclose(wrong, -math.log(1e-7), rel_tol=max(tolerance, 1e-9)) and wrong < 16.2
    assert math.isclose(right, -math.log1p(-1e-7), rel_tol=0.3 if dtype == np.float32 else 1e-6)


def test_binary_cross_entropy_of_mixed_labels_worked_by_hand():
    p, y = np.array([[0.5], [0.25]]), np.array([[1.0], [0.0]])
    assert math.isclose(binary_cross_entropy(p, y), (math.log(2) + math.log(4 / 3)) / 2)


@pytest.mark.parametrize("f", [mse_loss, binary_cross_entropy])
def test_a_loss_is_a_plain_float(f):
    assert type(f([[0.5]], [[1]])) is float


# The output pairs


@every_pair
@both_dtypes
@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0, 1e4])
def test_the_loss_from_logits_is_exact_and_stable(pair, dtype, size):
    Z = (size * off_kinks((6, 3))).astype(dtype)
    Z = np.clip(Z, -1e4, 1e4)
    Z[0] = [size, -size, size]
    Y = targets(pair, Z.shape).astype(dtype)
    loss = pair.loss(Z, Y)
    assert loss.dtype == dtype and np.shape(loss) == ()
    assert math.isclose(loss, exact_loss(pair, Z, Y), rel_tol=40 * np.finfo(dtype).eps)


@both_dtypes
@pytest.mark.parametrize(
    ("z", "y", "expected"),
    [(1e4, 0, 1e4), (-1e4, 1, 1e4), (1e4, 1, 0.0), (-1e4, 0, 0.0), (0, 0, math.log(2)), (0, 1, math.log(2))],
)
def test_a_sure_and_wrong_answer_costs_its_logit_and_a_sure_and_right_one_nothing(z, y, expected, dtype):
    Z, Y = np.array([[z]], dtype), np.array([[y]], dtype)
    assert math.isclose(SigmoidCrossEntropy().loss(Z, Y), expected, rel_tol=1e-6)
    Z, Y = np.array([[z, 0]], dtype), np.array([[y, 1 - y]], dtype)
    assert math.isclose(SoftmaxCrossEntropy().loss(Z, Y), expected, rel_tol=1e-6)


@pytest.mark.parametrize("z", [-40.0, -37.0, -20.0, 20.0, 36.0, 40.0, 700.0])
def test_small_losses_keep_all_their_digits(z):
    y = float(z > 0)
    loss = SigmoidCrossEntropy().loss(np.array([[z]]), np.array([[y]]))
    assert math.isclose(loss, math.log1p(math.exp(-abs(z))), rel_tol=1e-14)


@every_pair
@both_dtypes
def test_predictions_and_gradients_are_finite_and_bounded_for_huge_logits(pair, dtype):
    Z = np.array([[1e4, -1e4, 1e4], [-1e4, 0, 1e4]], dtype)
    Y = targets(pair, Z.shape).astype(dtype)
    P = pair.forward(Z)
    dZ = pair.backward(P, Y)
    assert P.dtype == dZ.dtype == dtype and np.isfinite(P).all() and np.isfinite(dZ).all()
    if not isinstance(pair, IdentitySquaredError):
        assert (P >= 0).all() and (P <= 1).all() and np.abs(dZ).max() <= 0.5


@every_pair
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (4, 3), (1, 4)], ids=str)
def test_the_gradient_agrees_with_differences_of_the_loss(pair, shape):
    Z, Y = off_kinks(shape), targets(pair, shape)
    if isinstance(pair, SoftmaxCrossEntropy) and shape[-1] == 1:
        assert not pair.backward(pair.forward(Z), Y).any()  # a single class has probability 1
        return
    dZ = pair.backward(pair.forward(Z), Y)
    assert normwise(dZ, slope(lambda: float(pair.loss(Z, Y)), Z)) < 1e-7


@every_pair
def test_the_gradient_is_the_difference_divided_once_by_the_number_of_samples(pair):
    Z, Y = off_kinks((4, 3)), targets(pair, (4, 3))
    P = pair.forward(Z)
    np.testing.assert_array_equal(pair.backward(P, Y), (P - Y) / 4)


@every_pair
def test_a_duplicated_batch_has_the_same_loss_and_half_the_gradient_a_row(pair):
    Z, Y = off_kinks((4, 3)), targets(pair, (4, 3))
    ZZ, YY = np.concatenate([Z, Z]), np.concatenate([Y, Y])
    assert math.isclose(pair.loss(ZZ, YY), pair.loss(Z, Y), rel_tol=1e-14)
    dZ = pair.backward(pair.forward(Z), Y)
    np.testing.assert_allclose(pair.backward(pair.forward(ZZ), YY), np.concatenate([dZ, dZ]) / 2, rtol=1e-14)


@every_pair
@pytest.mark.parametrize("K", [1, 3])
def test_a_leading_axis_gives_what_separate_runs_give(pair, K):
    Z, Y = off_kinks((K, 4, 3)), targets(pair, (K, 4, 3))
    P, loss = pair.forward(Z), pair.loss(Z, Y)
    dZ = pair.backward(P, Y)
    assert np.shape(loss) == (K,) and P.shape == dZ.shape == (K, 4, 3)
    for k in range(K):
        np.testing.assert_allclose(P[k], pair.forward(Z[k]), rtol=1e-14)
        np.testing.assert_allclose(loss[k], pair.loss(Z[k], Y[k]), rtol=1e-14)
        np.testing.assert_allclose(dZ[k], pair.backward(P[k], Y[k]), rtol=1e-14)
        np.testing.assert_array_equal(pair.predict(P)[k], pair.predict(P[k]))


@every_pair
def test_what_a_pair_returns_is_new_and_its_arguments_stay(pair):
    Z, Y = off_kinks((4, 3)), targets(pair, (4, 3))
    before = frozen([Z, Y])
    P = pair.forward(Z)
    dZ = pair.backward(P, Y)
    pair.loss(Z, Y)
    P[...], dZ[...] = 9, 9
    assert frozen([Z, Y]) == before


def test_predictions_of_the_pairs_are_sigmoid_softmax_and_the_logits_themselves():
    Z = off_kinks((4, 3))
    np.testing.assert_array_equal(SigmoidCrossEntropy().forward(Z), sigmoid(Z))
    np.testing.assert_array_equal(SoftmaxCrossEntropy().forward(Z), softmax(Z))
    np.testing.assert_array_equal(IdentitySquaredError().forward(Z), Z)


def test_labels_are_one_from_a_probability_of_one_half():
    P = np.array([[0.0], [0.4999999], [0.5], [0.5000001], [1.0]])
    labels = SigmoidCrossEntropy().predict(P)
    assert labels.tolist() == [[0], [0], [1], [1], [1]] and labels.dtype.kind == "i"


def test_softmax_predicts_the_most_probable_class_and_regression_the_value():
    P = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    assert SoftmaxCrossEntropy().predict(P).tolist() == [1, 0]
    assert IdentitySquaredError().predict(P).tolist() == P.tolist()


def test_accuracy_is_the_share_of_right_samples():
    P, Y = np.array([[0.9], [0.2], [0.5], [0.4]]), np.array([[1.0], [0.0], [0.0], [1.0]])
    assert SigmoidCrossEntropy().accuracy(P, Y) == 0.5
    P = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.1, 0.1, 0.8]])
    assert math.isclose(SoftmaxCrossEntropy().accuracy(P, one_hot(np.array([1, 2, 2]), 3)), 2 / 3)
    assert math.isnan(IdentitySquaredError().accuracy(P, P))


def test_a_sample_with_several_labels_is_right_when_all_of_them_are():
    P, Y = np.array([[0.9, 0.1], [0.9, 0.9]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    assert SigmoidCrossEntropy().accuracy(P, Y) == 0.5


def test_cross_entropy_of_two_classes_is_the_same_as_sigmoid_or_as_softmax():
    z, y = off_kinks((7, 1)), np.array([[0.0], [1.0], [1.0], [0.0], [1.0], [0.0], [0.0]])
    two = SoftmaxCrossEntropy().loss(np.hstack([np.zeros_like(z), z]), np.hstack([1 - y, y]))
    assert math.isclose(SigmoidCrossEntropy().loss(z, y), two, rel_tol=1e-13)
    assert math.isclose(binary_cross_entropy(sigmoid(z), y), two, rel_tol=1e-9)


def test_the_base_class_has_no_loss_of_its_own():
    Z = np.zeros((2, 1))
    for call in (lambda: Output().forward(Z), lambda: Output().loss(Z, Z), lambda: Output().predict(Z)):
        with pytest.raises(NotImplementedError):
            call()


def test_a_reader_can_write_an_output_pair():
    class HalfSquared(Output):
        def forward(self, Z):
            return Z.copy()

        def loss(self, Z, Y):
            return ((Z - Y) ** 2).sum(axis=(-2, -1)) / (2 * Y.shape[-2])

        def predict(self, Y_pred):
            return Y_pred.round()

    Z, Y = off_kinks((4, 2)), off_kinks((4, 2), seed=1)
    pair = HalfSquared()
    assert normwise(pair.backward(pair.forward(Z), Y), slope(lambda: float(pair.loss(Z, Y)), Z)) < 1e-7
    assert pair.accuracy(Y, Y) == 1.0 and pair.check_targets(Y) is None


@pytest.mark.parametrize("pair", [SigmoidCrossEntropy(), SoftmaxCrossEntropy(), IdentitySquaredError()])
@pytest.mark.parametrize("method", ["loss", "backward"])
def test_a_pair_calls_the_targets_y(pair, method):
    with pytest.raises(ValueError, match=r"^Y must have shape \(4, 3\), got \(4, 1\)"):
        getattr(pair, method)(np.ones((4, 3)), np.ones((4, 1)))


WORDS, VECTOR = np.full((2, 1), "a"), np.ones(2)


@every_pair
@pytest.mark.parametrize(
    ("method", "wrong", "message"),
    [
        ("loss", WORDS, "Z must hold real numbers, got ndarray of dtype <U1"),
        ("loss", VECTOR, "Z must have shape (N, d_out), got (2,)"),
        ("backward", VECTOR, "Y_pred must have shape (N, d_out), got (2,)"),
        ("predict", WORDS, "Y_pred must hold real numbers, got ndarray of dtype <U1"),
    ],
)
def test_the_whole_message_of_what_a_pair_refuses(pair, method, wrong, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        getattr(pair, method)(*[wrong] * (2 if method in ("loss", "backward") else 1))
    assert str(caught.value) == message


def test_regression_calls_its_logits_Z():
    with pytest.raises(TypeError) as caught:
        IdentitySquaredError().forward(WORDS)
    assert str(caught.value) == "Z must hold real numbers, got ndarray of dtype <U1"


@pytest.mark.parametrize(
    ("pair", "bad", "rest"),
    [
        (SigmoidCrossEntropy(), 2.0, "must hold only the labels 0 and 1, got 2"),
        (
            SoftmaxCrossEntropy(),
            0.5,
            "must be one-hot, a single 1 in every row, got the row [0.5]; see one_hot(labels, n_classes)",
        ),
        (
            IdentitySquaredError(),
            1e200,
            "must stay below 1.3e+154, whose square float64 can hold, got 1e+200: measure it in a larger unit",
        ),
    ],
)
def test_a_refused_target_is_called_y_or_by_the_name_that_is_given(pair, bad, rest):
    for arguments, name in (((), "y"), (("labels",), "labels")):
        with pytest.raises(ValueError) as caught:
            pair.check_targets(np.array([[1.0], [bad]]), *arguments)
        assert str(caught.value) == f"{name} {rest}"


@every_pair
def test_targets_are_checked_row_by_row_along_a_leading_axis_too(pair):
    Y = targets(pair, (2, 4, 3))
    assert pair.check_targets(Y) is None
    Y[1, 3, 0] = 1e200
    with pytest.raises(ValueError, match="^y must"):
        pair.check_targets(Y)


@pytest.mark.parametrize("pair", [SigmoidCrossEntropy(), SoftmaxCrossEntropy()])
@pytest.mark.parametrize("wrong", [-1, 2])
def test_a_loss_refuses_labels_out_of_range(pair, wrong):
    with pytest.raises(ValueError, match=r"Y must hold labels between 0 and 1, got .*(-1|2)"):
        pair.loss(np.zeros((2, 3)), np.array([[1, 0, wrong], [0, 1, 0]]))
