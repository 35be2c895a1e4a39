"""Whole pages made live: what takes long says so, and with the book's results every cell prints what the book shows."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from browser import watch
from pages import LONG, NOTEBOOKS, ROOT
from playwright.sync_api import Browser, Page, expect
from test_live import cells, live, make_live, opened, printed, run, source_of, write

sys.path.append(str(ROOT / "live"))
from livekernel import kept

from live import ROOM

pytest_plugins = ["browser"]  # its fixtures

TRAINING = "chapters/03_network_training"
LIVE_PAGES = [name for name in NOTEBOOKS if name != "chapters/speed"]  # which reads a file that no page has
# Cells that print something else in a page, by a part of their text, and why.
OTHERWISE = {
    "np.errstate": "WebAssembly has no floating point flags, so NumPy has nothing to raise",
    "for init in (he, large, small):": "from small weights last digits grow to another class in 40 epochs",
}
# And where they are trained there.
TRAINED_OTHERWISE = {
    "four, above = (0.1, 0.3, 0.5, 1.0)": "at a rate on the edge, last digits decide which runs arrive"
}


def known(site: Path, name: str) -> dict[int, dict[str, Any]]:
    """What the page says of its cells that take long, by their numbers."""
    path = site / "_static" / "live" / "results" / name.rpartition("/")[2] / "cells.json"
    return {cell["number"]: cell for cell in json.loads(path.read_text("utf-8"))["cells"]} if path.exists() else {}


def measured(page: Page) -> None:
    """Wait until the page knows how fast it trains."""
    page.wait_for_selector(".live-bar input[type=checkbox]", timeout=120_000)


def holds(browser: Browser, address: str, site: Path, name: str, train: bool) -> None:
    """Run all of a page, with the book's results of its long cells or without, and compare what every cell prints."""
    with opened(browser, address, name) as page:
        noted = watch(page)
        before = [printed(cell) for cell in page.locator(".bd-article div.cell:has(.cell_input pre)").all()]
        make_live(page)
        if any("file" in cell for cell in known(site, name).values()):
            measured(page)
            page.locator(".live-bar input[type=checkbox]").set_checked(train)
        page.get_by_role("button", name="Run all", exact=True).click()
        last = cells(page)[-1]
        patience = 3_600_000 if train else 400_000
        expect(last).to_have_attribute("data-cell-state", re.compile("done|error"), timeout=patience)
        different = []
        for cell, shown in zip(cells(page), before, strict=True):
            text = source_of(cell)
            assert cell.get_attribute("data-cell-state") == "done", text + cell.inner_text()
            if "check(" not in text and printed(cell) != shown:  # an exercise without an answer says so when it is live
                different.append((text, printed(cell), shown))
        otherwise = OTHERWISE | (TRAINED_OTHERWISE if train else {})
        assert [(text, *both) for text, *both in different if not any(part in text for part in otherwise)] == []
        assert page.locator(".live-output img:not([alt]), .live-output img[alt='']").count() == 0
        assert page.locator(".live-output :is(img, [data-playground])").count() >= 1
        assert noted.problems == []
        assert [url for url in noted.requests if not url.startswith((address, "blob:", "data:"))] == []


@pytest.mark.parametrize("name", LIVE_PAGES)
def test_every_cell_runs_and_prints_what_the_book_shows(browser: Browser, address: str, site: Path, name: str) -> None:
    holds(browser, address, site, name, train=False)


@pytest.mark.skipif(not LONG, reason="LONG=1 trains all in the pages, too: an hour, weekly")
@pytest.mark.parametrize("name", LIVE_PAGES)
def test_every_cell_prints_what_the_book_shows_when_all_is_trained_in_the_page(
    browser: Browser, address: str, site: Path, name: str
) -> None:
    holds(browser, address, site, name, train=True)


def test_a_long_cell_says_how_long_it_takes_and_may_take_the_books_result(
    browser: Browser, address: str, site: Path
) -> None:
    left = {number: cell for number, cell in known(site, TRAINING).items() if "file" in cell}
    number = max(left, key=lambda number: left[number]["seconds"])
    with live(browser, address, TRAINING) as page:
        measured(page)
        cell = cells(page)[number - 1]
        note, take = (
            cell.locator(".live-note"),
            cell.get_by_role("button", name=f"Take the book's result of cell {number}"),
        )
        expect(note).to_contain_text(re.compile("This takes about .+ (s|min) here"))
        expect(cell.get_by_role("button", name=f"Train it here: cell {number}")).to_be_visible()
        shown = printed(cell)
        assert run(cells(page)[0]) == "done"
        take.click()
        expect(cell).to_have_attribute("data-cell-state", "done", timeout=10_000)
        expect(note).to_contain_text("This is the book's result")
        assert printed(cell) == shown
        text = cell.locator(".cm-content").inner_text()
        write(cell, text + "\nchanged = 1")
        expect(take).to_be_hidden()
        expect(cell.get_by_role("button", name=f"Run cell {number}")).to_be_visible()
        cell.get_by_role("button", name="Put back").click()
        expect(take).to_be_visible()


