"""A page made live in Chromium: its cells run and are judged, what is written is kept, and what fails is said."""

from __future__ import annotations

import inspect
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import choose, settle, watch
from pages import EXERCISE_PAGES, EXPLORER_PAGES, ROOT, exercises_on, shown_on, solution
from playwright.sync_api import Browser, Locator, Page, Route, expect

from benchmarks.pages import UNCOVER, Quiet, served
from scratchnet.book.exercises import EXERCISES

pytest_plugins = ["browser"]  # its fixtures

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FIRST = "chapters/01_setup"
UNIT, SLIDERS = "chapters/02_layer_primitives", "chapters/05_architecture_experiments"
BOOT_MS = 120_000


@contextmanager
def opened(browser: Browser, address: str, name: str, **settings: Any) -> Iterator[Page]:
    """A page in a context of its own."""
    with browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings}) as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        page.goto(f"{address}/{name}.html")
        settle(page)
        yield page


@contextmanager
def live(browser: Browser, address: str, name: str, **settings: Any) -> Iterator[Page]:
    """A page that has been made live."""
    with opened(browser, address, name, **settings) as page:
        make_live(page)
        yield page


def make_live(page: Page) -> None:
    page.get_by_role("button", name="Make this page live").click()
    page.wait_for_selector("html[data-live='ready'], html[data-live='failed']", timeout=BOOT_MS)
    assert page.locator("html").get_attribute("data-live") == "ready", page.locator(".live-status").inner_text()


def cells(page: Page) -> list[Locator]:
    return page.locator(".bd-article div.cell[data-cell-state]").all()


def write(cell: Locator, text: str) -> None:
    """Write into a cell's editor as a reader would who has selected all of it."""
    cell.locator(".cm-content").press("Control+a")
    cell.page.keyboard.insert_text(text)


def run(cell: Locator, timeout: int = 60_000) -> str:
    """Run a cell by its button, and return how it ended."""
    cell.get_by_role("button", name=re.compile("^Run (cell|exercise)")).click()
    expect(cell).to_have_attribute("data-cell-state", re.compile("done|error"), timeout=timeout)
    return cell.get_attribute("data-cell-state") or ""


def exercise(page: Page, name: str) -> Locator:
    label = re.compile(rf"^(Run|Stop) exercise {re.escape(name)}$")
    return page.locator("div.cell[data-cell-state]", has=page.get_by_label(label))


def source_of(cell: Locator) -> str:
    """The book's own text of a cell."""
    return cell.locator(".cell_input .highlight pre").first.text_content() or ""


def printed(cell: Locator) -> str:
    """The text that a cell shows below it, without what a figure or a table looks like."""
    texts = cell.locator(".output.stream pre, .output.text_plain pre").all_inner_texts()
    return "\n".join(line.rstrip() for text in texts for line in text.splitlines() if line.strip())


# --- cells ---


def test_what_goes_wrong_is_said_in_the_readers_own_lines_and_the_next_run_is_well(
    browser: Browser, address: str
) -> None:
    with live(browser, address, FIRST) as page:
        cell = cells(page)[0]
        write(cell, "def f(x):\n    return 1 / x\n\nf(0)")
        assert run(cell) == "error"
        told = cell.locator(".live-error").inner_text()
        assert "Cell 1, line 4" in told
        assert "Cell 1, line 2, in f" in told
        assert told.rstrip().endswith("ZeroDivisionError: division by zero")
        assert "livekernel" not in told
        write(cell, "import warnings\n\nprint('before')\nwarnings.warn('look')\n[f(2), 'x']")
        assert run(cell) == "done"
        assert printed(cell).startswith("before\n")
        assert printed(cell).endswith("[0.5, 'x']")
        expect(cell.locator(".live-warning")).to_contain_text("look")


def stop(cell: Locator, code: str) -> None:
    """Run this in a cell, and stop it."""
    write(cell, code)
    cell.get_by_role("button", name=re.compile("^Run cell")).click()
    expect(cell).to_have_attribute("data-cell-state", "running")
    cell.page.wait_for_timeout(300)
    cell.get_by_role("button", name=re.compile("^Stop cell")).click()
    expect(cell.page.locator("html")).to_have_attribute("data-live", "ready", timeout=BOOT_MS)


