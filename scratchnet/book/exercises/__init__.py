"""Exercises that answer back: `check("2.3", my_function)` says pass, or what differs and on which input."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from scratchnet.book.exercises import own
from scratchnet.book.exercises.judge import Exercise, Verdict, _short, _what_raised

EXERCISES: dict[str, Exercise] = {}
for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if _module.startswith("ex"):
        EXERCISES |= importlib.import_module(f"{__name__}.{_module}").EXERCISES
EXERCISES = {name: EXERCISES[name] for name in sorted(EXERCISES, key=lambda name: [*map(int, name.split("."))])}


def check(name: str | float, answer: Any) -> Verdict:
    """Judge an answer to the exercise `name`, such as "2.3", on several random inputs, fresh ones at each call.

    Functions and classes are handed over without being called. Whatever is wrong with the answer, the verdict says
    so in words; it raises nothing but KeyboardInterrupt. It counts as True if the answer passed.
    """
    try:
        name = str(name).strip() if isinstance(name, (str, float)) else _short(name)
        exercise = EXERCISES.get(name)
        if exercise is not None:
            verdict = exercise.judge(name, answer)
            return own.keep(name, answer, exercise) if verdict.passed and name in own.PIECE_OF else verdict
        chapter = name.split(".")[0]
        known = [other for other in EXERCISES if other.split(".")[0] == chapter] or list(EXERCISES)
        return Verdict(False, f"There is no exercise {name!r}. There are {', '.join(known)}.")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer that cannot even be looked at
        return Verdict(False, f"{_short(name)}: not yet. {_what_raised(error)}.")
