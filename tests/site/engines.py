"""Firefox and WebKit, as far as the tests need them: open an address, evaluate JavaScript there, wait for something.

Firefox speaks WebDriver BiDi over a socket, WebKit's driver WebDriver over HTTP. Neither needs more than the browser.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FIREFOX = ("firefox-esr", "firefox")
MINI = "webkit2gtk-4*/MiniBrowser"


class Engine:
    """A page in a browser."""

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        raise NotImplementedError

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page, in the terms of JSON."""
        raise NotImplementedError

    def act(self, actions: list[dict[str, Any]]) -> None:
        """Do what a hand does, in the terms of WebDriver."""
        raise NotImplementedError

    def drag(self, points: list[tuple[float, float]]) -> None:
        """Move the mouse to the first of these points of the window, and with its button down to the others."""
        first, *others = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0} for x, y in points]
        moves = [first, {"type": "pointerDown", "button": 0}, *others, {"type": "pointerUp", "button": 0}]
        self.act([{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}])

    def wait(self, expression: str, seconds: float = 60) -> Any:
        """Return the value of an expression as soon as it is true."""
        until = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < until, f"{expression} is still {value!r} after {seconds} s"
            time.sleep(0.2)
        return value


class Firefox(Engine):
    """Firefox, over WebDriver BiDi."""

    def __init__(self, address: str) -> None:
        import websocket  # comes with JupyterLab

        self.socket = websocket.create_connection(f"{address}/session", timeout=120, suppress_origin=True)
        self.numbers = itertools.count(1)
        self.call("session.new", capabilities={})
        self.context = self.call("browsingContext.create", type="tab")["context"]

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address: str) -> None:
        self.call("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        code = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self.context}
        result = self.call("script.evaluate", expression=code, target=target, awaitPromise=True)
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def act(self, actions: list[dict[str, Any]]) -> None:
        self.call("input.performActions", context=self.context, actions=actions)


class WebKit(Engine):
    """WebKitGTK, over WebDriver."""

    def __init__(self, address: str, binary: str) -> None:
        self.address = address
        options = {"binary": binary, "args": ["--automation"]}
        asked = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options, "timeouts": {"script": 120_000}}
        session = self.call("session", capabilities={"alwaysMatch": asked})["sessionId"]
        self.address = f"{address}/session/{session}"

    def call(self, what: str, **body: Any) -> Any:
        """Send a command and return its value."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/{what}", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def open(self, address: str) -> None:
        self.call("url", url=address)

    def evaluate(self, expression: str) -> Any:
        code = (
            "const done = arguments[arguments.length - 1];"
            f"Promise.resolve({expression}).then((value) => done(JSON.stringify(value ?? null)), (e) => done('!' + e))"
        )
        text = self.call("execute/async", script=code, args=[])
        assert not text.startswith("!"), text
        return json.loads(text)

    def act(self, actions: list[dict[str, Any]]) -> None:
        self.call("actions", actions=actions)


@contextlib.contextmanager
def running(command: list[str], said: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside, whose output goes into a file."""
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def heard(said: Path, pattern: str, process: subprocess.Popen[bytes], seconds: float = 60) -> str:
    """Return what a program says as soon as it does: the first group of the pattern."""
    until = time.monotonic() + seconds
    while not (found := re.search(pattern, said.read_text("utf-8", "replace"))):
        assert process.poll() is None and time.monotonic() < until, said.read_text("utf-8", "replace")[-2000:]
        time.sleep(0.1)
    return found[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def missing(name: str) -> str:
    """Return what has to be installed before this browser can be used, or nothing."""
    if name == "firefox":
        return (
            "" if any(map(shutil.which, FIREFOX)) else "no Firefox found: install it (Debian: apt install firefox-esr)"
        )
    there = shutil.which("WebKitWebDriver") and shutil.which("Xvfb") and mini_browser()
    return "" if there else "no WebKit found: install it (Debian: apt install webkit2gtk-driver xvfb)"


def mini_browser() -> str:
    return str(next(Path("/usr/lib").glob(f"*/{MINI}"), "") or next(Path("/usr/lib").glob(MINI), ""))


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Engine]:
    binary = next(filter(None, map(shutil.which, FIREFOX)))
    profile = folder / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(
        'user_pref("app.normandy.enabled", false);\nuser_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
        'user_pref("browser.shell.checkDefaultBrowser", false);\nuser_pref("browser.aboutwelcome.enabled", false);\n',
        encoding="utf-8",
    )
    command = [binary, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    with running(command, folder / "said", HOME=str(folder)) as process:
        engine = Firefox(heard(folder / "said", r"WebDriver BiDi listening on (ws://\S+)", process))
        with contextlib.closing(engine.socket):
            yield engine


@contextlib.contextmanager
def webkit(folder: Path) -> Iterator[Engine]:
    port, settings = free_port(), {"HOME": str(folder), "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
    if os.geteuid() == 0:  # whose programs cannot be put into a sandbox
        settings["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
    screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with running(screen, folder / "screen") as display:
        settings["DISPLAY"] = ":" + heard(folder / "screen", r"^(\d+)", display)
        with running(["WebKitWebDriver", f"--port={port}"], folder / "said", **settings) as driver:
            until = time.monotonic() + 30
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                assert driver.poll() is None and time.monotonic() < until
                time.sleep(0.1)
            engine = WebKit(f"http://127.0.0.1:{port}", mini_browser())
            yield engine


ENGINES = {"firefox": firefox, "webkit": webkit}
