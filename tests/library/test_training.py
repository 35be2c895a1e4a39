import collections
import copy
import math
import pickle
import random
import re
import threading
import types

import numpy as np
import pytest
from conftest import frozen, interrupted, lasting, small_problem
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import (
    SGD,
    Adam,
    AdamW,
    Epoch,
    IdentitySquaredError,
    Layer,
    LinearLayer,
    Momentum,
    Nesterov,
    NeuralNetwork,
    Optimizer,
    ReLU,
    RMSProp,
    SoftmaxCrossEntropy,
    Tanh,
    TrainingDiverged,
    checks,
    follow,
    make_blobs,
    one_hot,
    standardize,
    step_decay,
    train_together,
    training,
    zeros,
)
from scratchnet.training import contents, log_line, ratio, recorded, recorded_by_layer, round_step
from scratchnet.training import norm as norm_of

OPTIMIZERS = {
    "none": lambda: None,
    "SGD": lambda: SGD(0.3),
    "Momentum": lambda: Momentum(0.3),
    "Adam": lambda: Adam(0.05),
    "Nesterov": lambda: Nesterov(0.3),
    "RMSProp": lambda: RMSProp(0.05),
    "AdamW": lambda: AdamW(0.05),
}
every_optimizer = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())


def new_net(**kwargs):
    return NeuralNetwork([3, 5, 4, 1], seed=3, **kwargs)


def quietly(net, X, y, **kwargs):
    return net.train(X, y, **{"lr": 0.3, "n_epochs": 4, "batch_size": 5, "verbose": False, **kwargs})


def norm(v):
    return math.sqrt(math.fsum(float(e) ** 2 for e in np.ravel(v)))


# The loop, written out a second time


@pytest.mark.parametrize("batch_size", [1, 4, 5, 12, 13, 14, None])
def test_training_is_the_loop_written_out(problem, batch_size):
    X, y = problem
    N, lr = len(X), 0.3
    X_val, y_val = X[:4] + 0.1, y[:4]
    net, slow, rng = new_net(), new_net(), np.random.default_rng(99)
    quietly(net, X, y, batch_size=batch_size, rng=np.random.default_rng(99), validation=(X_val, y_val))
    linear = slow.layers[::2]
    for epoch in range(4):
        order = rng.permutation(N)
        W_start = [layer.W.copy() for layer in linear]
        losses, gradients = [], [np.zeros_like(layer.W) for layer in linear]
        for first in range(0, N, batch_size or N):
            rows = order[first : first + (batch_size or N)]
            losses += [len(rows) * slow.loss(X[rows], y[rows])]
            slow.backward(slow.forward(X[rows]), y[rows])
            for total, layer in zip(gradients, linear, strict=True):
                total += len(rows) / N * layer.dW
            slow.update(lr)
        record = net.history[epoch]
        assert math.isclose(record.loss, math.fsum(losses) / N, rel_tol=1e-12)
        assert record.accuracy == slow.accuracy(X, y)
        assert math.isclose(record.validation_loss, slow.loss(X_val, y_val), rel_tol=1e-12)
        assert record.validation_accuracy == slow.accuracy(X_val, y_val)
        np.testing.assert_allclose(record.grad_norms, [norm(g) for g in gradients], rtol=1e-10)
        ratios = [norm(layer.W - W) / norm(W) for layer, W in zip(linear, W_start, strict=True)]
        np.testing.assert_allclose(record.update_ratios, ratios, rtol=1e-9)
    np.testing.assert_allclose(net.theta, slow.theta, rtol=1e-11)
    assert frozen(rng) != frozen(np.random.default_rng(99))


@pytest.mark.parametrize("options", [{"batch_norm": True}, {"dropout": 0.3}, {"batch_norm": True, "dropout": 0.3}])
def test_training_with_batch_norm_and_dropout_is_the_loop_written_out(problem, options):
    X, y = problem
    net, slow, rng = new_net(**options), new_net(**options), np.random.default_rng(99)
    quietly(net, X, y, rng=np.random.default_rng(99), validation=(X[:4], y[:4]))
    for epoch in range(4):
        order, losses = rng.permutation(13), []
        for rows in (order[:5], order[5:10], order[10:]):
            P = slow.forward(X[rows])
            losses += [-float(np.sum(y[rows] * np.log(P) + (1 - y[rows]) * np.log(1 - P)))]
            slow.backward(P, y[rows])
            slow.update(0.3)
        record = net.history[epoch]
        assert math.isclose(record.loss, math.fsum(losses) / 13, rel_tol=1e-9)
        assert record.accuracy == slow.accuracy(X, y)  # without dropout, by the running statistics
        assert math.isclose(record.validation_loss, slow.loss(X[:4], y[:4]), rel_tol=1e-9)
    np.testing.assert_allclose(net.theta, slow.theta, rtol=1e-9)
    assert lasting(net)[3] == lasting(slow)[3]  # what the layers have in `state`


def batches_of(net, X, y, **kwargs):
    """Train and return what came in, epoch by epoch: a list of batches (rows of X) for each."""
    seen, epochs, forward = [], [], net.layers[0].forward

    def spy(X, training=True):
        if training:
            seen.append(X.copy())
        return forward(X, training)

    def close_epoch(net, epoch):
        epochs.append(seen[:])
        seen.clear()

    net.layers[0].forward = spy
    quietly(net, X, y, on_epoch=close_epoch, **kwargs)
    return epochs


@given(st.integers(1, 9), st.integers(1, 12))
def test_every_epoch_sees_every_sample_once_and_keeps_the_short_last_batch(N, batch_size):
    X, y = np.arange(3.0 * N).reshape(N, 3) / 30, np.ones((N, 1))
    for batches in batches_of(new_net(), X, y, batch_size=batch_size, n_epochs=2):
        lengths = [len(batch) for batch in batches]
        assert lengths == [batch_size] * (N // batch_size) + [N % batch_size] * (N % batch_size > 0)
        assert sorted(np.concatenate(batches).tolist()) == X.tolist()


def test_every_epoch_shuffles_anew_with_the_permutation_of_the_generator(problem):
    X, y = problem
    rng = np.random.default_rng(4)
    orders = [np.concatenate(batches).tolist() for batches in batches_of(new_net(), X, y, rng=np.random.default_rng(4))]
    assert orders == [X[rng.permutation(13)].tolist() for _ in range(4)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])


