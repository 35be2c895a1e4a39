"""What the tests with a browser share: the browser, the book served as a site, a page opened and watched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.pages import QUIET, UNCOVER, chromium, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if (executable := chromium()) is None:
        message = "no Chromium found: install it (Debian: apt install chromium), or name one in CHROMIUM"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    # For one file only: while Playwright runs, its event loop would be in the way of others in the same process.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the book is served: in a folder, not at the root."""
    with served(site.parent) as root:
        yield f"{root}/{site.name}"


def watch(page: Page) -> SimpleNamespace:
    """Note what the page asks for, and what goes wrong in it."""
    noted = SimpleNamespace(requests=[], problems=[])
    page.on("request", lambda request: noted.requests.append(request.url))
    page.on("requestfailed", lambda request: noted.problems.append(f"failed: {request.url}"))
    page.on(
        "response",
        lambda response: (
            response.ok or response.status == 304 or noted.problems.append(f"{response.status}: {response.url}")
        ),
    )
    page.on("console", lambda message: message.type == "error" and noted.problems.append(message.text))
    page.on("pageerror", lambda error: noted.problems.append(str(error)))
    return noted


def settle(page: Page) -> None:
    """Wait until formulas and explorers are there."""
    page.wait_for_function("!window.MathJax || (MathJax.startup && MathJax.startup.document)")
    page.evaluate("window.MathJax && MathJax.startup.promise.then(() => {})")
    page.wait_for_function("document.documentElement.dataset.explorers === 'ready'")


def choose(page: Page, theme: str) -> None:
    """Prefer a theme, as a reader's system does."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[SimpleNamespace]:
    """A page of the book with nothing covered, opened once for all tests of it."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    context.add_init_script(UNCOVER)
    page = context.new_page()
    noted = watch(page)
    page.goto(f"{address}/{request.param}.html")
    settle(page)
    yield SimpleNamespace(name=request.param, page=page, noted=noted)
    context.close()
