"""How contenders are timed: in turn, round after round, so that what slows the machine slows all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

try:
    import resource
except ModuleNotFoundError:  # Windows has none
    resource = None  # type: ignore[assignment]

Job = Callable[[int], Any]
"""job(n) does the same thing n times."""

PATIENCE = 20  # as long as so many turns, a disturbed one is repeated
ROUNDS = 3, 100


def seconds_of(job: Job, n: int) -> float:
    """Return how long job(n) takes."""
    start = time.perf_counter_ns()
    job(n)
    return (time.perf_counter_ns() - start) * 1e-9


def undisturbed(job: Job, n: int, limit: float) -> float:
    """Return how long job(n) takes, repeating it while the system takes the processor away to run something else.

    After `limit` seconds the shortest time has to do.
    """
    times: list[float] = []
    while not times or sum(times) < limit:
        before = interruptions()
        times.append(seconds_of(job, n))
        if interruptions() == before:
            return times[-1]
    return min(times)


def interruptions() -> int:
    """Return how often this process has lost the processor against its will, 0 where the system does not count."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if resource else 0


def repetitions(job: Job, chunk: float) -> int:
    """Return how many repetitions last about `chunk` seconds, but at least `job.least` where a job has that.

    A first one does not count.
    """
    job(1)
    n = 1
    while (elapsed := undisturbed(job, n, chunk)) < chunk / 4:
        n *= 2
    return max(getattr(job, "least", 1), round(n * chunk / elapsed))


def interleave(
    prepare: Mapping[str, Callable[[], Job]], *, seconds: float, chunk: float, warm_up: int = 1
) -> dict[str, np.ndarray]:
    """Return the seconds of one repetition of every job, one number a round.

    In each round every job is prepared anew, done `warm_up` times, and then timed for about `chunk` seconds, if the
    system allows undisturbed. The order moves on by one from round to round. Garbage is collected between rounds.
    There are as many rounds as `seconds` allow, but at least ROUNDS[0] and at most ROUNDS[1].
    """
    end = time.perf_counter() + seconds
    counts = {name: repetitions(make(), chunk) for name, make in prepare.items()}
    times: dict[str, list[float]] = {name: [] for name in prepare}
    names = list(prepare)
    least, most = ROUNDS
    for turn in range(most):
        if turn >= least and time.perf_counter() > end:
            break
        gc.collect()
        gc.disable()
        try:
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                job = prepare[name]()
                job(warm_up)
                times[name].append(undisturbed(job, counts[name], PATIENCE * chunk) / counts[name])
        finally:
            gc.enable()
    return {name: np.array(values) for name, values in times.items()}
