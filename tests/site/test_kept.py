"""What a long cell of the book leaves for a live page: all that is needed, exactly as it was, or nothing."""

import json
import sys

import numpy as np
import pytest
from pages import ROOT

from scratchnet import SGD, LinearLayer, NeuralNetwork, relu
from scratchnet.book.exercises.broken import LinearA
from scratchnet.book.experiments import spirals
from scratchnet.book.sweeps import Table

sys.path.append(str(ROOT / "live"))
from livekernel import keeping, kept


def trained(**settings):
    net = NeuralNetwork([2, 8, 1], seed=1, **settings)
    X, y, *_ = spirals()
    net.train(X, y, n_epochs=3, batch_size=64, verbose=False)
    return net


def again(**variables):
    """These variables, written and read."""
    return kept.read(kept.write("", variables))


# --- values in a file ---


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 0.1, float("inf"), "text", np.float64(0.1), np.bool_(True), (1, (2.0,)), range(1, 9, 2)),
        *([1, [2]], {1, 2}, {0.5: "a", ("b", 1): None}, np.arange(6.0).reshape(2, 3).T, np.array(["a", "bc"])),
        *(relu, SGD, np.maximum, Table([{"lr": 0.1, "result": [1.0]}])),
    ],
)
def test_a_value_comes_back_as_it_was_and_of_its_type(value):
    found = again(value=value)["value"]
    assert type(found) is type(value)
    assert np.array_equal(found, value) if isinstance(value, np.ndarray) else found == value
    assert keeping.fingerprint(found) == keeping.fingerprint(value) != keeping.fingerprint([value])


def test_a_network_goes_on_bit_for_bit_and_a_generator_draws_what_it_would_have_drawn():
    net, rng = trained(batch_norm=True, dropout=0.2), np.random.default_rng(5)
    rng.random(3)
    found = again(net=net, rng=rng)
    X, y, *_ = spirals()
    for one in (net, found["net"]):
        one.train(X, y, n_epochs=2, batch_size=64, verbose=False)
    assert found["net"].history == net.history
    assert np.array_equal(found["net"].theta, net.theta)
    assert found["rng"].random() == rng.random()


def test_what_is_one_thing_stays_one_and_is_written_once():
    net, shared = trained(), [1]
    found = again(nets={"a": [net, net]}, net=net, pair=(shared, shared))
    assert found["nets"]["a"][0] is found["nets"]["a"][1] is found["net"]
    assert found["pair"][0] is found["pair"][1]
    assert len(kept.write("", {"nets": [net] * 10})) < 1.1 * len(kept.write("", {"nets": [net]}))


def test_a_network_whose_layers_have_another_backward_keeps_it():
    net = trained()
    net.layers[0].__class__ = LinearA
    found = again(net=net)["net"]
    assert type(found.layers[0]) is LinearA
    assert keeping.fingerprint(found) == keeping.fingerprint(net) != keeping.fingerprint(trained())


def test_what_cannot_be_kept_is_refused():
    endless = []
    endless.append(endless)
    strange = trained()
    strange.history.append("no epoch")
    for value in (lambda: 1, LinearLayer(2, 1), endless, strange, np.array([None]), open, iter([])):
        with pytest.raises(kept.CannotKeepError):
            kept.write("", {"value": value})


def test_a_file_names_nothing_outside_of_what_the_book_uses():
    with pytest.raises(ValueError, match="os is none of"):
        kept.found("os", "system")


def test_taking_a_result_runs_imports_and_definitions_of_the_cell_and_no_other():
    code = "import math\nimport not_there\n\ndef f():\n    return math.pi\n\nx = 1 / 0"
    space = {}
    file = kept.write(code, {"x": 5})
    space |= kept.take(file, code + "\n", lambda module: exec(compile(module, "cell", "exec"), space))
    assert (round(space["f"]()), space["x"]) == (3, 5)
    with pytest.raises(ValueError, match="another text"):
        kept.take(file, code.replace("0", "1"), exec)


# --- what is written while a notebook runs ---


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs cells, all of which count as long, and returns what is left of them, and the variables."""
    monkeypatch.setattr(keeping, "LONG", 0)
    monkeypatch.setattr(keeping, "WORTH_SAYING", 0)

    def run(*codes, named=None):
        space = {"before": 1}
        watch = keeping.Watch(tmp_path, list(codes), space)
        for code in codes:
            watch.start()
            exec(code, space)
            watch.end(code)
        report = json.loads((tmp_path / "cells.json").read_text("utf-8"))
        named = named or range(1, len(codes) + 1)
        assert [cell["mark"] for cell in report["cells"]] == [kept.mark(codes[number - 1]) for number in named]
        assert report["training"] > 0
        return report["cells"], {
            cell["number"]: kept.read((tmp_path / f"{cell['number']}.bin").read_bytes())
            for cell in report["cells"]
            if "bytes" in cell
        }

    return run


NET = (
    "from scratchnet import NeuralNetwork\nfrom scratchnet.book import experiments\nX, y, *_ = experiments.spirals()\n"
)
NET += "net, log = NeuralNetwork([2, 1], seed=0), []"


def test_a_cell_leaves_what_it_changes_and_cells_below_use(run):
    _, left = run(NET, "net.train(X, y, n_epochs=2, verbose=False)\nlog.append(1)\nunused = 2", "print(net, log, X)")
    assert set(left) == {2, 3}  # the first cell imports what the page needs, and is always run
    assert set(left[2]) == {"net", "log"} and left[3] == {}
    assert len(left[2]["net"].history) == 2


def test_what_a_function_reads_is_left_for_it_and_what_is_replaced_before_it_is_read_is_not(run):
    _, left = run("def f():\n    return a\n", "a, b = 1, 2", "b = 3\nprint(f(), b)")
    assert left[2] == {"a": 1}


def test_a_cell_one_of_whose_variables_cannot_be_kept_leaves_nothing(run):
    cells, left = run("", "a, f = 1, lambda: 1", "a, g = 1, lambda: 1", "print(f)")
    assert set(left) == {3, 4}
    assert cells[1]["not kept"]


def test_a_cell_may_use_what_it_does_not_change_and_cannot_be_kept(run):
    first = "from functools import cache\n\n@cache\ndef f(x):\n    return x\n\n\ndoubled = {'twice': lambda x: 2 * x}"
    _, left = run(first, "a = f(doubled['twice'](3))", "print(a, f, doubled)")
    assert left[2] == {"a": 6}


def test_what_a_loop_below_gives_a_value_first_is_not_needed(run):
    _, left = run("", "a, b, c = 1, 2, 3", "for a in [1]:\n    b = a\n    print(b, c)")
    assert left[2] == {"c": 3}


def test_a_cell_that_imports_what_no_page_has_is_kept_however_long_it_takes(run, monkeypatch):
    monkeypatch.setattr(keeping, "LONG", 60)
    monkeypatch.setattr(keeping, "WORTH_SAYING", 60)
    (cell,), left = run("", "import yaml\n\na = 1", "print(a)", named=[2])
    assert cell["absent"] == ["yaml"]
    assert left == {2: {"a": 1}}


def test_a_cell_that_may_have_changed_what_cannot_be_kept_leaves_nothing(run):
    cells, left = run("from scratchnet import LinearLayer\nlayer = LinearLayer(2, 1)", "layer.b += 1", "print(layer.b)")
    assert set(left) == {3}
    assert cells[1]["not kept"] == "layer is a LinearLayer"
