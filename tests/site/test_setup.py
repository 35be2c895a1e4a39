"""The Makefile sets itself up on strange machines: run as it is, with small scripts in place of Python, pip and npm."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import BUILD
from pages import ROOT

pytestmark = pytest.mark.skipif(
    not shutil.which("make") or os.name == "nt", reason="the Makefile needs make and a POSIX shell"
)

READ = ("requirements.lock", "pyproject.toml", "package.json", "package-lock.json", "benchmarks/requirements.txt")

# Stands for Python: makes a .venv of itself, writes down what it is asked for, and has no network if told so.
PYTHON = """\
#!/bin/sh
log() { printf '%s' "$1" >> log; shift; for word; do printf ' %s' "$word" >> log; done; echo >> log; }
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit ;;
  "-c "*socket*) exec REAL "$@" ;;
  "-c "*jupyter_book*) ;;
  -c*) exit 0 ;;
  "--version ") echo Python 3.12.0; exit ;;
esac
log python "$@"
env | sort > environment
case "$*" in
  *"pip install"*"-e ."*) exit 0 ;;
  *"pip install"*)
    if [ -e slow ]; then touch waiting; sleep 60; fi
    if [ -e offline ]; then echo "no network" >&2; exit 1; fi ;;
esac
exit 0
"""
NPM = """\
#!/bin/sh
echo npm "$@" >> log
env | sort > environment
if [ -e offline ]; then echo "npm: no network" >&2; exit 1; fi
mkdir -p node_modules && touch node_modules/package
"""


class Machine:
    """A copy of what the Makefile reads, in a folder of its own, with the small scripts first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.book = folder / "bin", folder / "book"
        for path in ("Makefile", *READ):
            (self.book / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.book / path)
        self.bin.mkdir()
        for name, text in ("python3", PYTHON.replace("REAL", sys.executable)), ("npm", NPM):
            (self.bin / name).write_text(text, encoding="utf-8")
            (self.bin / name).chmod(0o755)

    def command(self, *words: str, **env: str | None) -> tuple[list[str], dict[str, str]]:
        given = {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", **env}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "PIP_", "JUPYTER_"))}
        return ["make", *words], {k: v for k, v in (kept | given).items() if v is not None}

    def make(self, *words: str, **env: str | None) -> subprocess.CompletedProcess[str]:
        """Run make; an environment variable of None is not there."""
        (self.book / "log").write_text("", encoding="utf-8")
        command, environment = self.command(*words, **env)
        return subprocess.run(command, cwd=self.book, env=environment, capture_output=True, text=True, timeout=60)

    def works(self, *words: str, **env: str | None) -> str:
        """Run make and return what was asked of Python and npm."""
        run = self.make(*words, **env)
        assert run.returncode == 0, run.stdout + run.stderr
        return (self.book / "log").read_text("utf-8")

    def environment(self) -> dict[str, str]:
        """The variables that the last program was given."""
        lines = (self.book / "environment").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def offline(self) -> None:
        (self.book / "offline").touch()

    def change(self, name: str) -> None:
        """Write a line to a file, newer than what is installed."""
        path = self.book / name
        path.write_text(path.read_text("utf-8") + "\n", encoding="utf-8")
        self.touch(name)

    def touch(self, name: str) -> None:
        """Make a file newer than what is installed, and what is installed newer than all others."""
        now = time.time()
        stamps = {".venv/.installed": 20, ".venv/.ready": 10, "node_modules/.ready": 5}
        for path, age in {**dict.fromkeys(READ, 100), **stamps, name: 0}.items():
            os.utime(self.book / path, (now - age, now - age))


def test_make_book_builds_as_the_tests_do() -> None:
    done = ["-o", ".venv/.ready", "-o", "node_modules/.ready"]
    printed = subprocess.run(["make", "-n", *done, "book"], cwd=ROOT, capture_output=True, text=True).stdout
    commands = [shlex.split(line) for line in printed.splitlines() if "jupyter_book" in line]
    assert [words[1:] for words in commands] == [BUILD]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine where `make book` has run once; files of its own tell whether .venv and node_modules are the same."""
    log = machine.works("book")
    assert "pip install -qq --require-hashes -r requirements.lock" in log and "npm ci" in log
    assert "jupyter_book" in log
    (machine.book / ".venv/mine").touch()
    (machine.book / "node_modules/mine").touch()
    return machine


def kept(machine: Machine) -> bool:
    """Whether what was installed is still there, whole, with nothing beside it."""
    assert not list(machine.book.glob("*.old")) and not list(machine.book.glob(".*.old"))
    return all((machine.book / name).exists() for name in (".venv/mine", ".venv/bin/python", "node_modules/mine"))


def test_a_second_run_installs_nothing(ready: Machine) -> None:
    assert "install" not in ready.works("book") and kept(ready)


@pytest.mark.parametrize("name", ["requirements.lock", "package-lock.json", "package.json", "pyproject.toml"])
def test_a_file_that_is_only_newer_needs_no_network(ready: Machine, name: str) -> None:
    ready.touch(name)
    ready.offline()
    ready.works("book")
    assert kept(ready)
    assert "install" not in ready.works("book"), "once is enough"


def test_a_setting_of_ruff_that_changes_needs_no_network(ready: Machine) -> None:
    ready.change("pyproject.toml")
    ready.offline()
    assert "-e ." in ready.works("lint") and kept(ready)


@pytest.mark.parametrize(
    ("name", "folder"), [("requirements.lock", ".venv"), ("package-lock.json", "node_modules")], ids=["pip", "npm"]
)
def test_what_worked_is_there_after_an_installation_that_failed(ready: Machine, name: str, folder: str) -> None:
    ready.change(name)
    ready.offline()
    run = ready.make("book")
    assert run.returncode and kept(ready)
    assert "no network" in run.stderr, "its reason is shown"
    assert f"Installing failed, as said above, and left {folder} as it was." in run.stderr
    (ready.book / "offline").unlink()
    ready.works("book")
    assert not (ready.book / folder / "mine").exists(), "installed from nothing"
    assert not list(ready.book.glob("*.old"))


def test_an_installation_that_fails_the_first_time_leaves_nothing_half_done(machine: Machine) -> None:
    machine.offline()
    run = machine.make("book")
    assert run.returncode and "and left no .venv. Run it again with a network connection." in run.stderr
    assert not (machine.book / ".venv").exists()


def interrupt(machine: Machine, stop: Callable[[subprocess.Popen[bytes]], None]) -> None:
    machine.change("requirements.lock")
    (machine.book / "slow").touch()
    command, env = machine.command("book")
    with subprocess.Popen(command, cwd=machine.book, env=env, start_new_session=True, stderr=subprocess.DEVNULL) as run:
        while not (machine.book / "waiting").exists():
            assert run.poll() is None
        stop(run)
    (machine.book / "slow").unlink()


def test_what_worked_is_there_after_ctrl_c(ready: Machine) -> None:
    interrupt(ready, lambda run: os.killpg(run.pid, signal.SIGINT))
    assert kept(ready)


def test_what_worked_is_there_after_a_kill_and_a_failure(ready: Machine) -> None:
    interrupt(ready, lambda run: os.killpg(run.pid, signal.SIGKILL))
    ready.offline()
    assert ready.make("book").returncode and kept(ready)


def test_a_folder_that_was_renamed_still_works_without_a_network(ready: Machine) -> None:
    ready.offline()
    ready.book = ready.book.rename(ready.book.with_name("my book"))
    log = ready.works("book")
    assert "-e ." in log, "the library is found where it is now"
    assert "requirements.lock" not in log and kept(ready)
    assert "install" not in ready.works("book")


def test_nothing_is_called_by_a_script_that_holds_the_path_of_its_python(ready: Machine) -> None:
    assert [path.name for path in (ready.book / ".venv/bin").iterdir()] == ["python"]
    (ready.book / "_build/html").mkdir(parents=True)
    (ready.book / "_build/html/index.html").touch()
    for target in "book", "lab", "lint", "notebooks", "pytest":
        ready.works(target)


def test_pip_and_jupyter_do_as_they_are_told_here(machine: Machine) -> None:
    theirs = {"PIP_USER": "1", "PIP_TARGET": "/x", "PIP_REQUIRE_HASHES": "1", "JUPYTER_PATH": "/x", "PYTHONPATH": "/x"}
    theirs |= {"NODE_ENV": "production", "PYTHONWARNINGS": "error", "PIP_INDEX_URL": "https://example.org/simple"}
    machine.works("book", **theirs)
    env = machine.environment()
    assert env["PIP_USER"] == "0"
    assert set(theirs) & set(env) == {"PIP_USER", "PIP_INDEX_URL"}, "where packages come from is theirs to say"


@pytest.mark.parametrize("home", [None, "", "/dev/null/nobody"], ids=["unset", "empty", "missing"])
def test_a_user_without_a_home_gets_one(machine: Machine, home: str | None) -> None:
    machine.works("book", HOME=home)
    assert machine.environment()["HOME"] == str(machine.book / ".venv/home")


def test_a_user_with_a_home_keeps_it(machine: Machine, tmp_path: Path) -> None:
    machine.works("book", HOME=str(tmp_path))
    assert machine.environment()["HOME"] == str(tmp_path)


def test_root_may_open_jupyterlab(ready: Machine) -> None:
    assert "-m jupyterlab --ServerApp.root_dir=chapters --allow-root" in ready.works("lab")


def test_a_port_that_is_taken_is_named(ready: Machine) -> None:
    (ready.book / "_build/html").mkdir(parents=True)
    (ready.book / "_build/html/index.html").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = ready.make("serve", f"PORT={port}")
    assert run.returncode
    assert f"Port {port} is taken, or not for you to open. Name another: make serve PORT=8001" in run.stderr
    assert "http.server" not in (ready.book / "log").read_text("utf-8") and "Traceback" not in run.stderr
    assert f"-m http.server {port}" in ready.works("serve", f"PORT={port}")


def test_what_is_skipped_is_written_down_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text("import pytest\n\n\ndef test_it():\n    pytest.skip('no browser')\n", "utf-8")
    env = os.environ | {"SKIPPED_TO": str(tmp_path / "skipped"), "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    assert (tmp_path / "skipped").read_text("utf-8") == "  test_it.py: 1 skipped, no browser\n"


def test_make_test_says_at_its_end_what_was_skipped(ready: Machine) -> None:
    python = ready.book / ".venv/bin/python"
    note = 'case "$*" in *pytest*) echo "  a.py: 2 skipped, no browser" >> "$SKIPPED_TO" ;; esac\nexit 0\n'
    python.write_text(PYTHON.removesuffix("exit 0\n") + note, encoding="utf-8")
    run = ready.make("test")
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("Everything passed. Not tested here:\n  a.py: 2 skipped, no browser\n")
