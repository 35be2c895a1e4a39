"""One training step of the chapter's network, for every contender, optimizer and precision."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.contenders import ByHand, Floor, everyone, floor_flops
from benchmarks.results import ALONE, FLOOR, FLOOR_EVALUATED, SCRATCHNET, Case
from benchmarks.task import Task, chapter_task
from benchmarks.timing import Job, interleave

LEARNING_RATES = {"SGD": 0.05, "Adam": 0.01}
VARIANTS = {"PyTorch": {"plain": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}}


def prepare(task: Task) -> dict[str, Callable[[], Job]]:
    """Every contender with the same histories as scratchnet and, but for scratchnet, as the training loop alone."""
    jobs: dict[str, Callable[[], Job]] = {
        FLOOR: partial(Floor, task.alone()),
        FLOOR_EVALUATED: partial(Floor, task),
    }
    if task.optimizer == "SGD":
        jobs["by hand" + ALONE] = partial(ByHand, task.alone())
    for name, contender in everyone().items():
        for variant, settings in VARIANTS.get(name, {"": {}}).items():
            full_name = f"{name} {variant}".rstrip()
            jobs[full_name] = partial(contender, task, **settings)
            if name != SCRATCHNET:
                jobs[full_name + ALONE] = partial(contender, task.alone(), **settings)
    return jobs


def measure(seconds: float, chunk: float) -> Iterator[Case]:
    """Yield the seconds of a step for every optimizer and precision."""
    for dtype, optimizer in itertools.product(("float32", "float64"), ("SGD", "Adam")):
        task = chapter_task(dtype, optimizer=optimizer, lr=LEARNING_RATES[optimizer])
        epochs = interleave(prepare(task), seconds=seconds, chunk=chunk)
        steps = {name: times / task.steps for name, times in epochs.items()}
        yield Case("step", f"{optimizer} {dtype}", steps, floor_flops(task))
