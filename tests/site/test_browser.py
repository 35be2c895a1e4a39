"""Every page of the built book in a real browser: at home, on a phone, in the dark, by keyboard, and with no scripts.

The pages are served from a folder below the root of a local server, since a book may be published anywhere.
Screenshots of every page are left in _build/screenshots for whoever wants to look.
"""

from __future__ import annotations

import ast
import dis
import functools
import itertools
import random
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import nbformat
import pytest
from browser import choose, settle, watch
from pages import EXERCISE_PAGES, NOTEBOOKS, PAGES, ROOT, cells_of
from playwright.sync_api import Browser, Locator, Page, expect

import scratchnet
from benchmarks.pages import LIMITS, frames, weigh

pytest_plugins = ["browser"]  # its fixtures

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "_build" / "screenshots"
WIDTHS, THEMES = (1200, 320), ("light", "dark")

EXPLORER_PAGES = [page for page in NOTEBOOKS if cells_of(page, tag="explorer")]
# Explorers first, so that a page has the same place in both lists and is opened once for all of its tests.
ALL_PAGES = EXPLORER_PAGES + [page for page in PAGES if page not in EXPLORER_PAGES]
EACH_PAGE = pytest.mark.parametrize("opened", ALL_PAGES, indirect=True)
EACH_EXPLORER_PAGE = pytest.mark.parametrize("opened", EXPLORER_PAGES, indirect=True)

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
            name = f"{opened.name.replace('/', '-')}-{theme}-{width}.jpeg"
            page.screenshot(path=SCREENSHOTS / name, full_page=True, quality=60, type="jpeg", animations="disabled")
    page.set_viewport_size({"width": 1200, "height": 900})


@EACH_PAGE
def test_axe_finds_nothing_of_ours(opened: SimpleNamespace) -> None:
    page = opened.page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in THEMES:
        choose(page, theme)
        found = page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
        ours = [
            (violation["id"], node["target"], node["failureSummary"])
            for violation in found
            for node in violation["nodes"]
            if not belongs_to_the_theme(page, violation["id"], node["target"][0])
        ]
        assert not ours, f"in the {theme} theme"


def belongs_to_the_theme(page: Page, rule: str, target: str) -> bool:
    return rule in OF_THE_THEME and page.locator(target).evaluate("(e, of) => e.matches(of)", OF_THE_THEME[rule])


# --- explorers ---


