"""Signals at any moment of `train`, and input that is extreme but legal. Every NumPy warning is an error here."""

import itertools
import os
import re
import signal
import threading
import traceback
from pathlib import Path

import numpy as np
import pytest
from conftest import frozen, lasting, off_kinks, small_problem

from scratchnet import (
    SGD,
    Adam,
    AdamW,
    IdentitySquaredError,
    Momentum,
    Nesterov,
    NeuralNetwork,
    ReLU,
    RMSProp,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    TrainingDiverged,
    he,
    large,
    one_hot,
    sigmoid,
    small,
    softmax,
    standardize,
    tanh,
    xavier,
    zeros,
)

OUTPUTS = [SigmoidCrossEntropy, SoftmaxCrossEntropy, IdentitySquaredError]
OPTIMIZERS = [SGD, Momentum, Adam, Nesterov, RMSProp, AdamW]
DTYPES = [np.float32, np.float64]

every_output = pytest.mark.parametrize("output", OUTPUTS, ids=lambda c: c.__name__)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda c: c.__name__)
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda c: c.__name__)


def targets(output, N, d, seed=0):
    """Random targets of shape (N, d) that the output pair is made for."""
    rng = np.random.default_rng(seed)
    if output is SoftmaxCrossEntropy:
        return one_hot(rng.integers(0, d, N), d)
    return rng.integers(0, 2, (N, d)).astype(float) if output is SigmoidCrossEntropy else rng.standard_normal((N, d))


def quietly(net, X, y, **kwargs):
    net.train(X, y, **{"n_epochs": 3, "verbose": False, **kwargs})


def assert_views(net):
    """W, b, dW and db of every layer lie in theta and grad, one after the other."""
    for vector, prefix in ((net.theta, ""), (net.grad, "d")):
        arrays = [getattr(layer, prefix + name) for layer in net.layers for name in layer.params]
        assert all(np.shares_memory(array, vector) for array in arrays)
        assert frozen(np.concatenate([array.ravel() for array in arrays])) == frozen(vector)


def assert_sound(net, X, y):
    """Everything that was recorded is finite, and the network predicts and goes on."""
    for record in net.history:
        assert np.isfinite([record.loss, *record.grad_norms]).all(), record
        assert not np.isnan(record.update_ratios).any(), record  # infinite where weights started at zero
    assert np.isfinite(net.theta).all()
    assert np.isfinite(net.loss(X, y)) and np.isfinite(net.predict_proba(X)).all()
    assert len(net.predict(X)) == len(X)
    assert_views(net)


# Signals. Interrupts at an opcode, and from inside every part, are in test_training.py.


def state(net, optimizer):
    return lasting(net, optimizer)


def interrupt(number, frame):
    """Interrupt what runs, a moment later where that is coverage at work: it would leave a lock of its own locked."""
    at_work = ("collector.py", "control.py", "inorout.py")
    files = [Path(above.f_code.co_filename) for above, _ in traceback.walk_stack(frame)]
    if any(file.parent.name == "coverage" and file.name in at_work for file in files):
        threading.Timer(0.001, os.kill, (os.getpid(), number)).start()
    else:
        raise KeyboardInterrupt


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends the process on Windows, whatever the signal")
@pytest.mark.parametrize("output", OUTPUTS, ids=lambda c: c.__name__)
def test_a_signal_at_a_random_moment_leaves_whole_epochs(output):
    rng = np.random.default_rng(0)
    X, y = off_kinks((40, 3)), targets(output, 40, 2)

    def new():
        return NeuralNetwork([3, 16, 2], seed=1, output=output), Adam(0.01)

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        for _ in range(4):
            net, optimizer = new()
            timer = threading.Timer(rng.uniform(0.002, 0.05), os.kill, (os.getpid(), signal.SIGINT))
            with pytest.raises(KeyboardInterrupt):
                timer.start()
                quietly(net, X, y, n_epochs=10**9, batch_size=16, optimizer=optimizer)
            timer.join()
            assert_views(net)
            undisturbed, its_optimizer = new()
            if net.history:
                quietly(undisturbed, X, y, n_epochs=len(net.history), batch_size=16, optimizer=its_optimizer)
            assert state(net, optimizer) == state(undisturbed, its_optimizer)
            quietly(net, X, y, n_epochs=2, batch_size=16, optimizer=optimizer)
            quietly(undisturbed, X, y, n_epochs=2, batch_size=16, optimizer=its_optimizer)
            assert state(net, optimizer) == state(undisturbed, its_optimizer)
    finally:
        signal.signal(signal.SIGINT, previous)


