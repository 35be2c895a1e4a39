"""The pad in a browser, by mouse, finger and keyboard, with Python's answers and without; and on its page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browser import choose, settle, watch
from pages import ROOT
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.pages import UNCOVER
from scratchnet.book import Pad, digits

pytest_plugins = ["browser"]  # its fixtures

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGE = "chapters/11_digits"
BOOT_MS = 240_000  # with the training above the pad
# A page with a pad and much below it. `hold` keeps answers back.
SHELL = """
<!doctype html><html lang="en"><title>Pad</title><meta name="viewport" content="width=device-width">
<style>%s</style><main><h1>Pad</h1><div id="pad"></div><div style="height: 3000px"></div></main>
<script type="module">
  const module = await import(URL.createObjectURL(new Blob([%s], { type: "text/javascript" })));
  const stored = %s, listeners = [];
  window.sent = []; window.flying = 0; window.most = 0; window.held = []; window.hold = false;
  const deliver = (answer) => { flying--; listeners.forEach((listener) => listener(answer, [])); };
  window.release = () => { hold = false; held.splice(0).forEach(deliver); };
  const model = {
    get: (name) => ({ stored })[name], set() {}, save_changes() {},
    on: (event, listener) => event === "msg:custom" && listeners.push(listener), off() {},
  };
  if (%s) model.send = async (message) => {
    sent.push(message); flying++; most = Math.max(most, flying);
    const answer = { number: message.number, ...(await window.answer(message.strokes)) };
    hold ? held.push(answer) : deliver(answer);
  };
  module.default.render({ model, el: document.getElementById("pad") });
  document.body.dataset.ready = "yes";
