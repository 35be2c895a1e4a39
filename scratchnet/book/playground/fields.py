"""The kinds of control in the playground: what each may be set to, as text that goes into an address and comes back.

A field is declared once, in Python. `told` is what the front end makes its controls of; `read` is what judges a text,
wherever it comes from: a control, a link, somebody's keyboard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


class Field:
    """A control by its name and label. `default` is a text; `restarts` says whether a new value is a new network.

    needs: the name of another control, and the words there with which this one may leave its default.
    """

    kind = "text"
    group = ""
    wanted = ""  # what a text must be, to go on a sentence that begins with the label

    def __init__(
        self,
        name: str,
        label: str,
        default: str,
        *,
        restarts: bool = True,
        needs: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        self.name, self.label, self.default, self.restarts, self.needs = name, label, default, restarts, needs

    def read(self, text: str) -> Any:
        """Return the value of a text; raise ValueError with a sentence for one that means none."""
        raise NotImplementedError

    def told(self) -> dict[str, Any]:
        """Return what the front end needs to know."""
        told = {"name": self.name, "label": self.label, "kind": self.kind, "default": self.default}
        return told | {"group": self.group, "needs": self.needs, "wanted": self.wanted}

    def _refuse(self, text: str) -> ValueError:
        return ValueError(f"{self.label} must be {self.wanted}, not {text[:40]!r}.")


class Choice(Field):
    """One of several words, each with the label that the menu shows."""

    kind = "choice"

    def __init__(self, name: str, label: str, options: Mapping[str, str], **settings: Any) -> None:
        super().__init__(name, label, next(iter(options)), **settings)
        self.options = dict(options)
        self.wanted = f"one of {', '.join(self.options)}"

    def read(self, text: str) -> str:
        """Return the word."""
        if text not in self.options:
            raise self._refuse(text)
        return text

    def told(self) -> dict[str, Any]:
        """Return the options, too."""
        return super().told() | {"options": list(self.options.items())}


class Several(Choice):
    """At least one of several words, joined by spaces in the order of the options."""

    kind = "several"

    def __init__(self, name: str, label: str, options: Mapping[str, str], default: str) -> None:
        super().__init__(name, label, options)
        self.default = default
        self.wanted = f"one or more of {', '.join(self.options)}"

    def read(self, text: str) -> Any:
        """Return the words."""
        words = text.split()
        if not words or not set(words) <= set(self.options):
            raise self._refuse(text)
        return tuple(word for word in self.options if word in words)


class Flag(Choice):
    """On or off."""

    kind = "flag"

    def __init__(self, name: str, label: str) -> None:
        super().__init__(name, label, {"off": "off", "on": "on"})

    def read(self, text: str) -> Any:
        """Return whether it is on."""
        return super().read(text) == "on"


class Number(Field):
    """A number between low and high, both included, with values to choose from. `optional` allows an empty text."""

    kind = "number"

    def __init__(
        self, name: str, label: str, default: str, low: float, high: float, steps: Sequence[float] = (), **settings: Any
    ) -> None:
        self.optional = settings.pop("optional", False)
        super().__init__(name, label, default, **settings)
        self.low, self.high, self.steps = low, high, steps
        self.wanted = f"{self.what} from {low:g} to {high:g}"

    def read(self, text: str) -> Any:
        """Return the number, or None."""
        if self.optional and not text:
            return None
        try:
            value = self.number(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high:
            raise self._refuse(text)
        return value

    number: Any = staticmethod(float)
    what = "a number"

    def told(self) -> dict[str, Any]:
        """Return the limits, too."""
        limits = {"low": self.low, "high": self.high, "whole": self.number is int, "optional": self.optional}
        return super().told() | limits | {"steps": [f"{step:g}" for step in self.steps]}


class Whole(Number):
    """A whole number between low and high."""

    number = staticmethod(int)
    what = "a whole number"


class Sizes(Field):
    """Hidden layers as their numbers of units, 8-8; an empty text is no hidden layer."""

    kind = "sizes"
    MOST_LAYERS, MOST_UNITS = 8, 64
    wanted = f"up to {MOST_LAYERS} sizes from 1 to {MOST_UNITS} with - between them"

    def read(self, text: str) -> list[int]:
        """Return the numbers."""
        parts = text.split("-") if text else []
        fine = all(
            part.isascii() and part.isdigit() and len(part) < 4 and 1 <= int(part) <= self.MOST_UNITS for part in parts
        )
        if not fine or len(parts) > self.MOST_LAYERS:
            raise self._refuse(text)
        return [int(part) for part in parts]

    def told(self) -> dict[str, Any]:
        """Return the limits, too."""
        return super().told() | {"layers": self.MOST_LAYERS, "units": self.MOST_UNITS}


class Points(Field):
    """Points with a class each, "x y class", joined by semicolons or lines; commas will do for the spaces."""

    kind = "points"
    MOST, MOST_CLASSES, FARTHEST = 1000, 4, 1e6

    def read(self, text: str) -> list[tuple[float, float, int]]:
        """Return the points."""
        found = []
        lines = [line for line in text.replace(";", "\n").splitlines() if line.strip()]
        for number, line in enumerate(lines, 1):
            x, y, label, parts = 0.0, 0.0, 0, line.replace(",", " ").replace("\t", " ").split()
            if number == 1 and len(parts) == 3 and not any(part[-1:].isdigit() for part in parts):
                continue  # a heading
            try:
                x, y, label = float(parts[0]), float(parts[1]), int(parts[2])
            except (ValueError, IndexError):
                x = math.nan
            if not (len(parts) == 3 and max(abs(x), abs(y)) <= self.FARTHEST and 0 <= label < self.MOST_CLASSES):
                most = f"{self.FARTHEST:g} and a class from 0 to {self.MOST_CLASSES - 1}"
                raise ValueError(f"Line {number} of the points must be two numbers up to {most}, not {line[:40]!r}.")
            found.append((x, y, label))
        if len(found) > self.MOST:
            raise ValueError(f"There may be up to {self.MOST} points, not {len(found)}.")
        return found

    @staticmethod
    def write(points: Sequence[tuple[float, float, int]]) -> str:
        """Return the text of points."""
        return ";".join(f"{x:.4g} {y:.4g} {label}" for x, y, label in points)
