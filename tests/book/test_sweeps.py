"""A sweep: one table from any executor, whatever fails, and nothing lost or done twice when something is killed."""

import collections
import concurrent.futures as cf
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from scratchnet.book import sweep

GRID = {"a": [1, 2, 3], "b": [0.5, 2.0]}
can_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no process can be killed at once here")
every_executor = pytest.mark.parametrize("make", [None, cf.ThreadPoolExecutor, "processes"])


def product(a, b):
    return {"product": a * b, "list": np.arange(a)}


def fails_at_2(a, b):
    if a == 2:
        raise ZeroDivisionError("not with 2 | never")
    return a * b


def noted(folder, i, kill=None):
    """Note in a file that this has been run, which takes a moment."""
    time.sleep(0.02)
    with (Path(folder) / "log").open("a") as log:
        log.write(f"{i}\n")
    if kill == i and not (Path(folder) / "killed").exists():
        (Path(folder) / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return i * i


def slowly_noted(folder, i):
    time.sleep(0.15)
    return noted(folder, i)


def executor_of(make):
    if make == "processes":
        return cf.ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    return make(2)


def runs(folder):
    return collections.Counter(int(line) for line in (folder / "log").read_text().split())


def without_seconds(table):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in table]


@every_executor
def test_every_executor_gives_the_same_rows_in_the_order_of_the_grid(make):
    expected = [
        {"a": a, "b": b, "product": a * b, "list": list(range(a)), "error": None} for a in (1, 2, 3) for b in (0.5, 2.0)
    ]
    if make is None:
        table = sweep(GRID, product, progress=False)
    else:
        with executor_of(make) as executor:
            table = sweep(GRID, product, executor, progress=False)
    assert without_seconds(table) == expected
    assert table.column("product") == [0.5, 2, 1, 4, 1.5, 6] and table.failed == []
    assert all(row["seconds"] >= 0 for row in table)


@every_executor
def test_a_setting_that_fails_is_recorded_and_the_others_go_on(make, tmp_path):
    executor = None if make is None else executor_of(make)
    table = sweep(GRID, fails_at_2, executor, file=tmp_path / "rows.json", progress=False)
    if executor:
        executor.shutdown()
    assert table.column("result") == [0.5, 2, None, None, 1.5, 6]
    assert table.failed.column("error") == ["ZeroDivisionError: not with 2 | never"] * 2
    assert "| 2 | 0.5 |  | ZeroDivisionError: not with 2 \\| never |" in [
        line.rpartition(" | ")[0] + " |" for line in table._repr_markdown_().splitlines()
    ]


def test_what_stands_in_the_file_is_not_run_again_and_a_grid_may_grow(tmp_path):
    file = tmp_path / "rows.json"
    first = sweep({"i": [1, 2]}, lambda i: noted(tmp_path, i), file=file, progress=False)
    again = sweep({"i": (2, 1)}, lambda i: noted(tmp_path, i), file=file, progress=False)
    grown = sweep([{"i": 3}, {"i": 1}], lambda i: noted(tmp_path, i), file=file, progress=False)
    assert again == first[::-1] and grown.column("result") == [9, 1]
    assert runs(tmp_path) == {1: 1, 2: 1, 3: 1}
    assert [path.name for path in tmp_path.glob("*rows*")] == ["rows.json"]


@can_kill
def test_a_killed_sweep_goes_on_with_nothing_lost_and_nothing_recorded_done_twice(tmp_path):
    file = tmp_path / "rows.json"
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_sweeps import noted, sweep\n"
        f"sweep({{'i': list(range(8))}}, lambda i: noted({str(tmp_path)!r}, i, kill=4), file={str(file)!r})\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert [row["i"] for row in json.loads(file.read_text())["rows"]] == [0, 1, 2, 3]
    table = sweep({"i": list(range(8))}, lambda i: noted(tmp_path, i), file=file, progress=False)
    assert table.column("result") == [i * i for i in range(8)] and not table.failed
    assert runs(tmp_path) == {i: 2 if i == 4 else 1 for i in range(8)}  # 4 was cut off before it had a row


