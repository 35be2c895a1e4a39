"""Many networks at once: the time of a step for each of K networks that train together, beside one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from benchmarks.contenders import Floor, Scratchnet
from benchmarks.results import FLOOR, FLOOR_EVALUATED, SCRATCHNET, Case
from benchmarks.stacks import STACKS
from benchmarks.task import CHAPTER, Task, chapter_task
from benchmarks.timing import Job, interleave
from scratchnet import SGD, train_together

COUNTS = [1, 2, 5, 20, 50, 200]
SMALL = (2, 8, 8, 1)
ONE_BY_ONE = "one by one"


def tasks(task: Task, count: int) -> list[Task]:
    """The same task for networks with other first weights."""
    return [replace(task, seed=100 * k) for k in range(count)]


class Together:
    """`train_together`, with SGD."""

    def __init__(self, task: Task, count: int) -> None:
        self.task, self.nets = task, [each.network() for each in tasks(task, count)]
        self.optimizers = [SGD(task.lr) for _ in self.nets]

    def __call__(self, n_epochs: int) -> None:
        """Train."""
        X, y, batch_size = self.task.X, self.task.y, self.task.batch_size
        train_together(self.nets, X, y, n_epochs=n_epochs, batch_size=batch_size, optimizer=self.optimizers)


class EachAlone:
    """A job for each network, done one after the other."""

    def __init__(self, job: Callable[[Task], Job], task: Task, count: int) -> None:
        self.jobs = [job(each) for each in tasks(task, count)]

    def __call__(self, n_epochs: int) -> None:
        """Do all of them."""
        for job in self.jobs:
            job(n_epochs)


def measure(seconds: float, chunk: float, every: int) -> Iterator[Case]:
    """Yield the seconds of a step of SGD in float32 for each network, by architecture and number of networks."""
    for dims in (CHAPTER, SMALL):
        for count in COUNTS[::every]:
            task = chapter_task("float32", dims=dims)
            jobs: dict[str, Callable[[], Job]] = {
                FLOOR: partial(EachAlone, Floor, task.alone(), count),
                FLOOR_EVALUATED: partial(EachAlone, Floor, task, count),
                SCRATCHNET: partial(Together, task, count),
                ONE_BY_ONE: partial(EachAlone, Scratchnet, task, count),
            }
            for name, contender in STACKS.items():
                if count <= getattr(contender, "most", count):
                    jobs[name] = partial(contender, task, count)
            epochs = interleave(jobs, seconds=seconds, chunk=chunk)
            per_step = {name: times / task.steps / count for name, times in epochs.items()}
            yield Case("together", f"{count} of {'-'.join(map(str, dims))}", per_step)
