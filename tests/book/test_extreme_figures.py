"""Pictures of input that is extreme but legal. Every NumPy warning is an error here."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import off_kinks

from scratchnet import IdentitySquaredError, NeuralNetwork, SigmoidCrossEntropy, SoftmaxCrossEntropy, Tanh, one_hot
from scratchnet.book import plot_decision_boundary, plot_grad_norms, plot_loss, plot_training


def quietly(net, X, y, **kwargs):
    net.train(X, y, **{"n_epochs": 3, "verbose": False, **kwargs})


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def draw(artist):
    getattr(artist, "figure", artist).canvas.draw()


POINTS = {
    "one point": np.array([[1.0, 2.0]]),
    "constant": np.full((5, 2), 2.0),
    "zeros": np.zeros((3, 2)),
    "one constant feature": np.column_stack([np.ones(5), np.arange(5)]),
    "subnormal": np.full((3, 2), 5e-324),
    "tiny": 1e-300 * off_kinks((6, 2)),
    "large": 1e100 * off_kinks((6, 2)),
    "the largest": 1e154 * off_kinks((6, 2)) / 2,
    "large and alike": 1e17 + off_kinks((6, 2)),
    "large and constant": np.full((4, 2), -1e20),
    "of unequal size": off_kinks((6, 2)) * [1e150, 1e-150],
    "duplicates": np.repeat(off_kinks((1, 2)), 5, axis=0),
    "integers": np.arange(6).reshape(3, 2),
}


@pytest.mark.parametrize("X", POINTS.values(), ids=POINTS.keys())
def test_points_and_boundaries_of_extreme_features_are_drawn(X):
    for output, y in (
        (SigmoidCrossEntropy, np.ones((len(X), 1))),
        (SoftmaxCrossEntropy, one_hot(np.arange(len(X)) % 3, 3)),
    ):
        net = NeuralNetwork([2, 3, y.shape[1]], seed=0, output=output)
        ax = plot_decision_boundary(net, X, y, resolution=20)
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        assert left <= X[:, 0].min() and X[:, 0].max() <= right and left < right
        assert bottom <= X[:, 1].min() and X[:, 1].max() <= top and bottom < top
    draw(ax)


CURVES = {  # training features, targets, what train is given besides
    "one epoch": (off_kinks((4, 2)), np.ones((4, 1)), {"n_epochs": 1}),
    "no loss at all": (np.zeros((2, 2)), np.zeros((2, 1)), {}),
    "no loss for long": (np.zeros((2, 2)), np.zeros((2, 1)), {"n_epochs": 150}),
    "no loss held out": (off_kinks((4, 2)), np.ones((4, 1)), {"validation": (np.zeros((1, 2)), [[0]]), "lr": 1e-300}),
    "a tiny loss": (1e-160 * off_kinks((4, 2)), np.full((4, 1), 1e-160), {}),
    "a huge loss": (off_kinks((4, 2)), np.full((4, 1), 1e150), {"lr": 1e-160}),
    "constant features": (np.ones((3, 2)), np.ones((3, 1)), {}),
}


@pytest.mark.parametrize(("X", "y", "options"), CURVES.values(), ids=CURVES.keys())
def test_curves_of_extreme_runs_are_drawn(X, y, options):
    net = NeuralNetwork([2, 3, 1], seed=0, output=IdentitySquaredError)
    quietly(net, X, y, **options)
    draw(plot_loss(net))
    draw(plot_grad_norms(net))


def test_64_layers_are_drawn():
    X, net = off_kinks((4, 2)), NeuralNetwork([2] + [1] * 64 + [1], seed=0, activation=Tanh)
    quietly(net, X, np.ones((4, 1)))
    draw(plot_training(net, X, np.ones((4, 1)), "Deep"))
