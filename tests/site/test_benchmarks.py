"""The benchmarks: everybody learns the same, clocks and ratios are right, table and JSON hold what was measured.

Nothing here depends on how fast the machine is.
"""

import json
import os
import platform
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks import __main__ as command_line
from benchmarks import cold_start, expressions, growth, machine, pictures, stacks, timing, together
from benchmarks.__main__ import ROOT, collect
from benchmarks.aims import aims
from benchmarks.contenders import ByHand, Floor, Published, Scratchnet, everyone
from benchmarks.frameworks import FRAMEWORKS, Sklearn, Torch
from benchmarks.measure import Effort
from benchmarks.report import duration, table, write
from benchmarks.results import ALONE, FLOOR, FLOOR_EVALUATED, SCRATCHNET, Case
from benchmarks.task import Task, chapter_task
from benchmarks.to_goal import spirals

TINY = Effort(step=0, chunk=1e-4)
needs_frameworks = pytest.mark.skipif(not FRAMEWORKS, reason="PyTorch and scikit-learn are installed by `make bench`")
optimizers = pytest.mark.parametrize("optimizer, lr", [("SGD", 0.05), ("Adam", 0.01)])


def trained(contender, task, n_epochs):
    made = contender(task)
    made(n_epochs)
    return made


def assert_same_weights(a, b, atol):
    for (W_a, b_a), (W_b, b_b) in zip(a.weights(), b.weights(), strict=True):
        np.testing.assert_allclose(W_a, W_b, rtol=0, atol=atol)
        np.testing.assert_allclose(b_a, b_b, rtol=0, atol=atol)


# Contenders


@optimizers
def test_the_published_arithmetic_and_scratchnet_learn_the_same(optimizer, lr):
    task = chapter_task("float64", optimizer=optimizer, lr=lr)
    ours, published = trained(Scratchnet, task, 5), trained(Published, task, 5)
    assert_same_weights(ours, published, atol=1e-10)
    np.testing.assert_allclose(published.history(), ours.history(), rtol=1e-7)
    before = task.weights()
    assert all(np.abs(W - W0).max() > 1e-3 for (W, _), (W0, _) in zip(ours.weights(), before, strict=True))


@pytest.mark.parametrize("batch_size", [64, 400])
def test_the_loop_by_hand_learns_bit_for_bit_the_same(batch_size):
    task = chapter_task("float32", batch_size=batch_size)
    by_hand, ours = trained(ByHand, task.alone(), 3), trained(Scratchnet, task, 3)
    assert_same_weights(ours, by_hand, atol=0)


def test_the_loop_alone_learns_the_same_and_records_nothing():
    task = chapter_task("float64")
    alone = trained(Published, task.alone(), 3)
    assert_same_weights(alone, trained(Published, task, 3), atol=0)
    assert alone.history() == []


@needs_frameworks
@optimizers
@pytest.mark.parametrize("settings", [{"foreach": False}, {"foreach": True}, {"fused": True}], ids=str)
def test_pytorch_and_scratchnet_learn_the_same(optimizer, lr, settings):
    task = chapter_task("float64", optimizer=optimizer, lr=lr, batch_size=400)  # one batch: any order is the same
    ours, other = trained(Scratchnet, task, 5), trained(partial(Torch, **settings), task, 5)
    assert_same_weights(ours, other, atol=1e-10)
    np.testing.assert_allclose(other.history(), ours.history(), rtol=1e-7)
    np.testing.assert_allclose(other.predict_proba(task.X), ours.predict_proba(task.X), atol=1e-10)
    assert_same_weights(trained(partial(Torch, **settings), task.alone(), 5), other, atol=0)