def names_in(source: str) -> tuple[set[str], set[str], set[str]]:
    """The global names that a cell sets, those whose objects it changes, and those that it needs from before."""
    sets, changes, needs = set(), set(), set()
    later = []
    code = compile(source, "cell", "exec")
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            sets.add(step.argval)
        if step.opname == "LOAD_NAME" and step.argval not in sets:
            needs.add(step.argval)
    functions = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    for function in functions:
        functions += [constant for constant in function.co_consts if isinstance(constant, CodeType)]
        later += [step.argval for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL"]
    needs |= set(later) - sets
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            targets = [node.value.func]  # a method that is called for its effect
        for target in targets:
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
                if isinstance(target, ast.Name):
                    changes.add(target.id)
    return sets, changes, needs


@functools.cache
def fresh_explorers(page: str) -> list[SimpleNamespace]:
    """What the page's notebook hands to `explorer` when its cells run now: the explorers' own and those they need."""
    notebook = nbformat.read(ROOT / f"{page}.ipynb", as_version=4)
    needed: set[str] = set()
    sources: list[str] = []
    for cell in reversed([cell for cell in notebook.cells if cell.cell_type == "code"]):
        sets, changes, needs = names_in(cell.source)
        if "explorer" in cell.metadata.get("tags", []) or (sets | changes) & needed - {"plt"}:
            sources.insert(0, cell.source)
            needed = needed - sets | needs
    made: list[SimpleNamespace] = []

    def explorer(axes: Any, frame: Any, **options: Any) -> None:
        defaults = {"start": {}, "presets": {}, "play": None}
        made.append(SimpleNamespace(axes=axes, frame=functools.cache(frame), **(defaults | options)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratchnet, "explorer", explorer)
        namespace: dict[str, Any] = {}
        for source in sources:
            exec(compile(source, page, "exec"), namespace)  # noqa: S102
    return made


def text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class OnPage:
    """An explorer on a page, and the same one made anew by scratchnet."""

    def __init__(self, root: Locator, fresh: SimpleNamespace) -> None:
        self.root, self.page, self.fresh, self.axes = root, root.page, fresh, fresh.axes
        self.handles = dict(zip(self.axes, root.locator(".noUi-handle").all(), strict=True))
        self.status = root.locator("xpath=following-sibling::*[@role='status']")
        self.start = {name: values[0] for name, values in self.axes.items()} | fresh.start

    def move(self, setting: dict[str, Any]) -> None:
        """Move the sliders, each in a task of its own as a hand would."""
        positions = [self.axes[name].index(setting[name]) if name in setting else None for name in self.axes]
        self.root.evaluate(
            """async (explorer, positions) => {
                for (const [i, slider] of explorer.querySelectorAll(".noUi-target").entries()) {
                    if (positions[i] !== null) slider.noUiSlider.set(positions[i]);
                    await new Promise(resolve => setTimeout(resolve));
                }
            }""",
            positions,
        )

    def setting(self) -> dict[str, str | None]:
        """What the sliders tell a screen reader."""
        return {name: handle.get_attribute("aria-valuetext") for name, handle in self.handles.items()}

    def expect(self, setting: dict[str, Any]) -> None:
        """Check that the sliders say this setting, and that the frame is the one that scratchnet draws for it now."""
        told, shown, expected = self.root.evaluate(
            """async (explorer, html) => {
                const template = document.createElement("template");
                template.innerHTML = html;
                const shown = () => (explorer.querySelector("figure") || explorer).outerHTML;
                const end = performance.now() + 5000;
                while (shown() !== template.innerHTML && performance.now() < end)
                    await new Promise(resolve => setTimeout(resolve, 5));
                const handles = [...explorer.querySelectorAll(".noUi-handle")];
                return [handles.map(e => e.getAttribute("aria-valuetext")), shown(), template.innerHTML];
            }""",
            self.fresh.frame(**setting),
        )
        assert told == [text(setting[name]) for name in self.axes]
        assert shown == expected, setting

    def expect_said(self) -> None:
        """Check that the caption comes to be read out."""
        expect(self.status).to_have_text(self.root.locator("figcaption").inner_text(), timeout=5000)


def explorers(opened: SimpleNamespace) -> list[OnPage]:
    roots = opened.page.locator(".explorer").all()
    return [OnPage(*pair) for pair in zip(roots, fresh_explorers(opened.name), strict=True)]


@EACH_EXPLORER_PAGE
def test_explorers_begin_at_their_start_and_read_nothing_out(opened: SimpleNamespace) -> None:
    for explorer in explorers(opened):
        explorer.expect(explorer.start)
        expect(explorer.status).to_be_empty()


@EACH_EXPLORER_PAGE
def test_every_slider_goes_from_end_to_end_by_keyboard(opened: SimpleNamespace) -> None:
    for explorer in explorers(opened):
        for name, values in explorer.axes.items():
            handle = explorer.handles[name]
            assert handle.get_attribute("aria-label") == name.replace("_", " ")
            handle.focus()
            frames = []
            for key, value in zip(["Home"] + ["ArrowRight"] * (len(values) - 1), values, strict=True):
                handle.press(key)
                explorer.expect(explorer.start | {name: value})
                frames.append(explorer.root.locator("figure > div").inner_html())
            assert frames[0] != frames[-1]
            captions = {explorer.fresh.frame(**explorer.start | {name: value}) for value in values}
            assert len(captions) == len(values)
            for key, value in ("Home", values[0]), ("End", values[-1]), ("ArrowLeft", values[-2]):
                handle.press(key)
                explorer.expect(explorer.start | {name: value})
            if value != explorer.start[name]:
                explorer.expect_said()
            explorer.move(explorer.start)


@EACH_EXPLORER_PAGE
def test_frames_equal_a_fresh_run(opened: SimpleNamespace) -> None:
    rng = random.Random(opened.name)
    for explorer in explorers(opened):
        ends = itertools.product(*((values[0], values[-1]) for values in explorer.axes.values()))
        chosen = [tuple(rng.choice(values) for values in explorer.axes.values()) for _ in range(20)]
        for values in [*ends, *chosen]:
            setting = dict(zip(explorer.axes, values, strict=True))
            explorer.move(setting)
            explorer.expect(setting)


@EACH_EXPLORER_PAGE
def test_presets_set_the_sliders_and_read_the_result_out(opened: SimpleNamespace) -> None:
    for explorer in explorers(opened):
        explorer.move(explorer.start)
        buttons = explorer.root.locator(".explorer-presets button")
        assert buttons.all_inner_texts() == list(explorer.fresh.presets)
        for sentence, preset in explorer.fresh.presets.items():
            buttons.get_by_text(sentence, exact=True).click()
            explorer.page.wait_for_timeout(50)
            explorer.expect(explorer.start | preset)
        explorer.expect_said()


@EACH_EXPLORER_PAGE
def test_play_runs_pauses_steps_and_stops(opened: SimpleNamespace) -> None:
    for explorer in explorers(opened):
        if explorer.fresh.play is None:
            continue
        axis, values = explorer.fresh.play, explorer.axes[explorer.fresh.play]
        handle = explorer.handles[axis]
        play = explorer.root.get_by_role("button", name="Play", exact=True)
        pause = explorer.root.get_by_role("button", name="Pause", exact=True)
        explorer.move(explorer.start | {axis: values[0]})
        explorer.expect_said()
        said = explorer.status.inner_text()
        play.click()
        reached = "handle => Number(handle.getAttribute('aria-valuenow')) >= 2"
        explorer.page.wait_for_function(reached, arg=handle.element_handle())
        assert explorer.status.inner_text() == said  # not every frame on the way
        pause.click()
        expect(play).to_be_visible()
        stopped_at = values.index(next(value for value in values if text(value) == explorer.setting()[axis]))
        explorer.page.wait_for_timeout(700)
        explorer.expect(explorer.start | {axis: values[stopped_at]})
        explorer.expect_said()
        explorer.root.get_by_role("button", name=f"Next {axis}").click()
        explorer.expect(explorer.start | {axis: values[stopped_at + 1]})
        explorer.root.get_by_role("button", name=f"Previous {axis}").click()
        explorer.expect(explorer.start | {axis: values[stopped_at]})
        explorer.move({axis: values[-2]})
        play.click()
        expect(handle).to_have_attribute("aria-valuetext", text(values[-1]))
        expect(play).to_be_visible()  # it stops by itself
        explorer.root.get_by_role("button", name="Stop and go back to the start").click()
        explorer.expect(explorer.start | {axis: values[0]})


@EACH_EXPLORER_PAGE
def test_tab_reaches_every_control_in_order_and_shows_where_it_is(opened: SimpleNamespace) -> None:
    for explorer in explorers(opened):
        controls = explorer.root.locator("button:visible, .noUi-handle").all()
        controls[0].focus()
        explorer.page.keyboard.press("Shift+Tab")
        for control in controls:
            explorer.page.keyboard.press("Tab")
            assert control.evaluate("e => e === document.activeElement")
            assert control.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
            box = control.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24


# The least contrast between a text of an explorer and what is behind it; axe leaves out what is wholly invisible.
LEAST_CONTRAST = """explorer => {
    const channels = color => color.match(/[0-9.]+/g).map(Number);
    const luminance = color => {
        const linear = c => c <= 10 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = channels(color).map(linear);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = e => {
        const color = getComputedStyle(e).backgroundColor;
        return e.parentElement && channels(color)[3] === 0 ? background(e.parentElement) : color;
    };
    const texts = ".widget-label, .widget-readout, button, .fa, figcaption, figure p, .without-kernel";
    const pairs = [...explorer.querySelectorAll(texts)].map(e => [getComputedStyle(e).color, background(e)]);
    for (const e of explorer.querySelectorAll("svg text")) pairs.push([getComputedStyle(e).fill, background(e)]);
    for (const e of explorer.querySelectorAll(".noUi-handle"))
        pairs.push([getComputedStyle(e).borderColor, background(e.parentElement)]);
    return Math.min(...pairs.map(pair => {
        const [low, high] = pair.map(luminance).sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    }));
}"""


@EACH_EXPLORER_PAGE
def test_explorers_are_legible_in_both_themes(opened: SimpleNamespace) -> None:
    for theme in THEMES:
        choose(opened.page, theme)
        for explorer in explorers(opened):
            assert explorer.root.evaluate(LEAST_CONTRAST) >= 4.5, theme
            box = explorer.status.bounding_box()
            assert box is not None
            assert max(box["width"], box["height"]) <= 1  # for the ear only


@EACH_EXPLORER_PAGE
def test_nothing_slides_for_a_reader_who_wants_no_motion(opened: SimpleNamespace) -> None:
    for explorer in explorers(opened):
        moving = explorer.root.evaluate(
            """explorer => {
                const target = explorer.querySelector(".noUi-target");
                target.classList.add("noUi-state-tap");  // as after a tap on the track
                const property = getComputedStyle(target.querySelector(".noUi-origin")).transitionProperty;
                target.classList.remove("noUi-state-tap");
                return property;
            }"""
        )
        assert moving == "none"


@EACH_EXPLORER_PAGE
def test_print_shows_the_frame_in_the_light_theme_without_its_controls(opened: SimpleNamespace) -> None:
    choose(opened.page, "dark")
    for event, theme in ("beforeprint", "light"), ("afterprint", "dark"):
        opened.page.evaluate("event => dispatchEvent(new Event(event))", event)
        assert opened.page.evaluate("document.documentElement.dataset.theme") == theme
    opened.page.emulate_media(media="print")
    for explorer in explorers(opened):
        expect(explorer.root.locator("figure svg").first).to_be_visible()
        expect(explorer.root.locator("figcaption")).to_be_visible()
        for control in explorer.root.locator("button, .noUi-handle").all():
            expect(control).to_be_hidden()
    opened.page.emulate_media(media="screen")


@EACH_PAGE
def test_every_icon_is_in_the_trimmed_script(opened: SimpleNamespace) -> None:
    icons = opened.page.locator("svg.svg-inline--fa")
    assert icons.count() > 5
    assert icons.locator(":scope:not(:has(> path))").count() == 0  # an unknown one is drawn as a moving question mark
    assert opened.page.locator("i.fa-solid, i.fas").count() == 0


@EACH_EXPLORER_PAGE
def test_explorers_weigh_little(opened: SimpleNamespace, site: Path, address: str) -> None:
    asked = [url.removeprefix(f"{address}/") for url in opened.noted.requests if url.startswith(address)]
    weight = weigh(site, [url.partition("?")[0] for url in asked])
    assert weight["gz_kb"] <= LIMITS["page_gz_kb"]
    assert max(frames(site / f"{opened.name}.html")) <= LIMITS["frames_gz_kb"]


@EACH_PAGE
def test_nothing_went_wrong_and_nothing_came_from_elsewhere(opened: SimpleNamespace, address: str) -> None:
    """After all that the other tests did to the page."""
    assert opened.noted.problems == []
    assert [url for url in opened.noted.requests if not url.startswith((f"{address}/", "data:"))] == []


# --- other ways to read the book ---


@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_page_opens_as_a_file(page: str, browser: Browser, site: Path) -> None:
    with browser.new_context() as context:
        opened = context.new_page()
        noted = watch(opened)
        opened.goto((site / f"{page}.html").as_uri())
        settle(opened)
        assert noted.problems == []
        assert [url for url in noted.requests if not url.startswith((site.as_uri(), "data:"))] == []


@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_page_can_be_read_with_scripts_switched_off(page: str, browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(f"{address}/{page}.html")
        expect(opened.locator("article h1")).to_be_visible()
        assert len(opened.locator("article").inner_text()) > 500
        for place in opened.locator("script[type$='widget-view+json']").all():
            in_its_place = place.locator("xpath=following-sibling::noscript")
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
    ],
)
def test_progress_survives_what_is_kept_wrong(browser: Browser, address: str, kept: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        noted = watch(page)
        page.goto(f"{address}/chapters/index.html")
        page.evaluate("kept => localStorage.setItem('scratchnet-progress', kept)", kept.replace("PAGE", EXERCISES_PAGE))
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