def test_pairs_of_sample_and_label_stay_together():
    X = np.linspace(-1, 1, 12).reshape(-1, 1)
    net = NeuralNetwork([1, 1], seed=0)
    net.train(X, (X > 0).astype(float), lr=1.0, n_epochs=200, batch_size=4, verbose=False)
    assert net.accuracy(X, (X > 0).astype(float)) == 1.0


@pytest.mark.parametrize("N", [1, 13, 300])
def test_without_a_batch_size_all_samples_are_one_batch(N):
    X, y = small_problem(N) if N > 1 else (np.ones((1, 3)), np.ones((1, 1)))
    assert [len(batch) for epoch in batches_of(new_net(), X, y, batch_size=None) for batch in epoch] == [N] * 4


# What is recorded


def test_history_is_a_named_tuple_of_plain_numbers_for_every_epoch(problem):
    X, y = problem
    net = new_net(dtype=np.float32)
    assert quietly(net, X, y, validation=(X[:4], y[:4])) is None
    assert len(net.history) == 4
    for record in net.history:
        assert isinstance(record, Epoch)
        assert all(type(v) is float for v in (*record[:4], *record.grad_norms, *record.update_ratios))
        assert len(record.grad_norms) == len(record.update_ratios) == 3
        hash(record)
    assert net.loss_history == [record.loss for record in net.history]
    assert net.accuracy_history == [record.accuracy for record in net.history]
    assert net.validation_loss_history == [record.validation_loss for record in net.history]
    assert net.validation_accuracy_history == [record.validation_accuracy for record in net.history]
    assert net.grad_norms.tolist() == [list(record.grad_norms) for record in net.history]
    assert net.update_ratios.tolist() == [list(record.update_ratios) for record in net.history]
    assert net.grad_norms.shape == net.update_ratios.shape == (4, 3)


def test_without_validation_data_there_is_none(problem):
    net = new_net()
    quietly(net, *problem)
    assert net.validation_loss_history == net.validation_accuracy_history == [None] * 4


@pytest.mark.parametrize(("make", "field"), [(recorded, "loss"), (recorded_by_layer, "grad_norms")])
def test_what_is_recorded_is_listed_by_a_property_that_says_what_it_holds(net, make, field):
    listed = make(field, "Of every epoch.")
    assert listed.__doc__ == "Of every epoch."
    expected = [getattr(epoch, field) for epoch in net.history]
    np.testing.assert_array_equal(np.array(listed.fget(net)), np.array(expected), strict=True)


def test_validation_may_come_and_go_between_calls(problem):
    X, y = problem
    net = new_net()
    quietly(net, X, y, n_epochs=1)
    quietly(net, X, y, n_epochs=1, validation=[X[:2], y[:2]])
    assert [loss is None for loss in net.validation_loss_history] == [True, False]


def test_validation_does_not_influence_training(problem):
    X, y = problem
    with_it, without = new_net(), new_net()
    quietly(with_it, X, y, validation=(X[:4], y[:4]))
    quietly(without, X, y)
    assert frozen(with_it.theta) == frozen(without.theta) and with_it.loss_history == without.loss_history


def test_weights_that_start_at_zero_and_stay_there_have_changed_by_nothing():
    X, y = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([[0.0], [1.0]])
    net = NeuralNetwork([2, 3, 1], seed=0, init=zeros)
    quietly(net, X, y, n_epochs=2)
    assert net.update_ratios.tolist() == [[0.0, 0.0]] * 2 and net.grad_norms.tolist() == [[0.0, 0.0]] * 2
    net = NeuralNetwork([2, 1], seed=0, init=zeros)
    quietly(net, X[:1], y[:1], n_epochs=2)
    assert net.update_ratios[0, 0] == math.inf and 0 < net.update_ratios[1, 0] < math.inf


def test_gradient_norms_are_those_of_the_mean_gradient_and_not_of_the_last_batch():
    """With so small a step that nothing moves, the mean of the batches is the gradient of all the data."""
    X, y = small_problem(13)
    net = new_net()
    net.backward(net.forward(X), y)
    expected = [norm(layer.dW) for layer in net.layers[::2]]
    quietly(net, X, y, lr=1e-12, n_epochs=1, batch_size=4)
    np.testing.assert_allclose(net.grad_norms[0], expected, rtol=1e-9)
    assert math.isclose(net.loss_history[0], new_net().loss(X, y), rel_tol=1e-9)


def test_norms_do_not_overflow_where_float32_gradients_are_large_but_finite():
    X = np.array([[1e10], [2e10]])
    single, double = (NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError, dtype=t) for t in ("f4", "f8"))
    for net in (single, double):
        net.train(X, X, lr=1e-22, n_epochs=2, verbose=False)  # the norm is 1e20, its square too large for float32
    np.testing.assert_allclose(single.grad_norms, double.grad_norms, rtol=1e-4)


# Randomness


@every_optimizer
def test_the_same_seed_gives_the_same_history_to_the_last_bit(problem, make):
    first, second = new_net(), new_net()
    quietly(first, *problem, optimizer=make())
    quietly(second, *problem, optimizer=make())
    assert frozen(first) == frozen(second)
    other = NeuralNetwork([3, 5, 4, 1], seed=4)
    quietly(other, *problem, optimizer=make())
    assert other.loss_history != first.loss_history


def test_a_generator_that_is_given_shuffles_instead_of_the_own_one(problem):
    net = new_net()
    own, given_one = frozen(net.rng), np.random.default_rng(8)
    quietly(net, *problem, rng=given_one)
    assert frozen(net.rng) == own
    reference = np.random.default_rng(8)
    for _ in range(4):
        reference.permutation(13)
    assert frozen(given_one) == frozen(reference)
    other = new_net()
    quietly(other, *problem)
    assert frozen(other.rng) != own and other.loss_history != net.loss_history


@pytest.mark.parametrize(
    "bits", [np.random.PCG64, np.random.MT19937, np.random.SFC64, np.random.Philox], ids=lambda c: c.__name__
)
def test_any_numpy_generator_will_do_and_is_restored_after_an_interrupt(problem, bits):
    rng, net = np.random.Generator(bits(3)), new_net()
    quietly(net, *problem, rng=rng, n_epochs=1)
    before = frozen(rng)

    class Stops(SGD):
        def step(self, theta, grad):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quietly(net, *problem, rng=rng, optimizer=Stops(0.1))
    assert frozen(rng) == before


