"""Every explorer of the built book in a browser: its controls, each way to move them, what a long use leaves behind."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browser import choose, settle, watch
from pages import EXPLORER_PAGES, fresh, shown_on
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.pages import LIMITS, UNCOVER, frames, growth, weigh
from scratchnet.book import Explorer

pytest_plugins = ["browser"]  # its fixtures

THEMES = ("light", "dark")
LAPTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
EACH_EXPLORER_PAGE = pytest.mark.parametrize("opened", EXPLORER_PAGES, indirect=True)


def text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class OnPage:
    """An explorer on a page, and the same one computed now."""

    def __init__(self, root: Locator, explorer: Explorer) -> None:
        self.root, self.page, self.fresh = root, root.page, explorer
        self.status, self.stage = root.locator(".explorer-status"), root.locator(".explorer-frame")

    def control(self, axis: str) -> Locator:
        """The slider of an axis, or its radio buttons."""
        return self.root.locator(f"input[data-axis='{axis}']")

    def is_range(self, axis: str) -> bool:
        return self.control(axis).first.get_attribute("type") == "range"

    def move(self, setting: dict[str, Any]) -> None:
        """Move the controls as a hand would: every one says `input` or `change`."""
        for axis, value in setting.items():
            place = self.fresh.axes[axis].index(value)
            if self.is_range(axis):
                self.control(axis).evaluate("(e, n) => { e.value = n; e.dispatchEvent(new Event('input')); }", place)
            else:
                self.control(axis).nth(place).check(force=True)

    def setting(self) -> list[str | None]:
        """What the controls tell a screen reader."""
        return [
            self.control(axis).get_attribute("aria-valuetext")
            if self.is_range(axis)
            else self.root.locator(f"input[data-axis='{axis}']:checked").get_attribute("value")
            for axis in self.fresh.axes
        ]

    def expect(self, setting: dict[str, Any]) -> None:
        """Check that the controls say this setting, and that the one frame is what scratchnet draws for it now."""
        assert self.setting() == [text(setting[axis]) for axis in self.fresh.axes]
        shown, expected, count = self.stage.evaluate(
            """(stage, html) => {
                const template = document.createElement("template");
                template.innerHTML = html;
                return [stage.innerHTML, template.innerHTML, stage.querySelectorAll("figure").length];
            }""",
            self.fresh.frame(**setting),
        )
        assert count == 1
        assert shown == expected, setting

    def expect_said(self) -> None:
        """Check that the caption comes to be read out."""
        expect(self.status).to_have_text(self.root.locator("figcaption").inner_text(), timeout=5000)


def on(opened: SimpleNamespace) -> list[OnPage]:
    roots = opened.page.locator("[data-explorer]").all()
    return [OnPage(root, fresh(name)) for root, name in zip(roots, shown_on(opened.name), strict=True)]


@EACH_EXPLORER_PAGE
def test_explorers_begin_at_their_start_and_read_nothing_out(opened: SimpleNamespace) -> None:
    assert opened.page.locator("[data-stands-for]").count() == 0
    for explorer in on(opened):
        explorer.expect(explorer.fresh.start)
        expect(explorer.status).to_be_empty()


@EACH_EXPLORER_PAGE
def test_every_axis_goes_from_end_to_end_by_keyboard(opened: SimpleNamespace) -> None:
    for explorer in on(opened):
        start = explorer.fresh.start
        for axis, values in explorer.fresh.axes.items():
            control = explorer.control(axis)
            shown = []
            if explorer.is_range(axis):
                assert explorer.root.get_by_label(axis.replace("_", " "), exact=True).count() == 1
                keys = ["Home"] + ["ArrowRight"] * (len(values) - 1)
                control.focus()
            else:
                assert explorer.root.get_by_role("group", name=axis.replace("_", " "), exact=True).count() == 1
                explorer.move({axis: values[0]})
                control.first.focus()
                keys = [""] + ["ArrowRight"] * (len(values) - 1)
            for key, value in zip(keys, values, strict=True):
                if key:
                    explorer.page.keyboard.press(key)
                explorer.expect(start | {axis: value})
                shown.append(explorer.stage.inner_html())
            assert len(set(shown)) == len(values)
            if explorer.is_range(axis):
                for key, value in ("Home", values[0]), ("End", values[-1]), ("ArrowLeft", values[-2]):
                    control.press(key)
                    explorer.expect(start | {axis: value})
                control.press("PageDown")
                assert explorer.setting() != [text(value) for value in (start | {axis: values[-2]}).values()]
            for setting in {axis: values[-1] if start[axis] == values[0] else values[0]}, start:
                explorer.move(setting)
                explorer.expect_said()


@EACH_EXPLORER_PAGE
def test_frames_equal_a_fresh_run(opened: SimpleNamespace) -> None:
    rng = random.Random(opened.name)
    for explorer in on(opened):
        axes = explorer.fresh.axes
        ends = itertools.product(*((values[0], values[-1]) for values in axes.values()))
        chosen = [tuple(rng.choice(values) for values in axes.values()) for _ in range(20)]
        for values in [*ends, *chosen]:
            setting = dict(zip(axes, values, strict=True))
            explorer.move(setting)
            explorer.expect(setting)
        explorer.move(explorer.fresh.start)


@EACH_EXPLORER_PAGE
def test_presets_set_the_controls_and_read_the_result_out(opened: SimpleNamespace) -> None:
    for explorer in on(opened):
        explorer.move(explorer.fresh.start)
        buttons = explorer.root.locator(".explorer-presets button")
        assert buttons.all_inner_texts() == list(explorer.fresh.presets)
        setting = explorer.fresh.start
        for sentence, preset in explorer.fresh.presets.items():
            setting = setting | preset
            buttons.get_by_text(sentence, exact=True).click()
            explorer.expect(setting)
            explorer.expect_said()
        explorer.move(explorer.fresh.start)


@EACH_EXPLORER_PAGE
def test_play_runs_from_the_first_frame_in_ten_seconds_pauses_and_steps(
    opened: SimpleNamespace, browser: Browser
) -> None:
    with browser.new_context(viewport=LAPTOP) as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        page.clock.install()
        page.goto(opened.page.url)
        settle(page)
        for explorer in on(SimpleNamespace(page=page, name=opened.name)):
            if not explorer.fresh.play:
                continue
            axis, values = explorer.fresh.play, explorer.fresh.axes[explorer.fresh.play]
            start = explorer.fresh.start
            button = explorer.root.locator(".explorer-player button").first
            explorer.move({axis: values[-1]})
            page.clock.run_for(1000)
            said = explorer.status.inner_text()
            button.click()
            assert button.inner_text() == "Pause"
            explorer.expect(start | {axis: values[0]})  # from the end it begins anew
            page.clock.run_for(5_000)
            assert explorer.status.inner_text() == said  # not every frame on the way
            button.click()
            middle = explorer.setting()[list(explorer.fresh.axes).index(axis)]  # the clock goes on by itself, too
            assert text(values[0]) != middle != text(values[-1])
            page.clock.run_for(5_000)
            assert explorer.setting()[list(explorer.fresh.axes).index(axis)] == middle  # it stands where it was
            explorer.expect_said()
            at = [text(value) for value in values].index(str(middle))
            explorer.root.get_by_role("button", name=f"Next {axis}").click()
            explorer.expect(start | {axis: values[at + 1]})
            explorer.root.get_by_role("button", name=f"Previous {axis}").click()
            explorer.expect(start | {axis: values[at]})
            button.click()
            page.clock.run_for(10_000 * (1 - at / (len(values) - 1)) + 100)
            explorer.expect(start | {axis: values[-1]})
            assert button.inner_text() == "Play"  # it stops by itself
            explorer.root.get_by_label("Speed").select_option("2×")
            button.click()
            page.clock.run_for(5_100)
            explorer.expect(start | {axis: values[-1]})
            assert button.inner_text() == "Play"


@EACH_EXPLORER_PAGE
def test_tab_reaches_every_control_in_order_and_shows_where_it_is(opened: SimpleNamespace) -> None:
    for explorer in on(opened):
        order = "button:visible, input[type=range], input[type=radio]:checked, select, a"
        controls = explorer.root.locator(order).all()
        controls[0].focus()
        explorer.page.keyboard.press("Shift+Tab")
        for control in controls:
            explorer.page.keyboard.press("Tab")
            assert control.evaluate("e => e === document.activeElement")
            assert control.evaluate(
                "e => getComputedStyle(e.type === 'radio' ? e.nextElementSibling : e).outlineStyle === 'solid'"
            )
            box = control.bounding_box()
            assert box is not None
            if control.evaluate("e => e.tagName !== 'A'"):
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
    const texts = "label, legend, output, button, select, a, figcaption, figure p, .explorer-note";
    const pairs = [...explorer.querySelectorAll(texts)].map(e => [getComputedStyle(e).color, background(e)]);
    for (const e of explorer.querySelectorAll("svg text")) pairs.push([getComputedStyle(e).fill, background(e)]);
    return Math.min(...pairs.map(pair => {
        const [low, high] = pair.map(luminance).sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    }));
}"""


