import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnet import Epoch, TrainingDiverged
from scratchnet.training import log_line, norm, ratio, round_step


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9), st.sampled_from([1e-200, 1e-150, 1.0, 1e150, 1e200]))
def test_the_norm_is_the_root_of_the_sum_of_squares_at_every_size(entries, size):
    v = np.array(entries) * size
    with np.errstate(over="ignore"):  # as in training
        assert math.isclose(norm(v), math.hypot(*v), rel_tol=1e-12)


@pytest.mark.parametrize("size", [1.0, 1e-139, 1e-141, 1e-300, 1e153, 1e154, 1e300])
def test_norms_worked_by_hand(size):
    with np.errstate(over="ignore"):
        assert math.isclose(norm(np.array([3.0, -4.0]) * size), 5 * size, rel_tol=1e-14)
    assert norm(np.zeros(3)) == 0.0


def test_the_norm_of_what_is_not_finite_is_not_finite():
    with np.errstate(invalid="ignore"):
        assert not math.isfinite(norm(np.array([1.0, np.inf])))
        assert math.isnan(norm(np.array([1.0, np.nan])))


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
def test_a_divergence_says_what_happened_what_to_do_and_what_is_left(lr, advice):
    error = TrainingDiverged(3, 1, "the loss became nan", lr)
    for twin in (error, copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is TrainingDiverged and (twin.epoch, twin.batch) == (3, 1)
        assert str(twin) == (
            f"the loss became nan in epoch 3, batch 1. {advice} "
            "The network and its history are as they were after the last whole epoch."
        )