@needs_frameworks
@optimizers
@pytest.mark.parametrize("histories", [True, False])
def test_scikit_learn_and_scratchnet_learn_the_same(optimizer, lr, histories):
    task = chapter_task("float64", optimizer=optimizer, lr=lr, batch_size=400, histories=histories)
    ours, other = Scratchnet(task), Sklearn(task)
    if optimizer == "Adam":  # scikit-learn's eps is another one, by a factor of √(1 - β₂ᵗ)
        ours.optimizer.eps = other.net.epsilon = 1e-300
    other(1)  # draws weights of its own, here replaced by ours
    for (W, b), (its_W, its_b) in zip(ours.weights(), other.weights(), strict=True):
        its_W[...], its_b[...] = W, b
    del other.net._optimizer  # what it remembers
    ours(4)
    other(4)
    assert_same_weights(ours, other, atol=1e-10)
    if histories:
        np.testing.assert_allclose(other.history()[1:], [epoch[:2] for epoch in ours.history()], rtol=1e-7)
    np.testing.assert_allclose(other.predict_proba(task.X)[:, 1:], ours.predict_proba(task.X), atol=1e-10)


@needs_frameworks
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_frameworks_compute_in_the_precision_of_the_task(dtype):
    for contender in (Torch, Sklearn):
        assert {W.dtype for W, _ in trained(contender, chapter_task(dtype), 1).weights()} == {np.dtype(dtype)}


def test_the_floor_is_the_products_of_a_training_step():
    """Counted and multiplied by hand for a network of three layers and batches of 4 and 3 samples."""
    rng = np.random.default_rng(0)
    task = Task(rng.standard_normal((7, 2)), np.ones((7, 1)), dims=(2, 5, 3, 1), batch_size=4)
    floor = trained(Floor, task.alone(), 1)
    assert len(floor.products) == 2 * (3 + 3 + 2)
    assert floor.flops == 7 * 2 * (3 * (2 * 5 + 5 * 3 + 3 * 1) - 2 * 5)
    assert Floor(task).flops == floor.flops + 7 * 2 * (2 * 5 + 5 * 3 + 3 * 1)
    for A, B, out in floor.products:
        np.testing.assert_allclose(out, np.einsum("ij,jk->ik", A, B))
    (W1, _), (W2, _), (W3, _) = task.weights()
    X = task.X[4:]
    Z = [out for _, _, out in floor.products[8:11]]
    np.testing.assert_allclose(Z[2], X @ W1 @ W2 @ W3)
    dZ3 = np.full((3, 1), 1 / 3)
    dZ2, dZ1 = dZ3 @ W3.T, dZ3 @ W3.T @ W2.T
    for (_, _, out), expected in zip(
        floor.products[11:], [Z[1].T @ dZ3, dZ2, Z[0].T @ dZ2, dZ1, X.T @ dZ1], strict=True
    ):
        np.testing.assert_allclose(out, expected)


def test_the_data_of_the_cold_start_are_the_books():
    X, labels = spirals(np)
    task = chapter_task("float32")
    np.testing.assert_allclose(X, task.X, rtol=1e-6)
    np.testing.assert_array_equal(labels, task.y[:, 0])


def test_the_cold_start_is_timed_from_outside_and_once_more_inside(monkeypatch):
    monkeypatch.setattr(cold_start, "MODULES", {SCRATCHNET: "scratchnet", "absent": "no_module_of_this_name"})
    cases = list(cold_start.measure(seeds=1))
    names = [f"{o}, {i}" for o in ("Adam", "SGD") for i in ("import included", "without import")]
    assert [case.name for case in cases] == names
    for whole, training in (cases[:2], cases[2:]):
        assert set(whole.seconds) == set(training.seconds) == {SCRATCHNET}
        assert 0 < training.seconds[SCRATCHNET][0] < whole.seconds[SCRATCHNET][0]


# Clocks and ratios