# Sizes


@every_output
@every_dtype
@pytest.mark.parametrize(
    ("N", "dims", "batch_size"),
    [
        (1, [1, 1], None),
        (1, [3, 4, 10], 1),
        (5, [1000, 4, 2], 2),
        (7, [2, 1, 1, 1, 1], 3),
        (4, [2, 3, 2], 10**6),
        (6, [1, 30, 10], 1),
        (3, [2] + [1] * 64 + [2], None),
        (3, [2] + [8] * 64 + [2], None),
    ],
    ids=["one of all", "one sample", "1000 features", "width 1", "large batch", "batch of 1", "64 thin", "64 layers"],
)
def test_the_smallest_and_the_largest_sizes_train_in_their_dtype(N, dims, batch_size, dtype, output):
    X, Y = off_kinks((N, dims[0])), targets(output, N, dims[-1])
    for optimizer in OPTIMIZERS:
        net = NeuralNetwork(dims, seed=0, output=output, dtype=dtype, activation=Tanh)
        quietly(net, X, Y, batch_size=batch_size, optimizer=optimizer(0.01))
        assert net.theta.dtype == net.predict_proba(X).dtype == dtype and len(net.history) == 3
        assert_sound(net, X, Y)


@every_optimizer
def test_a_batch_larger_than_the_data_is_all_the_data(optimizer):
    X, y = small_problem(7)
    too_large, all_of_it = NeuralNetwork([3, 4, 1], seed=0), NeuralNetwork([3, 4, 1], seed=0)
    quietly(too_large, X, y, batch_size=8, optimizer=optimizer(0.1))
    quietly(all_of_it, X, y, batch_size=None, optimizer=optimizer(0.1))
    assert frozen(too_large) == frozen(all_of_it)


def test_the_gradient_of_64_layers_of_width_one_is_the_chain_rule_in_plain_numbers():
    net, x = NeuralNetwork([1] * 66, seed=3, activation=Tanh, init=he), 0.7
    W, a, slopes = [layer.W.item() for layer in net.layers[::2]], [x], []
    for w in W[:-1]:
        a.append(np.tanh(w * a[-1]))
        slopes.append(1 - a[-1] ** 2)
    Y_pred = net.forward([[x]])
    dX = net.backward(Y_pred, [[1]])
    upstream = Y_pred.item() - 1  # dL/dz of the last layer
    for k in range(64, -1, -1):
        np.testing.assert_allclose(net.layers[2 * k].dW.item(), upstream * a[k], rtol=1e-12)
        upstream *= W[k] * (slopes[k - 1] if k else 1)
    np.testing.assert_allclose(dX.item(), upstream, rtol=1e-12)


@pytest.mark.parametrize("init", [xavier, he, small, large, zeros], ids=lambda f: f.__name__)
@pytest.mark.parametrize("activation", [ReLU, Sigmoid, Tanh], ids=lambda c: c.__name__)
@every_dtype
def test_64_layers_start_anywhere_and_train_or_say_that_they_diverged(dtype, activation, init):
    X, y = small_problem(6)
    net = NeuralNetwork([3] + [8] * 64 + [1], seed=0, init=init, activation=activation, dtype=dtype)
    try:
        quietly(net, X, y, lr=0.1)
    except TrainingDiverged:
        assert init is large
    assert_sound(net, X, y)


# Data with nothing in it


