"""A network in training: an epoch or a batch at a time, what it looks like now, and what is wrong with it, in words."""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

import scratchnet
from scratchnet import LinearLayer, TrainingDiverged, train_test_split
from scratchnet.book.playground.fields import Points
from scratchnet.book.playground.own import as_layer, as_linear, as_optimizer
from scratchnet.book.playground.setting import Setting
from scratchnet.training import Pass, Rollback, logits, quiet, record

PLANE, UNIT = 44, 14  # squares along a side, of the large picture and of a unit's
DRAWN = 8  # units of a layer that have a picture
CURVE = 300  # points of a curve at most
LARGEST = 1e30  # number that is drawn
MARGIN = 0.3  # around the points, in standard deviations


class Frame(NamedTuple):
    """What is sent of a run: a header that JSON can hold, and arrays by name, one after the other in `bytes`."""

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def packed(self) -> tuple[dict[str, Any], bytes]:
        """Return the header with the layout of the arrays, and their bytes, each starting at a multiple of four."""
        layout, parts, start = [], [], 0
        for name, array in self.arrays.items():
            data = array.tobytes()
            layout.append([name, array.dtype.str[1:], list(array.shape), start])
            parts.append(data + bytes(-len(data) % 4))
            start += len(parts[-1])
        return _finite(self.header) | {"layout": layout}, b"".join(parts)


