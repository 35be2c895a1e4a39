import copy
import inspect
import math
import pickle

import numpy as np
import pytest
from conftest import frozen, lasting, small_problem
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scratchnet import SGD, Adam, AdamW, Momentum, Nesterov, NeuralNetwork, Optimizer, RMSProp, TrainingDiverged
from scratchnet.optimizers import CHUNK, chunks

MAKE = {kind.__name__: lambda kind=kind: kind(0.1) for kind in (SGD, Momentum, Adam, Nesterov, AdamW)}
MAKE["RMSProp"] = lambda: RMSProp(0.03)  # whose steps do not become shorter near the minimum
every = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())


def two_steps(optimizer):
    """θ = (1, -2), then the gradients (0.5, -1) and (0.25, 2): return θ after each step."""
    theta = np.array([1.0, -2.0])
    optimizer.step(theta, np.array([0.5, -1.0]))
    first = theta.copy()
    optimizer.step(theta, np.array([0.25, 2.0]))
    return first, theta


def test_two_steps_of_gradient_descent_by_hand():
    first, second = two_steps(SGD(0.1))
    np.testing.assert_allclose(first, [1 - 0.1 * 0.5, -2 + 0.1 * 1], rtol=1e-15)  # (0.95, -1.9)
    np.testing.assert_allclose(second, [0.95 - 0.1 * 0.25, -1.9 - 0.1 * 2], rtol=1e-15)  # (0.925, -2.1)


def test_two_steps_of_momentum_by_hand():
    first, second = two_steps(Momentum(0.1, beta=0.8))
    # v = 0.8 · 0 + 0.2 · (0.5, -1) = (0.1, -0.2)
    np.testing.assert_allclose(first, [1 - 0.1 * 0.1, -2 + 0.1 * 0.2], rtol=1e-15)  # (0.99, -1.98)
    # v = 0.8 · (0.1, -0.2) + 0.2 · (0.25, 2) = (0.08 + 0.05, -0.16 + 0.4) = (0.13, 0.24)
    np.testing.assert_allclose(second, [0.99 - 0.1 * 0.13, -1.98 - 0.1 * 0.24], rtol=1e-15)


def test_two_steps_of_adam_by_hand():
    first, second = two_steps(Adam(0.1, beta1=0.8, beta2=0.5, eps=0.25))
    # m = 0.2 · (0.5, -1) = (0.1, -0.2), m̂ = m / (1 - 0.8) = (0.5, -1)
    # v = 0.5 · (0.25, 1) = (0.125, 0.5), v̂ = v / (1 - 0.5) = (0.25, 1), √v̂ = (0.5, 1)
    expected = [1 - 0.1 * 0.5 / (0.5 + 0.25), -2 + 0.1 * 1 / (1 + 0.25)]
    np.testing.assert_allclose(first, expected, rtol=1e-14)
    # m = 0.8 · (0.1, -0.2) + 0.2 · (0.25, 2) = (0.13, 0.24), m̂ = m / (1 - 0.64) = (0.13, 0.24) / 0.36
    # v = 0.5 · (0.125, 0.5) + 0.5 · (0.0625, 4) = (0.09375, 2.25), v̂ = v / (1 - 0.25) = (0.125, 3)
    expected[0] -= 0.1 * (0.13 / 0.36) / (math.sqrt(0.125) + 0.25)
    expected[1] -= 0.1 * (0.24 / 0.36) / (math.sqrt(3) + 0.25)
    np.testing.assert_allclose(second, expected, rtol=1e-14)


def test_the_defaults_are_those_of_the_papers():
    assert Momentum(0.1).beta == 0.9
    adam = Adam(0.1)
    assert (adam.beta1, adam.beta2, adam.eps) == (0.9, 0.999, 1e-8)


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate_whatever_the_gradient():
    theta = np.zeros(3)
    Adam(0.01).step(theta, np.array([1e-3, -5.0, 1e4]))
    np.testing.assert_allclose(theta, [-0.01, 0.01, -0.01], rtol=1e-4)


def test_adam_stands_still_without_a_gradient():
    theta = np.array([1.0, 2.0])
    Adam(0.1).step(theta, np.zeros(2))
    assert theta.tolist() == [1.0, 2.0]


vectors = arrays(np.float64, 4, elements=st.floats(-100, 100))


