"""How the time of a step and the peak memory grow with the width, the depth and the batch."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contenders import Floor, Scratchnet, floor_flops
from benchmarks.results import FLOOR, FLOOR_EVALUATED, SCRATCHNET, Case
from benchmarks.task import CHAPTER, Task
from benchmarks.timing import Job, interleave

SAMPLES, BATCH_SIZE = 400, 64


def task(dims: tuple[int, ...], batch_size: int) -> Task:
    """Noise to learn: the chapter's 400 samples, or as many as the batch; the learning rate is too small to diverge."""
    rng = np.random.default_rng(7)
    n = max(SAMPLES, batch_size)
    X, y = rng.standard_normal((n, 2)), rng.integers(0, 2, (n, 1))
    return Task(X.astype(np.float32), y.astype(np.float32), dims, batch_size, lr=1e-4)


SWEEPS: dict[str, tuple[list[int], Callable[[int], Task]]] = {
    "width": ([2**k for k in range(4, 12)], lambda width: task((2, width, width, 1), BATCH_SIZE)),
    "depth": ([2**k for k in range(7)], lambda depth: task((2, *[64] * depth, 1), BATCH_SIZE)),
    "batch": ([4**k for k in range(9)], lambda batch_size: task(CHAPTER, batch_size)),
}


def sizes(sweep: str, every: int) -> list[int]:
    """Every so many sizes of a sweep, the largest included."""
    return SWEEPS[sweep][0][::-1][::every][::-1]


def step_times(seconds: float, chunk: float, every: int) -> Iterator[Case]:
    """Yield the seconds of a step of SGD for each size."""
    for sweep, (_, make) in SWEEPS.items():
        for size in sizes(sweep, every):
            to_learn = make(size)
            steps = to_learn.steps
            ready: dict[str, Job] = {
                FLOOR: Floor(to_learn.alone()),
                FLOOR_EVALUATED: Floor(to_learn),
                SCRATCHNET: Scratchnet(to_learn),
            }
            jobs = {name: partial(_same, job) for name, job in ready.items()}
            epochs = interleave(jobs, seconds=seconds, chunk=chunk)
            yield Case(
                "growth",
                f"{sweep} {size}",
                {name: times / steps for name, times in epochs.items()},
                floor_flops(to_learn),
            )


def _same(job: Job) -> Job:
    """Prepare what is ready: building a large network takes longer than to train it for an epoch."""
    return job


def memory(every: int) -> list[dict[str, Any]]:
    """Return bytes for each size: the peak that tracemalloc sees of network and training, and what it depends on.

    NumPy reports its arrays to tracemalloc. The caller's data and the buffers of the BLAS are not in it.
    """
    rows = []
    for sweep, (_, make) in SWEEPS.items():
        for size in sizes(sweep, every):
            job = make(size)
            itemsize = job.X.itemsize
            tracemalloc.start()
            contender = Scratchnet(job)
            tracemalloc.reset_peak()
            contender(1)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            rows.append(
                {
                    "sweep": sweep,
                    "size": size,
                    "peak": peak,
                    "parameters": itemsize * sum(W.size + b.size for W, b in contender.weights()),
                    "activations": itemsize * min(job.batch_size, len(job.X)) * sum(job.dims[1:]),
                    "data": job.X.nbytes + job.y.nbytes,
                }
            )
    return rows