def test_contenders_take_turns_each_prepared_anew(monkeypatch):
    log = []

    def prepare(name):
        log.append(f"prepare {name}")
        return lambda n: log.append(f"{name} {n}")

    monkeypatch.setattr(timing, "repetitions", lambda job, chunk: 5)
    monkeypatch.setattr(timing, "interruptions", lambda: 0)
    monkeypatch.setattr(timing, "ROUNDS", (1, 2))
    times = timing.interleave({name: partial(prepare, name) for name in "ab"}, seconds=60, chunk=1, warm_up=3)
    turn = {name: [f"prepare {name}", f"{name} 3", f"{name} 5"] for name in "ab"}
    assert log == ["prepare a", "prepare b", *turn["a"], *turn["b"], *turn["b"], *turn["a"]]
    assert {name: len(values) for name, values in times.items()} == {"a": 2, "b": 2}
    times = timing.interleave({name: partial(prepare, name) for name in "ab"}, seconds=0, chunk=1)
    assert {name: len(values) for name, values in times.items()} == {"a": 1, "b": 1}


@pytest.mark.parametrize("disturbed, expected", [([1, 1, 0], 2.0), ([0], 5.0), ([1, 1, 1, 1, 1], 1.0)])
def test_a_disturbed_turn_is_repeated(monkeypatch, disturbed, expected):
    counter, durations, disturbances = [0], iter([5.0, 7.0, 2.0, 1.0, 9.0]), iter(disturbed)

    def run(job, n):
        counter[0] += next(disturbances)
        return next(durations)

    monkeypatch.setattr(timing, "seconds_of", run)
    monkeypatch.setattr(timing, "interruptions", lambda: counter[0])
    assert timing.undisturbed(None, 1, limit=15.0 if sum(disturbed) < 5 else 14.5) == expected


def test_ratios_are_taken_round_by_round():
    seconds = {FLOOR: np.array([1.0, 2.0, 4.0]), SCRATCHNET: np.array([3.0, 4.0, 20.0])}
    floor, ours = Case("step", "SGD float32", seconds, {FLOOR: 10.0}).rows(threads=2)
    assert ours["ratio_to"][FLOOR]["median"] == 3.0  # of 3, 2 and 5, where the medians have the ratio 2
    assert ours["ratio_to"][FLOOR]["best"] == 3.0  # 3 by 1
    assert ours["seconds"] == {"best": 3.0, "median": 4.0, "q1": 3.5, "q3": 12.0}
    assert (ours["threads"], ours["rounds"], floor["flops"], "flops" in ours) == (2, 3, 10.0, False)
    assert floor["ratio_to"][SCRATCHNET]["median"] == 1 / 3
    seconds[FLOOR] = np.array([2.0, 1.5, 4.0])
    assert Case("step", "SGD", seconds).rows(1)[1]["ratio_to"][FLOOR]["best"] == 2.0  # 3 by 1.5, in whichever rounds
    seconds[FLOOR] = np.array([1.0, 2.0, 4.0])
    _, unpaired = Case("cold start", "Adam", seconds, paired=False).rows(threads=1)
    assert unpaired["ratio_to"][FLOOR]["median"] == 2.0


def rows_of(section, case, **seconds):
    return Case(section, case, {name.replace("_", " "): np.array([value]) for name, value in seconds.items()}).rows(1)


def test_aims_compare_with_the_fastest_variant():
    seconds = {FLOOR: 10, FLOOR_EVALUATED: 12, SCRATCHNET: 27, "PyTorch plain": 120, "PyTorch fused": 110}
    seconds |= {"PyTorch fused" + ALONE: 100, "scikit-learn": 108, "scikit-learn" + ALONE: 90}
    rows = Case("step", "SGD float32", {name: np.array([float(s)]) for name, s in seconds.items()}).rows(1)
    found = {aim["aim"].removeprefix("step, SGD, float32"): aim for aim in aims(rows, [])}
    expected = {
        ": scratchnet over the floor": (2.7, "at most", 2.5, False),
        ": scratchnet over floor and evaluation": (2.25, "at most", 2.5, True),
        ": PyTorch over scratchnet": (110 / 27, "at least", 4.0, True),
        ": scikit-learn over scratchnet": (4.0, "at least", 4.0, True),
    }
    assert set(found) == set(expected)
    for name, (value, sense, limit, met) in expected.items():
        assert found[name]["value"] == pytest.approx(value)
        assert (found[name]["sense"], found[name]["limit"], found[name]["met"]) == (sense, limit, met)
        assert found[name]["threads"] == 1


