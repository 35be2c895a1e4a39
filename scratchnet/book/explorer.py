"""An explorer: controls, and a picture for each of their settings drawn beforehand, so that it moves without Python.

Python holds axes, frames and presets, and answers where the reader asks to run a setting again. The front end,
explorer.js, is the same in JupyterLab, VS Code, Colab and in the pages of the book.
"""

from __future__ import annotations

import contextlib
import html
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from scratchnet.book import front_end
from scratchnet.book.frames import STYLE

HERE = Path(__file__).parent
_drawing = True


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Make explorers without their frames, for who only asks them to run a setting again."""
    global _drawing
    _drawing = False
    try:
        yield
    finally:
        _drawing = True


class Explorer(anywidget.AnyWidget):
    """Controls for axes of values, and the frame that belongs to where they stand.

    name: what a link calls it, `#explorer-NAME?axis=value`. axes: the values of every axis by its name, the outermost
    first; numbers get a slider, words a button each. frame(**values): the HTML of one frame, such as `frames.figure`
    returns. start: where the controls stand at first, by default at their first values. head: HTML that all frames
    refer to. play: the axis that a Play button runs through. presets: settings by the sentence that says what they
    show. retrain(**values): HTML to show when the reader asks to run a setting again, which needs Python.

    Raises ValueError for a start, a preset or a play that is not on the axes.
    """

    _esm = front_end.script(HERE / "explorer")
    _css = front_end.style(HERE / "explorer") + STYLE

    name = traitlets.Unicode().tag(sync=True)
    head = traitlets.Unicode().tag(sync=True)
    play = traitlets.Unicode().tag(sync=True)
    can_run = traitlets.Bool().tag(sync=True)
    controls: Any = traitlets.List().tag(sync=True)
    settings: Any = traitlets.List().tag(sync=True)
    frames = traitlets.List(traitlets.Unicode()).tag(sync=True)
    position = traitlets.List(traitlets.Int()).tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        name: str,
        axes: Mapping[str, Sequence[Any]],
        frame: Callable[..., str],
        *,
        start: Mapping[str, Any] | None = None,
        head: str = "",
        play: str = "",
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        retrain: Callable[..., str] | None = None,
    ) -> None:
        self.axes = {axis: list(values) for axis, values in axes.items()}
        self.start = {axis: values[0] for axis, values in self.axes.items()} | dict(start or {})
        self.presets = {sentence: dict(setting) for sentence, setting in (presets or {}).items()}
        self.frame, self.retrain = frame, retrain
        if play and play not in self.axes:
            raise ValueError(f"play must be one of the axes {list(self.axes)}, got {play!r}")
        settings = [{"text": text, "position": self._position(text, s)} for text, s in self.presets.items()]
        position = self._position("start", self.start)
        every = itertools.product(*self.axes.values()) if _drawing else ()
        super().__init__(
            name=name,
            head=head,
            play=play,
            can_run=retrain is not None,
            controls=[_control(*item) for item in self.axes.items()],
            settings=settings,
            frames=[frame(**dict(zip(self.axes, chosen, strict=True))) for chosen in every],
            position=position,
        )
        self.on_msg(self._run)
        self.observe(self._drop_answer, names="position")

    def _position(self, where: str, setting: Mapping[str, Any]) -> list[int | None]:
        """Return the place of every value on its axis, None for an axis that the setting leaves alone."""
        for axis, value in setting.items():
            if value not in self.axes.get(axis, ()):
                raise ValueError(f"{where}: {axis} = {value!r} is not on the axes {self.axes}")
        return [values.index(setting[axis]) if axis in setting else None for axis, values in self.axes.items()]

    @property
    def setting(self) -> dict[str, Any]:
        """The value that every control shows."""
        return {axis: values[i] for (axis, values), i in zip(self.axes.items(), self.position, strict=True)}

    @traitlets.validate("position")
    def _on_the_axes(self, proposal: Any) -> Any:
        position = proposal["value"]
        lengths = [len(values) for values in self.axes.values()]
        if len(position) != len(lengths) or not all(0 <= i < n for i, n in zip(position, lengths, strict=True)):
            raise traitlets.TraitError(f"position {position} is not on the axes {self.axes}")
        return position

    def _run(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Answer to "Run this setting again, now"."""
        if self.retrain is None or not isinstance(message, dict) or "run" not in message:
            return
        answer = self.run(message["run"])
        self.answer = ""  # the same answer again is news too
        self.answer = answer

    def run(self, position: list[int]) -> str:
        """Go to a position, run its setting again, and return the HTML to show: what came of it, or what went wrong."""
        self.position = position
        try:
            return self.retrain(**self.setting) if self.retrain else ""
        except Exception as error:
            return f"<p>{html.escape(f'{type(error).__name__}: {error}')}</p>"

    def _drop_answer(self, _change: Any) -> None:
        self.answer = ""  # it is of another setting

    def __repr__(self) -> str:
        """What a front end without widgets prints in its place."""
        count = " × ".join(f"{len(values)} {axis.replace('_', ' ')}" for axis, values in self.axes.items())
        return f"Explorer of {count}"


def _control(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return what the front end needs to know of an axis."""
    return {
        "name": name,
        "label": name.replace("_", " "),
        "values": [f"{value:g}" if isinstance(value, float) else str(value) for value in values],
        "ordered": all(isinstance(value, Real) for value in values),
    }
