"""What moves in a notebook: a figure that follows sliders, and a progress bar. Both need a running kernel."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from typing import Any

import ipywidgets
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from scratchnet import checks
from scratchnet.plotting import to_png


def live(frame: Callable[..., tuple[Figure, str]], **sliders: Any) -> ipywidgets.VBox:
    """Join sliders to a figure: frame(**values) returns the figure and its caption for the sliders' values.

    sliders: ipywidgets by the name of the argument that each one sets. A slider answers when it is let go. While
    the next picture is computed the last one stays, and so it does if frame raises; the caption then says why.
    """
    picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%", object_fit="contain"))
    caption = ipywidgets.HTML()

    def say(text: str) -> None:
        caption.value = f'<p role="status">{html.escape(text)}</p>'

    def draw(_change: Any = None) -> None:
        values = {name: slider.value for name, slider in sliders.items()}
        say("Computing …")
        try:
            fig, text = frame(**values)
            picture.value = to_png(fig)
        except Exception as error:
            settings = ", ".join(f"{name} = {value}" for name, value in values.items())
            say(f"{settings}: {type(error).__name__}: {error} The picture is that of the last setting that worked.")
        else:
            say(text)

    for slider in sliders.values():
        if hasattr(slider, "continuous_update"):
            slider.continuous_update = False
        slider.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([*sliders.values(), picture, caption])


def progress_bar(n_epochs: int) -> Callable[[Any, int], None]:
    """Return an `on_epoch` callback that shows a bar with the loss: net.train(…, on_epoch=progress_bar(n_epochs)).

    The bar is drawn on standard output, or as a widget in a notebook, and closes itself after n_epochs epochs.
    """
    bar = tqdm(total=checks.positive_int("n_epochs", n_epochs), unit="epoch", file=sys.stdout)

    def advance(net: Any, epoch: int) -> None:
        bar.set_postfix(loss=f"{net.loss_history[-1]:.4f}", refresh=False)
        bar.update()
        if bar.n >= bar.total:
            bar.close()

    return advance