@pytest.mark.parametrize("labels", [[1], [0], [1, 1, 1, 1], [0, 0, 0], [0, 1, 1, 1]], ids=str)
@pytest.mark.parametrize("feature", [0.0, 2.0, 1e-300, 5e-324])
@pytest.mark.parametrize("init", [xavier, zeros], ids=lambda f: f.__name__)
def test_from_constant_features_a_network_learns_how_frequent_the_labels_are(labels, feature, init):
    X, y = np.full((len(labels), 2), feature), np.reshape(labels, (-1, 1))
    net = NeuralNetwork([2, 3, 1], seed=0, init=init, activation=Sigmoid)
    quietly(net, X, y, n_epochs=400, optimizer=Adam(0.05))
    assert_sound(net, X, y)
    np.testing.assert_allclose(net.predict_proba(X), np.mean(labels), atol=0.02)


def test_with_softmax_too_and_with_regression():
    X, Y = np.full((5, 2), 3.0), one_hot(np.array([0, 2, 2, 2, 1]), 4)
    for output, tolerance in ((SoftmaxCrossEntropy, 0.02), (IdentitySquaredError, 1e-3)):
        net = NeuralNetwork([2, 3, 4], seed=0, output=output, activation=Tanh)
        quietly(net, X, Y, n_epochs=400, optimizer=Adam(0.05))
        np.testing.assert_allclose(net.predict_proba(X), np.tile(Y.mean(axis=0), (5, 1)), atol=tolerance)


@every_output
def test_one_class_only_is_learned(output):
    X = off_kinks((6, 2))
    Y = one_hot(np.full(6, 2), 3) if output is SoftmaxCrossEntropy else np.ones((6, 3))
    net = NeuralNetwork([2, 4, 3], seed=0, output=output, activation=Tanh)
    quietly(net, X, Y, n_epochs=300, optimizer=Adam(0.05))
    np.testing.assert_allclose(net.predict_proba(X), Y, atol=0.03)
    assert_sound(net, X, Y)


def test_a_softmax_of_one_class_is_always_sure_and_has_nothing_to_learn():
    net, X = NeuralNetwork([2, 3, 1], seed=0, output=SoftmaxCrossEntropy), off_kinks((4, 2))
    before = frozen(net.theta)
    quietly(net, X, np.ones((4, 1)), lr=0.5)
    assert frozen(net.theta) == before and net.loss_history == [0.0] * 3 and net.accuracy_history == [1.0] * 3


@every_dtype
@every_output
def test_features_that_are_next_to_nothing_count_as_nothing(output, dtype):
    """Down to the smallest number there is, the outcome is that of zeros, through training too."""
    Y = targets(output, 4, 2)
    tiny = np.finfo(dtype).smallest_subnormal
    for X in (np.full((4, 3), tiny), off_kinks((4, 3)) * np.finfo(dtype).tiny):
        net, of_zeros = (
            NeuralNetwork([3, 4, 2], seed=0, output=output, dtype=dtype, activation=Tanh) for _ in range(2)
        )
        quietly(net, X, Y, lr=0.5)
        quietly(of_zeros, np.zeros((4, 3)), Y, lr=0.5)
        np.testing.assert_allclose(net.theta, of_zeros.theta, rtol=0, atol=1e-7 if dtype == np.float32 else 1e-15)
        assert_sound(net, X, Y)


@every_output
def test_samples_that_come_a_hundred_times_weigh_as_much_as_once(output):
    X, Y = off_kinks((3, 2)), targets(output, 3, 2)
    once, often = (NeuralNetwork([2, 4, 2], seed=0, output=output) for _ in range(2))
    quietly(once, X, Y, lr=0.5)
    quietly(often, np.repeat(X, 100, axis=0), np.repeat(Y, 100, axis=0), lr=0.5)
    np.testing.assert_allclose(often.theta, once.theta, rtol=1e-12)


# The forms in which numbers come