def test_run_all_trains_what_it_is_told_to_and_what_a_change_above_has_made_another_training(
    browser: Browser, address: str, site: Path
) -> None:
    number = min(number for number, cell in known(site, TRAINING).items() if "file" in cell)
    with live(browser, address, TRAINING) as page:
        measured(page)
        choice, cell = page.locator(".live-bar label"), cells(page)[number - 1]
        expect(choice).to_contain_text(re.compile("trains the long cells, too: about .+ (s|min)"))
        choice.click()
        cell.get_by_role("button", name="Run to here").click()
        expect(cell).to_have_attribute("data-cell-state", "running", timeout=60_000)
        expect(cell.locator(".live-note")).to_contain_text(re.compile(r"Running for \d+ s of about"), timeout=10_000)
        cell.get_by_role("button", name="Stop").click()
        expect(page.locator("html")).to_have_attribute("data-live", "ready", timeout=120_000)
        choice.click()
        first = cells(page)[0]
        write(first, source_of(first) + "\nmine = 1")
        cell.get_by_role("button", name="Run to here").click()
        expect(page.locator(".live-status")).to_contain_text("You have changed cell 1, so the long cells below it")
        expect(cell).to_have_attribute("data-cell-state", "running", timeout=60_000)
        expect(cell.locator(".live-note")).to_contain_text("Running for", timeout=10_000)


def test_who_runs_many_cells_at_once_after_the_start_is_given_the_books_results_all_the_same(
    browser: Browser, address: str, site: Path
) -> None:
    number = min(number for number, cell in known(site, TRAINING).items() if "file" in cell)
    with live(browser, address, TRAINING) as page:
        cell = cells(page)[number - 1]
        cell.get_by_role("button", name="Run to here").click()  # before it is known how fast this machine is
        expect(cell.locator(".live-note")).to_contain_text("This is the book's result", timeout=120_000)


def test_a_result_that_cannot_be_had_is_said_and_the_cell_can_still_be_trained(
    browser: Browser, address: str, site: Path
) -> None:
    number = next(number for number, cell in known(site, TRAINING).items() if "file" in cell)
    with opened(browser, address, TRAINING) as page:
        page.route(f"**/results/**/{number}.bin", lambda route: route.fulfill(status=404))
        make_live(page)
        measured(page)
        cell = cells(page)[number - 1]
        cell.get_by_role("button", name=f"Take the book's result of cell {number}").click()
        expect(cell.locator(".live-note")).to_contain_text("The book's result could not be had.")
        expect(cell.get_by_role("button", name=f"Train it here: cell {number}")).to_be_enabled()


def test_a_cell_that_needs_what_no_page_has_says_so_and_takes_the_books_result(
    browser: Browser, address: str, site: Path
) -> None:
    lacking = {name: n for name in LIVE_PAGES for n, cell in known(site, name).items() if "absent" in cell}
    assert lacking
    for name, number in lacking.items():
        with live(browser, address, name) as page:
            cell = cells(page)[number - 1]
            expect(cell.locator(".live-note")).to_contain_text("which a page does not have", timeout=30_000)
            assert run(cell) == "error"
            cell.get_by_role("button", name=f"Take the book's result of cell {number}").click()
            expect(cell).to_have_attribute("data-cell-state", "done", timeout=10_000)


def test_what_a_page_takes_is_small_and_belongs_to_its_cells(site: Path) -> None:
    assert any(known(site, name) for name in LIVE_PAGES)
    for name in LIVE_PAGES:
        codes = [cell.source for cell in NOTEBOOKS[name].cells if cell.cell_type == "code"]
        entries = known(site, name)
        for number, cell in entries.items():
            assert cell["mark"] == kept.mark(codes[number - 1]), (name, number)
        files = [site / "_static" / "live" / cell["file"] for cell in entries.values() if "file" in cell]
        assert sum(path.stat().st_size for path in files) <= ROOM, name


LATER = ("plot.bin", "widgets.bin", "widgets.js", "widgets.css")  # loaded where a cell asks for them


@pytest.mark.parametrize(("later", "most"), [(LATER, 10), ((), 16.5)])
def test_python_and_all_that_a_page_loads_stay_as_small_as_the_readme_says(
    site: Path, later: tuple[str, ...], most: float
) -> None:
    folder = site / "_static" / "live"
    files = [path for path in folder.iterdir() if path.suffix in (".bin", ".js", ".css") and path.name not in later]
    assert sum(len(gzip.compress(path.read_bytes(), 6)) for path in files) <= 1e6 * most