def test_the_global_generator_of_numpy_is_left_alone(problem):
    before = repr(np.random.get_state())  # noqa: NPY002
    quietly(new_net(), *problem)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


# Going on


@every_optimizer
@pytest.mark.parametrize("parts", [(3, 4), (1, 1, 5), (1,) * 7], ids=str)
def test_a_second_call_goes_on_as_if_there_had_been_one(problem, make, parts):
    whole, pieces, optimizer = new_net(), new_net(), make()
    quietly(whole, *problem, n_epochs=7, optimizer=make())
    for n_epochs in parts:
        quietly(pieces, *problem, n_epochs=n_epochs, optimizer=optimizer)
    assert frozen(pieces) == frozen(whole)


def test_on_epoch_is_called_after_every_epoch_numbered_over_all_calls(problem):
    net, calls = new_net(), []

    def on_epoch(seen, epoch):
        calls.append((seen is net, epoch, len(net.history)))

    quietly(net, *problem, n_epochs=3, on_epoch=on_epoch)
    quietly(net, *problem, n_epochs=2, on_epoch=on_epoch)
    assert calls == [(True, k, k + 1) for k in range(5)]


def test_on_epoch_may_look_at_everything_without_changing_the_run(problem):
    X, y = problem
    watched, plain, thetas = new_net(), new_net(), []

    def look(net, epoch):
        net.predict(X)
        net.accuracy(X, y)
        net.backward(net.forward(X), y)
        thetas.append(net.theta.copy())

    quietly(watched, X, y, on_epoch=look)
    quietly(plain, X, y)
    assert frozen(watched.theta) == frozen(plain.theta) and frozen(watched.history) == frozen(plain.history)
    assert frozen(thetas[-1]) == frozen(plain.theta) and frozen(thetas[0]) != frozen(thetas[1])


def test_an_optimizer_that_is_given_brings_its_own_rate(problem):
    by_optimizer, by_lr = new_net(), new_net()
    quietly(by_optimizer, *problem, lr=123.0, optimizer=SGD(0.3))
    quietly(by_lr, *problem, lr=0.3)
    assert frozen(by_optimizer) == frozen(by_lr)


def test_any_object_with_a_step_will_do(problem):
    class SignDescent:
        def step(self, theta, grad):
            theta -= 0.01 * np.sign(grad)

    net = new_net()
    before = net.theta.copy()
    quietly(net, *problem, n_epochs=1, batch_size=None, optimizer=SignDescent())
    np.testing.assert_allclose(np.abs(net.theta - before)[net.grad != 0], 0.01, rtol=1e-9)


# The log


def test_the_log_names_epoch_loss_and_accuracy_on_stdout_at_the_first_round_and_last_epochs(problem, capsys):
    net = new_net()
    net.train(*problem, lr=0.1, n_epochs=3000)
    out, err = capsys.readouterr()
    epochs = [int(re.search(r"epoch +(\d+)", line).group(1)) for line in out.splitlines()]
    assert epochs == [0, 500, 1000, 1500, 2000, 2500, 2999] and err == ""
    for line, epoch in zip(out.splitlines(), epochs, strict=True):
        assert f"loss {net.loss_history[epoch]:.4f}" in line and f"accuracy {net.accuracy_history[epoch]:.3f}" in line
        assert line.count("loss") == line.count("accuracy") == 1


