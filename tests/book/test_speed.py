"""The tables and figures of the page on speed, from a run of two rows and from the one that the book shows."""

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from scratchnet.book import speed

RESULTS = Path(__file__).resolve().parents[2] / "chapters" / "benchmarks.json"


def lines(table):
    """The lines of a table as they read, after a look at where they may break: not within a time."""
    assert not re.search("[0-9] (s|ms|µs)", table.data)
    return table.data.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NON-BREAKING HYPHEN}", "-").splitlines()


def row(contender, seconds, section="step", case="SGD", threads=1, ratio=1.0):
    return {
        "section": section,
        "case": case,
        "contender": contender,
        "threads": threads,
        "seconds": {"best": seconds, "median": 2 * seconds},
        "ratio_to": {"scratchnet": {"best": ratio, "median": 9.0}},
    }


@pytest.fixture
def run(tmp_path):
    rows = [
        row("scratchnet", 1e-4),
        row("PyTorch", 5e-4, ratio=5.0),
        row("PyTorch, fused", 3.456e-4, ratio=3.456),
        row("PyTorch, fused, loop alone", 2e-4),
        row("published, loop alone", 0.0021),
        row("scikit-learn, loop alone", 1.5),
        row("scratchnet", 9.0, threads=2),
    ]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"quick": False, "rows": rows, "aims": []}))
    return speed.Run(path)


def test_a_contender_is_compared_in_its_fastest_variant_that_records(run):
    table = run.compared("step", ["scratchnet", "PyTorch"])
    assert lines(table) == [
        "| case | scratchnet | PyTorch |",
        "| --- | ---: | ---: |",
        "| SGD | 100 µs *200 µs* (1×) | 346 µs *691 µs* (3.5×) |",
    ]


def test_the_best_stands_before_the_median_and_ratios_are_those_of_the_best(tmp_path):
    rows = [
        row("floor", 1e-5, "together", "20 of 2-8-8-1"),
        row("scratchnet", 5e-5, "together", "20 of 2-8-8-1"),
        row("floor", 1e-5, "together", "50 of 2-8-8-1"),
        row("floor and evaluation", 2e-5, "together", "50 of 2-8-8-1"),
    ]
    for of in rows:
        of["ratio_to"] = {"floor": {"median": 9.0, "best": 5.0}}
    path = tmp_path / "best.json"
    path.write_text(json.dumps({"quick": False, "rows": rows, "aims": []}))
    assert lines(speed.Run(path).together()) == [
        "| networks | floor | scratchnet |",
        "| --- | ---: | ---: |",
        "| 20 of 2-8-8-1 | 10 µs *20 µs* (5×) | 50 µs *100 µs* (5×) |",
        "| 50 of 2-8-8-1 | 10 µs *20 µs* (5×) | – |",  # not measured
    ]
    assert speed.Run(path).of_each("2-8-8-1", "floor") == [1e-5, 1e-5]
    assert speed.Run(path).of_each("2-8-8-1", "scratchnet") == [5e-5] and speed.Run(path).of_each("8-1", "floor") == []


def test_a_run_without_many_networks_says_so(run):
    assert run.together().data == "This run did not measure it."


def test_loops_alone_are_those_that_record_nothing_more(run):
    assert lines(run.loops_alone())[-1] == "| SGD | 2.1 ms *4.2 ms* | 200 µs *400 µs* | 1.5 s *3 s* |"


def test_rows_of_other_threads_are_left_out(run):
    assert run.cases("step")["SGD"]["scratchnet"]["seconds"]["best"] == 1e-4
    assert run.cases("step", threads=2)["SGD"].keys() == {"scratchnet"}


def test_a_quick_run_is_not_shown(tmp_path):
    path = tmp_path / "quick.json"
    path.write_text(json.dumps({"quick": True}))
    with pytest.raises(ValueError, match="quick run"):
        speed.Run(path)


def test_memory_that_grows_in_step_has_the_exponent_one_and_memory_that_does_not_grow_has_zero(tmp_path):
    sizes = [1, 2, 4, 8, 16, 32]
    path = tmp_path / "memory.json"
    memory = [
        {"sweep": "batch", "size": n, "peak": 6 * max(4, n), "parameters": n // 2, "activations": n - n // 2}
        for n in sizes
    ]
    path.write_text(json.dumps({"quick": False, "memory": memory}))
    run = speed.Run(path)
    assert run.exponents("batch") == pytest.approx((0, 1))
    assert [values.tolist() for values in run.peaks("batch")] == [sizes, [24, 24, 24, 48, 96, 192]]


def test_the_figures_and_tables_of_the_page_say_what_the_file_says():
    run = speed.Run(RESULTS)
    with plt.rc_context():
        for figure, alt in (run.growth(), run.memory()):
            figure.canvas.draw()
            assert all(sweep in alt for sweep in speed.SWEEPS)
        plt.close("all")
    aims = [aim for aim in run.results["aims"] if aim["threads"] in (1, None)]
    assert run.aims().data.count("not met") == sum(not aim["met"] for aim in aims)
    assert len(run.expressions().data.splitlines()) == 2 + len(run.cases("expressions"))
    assert all(f"{name:13s} {version}" in run.machine() for name, version in run.results["machine"]["versions"].items())
    assert "scratchnet" in run.drawing().data
