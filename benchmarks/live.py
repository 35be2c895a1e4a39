"""How fast the live pages of the built book are: `python -m benchmarks.live` measures them in Chromium.

How long Python takes to start on the first and on the next pages of a visit, a cell to run and to stop, an exercise to
be judged, a slider to train; every page to run whole with the book's results; how fast the playground plays.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.pages import QUIET, ROOT, UNCOVER, chromium, served

LIVE_PAGE = "chapters/01_setup.html"
PLAY_PAGE, PLAY_S = "chapters/10_playground.html", 5.0
# Of the playground in a page, with the chapter's network: pictures a second while it trains, at least; at most so many
# ms from a change of the learning rate until Python has answered.
PLAY_LIMITS = {"pictures_s": 15, "answer_ms": 50}
SLIDER_PAGE = "chapters/05_architecture_experiments.html"
BOOTS = 5
# Of a page made live: seconds from the click until Python is there, with nothing in the cache, with all of it, and on
# the next page of a visit; for its first cell, which imports matplotlib; for a judged answer; from a stop until a cell
# is interrupted, and until Python is there again where the cell hears no interrupt. MB compressed.
LIVE_LIMITS = {"cold_s": 3.5, "warm_s": 2.5, "next_s": 1, "first_cell_s": 6, "answer_s": 0.3}
LIVE_LIMITS |= {"stop_s": 1, "restart_s": 3, "mb": 10, "plot_mb": 16.5, "slider_s": 0.8}
RUN_ALL_S = 60  # of every page, with the book's results of its long cells


def run_cell(page: Page, cell: Locator, end: str = "done") -> float:
    """Run a cell of a live page and return the seconds until it has come to this end."""
    start = time.perf_counter()
    cell.locator(".live-cell-bar button").first.click()
    page.wait_for_function("([cell, end]) => cell.dataset.cellState === end", arg=[cell.element_handle(), end])
    return time.perf_counter() - start


def write(cell: Locator, text: str) -> None:
    """Write into the editor of a cell."""
    cell.locator(".cm-content").press("Control+a")
    cell.page.keyboard.insert_text(text)


def make_live(page: Page) -> float:
    """Press the button of a page and return the seconds until Python is there."""
    start = time.perf_counter()
    page.get_by_role("button", name="Make this page live").click()
    page.wait_for_selector("html[data-live='ready']", timeout=120_000)
    return time.perf_counter() - start


# A cell that never ends, what is said when it was stopped, and the name of how long that took.
STOPS = [
    ("while True:\n    pass", "Your variables are still there", "stop_s"),
    ("import time\n\ntime.sleep(1000)", "its variables are gone", "restart_s"),
]


def boot(browser: Browser, address: str, site: Path) -> dict[str, float]:
    """Return what it costs to make a page live: the first page of a visit, and the next."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page, found, asked = context.new_page(), dict[str, float](), list[str]()
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(address, wait_until="networkidle")
    asked.clear()

    def loaded(*later: str) -> float:
        paths = {site / unquote(path).lstrip("/") for path in asked if not path.endswith(later)}
        return sum(len(gzip.compress(path.read_bytes(), 6)) for path in paths if path.is_file()) / 1e6

    found["cold_s"], found["mb"] = make_live(page), loaded("plot.bin", "widgets.bin", "widgets.js", "widgets.css")
    cells = page.locator(".bd-article div.cell[data-cell-state]")
    found["first_cell_s"], found["plot_mb"] = found["cold_s"] + run_cell(page, cells.first), loaded()
    exercise = page.locator(
        "div.cell[data-cell-state]", has=page.locator(".live-cell-bar [aria-label*=' exercise ']")
    ).first
    run_cell(page, exercise)
    write(exercise, str(exercise.locator(".cell_input .highlight pre").first.text_content()).replace("...", "return 1"))
    found["answer_s"] = run_cell(page, exercise)
    for code, words, name in STOPS:
        write(cells.first, code)
        run_cell(page, cells.first, "running")
        start = time.perf_counter()
        cells.first.locator(".live-cell-bar button").first.click()
        page.wait_for_selector(f".live-status:has-text('{words}')", timeout=120_000)
        found[name] = time.perf_counter() - start
    page.evaluate("sessionStorage.clear()")  # another visit
    for name in ("warm_s", "next_s"):
        page.goto(address, wait_until="networkidle")
        found[name] = make_live(page)
    context.close()
    return found


def boots(browser: Browser, address: str, site: Path) -> dict[str, float]:
    """Return the medians of BOOTS visits."""
    visits = [boot(browser, address, site) for _ in range(BOOTS)]
    return {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}