def test_the_log_of_a_second_call_counts_on_and_shows_validation(problem, capsys):
    X, y = problem
    net = new_net()
    quietly(net, X, y, n_epochs=7)
    assert capsys.readouterr() == ("", "")
    quietly(net, X, y, n_epochs=3, verbose=True, validation=(X[:4], y[:4]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["7", "8", "9"]
    for line, record in zip(lines, net.history[7:], strict=True):
        assert [float(v) for v in re.findall(r"loss (\S+)", line)] == [
            round(record.loss, 4),
            round(record.validation_loss, 4),
        ]
        assert re.findall(r"accuracy (\S+)", line) == [f"{record.accuracy:.3f}", f"{record.validation_accuracy:.3f}"]


@pytest.mark.parametrize("n_epochs", [1, 2, 5, 6, 7, 10, 12, 13, 59, 61, 100])
def test_the_log_is_short_and_always_has_the_first_and_the_last_epoch(n_epochs, capsys):
    net = NeuralNetwork([1, 1], seed=0)
    net.train([[0.0], [1.0]], [[0], [1]], n_epochs=n_epochs)
    epochs = [int(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert epochs[0] == 0 and epochs[-1] == n_epochs - 1 and len(epochs) <= 7
    steps = {b - a for a, b in zip(epochs[:-1], epochs[1:-1], strict=False)}
    assert len(steps) <= 1 and all(str(step).strip("0") in ("1", "2", "5") for step in steps)


def test_verbose_is_the_default_and_changes_nothing_but_the_log(problem, capsys):
    loud, quiet = new_net(), new_net()
    loud.train(*problem, n_epochs=4)
    assert capsys.readouterr().out
    quiet.train(*problem, n_epochs=4, verbose=False)
    assert frozen(loud) == frozen(quiet)


# Divergence


class ExplodesAt(SGD):
    """Takes steps that change nothing, and at the n-th one an endless one."""

    def __init__(self, n):
        super().__init__(0.1)
        self.left = n

    def step(self, theta, grad):
        self.left -= 1
        if self.left == 0:
            theta += 1e200


def diverging(dtype=np.float64):
    X, y = small_problem()
    return NeuralNetwork([3, 5, 1], seed=0, output=IdentitySquaredError, dtype=dtype), X, y


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_optimizer
def test_divergence_names_epoch_batch_and_remedy_and_leaves_the_last_whole_epoch(make, dtype):
    net, X, y = diverging(dtype)
    optimizer, rng = make(), np.random.default_rng(1)
    quietly(net, X, y, lr=0.01, n_epochs=3, optimizer=optimizer, rng=rng)
    lr = 1e30 if dtype == np.float32 else 1e200
    if optimizer is not None:
        optimizer.lr = lr
    before, kept = frozen([net.theta, net.history]), frozen([optimizer, rng])
    with pytest.raises(TrainingDiverged) as caught:
        quietly(net, X, y, lr=lr, n_epochs=50, optimizer=optimizer, rng=rng)
    assert frozen([net.theta, net.history]) == before and frozen([optimizer, rng]) == kept
    assert caught.value.epoch == 3 and 0 <= caught.value.batch <= 2
    message = str(caught.value)
    for part in (
        "epoch 3",
        f"batch {caught.value.batch}",
        f"below {lr:g}",
        f"such as {lr / 10:g}",
        "smaller initial weights",
    ):
        assert part in message
    assert isinstance(caught.value, ArithmeticError)
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(np.zeros((13, 1)), y)
    if optimizer is not None:
        optimizer.lr = 0.01
    quietly(net, X, y, lr=0.01, n_epochs=2, optimizer=optimizer, rng=rng)  # and it goes on
    assert len(net.history) == 5 and np.isfinite(net.theta).all()


def test_divergence_counts_epochs_and_batches_from_zero_and_stops_at_the_first_loss_that_is_not_finite():
    """The weight is 1, the target 0: every step of length 1e200 multiplies the error, whose square overflows."""
    net = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError)
    net.layers[0].W = [[1.0]]
    with pytest.raises(TrainingDiverged, match="the loss became inf in epoch 0, batch 1") as caught:
        net.train(np.ones((6, 1)), np.zeros((6, 1)), lr=1e200, n_epochs=2, batch_size=2, verbose=False)
    assert (caught.value.epoch, caught.value.batch) == (0, 1)
    assert net.theta.tolist() == [1.0, 0.0] and net.history == []


def test_parameters_that_overflow_in_the_last_batch_are_found_before_the_epoch_is_recorded():
    net = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError)
    with pytest.raises(TrainingDiverged, match="epoch 0, batch 2"):
        quietly(net, np.ones((6, 1)), np.zeros((6, 1)), batch_size=2, optimizer=ExplodesAt(3))
    assert net.history == []


def test_a_parameter_that_is_not_finite_behind_a_dead_unit_is_found():
    class Poison:
        def step(self, theta, grad):
            theta[3] = -np.inf  # the shift of a hidden unit: ReLU makes 0 of it, the loss stays finite

    net, X, y = NeuralNetwork([3, 1, 1], seed=0), *small_problem()
    before = frozen(net.theta)
    with pytest.raises(TrainingDiverged, match="a parameter overflowed in epoch 0") as caught:
        quietly(net, X, y, optimizer=Poison())
    assert frozen(net.theta) == before and net.history == []
    assert "Try a smaller learning rate" in str(caught.value)


# Interrupts


class Stop(Exception):
    """An error of the reader's own."""


def reference_run(X, y, make, n_epochs):
    """θ, optimizer and generator after 0, 1 … n_epochs whole epochs of a run that nobody disturbs."""
    net, optimizer = NeuralNetwork([3, 3, 1], seed=1), make()
    states = [frozen([net.theta, optimizer, net.rng, net.history])]
    for _ in range(n_epochs):
        quietly(net, X, y, n_epochs=1, batch_size=7, optimizer=optimizer)
        states.append(frozen([net.theta, optimizer, net.rng, net.history]))
    return states, net


def assert_consistent_and_going_on(net, optimizer, states, X, y, first=0):
    """The state is that after as many whole epochs as the history has, and training on ends like the reference."""
    whole = len(net.history)
    assert frozen([net.theta, optimizer, net.rng, net.history]) == states[whole]
    if whole < len(states) - 1:
        quietly(net, X, y, n_epochs=len(states) - 1 - whole, batch_size=7, optimizer=optimizer)
    assert frozen([net.theta, optimizer, net.rng, net.history]) == states[-1]


@pytest.mark.filterwarnings("ignore")  # an interrupt at the end of a block may leave NumPy's warnings on
@pytest.mark.parametrize("options", [{}, {"batch_norm": True, "dropout": 0.3}], ids=["plain", "with states"])
@every_optimizer
def test_an_interrupt_at_any_opcode_leaves_whole_epochs_and_training_goes_on_bit_for_bit(make, options):
    X, y = small_problem(13)

    def new():
        return NeuralNetwork([3, 3, 1], seed=1, **options), make()

    def train(net, optimizer, n_epochs):
        quietly(net, X, y, n_epochs=n_epochs, batch_size=7, optimizer=optimizer, validation=(X[:2], y[:2]))

    reference = new()
    states = [lasting(*reference)]
    for _ in range(3):
        train(*reference, 1)
        states.append(lasting(*reference))
    moment, whole = random.Random(1), set()
    undisturbed = new()
    _, in_all = interrupted(0, lambda: train(*undisturbed, 3))
    for k in [*moment.sample(range(1, in_all), 9), in_all]:
        disturbed = new()
        outcome, _ = interrupted(k, lambda disturbed=disturbed: train(*disturbed, 3))
        n = len(disturbed[0].history)
        assert outcome is KeyboardInterrupt and lasting(*disturbed) == states[n], k
        assert disturbed[0]._is_gathered()
        if n < 3:
            train(*disturbed, 3 - n)
        assert lasting(*disturbed) == states[3], k
        whole.add(n)
    assert {0, 1, 3} <= whole


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", [None, KeyboardInterrupt], ids=["a divergence", "a first interrupt"])
def test_an_interrupt_during_the_rollback_of_another_failure_does_not_leave_half_of_it(first):
    X, y = small_problem(5)
    failures = []

    class Fails(Adam):
        left = 6

        def step(self, theta, grad):
            super().step(theta, grad)
            self.left -= 1
            if self.left == 0:  # in the last batch of the third epoch
                theta += 1e200
                failures.append("now")
                if first:
                    raise first

    net = new_net(output=IdentitySquaredError, batch_norm=True, dropout=0.3)
    optimizer = Fails(0.1)
    quietly(net, X, y, n_epochs=2, batch_size=3, optimizer=optimizer)
    expected = lasting(net, vars(optimizer))

    def train_on():
        failures.clear()
        quietly(net, X, y, n_epochs=1, batch_size=3, optimizer=optimizer)

    _, in_all = interrupted(0, train_on, after=lambda: failures)
    for k in random.Random(1).sample(range(1, in_all + 1), 60):
        outcome, _ = interrupted(k, train_on, after=lambda: failures)
        assert outcome in (KeyboardInterrupt, TrainingDiverged) and lasting(net, vars(optimizer)) == expected, k


@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
def test_an_interrupt_of_an_epoch_while_numpy_is_silenced_lets_it_warn_again(together):
    X, y = small_problem(5)
    began, after = [], []

    def train():
        began.clear()
        options = {"n_epochs": 2, "batch_size": 3, "on_epoch": lambda net, epoch: began.append(epoch)}
        try:
            train_together([new_net()], X, y, **options) if together else quietly(new_net(), X, y, **options)
        finally:
            after.append(np.geterr())

    in_numpy = {"inside": "numpy._core._ufunc_config", "after": lambda: began == [0]}
    _, in_all = interrupted(0, train, **in_numpy)
    assert {interrupted(k, train, **in_numpy)[0] for k in range(1, in_all)} == {KeyboardInterrupt}
    assert {tuple(state.items()) for state in after} == {tuple(np.geterr().items())}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Stop])