def test_aims_of_the_other_sections():
    rows = rows_of("cold start", "Adam, import included", scratchnet=1.0, PyTorch=5.0)
    rows += rows_of("drawing", "beyond bare axes", scratchnet=1.0, **{"50-level contourf": 1.9})
    rows += rows_of("growth", "width 16", floor_and_evaluation=1.0, scratchnet=4.0)
    rows += rows_of("growth", "width 32", floor_and_evaluation=1.0, scratchnet=1.2)
    found = {aim["aim"]: (aim["value"], aim["limit"], aim["met"]) for aim in aims(rows, [])}
    assert found == {
        "to 0.99, Adam, import included: PyTorch over scratchnet": (5.0, 4.0, True),
        "drawing beyond bare axes: 50-level contourf over scratchnet": (1.9, 2.0, False),
        "width 32: scratchnet over floor and evaluation": (1.2, 1.3, True),  # the largest alone
    }


@pytest.mark.parametrize("power, met", [(1.0, True), (1.05, True), (1.2, False), (2.0, False)])
def test_memory_is_linear_if_its_exponent_is_one(power, met):
    memory = [
        {
            "sweep": "depth",
            "size": size,
            "peak": 5 * (7 * size) ** power,
            "parameters": 4 * size,
            "activations": 3 * size,
        }
        for size in (1, 2, 4, 8, 16, 32)
    ]
    (aim,) = aims([], memory)
    assert aim["value"] == pytest.approx(power)
    assert aim["met"] is met


def test_the_aims_of_many_networks_are_those_of_twenty():
    rows = rows_of("together", "20 of 2-64-32-16-1", floor=10.0, scratchnet=15.0, one_by_one=45.0)
    rows += rows_of("together", "20 of 2-8-8-1", floor=3.0, scratchnet=9.0, one_by_one=30.0)
    rows += rows_of("together", "50 of 2-8-8-1", floor=3.0, scratchnet=9.0, one_by_one=90.0)
    found = {aim["aim"]: (aim["value"], aim["limit"], aim["met"]) for aim in aims(rows, [])}
    assert found == {
        "20 networks 2-64-32-16-1 together: one by one over scratchnet": (3.0, 2.0, True),
        "20 networks 2-64-32-16-1 together: scratchnet over the floor": (1.5, 1.4, False),
        "20 networks 2-8-8-1 together: one by one over scratchnet": (10 / 3, 4.0, False),
    }


def test_many_networks_are_timed_by_architecture_and_number(monkeypatch):
    monkeypatch.setattr(together, "COUNTS", [1, 2, 3])
    monkeypatch.setattr(timing, "ROUNDS", (1, 1))
    cases = list(together.measure(seconds=0, chunk=1e-4, every=2))
    assert [case.name for case in cases] == [f"{n} of {dims}" for dims in ("2-64-32-16-1", "2-8-8-1") for n in (1, 3)]
    names = {FLOOR, FLOOR_EVALUATED, SCRATCHNET, together.ONE_BY_ONE, *stacks.STACKS}
    assert all(set(case.seconds) == names for case in cases)


def test_what_is_timed_together_and_one_by_one_learns_the_same():
    task = chapter_task("float64")
    at_once, by_one = together.Together(task, 3), together.EachAlone(Scratchnet, task, 3)
    at_once(3), by_one(3)
    for net, alone in zip(at_once.nets, by_one.jobs, strict=True):
        np.testing.assert_array_equal(net.theta, alone.net.theta)
    assert not np.array_equal(at_once.nets[0].theta, at_once.nets[1].theta)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no such call")
def test_who_takes_as_many_threads_as_it_may_have_cores_may_have_as_many_as_are_measured():
    code = (
        "import os; from benchmarks.frameworks import use_threads; use_threads(1); print(len(os.sched_getaffinity(0)))"
    )
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    assert child.stdout == "1\n"