def _finite(value: Any) -> Any:
    """Return what JSON can hold: None in the place of a number that is not finite."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Run:
    """A network that is trained with a setting. mine: what the reader has brought, by its name.

    `state` is "ready", "stopped" by a stop rule, or "diverged"; `said` is the sentence about it. Raises what the
    setting's own lines raise, such as a reader's data that do not fit.
    """

    def __init__(self, setting: Setting, mine: Mapping[str, Any]) -> None:
        space: dict[str, Any] = dict(mine, as_layer=as_layer, as_linear=as_linear, as_optimizer=as_optimizer)
        exec(compile(setting.preparation(), "<playground>", "exec"), space)
        self.setting, self.space = setting, space
        self.net, self.optimizer, self.on_epoch = space["net"], space["optimizer"], space.get("on_epoch")
        self.points, self.held_points = space["X_train"], space["X_test"]
        self.y, self.held_y = (np.asarray(space[name], float) for name in ("y_train", "y_test"))
        self.X, self.held_X = (space.get(f"inputs_{part}", space[f"X_{part}"]) for part in ("train", "test"))
        self.features = space.get("features", np.asarray)
        self.trained: list[tuple[int, Setting]] = []  # epochs at each setting before this one
        self.state, self.said = "ready", ""
        self.batches: Iterator[None] | None = None  # what is left of an epoch that was begun
        self.steps, self.batch, self.epoch_seconds = 0, 0, 0.0
        every = np.concatenate([self.points, self.held_points])
        raw, *_ = train_test_split(space["X"], space["y"], round(1 - setting["share"], 10), setting["draw"])
        self.mean, self.scale = raw.mean(axis=0), np.where(np.ptp(raw, axis=0) > 0, raw.std(axis=0), 1)
        self.low, self.high = every.min(axis=0) - MARGIN, every.max(axis=0) + MARGIN

    @property
    def epoch(self) -> int:
        """The number of whole epochs."""
        return len(self.net.history)

    def with_point(self, x1: float, x2: float, label: int) -> str:
        """Return the text of the points that there are and one more, at a place of the picture."""
        x, y = (np.array([x1, x2]) * self.scale + self.mean).tolist()
        there = zip(*self.space["X"].T.tolist(), np.asarray(self.space["y"]).tolist(), strict=True)
        return Points.write([*there, (x, y, label)])

    # --- training ---

    def advance(self, seconds: float) -> None:
        """Train for about so many seconds: whole epochs, or some batches where an epoch takes longer."""
        until = time.perf_counter() + seconds
        while self.state == "ready" and time.perf_counter() < until:
            if self.batches is None and self.epoch_seconds < seconds:
                self.take_epoch()
            else:
                self.take_step()

    def take_epoch(self) -> None:
        """Train to the end of the epoch: one more, or the one that was begun."""
        if self.state != "ready":
            return
        if self.batches is not None:
            n = self.epoch
            while self.state == "ready" and self.epoch == n:
                self.take_step()
            return
        began = time.perf_counter()
        self._attempt(self._train)
        self.epoch_seconds = time.perf_counter() - began
        self.steps += math.ceil(len(self.X) / self.setting["batch"])
        self._ended()

    def take_step(self) -> None:
        """Train on one batch."""
        if self.state != "ready":
            return
        if self.batches is None:
            self.batches, self.batch = self._one_epoch(), 0
        self.steps += 1
        self.batch += 1
        if self._attempt(lambda: next(self.batches, "over")) is not None or self.state != "ready":
            self.batches, self.batch = None, 0
            self._ended()

    def go_on(self, setting: Setting) -> None:
        """Go on with another learning rate, schedule or stop rule."""
        if self.batches is not None:
            self.take_epoch()  # a rate belongs to whole epochs
        same = all(self.setting[name] == setting[name] for name in ("rate", "schedule"))
        if not same:
            before = sum(n_epochs for n_epochs, _ in self.trained)
            self.trained += [(self.epoch - before, self.setting)] if self.epoch > before else []
            exec("\n".join(setting.rate_lines()), vars(scratchnet) | self.space, self.space)
            self.on_epoch = self.space["on_epoch"]
        self.setting = setting
        if self.state == "stopped":
            self.state, self.said = "ready", ""
            self._ended()

    def program(self) -> str:
        """Return the Python that trains this network as far as it has been trained."""
        done = sum(n_epochs for n_epochs, _ in self.trained)
        parts = [*self.trained, (self.epoch - done, self.setting)] if self.epoch > done else self.trained
        program = (parts[0][1] if parts else self.setting).program(parts)
        if self.batches is None:
            return program
        return f"{program}# The playground is {self.batch} batches further, in an epoch that is not over.\n"

    def _train(self) -> None:
        self.net.train(
            *(self.X, self.y),
            n_epochs=1,
            batch_size=self.setting["batch"],
            verbose=False,
            optimizer=self.optimizer,
            validation=(self.held_X, self.held_y),
            on_epoch=self.on_epoch,
        )

    def _one_epoch(self) -> Iterator[None]:
        """Train as one epoch of `train` does, and stop after every batch; the last stop is the end."""
        net, optimizer, N = self.net, self.optimizer, len(self.X)
        lesson = Pass(net, (self.X, self.y), self.setting["batch"], (self.held_X, self.held_y))
        rollback, order = Rollback(net, optimizer, net.rng), net.rng.permutation(N)
        X, Y, Z, start, mean_grad = self.X[order], self.y[order], np.empty_like(self.y), net.theta.copy(), 0.0
        for rows in lesson.rows:
            with quiet():
                Z[rows] = net._logits(X[rows], training=True)
                net._backward(net.output.backward(net.output.forward(Z[rows]), Y[rows]))
                optimizer.step(net.theta, net.grad)
                mean_grad += len(X[rows]) / N * net.grad
            if rows is not lesson.rows[-1]:
                yield
        with quiet():
            after = logits(net, X), logits(net, self.held_X)
        try:
            net.history.append(record(net, [Y, Z, *after, mean_grad, start], lesson, optimizer))
        except TrainingDiverged:
            rollback.undo()
            raise
        if self.on_epoch is not None:
            self.on_epoch(net, len(net.history) - 1)

    def _attempt(self, train: Any) -> Any:
        try:
            return train()
        except TrainingDiverged as error:
            what, advice = str(error).split(". ")[:2]
            rate = advice.split(", ")[
                0
            ]  # the rest is about weights and features, of which there are other controls here
            where = f"The picture is that of epoch {self.epoch}, the last whole one"
            self.state, self.said = "diverged", f"The run diverged: {what}. {rate}, or other first weights. {where}."
        return None

    def _ended(self) -> None:
        """Stop where a rule says so."""
        if self.state != "ready" or not self.net.history:
            return
        last, setting = self.net.history[-1], self.setting
        rules = {
            f"{self.epoch} epochs are over": setting["epochs"] is not None and self.epoch >= setting["epochs"],
            f"the training loss is {last.loss:.4f}": setting["loss"] is not None and last.loss < setting["loss"],
            f"the training accuracy is {last.accuracy:.3f}": (
                setting["accuracy"] is not None and last.accuracy >= setting["accuracy"]
            ),
        }
        if met := [words for words, is_met in rules.items() if is_met]:
            self.state, self.said = "stopped", f"Stopped: {met[0]}. To go on, change the rule."

    # --- what it looks like ---

    def scene(self) -> Frame:
        """Return what stays the same while it trains: the points, the part of the plane, the inputs' own pictures."""
        points = np.concatenate([self.points, self.held_points]).astype(np.float32)
        held = np.repeat([0, 1], [len(self.points), len(self.held_points)])
        labels = np.concatenate([self._labels(self.y), self._labels(self.held_y)])
        inputs = self.features(self._grid(UNIT))
        header = {
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "classes": self.setting.n_classes,
            "sizes": [self.X.shape[1], *self.setting["hidden"], self.y.shape[1]],
            "parameters": int(self.net.theta.size),
            "batches": math.ceil(len(self.X) / self.setting["batch"]),
            "drawn": DRAWN,
            "squares": UNIT**2,
        }
        arrays: dict[str, np.ndarray] = {
            "points": points,
            "labels": labels.astype(np.uint8),
            "held": held.astype(np.uint8),
            "inputs": self._pictures(inputs),
        }
        return Frame(header, arrays)

    def frame(self, look: Mapping[str, int] | None = None) -> Frame:
        """Return what the network looks like now; look: the unit whose numbers are wanted."""
        net, with_history = self.net, bool(self.net.history)
        hidden = self._hidden(self._grid(UNIT))
        dead = [float(np.mean(np.ptp(A, axis=0) == 0)) for A in self._hidden(self.X, features=False)]
        last = net.history[-1] if with_history else None
        train, held = net._evaluate(self.X, self.y), net._evaluate(self.held_X, self.held_y)
        header: dict[str, Any] = {
            "state": self.state,
            "epoch": self.epoch,
            "batch": self.batch,
            "steps": self.steps,
            "rate": float(self.optimizer.lr),
            "train": train,
            "held": held,
            "said": self.said or diagnosis(net, self.setting, dead),
            "dead": dead,
            "norms": list(last.grad_norms) if last else [],
            "ratios": list(last.update_ratios) if last else [],
            "look": self.look(**look) if look else None,
        }
        drawn = [np.clip(layer.W[:DRAWN, :DRAWN], -LARGEST, LARGEST) for layer in self._linear()]
        curves = np.array([net.loss_history, net.validation_loss_history], float).reshape(2, -1)
        kept = np.unique(np.linspace(0, max(self.epoch - 1, 0), min(self.epoch, CURVE)).astype(int))
        arrays = {
            "plane": self._plane(),
            "units": np.concatenate([self._pictures(A[:, :DRAWN]) for A in hidden] or [np.empty((0, 0), np.uint8)]),
            "weights": np.concatenate([W.ravel() for W in drawn]).astype(np.float32),
            "epochs": kept.astype(np.float32) + 1,
            "curves": np.minimum(curves[:, kept], LARGEST).astype(np.float32),
            "confusion": self._confusion().astype(np.int32),
        }
        return Frame(header, arrays)

    def look(self, layer: int, unit: int, sample: int) -> dict[str, Any]:
        """Return the numbers of a unit of a linear layer for a training sample, and how training would move them.

        `dz` is the gradient of the sample's own loss, `dw` the mean over the training data of input times dz.
        """
        layers = copy.deepcopy(self.net.layers)
        linear = [i for i, one in enumerate(layers) if isinstance(one, LinearLayer)]
        layer = min(max(layer, 0), len(linear) - 1)
        first, end = linear[layer], [*linear[1:], len(layers)][layer]
        unit = min(max(unit, 0), layers[first].W.shape[1] - 1)
        sample, N = min(max(sample, 0), len(self.X) - 1), len(self.X)
        values, gradients = [self.X], [np.empty(0)] * len(layers)
        with quiet():
            for one in layers:
                values.append(one.forward(values[-1], True))
            P = self.net.output.forward(values[-1])
            dZ = self.net.output.backward(P, self.y)
            for i in reversed(range(len(layers))):
                gradients[i], dZ = dZ, layers[i].backward(dZ)
        W, b, A, dW = layers[first].W[:, unit], layers[first].b, values[first][sample], layers[first].dW[:, unit]
        steps = [
            {
                "name": type(layers[i]).__name__,
                "value": float(values[i + 1][sample, unit]),
                "gradient": float(N * gradients[i][sample, unit]),
            }
            for i in range(first, end)
        ]
        if layer == len(linear) - 1:
            steps.append({"name": type(self.net.output).__name__, "value": float(P[sample, unit]), "gradient": None})
        return {
            "layer": layer,
            "unit": unit,
            "sample": sample,
            "samples": N,
            "point": self.points[sample].tolist(),
            "label": int(self._labels(self.y)[sample]),
            "inputs": A.tolist(),
            "weights": W.tolist(),
            "products": (A * W).tolist(),
            "dw": dW.tolist(),
            "b": float(b[0, unit]),
            "steps": steps,
        }

    def _linear(self) -> list[LinearLayer]:
        return [layer for layer in self.net.layers if isinstance(layer, LinearLayer)]

    def _grid(self, n: int) -> np.ndarray:
        """Return the centers of n² squares of the plane, row by row from the top left."""
        across = (np.arange(n) + 0.5) / n
        x1 = self.low[0] + across * (self.high - self.low)[0]
        x2 = self.high[1] - across * (self.high - self.low)[1]
        return np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)

    def _hidden(self, X: np.ndarray, features: bool = True) -> list[np.ndarray]:
        """Return what every hidden layer gives, after its activation."""
        A, found = self.features(X) if features else X, []
        with quiet():
            for before, layer in itertools.pairwise([None, *self.net.layers]):
                if isinstance(layer, LinearLayer) and before is not None:
                    found.append(A)
                A = layer.forward(A, training=False)
        return found

    def _plane(self) -> np.ndarray:
        """Return the probability of class 1 in 255ths, or the likeliest class and its probability, (2, PLANE²)."""
        with quiet():
            P = self.net.output.forward(logits(self.net, self.features(self._grid(PLANE))))
        P = np.nan_to_num(P)
        if P.shape[1] == 1:
            return (255 * P[:, 0]).round().astype(np.uint8)
        return np.stack([P.argmax(axis=1), (255 * P.max(axis=1)).round()]).astype(np.uint8)

    @staticmethod
    def _pictures(A: np.ndarray) -> np.ndarray:
        """Return each column as a picture of its own, (columns, squares): 128 is 0, and the largest value 1 or 255."""
        most = np.abs(A).max(axis=0)
        return (128 + 127 * A / np.where(most > 0, most, 1)).round().astype(np.uint8).T

    def _confusion(self) -> np.ndarray:
        """Return how many held-out samples of each class, a row, were taken for which, a column."""
        n = self.setting.n_classes
        guessed = np.asarray(self.net.predict(self.held_X)).reshape(-1).astype(int)
        return np.bincount(self._labels(self.held_y) * n + guessed, minlength=n * n).reshape(n, n)

    @staticmethod
    def _labels(y: np.ndarray) -> np.ndarray:
        return y[:, 0].astype(int) if y.shape[1] == 1 else y.argmax(axis=1)