INTEGERS = np.arange(12).reshape(4, 3) % 5 - 2
FORMS = {
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(map(tuple, a.tolist())),
    "Fortran order": np.asfortranarray,
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "unaligned": lambda a: np.frombuffer(b"?" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    "read-only": lambda a: np.frombuffer(a.tobytes()).reshape(a.shape),
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "int8": lambda a: a.astype(np.int8),
    "int64": lambda a: a.astype(np.int64),
    "float16": lambda a: a.astype(np.float16),
    "float32": lambda a: a.astype(np.float32),
    "longdouble": lambda a: a.astype(np.longdouble),
}


@every_dtype
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_numbers_in_any_form_give_what_plain_arrays_give(form, dtype):
    X, y = INTEGERS.astype(float), np.array([[1.0], [0.0], [0.0], [1.0]])
    X_form, y_form = form(X), form(y)
    before = frozen([X_form, y_form])
    plain, net = (NeuralNetwork([3, 4, 1], seed=0, activation=Tanh, dtype=dtype) for _ in range(2))
    quietly(plain, X, y, batch_size=3, validation=(X, y))
    quietly(net, X_form, y_form, batch_size=3, validation=(X_form, y_form))
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(net.theta, plain.theta, rtol=rtol)
    np.testing.assert_allclose([r[:4] for r in net.history], [r[:4] for r in plain.history], rtol=rtol)
    np.testing.assert_allclose(net.forward(X_form), plain.forward(X), rtol=rtol)
    dX = net.backward(net.predict_proba(X_form), y_form)
    np.testing.assert_allclose(dX, plain.backward(plain.predict_proba(X), y), rtol=10 * rtol)
    assert dX.dtype == dtype and dX.dtype.isnative
    assert frozen([X_form, y_form]) == before


# Learning rates


@every_dtype
@every_optimizer
@pytest.mark.parametrize("lr", [5e-324, 1e-300, 1e10, 1e38, 1e100, 1e200, 1.7e308])
def test_any_learning_rate_ends_in_a_sound_network_or_in_a_divergence(lr, optimizer, dtype):
    for output, activation in itertools.product(OUTPUTS, (ReLU, Tanh)):
        X, Y = off_kinks((5, 3)), targets(output, 5, 2)
        net = NeuralNetwork([3, 4, 2], seed=0, output=output, activation=activation, dtype=dtype)
        start = net.theta.copy()
        try:
            quietly(net, X, Y, optimizer=optimizer(lr), n_epochs=5)
        except TrainingDiverged:
            assert lr > 1
        if lr < 1:
            np.testing.assert_allclose(net.theta, start, rtol=0, atol=1e-290)
        assert_sound(net, X, Y)


# Overflow


def limit_of(dtype):
    return float(np.sqrt(np.finfo(dtype).max))


CALLS = {
    "forward": ("X", lambda net, X, y: net.forward(X)),
    "forward without training": ("X", lambda net, X, y: net.forward(X, training=False)),
    "predict_proba": ("X", lambda net, X, y: net.predict_proba(X)),
    "predict": ("X", lambda net, X, y: net.predict(X)),
    "accuracy": ("X", lambda net, X, y: net.accuracy(X, y)),
    "loss": ("X", lambda net, X, y: net.loss(X, y)),
    "train": ("X", lambda net, X, y: net.train(X, y, n_epochs=1)),
    "validation": ("validation X", lambda net, X, y: net.train(np.ones((3, 2)), y, n_epochs=1, validation=(X, y))),
}


@every_dtype
@pytest.mark.parametrize(("name", "call"), CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("sign", [1, -1])
def test_features_whose_square_overflows_are_refused_with_the_limit_and_a_remedy(name, call, sign, dtype, capsys):
    net, X, y = NeuralNetwork([2, 3, 1], seed=0, dtype=dtype), np.ones((3, 2)), np.ones((3, 1))
    quietly(net, X, y)
    X[1, 1] = sign * 1.001 * limit_of(dtype)
    before = frozen(net)
    with pytest.raises(ValueError, match=rf"^{name} must") as caught:
        call(net, X, y)
    assert "standardize" in str(caught.value)
    assert re.search(r"1\.8\d*e\+19" if dtype == np.float32 else r"1\.3\d*e\+154", str(caught.value))
    assert frozen(net) == before and capsys.readouterr().out == ""
    call(net, standardize(X), y)  # the advice works


@every_dtype
@every_output
@pytest.mark.parametrize("scale", [0.999, 1e-1, 1e-5, 1e-9])
def test_features_up_to_the_limit_train_or_diverge_and_never_warn(scale, output, dtype):
    X, Y = off_kinks((4, 2)), targets(output, 4, 2)
    X *= scale * limit_of(dtype) / np.abs(X).max()
    for optimizer in (SGD(0.01), SGD(1e-30), Adam(0.01)):
        net = NeuralNetwork([2, 16, 2], seed=0, output=output, dtype=dtype)
        assert np.isfinite(net.predict_proba(X)).all()
        try:
            quietly(net, X, Y, optimizer=optimizer)
        except TrainingDiverged:
            assert net.history == [] or len(net.history) < 3
        assert np.isfinite(net.theta).all()
        assert_views(net)


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-160, 1e160, 1e200, 1e307])
def test_features_of_any_size_are_standardized_to_the_same(scale):
    X = off_kinks((6, 2))
    np.testing.assert_allclose(standardize(X * scale), standardize(X), rtol=1e-2 if scale < 1e-310 else 1e-12)
    np.testing.assert_allclose(standardize(X[:3] * scale, like=X * scale), standardize(X[:3], like=X), rtol=1e-2)