@pytest.mark.parametrize("where", ["step", "forward", "backward", "loss", "record", "on_epoch", "print"])
def test_an_interrupt_from_inside_any_part_restores_the_last_whole_epoch(where, error, monkeypatch):
    X, y = small_problem(13)
    states, _ = reference_run(X, y, lambda: Momentum(0.3), 4)
    net, optimizer = NeuralNetwork([3, 3, 1], seed=1), Momentum(0.3)
    on_epoch, calls = None, []

    def failing(f, at):
        def call(*args, **kwargs):
            calls.append(where)
            result = f(*args, **kwargs)  # fails after the work is done, which is the harder case
            if len(calls) == at:
                raise error
            return result

        return call

    if where == "step":
        optimizer_class = type("Failing", (Momentum,), {"step": failing(Momentum.step, 4)})
        optimizer.__class__ = optimizer_class
    elif where in ("forward", "backward"):
        monkeypatch.setattr(net.layers[2], where, failing(getattr(net.layers[2], where), 4), raising=True)
    elif where == "loss":
        monkeypatch.setattr(net.output, "loss", failing(net.output.loss, 3))  # twice an epoch
    elif where == "record":
        monkeypatch.setattr(training, "norms_by_layer", failing(training.norms_by_layer, 4))  # three times an epoch
    elif where == "on_epoch":
        on_epoch = failing(lambda net, epoch: None, 2)
    else:
        monkeypatch.setattr("builtins.print", failing(lambda *args: None, 2))
    with pytest.raises(error):
        quietly(net, X, y, batch_size=7, optimizer=optimizer, on_epoch=on_epoch, verbose=where == "print")
    assert len(net.history) == (2 if where in ("on_epoch", "print") else 1)
    optimizer.__class__ = Momentum
    monkeypatch.undo()
    for name in ("forward", "backward"):
        vars(net.layers[2]).pop(name, None)
    vars(net.output).pop("loss", None)
    vars(net).pop("_norms", None)
    with pytest.raises(RuntimeError, match="^backward needs a fresh forward"):
        net.backward(np.ones((7, 1)), y[:7])
    for layer in net.layers:
        with pytest.raises(RuntimeError, match="backward needs a fresh forward"):
            layer.backward(np.ones((7, 3)))
    assert_consistent_and_going_on(net, optimizer, states, X, y)


def test_an_interrupt_inside_a_layer_that_a_reader_wrote():
    class StopsAt(Layer):
        calls = 0

        def forward(self, X, training=True):
            StopsAt.calls += training
            if StopsAt.calls == 8:
                raise KeyboardInterrupt
            if training:
                self.cache(X)
            return X.copy()

        def backward(self, dY):
            self.cached()
            return dY.copy()

    X, y = small_problem(13)
    net = NeuralNetwork([3, 4, 1], seed=0, activation=StopsAt)
    with pytest.raises(KeyboardInterrupt):
        quietly(net, X, y)  # three batches an epoch: the 8th is in the third epoch
    plain = NeuralNetwork([3, 4, 1], seed=0, activation=StopsAt)
    quietly(plain, X, y, n_epochs=2)
    assert len(net.history) == 2 and frozen(net.theta) == frozen(plain.theta)
    assert frozen(net.history) == frozen(plain.history) and frozen(net.rng) == frozen(plain.rng)


def test_the_views_survive_an_interrupt(problem):
    net = new_net()

    class Stops(SGD):
        def step(self, theta, grad):
            theta[...] = 7
            raise KeyboardInterrupt

    theta, W, start = net.theta, net.layers[0].W, net.theta.copy()
    with pytest.raises(KeyboardInterrupt):
        quietly(net, *problem, optimizer=Stops(0.1))
    assert net.theta is theta and net.layers[0].W is W and frozen(theta) == frozen(start)
    assert np.shares_memory(net.layers[0].W, net.theta)


def test_a_copy_of_the_network_and_its_optimizer_goes_on_like_the_original(problem):
    net, optimizer = new_net(), Adam(0.05)
    quietly(net, *problem, optimizer=optimizer)
    twin, twins = copy.deepcopy((net, optimizer))
    quietly(net, *problem, optimizer=optimizer)
    quietly(twin, *problem, optimizer=twins)
    assert frozen([twin, twins]) == frozen([net, optimizer])


def test_training_works_in_a_thread(problem):
    net, plain = new_net(), new_net()
    thread = threading.Thread(target=quietly, args=(net, *problem))
    thread.start()
    thread.join()
    quietly(plain, *problem)
    assert frozen(net) == frozen(plain)


# Learning


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_spirals_exceed_99_percent_with_adam_within_60_epochs(spirals, seed):
    X, y, X_test, y_test = spirals
    net = NeuralNetwork([2, 64, 32, 16, 1], seed=seed)
    net.train(X, y, n_epochs=60, batch_size=64, verbose=False, optimizer=Adam(0.01), validation=(X_test, y_test))
    assert max(net.accuracy_history) > 0.99
    assert max(net.validation_accuracy_history) > 0.95
    assert net.loss_history[-1] < 0.2 * net.loss_history[0]


def test_a_network_without_hidden_layer_cannot_learn_the_spirals(spirals):
    X, y, *_ = spirals
    net = NeuralNetwork([2, 1], seed=0)
    net.train(X, y, n_epochs=100, batch_size=64, verbose=False, optimizer=Adam(0.05))
    assert net.accuracy(X, y) < 0.7