@pytest.mark.skipif(not stacks.STACKS, reason="neither PyTorch nor JAX is installed")
@pytest.mark.parametrize("name", stacks.STACKS)
def test_the_stacks_of_others_learn_the_same(name):
    task = chapter_task("float32", batch_size=400)  # one batch: any order is the same
    ours, theirs = together.Together(task, 3), stacks.STACKS[name](task, 3)
    ours(4), theirs(4)
    for k, net in enumerate(ours.nets):
        for layer, (W, b) in zip(net.layers[::2], theirs.weights(k), strict=True):
            np.testing.assert_allclose(W, layer.W, atol=1e-6)
            np.testing.assert_allclose(b, layer.b, atol=1e-6)
    losses, accuracies = theirs.recorded[-1]
    np.testing.assert_allclose(losses, [net.history[-1].loss for net in ours.nets], rtol=1e-4)
    np.testing.assert_allclose(accuracies, [net.history[-1].accuracy for net in ours.nets], atol=0.01)


def test_growth_states_time_and_memory_of_every_size(monkeypatch):
    monkeypatch.setattr(growth, "SWEEPS", {"batch": ([1, 4, 8, 64], lambda size: growth.task((2, 6, 1), size))})
    cases = list(growth.step_times(seconds=0, chunk=1e-4, every=2))
    assert [case.name for case in cases] == ["batch 4", "batch 64"]
    assert all(set(case.seconds) == {FLOOR, FLOOR_EVALUATED, SCRATCHNET} for case in cases)
    row = growth.memory(every=2)[-1]
    assert row["parameters"] == 4 * (2 * 6 + 6 + 6 * 1 + 1)
    assert row["activations"] == 4 * 64 * (6 + 1)
    assert row["data"] == 4 * 400 * (2 + 1)
    assert row["peak"] > row["parameters"] + row["activations"]


def test_inference_is_timed_for_everyone_on_the_grid_of_the_picture(monkeypatch):
    monkeypatch.setattr(timing, "ROUNDS", (1, 1))
    X = chapter_task("float32").X
    seen = []
    monkeypatch.setattr(Scratchnet, "predict_proba", lambda self, points: seen.append(points))
    single, double = pictures.inference(seconds=0, chunk=1e-4)
    assert set(single.seconds) == set(double.seconds) == {FLOOR, *everyone()}
    assert {points.dtype.name for points in seen} == {"float32", "float64"}
    assert seen[0].shape == (300 * 300, 2)
    np.testing.assert_allclose(seen[0].min(axis=0), X.min(axis=0) - 0.3, rtol=1e-6)
    np.testing.assert_allclose(seen[0].max(axis=0), X.max(axis=0) + 0.3, rtol=1e-6)


def test_drawing_is_timed_beyond_bare_axes(monkeypatch):
    monkeypatch.setattr(timing, "ROUNDS", (1, 1))
    whole, beyond = pictures.drawing(seconds=0)
    bare = whole.seconds["bare axes"]
    for name in ("50-level contourf, line and points", "50-level contourf"):
        np.testing.assert_array_equal(beyond.seconds[name], whole.seconds[name] - bare)
    drawn = whole.seconds["plot_decision_boundary, inference done before"]
    np.testing.assert_array_equal(beyond.seconds[SCRATCHNET], drawn - bare)
    assert plt.get_fignums() == []


def test_a_slider_moves_between_its_middle_positions(monkeypatch):
    from scratchnet.book import sliders

    monkeypatch.setattr(timing, "ROUNDS", (2, 2))
    explorer = sliders.depth_and_rate()
    monkeypatch.setattr(sliders, "depth_and_rate", lambda: explorer)
    seen = []
    explorer._sliders["depth"].observe(lambda change: seen.append(change["new"]), names="value")
    with plt.rc_context():
        (case,) = pictures.sliders(seconds=0)
    assert (case.name, len(case.seconds[SCRATCHNET])) == ("05_architecture_experiments, depth", 2)
    assert set(seen) == {3, 4}
    assert all(a != b for a, b in zip(seen, seen[1:], strict=False))


