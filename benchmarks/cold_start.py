"""From nothing to 0.99 training accuracy on the spirals: a fresh interpreter for each contender and seed."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.results import SCRATCHNET, Case
from benchmarks.to_goal import GOAL, LEARNING_RATES, MAX_EPOCHS

MODULES = {SCRATCHNET: "scratchnet", "PyTorch": "torch", "scikit-learn": "sklearn"}
ROOT = Path(__file__).resolve().parent.parent


def measure(seeds: int) -> Iterator[Case]:
    """Yield the seconds to the goal, seed by seed, for each optimizer: with the import and without it."""
    installed = [name for name, module in MODULES.items() if importlib.util.find_spec(module)]
    for name in installed:
        one(name, "Adam", 0)  # from then on its files are in memory
    for optimizer in LEARNING_RATES:
        cold: dict[str, list[float]] = {name: [] for name in installed}
        warm: dict[str, list[float]] = {name: [] for name in installed}
        for seed, name in itertools.product(range(seeds), installed):
            seconds = one(name, optimizer, seed)
            cold[name].append(seconds[0])
            warm[name].append(seconds[1])
        for what, times in (("import included", cold), ("without import", warm)):
            seconds_of = {name: np.array(values) for name, values in times.items()}
            yield Case("cold start", f"{optimizer}, {what}", seconds_of, paired=False)


def one(name: str, optimizer: str, seed: int) -> tuple[float, float]:
    """Return the seconds from the start of an interpreter to the goal, and those of a second training in it."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.to_goal", name, optimizer, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        epochs = child.stdout.readline()
        elapsed = time.perf_counter() - start
        again = child.stdout.readline()
    if child.returncode or int(epochs) >= MAX_EPOCHS:
        raise RuntimeError(f"{name} with {optimizer} and seed {seed} did not reach {GOAL} in {MAX_EPOCHS} epochs")
    return elapsed, float(again)