def play(browser: Browser, address: str) -> dict[str, float]:
    """Return how the playground does in a page that has started Python."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{address}/{PLAY_PAGE}#playground?hidden=64-32-16&batch=64", wait_until="networkidle")
    page.locator("[data-playground]").first.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(
        "document.querySelector('.live-output [data-playground][data-state=running]')?.dataset.epoch >= 20",
        timeout=120_000,
    )
    found: dict[str, float] = page.evaluate(
        """async (seconds) => {
            const root = document.querySelector(".live-output [data-playground]");
            const link = root.querySelector("a.playground-link");
            const rate = root.querySelector("[data-control=rate] select");
            let pictures = 0;
            new MutationObserver(() => pictures++).observe(root, { attributeFilter: ["data-epoch"] });
            await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
            const found = { pictures_s: pictures / seconds, steps_s: +root.dataset.stepsPerSecond };
            const answers = [];
            for (const value of ["0.03", "0.1", "0.03", "0.1", "0.03"]) {
                const answered = new Promise((resolve) => {
                    new MutationObserver(resolve).observe(link, { attributeFilter: ["href"] });
                });
                const start = performance.now();
                rate.value = value;
                rate.dispatchEvent(new Event("change"));
                await answered;
                answers.push(performance.now() - start);
                await new Promise((resolve) => setTimeout(resolve, 300));
            }
            return { ...found, answer_ms: answers.sort((a, b) => a - b)[2] };
        }""",
        PLAY_S,
    )
    page.close()
    return found


def slide(browser: Browser, address: str) -> float:
    """Return the seconds from a key press on a slider that trains until its answer is there, the median of five."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.add_init_script(UNCOVER)
    page.goto(f"{address}/{SLIDER_PAGE}", wait_until="networkidle")
    make_live(page)
    cells = page.locator(".bd-article div.cell[data-cell-state]")
    run_cell(page, cells.first)
    cell = cells.filter(has_text="sliders.depth_and_rate()").first
    run_cell(page, cell)
    slider, caption = cell.locator(".live-output [role=slider]").first, cell.locator(".live-output p[role='status']")
    slider.focus()
    times = []
    for key in ("ArrowRight", "ArrowLeft") * 3:
        before, start = caption.inner_text(), time.perf_counter()
        page.keyboard.press(key)
        page.wait_for_function(
            "([caption, before]) => caption.isConnected ? caption.innerText !== before : true",
            arg=[caption.element_handle(), before],
        )
        times.append(time.perf_counter() - start)
    page.close()
    return statistics.median(times[1:])  # what the first one imports is there for the others


def run_all(browser: Browser, address: str, name: str) -> float:
    """Return the seconds that all cells of a page take, the long ones with the book's results."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.add_init_script(UNCOVER)
    page.goto(f"{address}/{name}", wait_until="networkidle")
    make_live(page)
    page.wait_for_timeout(3000)  # until it is known how fast this machine is
    start = time.perf_counter()
    page.get_by_role("button", name="Run all", exact=True).click()
    page.wait_for_function(
        "cell => /done|error/.test(cell.dataset.cellState)",
        arg=page.locator(".bd-article div.cell[data-cell-state]").last.element_handle(),
        timeout=600_000,
    )
    took = time.perf_counter() - start
    page.close()
    return took


def main() -> None:
    """Measure, print, and write JSON where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built book")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements here too")
    options = parser.parse_args()
    if not (options.site / "_static" / "live" / "start.js").exists():
        parser.error(f"{options.site} holds no book with pages to make live: run `make book` first")
    if (executable := chromium()) is None:
        parser.error("no Chromium found: install it (Debian: apt install chromium), or name one in CHROMIUM")
    numbered = sorted(path for path in options.site.glob("chapters/*.html") if re.match(r"\d\d_", path.name))
    with served(options.site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        live = boots(browser, f"{address}/{LIVE_PAGE}", options.site) | {"slider_s": slide(browser, address)}
        played = play(browser, address)
        whole = {path.stem: run_all(browser, address, f"chapters/{path.name}") for path in numbered}
        browser.close()
    for name, value in live.items():
        word = "met" if value <= LIVE_LIMITS[name] else "not met"
        print(f"{LIVE_PAGE} made live, {name}: {value:.2f}, at most {LIVE_LIMITS[name]:g}: {word}")
    for name, value in played.items():
        print(f"{PLAY_PAGE} playing, {name}: {value:.0f}", f"(aim {PLAY_LIMITS[name]})" if name in PLAY_LIMITS else "")
    for name, value in whole.items():
        word = "met" if value <= RUN_ALL_S else "not met"
        print(f"{name}, all cells with the book's results: {value:.0f} s, at most {RUN_ALL_S}: {word}")
    if options.json:
        made = {"limits": LIVE_LIMITS, "live": live, "play": played, "run_all_s": whole}
        options.json.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