def test_targets_whose_square_overflows_are_refused_by_the_squared_error():
    net, X, y = NeuralNetwork([2, 3, 1], seed=0, output=IdentitySquaredError), np.ones((3, 2)), np.full((3, 1), 1e200)
    for call in (
        lambda: net.loss(X, y),
        lambda: net.accuracy(X, y),
        lambda: quietly(net, X, y),
        lambda: quietly(net, X, X[:, :1], validation=(X, y)),
    ):
        with pytest.raises(ValueError, match=r"y must .*1\.3\d*e\+154"):
            call()


def test_a_loss_on_the_validation_data_that_is_not_finite_is_a_divergence():
    net, X, y = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError), np.ones((2, 1)), np.zeros((2, 1))
    net.layers[0].W = [[1e10]]
    before = frozen([net.theta, net.rng])
    with pytest.raises(TrainingDiverged, match="validation") as caught:
        quietly(net, X, y, lr=1e-30, validation=(1e150 * X, y))
    assert caught.value.epoch == 0 and net.history == [] and frozen([net.theta, net.rng]) == before


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e13), (np.float64, 1e80)])
def test_adam_does_not_stall_without_a_word_when_the_square_of_a_gradient_overflows(dtype, scale):
    net = NeuralNetwork([2, 4, 1], seed=0, output=IdentitySquaredError, dtype=dtype)
    before, X = net.theta.copy(), scale * off_kinks((4, 2))
    try:
        quietly(net, X, np.ones((4, 1)), optimizer=Adam(0.01))
    except TrainingDiverged:
        assert net.history == [] and frozen(net.theta) == frozen(before)
    else:
        W = slice(0, net.layers[0].W.size)
        assert (net.theta[W] != before[W]).any() and net.loss_history[-1] < net.loss_history[0]


def test_a_forward_pass_that_overflows_is_an_error_and_no_warning():
    net, X, y = NeuralNetwork([2] + [64] * 64 + [1], seed=0, init=large, dtype="f4"), off_kinks((3, 2)), np.ones((3, 1))
    for call in (net.forward, net.predict_proba, net.predict, lambda X: net.loss(X, y), lambda X: net.accuracy(X, y)):
        with pytest.raises((ArithmeticError, ValueError), match="overflow|finite"):
            call(X)


@every_output
@every_dtype
def test_a_loop_by_hand_that_diverges_ends_in_an_error_and_never_warns(output, dtype):
    X, Y = off_kinks((5, 3)), targets(output, 5, 2)
    net = NeuralNetwork([3, 64, 64, 2], seed=0, output=output, dtype=dtype)
    with pytest.raises((ArithmeticError, ValueError), match="overflow|finite"):
        for _ in range(30):
            net.backward(net.forward(X), Y)
            net.update(1e12 if dtype == np.float32 else 1e100)


def test_a_mean_loss_that_overflows_where_no_batch_does_is_a_divergence():
    """Every squared error is 1.4e308, half of which is a batch's loss, but their sum is too large."""
    net, X = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError), np.zeros((4, 1))
    with pytest.raises(TrainingDiverged):
        quietly(net, X, np.full((4, 1), 1.2e154), lr=1e-300, batch_size=1, optimizer=SGD(1e-300))
    assert net.history == []


