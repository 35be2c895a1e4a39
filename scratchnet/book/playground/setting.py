"""A setting of the playground: every control's value, as an address and as the lines of Python that train it.

The playground trains by running these lines, so that "copy as Python" is not a second telling of what it does.
"""

from __future__ import annotations

import textwrap
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from scratchnet.book.playground.fields import Choice, Field, Flag, Number, Points, Several, Sizes, Whole

SIZE = {"spirals": 3.0, "moons": 1.0, "circles": 1.0, "xor": 3.0, "blobs": 10.0}  # what a noise of 1 is in each
FEATURES = {
    "x1": ("x₁", "x1"),
    "x2": ("x₂", "x2"),
    "x1x1": ("x₁²", "x1**2"),
    "x2x2": ("x₂²", "x2**2"),
    "x1x2": ("x₁x₂", "x1 * x2"),
    "sinx1": ("sin x₁", "np.sin(x1)"),
    "sinx2": ("sin x₂", "np.sin(x2)"),
}
SCHEDULES = {
    "constant": "",
    "halving": "step_decay({rate}, every=100, factor=0.5)",
    "cosine": "cosine_decay({rate}, n_epochs=300)",
    "warmup": "warm_up(lambda epoch: {rate}, n_epochs=50)",
}
# What makes a class of the reader one of the library's, by the menu.
WRAPS = {"activation": "as_layer", "linear": "as_linear", "optimizer": "as_optimizer"}
OPTIMIZERS = ("Adam", "SGD", "Momentum", "Nesterov", "RMSProp", "AdamW")
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]


def fields(mine: Mapping[str, Sequence[Any]]) -> dict[str, Field]:
    """Return the controls by name, with what the reader has brought at the end of each menu: by the menu's name."""

    def words(menu: str, *names: str, **labels: str) -> dict[str, str]:
        own = {kind.__name__: f"{kind.__name__} (yours)" for kind in mine.get(menu, ())}
        return {name: name for name in names} | labels | own

    drawn = ("data", [*SIZE])
    own_data = [made.__name__ for made in mine.get("data", ())]
    groups: dict[str, list[Field]] = {
        "Data": [
            Choice("data", "Data", words("data", "spirals", "moons", "circles", "xor", "blobs", own="own points")),
            Whole("classes", "Classes", "2", 2, 4, [2, 3, 4], needs=("data", ["blobs", *own_data])),
            Number("noise", "Noise", "0.05", 0, 1, [0, 0.05, 0.1, 0.2, 0.3, 0.5], needs=drawn),
            Whole("points", "Points per class", "200", 5, 500, [10, 20, 50, 100, 200, 500], needs=drawn),
            Number("share", "Share for training", "0.8", 0.1, 0.9, [0.1, 0.3, 0.5, 0.7, 0.8, 0.9]),
            Whole("draw", "Data seed", "7", 0, 2**31),
            Points("own", "Own points", ""),
        ],
        "Network": [
            Several("features", "Features", {name: label for name, (label, _) in FEATURES.items()}, "x1 x2"),
            Sizes("hidden", "Hidden layers", "16-16"),
            Choice("activation", "Activation", words("activation", "ReLU", "Tanh", "Sigmoid")),
            Choice("init", "First weights", words("init", "he", "xavier", "small", "large", "zeros")),
            Flag("batchnorm", "Batch norm"),
            Number("dropout", "Dropout", "0", 0, 0.9, [0, 0.1, 0.2, 0.5, 0.8]),
            *(
                [Choice("linear", "Linear layers", {"library": "LinearLayer"} | words("linear"))]
                if mine.get("linear")
                else []
            ),
        ],
        "Training": [
            Choice("optimizer", "Optimizer", words("optimizer", *OPTIMIZERS)),
            Number("rate", "Learning rate", "0.01", 1e-6, 1000, RATES, restarts=False),
            Number("decay", "Weight decay", "0", 0, 10, [0, 0.001, 0.01, 0.1, 1], needs=("optimizer", ["AdamW"])),
            Whole("batch", "Batch size", "32", 1, 2000, [1, 10, 32, 64, 128, 2000]),
            Choice("schedule", "Schedule", {name: name for name in SCHEDULES}, restarts=False),
            Whole("seed", "Seed", "0", 0, 2**31),
        ],
        "Stop rules": [
            Whole("epochs", "After epochs", "", 1, 10**6, optional=True, restarts=False),
            Number("loss", "Below training loss", "", 0, 100, optional=True, restarts=False),
            Number("accuracy", "At training accuracy", "", 0, 1, optional=True, restarts=False),
        ],
    }
    for group, members in groups.items():
        for field in members:
            field.group = group
    return {field.name: field for members in groups.values() for field in members}


