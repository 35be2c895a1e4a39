"""What an exercise is, and how an answer to it is judged."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import signal
import sys
import sysconfig
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

TRIALS = 5  # random inputs, fresh ones at each call
PATIENCE = 20.0  # seconds an answer may take for one of them
TOLERANCE = 1e-6  # of the largest entry
TINY = 1e-12  # where all entries are 0
WIDTH = 84  # characters that fit on a page
# Code that no reader wrote: this package, Python and what is installed.
ELSEWHERE = (Path(__file__).parents[1], *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")))


class TooLongError(BaseException):
    """An answer took longer than PATIENCE; not an Exception, so that `except Exception` in a loop lets it through."""


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


def pair(value: Any, sentence: str) -> Any:
    """Return an answer of two numbers, or of none yet; raise WrongFormError for one number, or three."""
    array = _numbers(value)
    if array is not None and array.size != 2:
        raise WrongFormError(sentence)
    return value


def rows(name: str, value: Any) -> np.ndarray:
    """Return what an answer gave for `name` as a flat array of integers; raise WrongFormError if it is anything else.

    np.asarray(value, dtype=int) would take 1.5 for 1, and a mask of True and False for the rows 0 and 1.
    """
    array = real(name, value)
    if array.ndim != 1 or (array != np.round(array)).any() or np.asarray(value).dtype == bool:
        raise WrongFormError(f"{name}: It should be a flat array of row numbers, and is {_short(value)}.")
    return array.astype(int)


def in_turn(rng: np.random.Generator, values: Sequence[Any]) -> Any:
    """Return the first of the values in the first trial, the second in the second, and so on, round and round.

    A choice by chance could leave one of them out of all trials, and what is wrong only there would pass now and then.
    """
    (*_, trial) = getattr(rng.bit_generator.seed_seq, "spawn_key", ()) or (0,)
    return values[trial % len(values)]


def held(thing: Any, name: str = "", *around: Any) -> dict[str, np.ndarray]:
    """Return copies of the arrays that an object keeps, by the way to each: what an answer leaves behind.

    Looks into attributes, lists, tuples and dicts, but not again into those that are `around`.
    """
    if any(thing is outer for outer in around):
        return {}
    if isinstance(thing, np.ndarray):
        return {name: thing.copy()}
    if isinstance(thing, (list, tuple)):
        inside = {f"{name}[{i}]": value for i, value in enumerate(thing)}
    elif isinstance(thing, dict):
        inside = {f"{name}[{key!r}]": value for key, value in thing.items()}
    else:
        inside = {f"{name}.{key}".lstrip("."): value for key, value in getattr(thing, "__dict__", {}).items()}
    return {key: array for way, value in inside.items() for key, array in held(value, way, thing, *around).items()}


@dataclass(frozen=True)
class Exercise:
    """A question with answers that are right and wrong.

    reference: a right answer, a function, a class or a value. mistakes: plausible wrong ones, by the sentence that
    tells a reader what is wrong. inputs(rng): random arguments by name, small enough to print; every mistake must be
    wrong on one of TRIALS draws at least, whatever they are (`in_turn` helps). run(answer, *inputs): what is
    compared: a number, an array, a string, or several of them by name in a dict. untouched: whether the task forbids
    a function to change its arguments; else it works on copies of the arrays that it is given, at each call. example:
    the inputs that the page works through, which are tried first.
    """

    reference: Any
    mistakes: Mapping[str, Any] = field(default_factory=dict)
    inputs: Callable[[np.random.Generator], dict[str, Any]] = nothing
    run: Callable[..., Any] = call
    untouched: bool = False
    example: dict[str, Any] | None = None

    def judge(self, name: str, answer: Any) -> Verdict:
        """Say whether `answer` is right on every input, and if not, what differs on the first where it is wrong."""
        kind = "class" if inspect.isclass(self.reference) else "function" if callable(self.reference) else "answer"
        still_open = f"{name} is still open: put your {kind} in place of the dots and run the cell again."
        if missing(answer):
            return Verdict(False, still_open)
        if inspect.isclass(self.reference) != inspect.isclass(answer) or callable(self.reference) != callable(answer):
            wanted = f'the {kind} itself, as in check("{name}", my_{kind})' if kind != "answer" else "a value"
            return Verdict(False, f"{name}: check needs {wanted}, and was given {_short(answer)}.")
        trials = [self.inputs(np.random.default_rng(seed)) for seed in np.random.SeedSequence().spawn(TRIALS)]
        if self.example is not None:
            trials[0] = self.example
        for inputs in trials:
            difference = self._difference(answer, inputs)
            if difference is None and _without_dots(answer):
                what = f"A method of your {kind}" if kind == "class" else f"Your {kind}"
                return Verdict(False, f"{name}: not yet. {what} returns None. Is there a return missing?")
            if difference is None:
                return Verdict(False, still_open)
            if difference:
                for sentence, mistake in self.mistakes.items():
                    if all(self._same(answer, mistake, inputs) for inputs in trials):
                        difference += f"\nLikely reason: {sentence}"
                        break
                return Verdict(False, f"{name}: not yet. {difference}")
        if self._borrowed(answer, trials[0]):
            return Verdict(False, f"{name}: this is the book's own answer, or calls it. Write one of your own.")
        return Verdict(True, f"{name}: passed" + (f" on {TRIALS} random inputs." if trials[0] else "."))

    def _result(self, answer: Any, inputs: dict[str, Any]) -> Any:
        """Return what is compared, from inputs that the answer may change, or raise what goes wrong on the way."""
        if inspect.isfunction(answer) and not self.untouched:
            answer = _on_copies(answer)
        with np.errstate(all="ignore"), _patience():
            return self.run(answer, *inputs.values())

    def _named_result(self, answer: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        try:
            return _named(self._result(answer, copy.deepcopy(inputs)))
        except WrongFormError as error:
            return {"refused": str(error)}

    def _difference(self, answer: Any, inputs: dict[str, Any]) -> str | None:
        """Return what is wrong with the answer on these inputs, "" if nothing is, None if there is no answer yet."""
        given = "".join(f"\n{name} = {_short(value)}" for name, value in inputs.items())
        on = f", on this input:{given}" if given else "."
        expected = self._result(self.reference, copy.deepcopy(inputs))
        yours = copy.deepcopy(inputs)
        try:
            got = self._result(answer, yours)
            if missing(got) or isinstance(got, dict) and all(map(missing, got.values())):
                return None
            changed = [name for name, value in inputs.items() if not _equal(value, yours[name])]
            if changed:
                return f"Your code changes its argument {changed[0]}; work on a copy{on}"
            return _compared(got, expected, on)
        except KeyboardInterrupt:
            raise
        except NotImplementedError as error:
            return f"It is not finished: {_said(error) or 'something is not implemented'}."
        except WrongFormError as error:
            return str(error).removesuffix(".") + on
        except TooLongError:
            return f"It was stopped after {PATIENCE:g} seconds, as if a loop in it never ended{on}"
        except BaseException as error:  # SystemExit, GeneratorExit and what an answer defines itself
            return f"{_what_raised(error)}{on}"

    def _same(self, answer: Any, mistake: Any, inputs: dict[str, Any]) -> bool:
        """Return whether an answer gives what a known mistake gives, or is refused with the same words."""
        try:
            one, other = (self._named_result(f, inputs) for f in (answer, mistake))
            return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
        except KeyboardInterrupt:
            raise
        except BaseException:
            return False

    def _borrowed(self, answer: Any, inputs: dict[str, Any]) -> bool:
        """Return whether a right answer is the reference, or calls it from outside of this package."""
        if not callable(self.reference):
            return False  # a value is known by nothing but itself
        wanted, seen = _codes(self.reference), []
        heir = inspect.isclass(answer) and issubclass(answer, self.reference)

        def watch(frame: FrameType, event: str, _: Any) -> None:
            if event == "call" and frame.f_code in wanted and (heir or not _elsewhere(_file_of_caller(frame))):
                seen.append(frame)

        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            self._result(answer, copy.deepcopy(inputs))
        finally:
            sys.setprofile(before)
        return answer is self.reference or bool(seen)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Raise TooLongError in what runs for longer than PATIENCE, where the platform has such a timer."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TooLongError

    handler = signal.signal(signal.SIGALRM, stop)
    left, interval = signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if handler is None else handler)
        signal.setitimer(signal.ITIMER_REAL, left, interval)


def _on_copies(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function so that it may change the arrays it is given, at each call."""

    @functools.wraps(answer)
    def wrapped(*given: Any) -> Any:
        return answer(*map(_copied, given))

    return wrapped


