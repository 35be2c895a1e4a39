"""What needs a running Python to move: figures that follow sliders, a progress bar."""

from __future__ import annotations

import base64
import html
import sys
from collections.abc import Callable
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from scratchnet import checks
from scratchnet.book.plotting import to_png


class Live(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Sliders above a picture and its caption. Made by `live`."""

    def __init__(self, frame: Callable[..., tuple[Figure, str]], sliders: dict[str, Any]) -> None:
        self._frame, self._sliders = frame, sliders
        self.picture = ipywidgets.HTML()  # an Image has no text for those who do not see it
        self.caption = ipywidgets.HTML()
        self.error: Exception | None  # of the last setting, None if it could be drawn
        super().__init__([*sliders.values(), self.picture, self.caption])
        for slider in sliders.values():
            slider.style.description_width = "initial"
            if slider.has_trait("continuous_update"):
                slider.continuous_update = False
            slider.observe(self._draw, names="value")
        self._draw()

    def _draw(self, _change: Any = None) -> None:
        values = {name: slider.value for name, slider in self._sliders.items()}
        self._say("Computing …")
        open_before = plt.get_fignums()
        try:
            fig, sentence = self._frame(**values)
            if not isinstance(sentence, str):
                raise TypeError(f"the caption must be a string, got {sentence!r}")
            self.picture.value = _image(to_png(fig), sentence)
        except Exception as error:
            self.error = error
            settings = ", ".join(f"{name} = {value}" for name, value in values.items())
            self._say(
                f"{settings} failed with {type(error).__name__}: {error} (The picture is the last one that worked.)"
            )
        else:
            self.error = None
            self._say(sentence)
        finally:
            for number in set(plt.get_fignums()) - set(open_before):
                plt.close(number)

    def _say(self, sentence: str) -> None:
        self.caption.value = f'<p role="status">{html.escape(sentence)}</p>'

    def __repr__(self) -> str:
        """What a front end without widgets prints in their place."""
        names = ", ".join(slider.description for slider in self._sliders.values())
        return f"Sliders for {names} (they need a running kernel)"


def _image(png: bytes, sentence: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(sentence)}" style="max-width: 100%">'


def live(frame: Callable[..., tuple[Figure, str]], **sliders: Any) -> Live:
    """Join sliders to a figure: frame(**values) returns the figure and its caption for the sliders' values.

    sliders: ipywidgets by the name of the argument that each one sets. A slider answers when it is let go. While
    the next picture is computed the last one stays, and so it does if frame raises; the caption then says why.
    """
    return Live(frame, sliders)


def progress_bar(n_epochs: int) -> Callable[[Any, int], None]:
    """Return an `on_epoch` callback that shows a bar with the loss.

    net.train(X, y, n_epochs=3000, verbose=False, on_epoch=progress_bar(3000)): without verbose=False the log runs
    through the bar.

    The bar is drawn on standard output, or as a widget in a notebook, and closes itself after n_epochs epochs.
    """
    bar = tqdm(total=checks.positive_int("n_epochs", n_epochs), unit="epoch", file=sys.stdout)

    def advance(net: Any, epoch: int) -> None:
        bar.set_postfix(loss=f"{net.loss_history[-1]:.4f}", refresh=False)
        bar.update()
        if bar.n >= bar.total:
            bar.close()

    return advance
