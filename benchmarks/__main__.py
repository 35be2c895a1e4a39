"""`python -m benchmarks`: measure, with one thread and with two, print the table and write it as JSON."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.aims import aims
from benchmarks.frameworks import FRAMEWORKS
from benchmarks.measure import SECTIONS, Effort
from benchmarks.report import table, write

ROOT = Path(__file__).resolve().parent.parent
QUICK = Effort(step=4, together=1, seeds=1, inference=1, drawing=3, sliders=2, growth=0.5, every=4, chunk=0.006)
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
NOTES = (
    "Times are the best of all rounds, and medians ± half the distance of the quartiles in percent; what disturbs a",
    "machine makes medians wander and the best hardly. In a round every contender takes its turn. Ratios are ratios of",
    "the best, where rounds are comparable, and else of the medians. The floor is the matrix products of a training",
    "step alone, into ready buffers; floor and evaluation (f+eval) adds those of the accuracy that scratchnet records",
    "after an epoch.",
    "In a step, every contender records loss, accuracy, gradient norms and update ratios of each epoch as scratchnet",
    "does (scikit-learn, which hides its gradients, the first two); loop alone records none of them on top.",
    "Together: SGD, float32, for each of K networks; PyTorch and JAX record the loss and the accuracy alone.",
    "Cold start: from the start of the interpreter to 0.99 training accuracy, in float32, batch 64, Adam at 0.01 and",
    "SGD at 0.3, each contender from its own initial weights; without import: once more in the same process.",
    "Drawing: beyond bare axes, scratchnet draws an image, the line at 0.5 and the points, and predicts nothing.",
    "Growth: SGD, float32, batches of 64 from 400 samples, two hidden layers of that width, or that many of width 64,",
    "or the chapter's network with that batch. Memory: the peak of NumPy's arrays in `train`, the network included.",
)


def collect(effort: Effort, sections: list[str], threads: list[int], *, quick: bool = False) -> dict[str, Any]:
    """Measure in one child process for each number of threads, which libraries read when they are imported."""
    parts, waiting = [], {}
    for number in threads:
        environment = os.environ | dict.fromkeys(VARIABLES, str(number)) | {"MPLBACKEND": "Agg"}
        if number > 1 and FRAMEWORKS:
            waiting[str(number)] = environment["OMP_WAIT_POLICY"] = wait_policy(environment)
        command = [sys.executable, "-m", "benchmarks.measure", json.dumps([number, sections, asdict(effort)])]
        child = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True)
        parts.append(json.loads(child.stdout))
    rows = [row for part in parts for row in part["rows"]]
    memory = [row for part in parts for row in part["memory"]]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "quick": quick,
        "machine": parts[0]["machine"],
        "threads": threads,
        "wait_policy": waiting,
        "notes": NOTES,
        "rows": rows,
        "memory": memory,
        "aims": aims(rows, memory),
    }


def wait_policy(environment: dict[str, str]) -> str:
    """Return how OpenMP's threads are to wait for each other: in the way in which PyTorch trains faster here and now.

    ACTIVE is a busy loop, which is quick to react and takes the processors away from the threads that compute.
    """
    seconds = {}
    for policy in ("PASSIVE", "ACTIVE"):
        command = [sys.executable, "-m", "benchmarks.frameworks"]
        settings = environment | {"OMP_WAIT_POLICY": policy}
        child = subprocess.run(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, check=True, text=True)
        seconds[policy] = float(child.stdout)
    return min(seconds, key=lambda policy: seconds[policy])


def main() -> None:
    """Read the command line, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, about a minute")
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="some sections of the table"
    )
    parser.add_argument("--threads", nargs="+", type=int, help="numbers of threads: 1 and 2, if quick 1")
    parser.add_argument("--json", type=Path, help="the file to write the results to")
    options = parser.parse_args()
    effort, threads = (QUICK, [1]) if options.quick else (Effort(), [1, 2])
    results = collect(effort, options.only, options.threads or threads, quick=options.quick)
    print(table(results))
    if options.json:
        write(results, options.json)


if __name__ == "__main__":
    main()
