"""What the tests share: derandomized Hypothesis, snapshots of objects, independent gradients, the built book."""

import inspect
import json
import math
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from decimal import Decimal, getcontext
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest
from hypothesis import settings

from scratchnet import LinearLayer, NeuralNetwork, make_spirals, standardize

pytest.register_assert_rewrite("browser")  # so that a file of tests may both import from it and name it a plugin


def pytest_terminal_summary(terminalreporter):
    """Write down which tests were skipped and why, for `make test`."""
    reasons = [
        (report.nodeid.partition("::")[0], report.longrepr[2].removeprefix("Skipped: "))
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    if path := os.environ.get("SKIPPED_TO"):
        with open(path, "a", encoding="utf-8") as file:
            for (name, reason), number in Counter(reasons).items():
                file.write(f"  {name}: {number} skipped, {reason}\n")


settings.register_profile("scratchnet", derandomize=True, deadline=None, max_examples=40, database=None)
settings.load_profile("scratchnet")

getcontext().prec = 50


@pytest.fixture(autouse=True)
def elsewhere(request, monkeypatch):
    """Let no test find or leave the network of a reader: it lies in a folder of the test's own."""
    if "book" in request.path.parts or "site" in request.path.parts:
        from scratchnet.book.exercises import own

        monkeypatch.setattr(own, "FILE", request.getfixturevalue("tmp_path") / "my_network.py")


@pytest.fixture(autouse=True)
def numpy_warns_again():
    """Let no test silence NumPy for the next one: an interrupt at the end of an `errstate` does."""
    with np.errstate():
        yield


@pytest.fixture(autouse=True)
def no_figure_stays():
    """Close what a test has drawn: the next one may count the figures that are open."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def frozen(value):
    """Everything that `value` holds, down to the last bit, in a form that == compares (NaN equals NaN)."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.random.Generator):
        return frozen(value.bit_generator.state)
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items() if key != "_theta"}  # whose memory it is
    if isinstance(value, list | tuple):
        return [frozen(item) for item in value]
    if type(value).__module__.startswith("scratchnet") and hasattr(value, "__dict__"):
        return type(value).__name__, frozen(vars(value))
    return repr(value)


def lasting(net, *others):
    """What a network keeps from one epoch to the next, frozen: not the gradients, nor what `backward` needs."""
    states = [getattr(layer, name) for layer in net.layers for name in layer.state]
    return frozen([net.theta, net.history, net.rng, states, others])


def interrupted(k, call, inside="scratchnet", after=lambda: True):
    """Run `call` with a KeyboardInterrupt at the k-th opcode in the modules `inside`, counted since `after()` holds.

    Returns the type of what it raises, or None, and the number of opcodes. Unlike a signal it hits wherever it is told.
    """
    count, outcome = 0, None

    def tracer(frame, event, argument):
        nonlocal count
        if frame.f_code.co_flags & inspect.CO_GENERATOR or frame.f_code.co_name == "__del__":
            return None  # where Python swallows every error
        if not frame.f_globals.get("__name__", "").startswith(inside):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and after():
            count += 1
            if count == k:
                raise KeyboardInterrupt
        return tracer

    def run():
        nonlocal outcome
        sys._getframe().f_trace_opcodes = True  # Python 3.12 looks for it only while a tracer is set
        sys.settrace(tracer)
        try:
            call()
        except BaseException as error:
            outcome = type(error)
        finally:
            sys.settrace(None)

    # What a tracer leaves behind, an error that counts as being handled, ends with the thread.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome, count


def slope(f, x, h=1e-3):
    """df/dx for every entry of x by a difference of fourth order, not the one of the library."""
    result = np.empty_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        at = {}
        for k in (-2, -1, 1, 2):
            x[index] = value + k * h
            at[k] = f()
        x[index] = value
        result[index] = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h)
    return result


def normwise(analytic, numeric):
    """‖a - n‖ / ‖n‖, with the norm written out."""
    difference = math.sqrt(math.fsum(float(d) ** 2 for d in np.ravel(analytic - numeric)))
    return difference / math.sqrt(math.fsum(float(n) ** 2 for n in np.ravel(numeric)))


def off_kinks(shape, seed=0):
    """Random numbers of both signs whose absolute value lies between 0.2 and 2."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def stacked_linear(layers):
    """One LinearLayer with a leading axis K from K layers."""
    stack = LinearLayer.__new__(LinearLayer)
    for name in ("W", "b", "dW", "db"):
        setattr(stack, name, np.stack([getattr(layer, name) for layer in layers]))
    return stack


def softplus(z):
    """log(1 + e^z) with 50 digits."""
    return (1 + Decimal(float(z)).exp()).ln()


def small_problem(n=13, d_in=3, seed=5):
    """A little classification problem: X (n, d_in), y (n, 1) with both labels."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d_in))
    y = (X[:, :1] * X[:, 1:2] + 0.3 * X[:, 1:2] > 0).astype(float)
    y[0], y[1] = 0.0, 1.0
    return X, y


@pytest.fixture
def problem():
    return small_problem()


@pytest.fixture
def net():
    """A network that has been trained for two epochs and then has seen a forward pass."""
    X, y = small_problem()
    net = NeuralNetwork([3, 5, 4, 1], seed=3)
    net.train(X, y, lr=0.1, n_epochs=2, batch_size=5, verbose=False, validation=(X[:4], y[:4]))
    net.forward(X[:6])
    return net


@pytest.fixture(scope="session")
def spirals():
    """The chapter's training data and an independent draw, both scaled by the training data: X, y, X_test, y_test."""
    X, y = make_spirals(200, noise=0.25, seed=7)
    X_test, y_test = make_spirals(500, noise=0.25, seed=8)
    return standardize(X), y.reshape(-1, 1), standardize(X_test, like=X), y_test.reshape(-1, 1)


# --- the built book ---

ROOT = Path(__file__).resolve().parent.parent


# How `make book` builds, where "." is the book; tests/site/test_setup.py compares.
BUILD = ["-c", "from jupyter_book.cli.main import main; main()", "build", ".", "-n", "-W", "--keep-going"]


def build(source, into, **env):
    """Build the book in the folder `source` as `make book` does, into another folder, with these variables besides."""
    return subprocess.run(
        [sys.executable, *BUILD, "--path-output", str(into)],
        cwd=source,
        env={k: v for k, v in os.environ.items() if k != "MPLBACKEND"} | {"PYTHONIOENCODING": "utf-8"} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built book: the process that comes first builds it, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # which the processes share
    folder, result = base / "book", base / "book.json"
    try:
        folder.mkdir()  # succeeds in one process only
    except FileExistsError:
        deadline = time.monotonic() + 1800
        while not result.exists():
            assert time.monotonic() < deadline, "the process that builds the book has not finished"
            time.sleep(0.5)
    else:
        built = build(ROOT, folder)
        part = base / "book.part"
        part.write_text(json.dumps([built.returncode, built.stdout]), encoding="utf-8")
        part.replace(result)  # whole or not at all
    returncode, log = json.loads(result.read_text(encoding="utf-8"))
    warnings = [line for line in log.splitlines() if re.search("WARNING|ERROR|Error", line)]
    assert returncode == 0, "\n".join(warnings) + "\n\n" + log[-4000:]
    return folder / "_build" / "html"