@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e100, 1e150])
def test_norms_are_right_where_a_square_underflows_and_where_it_overflows_too_or_that_is_a_divergence(scale):
    """With W = 1, y = 0 and a single sample x the error is x, and dW = x²."""
    net = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError)
    net.layers[0].W = [[1.0]]
    try:
        quietly(net, [[scale]], [[0.0]], n_epochs=1, lr=5e-324)
    except TrainingDiverged:
        assert scale > 1
    else:
        assert net.grad_norms.tolist() == [[pytest.approx(scale**2, rel=1e-12, abs=0)]]


def test_the_largest_numbers_pass_through_the_functions():
    largest = np.finfo(float).max
    Z = np.array([[largest, -largest], [-largest, largest], [largest, largest]])
    assert sigmoid(Z).tolist() == [[1, 0], [0, 1], [1, 1]]
    assert tanh(Z).tolist() == [[1, -1], [-1, 1], [1, 1]]
    assert softmax(Z).tolist() == [[1, 0], [0, 1], [0.5, 0.5]]


# The caller's own settings for floating-point errors


@every_output
@every_optimizer
def test_the_callers_error_state_changes_nothing_and_is_left_as_it_was(output, optimizer):
    X, Y = off_kinks((5, 3)), targets(output, 5, 2)
    strict, plain = (NeuralNetwork([3, 4, 2], seed=0, output=output, activation=Tanh) for _ in range(2))
    quietly(plain, X, Y, optimizer=optimizer(0.1), validation=(X, Y))
    with np.errstate(all="raise"):
        before = np.geterr()
        quietly(strict, X, Y, optimizer=optimizer(0.1), validation=(X, Y))
        strict.backward(strict.forward(X), Y)
        assert np.geterr() == before
        with pytest.raises((TrainingDiverged, FloatingPointError)):
            quietly(strict, X, Y, optimizer=SGD(1e308), n_epochs=20)
        assert np.geterr() == before
    plain.backward(plain.forward(X), Y)
    kept = len(plain.history)
    assert frozen(strict.history[:kept]) == frozen(plain.history)


def test_an_underflow_that_the_caller_wants_raised_leaves_the_last_whole_epoch():
    X, y = small_problem(6)
    net = NeuralNetwork([3, 4, 1], seed=0)
    quietly(net, X, y)
    before = frozen([net.theta, net.history, net.rng])
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="underflow"):
        quietly(net, 1e5 * X, y)  # e^-|z| of a saturated output is 0
    assert frozen([net.theta, net.history, net.rng]) == before


# Batch normalization and dropout


@every_dtype
@every_output
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e18])
def test_batch_norm_trains_at_every_scale_or_says_that_it_diverged(scale, output, dtype):
    X, Y = scale * off_kinks((6, 3)), targets(output, 6, 2)
    net = NeuralNetwork([3, 4, 2], seed=0, output=output, dtype=dtype, batch_norm=True, dropout=0.2)
    try:
        quietly(net, X, Y, batch_size=3, validation=(X, Y))
    except TrainingDiverged:
        assert scale > 1
    assert_sound(net, X, Y)
    assert all(np.isfinite(norm.running_var).all() for norm in net.layers[1:-1:4])


@every_dtype
@pytest.mark.parametrize("feature", [0.0, 3.0, 1e-300, 1e15])
def test_batch_norm_of_constant_features_learns_how_frequent_the_labels_are(feature, dtype):
    X, y = np.full((4, 2), feature), np.array([[0.0], [1.0], [1.0], [1.0]])
    net = NeuralNetwork([2, 3, 1], seed=0, dtype=dtype, batch_norm=True)
    quietly(net, X, y, n_epochs=400, lr=0.5)
    assert_sound(net, X, y)
    assert abs(net.loss_history[-1] - 0.5623) < 0.01  # the entropy of 3/4


@every_dtype
def test_almost_everything_may_be_dropped(dtype):
    X, y = off_kinks((8, 3)), np.ones((8, 1))
    net = NeuralNetwork([3, 5, 1], seed=0, dtype=dtype, dropout=np.nextafter(1, 0))
    quietly(net, X, y, n_epochs=5)
    assert_sound(net, X, y)