@EACH_EXPLORER_PAGE
def test_explorers_are_legible_in_both_themes(opened: SimpleNamespace) -> None:
    for theme in THEMES:
        choose(opened.page, theme)
        for explorer in on(opened):
            assert explorer.root.evaluate(LEAST_CONTRAST) >= 4.5, theme
            box = explorer.status.bounding_box()
            assert box is not None
            assert max(box["width"], box["height"]) <= 1  # for the ear only


@EACH_EXPLORER_PAGE
def test_an_explorer_fits_one_screen(opened: SimpleNamespace) -> None:
    """On a laptop all of it; on a phone two panels and the controls, and where there are more the controls stay."""
    for explorer in on(opened):
        opened.page.set_viewport_size(LAPTOP)
        box = explorer.root.bounding_box()
        assert box is not None
        assert box["height"] <= LAPTOP["height"] - 50  # the theme's header
        opened.page.set_viewport_size(PHONE)
        box = explorer.root.bounding_box()
        assert box is not None
        if explorer.root.locator("figure > div > *").count() <= 2:
            assert box["height"] <= PHONE["height"]
        explorer.root.evaluate("e => scrollTo(0, e.getBoundingClientRect().top + scrollY)")
        controls = explorer.root.locator(".explorer-controls").bounding_box()
        assert controls is not None
        assert controls["y"] + controls["height"] <= PHONE["height"] + 1
        opened.page.evaluate("scrollBy(0, -70)")  # which brings the theme's button, where there is room for it
        expect(opened.page.locator("#pst-back-to-top")).to_be_hidden()
    opened.page.set_viewport_size({"width": 1200, "height": 900})


