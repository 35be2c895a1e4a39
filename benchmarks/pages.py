"""What the built book costs a reader: `python -m benchmarks.pages` measures every page of _build/html in Chromium.

For each page: requests, bytes as they are and compressed, the time to the first paint with nothing in the cache, and
for explorers the time from a key press to the painted frame. The files come from a server on this machine.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import json
import os
import re
import shutil
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
LOADS, MOVES, STEPS = 3, 100, 300
LIVE_PAGE = "chapters/01_setup.html"
PLAY_PAGE, PLAY_S = "chapters/10_playground.html", 5.0
# Of the playground in a page, with the chapter's network: pictures a second while it trains, at least; at most so many
# ms from a change of the learning rate until Python has answered.
PLAY_LIMITS = {"pictures_s": 15, "answer_ms": 50}
# kB compressed of an explorer page without its static figures, and of an explorer's frames; ms.
# Nodes and heap after STEPS moves and a collection, relative to before.
BOOTS = 5
# Of a page made live: seconds from the click until Python is there, with nothing in the cache, with all of it, and on
# the next page of a visit; for its first cell, which imports matplotlib; for a judged answer; from a stop until a cell
# is interrupted, and until Python is there again where the cell hears no interrupt. MB compressed.
LIVE_LIMITS = {"cold_s": 3.5, "warm_s": 2.5, "next_s": 1, "first_cell_s": 6, "answer_s": 0.3}
LIVE_LIMITS |= {"stop_s": 1, "restart_s": 3, "mb": 10, "plot_mb": 16.5}
LIMITS = {"page_gz_kb": 1300, "frames_gz_kb": 250, "p95_ms": 30, "growth": 1.05}

# A promise of the milliseconds from the next key press until the frame that follows it is on the screen.
NEXT_FRAME = """explorer => { window.painted = new Promise(resolve => {
    let pressed;
    addEventListener("keydown", event => { pressed = event.timeStamp; }, {capture: true, once: true});
    const observer = new MutationObserver(() => {
        if (pressed === undefined) return;
        observer.disconnect();
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => resolve(performance.now() - pressed);
            channel.port2.postMessage(null);
        });
    });
    observer.observe(explorer, {attributes: true, characterData: true, childList: true, subtree: true});
}); }"""


def chromium() -> str | None:
    """Return the browser that the environment variable CHROMIUM names, or else the one that is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def served(folder: Path, handler: type[http.server.SimpleHTTPRequestHandler] | None = None) -> Iterator[str]:
    """Serve a folder on this machine; give its address."""
    handle = functools.partial(handler or Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handle) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serve files without a log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def weigh(site: Path, paths: Iterable[str]) -> dict[str, float]:
    """Return the kB of the files of a site at these addresses, as they are and compressed, figures apart."""
    weight = {"raw_kb": 0.0, "gz_kb": 0.0, "figures_gz_kb": 0.0}
    for path in sorted(set(paths)):
        data = (site / path).read_bytes()
        compressed = len(gzip.compress(data, 6)) / 1000
        weight["raw_kb"] += len(data) / 1000
        weight["figures_gz_kb" if path.startswith("_images/") else "gz_kb"] += compressed
    return weight


def frames(page: Path) -> list[float]:
    """Return the compressed kB of every explorer of a page: of its widgets, which hold all of its frames."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', text, re.DOTALL)
    if found is None:
        return []
    states = [model["state"] for model in json.loads(found[1])["state"].values()]
    held = [state["frames"] for state in states if "frames" in state]  # other widgets have none
    return [len(gzip.compress(json.dumps(one).encode())) / 1000 for one in held]


def latencies(page: Page, explorer: Locator) -> list[float]:
    """Move every slider of an explorer to and fro, MOVES times in all; return the milliseconds of each move."""
    times: list[float] = []
    sliders = explorer.locator("input[type=range]").all()
    while len(times) < MOVES:
        for slider in sliders:
            slider.press("Home")
            page.wait_for_timeout(50)
            steps = int(slider.get_attribute("max") or 0)
            for key in ["ArrowRight"] * steps + ["ArrowLeft"] * steps:
                explorer.evaluate(NEXT_FRAME)
                slider.press(key)
                times.append(page.evaluate("window.painted"))
    return times[:MOVES]


def memory(page: Page) -> dict[str, float]:
    """Return the nodes and the heap of a page after a forced collection."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    found = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {name: found[name] for name in ("Nodes", "JSHeapUsedSize")}


# Moves the sliders of an explorer in turn, n times in all, and back to where they were.
WALK = """(root, n) => {
    const ranges = [...root.querySelectorAll("input[type=range]")];
    const set = (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); };
    const start = ranges.map(input => input.value);
    for (let i = 0; i < n; i++) {
        const input = ranges[i % ranges.length];
        set(input, Math.floor(i / ranges.length) % (Number(input.max) + 1));
    }
    ranges.forEach((input, i) => set(input, start[i]));
}"""


