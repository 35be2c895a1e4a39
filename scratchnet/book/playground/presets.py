"""Settings to try, each with a sentence about what it shows. A test trains every one of them."""

from __future__ import annotations

from typing import NamedTuple


class Preset(NamedTuple):
    """A setting by its address; place: where the book says more, a page and the name of a part of it."""

    name: str
    sentence: str
    address: str
    place: str = ""


PRESETS = (
    Preset("It works", "Two hidden layers of 16 learn the spirals, and stop when they have.", "accuracy=0.99"),
    Preset(
        "Too small a step",
        "Gradient descent at 0.001: the loss falls, so slowly that nothing is to be seen of it.",
        "optimizer=SGD&rate=0.001",
        "03_network_training#training-lr",
    ),
    Preset(
        "It diverges",
        "Weights that are too large and a rate of 3: in the first epoch a number gets too large for the computer.",
        "hidden=64-64-64-64-64-64&init=large&optimizer=SGD&rate=3",
    ),
    Preset(
        "Dead units",
        "At a rate of 10 whole layers fall silent: ReLU gives 0 for every point, and no gradient passes.",
        "data=moons&hidden=8-8&optimizer=SGD&rate=10",
    ),
    Preset(
        "The gradient vanishes",
        "Six layers of sigmoids: each takes a part of the gradient, and the first layer gets next to nothing.",
        "data=moons&hidden=8-8-8-8-8-8&activation=Sigmoid&init=xavier&optimizer=SGD&rate=0.3",
    ),
    Preset(
        "Batch norm rescues it",
        "The same six layers of sigmoids with batch normalization: the gradient arrives, and they learn.",
        "data=moons&hidden=8-8-8-8-8-8&activation=Sigmoid&init=xavier&batchnorm=on&optimizer=SGD&rate=0.3",
        "08_batch_normalization#norm-depth",
    ),
    Preset(
        "It overfits",
        "64-64 learns 32 noisy points by heart, and says of new ones what it should not be sure of.",
        "data=moons&noise=0.5&points=20&hidden=64-64",
        "09_dropout#drop-overfitting",
    ),
    Preset(
        "One layer of 4 cannot",
        "Four units make too few pieces for the seven changes of class along a line: there is a proof.",
        "hidden=4",
        "05_architecture_experiments#arch-four",
    ),
)