def _copied(value: Any) -> Any:
    """Return a value with its arrays copied, also those in lists; a generator or a network stays the same one."""
    if isinstance(value, np.ndarray):
        return value.copy()
    return [_copied(entry) for entry in value] if type(value) is list else value


def _without_dots(answer: Any) -> bool:
    """Return whether somebody has written all of a function or class: no dots are left in its text."""
    try:
        return callable(answer) and "..." not in inspect.getsource(answer)
    except (OSError, TypeError):  # its text is not known
        return False


def _codes(reference: Any) -> set[CodeType]:
    """Return the code of a function, or of the methods that a class defines beside `__init__`."""
    functions = vars(reference).values() if inspect.isclass(reference) else [reference]
    return {f.__code__ for f in functions if inspect.isfunction(f) and f.__name__ != "__init__"}


def _compared(got: Any, expected: Any, on: str) -> str:
    """Return where a result differs from the expected one, "" if it does not."""
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
        if value is True and " " in part and mine is False:  # a sentence about the answer, which nobody has returned
            return f"This does not hold: {part}{on}"
        if not _equal(mine, value):
            yours, right = _told_apart(mine, value)
            should = f"\nexpected: {right}" if on != "." else ""
            return f"{label}The value differs{on}\nyours:    {yours}{should}"
    return ""