@given(st.lists(vectors, min_size=1, max_size=5), st.floats(0, 0.99))
def test_momentum_equals_the_form_without_the_factor_at_a_smaller_rate(gradients, beta):
    theta, classic, velocity = np.ones(4), np.ones(4), np.zeros(4)
    optimizer = Momentum(0.1, beta)
    for gradient in gradients:
        optimizer.step(theta, gradient)
        velocity = beta * velocity + gradient
        classic = classic - 0.1 * (1 - beta) * velocity
    np.testing.assert_allclose(theta, classic, rtol=1e-9, atol=1e-9)


@given(vectors, vectors)
def test_momentum_without_memory_is_gradient_descent(theta, gradient):
    other = theta.copy()
    Momentum(0.3, beta=0).step(theta, gradient)
    SGD(0.3).step(other, gradient)
    np.testing.assert_allclose(theta, other, rtol=1e-15)


@every
def test_a_step_changes_theta_in_place_and_returns_nothing_and_leaves_the_gradient(make):
    theta, gradient = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    view = theta[:1]
    assert make().step(theta, gradient) is None
    assert view[0] == theta[0] < 1.0 and gradient.tolist() == [0.5, 0.25]


@every
def test_what_an_optimizer_remembers_is_not_the_gradient_array_itself(make):
    optimizer, theta, gradient = make(), np.ones(2), np.array([0.5, 0.25])
    optimizer.step(theta, gradient)
    before = frozen(optimizer)
    gradient[...] = 99
    theta[...] = 99
    assert frozen(optimizer) == before


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_in_theta_and_in_memory(make, dtype):
    optimizer, theta = make(), np.ones(3, dtype)
    for _ in range(2):
        optimizer.step(theta, np.full(3, 0.1, dtype))
    assert theta.dtype == dtype
    assert all(value.dtype == dtype for value in vars(optimizer).values() if isinstance(value, np.ndarray))


@every
def test_the_learning_rate_may_be_changed_between_steps(make):
    slow, fast = make(), make()
    a, b, gradient = np.ones(2), np.ones(2), np.array([1.0, -1.0])
    slow.step(a, gradient)
    fast.step(b, gradient)
    start = a.copy()
    fast.lr = 10 * slow.lr
    slow.step(a, gradient)
    fast.step(b, gradient)
    np.testing.assert_allclose(b - start, 10 * (a - start), rtol=1e-10)


@every
def test_every_entry_is_treated_alone_so_a_leading_axis_works(make):
    rng = np.random.default_rng(0)
    Theta = rng.standard_normal((3, 4))
    rows, together, separate = Theta.copy(), make(), [make() for _ in range(3)]
    for _ in range(3):
        gradient = rng.standard_normal((3, 4))
        together.step(Theta, gradient)
        for k in range(3):
            separate[k].step(rows[k], gradient[k])
    np.testing.assert_array_equal(Theta, rows)


@every
def test_a_new_view_of_the_same_memory_is_no_other_network(make):
    whole, one, by_view, directly = np.ones(6), np.ones(3), make(), make()
    for _ in range(3):
        by_view.step(whole[:3], np.array([0.5, -1.0, 2.0]))
        directly.step(one, np.array([0.5, -1.0, 2.0]))
    assert whole.tolist() == [*one, 1.0, 1.0, 1.0]


def test_gradient_descent_remembers_nothing_and_may_serve_many_networks():
    sgd, first, second = SGD(0.5), np.ones(2), np.ones(3)
    sgd.step(first, np.ones(2))
    sgd.step(second, np.ones(3))
    assert first.tolist() == [0.5, 0.5] and second.tolist() == [0.5, 0.5, 0.5]


@every
def test_a_step_goes_downhill(make):
    theta, optimizer = np.array([3.0, -4.0]), make()
    for _ in range(200):
        optimizer.step(theta, 2 * theta)  # the gradient of ‖θ‖²
    assert np.sqrt(theta @ theta) < 0.05


@every
def test_copies_and_pickles_go_on_from_the_same_memory(make):
    optimizer, theta = make(), np.ones(2)
    optimizer.step(theta, np.array([1.0, 2.0]))
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert frozen(twin) == frozen(optimizer)
        a, b = theta.copy(), theta.copy()
        copy.deepcopy(optimizer).step(a, np.array([3.0, -1.0]))
        twin.step(b, np.array([3.0, -1.0]))
        assert frozen(a) == frozen(b)