</script></html>"""
ONE = [(0.5, 0.15), (0.5, 0.85)]
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]


@pytest.fixture(scope="module")
def pad() -> Pad:
    (net,) = digits.trained(digits.HIDDEN, [0], *digits.split().but_for_test())
    return Pad(net)


@contextmanager
def shown(browser: Browser, pad: Pad, alive: bool = True, **settings: Any) -> Iterator[Page]:
    """The pad on a page of its own, answered by the network or by nobody."""
    with browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **settings}) as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        noted = watch(page)
        page.expose_function("answer", pad.answer)
        page.set_content(SHELL % (pad._css, json.dumps(pad._esm), json.dumps(pad.stored), json.dumps(alive)))
        page.wait_for_selector("body[data-ready]")
        yield page
        assert noted.problems == []


def said(page: Page) -> Locator:
    return page.locator(".pad-said")


def way(page: Page, points: list[tuple[float, float]], steps: int = 12) -> list[tuple[float, float]]:
    """Points of the drawing area, from 0 to 1, as points of the window with steps between them."""
    page.locator(".pad-area").scroll_into_view_if_needed()
    box = page.locator(".pad-area").bounding_box()
    assert box is not None
    found = [points[0]]
    for (a, b), (c, d) in zip(points, points[1:], strict=False):
        found += [(a + (c - a) * k / steps, b + (d - b) * k / steps) for k in range(1, steps + 1)]
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in found]


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    """Draw with the mouse."""
    first, *rest = way(page, points)
    page.mouse.move(*first)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point)
    page.mouse.up()


def touch(page: Page, points: list[tuple[float, float]]) -> None:
    """Draw with a finger."""
    session = page.context.new_cdp_session(page)
    first, *rest = way(page, points)
    for kind, place in (("touchStart", first), *(("touchMove", point) for point in rest), ("touchEnd", None)):
        where = [] if place is None else [{"x": place[0], "y": place[1]}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})


def test_the_network_answers_while_the_mouse_draws(browser: Browser, pad: Pad) -> None:
    with shown(browser, pad) as page:
        expect(said(page)).to_have_text(pad.stored[0]["said"])
        page.get_by_role("button", name="Clear").click()
        expect(said(page)).to_have_text("Draw something.")
        draw(page, SEVEN)
        expect(said(page)).to_contain_text("Read as 7")
        assert page.evaluate("sent.length") > 2, "answered on the way, too"
        assert page.locator(".pad-bars li").count() == 10
        expect(page.locator(".pad-bars .best")).to_contain_text("7")
        assert page.locator(".pad-panels svg[role=img] rect").count() == 64
        expect(page.get_by_role("status")).to_contain_text("Read as 7")  # once it rests


def test_a_stroke_of_ones_own_replaces_a_stored_drawing(browser: Browser, pad: Pad) -> None:
    with shown(browser, pad) as page:
        draw(page, SEVEN)  # over the drawing that is there at first
        expect(said(page)).to_contain_text("Read as 7")
        draw(page, [(0.4, 0.5), (0.7, 0.5)])
        page.wait_for_function("sent.at(-1).strokes.length === 2")
        page.get_by_role("button", name=pad.stored[1]["name"], exact=True).click()
        page.locator(".pad-area").focus()
        page.keyboard.press("Space")
        page.wait_for_function("sent.at(-1).strokes.length === 1")


def test_at_most_one_message_is_on_its_way_and_the_last_drawing_is_answered(browser: Browser, pad: Pad) -> None:
    with shown(browser, pad) as page:
        page.get_by_role("button", name="Clear").click()
        page.evaluate("hold = true")
        draw(page, SEVEN)
        page.wait_for_function("held.length === 1")
        assert page.evaluate("[sent.length, most]") == [1, 1]
        page.get_by_role("button", name="2", exact=True).click()
        page.evaluate("release()")
        expect(said(page)).to_contain_text("Read as 2")  # and not what came back of the seven
        page.get_by_role("button", name="Clear").click()
        draw(page, ONE)
        expect(said(page)).to_contain_text("Read as 1")
        last = page.evaluate("sent.at(-1).strokes")
        assert len(last) == 1 and last[0][-1][1] > 0.8
        assert page.evaluate("most") == 1


def test_a_finger_draws_and_a_phone_does_not_scroll(browser: Browser, pad: Pad) -> None:
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    with shown(browser, pad, **phone) as page:
        page.get_by_role("button", name="Clear").tap()
        page.locator(".pad-area").scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        touch(page, [(0.5, 0.85), (0.5, 0.15)])  # up, as a finger scrolls down
        expect(said(page)).to_contain_text("Read as 1")
        assert page.evaluate("scrollY") == before
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert len(page.evaluate("sent.at(-1).strokes")) == 1


def test_the_keyboard_draws_and_says_where_it_is(browser: Browser, pad: Pad) -> None:
    with shown(browser, pad) as page:
        page.get_by_role("button", name="Clear").press("Enter")
        page.locator(".pad-area").focus()
        for key in [*["ArrowLeft"] * 4, *["ArrowUp"] * 6]:
            page.keyboard.press(key)
        expect(page.get_by_role("status")).to_have_text("column 5, row 3 of 17")
        page.keyboard.press("Space")
        expect(page.get_by_role("status")).to_have_text("Pen down, column 5, row 3 of 17")
        for key in [*["ArrowRight"] * 8, *["ArrowDown", "ArrowDown", "ArrowLeft"] * 5]:
            page.keyboard.press(key)
        page.keyboard.press("Space")
        expect(said(page)).to_contain_text("Read as 7")
        assert page.evaluate("scrollY") == 0
        page.keyboard.press("ArrowDown")  # the pen is up
        assert len(page.evaluate("sent.at(-1).strokes")) == 1
        page.keyboard.press("Backspace")
        expect(said(page)).to_have_text("Draw something.")


def test_undo_takes_the_last_stroke_back_and_pens_leave_the_answer(browser: Browser, pad: Pad) -> None:
    with shown(browser, pad) as page:
        page.get_by_role("button", name="Clear").click()
        answers = []
        for pen in ("thin", "medium", "thick"):
            page.get_by_role("radio", name=pen).check()
            draw(page, SEVEN)
            expect(said(page)).to_contain_text("Read as 7")
            answers.append(said(page).inner_text())
            page.get_by_role("button", name="Undo").click()
            expect(said(page)).to_have_text("Draw something.")
        assert len(set(answers)) == 1


def test_without_python_stored_drawings_are_answered_and_others_are_not(browser: Browser, pad: Pad) -> None:
    with shown(browser, pad, alive=False) as page:
        for one in pad.stored:
            page.get_by_role("button", name=one["name"], exact=True).click()
            expect(said(page)).to_have_text(one["said"])
            assert page.locator(".pad-area polyline").count() == len(one["strokes"])
        draw(page, ONE)
        expect(said(page)).to_contain_text("To have it answered")
        assert page.locator(".pad-bars").inner_text().count("–") == 10


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_and_its_pad_shows_stored_drawings(
    theme: str, browser: Browser, address: str
) -> None:
    with browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True) as context:
        page = context.new_page()
        noted = watch(page)
        context.add_init_script(UNCOVER)
        page.goto(f"{address}/{PAGE}.html")
        settle(page)
        choose(page, theme)
        page.get_by_role("button", name="a small 3 in a corner").click()
        expect(said(page)).to_contain_text("Read as 3")
        touch(page, ONE)
        expect(said(page)).to_contain_text("To have it answered")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run('.pad', {resultTypes: ['violations']}).then(found => found.violations)")
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert noted.problems == []


def test_where_no_script_runs_a_drawing_stands_in(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/{PAGE}.html")
        expect(page.locator(".pad-stand-in")).to_be_visible()
        expect(page.locator(".pad-stand-in figcaption")).to_contain_text("Read as 0")


def test_the_page_starts_python_for_a_drawing_and_goes_on_answering(browser: Browser, address: str) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(UNCOVER)
        page = context.new_page()
        page.goto(f"{address}/{PAGE}.html")
        settle(page)
        page.get_by_role("button", name="Clear", exact=True).click()
        draw(page, SEVEN)
        page.get_by_role("button", name="Answer my drawing").click()
        expect(said(page)).to_contain_text("Read as 7", timeout=BOOT_MS)
        page.get_by_role("button", name="Clear", exact=True).click()
        expect(said(page)).to_have_text("Draw something.")
        draw(page, ONE)
        expect(said(page)).to_contain_text("Read as 1", timeout=20_000)