@pytest.mark.parametrize("activation", [ReLU, Tanh], ids=lambda c: c.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_learns_blobs(activation, dtype):
    X, labels = make_blobs(40, n_classes=4, noise=0.7)
    X, Y = standardize(X), one_hot(labels, 4)
    net = NeuralNetwork([2, 16, 4], seed=0, activation=activation, output=SoftmaxCrossEntropy, dtype=dtype)
    net.train(X, Y, n_epochs=60, batch_size=32, verbose=False, optimizer=Adam(0.02))
    assert net.accuracy(X, Y) > 0.97 and net.theta.dtype == dtype


def test_regression_recovers_a_linear_map():
    rng = np.random.default_rng(0)
    X, A = rng.standard_normal((50, 3)), rng.standard_normal((3, 2))
    net = NeuralNetwork([3, 2], seed=0, output=IdentitySquaredError)
    net.train(X, X @ A + [1.0, -2.0], lr=0.3, n_epochs=300, verbose=False)
    np.testing.assert_allclose(net.layers[0].W, A, atol=1e-6)
    np.testing.assert_allclose(net.layers[0].b, [[1.0, -2.0]], atol=1e-6)
    assert np.isnan(net.accuracy_history).all() and net.loss_history[-1] < 1e-12


@every_optimizer
def test_the_loss_goes_down_on_the_whole_batch(problem, make):
    net = new_net()
    quietly(net, *problem, batch_size=None, n_epochs=30, optimizer=make())
    assert net.loss_history[-1] < 0.9 * net.loss_history[0]


def two_clouds():
    X = np.random.default_rng(0).standard_normal((20, 2))
    return X, (X[:, :1] > 0).astype(float)


def test_an_optimizer_that_cannot_be_copied_is_refused_before_anything_has_changed():
    X, y = two_clouds()
    net, optimizer = NeuralNetwork([2, 4, 1], seed=0), SGD(0.1)
    optimizer.log = (line for line in ())  # a generator cannot be copied
    y_pred = net.forward(X)
    with pytest.raises(TypeError, match="optimizer must be one that copy.deepcopy can copy"):
        net.train(X, y, n_epochs=1, optimizer=optimizer, verbose=False)
    net.backward(y_pred, y)  # the forward pass before the call is still fresh


@pytest.mark.parametrize("lr", [-1.0, np.nan, 0.0])
def test_a_learning_rate_that_is_spoiled_later_is_refused_where_it_is_assigned(lr):
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match="lr must be a finite number > 0"):
        optimizer.lr = lr
    assert optimizer.lr == 0.1


def test_a_divergence_under_a_schedule_of_the_readers_own_still_says_so():
    class Scheduled:
        lr = staticmethod(lambda t: 1e300)

        def step(self, theta, grad):
            theta[:] = np.nan

    X, y = two_clouds()
    with pytest.raises(TrainingDiverged, match="Try a smaller learning rate"):
        NeuralNetwork([2, 4, 1], seed=0).train(X, y, n_epochs=2, optimizer=Scheduled(), verbose=False)


def test_a_callback_may_train_and_the_history_stays_consistent():
    X, y = two_clouds()

    def train_once_more(net, epoch):
        if len(net.history) == 1:
            net.train(X, y, n_epochs=1, verbose=False)
        if len(net.history) >= 3:
            raise KeyboardInterrupt

    net = NeuralNetwork([2, 4, 1], seed=0)
    with pytest.raises(KeyboardInterrupt):
        net.train(X, y, n_epochs=5, verbose=False, on_epoch=train_once_more)
    plain = NeuralNetwork([2, 4, 1], seed=0)
    plain.train(X, y, n_epochs=len(net.history), verbose=False)
    assert net.history == plain.history and np.array_equal(net.theta, plain.theta)


def test_the_default_rate_is_a_hundredth_and_the_default_number_of_epochs_2000():
    X, y = two_clouds()
    short, explicit, long = (NeuralNetwork([2, 1], seed=0) for _ in range(3))
    short.train(X, y, n_epochs=2, verbose=False)
    explicit.train(X, y, 0.01, 2, None, False)
    assert frozen(short) == frozen(explicit)
    long.train(X[:1], y[:1], verbose=False)
    assert len(long.history) == 2000


def test_layers_that_left_theta_are_not_trained():
    X, y = two_clouds()
    net = NeuralNetwork([2, 1], seed=0)
    net.layers[0] = copy.deepcopy(net.layers[0])
    with pytest.raises(ValueError) as caught:
        net.train(X, y, verbose=False)
    assert str(caught.value) == (
        "net.layers holds parameters that are not in net.theta: continue with copy.deepcopy(net)"
    )


def test_the_state_of_a_layer_goes_back_with_the_parameters():
    class Mean(Layer):
        state = ("mean", "count")  # the mean is in a list, where a shallow copy would not protect it

        def __init__(self):
            self.mean, self.count = [np.zeros(1)], 0

        def forward(self, X, training=True):
            if training:
                self.mean[0] += X.mean()
                self.count += 1
            return X.copy()

        def backward(self, dY):
            return dY.copy()

    class Stops(SGD):
        def step(self, theta, grad):
            raise KeyboardInterrupt

    X, y = two_clouds()
    net = NeuralNetwork([2, 3, 1], seed=0, activation=Mean)
    net.train(X, y, n_epochs=2, verbose=False)
    before = frozen(net.layers[1])
    with pytest.raises(KeyboardInterrupt):
        net.train(X, y, optimizer=Stops(0.1), verbose=False)
    assert frozen(net.layers[1]) == before and net.layers[1].count == 2


class Sets(SGD):
    """Takes steps that change nothing, and as the second one writes a number into every parameter."""

    def __init__(self, lr, value):
        super().__init__(lr)
        self.value = value

    def step(self, theta, grad):
        self.t += 1
        if self.t == 2:
            theta[...] = self.value


class Remembers(SGD):
    """Takes no step and remembers infinity."""

    memory = ("v",)

    def step(self, theta, grad):
        self.v = np.array([0.0, np.inf])


