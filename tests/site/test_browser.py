"""Every page of the built book in a real browser: at home, on a phone, in the dark, by keyboard, and with no scripts.

The pages are served from a folder below the root of a local server, since a book may be published anywhere.
Screenshots of every page are left in _build/screenshots for whoever wants to look.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from browser import choose, settle, watch
from pages import EXERCISE_PAGES, EXPLORER_PAGES, PAGES, ROOT
from playwright.sync_api import Browser, Page, expect

pytest_plugins = ["browser"]  # its fixtures

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "_build" / "screenshots"
OWN = ("data:", "blob:")  # what a page makes itself: pictures, and the module of its explorers
WIDTHS, THEMES = (1200, 320), ("light", "dark")
LOOKED_AT = [("light", 1200), ("dark", 320)]  # and kept, for whoever wants to see the pages

# Explorers first, so that a page has the same place in both lists and is opened once for all of its tests.
ALL_PAGES = EXPLORER_PAGES + [page for page in PAGES if page not in EXPLORER_PAGES]
EACH_PAGE = pytest.mark.parametrize("opened", ALL_PAGES, indirect=True)

# What axe finds in the theme itself, and only there.
OF_THE_THEME = {
    # The names that they have for screen readers ("Search", "Color mode") are not the words inside them.
    "label-content-name-mismatch": ".search-button-field, .theme-switch-button",
    # The book's name and logo stand in the sidebar outside of all landmarks.
    "region": ".navbar-brand *",
}


@EACH_PAGE
def test_formulas_are_typeset(opened: SimpleNamespace) -> None:
    left = opened.page.evaluate(
        """() => {
            const article = document.querySelector("article").cloneNode(true);
            const bare = article.querySelectorAll(".math:not(:has(mjx-container)), mjx-merror").length;
            article.querySelectorAll("pre, code, script, style, mjx-container").forEach(e => e.remove());
            return [bare, /\\$|\\\\\\(|\\\\\\[|\\\\begin/.test(article.textContent)];
        }"""
    )
    assert left == [0, False]


@EACH_PAGE
def test_no_page_scrolls_sideways_in_either_theme(opened: SimpleNamespace) -> None:
    page = opened.page
    for theme in THEMES:
        choose(page, theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("scrollTo(10000, 0)")
            assert page.evaluate("scrollX") == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if (theme, width) in LOOKED_AT:
                name = f"{opened.name.replace('/', '-')}-{theme}-{width}.jpeg"
                page.screenshot(path=SCREENSHOTS / name, full_page=True, quality=60, type="jpeg", animations="disabled")
    page.set_viewport_size({"width": 1200, "height": 900})


@EACH_PAGE
def test_axe_finds_nothing_of_ours(opened: SimpleNamespace) -> None:
    page = opened.page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in THEMES:
        choose(page, theme)
        assert not axe_finds(page), f"in the {theme} theme"


def axe_finds(page: Page, inside: str = "html") -> list[tuple[str, list[str], str]]:
    """What axe, which has been loaded, has to say of a part of the page, but for what belongs to the theme."""
    found = page.evaluate(
        "inside => axe.run(inside, {resultTypes: ['violations']}).then(found => found.violations)", inside
    )
    return [
        (violation["id"], node["target"], node["failureSummary"])
        for violation in found
        for node in violation["nodes"]
        if not belongs_to_the_theme(page, violation["id"], node["target"][0])
    ]


def belongs_to_the_theme(page: Page, rule: str, target: str) -> bool:
    return rule in OF_THE_THEME and page.locator(target).evaluate("(e, of) => e.matches(of)", OF_THE_THEME[rule])


@EACH_PAGE
def test_every_icon_is_in_the_trimmed_script(opened: SimpleNamespace) -> None:
    icons = opened.page.locator("svg.svg-inline--fa")
    assert icons.count() > 5
    assert icons.locator(":scope:not(:has(> path))").count() == 0  # an unknown one is drawn as a moving question mark
    assert opened.page.locator("i.fa-solid, i.fas").count() == 0


@EACH_PAGE
def test_nothing_went_wrong_and_nothing_came_from_elsewhere(opened: SimpleNamespace, address: str) -> None:
    """After all that the other tests did to the page."""
    assert opened.noted.problems == []
    assert [url for url in opened.noted.requests if not url.startswith((f"{address}/", *OWN))] == []


# --- other ways to read the book ---


@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_page_opens_as_a_file(page: str, browser: Browser, site: Path) -> None:
    with browser.new_context() as context:
        opened = context.new_page()
        noted = watch(opened)
        opened.goto((site / f"{page}.html").as_uri())
        settle(opened)
        assert noted.problems == []
        assert [url for url in noted.requests if not url.startswith((site.as_uri(), *OWN))] == []


@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_page_can_be_read_with_scripts_switched_off(page: str, browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(f"{address}/{page}.html")
        expect(opened.locator("article h1")).to_be_visible()
        assert len(opened.locator("article").inner_text()) > 500
        for in_its_place in opened.locator("[data-stands-for]").all():
            expect(in_its_place.locator("svg[role='img']").first).to_be_visible()
            expect(in_its_place.locator("figcaption")).to_be_visible()


# --- reading progress ---

EXERCISES_PAGE, ANOTHER = EXERCISE_PAGES[:2]


def test_what_a_reader_ticks_off_is_kept_shown_and_erased(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        noted = watch(page)
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        line, badges = page.locator(".progress-line"), page.locator(".progress-badge")
        sections, exercises = page.get_by_label("Read: ", exact=False), page.get_by_label("Done: ", exact=False)
        n_sections, n_exercises = sections.count(), exercises.count()
        assert n_sections >= 4
        assert n_exercises >= 4
        told = "Read here: {} of {} sections. Done: {} of {} exercises."
        expect(line).to_have_text(told.format(0, n_sections, 0, n_exercises))
        expect(badges).to_have_count(0)
        exercises.first.check()
        sections.nth(1).check()
        sections.nth(2).check()
        sections.nth(2).uncheck()
        expect(line).to_have_text(told.format(1, n_sections, 1, n_exercises))
        page.reload()
        expect(line).to_have_text(told.format(1, n_sections, 1, n_exercises))
        expect(exercises.first).to_be_checked()
        expect(sections.nth(1)).to_be_checked()
        expect(sections.nth(2)).not_to_be_checked()
        expect(badges).to_have_text([f"2/{n_sections + n_exercises}"])
        page.goto(f"{address}/{ANOTHER}.html")
        page.get_by_label("Read: ", exact=False).first.check()
        expect(badges).to_have_count(2)  # every page has a record of its own
        page.goto(f"{address}/chapters/index.html")
        overview = page.locator("#reading-progress")
        expect(overview).to_contain_text("ticked off 3 sections and exercises on 2 pages")
        expect(badges).to_have_count(2)
        overview.get_by_role("button", name="Erase my progress").click()
        expect(badges).to_have_count(0)
        expect(overview).to_contain_text("Below every section")
        assert (
            page.evaluate("localStorage.length - Number('theme' in localStorage) - Number('mode' in localStorage)") == 0
        )
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        expect(line).to_have_text(told.format(0, n_sections, 0, n_exercises))
        assert noted.problems == []


@pytest.mark.parametrize(
    "script",
    [
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
        "Storage.prototype.getItem = () => { throw new DOMException('no', 'SecurityError'); }",
    ],
)
def test_progress_works_where_a_browser_keeps_nothing(browser: Browser, address: str, script: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        noted = watch(page)
        page.add_init_script(script)
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        boxes = page.get_by_label("Done: ", exact=False)
        boxes.nth(0).check()
        boxes.nth(1).check()
        expect(page.locator(".progress-line")).to_contain_text("Done: 2 of")
        assert [problem for problem in noted.problems if "progress" in problem] == []


@pytest.mark.parametrize(
    "kept",
    [
        *("{broken", "null", "[]", "5", '"x"', '[{"total": 1, "done": ["a"]}]', '{"x": {"total": 1, "done": null}}'),
        *('{"PAGE": null}', '{"PAGE": 5}', '{"PAGE": {"done": {}}}', '{"PAGE": {"total": "9", "done": "abc"}}'),
        *('{"PAGE": {"total": 3, "done": [1, null]}}', '{"PAGE": {"total": 99, "done": ["a-section-that-is-gone"]}}'),
        '{"chapters/a-page-that-is-gone": {"total": 4, "done": ["a"]}}',
        *('{"ANOTHER": {"total": -5, "done": ["a", "b"]}}', '{"ANOTHER": {"total": 1, "done": ["a", "b"]}}'),
    ],
)
def test_progress_survives_what_is_kept_wrong(browser: Browser, address: str, kept: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        noted = watch(page)
        page.goto(f"{address}/chapters/index.html")
        page.evaluate(
            "kept => localStorage.setItem('scratchnet-progress', kept)",
            kept.replace("PAGE", EXERCISES_PAGE).replace("ANOTHER", ANOTHER),
        )
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        expect(page.locator(".progress-line")).to_contain_text("Done: 0 of")
        expect(page.locator(".progress-badge")).to_have_count(0)
        page.get_by_label("Done: ", exact=False).first.check()
        expect(page.locator(".progress-line")).to_contain_text("Done: 1 of")
        page.goto(f"{address}/search.html")  # in another folder
        expect(page.locator(".progress-badge")).to_contain_text("1/")
        page.goto(f"{address}/chapters/index.html")
        overview = page.locator("#reading-progress")
        expect(overview).to_contain_text("ticked off 1 section or exercise on 1 page")
        overview.get_by_role("button", name="Erase my progress").press("Enter")
        expect(overview).to_be_focused()
        assert page.evaluate("localStorage.getItem('scratchnet-progress')") is None
        page.go_back()
        page.go_back()
        expect(page.get_by_label("Done: ", exact=False).first).not_to_be_checked()
        # Leaving a page may cut the loading of its icon short.
        assert [problem for problem in noted.problems if not problem.startswith("failed: ")] == []


def test_hints_solutions_and_answers_open_by_keyboard(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        for kind in ("hint", "solution", "right", "wrong"):
            details = page.locator(f"details.{kind}").first
            body = details.locator(":scope > :not(summary)").first
            expect(body).to_be_hidden()
            details.locator("summary").press("Enter")
            expect(body).to_be_visible()


# --- scripts that choose badly, or do not come ---


def test_no_stored_choice_of_mathjax_breaks_a_page(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        noted = watch(page)
        page.goto(f"{address}/chapters/index.html")
        chosen = '{"renderer": "SVG", "explorer": true, "collapsible": true, "assistiveMml": false}'
        page.evaluate("chosen => localStorage.setItem('MathJax-Menu-Settings', chosen)", chosen)
        page.wait_for_load_state("networkidle")  # what is asked for when a page is left fails
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        settle(page)
        assert page.locator(".math:not(:has(mjx-container))").count() == 0
        page.locator("mjx-container").first.click(button="right")
        assert page.locator("[class*=CtxtMenu]").count() == 0  # which offers what the book does not bring
        assert noted.problems == []


def test_formulas_stay_readable_where_mathjax_does_not_load(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/vendor/mathjax/**", lambda route: route.abort())
        page.goto(f"{address}/{EXERCISES_PAGE}.html")
        for math in page.locator("article .math").all():
            assert "\\" in math.inner_text() or not math.is_visible()


# --- search ---


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("0.693", "Visualization"),
        ("matmul: Input operand 1 has a mismatch in its core dimension 0", "When you are stuck"),
        ('"y must have shape (400, 1), got (400,)"', "When you are stuck"),
    ],
)
def test_a_search_finds_a_number_and_a_quoted_message(browser: Browser, address: str, words: str, title: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/search.html?q={quote(words)}")
        expect(page.locator("#search-results")).to_contain_text(title)
