import itertools
import math

import numpy as np
import pytest
from conftest import frozen, lasting, small_problem
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import SGD, Adam, NeuralNetwork, cosine_decay, follow, load, step_decay, warm_up

rates = st.floats(1e-6, 10)


# The functions


def test_step_decay_by_hand():
    schedule = step_decay(0.8, every=3, factor=0.5)
    assert [schedule(epoch) for epoch in range(8)] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]
    np.testing.assert_allclose([step_decay(0.8, 2)(epoch) for epoch in (1, 2, 4)], [0.8, 0.08, 0.008], rtol=1e-15)


def test_step_decay_never_reaches_zero():
    schedule, optimizer = step_decay(0.1, every=1), SGD(0.1)
    assert schedule(100) == pytest.approx(1e-101, rel=1e-12)
    for epoch in (322, 400, 10**6):
        assert 0 < schedule(epoch) < 1e-300
        follow(optimizer, schedule, epoch)  # an optimizer takes it


def test_cosine_decay_by_hand():
    schedule = cosine_decay(1.0, 6, end=0.2)
    # 0.2 + 0.8 (1 + cos x) / 2 at x = 0, π/3, π/2, 2π/3, π, where cos x = 1, 1/2, 0, -1/2, -1
    np.testing.assert_allclose([schedule(epoch) for epoch in (0, 2, 3, 4, 6)], [1, 0.8, 0.6, 0.4, 0.2], rtol=1e-14)
    assert schedule(7) == schedule(10**9) == schedule(6)
    np.testing.assert_allclose([cosine_decay(0.5, 8)(8), cosine_decay(0.5, 8)(99)], 0.005, rtol=1e-14)


@given(rates, st.integers(1, 500))
def test_cosine_decay_falls_from_lr_to_the_end_and_as_much_before_the_middle_as_after_it(lr, n_epochs):
    values = [cosine_decay(lr, n_epochs)(epoch) for epoch in range(n_epochs + 1)]
    assert math.isclose(values[0], lr, rel_tol=1e-12) and math.isclose(values[-1], lr / 100, rel_tol=1e-12)
    assert all(a > b > 0 for a, b in itertools.pairwise(values))
    np.testing.assert_allclose(np.add(values, values[::-1]), 1.01 * lr, rtol=1e-12)


def test_warm_up_by_hand():
    schedule = warm_up(lambda epoch: 10.0 + epoch, 4)
    assert [schedule(epoch) for epoch in range(6)] == [2.5, 5.5, 9.0, 13.0, 14.0, 15.0]
    assert [warm_up(step_decay(0.5, 2, 0.1), 1)(epoch) for epoch in (0, 1)] == [0.5, 0.5]


@given(rates, st.integers(1, 50), st.integers(0, 200))
def test_warm_up_rises_from_above_zero_and_ends_in_the_schedule_itself(lr, n_epochs, epoch):
    schedule = cosine_decay(lr, 100)
    warm = warm_up(schedule, n_epochs)
    assert 0 < warm(epoch) <= schedule(epoch)
    assert (warm(epoch) == schedule(epoch)) == (epoch + 1 >= n_epochs)
    twice = warm_up(warm, n_epochs)  # a schedule like any other
    assert math.isclose(twice(epoch), schedule(epoch) * min((epoch + 1) / n_epochs, 1) ** 2, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: step_decay(0, 1), ValueError, "lr must be a finite number > 0, got 0"),
        (lambda: step_decay(0.1, 0), ValueError, "every must be a positive integer, got 0"),
        (lambda: step_decay(0.1, 2.0), TypeError, "every must be a positive integer, got 2.0"),
        (lambda: step_decay(0.1, 1, 0.0), ValueError, "factor must be a finite number > 0 and < 1, got 0.0"),
        (lambda: step_decay(0.1, 1, 10), ValueError, "factor must be a finite number > 0 and < 1, got 10"),
        (lambda: step_decay(0.1, 1, "0.1"), TypeError, "factor must be a finite number > 0 and < 1, got '0.1'"),
        (lambda: cosine_decay(math.nan, 1), ValueError, "lr must be a finite number > 0, got nan"),
        (lambda: cosine_decay(0.1, True), TypeError, "n_epochs must be a positive integer, got True"),
        (lambda: cosine_decay(0.1, 9, 0.0), ValueError, "end must be a finite number > 0 and < 0.1, got 0.0"),
        (lambda: cosine_decay(0.1, 9, end=0.1), ValueError, "end must be a finite number > 0 and < 0.1, got 0.1"),
        (lambda: warm_up(step_decay(0.1, 1), 0), ValueError, "n_epochs must be a positive integer, got 0"),
        (
            lambda: warm_up(0.1, 5),
            TypeError,
            "schedule must be a function of the epoch, such as cosine_decay(0.1, 100), got 0.1",
        ),
        (
            lambda: follow(SGD(0.1), 0.1),
            TypeError,
            "schedule must be a function of the epoch, such as cosine_decay(0.1, 100), got 0.1",
        ),
        (
            lambda: follow(SGD(0.1), step_decay(0.1, 1), -1),
            ValueError,
            "epoch must be an integer of at least 0, got -1",
        ),
        (lambda: follow(SGD(0.1), lambda epoch: None), TypeError, "lr must be a finite number > 0, got None"),
        (lambda: follow(SGD(0.1), lambda epoch: 0.0), ValueError, "lr must be a finite number > 0, got 0.0"),
    ],
)
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_a_class_is_no_optimizer_to_follow_and_stays_as_it_was():
    with pytest.raises(TypeError, match=r"^optimizer must have a method step\(theta, grad\), such as Adam\(0.01\)"):
        follow(Adam, step_decay(0.1, 1))
    with pytest.raises(ValueError, match="lr must be"):
        Adam(-1)