@can_kill
def test_processes_that_break_say_so_and_what_was_done_is_kept(tmp_path):
    file, settings = tmp_path / "rows.json", [{"folder": str(tmp_path), "i": i, "kill": 5} for i in range(10)]
    with executor_of("processes") as executor, pytest.raises(cf.BrokenExecutor):
        sweep(settings, noted, executor, file=file, progress=False)
    done = [row["i"] for row in json.loads(file.read_text())["rows"]]
    assert 0 < len(done) < 10 and 5 not in done
    with executor_of("processes") as executor:
        table = sweep(settings, noted, executor, file=file, progress=False)
    assert table.column("result") == [i * i for i in range(10)]
    assert all(runs(tmp_path)[i] == 1 for i in done)


def test_an_interrupt_withdraws_what_has_not_begun(tmp_path, monkeypatch):
    from scratchnet.book import sweeps

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "_write", interrupted)
    with cf.ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        sweep({"i": list(range(50))}, lambda i: noted(tmp_path, i), executor, file=tmp_path / "f", progress=False)
    assert sum(runs(tmp_path).values()) < 10


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({}, "at least one setting"),
        ({"a": []}, "at least one setting"),
        ([{"a": 1}, {"b": 1}], "same names"),
        ({"a": [1, 1]}, "no setting twice"),
        ({"error": [1]}, "columns of every table"),
    ],
)
def test_a_grid_that_makes_no_table_is_refused(grid, words):
    with pytest.raises(ValueError, match=words):
        sweep(grid, product, progress=False)


@pytest.mark.parametrize("text", ["", "[]", '{"rows": []}', '{"names": ["i"], "rows": [{"j": 1}]}'])
def test_a_file_of_something_else_is_refused_and_left_alone(text, tmp_path):
    file = tmp_path / "rows.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="was not written by a sweep"):
        sweep({"i": [1]}, lambda i: i, file=file, progress=False)
    assert file.read_text() == text
    sweep({"j": [1]}, lambda j: j, file=tmp_path / "other.json", progress=False)
    with pytest.raises(ValueError, match=r"belongs to a sweep over \['j'\], not \['i'\]"):
        sweep({"i": [1]}, lambda i: i, file=tmp_path / "other.json", progress=False)


def test_a_result_that_hides_a_column_is_an_error_of_its_setting():
    table = sweep({"i": [1]}, lambda i: {"i": 2}, progress=False)
    assert table.column("i") == [1] and "other names than ['i']" in table[0]["error"]


def test_progress_counts_what_was_done_before_and_what_failed(tmp_path, capsys):
    sweep({"i": [1, 2]}, lambda i: 1 / 0, file=tmp_path / "f")
    sweep({"i": [1, 2, 3]}, lambda i: i, file=tmp_path / "f")
    last = capsys.readouterr().err.split("\r")[-1]
    assert "3/3" in last and "failed=2" in last


@can_kill
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_of_which_a_worker_is_killed_halfway_loses_nothing(tmp_path):
    """The scheduler gives the worker's setting to another, and starts a new one."""
    distributed = pytest.importorskip("distributed")
    settings = [{"folder": str(tmp_path), "i": i} for i in range(12)]
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)
    with cluster, distributed.Client(cluster) as client:
        file = tmp_path / "rows.json"

        def kill_one():
            while not file.exists() or len(json.loads(file.read_text())["rows"]) < 3:
                time.sleep(0.02)
            os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        table = sweep(settings, slowly_noted, client.get_executor(), file=file, progress=False)
        killer.join()
    assert table.column("result") == [i * i for i in range(12)] and not table.failed
    assert len(json.loads(file.read_text())["rows"]) == 12
    again = sweep(settings, slowly_noted, file=file, progress=False)
    assert again == table
    assert sum(runs(tmp_path).values()) <= 12 + 2  # what the killed worker had begun, or had not handed over
