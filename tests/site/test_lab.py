"""An explorer and a playground in a real JupyterLab: a server of its own, notebooks of one cell, Chromium."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import playing
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Browser, Locator, expect

import scratchnet.book

pytest_plugins = ["browser"]  # its fixtures
pytestmark = pytest.mark.skipif(
    not Path(scratchnet.book.__file__).with_name("explorer.js").exists(), reason="explorers have no front end of theirs"
)

PATIENCE_S = 120  # for a server, a kernel or a page to be there
CELL = """\
from scratchnet.book import Explorer, frames


def frame(epoch, curve, before=""):
    return frames.figure(f"{before}epoch {epoch}, {curve}", "<svg viewBox='0 0 9 9'></svg>")


def retrain(epoch, curve):
    return frame(epoch, curve, "run again: ")


Explorer(
    "tiny",
    {"epoch": [0, 1, 2, 3, 4, 5], "curve": ["loss", "accuracy"]},
    frame,
    start={"epoch": 1},
    play="epoch",
    presets={"The end": {"epoch": 5, "curve": "accuracy"}},
    retrain=retrain,
)
"""


def paragraphs() -> list[NotebookNode]:
    return [new_markdown_cell("A paragraph.\n\n" * 20) for _ in range(10)]


FROM = [
    new_markdown_cell("[here](#eq-here), [there](to.ipynb#there)"),
    *paragraphs(),
    new_markdown_cell('So\n\n<a id="eq-here"></a>\n$$\na = 1 . \\tag{7}\n$$'),
]
TO = [*paragraphs(), new_markdown_cell('<a id="there"></a>\n## The place'), *paragraphs()]
SETTINGS = {"@jupyterlab/apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}'}


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a notebook in JupyterLab, which keeps all that it writes to itself."""
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("root")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}  # or JupyterLab asks which
    nbformat.write(new_notebook(cells=[new_code_cell(CELL)], metadata=kernel), root / "tiny.ipynb")
    play = new_code_cell("from scratchnet.book import Playground\n\nPlayground()")
    nbformat.write(new_notebook(cells=[play], metadata=kernel), root / "play.ipynb")
    nbformat.write(new_notebook(cells=FROM, metadata=kernel), root / "from.ipynb")
    nbformat.write(new_notebook(cells=TO, metadata=kernel), root / "to.ipynb")
    for name, text in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    folders |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "spaces", "IPYTHONDIR": "ipython"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    options = {"ip": "127.0.0.1", "port": port, "port_retries": 0, "token": token, "root_dir": root}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *(f"--ServerApp.{name}={value}" for name, value in options.items())],
            env=os.environ | {name: str(home / folder) for name, folder in folders.items()},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not answers(f"http://127.0.0.1:{port}/api?token={token}"):
                assert server.poll() is None and time.monotonic() < deadline, (home / "log").read_text("utf-8")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/doc/tree/tiny.ipynb?token={token}"
        finally:
            server.terminate()  # which ends its kernels too
            server.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def explorer(browser: Browser, lab: str) -> Iterator[Locator]:
    """The explorer that the cell shows once it has run."""
    with shown(browser, lab, "[data-explorer='tiny']") as root:
        yield root


@pytest.fixture(scope="module")
def playground(browser: Browser, lab: str) -> Iterator[Locator]:
    """The playground that its cell shows once it has run."""
    with shown(browser, lab.replace("tiny", "play"), "[data-playground]") as root:
        yield root


