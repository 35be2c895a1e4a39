"""One input, one unit: how weight and bias bend and move its curve, and what gradient descent makes of it."""

from __future__ import annotations

import numpy as np

from scratchnet import Layer, LinearLayer, ReLU, Sigmoid, Tanh, mse_grad, mse_loss
from scratchnet.book import frames
from scratchnet.book.explorer import Explorer

ACTIVATIONS: dict[str, type[Layer] | None] = {"none": None, "ReLU": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
N = 121  # points of the curve; the middle one is x = 0


def one_unit() -> Explorer:
    """Return the explorer of a = f(wx + b): four activations, nine weights, seven biases.

    Its button trains the unit toward a step at x = 1.
    """
    return Explorer(
        "one_unit",
        {
            "activation": list(ACTIVATIONS),
            "w": [-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0],
            "b": [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0],
        },
        _frame,
        start={"activation": "ReLU", "w": 1.0, "b": 0.0},
        presets={
            "A line: without an activation nothing bends": {"activation": "none", "w": 1.0, "b": 1.0},
            "A gate that opens at x = 1": {"activation": "ReLU", "w": 2.0, "b": -2.0},
            "Nearly a step": {"activation": "sigmoid", "w": 4.0, "b": 0.0},
            "Dead: w = 0 gives the same output everywhere": {"activation": "ReLU", "w": 0.0, "b": -1.0},
        },
        retrain=_trained,
    )


def _inputs() -> np.ndarray:
    return np.linspace(-3, 3, N).reshape(-1, 1)  # (N, 1)


def _unit(activation: str, w: float, b: float) -> tuple[LinearLayer, list[Layer]]:
    """Return the linear layer, and the list of layers that it begins."""
    linear, Bend = LinearLayer(1, 1), ACTIVATIONS[activation]
    linear.W, linear.b = np.array([[w]]), np.array([[b]])
    return linear, [linear] if Bend is None else [linear, Bend()]


def _forward(layers: list[Layer]) -> np.ndarray:
    a = _inputs()
    for layer in layers:
        a = layer.forward(a)
    return a


def _backward(layers: list[Layer], da: np.ndarray) -> np.ndarray:
    for layer in reversed(layers):
        da = layer.backward(da)
    return da


def _drawn(caption: str, curves: list[tuple[np.ndarray, int]]) -> str:
    """Return the frame of curves (N, 1), each with the number of its color and dash."""
    axes = frames.Axes(
        (-3, 3),
        (-4, 4),
        x_ticks={-3: "-3", 0: "0", 3: "3"},
        y_ticks=[-4, -2, 0, 2, 4],
        x_label="x",
        y_label="a = f(wx + b)",
    )
    x = _inputs()[:, 0]
    return frames.figure(caption, axes.panel(caption, *(axes.line(x, a[:, 0], k) for a, k in curves)))


def _frame(activation: str, w: float, b: float) -> str:
    _, layers = _unit(activation, w, b)
    a = _forward(layers)
    slope = _backward(layers, np.ones_like(a))  # da/dx, point by point
    caption = (
        f"{activation}, w = {w:g}, b = {b:g}: at x = 0 the output is {a[N // 2, 0]:.3f} "
        f"with slope {slope[N // 2, 0]:.3f}; it lies between {a.min():.3f} and {a.max():.3f}."
    )
    return _drawn(caption, [(a, 0)])


def _trained(activation: str, w: float, b: float) -> str:
    """Return the curve after 500 steps of gradient descent toward a step at x = 1, the one before, and the step."""
    linear, layers = _unit(activation, w, b)
    step = (_inputs() > 1).astype(float)
    before = a = _forward(layers)
    for _ in range(500):
        _backward(layers, mse_grad(a, step))
        linear.update(lr=0.2)
        a = _forward(layers)
    caption = (
        f"{activation}: 500 steps of gradient descent toward a step at x = 1 (dotted) lead "
        "from the dashed curve to the solid one. The loss goes from "
        f"{mse_loss(before, step):.3f} to {mse_loss(a, step):.3f}, "
        f"w from {w:g} to {linear.W.item():.2f}, b from {b:g} to {linear.b.item():.2f}."
    )
    return _drawn(caption, [(a, 0), (before, 1), (step, 3)])
