"""What an exercise is, and how an answer to it is judged."""

from __future__ import annotations

import copy
import inspect
import textwrap
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

TRIALS = 5  # random inputs
TOLERANCE = 1e-6  # of the largest entry
WIDTH = 84  # characters that fit on a page


class Verdict(NamedTuple):
    """Whether an answer is right, and a sentence about it, which is what a notebook shows."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in self.message.splitlines())


def nothing(_rng: np.random.Generator) -> dict[str, Any]:
    """Return no inputs: the answer is a value."""
    return {}


def call(answer: Any, *inputs: Any) -> Any:
    """Return answer(*inputs), or the answer itself if it is a value."""
    return answer(*inputs) if callable(answer) else answer


@dataclass(frozen=True)
class Exercise:
    """A question with answers that are right and wrong.

    reference: a right answer, a function, a class or a value. mistakes: plausible wrong ones, by the sentence that
    tells a reader what is wrong. inputs(rng): random arguments by name, small enough to print. run(answer, *inputs):
    what is compared: a number, an array, a string, or several of them by name in a dict.
    """

    reference: Any
    mistakes: Mapping[str, Any] = field(default_factory=dict)
    inputs: Callable[[np.random.Generator], dict[str, Any]] = nothing
    run: Callable[..., Any] = call

    def judge(self, name: str, answer: Any) -> Verdict:
        """Say whether `answer` is right on every input, and if not, what differs on the first where it is wrong."""
        kind = "class" if inspect.isclass(self.reference) else "function" if callable(self.reference) else "answer"
        still_open = f"{name} is still open: put your {kind} in place of the dots and run the cell again."
        if _missing(answer):
            return Verdict(False, still_open)
        if inspect.isclass(self.reference) != inspect.isclass(answer) or callable(self.reference) != callable(answer):
            wanted = f'the {kind} itself, as in check("{name}", my_{kind})' if kind != "answer" else "a value"
            return Verdict(False, f"{name}: check needs {wanted}, and was given {_short(answer)}.")
        trials = [self.inputs(np.random.default_rng(trial)) for trial in range(TRIALS)]
        for inputs in trials:
            difference = self._difference(answer, inputs)
            if difference is None:
                return Verdict(False, still_open)
            if difference:
                for sentence, mistake in self.mistakes.items():
                    if all(self._same(answer, mistake, inputs) for inputs in trials):
                        difference += f"\nLikely reason: {sentence}"
                        break
                return Verdict(False, f"{name}: not yet. {difference}")
        return Verdict(True, f"{name}: passed" + (f" on {TRIALS} random inputs." if trials[0] else "."))

    def _difference(self, answer: Any, inputs: dict[str, Any]) -> str | None:
        """Return what is wrong with the answer on these inputs, "" if nothing is, None if there is no answer yet."""
        given = "".join(f"\n{name} = {_short(value)}" for name, value in inputs.items())
        on = f", on this input:{given}" if given else "."
        yours = copy.deepcopy(inputs)
        try:
            with np.errstate(all="ignore"):
                got = _named(self.run(answer, *yours.values()))
        except NotImplementedError as error:
            return f"It is not finished: {error or 'something is not implemented'}."
        except Exception as error:
            return f"Your code raised {type(error).__name__}: {error}{_where(error)}{on}"
        if all(map(_missing, got.values())):
            return None
        changed = [name for name, value in inputs.items() if not _equal(value, yours[name])]
        if changed:
            return f"Your code changes its argument {changed[0]}; work on a copy{on}"
        with np.errstate(all="ignore"):
            expected = _named(self.run(self.reference, *copy.deepcopy(inputs).values()))
        for part, value in expected.items():
            label = f"{part}: " if part else ""
            mine = got.get(part)
            if mine is None or mine is ...:
                return f"{label}There is no value for it{on}"
            if np.shape(mine) != np.shape(value):
                return f"{label}The shape is {np.shape(mine)} and should be {np.shape(value)}{on}"
            if not _equal(mine, value):
                should = f"\nexpected: {_short(value)}" if given else ""
                return f"{label}The value differs{on}\nyours:    {_short(mine)}{should}"
        return ""

    def _same(self, answer: Any, mistake: Any, inputs: dict[str, Any]) -> bool:
        """Return whether an answer gives what a known mistake gives."""
        try:
            with np.errstate(all="ignore"):
                pair = [_named(self.run(f, *copy.deepcopy(inputs).values())) for f in (answer, mistake)]
        except Exception:
            return False
        return pair[0].keys() == pair[1].keys() and all(_equal(pair[0][key], pair[1][key]) for key in pair[0])


def _missing(value: Any) -> bool:
    return value is None or value is ...


def _named(result: Any) -> dict[str, Any]:
    return result if isinstance(result, dict) else {"": result}


def _equal(a: Any, b: Any) -> bool:
    """Return whether two results are the same, numbers up to rounding."""
    if isinstance(a, (str, dict)) or isinstance(b, (str, dict)):
        return bool(a == b)
    try:
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    except (TypeError, ValueError):
        return type(a) is type(b)  # an object that arguments may hold, such as a network
    if a.shape != b.shape:
        return False
    size = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    return bool(np.allclose(a, b, rtol=0, atol=TOLERANCE * size, equal_nan=True))


def _short(value: Any) -> str:
    """Return a value as a reader would write it, arrays with four digits."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, suppress_small=True, separator=", ", threshold=40, edgeitems=2)
        return " ".join(text.split())
    text = repr(value) if not callable(value) else getattr(value, "__name__", repr(value))
    return text if len(text) <= 120 else text[:117] + "..."


def _where(error: BaseException) -> str:
    """Return the reader's line that raised, the last one outside of this package and of NumPy."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if "scratchnet" not in f.filename.replace("\\", "/")]
    own = [f for f in own if "site-packages" not in f.filename]
    return f' in line {own[-1].lineno}, "{own[-1].line}"' if own and own[-1].line else ""