def missing(value: Any) -> bool:
    """Return whether a value is not there yet: None, or the dots."""
    return value is None or value is ...


def _named(result: Any) -> dict[str, Any]:
    return result if isinstance(result, dict) else {"": result}


def _numbers(value: Any) -> np.ndarray | None:
    """Return a value as an array of floats, None if it holds anything but real numbers."""
    try:
        array = np.asarray(value)
        if (
            np.ma.is_masked(value)
            or array.dtype.kind not in "biuf"
            and not all(isinstance(x, Real) for x in array.flat)
        ):
            return None
        return array.astype(float)
    except Exception:  # rows of different length, an object that claims to be an array, 10**400
        return None


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


def _short(value: Any, digits: int = 4, length: int = 120) -> str:
    """Return a value on one line as a reader would write it, arrays with so many digits after the point."""
    try:
        if isinstance(value, np.ndarray) and value.ndim:
            small, most = digits < 17, 40 if value.dtype.kind == "f" else 150  # a bitmap is printed whole
            text = np.array2string(
                value, precision=digits, suppress_small=small, separator=", ", threshold=most, edgeitems=2
            )
            return " ".join(text.split())
        value = value.item() if isinstance(value, (np.ndarray, np.generic)) else value
        with np.printoptions(legacy="1.25"):  # 0.5 and not np.float64(0.5)
            text = str(getattr(value, "__name__", "") if callable(value) else "") or repr(value)
    except KeyboardInterrupt:
        raise
    except BaseException:  # a class of the reader's own may not be printable
        text = f"an object of the class {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def _told_apart(mine: Any, value: Any) -> tuple[str, str]:
    """Return two values that differ as texts that differ: with more digits, or only the entry that differs most."""
    a, b = _numbers(mine), _numbers(value)
    if a is None or b is None or not a.ndim:
        return _short(mine), _short(value)
    for digits in (4, 6, 9, 17):
        yours, right = _short(a, digits), _short(b, digits)
        if yours != right:
            return yours, right
    with np.errstate(all="ignore"):
        gap = np.nan_to_num(np.abs(a - b), nan=np.inf)
    gap[(a == b) | np.isnan(a) & np.isnan(b)] = 0
    where = tuple(int(i) for i in np.unravel_index(gap.argmax(), gap.shape))
    place = f"at {list(where)}: "
    return place + repr(float(a[where])), place + repr(float(b[where]))


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""


def _what_raised(error: BaseException) -> str:
    """Return what was raised and the reader's line that did it: the last one outside of the libraries."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _elsewhere(f.filename)]
    what = f"{type(error).__name__}: {_said(error)}".rstrip(": ")
    if not frames:
        return f"Calling your answer, or reading what it returns, raised {what}"
    line = textwrap.shorten(frames[-1].line or "", WIDTH, placeholder="...")
    return f"Your code raised {what}" + (f' in line {frames[-1].lineno}, "{line}"' if line else "")


def _file_of_caller(frame: FrameType) -> str:
    return frame.f_back.f_code.co_filename if frame.f_back else __file__


def _elsewhere(filename: str) -> bool:
    return any(Path(filename).is_relative_to(folder) for folder in ELSEWHERE) or filename.startswith("<frozen")
