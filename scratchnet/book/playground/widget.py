"""The widget: it holds one run or two, trains them when the front end asks, and answers with pictures as bytes."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from scratchnet import checks
from scratchnet.book import frames, front_end
from scratchnet.book.playground.own import as_layer, as_optimizer
from scratchnet.book.playground.presets import PRESETS
from scratchnet.book.playground.run import Frame, Run
from scratchnet.book.playground.setting import Setting, fields
from scratchnet.book.plotting import COLORS

HERE = Path(__file__).parent
SHARED = ("data", "classes", "noise", "points", "share", "draw", "own", "seed")  # of two runs side by side
PARTS = (
    *("play", "numbers", "legend", "presets", "data", "network", "training", "stop"),
    *("curves", "layers", "compare", "link", "code"),
)
RECORDED = (0, 1, 2, 4, 6, 8, *range(10, 40, 3), *range(40, 100, 6), *range(100, 201, 20))  # epochs of the recording
SLICE = 0.2  # seconds of training for one answer at most


class Playground(anywidget.AnyWidget):
    """A network that trains while you watch and change it. `net` is the network as it is now.

    setting: what follows `#playground?` in a link, such as "data=moons&hidden=4-4"; what is not named stays at its
    default. What the reader has written joins the menus. layers: activations, classes with forward(X) and backward(dY),
    and linear layers, made by kind(d_in, d_out, rng); optimizers: classes made by kind(lr) with step(parameters,
    gradients); initializers: functions of (d_in, d_out, rng); datasets: functions that return X (N, 2) and integer
    labels y (N,). hide: parts or controls by name that a lesson does without.

    Raises ValueError with a sentence for a setting or a name that there is not, TypeError for what is no layer,
    optimizer or function.
    """

    _esm = front_end.script(HERE / "playground")
    _css = front_end.style(HERE / "playground")

    address = traitlets.Unicode().tag(sync=True)
    controls: Any = traitlets.List().tag(sync=True)
    presets: Any = traitlets.List().tag(sync=True)
    colors: Any = traitlets.List().tag(sync=True)
    hidden: Any = traitlets.List().tag(sync=True)
    parts: Any = traitlets.List().tag(sync=True)
    recording: Any = traitlets.List().tag(sync=True)
    stand_in = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        setting: str = "",
        *,
        layers: Iterable[Any] = (),
        optimizers: Iterable[Any] = (),
        initializers: Iterable[Callable[..., Any]] = (),
        datasets: Iterable[Callable[..., Any]] = (),
        hide: Iterable[str] = (),
    ) -> None:
        layers, optimizers, functions = list(layers), list(optimizers), [*initializers, *datasets]
        for kind in layers:
            as_layer(kind)
        for kind in optimizers:
            as_optimizer(kind)
        mine = {
            "activation": [kind for kind in layers if not _needs_sizes(kind)],
            "linear": [kind for kind in layers if _needs_sizes(kind)],
            "optimizer": optimizers,
            "init": list(initializers),
            "data": list(datasets),
        }
        for function in functions:
            if not callable(function):
                raise TypeError(f"initializers and datasets must be functions, got {function!r}")
        self.mine = {kind.__name__: kind for kinds in mine.values() for kind in kinds}
        self.fields = fields(mine)
        for name in hide:
            if name not in (*self.fields, *PARTS):
                raise ValueError(f"hide: there is no {name!r}; there are {', '.join([*PARTS, *self.fields])}")
        self.runs = [Run(Setting.from_address(self.fields, setting), self.mine)]
        recorded = Run(self.runs[0].setting, self.mine)
        super().__init__(
            address=setting,
            controls=[field.told() for field in self.fields.values()],
            presets=[preset._asdict() for preset in PRESETS],
            colors=list(COLORS),
            hidden=list(hide),
            parts=list(PARTS),
            recording=_recorded(recorded),
            stand_in=_stand_in(recorded),
        )
        self.on_msg(self._hear)

    @property
    def net(self) -> Any:
        """The network that is trained, the first of two."""
        return self.runs[0].net

    def train(self, n_epochs: int) -> None:
        """Train `net` for so many epochs, or until a stop rule or a divergence, as Play would."""
        run = self.runs[0]
        for _ in range(checks.positive_int("n_epochs", n_epochs)):
            run.take_epoch()

    def program(self) -> str:
        """Return the Python that trains `net` as far as it has been trained."""
        return self.runs[0].program()

    def __repr__(self) -> str:
        """What a front end without widgets prints in its place."""
        return f"Playground({self.runs[0].setting.to_address()!r})"

    # --- what the front end asks ---

    def _hear(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Do what a message says, and answer with what the network looks like then, or with what went wrong."""
        ask = getattr(self, f"_do_{message.get('do')}", None) if isinstance(message, dict) else None
        if ask is None:
            return
        number = message.get("run", 0) if message.get("run") in range(len(self.runs)) else 0
        before = list(self.runs)
        try:
            extra = ask(number, message) or {}
            look = message.get("look")
            changed = [i for i, run in enumerate(self.runs) if run not in before]
            for i in {number, *changed}:
                whole = i in changed or message["do"] in ("show", "compare")
                own = extra | {"asked": message.get("number")} if i == number else {}
                self._tell(i, whole, look if i == number else None, own)
        except Exception as raised:
            kind = "" if isinstance(raised, ValueError) else f"{type(raised).__name__}: "
            self._say(number, {"asked": message.get("number"), "error": f"{kind}{raised}"}, [])

    def _tell(self, number: int, whole: bool, look: Any, extra: Mapping[str, Any]) -> None:
        """Send what a run looks like, and with `whole` also what stays while it trains."""
        run = self.runs[number]
        frames = {"frame": run.frame(look)} | ({"scene": run.scene()} if whole else {})
        packed = {name: frame.packed() for name, frame in frames.items()}
        headers = {name: header for name, (header, _) in packed.items()}
        self._say(number, {"error": ""} | dict(extra) | headers, [data for _, data in packed.values()])

    def _say(self, number: int, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        setting = self.runs[number].setting
        told = {"run": number, "texts": setting.texts, "address": setting.to_address(), "runs": len(self.runs)}
        self.send(told | dict(content), buffers)

    def _do_show(self, number: int, message: Mapping[str, Any]) -> None:
        """Nothing but show."""

    def _do_advance(self, number: int, message: Mapping[str, Any]) -> None:
        self.runs[number].advance(min(max(float(message["seconds"]), 0.0), SLICE))

    def _do_step(self, number: int, message: Mapping[str, Any]) -> None:
        self.runs[number].take_step()

    def _do_epoch(self, number: int, message: Mapping[str, Any]) -> None:
        self.runs[number].take_epoch()

    def _do_reset(self, number: int, message: Mapping[str, Any]) -> None:
        self.runs = [Run(run.setting, self.mine) for run in self.runs]

    def _do_open(self, number: int, message: Mapping[str, Any]) -> None:
        self._go_to(number, Setting.from_address(self.fields, message["address"]), fresh=True)

    def _do_set(self, number: int, message: Mapping[str, Any]) -> None:
        self._go_to(number, self.runs[number].setting.changed(message["texts"]))

    def _do_point(self, number: int, message: Mapping[str, Any]) -> None:
        own = self.runs[number].with_point(float(message["x"]), float(message["y"]), int(message["label"]))
        self._go_to(number, self.runs[number].setting.changed({"data": "own", "own": own}))

    def _do_compare(self, number: int, message: Mapping[str, Any]) -> None:
        """Train a second setting beside the first, both from the start; or the first alone again."""
        setting = self.runs[0].setting
        self.runs[:] = [Run(setting, self.mine), Run(setting, self.mine)] if message["on"] else self.runs[:1]

    def _do_code(self, number: int, message: Mapping[str, Any]) -> dict[str, Any]:
        return {"code": self.runs[number].program()}

    def _go_to(self, number: int, setting: Setting, fresh: bool = False) -> None:
        """Give a run another setting; what two runs share goes to both, and nothing changes where one of them fails.

        fresh: whether it is trained anew even where only its rate or a stop rule is another.
        """
        settings = [run.setting for run in self.runs]
        settings[number] = setting
        if len(settings) == 2:
            other = 1 - number
            settings[other] = settings[other].changed({name: setting.texts[name] for name in SHARED})
        # Two runs start together, so that what is compared has been trained as long.
        anew = any(run.setting.restarts(new) for run, new in zip(self.runs, settings, strict=True)) or fresh
        made = [Run(new, self.mine) for new in settings] if anew else self.runs
        for run, new in zip(made, settings, strict=True):
            if run.setting is not new:
                run.go_on(new)
        self.runs = made


def first_screen() -> Playground:
    """Return a playground with nothing to press: the recorded run that opens the book."""
    return Playground(hide=[part for part in PARTS if part != "numbers"])


def _needs_sizes(kind: Any) -> bool:
    """Return whether a class of layers is made of its sizes, as a linear one is."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)


def _stand_in(run: Run) -> str:
    """Return what a page shows where its scripts do not run: the plane at the end of the recording, and a word."""
    sentence = (
        "The playground comes with a script of this page, which has not run. This is where its recording ends, after "
        f"{run.epoch} epochs: training accuracy {run.net.accuracy(run.X, run.y):.3f}, test accuracy "
        f"{run.net.accuracy(run.held_X, run.held_y):.3f}."
    )
    if run.setting.n_classes > 2:
        return frames.figure(sentence)
    plane = frames.Plane(run.points, run.y)
    P = run.net.predict_proba(run.features(plane.grid))[:, 0]
    return f"<style>{frames.STYLE}</style>{plane.defs}{frames.figure(sentence, plane.picture(P, sentence))}"


def _recorded(run: Run, epochs: Sequence[int] = RECORDED) -> list[Any]:
    """Return a run as a page shows it before there is a Python: the scene, and frames of some of its epochs."""
    shown: list[Frame] = [run.scene()]
    for epoch in epochs:
        while run.epoch < epoch and run.state == "ready":
            run.take_epoch()
        shown.append(run.frame())
        if run.state != "ready":
            break
    return [[header, base64.b64encode(data).decode()] for header, data in (frame.packed() for frame in shown)]