# Table and JSON


@pytest.fixture(scope="module")
def results():
    """What a run of the command finds, in a child process for each number of threads, with next to no rounds."""
    return collect(TINY, ["step"], [1, 2])


def test_table_holds_every_contender_and_aim(results):
    text = table(results)
    assert f"{results['machine']['cores']} cores" in text
    assert f"NumPy {np.__version__}" in text
    for row in results["rows"]:
        (line,) = {
            line for line in text.split(f"{row['section']}: {row['case']}")[1].split("\n\n")[0].splitlines()
            if line[2:48].split(" (")[0].strip() == row["contender"]
        }  # fmt: skip
        assert duration(row["seconds"]["median"]) in line
    for aim in results["aims"]:
        assert f"{aim['value']:.2f}  {aim['sense']} {aim['limit']:g}  {aim['aim']}" in text


def test_rows_hold_every_case_and_number_of_threads(results):
    cases = {(row["section"], row["case"], row["threads"]) for row in results["rows"]}
    steps = [("step", f"{optimizer} {dtype}") for optimizer in ("SGD", "Adam") for dtype in ("float32", "float64")]
    assert cases == {(*case, threads) for case in steps for threads in (1, 2)}
    for row in results["rows"]:
        assert 0 < row["seconds"]["q1"] <= row["seconds"]["median"] <= row["seconds"]["q3"]
        assert row["ratio_to"][SCRATCHNET]["median"] > 0


def test_json_is_written_whole_or_not_at_all(results, tmp_path):
    path = tmp_path / "new" / "benchmarks.json"
    write(results, path)
    text = path.read_text(encoding="utf-8")
    assert table(json.loads(text)) == table(results)
    with pytest.raises(TypeError, match="serializable"):
        write(results | {"rows": object()}, path)
    assert path.read_text(encoding="utf-8") == text
    assert list(path.parent.iterdir()) == [path]


def test_json_names_neither_the_machine_nor_a_path(results, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "somebodys-machine")
    text = json.dumps(results) + json.dumps(machine.describe())
    assert "somebodys-machine" not in text
    assert str(ROOT) not in text


def test_a_child_process_measures_with_one_number_of_threads(monkeypatch):
    seen = []

    def run(command, *, env, **_):
        if command[-1] == "benchmarks.frameworks":
            return SimpleNamespace(stdout={"PASSIVE": "2.5\n", "ACTIVE": "1.5\n"}[env["OMP_WAIT_POLICY"]])
        numbers = env["OMP_NUM_THREADS"], env["OPENBLAS_NUM_THREADS"], env.get("OMP_WAIT_POLICY")
        seen.append((json.loads(command[-1])[0], *numbers))
        return SimpleNamespace(stdout=json.dumps({"machine": {}, "rows": [], "memory": []}))

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(command_line, "FRAMEWORKS", True)
    results = collect(TINY, ["step"], [1, 2])
    assert seen == [(1, "1", "1", None), (2, "2", "2", "ACTIVE")]  # the faster one
    assert results["wait_policy"] == {"2": "ACTIVE"}


@pytest.mark.parametrize(
    "seconds, text", [(2.5, "2.50 s "), (0.25, "250.00 ms"), (1e-3, "1.00 ms"), (5.24e-5, "52.4 µs")]
)
def test_durations_have_the_unit_that_suits_them(seconds, text):
    assert duration(seconds) == text


def test_each_plain_expression_is_timed_beside_the_library_s():
    cases = list(expressions.measure(seconds=0, chunk=1e-4))
    assert len({case.name for case in cases}) == len(cases) >= 6
    for case in cases:
        assert set(case.seconds) == {expressions.PLAIN, SCRATCHNET}
        what, _, ways = case.name.partition(": ")
        assert what and len(ways.split(", ")) == 2  # the page splits the name into these
