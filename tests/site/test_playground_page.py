"""The playground's page in a browser: the recording before there is a Python, and every control when there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import choose, settle, watch
from playing import FIELDS, PATIENCE_MS, every_control_does_what_the_library_does, press, state
from playwright.sync_api import Browser, Locator, Page, expect
from test_browser import AXE, axe_finds
from test_live import BOOT_MS, opened

from scratchnet.book.exercises import pieces
from scratchnet.book.playground import Playground
from scratchnet.book.playground.presets import PRESETS
from scratchnet.book.playground.run import Run
from scratchnet.book.playground.setting import Setting

pytest_plugins = ["browser"]  # its fixtures

PAGE = "chapters/10_playground"


def first(page: Page) -> Locator:
    return page.locator("[data-playground]").first


def select(root: Locator, name: str) -> Locator:
    return root.locator(f"[data-control={name}] select")


# --- before there is a Python ---


@pytest.mark.parametrize(
    ("name", "link"),
    [(PAGE, "playground?data=moons"), ("chapters/05_architecture_experiments", "explorer-first_weights?weights=small")],
)
def test_an_address_that_sets_a_widget_opens_the_page_there(
    name: str, link: str, browser: Browser, address: str
) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{address}/{name}.html#{link}")
        expect(page.locator(f"[id='{link.partition('?')[0]}']")).to_be_in_viewport(timeout=20_000)


def test_who_asks_for_two_settings_gets_both_with_python(browser: Browser, address: str) -> None:
    with opened(browser, address, PAGE) as page:
        first(page).get_by_label("Two settings side by side").click()
        root = page.locator(".live-output [data-playground]")
        expect(root.get_by_role("button", name="Setting B")).to_be_visible(timeout=BOOT_MS)
        expect(root.get_by_label("Two settings side by side")).to_be_checked()
        expect(root).to_have_attribute("data-epoch", "0")


def test_the_recording_moves_by_itself_and_stops_when_told(browser: Browser, address: str) -> None:
    with opened(browser, address, PAGE) as page:
        noted = watch(page)
        root = first(page)
        state(root, "idle")
        expect(root).not_to_have_attribute("data-epoch", "0", timeout=10_000)
        press(root, "Stop the recording")
        epoch = root.get_attribute("data-epoch")
        page.wait_for_timeout(600)
        assert root.get_attribute("data-epoch") == epoch
        press(root, "Show the recording")
        expect(root).to_have_attribute("data-epoch", "200", timeout=20_000)
        assert float(root.get_attribute("data-test-accuracy") or 0) > 0.95
        assert noted.problems == []
        assert [url for url in noted.requests if not url.startswith((f"{address}/", "blob:", "data:"))] == []


def test_who_wants_no_motion_sees_the_end_at_once(browser: Browser, address: str) -> None:
    with opened(browser, address, PAGE, reduced_motion="reduce") as page:
        expect(first(page)).to_have_attribute("data-epoch", "200")
        expect(first(page).get_by_role("button", name="Show the recording")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("colour=red", "The playground has no control colour."),
        ("rate=-1", "Learning rate must be a number from 1e-06 to 1000, not '-1'."),
        ("rate=", "Learning rate must be a number from 1e-06 to 1000, not ''."),
        ("hidden=8-999", "Hidden layers must be up to 8 sizes from 1 to 64 with - between them, not '8-999'."),
        ("points=1e99", "Points per class must be a whole number from 5 to 500, not '1e99'."),
        ("hide=everything", "The playground has nothing called everything to hide."),
    ],
)
def test_an_absurd_link_is_refused_with_a_sentence(query: str, says: str, browser: Browser, address: str) -> None:
    with opened(browser, address, PAGE) as page:
        page.evaluate("query => (location.hash = `#playground?${query}`)", query)
        expect(first(page).locator(".playground-trouble")).to_have_text(says)
        assert select(first(page), "data").input_value() == "spirals"


def test_a_link_sets_the_controls_and_hides_what_it_says(browser: Browser, address: str) -> None:
    with opened(browser, address, f"{PAGE}") as page:
        root = first(page)
        page.evaluate("location.hash = '#playground?data=xor&hidden=2&hide=training+noise'")
        expect(select(root, "data")).to_have_value("xor")
        expect(root.get_by_label("Units of hidden layer 1")).to_have_value("2")
        expect(root.locator("[data-part=training]")).to_be_hidden()
        expect(root.locator("[data-control=noise]")).to_be_hidden()
        expect(root.locator("[data-control=points]")).to_be_visible()
        expect(root.locator(".playground-said")).to_contain_text("Press Play to train this setting")
        select(root, "activation").select_option("Tanh")
        href = root.locator("a.playground-link").get_attribute("href")
        assert href == "#playground?data=xor&hidden=2&activation=Tanh&hide=training+noise"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_a_phone_does_not_scroll_sideways(theme: str, browser: Browser, address: str) -> None:
    size = {"width": 320, "height": 800}
    with opened(browser, address, PAGE, viewport=size, has_touch=True, reduced_motion="reduce") as page:
        choose(page, theme)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert axe_finds(page, "#playground") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        small = first(page).locator("button, select, input").all()
        for control in small:
            if control.is_visible() and (box := control.bounding_box()):
                assert min(box["height"], box["width"]) >= 17, control.evaluate("e => e.outerHTML")


def test_the_first_screen_shows_a_network_that_learns_and_two_ways_on(browser: Browser, address: str) -> None:
    for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 800}):
        with opened(browser, address, "chapters/index", viewport=size) as page:
            expect(first(page)).not_to_have_attribute("data-epoch", "0", timeout=10_000)
            for thing in (
                page.get_by_role("link", name="Play with it"),
                page.get_by_role("link", name="Start reading"),
                first(page).locator(".playground-plane").first,
            ):
                box = thing.bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= size["height"], thing
            page.get_by_role("link", name="Play with it").click()
            expect(page.locator("article h1")).to_contain_text("The playground")


def test_without_a_python_the_page_says_how_to_train(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/_static/live/start.js*", lambda route: route.abort())
        page.goto(f"{address}/{PAGE}.html")
        settle(page)
        press(first(page), "Play")
        expect(first(page).locator(".playground-trouble")).to_contain_text("run the notebook")


# --- on a live page ---


@pytest.fixture(scope="module")
def playing(browser: Browser, address: str) -> Iterator[Locator]:
    """The first playground of its page, after Play has started Python there."""
    with opened(browser, address, PAGE) as page:
        press(first(page), "Play")
        state(first(page), "starting")
        state(first(page), "running", BOOT_MS)
        yield first(page)


def reset(root: Locator, query: str = "") -> None:
    root.page.evaluate("location.hash = ''")
    root.page.evaluate("query => (location.hash = `#playground?${query}`)", query)
    expect(root.locator("a.playground-link")).to_have_attribute("href", f"#playground?{query}", timeout=PATIENCE_MS)
    expect(root).to_have_attribute("data-epoch", "0", timeout=PATIENCE_MS)


def test_play_starts_python_trains_and_pauses_at_once(playing: Locator) -> None:
    expect(playing).to_have_attribute("data-epoch", re.compile(r"^\d\d+$"), timeout=PATIENCE_MS)
    expect(playing).not_to_have_attribute("data-steps-per-second", "0", timeout=PATIENCE_MS)
    press(playing, "Pause")
    state(playing, "paused")
    playing.page.wait_for_timeout(300)  # what was under way has arrived
    epoch = playing.get_attribute("data-epoch")
    playing.page.wait_for_timeout(700)
    assert playing.get_attribute("data-epoch") == epoch
    expect(playing.locator(".playground-status")).to_contain_text(f"Epoch {epoch}.")


def test_every_control_is_moved_and_the_numbers_are_those_of_the_library(playing: Locator) -> None:
    reset(playing)
    every_control_does_what_the_library_does(playing)


def test_a_rate_changes_while_it_trains(playing: Locator) -> None:
    reset(playing)
    press(playing, "Play")
    expect(playing).to_have_attribute("data-epoch", re.compile(r"^\d\d+$"), timeout=PATIENCE_MS)
    select(playing, "rate").select_option("0.1")
    expect(playing.locator(".playground-numbers")).to_contain_text("Learning rate 0.1.", timeout=PATIENCE_MS)
    state(playing, "running")
    assert int(playing.get_attribute("data-epoch") or 0) >= 10
    press(playing, "Pause")


def test_the_python_that_it_shows_is_the_one_that_trains(playing: Locator) -> None:
    query = "data=moons&points=20&hidden=4-3"
    reset(playing, query)
    press(playing, "One epoch")
    expect(playing).to_have_attribute("data-epoch", "1", timeout=PATIENCE_MS)
    press(playing, "Show as Python")
    shown = playing.locator(".playground-code pre")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    run = Run(Setting.from_address(FIELDS, query), {})
    run.take_epoch()
    assert shown.inner_text().strip() == run.program().strip()


def test_a_unit_and_an_edge_show_their_numbers(playing: Locator) -> None:
    query = "data=moons&points=20&hidden=4-3"
    reset(playing, query)
    unit = playing.get_by_role("button", name="Hidden layer 1, unit 3: show its numbers")
    unit.focus()
    playing.page.keyboard.press("Enter")
    panel = playing.locator(".playground-look")
    expect(panel).to_contain_text("Hidden layer 1, unit 3, for training point 1 of 32", timeout=PATIENCE_MS)
    run = Run(Setting.from_address(FIELDS, query), {})
    seen = run.look(0, 2, 0)
    cells = panel.locator("tr:has(td)").first.locator("td").all_inner_texts()
    assert cells[0] == "x₁"
    assert float(cells[1]) == pytest.approx(seen["inputs"][0], rel=0.01)
    assert float(cells[2]) == pytest.approx(seen["weights"][0], rel=0.01)
    assert float(cells[4]) == pytest.approx(seen["dw"][0], rel=0.01, abs=1e-6)
    press(playing, "Next point")
    expect(panel).to_contain_text("for training point 2 of 32", timeout=PATIENCE_MS)
    playing.locator(".playground-plane").first.hover(position={"x": 20, "y": 20})
    expect(panel).not_to_contain_text("for training point 2 of 32", timeout=PATIENCE_MS)
    press(playing, "Close")
    expect(panel).to_be_hidden()
    expect(unit).to_be_focused()
    left, right = unit.bounding_box(), playing.get_by_role("button", name="Hidden layer 2, unit 1: show").bounding_box()
    assert left is not None
    assert right is not None
    x = (left["x"] + left["width"] + right["x"]) / 2
    y = (left["y"] + right["y"] + left["height"]) / 2
    playing.page.mouse.move(x, y)
    expect(playing.locator(".playground-tip")).to_contain_text("w = ")
    playing.page.mouse.click(x, y)
    expect(panel.locator("tr.here")).to_have_count(1, timeout=PATIENCE_MS)
    press(playing, "Close")


def test_points_are_clicked_pasted_and_refused(playing: Locator) -> None:
    reset(playing, "points=20")
    playing.locator("summary", has_text="Own points").click()
    press(playing, "Add points by clicking into the picture")
    playing.get_by_label("Class of a new point").select_option("2")
    playing.locator(".playground-plane").first.click(position={"x": 30, "y": 40})
    expect(select(playing, "data")).to_have_value("own", timeout=PATIENCE_MS)
    expect(playing.locator(".playground-plane").first).to_have_attribute(
        "aria-label", re.compile("41 points of 3 classes")
    )
    press(playing, "Add points by clicking into the picture")
    text = playing.get_by_label("Points, one a line: x, y, class")
    text.fill("0, 0, 0\n1, x, 1")
    press(playing, "Use these points")
    expect(playing.locator(".playground-trouble")).to_contain_text("Line 2 of the points", timeout=PATIENCE_MS)
    text.fill("0, 0, 0\n1, 1, 1\n0, 1, 0\n1, 0, 1")
    press(playing, "Use these points")
    expect(playing.locator(".playground-plane").first).to_have_attribute(
        "aria-label", re.compile("4 points of 2 classes"), timeout=PATIENCE_MS
    )
    playing.locator("summary", has_text="Own points").click()


def test_two_settings_train_side_by_side_on_the_same_points(playing: Locator) -> None:
    reset(playing, "points=20")
    playing.get_by_label("Two settings side by side").check()
    expect(playing.locator(".playground-plane").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    press(playing, "Setting B")
    select(playing, "optimizer").select_option("SGD")
    expect(playing.locator("a.playground-link")).to_have_attribute(
        "href", re.compile("optimizer=SGD"), timeout=PATIENCE_MS
    )
    press(playing, "Setting A")
    expect(select(playing, "optimizer")).to_have_value("Adam")
    press(playing, "Play")
    expect(playing).to_have_attribute("data-epoch", re.compile(r"^\d\d+$"), timeout=PATIENCE_MS)
    press(playing, "Pause")
    press(playing, "Setting B")
    assert int(playing.get_attribute("data-epoch") or 0) > 0
    press(playing, "Setting A")
    playing.get_by_label("Two settings side by side").uncheck()
    expect(playing.locator(".playground-plane").nth(1)).to_be_hidden(timeout=PATIENCE_MS)


@pytest.mark.parametrize("name", ["It diverges", "Dead units", "One layer of 4 cannot"])
def test_a_preset_says_in_words_what_goes_wrong(playing: Locator, name: str) -> None:
    (preset,) = (preset for preset in PRESETS if preset.name == name)
    playing.get_by_label("A setting to try").select_option(label=name)
    expect(playing.locator(".playground-sentence")).to_contain_text(preset.sentence)
    expect(playing).to_have_attribute("data-epoch", "0", timeout=PATIENCE_MS)
    press(playing, "Play")
    words = {"It diverges": "The run diverged", "Dead units": "are dead", "One layer of 4 cannot": "too small"}[name]
    expect(playing.locator(".playground-said")).to_contain_text(words, timeout=60_000)
    if name == "It diverges":
        state(playing, "diverged")
    else:
        press(playing, "Pause")


def test_what_a_reader_wrote_plays_in_the_page(browser: Browser, address: str) -> None:
    with opened(browser, address, PAGE) as page:
        root = page.locator("[data-playground]").nth(1)
        assert select(root, "activation").locator("option").last.inner_text() == "Sine (yours)"
        press(root, "Play")
        root = page.locator(".live-output [data-playground]")
        state(root, "running", BOOT_MS)
        expect(root).to_have_attribute("data-epoch", re.compile(r"^\d\d+$"), timeout=PATIENCE_MS)


def test_the_readers_network_is_in_the_menus() -> None:
    own = Playground(layers=[pieces.MyReLU, pieces.MyLinear], optimizers=[pieces.MyAdam])
    labels = [label for field in own.controls if field["kind"] == "choice" for _, label in field["options"]]
    assert {"MyReLU (yours)", "MyLinear (yours)", "MyAdam (yours)"} <= set(labels)