@EACH_EXPLORER_PAGE
def test_print_shows_the_frame_in_the_light_theme_without_its_controls(opened: SimpleNamespace) -> None:
    choose(opened.page, "dark")
    for event, theme in ("beforeprint", "light"), ("afterprint", "dark"):
        opened.page.evaluate("event => dispatchEvent(new Event(event))", event)
        assert opened.page.evaluate("document.documentElement.dataset.theme") == theme
    opened.page.emulate_media(media="print")
    for explorer in on(opened):
        expect(explorer.root.locator("figure svg").first).to_be_visible()
        expect(explorer.root.locator("figcaption")).to_be_visible()
        for control in explorer.root.locator("button, input, select, a").all():
            expect(control).to_be_hidden()
    opened.page.emulate_media(media="screen")


@EACH_EXPLORER_PAGE
def test_a_setting_can_be_linked_to_and_a_wrong_link_says_what_is_wrong(
    opened: SimpleNamespace, browser: Browser
) -> None:
    with browser.new_context() as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        noted = watch(page)
        for name, explorer in zip(shown_on(opened.name), on(opened), strict=True):
            wanted = {axis: values[-1] for axis, values in explorer.fresh.axes.items()}
            explorer.move(wanted)
            link = explorer.root.locator(".explorer-link").get_attribute("href")
            explorer.move(explorer.fresh.start)
            page.goto("about:blank")
            page.goto(f"{opened.page.url.partition('#')[0]}{link}")
            settle(page)
            there = OnPage(page.locator(f"#explorer-{name}"), explorer.fresh)
            there.expect(wanted)
            axis = next(iter(wanted))
            page.evaluate("hash => { location.hash = hash; }", f"#explorer-{name}?{axis}=nonsense&nowhere=1")
            expect(there.root.locator(".explorer-answer, .explorer-status").first).to_have_text(re.compile("no"))
            there.expect(wanted)
        assert noted.problems == []


@EACH_EXPLORER_PAGE
def test_the_same_explorer_twice_on_a_page_moves_apart(opened: SimpleNamespace) -> None:
    """A second one, made from the same state, and moved."""
    before = [explorer.stage.inner_html() for explorer in on(opened)]
    moved = opened.page.evaluate(
        """async () => {
            const states = JSON.parse(document.querySelector("script[type$='widget-state+json']").textContent).state;
            const [state] = Object.values(states).map(model => model.state).filter(state => state.frames);
            const url = URL.createObjectURL(new Blob([state._esm], {type: "text/javascript"}));
            const widget = (await import(url)).default;
            const el = document.createElement("div");
            document.querySelector("article").append(el);
            const own = structuredClone(state);
            const model = {get: k => own[k], set: (k, v) => { own[k] = v; }, on() {}, off() {}, save_changes() {}};
            const remove = widget.render({model, el});
            const ids = [...document.querySelectorAll("[id]")].map(e => e.id).filter(id => id.startsWith("explorer"));
            const start = el.querySelector(".explorer-frame").innerHTML;
            for (const input of el.querySelectorAll("input[type=range]")) {
                input.value = input.value === "0" ? input.max : 0;
                input.dispatchEvent(new Event("input"));
            }
            for (const input of el.querySelectorAll("input[type=radio]:not(:checked)")) input.click();
            const changed = el.querySelector(".explorer-frame").innerHTML !== start;
            remove();
            el.remove();
            return [changed, new Set(ids).size === ids.length];
        }"""
    )
    assert moved == [True, True]
    for explorer, html in zip(on(opened), before, strict=True):
        explorer.expect(explorer.fresh.start)
        assert explorer.stage.inner_html() == html