def test_a_cell_that_never_ends_is_stopped_and_the_variables_stay(browser: Browser, address: str) -> None:
    with live(browser, address, FIRST) as page:
        first, second = cells(page)[:2]
        write(first, "from scratchnet import NeuralNetwork, make_spirals\nnet = NeuralNetwork([2, 4, 1], seed=0)")
        assert run(first) == "done"
        stop(second, "while True:\n    pass")
        expect(page.locator(".live-status")).to_have_text("Stopped. Your variables are still there.")
        expect(second.locator(".live-note")).to_have_text("Stopped. Your variables are still there.")
        assert "Cell 2, line" in second.locator(".live-error").inner_text()
        stop(second, "X, y = make_spirals(50)\nnet.train(X, y.reshape(-1, 1), lr=0.1, n_epochs=10**9)")
        expect(page.locator(".live-status")).to_have_text("Stopped. Your variables are still there.")
        write(
            second,
            "n = len(net.history)\nnet.train(X, y.reshape(-1, 1), lr=0.1, n_epochs=2)\nn > 1, len(net.history) - n",
        )
        assert run(second) == "done"
        assert printed(second).endswith("(True, 2)")
        write(second, "sum(i % 7 for i in range(3_000_000))")  # which is looked at now and then, and not interrupted
        assert run(second) == "done"
        assert printed(second) == str(sum(i % 7 for i in range(3_000_000)))