def growth(page: Page, explorer: Locator) -> float:
    """Return by how much nodes or heap have grown after STEPS moves, as a factor."""
    explorer.evaluate(WALK, 20)
    page.wait_for_timeout(500)
    before = memory(page)
    explorer.evaluate(WALK, STEPS)
    page.wait_for_timeout(500)
    after = memory(page)
    return max(after[name] / before[name] for name in before)


# Does what a reader does who wants nothing covered until a prediction is made.
UNCOVER = "try { localStorage.setItem('scratchnet-uncovered', 'yes'); } catch {}"


def opened(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """Open a page with nothing in the cache; return it and the addresses that it asked for."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.add_init_script(UNCOVER)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address, wait_until="networkidle")
    return page, asked


def measure(browser: Browser, address: str, site: Path, name: str) -> dict[str, Any]:
    """Return what a page costs."""
    paints = []
    for _ in range(LOADS):
        page, asked = opened(browser, f"{address}/{name}")
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        page.close()
    paths = [unquote(urlsplit(url).path).lstrip("/") for url in asked if url.startswith(address)]
    row = {"page": name, "requests": len(paths), "first_paint_ms": statistics.median(paints)} | weigh(site, paths)
    page, _ = opened(browser, f"{address}/{name}")
    row["explorers"] = []
    for explorer, size in zip(page.locator("[data-explorer]").all(), frames(site / name), strict=True):
        times = statistics.quantiles(latencies(page, explorer), n=20)
        row["explorers"].append(
            {"frames_gz_kb": size, "p50_ms": times[9], "p95_ms": times[18], "growth": growth(page, explorer)}
        )
    page.close()
    return row


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
    """Return the medians of BOOTS visits, or nothing where the book has no page to make live."""
    if not (site / "_static" / "live" / "start.js").exists():
        return {}
    visits = [boot(browser, address, site) for _ in range(BOOTS)]
    return {name: statistics.median(visit[name] for visit in visits) for name in LIVE_LIMITS}


def play(browser: Browser, address: str, site: Path) -> dict[str, float]:
    """Return how the playground does in a page that has started Python, or nothing where there is none."""
    if not (site / "_static" / "live" / "start.js").exists():
        return {}
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{address}/{PLAY_PAGE}#playground?hidden=64-32-16&batch=64", wait_until="networkidle")
    page.locator("[data-playground]").first.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_selector(".live-output [data-playground][data-state='running'][data-epoch='20']", timeout=120_000)
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


def misses(rows: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for every limit that an explorer page exceeds."""
    found = []
    for row in (row for row in rows if row["explorers"]):
        values = [("page_gz_kb", row["gz_kb"])]
        values += [
            (key, explorer[key]) for explorer in row["explorers"] for key in ("frames_gz_kb", "p95_ms", "growth")
        ]
        found += [f"{row['page']}: {k} is {v:.3g}, more than {LIMITS[k]}" for k, v in values if v > LIMITS[k]]
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Return the measurements as text, one line for each page and one more for each explorer."""
    lines = [f"{'page':44}{'requests':>9}{'raw kB':>9}{'gz kB':>8}{'figures gz':>11}{'paint ms':>9}"]
    for row in rows:
        lines.append(
            f"{row['page']:44}{row['requests']:9}{row['raw_kb']:9.0f}{row['gz_kb']:8.0f}{row['figures_gz_kb']:11.0f}"
            f"{row['first_paint_ms']:9.0f}"
        )
        for number, explorer in enumerate(row["explorers"], 1):
            lines.append(
                f"  explorer {number}: frames {explorer['frames_gz_kb']:.0f} kB gz, "
                f"key to painted frame {explorer['p50_ms']:.0f} ms, p95 {explorer['p95_ms']:.0f} ms, "
                f"after {STEPS} steps {explorer['growth']:.2f} times the memory"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built book")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements here too")
    options = parser.parse_args()
    if not (options.site / "index.html").exists():
        parser.error(f"{options.site} holds no book: run `make book` first")
    if (executable := chromium()) is None:
        parser.error("no Chromium found: install it (Debian: apt install chromium), or name one in CHROMIUM")
    pages = sorted(path.relative_to(options.site).as_posix() for path in options.site.glob("chapters/*.html"))
    with served(options.site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        rows = [measure(browser, address, options.site, page) for page in pages]
        live = boots(browser, f"{address}/{LIVE_PAGE}", options.site)
        played = play(browser, address, options.site)
        browser.close()
    print(f"Medians of {LOADS} loads with an empty cache and of {MOVES} key presses for each explorer.")
    print(table(rows))
    print("\n".join(misses(rows)) or "Every explorer page is within its limits.")
    for name, value in live.items():
        word = "met" if value <= LIVE_LIMITS[name] else "not met"
        print(f"{LIVE_PAGE} made live, {name}: {value:.2f}, at most {LIVE_LIMITS[name]:g}: {word}")
    for name, value in played.items():
        print(f"{PLAY_PAGE} playing, {name}: {value:.0f}", f"(aim {PLAY_LIMITS[name]})" if name in PLAY_LIMITS else "")
    if options.json:
        options.json.write_text(
            json.dumps({"limits": LIMITS, "pages": rows, "live": live, "play": played}, indent=1) + "\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
