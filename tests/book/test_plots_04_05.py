"""What notebooks 04 and 05 draw: several boundaries beside each other, and a table of repeated runs."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scratchnet import NeuralNetwork
from scratchnet.book import plot_boundaries, plot_table


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def test_every_model_gets_its_boundary_and_its_name_and_no_labels():
    X = np.random.default_rng(0).standard_normal((20, 2))
    models = {f"seed {seed}": NeuralNetwork([2, 4, 1], seed=seed) for seed in range(3)}
    _, axes = plt.subplots(1, 3)
    plot_boundaries(models, X, X[:, :1] > 0, axes, resolution=20)
    assert [ax.get_title() for ax in axes] == list(models)
    assert {ax.get_xlabel() + ax.get_ylabel() for ax in axes} == {""}
    first, second, _ = (ax.images[0].get_array() for ax in axes)
    assert first.shape == (20, 20) and not np.array_equal(first, second)


def test_as_many_axes_as_models():
    X = np.ones((2, 2))
    with pytest.raises(ValueError, match="zip"):
        plot_boundaries({}, X, [0, 1], plt.subplots(1, 2)[1])


def test_a_table_shows_the_median_and_the_range_of_every_setting():
    values = np.array([[[0.5, 0.6, 1.0], [0.9, 0.9, 0.9]], [[0.1, 0.2, 0.3], [0.7, 0.8, 0.99]]])
    ax = plot_table(values, (0, 2), (0.1, "fast"))
    texts = {tuple(map(round, text.get_position())): text.get_text() for text in ax.texts}
    assert texts == {
        (0, 0): "0.60\n0.50–1.00",
        (1, 0): "0.90\n0.90–0.90",
        (0, 1): "0.20\n0.10–0.30",
        (1, 1): "0.80\n0.70–0.99",
    }
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0.6, 0.9], [0.2, 0.8]])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.1", "fast"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "2"]