STUBBORN = """\
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""


@pytest.mark.parametrize("deaf", ["import time\n\ntime.sleep(1000)", STUBBORN])
def test_a_cell_that_hears_no_interrupt_is_stopped_and_python_starts_anew(
    browser: Browser, address: str, deaf: str
) -> None:
    with live(browser, address, FIRST) as page:
        first, second = cells(page)[:2]
        write(first, "a = 1\na")
        assert run(first) == "done"
        stop(second, deaf)
        expect(page.locator(".live-status")).to_contain_text("its variables are gone")
        page.get_by_role("button", name="Run the cells above").click()
        expect(first).to_have_attribute("data-cell-state", "done", timeout=30_000)
        write(second, "a + 1")
        assert run(second) == "done"
        assert printed(second) == "2"


def test_the_policy_of_the_readme_is_all_that_a_live_page_needs(browser: Browser, site: Path) -> None:
    policy = re.search(r"^ *(default-src .+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert policy

    class Strict(Quiet):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy[1])
            super().end_headers()

    with served(site, Strict) as address, opened(browser, address, SLIDERS) as page:
        noted = watch(page)
        page.reload()
        settle(page)
        make_live(page)
        assert page.locator("mjx-container").count() > 20
        first, second = cells(page)[:2]
        assert run(first) == "done"
        stop(second, "while True:\n    pass")
        expect(page.locator(".live-status")).to_have_text("Stopped. Your variables are still there.")
        taken_back = [problem for problem in noted.problems if problem.startswith("failed: blob:")]
        assert noted.problems == taken_back  # that is how it was stopped


def test_python_is_on_its_way_on_the_next_page_of_a_visit(browser: Browser, address: str) -> None:
    with live(browser, address, FIRST) as page:
        write(cells(page)[0], "mine = 1")
        assert run(cells(page)[0]) == "done"
        with page.expect_event("worker"):
            page.goto(f"{address}/{UNIT}.html")
        settle(page)
        expect(page.locator("html")).to_have_attribute("data-live", "off")
        page.wait_for_timeout(5000)
        make_live(page)
        assert len(page.workers) == 1  # the one that was on its way
        write(cells(page)[0], "mine")
        assert run(cells(page)[0]) == "error"  # it is another Python


def test_nothing_is_downloaded_before_it_is_asked_for(browser: Browser, address: str) -> None:
    with opened(browser, address, FIRST) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(1000)
        assert page.workers == []
        page.evaluate("sessionStorage.setItem('scratchnet-live', new URL('../_static/live/', location).href)")
        with page.expect_event("requestfailed"):  # it is looked up in the cache, and is not there
            page.reload()
        page.wait_for_timeout(1000)
        assert page.workers == []
        assert [url for url in asked if url.endswith(".bin")] == []


def test_python_that_has_stopped_by_itself_can_be_started_again(browser: Browser, address: str) -> None:
    with live(browser, address, FIRST) as page:
        cell = cells(page)[0]
        write(cell, 'import js\n\njs.self.postMessage(js.JSON.parse(\'{"type": "failed", "message": "no memory."}\'))')
        cell.get_by_role("button", name="Run cell 1", exact=True).click()
        expect(page.locator(".live-status")).to_contain_text("Python has stopped: no memory.")
        page.get_by_role("button", name="Start Python again").click()
        expect(page.locator("html")).to_have_attribute("data-live", "ready", timeout=BOOT_MS)
        write(cell, "6 * 7")
        assert run(cell) == "done"


def test_every_key_of_the_keyboard_writes_what_it_says(browser: Browser, address: str) -> None:
    with live(browser, address, FIRST) as page:
        cell = cells(page)[0]
        write(cell, "")
        code = "a = 9 / 3 // 1 - 2 * 1 ** 2 % 5  # /?!.,:;'<>[]{}()@$^&|~`+=\\"
        page.keyboard.type(code)
        assert cell.locator(".cm-content").inner_text() == code
        write(cell, "[9 / 3]")
        page.keyboard.press("Control+Enter")
        expect(cell).to_have_attribute("data-cell-state", "done")
        assert printed(cell) == "[3.0]"
        page.keyboard.press("Control+k")  # which is the page's own key for its search
        expect(page.locator("input[type=search]").first).to_be_focused()


def test_a_name_that_a_cell_above_defines_is_missed_with_the_number_of_that_cell(
    browser: Browser, address: str
) -> None:
    with live(browser, address, FIRST) as page:
        first, second = cells(page)[:2]
        write(first, "value = 41")
        write(second, "value + 1")
        assert run(second) == "error"
        expect(second.locator(".live-error")).to_contain_text("Cell 1 defines value. “Run to here” runs it")
        second.get_by_role("button", name="Run to here").click()
        expect(second).to_have_attribute("data-cell-state", "done", timeout=30_000)
        assert printed(second) == "42"
        write(second, "nowhere")
        assert run(second) == "error"
        expect(second.locator(".live-error")).not_to_contain_text("defines")


def test_a_figure_keeps_its_number_and_what_is_said_below_it(browser: Browser, address: str) -> None:
    with live(browser, address, UNIT) as page:
        figure = page.locator("#fig-activations")
        cell = page.locator("div.cell[data-cell-state]", has=figure)
        caption = figure.locator("figcaption").inner_text()
        cell.get_by_role("button", name="Run to here").click()
        expect(cell).to_have_attribute("data-cell-state", "done", timeout=60_000)
        assert cell.locator(".live-output #fig-activations").count() == 1
        assert figure.locator("figcaption").inner_text() == caption
        assert str(figure.locator("img").get_attribute("src")).startswith("data:image/png")
        cell.locator("summary").first.click()  # its text is folded
        write(cell, source_of(cell) + "\n# and now another one")
        assert run(cell) == "done"
        assert figure.count() == 1 and figure.locator("figcaption").count() == 0


# --- exercises ---


def test_who_answers_by_keyboard_stays_with_the_exercise(browser: Browser, address: str) -> None:
    with live(browser, address, UNIT) as page:
        cell = exercise(page, "2.1")
        write(cell, 'def mine(a):\n    (a > 0) * 1.0\n\n\ncheck("2.1", mine)')
        page.keyboard.press("Shift+Enter")
        expect(cell.locator(".live-note")).to_have_text("✗ 2.1: not yet; what differs stands below.", timeout=30_000)
        assert "Your function returns None. Is there a return missing?" in printed(cell)
        assert cell.evaluate("cell => cell.contains(document.activeElement)")
        write(cell, 'check("2.1", lambda a: a)')
        assert run(cell) == "done"
        *_, reason = printed(cell).splitlines()  # which the page breaks, and nobody else
        assert reason.startswith("Likely reason: ") and len(reason) > 84
        write(cell, 'def mine(a):\n    retrun a\n\n\ncheck("2.1", mine)')
        assert run(cell) == "error"
        told = cell.locator(".live-error").inner_text()
        assert told.startswith("Cell") and "line 2" in told and "ast.py" not in told and "unknown" not in told


@pytest.mark.parametrize(
    "formula",
    [
        "1 / (1 + np.exp(-z))",
        "1 / (1 + np.exp(-np.asarray(z)))",
        "np.where(z > 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))",
        "1 / (1 + np.exp(-np.clip(z, -700, 700)))",
    ],
)
def test_a_page_hears_an_overflow_though_numpy_has_no_flags_there(browser: Browser, address: str, formula: str) -> None:
    with live(browser, address, UNIT) as page:
        cell = exercise(page, "2.2")
        write(cell, f'import numpy as np\n\n\ndef mine(z):\n    return {formula}\n\n\ncheck("2.2", mine)')
        run(cell)
        expect(cell.locator(".live-note")).to_contain_text("not yet")


def wrong(reference: Any) -> str:
    """An answer of the kind that is asked for, which is wrong everywhere."""
    if inspect.isclass(reference):
        methods = "'__init__': lambda self, *_: setattr(self, 'kept', 0), 'forward': lambda *_: 12345.0"
        return f"type({reference.__name__!r}, (), {{{methods}}})"
    return "lambda *_: 12345.0" if callable(reference) else "'wrong'"


@pytest.mark.parametrize("name", EXERCISE_PAGES)
def test_every_exercise_is_judged_without_the_cells_above(browser: Browser, address: str, name: str) -> None:
    with live(browser, address, name) as page:
        for number in exercises_on(name):
            cell = exercise(page, number)
            section = cell.locator("xpath=ancestor::section[starts-with(@id, 'exercise-')][1]")
            box = section.locator("> .progress-box input")
            run(cell)
            expect(box).not_to_be_checked()
            write(cell, f'check("{number}", {wrong(EXERCISES[number].reference)})')
            run(cell)
            expect(cell.locator(".live-note")).to_contain_text(re.compile("not yet|check needs"))
            expect(box).not_to_be_checked()
            write(cell, solution(name, number))
            assert run(cell) == "done", cell.inner_text()
            expect(cell.locator(".live-note")).to_contain_text("passed")
            expect(box).to_be_checked()


def test_before_a_page_is_live_its_exercises_offer_to_make_it_so(browser: Browser, address: str) -> None:
    with opened(browser, address, FIRST) as page:
        offers = page.locator(".live-offer button")
        assert offers.count() == len(exercises_on(FIRST))
        offers.first.click()
        expect(page.locator("html")).to_have_attribute("data-live", "ready", timeout=BOOT_MS)
        assert offers.count() == 0
        assert page.evaluate("document.activeElement.closest('.cell').querySelector('.live-note') !== null")


# --- what is kept ---


def test_what_a_reader_writes_is_kept_put_back_and_saved(browser: Browser, address: str, tmp_path: Path) -> None:
    with live(browser, address, FIRST) as page:
        mine = "print('mine')"
        write(cells(page)[0], mine)
        page.reload()
        settle(page)
        make_live(page)
        cell = cells(page)[0]
        assert cell.locator(".cm-content").inner_text().strip() == mine
        expect(cell.locator(".live-note")).to_contain_text("your text")
        assert run(cell) == "done"
        assert printed(cell) == "mine"
        with page.expect_download() as started:
            page.get_by_role("button", name="Save my answers").click()
        saved = tmp_path / "my-answers.json"
        started.value.save_as(saved)
        assert json.loads(saved.read_text("utf-8"))["answers"][FIRST]["1"]["text"] == mine
        cell.get_by_role("button", name="Put back").click()
        assert mine not in cell.locator(".cm-content").inner_text()
        assert page.evaluate("localStorage.getItem('scratchnet-answers')") is None
        with page.expect_file_chooser() as chosen:
            page.get_by_role("button", name="Open my answers").click()
        chosen.value.set_files(saved)
        expect(cell.locator(".cm-content")).to_contain_text("mine")


def test_a_piece_of_the_readers_network_is_there_on_the_next_page_and_can_be_downloaded(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    layers, training = "chapters/02_layer_primitives", "chapters/03_network_training"
    with opened(browser, address, layers) as page:
        make_live(page)
        download = page.get_by_role("button", name="Download my_network.py")
        expect(download).to_have_count(0)
        cell = exercise(page, "2.7")
        write(cell, solution(layers, "2.7").replace("np.maximum(Z, 0)", "Z.clip(0)"))
        assert run(cell) == "done" and "Kept in my_network.py: MyReLU" in " ".join(printed(cell).split())
        expect(download).to_have_count(2)  # at the top of the page, and where the piece was written
        with page.expect_download() as began:
            cell.get_by_role("button", name="Download my_network.py").click()
        began.value.save_as(tmp_path / "my_network.py")
        assert "Z.clip(0)" in (tmp_path / "my_network.py").read_text("utf-8")
        page.goto(f"{address}/{training}.html")
        settle(page)
        make_live(page)
        expect(download).to_have_count(1)
        cell = cells(page)[0]
        write(cell, 'from scratchnet.book import my_pieces\n\n_ = my_pieces("MyReLU", "MyLinear")')
        assert run(cell) == "done"
        assert printed(cell) == "Yours: MyReLU.\nThe book's, until yours pass: MyLinear (2.6)."


@pytest.mark.parametrize("kept", ["{broken", "[]", '{"chapters/01_setup": {"1": {"text": 5}}}'])
def test_what_is_kept_wrong_changes_nothing(browser: Browser, address: str, kept: str) -> None:
    with opened(browser, address, FIRST) as page:
        page.evaluate("kept => localStorage.setItem('scratchnet-answers', kept)", kept)
        make_live(page)
        assert "import" in cells(page)[0].locator(".cm-content").inner_text()


# --- what fails ---


@pytest.mark.parametrize("missing", ["live.js", "worker.js", "wasm.bin", "core.bin"])
def test_a_file_that_is_missing_is_said_and_the_page_stays(browser: Browser, address: str, missing: str) -> None:
    with opened(browser, address, FIRST) as page:
        page.route(f"**/live/{missing}*", lambda route: route.fulfill(status=404))
        page.get_by_role("button", name="Make this page live").click()
        expect(page.locator("html")).to_have_attribute("data-live", "failed", timeout=BOOT_MS)
        expect(page.locator(".live-status")).to_contain_text("the page stays as it is")
        assert page.locator(".cm-editor").count() == 0
        page.unroute_all()
        make_live(page)


def test_two_pages_are_live_at_once_and_a_page_that_is_live_needs_no_network(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        context.add_init_script(UNCOVER)
        pages = []
        for name in (FIRST, UNIT):
            pages.append(context.new_page())
            pages[-1].goto(f"{address}/{name}.html")
            settle(pages[-1])
            make_live(pages[-1])
        pages[0].wait_for_timeout(3000)  # until what comes later is there, too
        context.set_offline(True)
        for i, page in enumerate(pages):
            assert run(cells(page)[0]) == "done"
            write(cells(page)[1], f"mine = {i}\nplt.plot([mine])\nplt.show()")
            assert run(cells(page)[1]) == "done"
            assert cells(page)[1].locator(".live-output img").count() == 1
        write(cells(pages[0])[1], "mine")
        assert run(cells(pages[0])[1]) == "done"
        assert printed(cells(pages[0])[1]) == "0"
        explorer = pages[1].locator("div.cell[data-cell-state]:has-text('explorers.one_unit()')").first
        assert run(explorer, 120_000) == "done"
        expect(explorer.locator("[data-explorer='one_unit']")).to_have_count(1)
        kept = pages[0].evaluate("JSON.parse(localStorage.getItem('scratchnet-answers'))")
        assert set(kept) == {FIRST, UNIT}


class Careless(Quiet):
    """A host that calls every file of a live page plain text."""

    def guess_type(self, path: Any) -> str:
        return "text/plain" if "/live/" in str(path) else super().guess_type(path)


def test_a_host_that_calls_everything_plain_text_is_good_enough(browser: Browser, site: Path) -> None:
    with served(site.parent, Careless) as root, opened(browser, f"{root}/{site.name}", FIRST) as page:
        asked = page.request.get(f"{root}/{site.name}/_static/live/worker.js")
        assert asked.headers["content-type"] == "text/plain"
        make_live(page)
        write(cells(page)[0], "from ipywidgets import IntSlider\n\nIntSlider(3)")
        assert run(cells(page)[0]) == "done"
        expect(cells(page)[0].locator(".live-output .widget-slider")).to_be_visible()


@pytest.mark.parametrize(
    "lacks",
    [
        "delete window.WebAssembly",
        "delete window.DecompressionStream",
        "window.Worker = class extends Worker { constructor(address) { super(address); } }",
    ],
)
def test_a_browser_that_is_too_old_is_told_so(browser: Browser, address: str, lacks: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(lacks)
        page.goto(f"{address}/{FIRST}.html")
        settle(page)
        page.get_by_role("button", name="Make this page live").click()
        expect(page.locator(".live-status")).to_contain_text("This browser is too old to run Python in a page.")
        assert page.locator(".cm-editor").count() == 0


def test_a_page_that_was_opened_as_a_file_says_how_to_serve_the_book(browser: Browser, site: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((site / f"{FIRST}.html").as_uri())
        page.get_by_role("button", name="Make this page live").click()
        expect(page.locator(".live-status")).to_contain_text(f"python -m http.server --directory {site.name}")


def test_nothing_is_loaded_before_it_is_asked_for_and_all_comes_from_the_book(browser: Browser, address: str) -> None:
    with opened(browser, address, FIRST) as page:
        asked: list[str] = []

        def note(route: Route) -> None:
            asked.append(route.request.url)
            route.continue_()

        page.route("**/*", note)
        page.wait_for_timeout(500)
        assert asked == []
        make_live(page)
        assert any(url.endswith("core.bin") for url in asked)
        assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def test_a_page_says_how_to_run_its_notebook_elsewhere_from_where_it_is_read(
    browser: Browser, address: str, site: Path, tmp_path: Path
) -> None:
    with opened(browser, address, FIRST) as page:
        there = page.locator(".live-elsewhere")
        there.locator("summary").click()
        line = there.locator("pre").inner_text()
        wheel = re.findall(rf'"scratchnet\[notebooks\] @ {address}/(\S+\.whl)"', line)
        assert len(wheel) == 1, line
        with zipfile.ZipFile(site / wheel[0]) as held:
            assert "scratchnet/book/explorer.js" in held.namelist()
        with page.expect_download() as started:
            there.get_by_role("link", name="all notebooks").click()
        started.value.save_as(tmp_path / "notebooks.zip")
    with zipfile.ZipFile(tmp_path / "notebooks.zip") as held:
        names = {name.removeprefix("notebooks/") for name in held.namelist()}
    chapters = [*(ROOT / "chapters").glob("*.ipynb"), *(ROOT / "chapters").glob("*.json")]
    assert names == {"README.txt", Path(wheel[0]).name, *(path.name for path in chapters)}


# --- for everybody ---


def test_a_live_page_is_accessible_in_both_themes_and_fits_a_phone(browser: Browser, address: str) -> None:
    with live(browser, address, FIRST) as page:
        write(cells(page)[0], "1 / 0")
        run(cells(page)[0])
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for theme in ("light", "dark"):
            choose(page, theme)
            found = page.evaluate("axe.run('article').then(found => found.violations)")
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], theme
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.cm-content')).fontSize)")
        assert size >= 16  # a phone zooms into less
        box = cells(page)[0].get_by_role("button").first.bounding_box()
        assert box is not None
        assert box["height"] >= 24


def test_escape_and_tab_leave_an_editor_and_shift_enter_runs_and_goes_on(browser: Browser, address: str) -> None:
    with live(browser, address, FIRST) as page:
        first, second = cells(page)[:2]
        write(first, "6 * 7")
        page.keyboard.press("Shift+Enter")
        expect(first).to_have_attribute("data-cell-state", "done", timeout=30_000)
        assert printed(first) == "42"
        assert second.evaluate("cell => cell.contains(document.activeElement)")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "BUTTON"


# --- widgets ---


def test_the_sliders_of_depth_and_rate_train_in_the_page(browser: Browser, address: str) -> None:
    with live(browser, address, SLIDERS) as page:
        noted = watch(page)
        cell = page.locator("div.cell[data-cell-state]:has-text('sliders.depth_and_rate()')").first
        assert run(cells(page)[0]) == "done"
        assert run(cell, 120_000) == "done"
        slider = cell.locator("[role='slider'], input[type='range']").first
        expect(slider).to_be_visible()
        caption = cell.locator(".live-output p[role='status']")
        expect(caption).to_contain_text("4 hidden layers")
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(caption).to_contain_text("6 hidden layers", timeout=60_000)
        assert noted.problems == []


@pytest.mark.parametrize("name", EXPLORER_PAGES)
def test_an_explorer_that_the_book_has_drawn_runs_a_setting_again(browser: Browser, address: str, name: str) -> None:
    with opened(browser, address, name) as page:
        expect(page.locator(".explorer-note")).to_have_count(len(shown_on(name)))
        make_live(page)
        expect(page.locator(".explorer-note")).to_have_count(0)
        for explorer in page.locator("[data-explorer]").all():
            explorer.get_by_role("button", name="Run this setting again, now").click()
            expect(explorer.locator(".explorer-answer figure")).to_be_visible(timeout=60_000)
            slider = explorer.locator("input[type=range]").first
            at_its_end = slider.evaluate("slider => slider.value === slider.max")
            slider.press("ArrowLeft" if at_its_end else "ArrowRight")
            expect(explorer.locator(".explorer-answer")).to_be_empty()


def test_an_explorer_waits_for_no_python_that_was_stopped(browser: Browser, address: str) -> None:
    with live(browser, address, UNIT) as page:
        cell = cells(page)[1]
        write(cell, "import time\n\ntime.sleep(1000)")
        cell.get_by_role("button", name="Run cell 2", exact=True).click()
        expect(cell).to_have_attribute("data-cell-state", "running")
        explorer = page.locator("[data-explorer='one_unit']")
        explorer.get_by_role("button", name="Run this setting again, now").click()
        expect(explorer.locator(".explorer-answer")).to_contain_text("Training …")
        cell.get_by_role("button", name="Stop cell 2", exact=True).click()
        expect(explorer.locator(".explorer-answer")).to_contain_text("Python has stopped before it was done.")
        expect(page.locator("html")).to_have_attribute("data-live", "ready", timeout=BOOT_MS)
        explorer.get_by_role("button", name="Run this setting again, now").click()
        expect(explorer.locator(".explorer-answer figure")).to_be_visible(timeout=60_000)


def test_an_explorer_that_runs_live_trains_again_when_asked(browser: Browser, address: str) -> None:
    with live(browser, address, UNIT) as page:
        assert run(cells(page)[0]) == "done"
        cell = page.locator("div.cell[data-cell-state]:has-text('explorers.one_unit()')").first
        assert run(cell, 120_000) == "done"
        explorer = cell.locator("[data-explorer='one_unit']")
        expect(explorer).to_have_count(1)
        explorer.get_by_role("button", name="Run this setting again, now").click()
        expect(explorer.locator(".explorer-answer figure")).to_be_visible(timeout=30_000)
        assert "500 steps" in explorer.locator(".explorer-answer").inner_text()