@contextmanager
def shown(browser: Browser, address: str, what: str) -> Iterator[Locator]:
    """What the only cell of a notebook shows, when it has run."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(address, timeout=1000 * PATIENCE_S)
        # A cell that is run while the kernel starts is not run.
        expect(page.get_by_role("button", name="| Idle")).to_be_visible(timeout=1000 * PATIENCE_S)
        page.locator(".jp-CodeCell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        root = page.locator(what)
        expect(root).to_be_visible(timeout=1000 * PATIENCE_S)
        yield root


def expect_frame(explorer: Locator, caption: str) -> None:
    """Check that there is one frame, and which."""
    expect(explorer.locator(".explorer-frame figcaption")).to_have_text(caption, timeout=20_000)
    assert explorer.locator(".explorer-frame figure").count() == 1


def press(explorer: Locator, name: str) -> None:
    explorer.get_by_role("button", name=name, exact=True).click()


def test_it_starts_where_it_is_told(explorer: Locator) -> None:
    expect_frame(explorer, "epoch 1, loss")


def test_a_slider_moves_by_keyboard_and_a_choice_by_a_click(explorer: Locator) -> None:
    slider = explorer.locator("input[type=range][data-axis=epoch]")
    for key, epoch in ("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", 5), ("ArrowLeft", 4):
        slider.press(key)
        expect_frame(explorer, f"epoch {epoch}, loss")
        expect(slider).to_have_attribute("aria-valuetext", str(epoch))
    for curve in "accuracy", "loss":
        explorer.get_by_role("radio", name=curve).check(force=True)
        expect_frame(explorer, f"epoch 4, {curve}")


def test_play_runs_to_where_it_is_paused_and_steps_go_on_from_there(explorer: Locator) -> None:
    slider = explorer.locator("input[data-axis=epoch]")
    slider.press("Home")
    press(explorer, "Play")
    expect_frame(explorer, "epoch 1, loss")
    press(explorer, "Pause")
    expect_frame(explorer, "epoch 1, loss")
    press(explorer, "Next epoch")
    expect_frame(explorer, "epoch 2, loss")
    press(explorer, "Previous epoch")
    expect_frame(explorer, "epoch 1, loss")
    expect(explorer.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_preset_sets_all_that_it_names(explorer: Locator) -> None:
    explorer.locator(".explorer-presets").get_by_role("button", name="The end").click()
    expect_frame(explorer, "epoch 5, accuracy")
    expect(explorer.get_by_role("radio", name="accuracy")).to_be_checked()


def test_python_runs_the_setting_again_and_the_answer_goes_with_it(explorer: Locator) -> None:
    explorer.locator("input[data-axis=epoch]").press("Home")
    explorer.get_by_role("radio", name="loss").check(force=True)
    press(explorer, "Next epoch")
    for _ in range(2):  # the same answer again is news too
        press(explorer, "Run this setting again, now")
        answer = explorer.locator(".explorer-answer figcaption")
        expect(answer).to_have_text("run again: epoch 1, loss", timeout=1000 * PATIENCE_S)
    expect_frame(explorer, "epoch 1, loss")
    press(explorer, "Next epoch")
    expect(explorer.locator(".explorer-answer")).to_be_empty()


def test_a_cell_that_runs_again_starts_anew(explorer: Locator) -> None:
    explorer.locator("input[data-axis=epoch]").press("End")
    expect_frame(explorer, "epoch 5, loss")
    explorer.page.locator(".jp-CodeCell .cm-content").first.click()
    explorer.page.keyboard.press("Shift+Enter")
    expect_frame(explorer, "epoch 1, loss")


def test_a_playground_trains_and_every_control_does_what_the_library_does(playground: Locator) -> None:
    press(playground, "Play")
    playing.state(playground, "running")
    expect(playground).to_have_attribute("data-epoch", re.compile(r"^\d\d+$"), timeout=1000 * PATIENCE_S)
    press(playground, "Pause")
    playing.state(playground, "paused")
    press(playground, "Reset")
    expect(playground).to_have_attribute("data-epoch", "0", timeout=20_000)
    playing.every_control_does_what_the_library_does(playground)


def test_links_of_a_notebook_lead_to_anchors_in_it_and_in_others(browser: Browser, lab: str) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(lab.replace("/doc/", "/lab/").replace("tiny", "from"), timeout=1000 * PATIENCE_S)
        notebook = page.locator(".jp-Notebook")
        notebook.get_by_role("link", name="here", exact=True).click(timeout=1000 * PATIENCE_S)
        formula = page.locator("mjx-container[display=true]")
        expect(formula).to_be_in_viewport(timeout=20_000)
        expect(formula.locator("mjx-labels")).to_have_count(1)  # its number
        expect(page.locator(".jp-RenderedMarkdown").last).not_to_contain_text("eq-here")
        notebook.get_by_role("link", name="there", exact=True).click()
        place = page.get_by_role("heading", name="The place")
        expect(place).to_be_attached(timeout=1000 * PATIENCE_S)  # opened by this click, it may stand at its top
        page.get_by_role("tab", name="from.ipynb").click()
        notebook.first.get_by_role("link", name="there", exact=True).click()
        expect(place).to_be_in_viewport(timeout=1000 * PATIENCE_S)