@pytest.mark.parametrize(
    ("optimizer", "data", "what"),
    [
        (Sets(0.5, 1e308), (10.0, 10.0, 1.0), "the predictions overflowed"),
        (Sets(0.5, 1e308), (1e-20, 1.0, 1e10), "the predictions overflowed"),
        (Sets(0.5, 1e200), (1.0, 1.0, 1.0), "the loss overflowed"),
        (Sets(0.5, 1e150), (1e-20, 1.0, 1e10), "the validation loss overflowed"),
        (Remembers(0.5), (1.0, 1.0, 1.0), "the optimizer's v overflowed"),
    ],
)
def test_what_overflows_after_the_last_batch_is_named_with_batch_and_remedy(optimizer, data, what):
    x, target, x_held_out = (np.full((3, 1), value) for value in data)
    net = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError)
    with pytest.raises(TrainingDiverged) as caught:
        quietly(net, x, target, batch_size=2, optimizer=optimizer, validation=(x_held_out, target))
    assert str(caught.value).startswith(f"{what} in epoch 0, batch 1. Try a learning rate below 0.5, such as 0.05, ")
    assert net.history == []


@pytest.mark.parametrize("size", [1e-200, 1e-150, 1e-139, 1.0, 1e139, 1e150])
def test_norms_are_right_whatever_their_size(size):
    """The weights start at 0, so the gradient is -y X = (-3, -4) times 1e10 and the size, and the steps are tiny."""
    net = NeuralNetwork([2, 1], seed=0, init=zeros, output=IdentitySquaredError)
    net.train([[3 * size, 4 * size]], [[1e10]], lr=1e-300, n_epochs=1, verbose=False)
    assert math.isclose(net.grad_norms[0, 0], 5e10 * size, rel_tol=1e-14)
    if size >= 1:
        assert net.update_ratios.tolist() == [[math.inf]]


def test_a_divergence_says_what_happened_what_to_do_and_what_is_left():
    net = NeuralNetwork([1, 1], seed=0, output=IdentitySquaredError)
    with pytest.raises(TrainingDiverged) as caught:
        quietly(net, [[1.0]] * 3, [[0.0]] * 3, batch_size=2, optimizer=Sets(0.5, 1e200))
    assert str(caught.value) == (
        "the loss overflowed in epoch 0, batch 1. Try a learning rate below 0.5, such as 0.05, smaller initial "
        "weights, or standardized features. The network and its history are as they were after the last whole epoch."
    )


def test_a_gradient_whose_norm_overflows_is_a_divergence():
    """The weights start at 0, so every entry of the gradient is -1e154 · 1e154, and four of them have norm 2e308."""
    net = NeuralNetwork([4, 1], seed=0, init=zeros, output=IdentitySquaredError)
    with pytest.raises(TrainingDiverged, match="^a gradient overflowed in epoch 0, batch 0"):
        quietly(net, np.full((1, 4), 1e154), [[1e154]], optimizer=SGD(1e-320))


# The parts: norms, ratios, steps of the log


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9), st.sampled_from([1e-200, 1e-150, 1.0, 1e150, 1e200]))
def test_the_norm_is_the_root_of_the_sum_of_squares_at_every_size(entries, size):
    v = np.array(entries) * size
    with np.errstate(over="ignore"):  # as in training
        assert math.isclose(norm_of(v), math.hypot(*v), rel_tol=1e-12)


@pytest.mark.parametrize("size", [1.0, 1e-139, 1e-141, 1e-300, 1e153, 1e154, 1e300])
def test_norms_worked_by_hand(size):
    with np.errstate(over="ignore"):
        assert math.isclose(norm_of(np.array([3.0, -4.0]) * size), 5 * size, rel_tol=1e-14)
    assert norm_of(np.zeros(3)) == 0.0


def test_the_norm_of_what_is_not_finite_is_not_finite():
    with np.errstate(invalid="ignore"):
        assert not math.isfinite(norm_of(np.array([1.0, np.inf])))
        assert math.isnan(norm_of(np.array([1.0, np.nan])))


@pytest.mark.parametrize(
    ("change", "size", "expected"),
    [(1.0, 4.0, 0.25), (0.0, 2.0, 0.0), (0.0, 0.0, 0.0), (1e-300, 0.0, math.inf), (3.0, 5e-324, math.inf)],
)
def test_a_ratio_to_nothing_is_endless_unless_nothing_has_changed(change, size, expected):
    assert ratio(change, size) == expected


@pytest.mark.parametrize(
    ("n_epochs", "step"),
    [
        (1, 1),
        (6, 1),
        (7, 2),
        (12, 2),
        (13, 5),
        (30, 5),
        (31, 10),
        (60, 10),
        (61, 20),
        (121, 50),
        (301, 100),
        (2000, 500),
    ],
)
def test_round_steps(n_epochs, step):
    assert round_step(n_epochs) == step and type(round_step(n_epochs)) is int


def test_a_line_of_the_log():
    epoch = Epoch(0.12345, 0.98765, None, None, (1.0,), (2.0,))
    assert log_line(7, epoch) == "epoch     7  loss 0.1235  accuracy 0.988"
    epoch = epoch._replace(validation_loss=2.0, validation_accuracy=0.5)
    assert log_line(12345, epoch) == ("epoch 12345  loss 0.1235  accuracy 0.988  held-out loss 2.0000  accuracy 0.500")


