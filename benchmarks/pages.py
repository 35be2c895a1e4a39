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
# kB compressed of an explorer page without its static figures, and of an explorer's frames; ms.
# Nodes and heap after STEPS moves and a collection, relative to before.
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
        browser.close()
    print(f"Medians of {LOADS} loads with an empty cache and of {MOVES} key presses for each explorer.")
    print(table(rows))
    print("\n".join(misses(rows)) or "Every explorer page is within its limits.")
    if options.json:
        options.json.write_text(json.dumps({"limits": LIMITS, "pages": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
