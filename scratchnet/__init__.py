"""A neural network from scratch, in NumPy, small enough to read in one sitting.

The modules build on each other in this order: datasets, activations, initializers, layers, losses, optimizers,
network, gradcheck. Four more belong to single chapters: normalization and dropout, which are layers, variants of
the optimizers, and schedules of the learning rate. What draws and moves (plotting, widgets, source) lies on top and
needs Matplotlib, ipywidgets and IPython; it is imported when one of its names is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scratchnet.activations import relu, relu_grad, sigmoid, sigmoid_grad, softmax, tanh, tanh_grad
from scratchnet.datasets import (
    make_blobs,
    make_circles,
    make_moons,
    make_spirals,
    make_xor,
    one_hot,
    standardize,
    train_test_split,
)
from scratchnet.dropout import Dropout
from scratchnet.gradcheck import central_difference, check_layer, check_network, numerical_gradient, relative_error
from scratchnet.history import Epoch, TrainingDiverged
from scratchnet.initializers import he, large, small, xavier, zeros
from scratchnet.layers import Activation, Layer, LinearLayer, ReLU, Sigmoid, Tanh
from scratchnet.losses import (
    IdentitySquaredError,
    Output,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    binary_cross_entropy,
    mse_grad,
    mse_loss,
)
from scratchnet.network import NeuralNetwork
from scratchnet.normalization import BatchNorm
from scratchnet.optimizers import SGD, Adam, Momentum, Optimizer
from scratchnet.schedules import cosine_decay, follow, step_decay, warm_up
from scratchnet.storage import load
from scratchnet.variants import AdamW, Nesterov, RMSProp

if TYPE_CHECKING:
    from scratchnet import frames
    from scratchnet.exercises import check
    from scratchnet.plotting import (
        class_style,
        plot_decision_boundary,
        plot_grad_norms,
        plot_loss,
        plot_network,
        plot_points,
        plot_runs,
        plot_training,
        show,
        use_style,
    )
    from scratchnet.source import show_source
    from scratchnet.widgets import Explorer, Live, explorer, live, progress_bar

__version__ = "0.1.0"

_ON_TOP = {
    "plotting": (
        "class_style",
        "plot_decision_boundary",
        "plot_grad_norms",
        "plot_loss",
        "plot_network",
        "plot_points",
        "plot_runs",
        "plot_training",
        "show",
        "use_style",
    ),
    "exercises": ("check",),
    "source": ("show_source",),
    "widgets": ("Explorer", "Live", "explorer", "live", "progress_bar"),
}
_MODULE_OF = {name: module for module, names in _ON_TOP.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import plotting, widgets or source when one of their names is asked for."""
    if name == "frames":
        return import_module("scratchnet.frames")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'scratchnet' has no attribute {name!r}")
    return getattr(import_module(f"scratchnet.{_MODULE_OF[name]}"), name)


__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Dropout",
    "Epoch",
    "Explorer",
    "IdentitySquaredError",
    "Layer",
    "LinearLayer",
    "Live",
    "Momentum",
    "Nesterov",
    "NeuralNetwork",
    "Optimizer",
    "Output",
    "RMSProp",
    "ReLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "Tanh",
    "TrainingDiverged",
    "binary_cross_entropy",
    "central_difference",
    "check",
    "check_layer",
    "check_network",
    "class_style",
    "cosine_decay",
    "explorer",
    "follow",
    "frames",
    "he",
    "large",
    "live",
    "load",
    "make_blobs",
    "make_circles",
    "make_moons",
    "make_spirals",
    "make_xor",
    "mse_grad",
    "mse_loss",
    "numerical_gradient",
    "one_hot",
    "plot_decision_boundary",
    "plot_grad_norms",
    "plot_loss",
    "plot_network",
    "plot_points",
    "plot_runs",
    "plot_training",
    "progress_bar",
    "relative_error",
    "relu",
    "relu_grad",
    "show",
    "show_source",
    "sigmoid",
    "sigmoid_grad",
    "small",
    "softmax",
    "standardize",
    "step_decay",
    "tanh",
    "tanh_grad",
    "train_test_split",
    "use_style",
    "warm_up",
    "xavier",
    "zeros",
]