def test_memory_starts_at_zero_with_the_first_step_and_counts_from_one():
    adam = Adam(0.1)
    assert adam.t == 0 and not hasattr(adam, "m")
    adam.step(np.ones(2), np.array([1.0, 2.0]))
    assert adam.t == 1
    np.testing.assert_allclose(adam.m, [0.1, 0.2])
    np.testing.assert_allclose(adam.v, [0.001, 0.004])


def test_the_base_class_has_no_formula_of_its_own():
    with pytest.raises(NotImplementedError, match=r"Optimizer must define rule\(self, theta, grad\)"):
        Optimizer(0.1).step(np.ones(1), np.ones(1))


@pytest.mark.parametrize("make", [make for make in MAKE.values() if make().memory])
def test_an_optimizer_that_remembers_one_network_is_refused_by_another_of_the_same_size(make):
    optimizer, first, second = make(), np.ones(3), np.ones(3)
    optimizer.step(first, np.ones(3))
    twin = copy.deepcopy(optimizer)
    with pytest.raises(ValueError, match="remembers another network"):
        optimizer.step(second, np.ones(3))
    assert np.array_equal(second, np.ones(3))
    twin.step(second, np.ones(3))  # a copy belongs to whichever theta it sees first
    optimizer.step(first, np.ones(3))  # and the original still to its own


def test_sgd_remembers_nothing_and_serves_any_network():
    optimizer = SGD(0.5)
    for size in (3, 4):
        theta = np.ones(size)
        optimizer.step(theta, np.ones(size))
        assert np.array_equal(theta, np.full(size, 0.5))


def test_a_long_vector_is_worked_through_in_pieces_without_a_difference():
    class Whole(Adam):
        def step(self, theta, grad):
            self.t += 1
            self.rule(theta, grad, *self.moments)

    rng = np.random.default_rng(0)
    size = 2 * CHUNK + 5
    cut, whole = rng.standard_normal(size), np.empty(size)
    whole[...] = cut
    by_pieces, at_once = Adam(0.1), Whole(0.1)
    at_once.moments = np.zeros((2, size))
    for gradient in rng.standard_normal((3, size)):
        by_pieces.step(cut, gradient)
        at_once.step(whole, gradient)
    assert np.array_equal(cut, whole) and by_pieces.t == 3
    assert np.array_equal(by_pieces.m, at_once.moments[0]) and np.array_equal(by_pieces.v, at_once.moments[1])


@pytest.mark.parametrize(("size", "stops"), [(0, []), (1, [1]), (CHUNK, [CHUNK]), (CHUNK + 1, [CHUNK, CHUNK + 1])])
def test_pieces_cover_a_vector_once(size, stops):
    vector = np.zeros(size)
    for block in chunks(size):
        vector[block] += 1
    assert (vector == 1).all() and [min(block.stop, size) for block in chunks(size)] == stops


def test_an_optimizer_of_the_readers_own_needs_one_formula():
    class NormalizedDescent(Optimizer):
        memory = ("square",)

        def rule(self, theta, grad, square):
            square += grad**2
            theta -= self.lr * grad / np.sqrt(square)

    theta, optimizer = np.array([1.0, 2.0]), NormalizedDescent(0.5)
    optimizer.step(theta, np.array([3.0, -4.0]))
    assert theta.tolist() == [0.5, 2.5]
    optimizer.step(theta, np.array([4.0, 3.0]))
    np.testing.assert_allclose(theta, [0.5 - 0.5 * 4 / 5, 2.5 - 0.5 * 3 / 5], rtol=1e-15)
    assert optimizer.square.tolist() == [25.0, 25.0] and optimizer.t == 2


def test_adam_without_memory_steps_by_the_learning_rate_every_time():
    theta, optimizer = np.zeros(2), Adam(0.5, beta1=0, beta2=0)
    for gradient in ([1.0, -2.0], [-4.0, -8.0]):
        optimizer.step(theta, np.array(gradient))
    np.testing.assert_allclose(theta, [0.0, 1.0], atol=1e-7)


# Nesterov, RMSProp and AdamW: each changes one formula


RATES = {Nesterov: 0.3, RMSProp: 0.02, AdamW: 0.02}
every_variant = pytest.mark.parametrize("make", RATES, ids=lambda c: c.__name__)


