"""The child process of one number of threads: it measures and prints what it found as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import cold_start, expressions, frameworks, growth, machine, pictures, step, together
from benchmarks.results import Case


@dataclass(frozen=True)
class Effort:
    """How much to measure: about so many seconds for each case of a section, unless stated otherwise."""

    step: float = 18.0
    together: float = 4.0
    seeds: int = 10
    """Of the cold start, each some seconds."""
    inference: float = 6.0
    drawing: float = 15.0
    sliders: float = 5.0
    growth: float = 2.5
    every: int = 1
    """Leave out sizes of the growth, but for every so manyth."""
    chunk: float = 0.010
    """Seconds of one turn."""


SECTIONS: dict[str, Callable[[Effort], Iterator[Case]]] = {
    "step": lambda effort: step.measure(effort.step, effort.chunk),
    "together": lambda effort: together.measure(effort.together, effort.chunk, effort.every),
    "cold start": lambda effort: cold_start.measure(effort.seeds),
    "inference": lambda effort: pictures.inference(effort.inference, effort.chunk),
    "drawing": lambda effort: pictures.drawing(effort.drawing),
    "sliders": lambda effort: pictures.sliders(effort.sliders),
    "expressions": lambda effort: expressions.measure(effort.growth, effort.chunk),
    "growth": lambda effort: growth.step_times(effort.growth, effort.chunk, effort.every),
}


def main(threads: int, sections: list[str], effort: dict[str, Any]) -> None:
    """Measure the sections and print rows, memory and machine."""
    frameworks.use_threads(threads)
    found: dict[str, Any] = {"machine": machine.describe(), "rows": [], "memory": []}
    for section in sections:
        start = time.perf_counter()
        for case in SECTIONS[section](Effort(**effort)):
            found["rows"] += case.rows(threads)
        if section == "growth" and threads == 1:
            found["memory"] = growth.memory(Effort(**effort).every)
        print(f"{threads} thread(s), {section}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