# --- what is wrong with it ---


def diagnosis(net: Any, setting: Setting, dead: list[float]) -> str:
    """Return a sentence about a run that dies, stalls or overfits, from what was measured in it, or nothing."""
    history = net.history
    if len(history) < 20:
        return ""
    losses = np.array(net.loss_history)
    if setting["init"] == "zeros" and setting["hidden"] and history[-1].accuracy < 0.95:
        same = "All units of a layer started with the same weights, so they get the same gradient and stay the same"
        return f"{same}. Choose other first weights."
    worst = int(np.argmax(dead)) if dead else 0
    if dead and dead[worst] >= 0.5:
        share = f"{100 * dead[worst]:.0f} % of the units of hidden layer {worst + 1} are dead"
        why = "they give the same for every training point, so no gradient passes through them"
        return f"{share}: {why}. Try a smaller learning rate, other first weights, or batch norm."
    if len(losses) >= 100 and history[-1].accuracy < 0.95 and losses[-50:].mean() > 0.98 * losses[-100:-50].mean():
        return f"The loss has hardly moved for 50 epochs. {_why_stalled(net, setting, losses)}"
    held = np.array(net.validation_loss_history)
    best = int(held.argmin())
    if held[-1] > 1.5 * held[best] + 0.05 and losses[-1] < losses[best]:
        now = f"The test loss was smallest after epoch {best + 1}, {held[best]:.3f}, and is {held[-1]:.3f} now"
        return f"{now}: the network overfits. Try more points, dropout, weight decay (with AdamW), or stop earlier."
    return ""


def _why_stalled(net: Any, setting: Setting, losses: np.ndarray) -> str:
    if not setting["hidden"]:
        return "Without a hidden layer the boundary is a straight line in the features. Add a layer, or a feature."
    norms, ratios = net.grad_norms[-20:].mean(axis=0), net.update_ratios[-20:].mean(axis=0)
    if len(norms) > 2 and norms[0] < 1e-2 * norms[-1]:
        times = f"{norms[-1] / norms[0]:.0f} times" if norms[0] > 0 else "infinitely"
        why = f"The gradient of the first layer is {times} smaller than that of the last: it vanishes on its way back"
        return f"{why}. Try ReLU with he, batch norm, or fewer layers."
    if ratios.max() < 1e-3:
        most = f"In an epoch no layer's weights change by more than {100 * ratios.max():.2g} %"
        return f"{most}. Try a larger learning rate."
    if losses[-50:].std() > 0.05 * losses[-50:].mean():
        return "It jumps up and down instead. Try a smaller learning rate, a larger batch, or a schedule."
    return "The network may be too small for these points. Try more units, another hidden layer, or more features."