def test_two_steps_of_nesterov_by_hand():
    first, second = two_steps(Nesterov(0.1, beta=0.8))
    # v = 0.2 · (0.5, -1) = (0.1, -0.2), step 0.8 v + 0.2 · (0.5, -1) = (0.18, -0.36)
    np.testing.assert_allclose(first, [1 - 0.1 * 0.18, -2 + 0.1 * 0.36], rtol=1e-15)
    # v = 0.8 · (0.1, -0.2) + 0.2 · (0.25, 2) = (0.13, 0.24), step 0.8 v + 0.2 · (0.25, 2) = (0.154, 0.592)
    np.testing.assert_allclose(second, first - 0.1 * np.array([0.154, 0.592]), rtol=1e-15)


def test_two_steps_of_rmsprop_by_hand():
    first, second = two_steps(RMSProp(0.1, beta=0.5, eps=0.25))
    # v = 0.5 · (0.25, 1) = (0.125, 0.5)
    np.testing.assert_allclose(
        first, [1 - 0.1 * 0.5 / (math.sqrt(0.125) + 0.25), -2 + 0.1 * 1 / (math.sqrt(0.5) + 0.25)], rtol=1e-15
    )
    # v = 0.5 · (0.125, 0.5) + 0.5 · (0.0625, 4) = (0.09375, 2.25), √2.25 = 1.5
    step = [0.1 * 0.25 / (math.sqrt(0.09375) + 0.25), 0.1 * 2 / (1.5 + 0.25)]
    np.testing.assert_allclose(second, first - step, rtol=1e-15)


def test_two_steps_of_adamw_by_hand():
    first, second = two_steps(AdamW(0.1, beta1=0.8, beta2=0.5, eps=0.25, weight_decay=0.5))
    # θ shrinks by 1 - 0.1 · 0.5 = 0.95; Adam's steps are those above, for they do not look at θ
    expected = np.array([0.95 * 1 - 0.1 * 0.5 / (0.5 + 0.25), 0.95 * -2 + 0.1 * 1 / (1 + 0.25)])
    np.testing.assert_allclose(first, expected, rtol=1e-14)
    expected *= 0.95
    expected -= [
        0.1 * (0.13 / 0.36) / (math.sqrt(0.125) + 0.25),
        0.1 * (0.24 / 0.36) / (math.sqrt(3) + 0.25),
    ]
    np.testing.assert_allclose(second, expected, rtol=1e-14)


@given(st.lists(vectors, min_size=1, max_size=5), st.floats(0, 0.99))
def test_nesterov_is_momentum_that_looks_one_step_ahead(gradients, beta):
    """Two sequences: that of Sutskever et al., whose gradient is taken ahead of θ, and where it was taken."""
    ahead, velocity, optimizer, theta = np.ones(4), np.zeros(4), Nesterov(0.1, beta), np.ones(4)
    behind = ahead.copy()
    for gradient in gradients:  # the gradient at `ahead` = behind + β velocity
        optimizer.step(theta, gradient)
        velocity = beta * velocity - 0.1 * (1 - beta) * gradient
        behind = behind + velocity
        ahead = behind + beta * velocity
    np.testing.assert_allclose(theta, ahead, rtol=1e-9, atol=1e-9)


@given(vectors, vectors)
def test_without_memory_the_variants_are_what_they_vary(theta, gradient):
    other, sign = theta.copy(), theta.copy()
    start = theta.copy()
    Nesterov(0.3, beta=0).step(theta, gradient)
    SGD(0.3).step(other, gradient)
    np.testing.assert_allclose(theta, other, rtol=1e-15)
    RMSProp(0.3, beta=0, eps=1e-300).step(sign, gradient)
    large = np.abs(gradient) > 1e-100
    np.testing.assert_allclose(sign[large], (start - 0.3 * np.sign(gradient))[large], rtol=1e-12, atol=1e-12)


@given(st.lists(vectors, min_size=1, max_size=5))
def test_adamw_without_decay_is_adam(gradients):
    theta, other, adam_w, adam = np.ones(4), np.ones(4), AdamW(0.1, weight_decay=0), Adam(0.1)
    for gradient in gradients:
        adam_w.step(theta, gradient)
        adam.step(other, gradient)
    assert theta.tolist() == other.tolist()


def test_the_decay_of_adamw_is_not_part_of_the_gradient():
    theta, optimizer = np.array([2.0, -4.0]), AdamW(0.1, weight_decay=0.5)
    for _ in range(3):
        optimizer.step(theta, np.zeros(2))
    np.testing.assert_allclose(theta, np.array([2.0, -4.0]) * 0.95**3, rtol=1e-15)
    assert not optimizer.m.any() and not optimizer.v.any()