class Setting:
    """The text and the value of every control. Raises ValueError with a sentence for texts that make no setting."""

    def __init__(self, controls: Mapping[str, Field], texts: Mapping[str, Any]) -> None:
        for name, text in texts.items():
            if name not in controls:
                raise ValueError(f"The playground has no control {str(name)[:40]!r}.")
            if not isinstance(text, str):
                raise ValueError(f"{controls[name].label} must come as a text, not {text!r:.40}.")
        self.controls = controls
        self.texts = {name: texts.get(name, field.default) for name, field in controls.items()}
        self.values = {name: field.read(self.texts[name]) for name, field in controls.items()}
        for name, field in controls.items():
            other, words = field.needs or (name, [self.texts[name]])
            if self.texts[other] not in words and self.texts[name] != field.default:
                only = f"{controls[other].label} {' or '.join(words)}"
                raise ValueError(f"{field.label} can only be {self.texts[name]} with {only}, not {self.texts[other]}.")
        if self["data"] == "own" and len(self["own"]) < 2:
            raise ValueError("Own points must be two or more: click into the picture, or paste them.")

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def n_classes(self) -> int:
        """The number of classes of the data: that of own points is one more than their largest."""
        if self["data"] == "own":
            return max(2, 1 + max(label for *_, label in self["own"]))
        return int(self["classes"])

    def changed(self, texts: Mapping[str, Any]) -> Setting:
        """Return the setting with other texts for some controls; what has no say there goes back to its default."""
        new = {**self.texts, **texts}
        for name, field in self.controls.items():
            other, words = field.needs or (name, [new[name]])
            if name not in texts and new[other] not in words:
                new[name] = field.default
        return Setting(self.controls, new)

    def restarts(self, other: Setting) -> bool:
        """Return whether going to the other setting takes a new network, and not only another rate or stop rule."""
        return any(field.restarts and self[name] != other[name] for name, field in self.controls.items())

    # --- as an address ---

    def to_address(self) -> str:
        """Return what follows `#playground?` in a link: whatever is not at its default."""
        texts = {name: text for name, text in self.texts.items() if text != self.controls[name].default}
        if self["data"] != "own":
            texts.pop("own", None)
        return urllib.parse.urlencode(texts)

    @classmethod
    def from_address(cls, controls: Mapping[str, Field], query: str) -> Setting:
        """Return the setting of a link's query. Raises ValueError with a sentence for one that makes no setting."""
        return cls(controls, dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))

    # --- as Python ---

    def preparation(self, later: Sequence[Setting] = ()) -> str:
        """Return the lines that make the data, net, optimizer and on_epoch, importing what later settings need, too."""
        return (
            "\n".join(
                [*self._imports([self, *later]), "", *self._data_lines(), "", *self._network_lines([self, *later])]
            )
            + "\n"
        )

    def program(self, trained: Sequence[tuple[int, Setting]]) -> str:
        """Return the whole program: preparation, and training for so many epochs at each of these settings in turn."""
        settings = [setting for _, setting in trained]
        lines, (train, test) = [], self._inputs()
        follows = ', "on_epoch": on_epoch' if any(SCHEDULES[setting["schedule"]] for setting in settings) else ""
        for i, (n_epochs, setting) in enumerate(trained):
            lines += setting.rate_lines(reset=bool(follows)) if i else []
            if follows or not i:
                lines.append(
                    f'training = {{"batch_size": {self["batch"]}, "optimizer": optimizer, "verbose": False{follows}}}'
                )
            data = f"{train}, y_train, n_epochs={n_epochs}, validation=({test}, y_test)"
            lines.append(f"net.train({data}, **training)")
        for part, inputs in (("train", train), ("test", test)):
            lines.append(f'print(f"{part} accuracy {{net.accuracy({inputs}, y_{part}):.4f}}")')
        return self.preparation(settings) + "\n".join([*lines, ""])

    def rate_lines(self, reset: bool = True) -> list[str]:
        """Return the lines that set the learning rate of an optimizer from here on, and `on_epoch` for a schedule."""
        schedule = SCHEDULES[self["schedule"]].format(rate=repr(self["rate"]))
        if not schedule:
            return [f"optimizer.lr = {self['rate']!r}", *(["on_epoch = None"] if reset else [])]
        return [f"on_epoch = follow(optimizer, {schedule}, epoch=len(net.history))"]

    def _imports(self, settings: Sequence[Setting]) -> list[str]:
        own = sorted({wrap for menu, wrap in WRAPS.items() if self._is_mine(menu)})
        names = {"NeuralNetwork", "standardize", "train_test_split"}
        names |= {self[menu] for menu in ("activation", "init", "optimizer") if not self._is_mine(menu)}
        names |= {f"make_{self['data']}"} if self["data"] in SIZE else set()
        names |= {"one_hot", "SoftmaxCrossEntropy"} if self.n_classes > 2 else set()
        schedules = {schedule for setting in settings if (schedule := SCHEDULES[setting["schedule"]])}
        names |= {name for schedule in schedules for name in ("follow", schedule.partition("(")[0])}
        if self._is_mine("linear"):
            names -= {self["init"]}
            names |= {"BatchNorm"} if self["batchnorm"] else set()
            names |= {"Dropout"} if self["dropout"] else set()
        lines = ["import itertools", ""] if self._is_mine("linear") else []
        lines += ["import numpy as np", "", *_wrapped(sorted(names))]
        return [*lines, *([f"from scratchnet.book.playground import {', '.join(own)}"] if own else [])]

    def _inputs(self) -> tuple[str, str]:
        """Return what the inputs of the network are called: the two coordinates, or what is made of them."""
        return ("X_train", "X_test") if self["features"] == ("x1", "x2") else ("inputs_train", "inputs_test")

    def _data_lines(self) -> list[str]:
        name = self["data"]
        if name == "own":
            rows = [f"    [{x!r}, {y!r}, {label}]," for x, y, label in self["own"]]
            lines = ["points = np.array([", *rows, "])", "X, y = points[:, :2], points[:, 2].astype(int)"]
        elif name in SIZE:
            classes = f", n_classes={self['classes']}" if name == "blobs" else ""
            noise = f"noise={round(self['noise'] * SIZE[name], 10)!r}, seed={self['draw']}"
            lines = [f"X, y = make_{name}({self['points']}{classes}, {noise})"]
        else:
            lines = [f"X, y = {name}()"]
        held_out = f"test_fraction={round(1 - self['share'], 10)!r}, seed={self['draw']}"
        lines += [
            f"X_train, X_test, y_train, y_test = train_test_split(X, y, {held_out})",
            "X_train, X_test = standardize(X_train), standardize(X_test, like=X_train)",
        ]
        if self["features"] != ("x1", "x2"):
            columns = ", ".join(FEATURES[feature][1] for feature in self["features"])
            lines += [
                "",
                "",
                "def features(X):",
                "    x1, x2 = X.T",
                f"    return np.column_stack([{columns}])",
                "",
                "",
            ]
            lines += ["{} = features(X_train), features(X_test)".format(", ".join(self._inputs()))]
        target = f"one_hot({{}}, {self.n_classes})" if self.n_classes > 2 else "{}.reshape(-1, 1)"
        return [*lines, f"y_train, y_test = {target.format('y_train')}, {target.format('y_test')}"]

    def _network_lines(self, settings: Sequence[Setting]) -> list[str]:
        scheduled = any(SCHEDULES[setting["schedule"]] for setting in settings)
        dims = [len(self["features"]), *self["hidden"], self.n_classes if self.n_classes > 2 else 1]
        output = ", output=SoftmaxCrossEntropy" if self.n_classes > 2 else ""
        if self._is_mine("linear"):
            lines = self._own_network_lines(dims, output)
        else:
            more = ", batch_norm=True" if self["batchnorm"] else ""
            more += f", dropout={self['dropout']!r}" if self["dropout"] else ""
            kind = f"activation={self._named('activation')}, init={self['init']}"
            lines = [f"net = NeuralNetwork({dims}, seed={self['seed']}, {kind}{more}{output})"]
        decay = f", weight_decay={self['decay']!r}" if self["optimizer"] == "AdamW" else ""
        lines.append(f"optimizer = {self._named('optimizer')}({self['rate']!r}{decay})")
        return [*lines, *(self.rate_lines() if scheduled else [])]

    def _own_network_lines(self, dims: list[int], output: str) -> list[str]:
        """Return the lines that put the reader's linear layers, which draw their own weights, into a network."""
        seed, n = self["seed"], len(dims) - 1
        after = ["BatchNorm(d_out)"] if self["batchnorm"] else []
        after.append(f"{self._named('activation')}()")
        after += [f"Dropout({self['dropout']!r}, seed={seed + n + 1} + i)"] if self["dropout"] else []
        return [
            "layers = []",
            f"for i, (d_in, d_out) in enumerate(itertools.pairwise({dims})):",
            f"    layers += [{self._named('linear')}(d_in, d_out, {seed} + i), {', '.join(after)}]",
            f"net = NeuralNetwork.from_layers(layers[:-{len(after)}]{output}, seed={seed + n})",
        ]

    def _is_mine(self, menu: str) -> bool:
        control = self.controls.get(menu)
        return isinstance(control, Choice) and "(yours)" in control.options[self[menu]]

    def _named(self, menu: str) -> str:
        return f"{WRAPS[menu]}({self[menu]})" if self._is_mine(menu) else str(self[menu])


def _wrapped(names: Sequence[str]) -> list[str]:
    """Return the lines that import these names from scratchnet."""
    lines = textwrap.wrap(", ".join(names), 64)
    return [f"from scratchnet import {line.rstrip(',')}" for line in lines]
