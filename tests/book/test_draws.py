"""The points of notebook 09 and the words that tables of repeated runs are made of."""

import numpy as np
import pytest

from scratchnet import make_spirals
from scratchnet.book import experiments


def test_a_draw_is_three_sets_scaled_by_the_first():
    (X, y), validation, test = experiments.draw(3)
    assert [len(pair[0]) for pair in ((X, y), validation, test)] == [40, 100, 1000]
    assert y.shape == (40, 1)
    assert X.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert X.std(axis=0) == pytest.approx(1, abs=1e-6)
    for other, _ in (validation, test):
        assert 0 < abs(other.mean(axis=0)).max() < 0.5


def test_draws_and_their_sets_have_generators_of_their_own():
    sets = [X for seed in (0, 1) for X, _ in experiments.draw(seed, n_train=50)]
    assert all(not np.allclose(A[:50], B[:50], atol=1e-3) for i, A in enumerate(sets) for B in sets[:i])
    again = experiments.draw(1, n_train=50)[0][0]
    assert np.array_equal(again, sets[3])


def test_a_draw_can_be_of_other_shapes():
    (X, _), *_ = experiments.draw(0, 30, 0.25, make_spirals)
    assert X.shape == (60, 2)


def test_a_median_is_written_with_the_range():
    assert experiments.median_and_range([0.126, 3, 0.5]) == "0.50 (0.13 to 3.00)"