def test_rmsprop_steps_by_the_learning_rate_whatever_the_size_of_a_steady_gradient():
    theta, optimizer = np.zeros(3), RMSProp(0.01)
    for _ in range(200):
        before = theta.copy()
        optimizer.step(theta, np.array([1e-4, -5.0, 1e6]))
    np.testing.assert_allclose(theta - before, [-0.01, 0.01, -0.01], rtol=2e-4)


def test_the_defaults_are_those_of_the_papers_and_of_pytorch():
    assert Nesterov(0.1).beta == 0.9
    rms, adam_w = RMSProp(0.1), AdamW(0.1)
    assert (rms.beta, rms.eps) == (0.9, 1e-8)
    assert (adam_w.beta1, adam_w.beta2, adam_w.eps, adam_w.weight_decay) == (0.9, 0.999, 1e-8, 0.01)


def test_arguments_stand_in_the_same_order_as_in_what_is_varied():
    for variant, varied in ((Nesterov, Momentum), (AdamW, Adam)):
        names = list(inspect.signature(varied).parameters)
        assert list(inspect.signature(variant).parameters)[: len(names)] == names
    adam_w = AdamW(0.5, 0.1, 0.2, 0.3, 0.4)
    assert (adam_w.lr, adam_w.beta1, adam_w.beta2, adam_w.eps, adam_w.weight_decay) == (0.5, 0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Nesterov(0.1, beta=1.0), ValueError, "beta must be a finite number >= 0 and < 1, got 1.0"),
        (lambda: RMSProp(0.1, beta=1.0), ValueError, "beta must be a finite number >= 0 and < 1, got 1.0"),
        (lambda: RMSProp(0.1, beta=-0.1), ValueError, "beta must be a finite number >= 0 and < 1, got -0.1"),
        (lambda: RMSProp(0.1, eps=0), ValueError, "eps must be a finite number > 0, got 0"),
        (lambda: RMSProp(0), ValueError, "lr must be a finite number > 0, got 0"),
        (lambda: AdamW(0.1, beta1=1), ValueError, "beta1 must be a finite number >= 0 and < 1, got 1"),
        (lambda: AdamW(0.1, beta2=1), ValueError, "beta2 must be a finite number >= 0 and < 1, got 1"),
        (lambda: AdamW(0.1, eps=-1), ValueError, "eps must be a finite number > 0, got -1"),
        (lambda: AdamW(0.1, weight_decay=-0.1), ValueError, "weight_decay must be a finite number >= 0, got -0.1"),
        (lambda: AdamW(0.1, weight_decay=math.inf), ValueError, "weight_decay must be a finite number >= 0, got inf"),
        (lambda: AdamW(0.1, weight_decay=True), TypeError, "weight_decay must be a finite number >= 0, got True"),
    ],
)
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


# In training


@every_variant
def test_training_learns_and_an_interrupted_epoch_leaves_no_trace(make, monkeypatch):
    X, y = small_problem()
    net, optimizer = NeuralNetwork([3, 8, 1], seed=0), make(RATES[make])
    net.train(X, y, n_epochs=100, batch_size=5, verbose=False, optimizer=optimizer)
    assert net.loss_history[-1] < 0.6 * net.loss_history[0]
    before = lasting(net, copy.deepcopy(optimizer))
    rule = make.rule

    def stops(self, *vectors):
        rule(self, *vectors)
        if self.t % 3 == 2:  # the second of three batches
            raise KeyboardInterrupt

    monkeypatch.setattr(make, "rule", stops)
    with pytest.raises(KeyboardInterrupt):
        net.train(X, y, n_epochs=1, batch_size=5, verbose=False, optimizer=optimizer)
    assert lasting(net, copy.deepcopy(optimizer)) == before


@every_variant
def test_a_divergence_says_so_and_leaves_the_last_whole_epoch(make):
    X, y = small_problem()
    net, optimizer = NeuralNetwork([3, 8, 1], seed=0), make(RATES[make])
    net.train(X, y, n_epochs=2, batch_size=5, verbose=False, optimizer=optimizer)
    optimizer.lr = 1e200
    before = lasting(net, copy.deepcopy(optimizer))
    with pytest.raises(TrainingDiverged, match="Try a learning rate below 1e\\+200"):
        net.train(X, y, n_epochs=20, batch_size=5, verbose=False, optimizer=optimizer)
    assert lasting(net, copy.deepcopy(optimizer)) == before
