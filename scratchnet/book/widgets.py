"""What moves: explorers that work on a page with no kernel, figures that follow sliders with one, a progress bar."""

from __future__ import annotations

import html
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from scratchnet import checks
from scratchnet.book.frames import STYLE
from scratchnet.book.plotting import to_png

# Shown by the book's style sheet only, where no kernel can answer.
WITHOUT_KERNEL = (
    '<p class="without-kernel" style="display: none">To run a setting of your own, open this notebook in Jupyter: '
    "download it with the button at the top of the page, or run <code>make lab</code>.</p>"
)


class Live(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Sliders above a picture and its caption. Made by `live`."""

    def __init__(self, frame: Callable[..., tuple[Figure, str]], sliders: dict[str, Any]) -> None:
        self._frame, self._sliders = frame, sliders
        self.picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%", object_fit="contain"))
        self.caption = ipywidgets.HTML()
        self.error: Exception | None = None  # of the last setting, None if it could be drawn
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
            self.picture.value = to_png(fig)
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


def live(frame: Callable[..., tuple[Figure, str]], **sliders: Any) -> Live:
    """Join sliders to a figure: frame(**values) returns the figure and its caption for the sliders' values.

    sliders: ipywidgets by the name of the argument that each one sets. A slider answers when it is let go. While
    the next picture is computed the last one stays, and so it does if frame raises; the caption then says why.
    """
    return Live(frame, sliders)


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """Sliders above one of many frames that were all drawn beforehand. Made by `explorer`."""

    def __init__(
        self,
        axes: Mapping[str, Sequence[Any]],
        frame: Callable[..., str],
        start: Mapping[str, Any],
        head: str,
        play: str | None,
        presets: Mapping[str, Mapping[str, Any]],
        retrain: Callable[..., str] | None,
    ) -> None:
        self.axes = {name: list(values) for name, values in axes.items()}
        self.frame, self.start, self.presets, self.retrain = frame, dict(start), dict(presets), retrain
        self.links: list[Any] = []  # between widgets, in the front end alone
        self.sliders = {
            name: ipywidgets.SelectionSlider(
                options=[(_text(value), i) for i, value in enumerate(values)],
                index=values.index(start[name]) if name in start else 0,
                description=name.replace("_", " "),
                style={"description_width": "8em"},
                layout=ipywidgets.Layout(width="min(28rem, 98%)"),
            )
            for name, values in self.axes.items()
        }
        self._layout, self._style = ipywidgets.Layout(width="100%"), ipywidgets.HTML().style  # shared by all frames
        controls = [self._preset_buttons(presets)] if presets else []
        for name, slider in self.sliders.items():
            if name == play:
                controls.append(self._player(slider))
            controls.append(slider)
        frames = self._nested(list(self.axes), {}, frame)
        super().__init__([self._html(STYLE + head), *controls, frames, *self._retraining()])
        self.add_class("explorer")

    @property
    def setting(self) -> dict[str, Any]:
        """The value that every slider shows."""
        return {name: self.axes[name][slider.index] for name, slider in self.sliders.items()}

    @setting.setter
    def setting(self, values: Mapping[str, Any]) -> None:
        """Move the sliders that are named."""
        for name, value in values.items():
            self.sliders[name].index = self.axes[name].index(value)

    def _html(self, text: str) -> Any:
        return ipywidgets.HTML(text, layout=self._layout, style=self._style)

    def _nested(self, names: list[str], chosen: dict[str, Any], frame: Callable[..., str]) -> Any:
        """Return one frame, or a stack of what the remaining axes give, that follows the first of their sliders."""
        if not names:
            return self._html(frame(**chosen))
        name, *rest = names
        stack = ipywidgets.Stack(
            [self._nested(rest, chosen | {name: value}, frame) for value in self.axes[name]],
            selected_index=self.sliders[name].index,
            layout=self._layout,
        )
        self.links.append(ipywidgets.jslink((self.sliders[name], "index"), (stack, "selected_index")))
        return stack

    def _player(self, slider: Any) -> Any:
        player = ipywidgets.Play(
            min=0, max=len(slider.options) - 1, value=slider.index, interval=500, show_repeat=False
        )
        self.links.append(ipywidgets.jslink((player, "value"), (slider, "index")))
        steps = [self._step_button(slider, -1, "step-backward"), self._step_button(slider, 1, "step-forward")]
        return ipywidgets.HBox([player, *steps]).add_class("explorer-player")

    def _step_button(self, slider: Any, step: int, icon: str) -> Any:
        """Move the slider by one: through Python where there is a kernel, and else by the page's script."""
        button = ipywidgets.Button(
            icon=icon,
            tooltip=f"{'Next' if step > 0 else 'Previous'} {slider.description}",
            layout=ipywidgets.Layout(width="4em"),
        )

        def move(_button: Any) -> None:
            slider.index = min(max(slider.index + step, 0), len(slider.options) - 1)

        button.on_click(move)
        return button.add_class(icon)

    def _preset_buttons(self, presets: Mapping[str, Mapping[str, Any]]) -> Any:
        """Buttons that move the sliders: through Python where there is a kernel, and else by the page's script."""
        positions = [
            {
                slider.description: self.axes[name].index(preset[name])
                for name, slider in self.sliders.items()
                if name in preset
            }
            for preset in presets.values()
        ]
        buttons = []
        for sentence, preset in presets.items():
            button = ipywidgets.Button(description=sentence, layout=ipywidgets.Layout(width="auto"))
            button.on_click(lambda _button, preset=preset: setattr(self, "setting", preset))
            buttons.append(button)
        data = self._html(f'<script type="application/json" class="presets">{json.dumps(positions)}</script>')
        row = ipywidgets.HBox([*buttons, data], layout=ipywidgets.Layout(flex_flow="row wrap"))
        return row.add_class("explorer-presets")

    def _retraining(self) -> list[Any]:
        retrain = self.retrain
        if retrain is None:
            return []
        button = ipywidgets.Button(description="Run this setting again, now", layout=ipywidgets.Layout(width="auto"))
        answer = self._html("")

        def train(_button: Any) -> None:
            answer.value = '<p role="status">Training …</p>'
            try:
                answer.value = retrain(**self.setting)
            except Exception as error:
                answer.value = f'<p role="status">{html.escape(f"{type(error).__name__}: {error}")}</p>'

        button.on_click(train)
        for slider in self.sliders.values():
            slider.observe(lambda _change: setattr(answer, "value", ""), names="index")  # it is of another setting
        return [button.add_class("with-kernel"), answer.add_class("with-kernel"), self._html(WITHOUT_KERNEL)]

    def __repr__(self) -> str:
        """What a front end without widgets prints in their place."""
        count = " × ".join(f"{len(values)} {name.replace('_', ' ')}" for name, values in self.axes.items())
        return f"Explorer of {count}"


def explorer(
    axes: Mapping[str, Sequence[Any]],
    frame: Callable[..., str],
    *,
    start: Mapping[str, Any] | None = None,
    head: str = "",
    play: str | None = None,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    retrain: Callable[..., str] | None = None,
) -> Explorer:
    """Join sliders to frames that are all drawn now, so that they also move on a page with no kernel.

    axes: the values of every slider by its name, the outermost first. frame(**values): the HTML of one frame, such as
    `frames.figure` returns. start: where the sliders stand at first, by default at their first values. head: HTML that
    all frames refer to. play: the axis that a Play button runs through. presets: settings by the sentence that says
    what they show. retrain(**values): HTML to show below when the reader asks to train anew, which needs a kernel.
    """
    axes = {name: list(values) for name, values in axes.items()}
    for where, setting in {"start": start or {}, **(presets or {})}.items():
        for name, value in setting.items():
            if name not in axes or value not in axes[name]:
                raise ValueError(f"{where}: {name} = {value!r} is not on the axes {axes}")
    if play is not None and play not in axes:
        raise ValueError(f"play must be one of the axes {list(axes)}, got {play!r}")
    return Explorer(axes, frame, start or {}, head, play, presets or {}, retrain)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(getattr(value, "__name__", value))


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
