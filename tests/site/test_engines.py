"""A page read and made live in Firefox and in WebKit, where they are installed, as it is in Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from engines import ENGINES, Engine, missing
from pages import cells_of, solution

from benchmarks.pages import UNCOVER

pytest_plugins = ["browser"]  # its fixtures

FIRST, UNIT = "chapters/01_setup", "chapters/02_layer_primitives"
SETUP = """
window.cells = () => [...document.querySelectorAll(".bd-article div.cell[data-cell-state]")];
window.press = (words, inside = document) =>
  [...inside.querySelectorAll("button")].find((one) => one.textContent.trim() === words).click();
window.write = (cell, text) => {
  cell.querySelector(".cm-content").focus();
  document.execCommand("selectAll");
  document.execCommand("insertText", false, text);
};
window.errors = [];
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
"""


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if what := missing(request.param):
        pytest.skip(what)
    with ENGINES[request.param](tmp_path_factory.mktemp(request.param)) as engine:
        yield engine


def opened(engine: Engine, address: str, name: str) -> None:
    engine.open(f"{address}/{name}.html")
    engine.evaluate(f"(() => {{ {UNCOVER} }})()")  # and what was covered when it was opened
    engine.open(f"{address}/{name}.html")
    engine.evaluate(f"(() => {{{SETUP}}})()")
    engine.wait("document.documentElement.dataset.explorers === 'ready'")
    engine.wait("!window.MathJax || window.MathJax.startup?.promise.then(() => true)")


def make_live(engine: Engine) -> None:
    engine.evaluate("press('Make this page live')")
    state = engine.wait("['ready', 'failed'].find((one) => one === document.documentElement.dataset.live)", 180)
    assert state == "ready", engine.evaluate("document.querySelector('.live-status').textContent")


def start(engine: Engine, number: int, code: str) -> None:
    """Write into a cell, and run it."""
    engine.evaluate(f"write(cells()[{number}], {json.dumps(code)})")
    engine.evaluate(f"press('Run', cells()[{number}])")


def test_a_page_shows_formulas_and_its_explorer_moves(engine: Engine, address: str) -> None:
    opened(engine, address, UNIT)
    assert engine.evaluate("document.querySelectorAll('mjx-container').length") > 20
    assert engine.evaluate("document.querySelectorAll('mjx-merror').length") == 0
    slider = "document.querySelector('[data-explorer=one_unit] input[data-axis=w]')"
    caption = "document.querySelector('[data-explorer=one_unit] figcaption').textContent"
    before = engine.evaluate(caption)
    engine.evaluate(f"(() => {{ const e = {slider}; e.value = +e.value + 1; e.dispatchEvent(new Event('input')); }})()")
    assert engine.evaluate(caption) != before
    assert engine.evaluate("errors") == []


def test_a_live_page_runs_judges_and_shows_widgets(engine: Engine, address: str) -> None:
    opened(engine, address, FIRST)
    make_live(engine)
    engine.evaluate("press('Run all')")
    engine.wait("/done|error/.test(cells().at(-1).dataset.cellState)", 300)
    assert engine.evaluate("cells().map((cell) => cell.dataset.cellState)") == ["done"] * len(cells_of(FIRST, "code"))
    assert engine.evaluate("document.querySelectorAll('.live-output img').length") >= 2

    answer = solution(FIRST, "1.1")
    cell = "cells().find((cell) => cell.textContent.includes('check(\"1.1\"'))"
    engine.evaluate(f"write({cell}, {json.dumps(answer)})")
    engine.evaluate(f"press('Run', {cell})")
    engine.wait(f"{cell}.querySelector('.live-note').textContent.includes('passed')")

    code = (
        "from ipywidgets import IntSlider\n\ns = IntSlider(3)\ns.observe(lambda change: print(change.new), 'value')\ns"
    )
    start(engine, 1, code)
    handle = "cells()[1].querySelector('.live-output [role=slider], .live-output .noUi-handle')"
    engine.wait(f"Boolean({handle})")
    key = "new KeyboardEvent('keydown', { key: 'ArrowRight', keyCode: 39, bubbles: true })"
    engine.evaluate(f"{handle}.dispatchEvent({key}) && null")
    engine.wait("cells()[1].querySelector('.live-output').textContent.includes('4')")
    assert engine.evaluate("errors") == []


def test_a_cell_is_stopped_and_the_next_page_of_the_visit_starts_python(engine: Engine, address: str) -> None:
    opened(engine, address, FIRST)
    make_live(engine)
    start(engine, 0, "a = 6")
    engine.wait("cells()[0].dataset.cellState === 'done'")
    start(engine, 1, "while True:\n    pass")
    engine.wait("cells()[1].dataset.cellState === 'running'")
    engine.evaluate("press('Stop', cells()[1])")
    engine.wait("document.querySelector('.live-status').textContent === 'Stopped. Your variables are still there.'")
    start(engine, 1, "a * 7")
    engine.wait("cells()[1].querySelector('.live-output')?.textContent.trim() === '42'")

    opened(engine, address, UNIT)
    assert engine.evaluate("document.documentElement.dataset.live") == "off"
    make_live(engine)
    assert engine.evaluate("errors") == []


def test_an_explorer_of_the_book_answers_on_a_live_page(engine: Engine, address: str) -> None:
    opened(engine, address, UNIT)
    make_live(engine)
    engine.evaluate("press('Run this setting again, now')")
    engine.wait("document.querySelector('[data-explorer=one_unit] .explorer-answer figure') !== null")


def test_the_playground_trains_in_the_page(engine: Engine, address: str) -> None:
    opened(engine, address, "chapters/10_playground")
    engine.evaluate("press('Play', document.querySelector('[data-playground]'))")
    playground = "document.querySelector('.live-output [data-playground]')"
    engine.wait(f"{playground}?.dataset.epoch > 5", 180)
    engine.evaluate(f"press('Pause', {playground})")
    engine.wait(f"{playground}.dataset.state === 'paused'")
    shades = f"[...{playground}.querySelectorAll('canvas')].filter((canvas) => canvas.width * canvas.height > 1)"
    assert engine.evaluate(f"{shades}.length") > 4
    assert engine.evaluate("errors") == []


def test_a_drawing_is_read(engine: Engine, address: str) -> None:
    opened(engine, address, "chapters/11_digits")
    engine.evaluate("press('Clear', document.querySelector('.pad'))")
    engine.evaluate("document.querySelector('.pad-area').scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = engine.evaluate("document.querySelector('.pad-area').getBoundingClientRect().toJSON()")
    steps = [(0.25 + 0.05 * k, 0.2) for k in range(11)] + [(0.75 - 0.03 * k, 0.2 + 0.065 * k) for k in range(1, 11)]
    engine.drag([(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in steps])
    assert engine.evaluate("document.querySelectorAll('.pad-area polyline').length") == 1
    engine.evaluate("press('Answer my drawing')")
    engine.wait("document.querySelector('.pad-said')?.textContent.includes('Read as 7')", 240)
    assert engine.evaluate("errors") == []
