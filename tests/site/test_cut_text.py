"""Nothing that a reader would read is cut: by its box, by the edge of the page, on paper, or in a picture."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from browser import choose
from pages import NOTEBOOKS, PAGES, ROOT, name_of
from PIL import Image, ImageChops

from scratchnet.book.plotting import COLORS

pytest_plugins = ["browser"]  # its fixtures

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (1280, 768, 390, 320)
EACH_PAGE = pytest.mark.parametrize("opened", PAGES, indirect=True)

# Every piece of text, and every letter of a formula, with the boxes around it. A box that scrolls shows all of it, but
# only what it shows at once can be cut by the next; on paper nothing scrolls.
CUT = """paper => {
    const pieces = [], found = [], width = document.documentElement.clientWidth;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode()); ) {
        const parent = node.parentElement;
        if (!node.data.trim() || parent.closest("script, style, noscript, mjx-assistive-mml")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) pieces.push([parent, box, node.data.trim()]);
    }
    for (const letter of document.querySelectorAll("mjx-c"))
        pieces.push([letter, letter.getBoundingClientRect(), letter.className]);
    for (const [element, { left, right, top, bottom }, text] of pieces) {
        if (left === right || top === bottom || !element.checkVisibility({ visibilityProperty: true })) continue;
        let [l, r, t, b] = [left, right, top, bottom], by = "", hidden = false;
        for (let outer = element; outer !== document.documentElement && !by && !hidden; outer = outer.parentElement) {
            const style = getComputedStyle(outer), box = outer.getBoundingClientRect();
            hidden = style.clipPath !== "none" || style.clip !== "auto"; // for screen readers only
            if (hidden || ["inline", "contents"].includes(style.display)) continue;
            const [x, y] = [style.overflowX, style.overflowY].map(o => paper && o === "auto" ? "hidden" : o);
            const scrolls = [x, y].map(o => ["auto", "scroll"].includes(o));
            if (scrolls[0]) [l, r] = [Math.max(l, box.left), Math.min(r, box.right)];
            else if (x !== "visible" && (l < box.left - 1 || r > box.right + 1)) by = "a side of ";
            if (scrolls[1]) [t, b] = [Math.max(t, box.top), Math.min(b, box.bottom)];
            else if (y !== "visible" && (t < box.top - 1 || b > box.bottom + 1)) by = "an end of ";
            if (by) by += outer.cloneNode().outerHTML.slice(0, 150);
        }
        if (!by && !hidden && l < r && (l < -1 || r > width + 1)) by = "the page";
        if (by) found.push(`${text.slice(0, 40)} is cut by ${by}`);
    }
    return [...new Set(found)];
}"""

# What scrolls sideways and is out of a keyboard's reach.
UNREACHABLE = """() => [...document.querySelectorAll("main *")].filter(box =>
    ["auto", "scroll"].includes(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth &&
    getComputedStyle(box).display !== "inline" && box.checkVisibility() && box.getClientRects().length &&
    box.tabIndex < 0 && !box.querySelector("a[href], button, input, [tabindex='0']")
).map(box => box.outerHTML.slice(0, 200))"""

# Equations with letters where their number stands.
UNDER_NUMBERS = """() => [...document.querySelectorAll(".math:has(.eqno)")].filter(math => {
    const number = math.querySelector(".eqno").getBoundingClientRect();
    const formula = math.querySelector("mjx-container").getBoundingClientRect();
    return formula.right > number.left + 1 && formula.bottom > number.top + 1 && formula.top < number.bottom - 1;
}).map(math => math.id)"""


@EACH_PAGE
def test_no_text_is_cut_and_what_scrolls_can_be_reached(opened: SimpleNamespace) -> None:
    page = opened.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"({UNREACHABLE})().length === 0")  # scripts wait for a resize to end
        assert page.evaluate(CUT, False) == [], f"at {width} pixels"
        assert page.evaluate(UNDER_NUMBERS) == [], f"at {width} pixels"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['scrollable-region-focusable']}).then(found => found.violations)")
    assert found == []
    page.set_viewport_size({"width": 1280, "height": 900})


@EACH_PAGE
def test_code_fits_on_a_laptop(opened: SimpleNamespace) -> None:
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    wide = "[...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    assert opened.page.evaluate(wide) == []


@pytest.mark.parametrize("opened", ["chapters/02_layer_primitives"], indirect=True)
def test_what_goes_on_to_the_right_fades_there_until_it_has_been_scrolled(opened: SimpleNamespace) -> None:
    page = opened.page
    wide = """() => [...document.querySelectorAll(".bd-article pre, .math, mjx-container")].filter((box) =>
        !box.closest("details:not([open])") && box.scrollWidth > box.clientWidth + 2
        && getComputedStyle(box).overflowX === "auto")"""
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(f"({wide})().every(box => box.classList.contains('goes-on'))")
    assert page.evaluate(f"({wide})().length") > 3
    page.evaluate(f"({wide})().forEach(box => box.scrollLeft = box.scrollWidth)")
    page.wait_for_function("!document.querySelector('.goes-on')")
    page.set_viewport_size({"width": 1280, "height": 900})


@EACH_PAGE
def test_no_ink_of_a_formula_is_cut(opened: SimpleNamespace) -> None:
    """A letter may be higher than the font says, so this compares pixels.

    Ink that is cut is dark or is not there; the edge of a rounded corner, which Chromium draws in pieces, differs by a
    shade now and then.
    """
    page = opened.page
    if not page.locator(".math").count():
        return
    page.set_viewport_size({"width": 1280, "height": 900})
    for _ in range(5):
        before = page.screenshot(full_page=True, animations="disabled")
        style = page.add_style_tag(content=".math, .math mjx-container { overflow: visible !important; }")
        after = page.screenshot(full_page=True, animations="disabled")
        style.evaluate("style => style.remove()")
        if before == after or differ(before, after) <= 16:
            return
    pytest.fail("a formula looks different where it may overflow")


def differ(one: bytes, other: bytes) -> float:
    """By how many of 255 shades two pictures differ at most."""
    a, b = (Image.open(io.BytesIO(png)).convert("L") for png in (one, other))
    return ImageChops.difference(a, b).getextrema()[1] if a.size == b.size else math.inf


@EACH_PAGE
def test_nothing_is_cut_on_paper_and_no_frame_stays_behind_empty(opened: SimpleNamespace) -> None:
    page = opened.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 with margins
    found = page.evaluate(CUT, True)
    parted = page.evaluate(
        """() => [...document.querySelectorAll("article pre")].flatMap(pre => {
            const frames = [pre];
            for (let box = pre.parentElement; box.matches(".highlight, [class*=highlight-], .cell_input, .output");
                 box = box.parentElement) frames.push(box);
            return frames;
        }).filter(box => {
            const style = getComputedStyle(box);
            const drawn = parseFloat(style.borderTopWidth) || style.backgroundColor !== "rgba(0, 0, 0, 0)";
            return drawn && style.breakInside !== "avoid" && !box.parentElement.closest(".cell_output, .cell_input");
        }).map(box => box.className)"""
    )
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert found == []
    assert parted == []


# --- pictures ---

PICTURES = [
    pytest.param(output.data["image/png"], id=f"{name_of(page)}-{number}")
    for page, notebook in NOTEBOOKS.items()
    for number, cell in enumerate(notebook.cells)
    for output in cell.get("outputs", [])
    if "image/png" in output.get("data", {})
]


def has_margin(png: bytes) -> bool:
    """Whether nothing is drawn at the very edge, where it may be cut."""
    edge = np.array(Image.open(io.BytesIO(png)).convert("RGB"))
    edge[2:-2, 2:-2] = 255
    return bool((edge == 255).all())


@pytest.mark.parametrize("png", PICTURES)
def test_a_committed_picture_has_a_margin_all_around(png: str) -> None:
    assert has_margin(base64.b64decode(png))


def test_the_pictures_of_the_built_book_have_margins(site: Path) -> None:
    """They are drawn anew, and a layout may come out otherwise."""
    assert [path.name for path in (site / "_images").glob("*.png") if not has_margin(path.read_bytes())] == []


def luminance(color: np.ndarray) -> float:
    """Relative luminance as WCAG 2 defines it, of a color with channels from 0 to 255."""
    c = color / 255
    return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("opened", ["chapters/04_visualization"], indirect=True)
def test_pictures_follow_the_theme(opened: SimpleNamespace) -> None:
    """A picture of the palette and of white, put in the place of a figure."""
    page, buffer = opened.page, io.BytesIO()
    palette = [tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)) for color in COLORS]
    strip = np.array([(255, 255, 255), *palette], np.uint8)[None].repeat(40, axis=0).repeat(40, axis=1)
    Image.fromarray(strip).save(buffer, "PNG")
    image = page.locator("div.cell_output figure img").first
    image.evaluate(
        "(e, png) => { e.className = ''; e.src = 'data:image/png;base64,' + png; return e.decode(); }",
        base64.b64encode(buffer.getvalue()).decode(),
    )
    for theme in ("light", "dark"):
        choose(page, theme)
        shot = np.asarray(Image.open(io.BytesIO(image.screenshot(animations="disabled"))).convert("RGB"))
        shown = [shot[20, 20 + 40 * k].astype(float) for k in range(len(COLORS) + 1)]
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
        assert np.abs(shown[0] - ground).max() <= 1, "white is the page's ground"
        if theme == "dark":
            assert min(contrast(color, shown[0]) for color in shown[1:]) >= 3
        assert contrast(shown[-1], shown[0]) >= 4.5, "text, which is black on white"
