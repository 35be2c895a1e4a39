"""What an exercise is, and how an answer to it is judged."""

from __future__ import annotations

import copy
import inspect
import sys
import sysconfig
import textwrap
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

TRIALS = 5  # random inputs
TOLERANCE = 1e-6  # of the largest entry
TINY = 1e-12  # where all entries are 0
WIDTH = 84  # characters that fit on a page
# Code that no reader wrote: this package, Python and what is installed.
ELSEWHERE = (Path(__file__).parents[1], *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")))


class WrongFormError(Exception):
    """An answer returns something that cannot be judged; the message says what it has to return."""


class Verdict(NamedTuple):
    """Whether an answer is right, and a sentence about it, which is what a notebook shows."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        text = "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in self.message.splitlines())
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # of a Windows terminal, cp1252, which has no ε
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def __bool__(self) -> bool:
        return self.passed


def nothing(_rng: np.random.Generator) -> dict[str, Any]:
    """Return no inputs: the answer is a value."""
    return {}


def call(answer: Any, *inputs: Any) -> Any:
    """Return answer(*inputs), or the answer itself if it is a value."""
    return answer(*inputs) if callable(answer) else answer


def parts(result: Any, *names: str) -> list[Any] | None:
    """Return the parts of a dict that an answer returned, None if it has none yet; raise WrongFormError otherwise."""
    if missing(result):
        return None
    if not isinstance(result, dict):
        raise WrongFormError(f"Return a dict with the keys {', '.join(names)}, and not {_short(result)}.")
    if all(missing(result.get(name)) for name in names):
        return None
    for name in names:
        if missing(result.get(name)):
            raise WrongFormError(f"{name}: There is no value for it.")
    return [result[name] for name in names]


def real(name: str, value: Any) -> np.ndarray:
    """Return what an answer gave for `name` as an array of floats; raise WrongFormError if it is anything else."""
    array = _numbers(value)
    if array is None:
        raise WrongFormError(f"{name}: It should be an array of real numbers, and is {_short(value)}.")
    return array


def rows(name: str, value: Any) -> np.ndarray:
    """Return what an answer gave for `name` as a flat array of integers; raise WrongFormError if it is anything else.

    np.asarray(value, dtype=int) would take 1.5 for 1, and a mask of True and False for the rows 0 and 1.
    """
    array = real(name, value)
    if array.ndim != 1 or (array != np.round(array)).any() or np.asarray(value).dtype == bool:
        raise WrongFormError(f"{name}: It should be a flat array of row numbers, and is {_short(value)}.")
    return array.astype(int)


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
        if missing(answer):
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
                got = self.run(answer, *yours.values())
        except NotImplementedError as error:
            return f"It is not finished: {error or 'something is not implemented'}."
        except WrongFormError as error:
            return str(error).removesuffix(".") + on
        except (Exception, SystemExit) as error:
            return f"{_what_raised(error)}{on}"
        if missing(got) or isinstance(got, dict) and all(map(missing, got.values())):
            return None
        changed = [name for name, value in inputs.items() if not _equal(value, yours[name])]
        if changed:
            return f"Your code changes its argument {changed[0]}; work on a copy{on}"
        with np.errstate(all="ignore"):
            expected = self.run(self.reference, *copy.deepcopy(inputs).values())
        if isinstance(expected, dict) and not isinstance(got, dict):
            return f"Return a dict with the keys {', '.join(expected)}, and not {_short(got)}{on}"
        for part, value in _named(expected).items():
            label = f"{part}: " if part else ""
            mine = got.get(part) if isinstance(expected, dict) else got
            if missing(mine):
                return f"{label}There is no value for it{on}"
            if not isinstance(value, str):
                array, shape = _numbers(mine), np.shape(value)
                if array is None:
                    wanted = f"an array of real numbers of the shape {shape}" if shape else "a real number"
                    return f"{label}It should be {wanted}, and is {_short(mine)}{on}"
                if array.shape != shape:
                    return f"{label}The shape is {array.shape} and should be {shape}{on}"
            if not _equal(mine, value):
                should = f"\nexpected: {_short(value)}" if given else ""
                return f"{label}The value differs{on}\nyours:    {_short(mine)}{should}"
        return ""

    def _same(self, answer: Any, mistake: Any, inputs: dict[str, Any]) -> bool:
        """Return whether an answer gives what a known mistake gives."""
        try:
            with np.errstate(all="ignore"):
                pair = [_named(self.run(f, *copy.deepcopy(inputs).values())) for f in (answer, mistake)]
        except (Exception, SystemExit):
            return False
        return pair[0].keys() == pair[1].keys() and all(_equal(pair[0][key], pair[1][key]) for key in pair[0])


def missing(value: Any) -> bool:
    """Return whether a value is not there yet: None, or the dots."""
    return value is None or value is ...


def _named(result: Any) -> dict[str, Any]:
    return result if isinstance(result, dict) else {"": result}


def _numbers(value: Any) -> np.ndarray | None:
    """Return a value as an array of floats, None if it holds anything but real numbers."""
    try:
        array = np.asarray(value)
    except Exception:  # rows of different length, or an object that claims to be an array
        return None
    if np.ma.is_masked(value) or array.dtype.kind not in "biuf" and not all(isinstance(x, Real) for x in array.flat):
        return None
    return array.astype(float)


def _equal(a: Any, b: Any) -> bool:
    """Return whether two results are the same, numbers up to rounding."""
    if isinstance(a, (str, dict)) or isinstance(b, (str, dict)):
        return type(a) is type(b) and bool(a == b)
    x, y = _numbers(a), _numbers(b)
    if x is None or y is None:
        return x is y and type(a) is type(b)  # objects that arguments may hold, such as networks
    if x.shape != y.shape:
        return False
    size = np.abs(y[np.isfinite(y)]).max(initial=0.0)
    return bool(np.allclose(x, y, rtol=0, atol=TOLERANCE * size + TINY, equal_nan=True))


def _short(value: Any, length: int = 120) -> str:
    """Return a value on one line as a reader would write it, arrays with four digits."""
    try:
        if isinstance(value, np.ndarray) and value.ndim:
            text = np.array2string(value, precision=4, suppress_small=True, separator=", ", threshold=40, edgeitems=2)
            return " ".join(text.split())
        value = value.item() if isinstance(value, (np.ndarray, np.generic)) else value
        text = str(getattr(value, "__name__", "") if callable(value) else "") or repr(value)
    except Exception:  # a class of the reader's own may not be printable
        text = f"an object of the class {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def _what_raised(error: BaseException) -> str:
    """Return what was raised and the reader's line that did it: the last one outside of the libraries."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _elsewhere(f.filename)]
    try:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
    except Exception:
        what = type(error).__name__
    if not frames:
        return f"Calling your answer, or reading what it returns, raised {what}"
    line = textwrap.shorten(frames[-1].line or "", WIDTH, placeholder="...")
    return f"Your code raised {what}" + (f' in line {frames[-1].lineno}, "{line}"' if line else "")


def _elsewhere(filename: str) -> bool:
    return any(Path(filename).is_relative_to(folder) for folder in ELSEWHERE) or filename.startswith("<frozen")