@pytest.mark.parametrize(
    ("lr", "advice"),
    [
        (0.5, "Try a learning rate below 0.5, such as 0.05, smaller initial weights, or standardized features."),
        (np.float32(2), "Try a learning rate below 2, such as 0.2, smaller initial weights, or standardized features."),
        (print, "Try a smaller learning rate, smaller initial weights, or standardized features."),
        (None, "Try a smaller learning rate, smaller initial weights, or standardized features."),
    ],
    ids=["a rate", "of NumPy", "a function", "none"],
)
def test_a_divergence_gives_advice_that_fits_the_rate_also_after_a_copy_or_a_pickle(lr, advice):
    error = TrainingDiverged(3, 1, "the loss became nan", lr)
    for twin in (error, copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is TrainingDiverged and (twin.epoch, twin.batch) == (3, 1)
        assert str(twin) == (
            f"the loss became nan in epoch 3, batch 1. {advice} "
            "The network and its history are as they were after the last whole epoch."
        )


# What a reader's own optimizer holds


class Nested:
    """An optimizer with others inside, by name, in a list and in a dict, which others refer to as well."""

    def __init__(self, inner):
        self.inner, self.listed, self.named, self.pair = inner, [inner], {"inner": inner}, (inner,)
        self.steps, self.noise, self.lengths, self.outer = np.zeros(1), np.random.default_rng(3), [], self
        self.recent, self.frozen = collections.deque(maxlen=3), np.ones(1)
        self.frozen.flags.writeable = False

    def step(self, theta, grad):
        self.steps += 1
        self.lengths.append(float(self.noise.random()))
        self.recent.append(len(self.lengths))
        self.named["length"] = len(self.lengths)
        self.later = True
        self.inner.step(theta, grad)


def test_a_divergence_leaves_the_objects_inside_an_optimizer_the_ones_they_are(problem):
    X, y = problem
    net, inner = new_net(), Adam(0.01)
    outer = Nested(inner)
    quietly(net, X, y, optimizer=outer, n_epochs=1)
    held = lambda: frozen([vars(inner), outer.steps, outer.lengths, outer.noise, [*outer.recent], outer.named])  # noqa: E731
    before, parts = held(), dict(vars(outer))
    memory, listed = inner.m, outer.listed
    outer.inner.lr = 1e300
    del outer.later
    with pytest.raises(TrainingDiverged):
        quietly(net, X, y, optimizer=outer, n_epochs=1)
    assert not hasattr(outer, "later") and inner.m is memory and outer.listed is listed and listed[0] is inner
    assert all(vars(outer)[name] is part for name, part in parts.items() if name not in ("recent", "later"))
    inner.lr = 0.01
    assert held() == before
    follow(inner, step_decay(0.02, 1))
    assert outer.inner.lr == 0.02
    quietly(net, X, y, optimizer=outer, n_epochs=1)


def test_what_holds_nothing_but_a_list_is_put_back():
    holder = types.SimpleNamespace(seen=[1])
    seen, calls = holder.seen, contents(holder)
    seen.append(2)
    for call, arguments in calls:
        call(*arguments)
    assert holder.seen is seen and seen == [1]


def test_an_optimizer_that_holds_the_network_leaves_it_whole(problem):
    X, y = problem
    net, optimizer = new_net(), Nested(SGD(0.1))
    optimizer.net = net
    quietly(net, X, y, optimizer=optimizer, n_epochs=1)
    theta, before = net.theta, lasting(net)
    optimizer.inner.lr = 1e300
    with pytest.raises(TrainingDiverged):
        quietly(net, X, y, optimizer=optimizer, n_epochs=1)
    assert net.theta is theta and lasting(net) == before and net._is_gathered()


# What training does not look at twice


def test_layers_check_the_first_batch_alone_and_an_optimizer_prepares_once_an_epoch(problem, monkeypatch):
    seen, real, prepare = collections.Counter(), checks.real, Optimizer.prepare
    monkeypatch.setattr(checks, "real", lambda name, value: (seen.update([name]), real(name, value))[1])
    monkeypatch.setattr(Optimizer, "prepare", lambda *args: (seen.update(["prepared"]), prepare(*args))[1])
    quietly(new_net(), *problem, n_epochs=4, batch_size=5)
    assert (seen["dZ"], seen["dA"], seen["prepared"]) == (3, 2, 4)


def test_a_layer_that_somebody_has_written_anew_is_the_one_that_trains():
    """By a subclass or on the object, one of its two methods or both: then its checks stay too."""

    calls = []

    class Halved(LinearLayer):
        def forward(self, X, training=True):
            calls.append("forward")
            return super().forward(X / 2, training)

    class Clipped(LinearLayer):
        def backward(self, dZ):
            calls.append("backward")
            return super().backward(np.clip(dZ, -1, 1))

    X, y = small_problem(12)
    for kind, each in ((Halved, ["forward"] * 4), (Clipped, ["backward"] * 3)):  # three batches, and an evaluation
        net = NeuralNetwork.from_layers([kind(3, 4, seed=0), ReLU(), LinearLayer(4, 1, seed=1)], seed=2)
        calls.clear()
        quietly(net, X, y, n_epochs=4, batch_size=4)
        assert calls == 4 * each

    net = new_net()
    calls.clear()
    original = net.layers[1].forward
    net.layers[1].forward = lambda Z, training=True: (calls.append(training), original(Z, training))[1]
    quietly(net, X, y, n_epochs=2, batch_size=4)
    assert calls == [True] * 3 + [False] + [True] * 3 + [False]


def test_a_layer_exchanged_after_an_epoch_trains_in_the_next():
    X, y = small_problem(12)

    def exchange(net, epoch):
        net.layers[1] = Tanh()

    net, twin = new_net(), new_net()
    quietly(net, X, y, n_epochs=2, on_epoch=exchange)
    quietly(twin, X, y, n_epochs=1)
    exchange(twin, 0)
    quietly(twin, X, y, n_epochs=1)
    assert lasting(net) == lasting(twin)


@pytest.mark.parametrize("n_epochs", [1, 2])
def test_a_gradient_in_a_wrong_shape_is_refused_by_the_next_layer(n_epochs):
    class Flat(Layer):
        def forward(self, X, training=True):
            return X.copy()

        def backward(self, dY):
            return dY[:1]

    X, y = small_problem(12)
    net = NeuralNetwork.from_layers([LinearLayer(3, 4, seed=0), ReLU(), Flat(), LinearLayer(4, 1, seed=1)], seed=2)
    with pytest.raises(ValueError, match=r"^dA must have shape \(6, 4\), got \(1, 4\)"):
        quietly(net, X, y, n_epochs=n_epochs, batch_size=6)


def test_an_optimizer_with_a_step_of_its_own_takes_that_step():
    class Twice(SGD):
        def step(self, theta, grad):
            super().step(theta, grad)
            super().step(theta, grad)

    X, y = small_problem(12)
    net, twin, optimizer, calls = new_net(), new_net(), SGD(0.2), []
    quietly(net, X, y, n_epochs=3, optimizer=Twice(0.1))
    optimizer.step = lambda theta, grad: (calls.append(1), SGD.step(optimizer, theta, grad))
    quietly(twin, X, y, n_epochs=3, optimizer=optimizer)
    assert len(calls) == 3 * 3  # batches an epoch, epochs
    np.testing.assert_allclose(net.theta, twin.theta, rtol=1e-12)


def test_one_row_in_the_last_batch_is_refused_by_batch_norm_in_every_epoch():
    X, y = small_problem(13)
    net = new_net(batch_norm=True)
    with pytest.raises(ValueError, match="^BatchNorm needs at least 2 samples in a training batch, got 1"):
        quietly(net, X, y, batch_size=6)
    assert net.history == []