# Training


def run(net, optimizer, schedule, n_epochs, seen=None, **kwargs):
    after = follow(optimizer, schedule, **kwargs)

    def on_epoch(net, epoch):
        if seen is not None:
            seen.append(optimizer.lr)
        after(net, epoch)

    net.train(*small_problem(), n_epochs=n_epochs, batch_size=5, verbose=False, optimizer=optimizer, on_epoch=on_epoch)


def test_every_epoch_is_trained_at_the_rate_of_the_schedule():
    schedule, optimizer, seen = cosine_decay(0.3, 6), SGD(99.0), []
    run(NeuralNetwork([3, 4, 1], seed=0), optimizer, schedule, 6, seen)
    assert seen == [schedule(epoch) for epoch in range(6)]
    assert optimizer.lr == schedule(6)  # ready to go on


def test_training_at_a_schedule_is_training_epoch_by_epoch_at_its_rates():
    schedule, optimizer, plain = warm_up(step_decay(0.3, 2, 0.5), 3), Adam(1.0), Adam(1.0)
    net, slow = NeuralNetwork([3, 4, 1], seed=0), NeuralNetwork([3, 4, 1], seed=0)
    run(net, optimizer, schedule, 6)
    for epoch in range(6):
        plain.lr = [0.1, 0.2, 0.15, 0.15, 0.075, 0.075][epoch]
        slow.train(*small_problem(), n_epochs=1, batch_size=5, verbose=False, optimizer=plain)
    np.testing.assert_allclose(net.theta, slow.theta, rtol=1e-9)


@pytest.mark.parametrize("how", ["the same callback", "a new one", "a file"])
def test_a_second_call_goes_on_where_the_first_ended(how, tmp_path):
    schedule, optimizer, whole = cosine_decay(0.3, 7), Adam(1.0), Adam(1.0)
    net, undisturbed = NeuralNetwork([3, 4, 1], seed=0, dropout=0.2), NeuralNetwork([3, 4, 1], seed=0, dropout=0.2)
    run(undisturbed, whole, schedule, 7)
    after = follow(optimizer, schedule)
    options = {"batch_size": 5, "verbose": False}
    net.train(*small_problem(), n_epochs=3, optimizer=optimizer, on_epoch=after, **options)
    if how == "a file":
        net.save(tmp_path / "net.npz", optimizer)
        net, optimizer, _ = load(tmp_path / "net.npz")
    if how != "the same callback":
        optimizer.lr = 99.0
        after = follow(optimizer, schedule, epoch=len(net.history))
        assert optimizer.lr == schedule(3)
    net.train(*small_problem(), n_epochs=4, optimizer=optimizer, on_epoch=after, **options)
    assert lasting(net) == lasting(undisturbed) and frozen(optimizer.m) == frozen(whole.m)


def test_an_interrupted_epoch_is_repeated_at_its_own_rate():
    class Stops(SGD):
        left = 8

        def step(self, theta, grad):
            super().step(theta, grad)
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    schedule, optimizer = step_decay(0.4, 1, 0.5), Stops(1.0)
    net, seen = NeuralNetwork([3, 4, 1], seed=0), []
    with pytest.raises(KeyboardInterrupt):
        run(net, optimizer, schedule, 5, seen)
    assert seen == [0.4, 0.2] and optimizer.lr == schedule(2) == 0.1
    optimizer.left = -1
    run(net, optimizer, schedule, 3, seen, epoch=len(net.history))
    assert seen == [schedule(epoch) for epoch in range(5)]
