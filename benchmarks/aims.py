"""The aims that scratchnet has set itself, held against what was measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.results import ALONE, FLOOR, FLOOR_EVALUATED, SCRATCHNET, Row

Aim = dict[str, Any]

FLOOR_LIMITS = {"SGD": 2.5, "Adam": 3.0}
SKLEARN_LIMITS = {"SGD": 4.0, "Adam": 4.0}
EXPONENT_LIMIT = 1.1


def aims(rows: list[Row], memory: list[dict[str, Any]]) -> list[Aim]:
    """Return every aim for which there are measurements, with its value and whether it is met."""
    found = [aim for threads in sorted({row["threads"] for row in rows}) for aim in _of_threads(rows, threads)]
    return found + list(_of_memory(memory))


def _of_threads(rows: list[Row], threads: int) -> Iterator[Aim]:
    here = [row for row in rows if row["threads"] == threads]

    def ratios(section: str, case: str, contender: str, reference: str) -> list[float]:
        """Ratios to the reference, best to best, of every variant that records what scratchnet records."""
        return [
            row["ratio_to"][reference]["best"]
            for row in here
            if (row["section"], row["case"]) == (section, case)
            and (row["contender"] == contender or row["contender"].startswith(f"{contender} "))
            and not row["contender"].endswith(ALONE)
            and reference in row["ratio_to"]
        ]

    def at_most(limit: float, text: str, section: str, case: str, reference: str) -> Iterator[Aim]:
        for value in ratios(section, case, SCRATCHNET, reference):
            yield _aim(text, value, limit, threads, most=True)

    def at_least(limit: float, text: str, section: str, case: str, other: str) -> Iterator[Aim]:
        if values := ratios(section, case, other, SCRATCHNET):
            yield _aim(f"{text}{other} over scratchnet", min(values), limit, threads, most=False)  # its fastest variant

    for optimizer, limit in FLOOR_LIMITS.items():
        case, step = f"{optimizer} float32", f"step, {optimizer}, float32"
        yield from at_most(limit, f"{step}: scratchnet over the floor", "step", case, FLOOR)
        yield from at_most(limit, f"{step}: scratchnet over floor and evaluation", "step", case, FLOOR_EVALUATED)
        for other, least in (("PyTorch", 4.0), ("scikit-learn", SKLEARN_LIMITS[optimizer])):
            yield from at_least(least, f"{step}: ", "step", case, other)
    for dims, least in (("2-64-32-16-1", 2.0), ("2-8-8-1", 4.0)):
        case, text = f"20 of {dims}", f"20 networks {dims} together: "
        yield from at_least(least, text, "together", case, "one by one")
        if least == 2.0:
            yield from at_most(1.4, f"{text}scratchnet over the floor", "together", case, FLOOR)
    for optimizer, imports in itertools.product(("Adam", "SGD"), ("import included", "without import")):
        case = f"{optimizer}, {imports}"
        for other in ("PyTorch", "scikit-learn"):
            yield from at_least(4.0, f"to 0.99, {case}: ", "cold start", case, other)
    for other in ("50-level contourf, line and points", "50-level contourf"):
        yield from at_least(2.0, "drawing beyond bare axes: ", "drawing", "beyond bare axes", other)
    for sweep in ("width", "depth", "batch"):
        sizes = [row["case"] for row in here if row["section"] == "growth" and row["case"].startswith(sweep)]
        for case in sizes[-1:]:
            yield from at_most(1.3, f"{case}: scratchnet over floor and evaluation", "growth", case, FLOOR_EVALUATED)


def _of_memory(memory: list[dict[str, Any]]) -> Iterator[Aim]:
    """Linear means: in log-log over the larger half of a sweep, peak against parameters and activations rises by 1."""
    for sweep in dict.fromkeys(row["sweep"] for row in memory):
        larger = [row for row in memory if row["sweep"] == sweep]
        larger = larger[-max(2, len(larger) // 2) :]
        size = np.log([row["parameters"] + row["activations"] for row in larger])
        exponent = float(np.polyfit(size, np.log([row["peak"] for row in larger]), 1)[0])
        text = f"peak memory against {sweep}, larger half: exponent of its growth with parameters and activations"
        yield _aim(text, exponent, EXPONENT_LIMIT, None, most=True)


def _aim(text: str, value: float, limit: float, threads: int | None, *, most: bool) -> Aim:
    return {
        "aim": text,
        "threads": threads,
        "value": value,
        "sense": "at most" if most else "at least",
        "limit": limit,
        "met": value <= limit if most else value >= limit,
    }