@EACH_EXPLORER_PAGE
def test_a_long_use_leaves_nothing_behind(opened: SimpleNamespace, browser: Browser) -> None:
    with browser.new_context(viewport=LAPTOP) as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        page.goto(opened.page.url)
        settle(page)
        for explorer in on(SimpleNamespace(page=page, name=opened.name)):
            assert growth(page, explorer.root) <= LIMITS["growth"]


@EACH_EXPLORER_PAGE
def test_explorers_weigh_little(opened: SimpleNamespace, site: Path, address: str) -> None:
    asked = [url.removeprefix(f"{address}/") for url in opened.noted.requests if url.startswith(address)]
    weight = weigh(site, [re.split("[?#]", url)[0] for url in asked])
    assert weight["gz_kb"] <= LIMITS["page_gz_kb"]
    assert max(frames(site / f"{opened.name}.html")) <= LIMITS["frames_gz_kb"]


@EACH_EXPLORER_PAGE
@pytest.mark.parametrize("missing", ["loader.js", "the module"])
def test_where_a_script_does_not_load_the_figure_stays_and_a_sentence_says_so(
    opened: SimpleNamespace, browser: Browser, missing: str
) -> None:
    with browser.new_context() as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        page.add_init_script("URL.createObjectURL = () => 'blob:nowhere';")
        if missing == "loader.js":
            page.route("**/loader.js*", lambda route: route.abort())
        page.goto(opened.page.url)
        if missing != "loader.js":
            page.wait_for_function("document.documentElement.dataset.explorers === 'ready'")
        for place in page.locator(".explorer[data-stands-for]").all():
            expect(place.locator("figcaption")).to_be_visible()
            expect(place).to_contain_text("Its controls come with a script of this page, which has not run.")
        assert page.locator(".explorer[data-stands-for]").count() == len(shown_on(opened.name))


@pytest.fixture(scope="module")
def framed(browser: Browser, address: str) -> Iterator[Page]:
    """A page of the book in a frame that may run scripts and nothing else."""
    with browser.new_context() as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        page.goto(f"{address}/genindex.html")
        source = f"{address}/{EXPLORER_PAGES[0]}.html"
        page.set_content(f'<iframe sandbox="allow-scripts" width="900" height="900" src="{source}"></iframe>')
        # Such a frame keeps nothing, so it has to be asked for.
        page.frame_locator("iframe").get_by_label("Cover what follows a prediction").uncheck()
        yield page


def test_an_explorer_lives_in_a_sandboxed_frame(framed: Page) -> None:
    frame = framed.frame_locator("iframe")
    slider = frame.locator("[data-explorer] input[type=range]").first
    slider.focus()
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("."))
    expect(frame.locator("[data-explorer] figcaption").first).to_be_visible()


OUTSIDE = """(root, frames) => {
    const place = root.appendChild(document.createElement("div")), found = [];
    for (const [i, html] of frames.entries()) {
        place.innerHTML = html;
        for (const text of place.querySelectorAll("svg[viewBox] text")) {
            const view = text.ownerSVGElement.viewBox.baseVal, box = text.getBBox();
            const across = box.x >= view.x && box.x + box.width <= view.x + view.width;
            const along = box.y >= view.y - 1 && box.y + box.height <= view.y + view.height + 1;
            if (!across || !along) found.push([i, text.textContent]);
        }
    }
    place.remove();
    return found;
}"""


@pytest.mark.parametrize("opened", EXPLORER_PAGES, indirect=True)
def test_no_text_of_any_frame_is_cut_by_its_picture(opened: SimpleNamespace) -> None:
    for name in shown_on(opened.name):
        root = opened.page.locator(f"[data-explorer='{name}']").element_handle()
        assert opened.page.evaluate(f"([root, frames]) => ({OUTSIDE})(root, frames)", [root, fresh(name).frames]) == []
