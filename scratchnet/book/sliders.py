"""Sliders that train at every position, and so need a kernel."""

from __future__ import annotations

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from scratchnet.book.experiments import counted, of_depth, spirals
from scratchnet.book.plotting import plot_decision_boundary, plot_grad_norms, plot_loss
from scratchnet.book.widgets import Live, live


def draw_depth_and_rate(depth: int, lr: float) -> tuple[Figure, str]:
    """Train a network and return boundary, loss and gradient norms, and a sentence that says how it went."""
    data, (net, _) = spirals(), of_depth(depth, lr)
    if len(net.history) < 80:
        outcome = f"diverged in epoch {len(net.history) + 1}."
    else:
        outcome = f"after 80 epochs {data.result(net, net.loss_history[-1])}"
    sentence = f"{counted(depth)}, learning rate {lr:g}: {outcome}"
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(8.5, 3), layout="none")
    fig.subplots_adjust(0.06, 0.17, 0.98, 0.88, wspace=0.3)  # quicker than a fitted layout
    plot_decision_boundary(net, data.X, data.y, f"{depth} hidden, learning rate {lr:g}", left, resolution=100)
    plot_loss(net, middle).set_ylim(0.01, 3)
    plot_grad_norms(net, right).set_ylim(1e-4, 10)
    for ax in (middle, right):
        ax.minorticks_off()  # they take a third of the drawing time
        ax.set_ylabel("")
    return fig, sentence


def depth_and_rate() -> Live:
    """Return the figure with a slider for the number of hidden layers and one for the learning rate."""
    return live(
        draw_depth_and_rate,
        depth=ipywidgets.SelectionSlider(options=[0, 1, 2, 3, 4, 6, 8], value=4, description="hidden layers"),
        lr=ipywidgets.SelectionSlider(options=[0.01, 0.03, 0.1, 0.3, 1.0], value=0.3, description="learning rate"),
    )
