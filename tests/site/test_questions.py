"""Predictions, quizzes, derivations and puzzles on the built pages: a reader commits before the page shows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from browser import choose, settle, watch
from pages import EXERCISE_PAGES
from playwright.sync_api import Browser, Locator, Page, expect
from puzzles import PUZZLES, outcome
from test_browser import AXE, axe_finds

pytest_plugins = ["browser"]  # its fixtures

COMMITMENTS = "scratchnet-commitments"
PRIMITIVES, TRAINING, CLINIC = EXERCISE_PAGES[1], EXERCISE_PAGES[2], EXERCISE_PAGES[5]
MYSTERY = "Name your suspect"


@contextmanager
def opened(browser: Browser, address: str, name: str, **settings: Any) -> Iterator[Page]:
    """A page as a reader meets it, with everything covered."""
    with browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **settings}) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"{address}/{name}.html")
        yield page


def shown(place: Locator) -> bool:
    """Whether a reader sees it: what may be found has a box, but nothing is drawn in it."""
    return bool(place.evaluate("node => node.checkVisibility({contentVisibilityAuto: true})"))


def forms(page: Page, legend: str) -> Locator:
    return page.locator("form.commit", has=page.locator("legend", has_text=legend))


def mystery(page: Page) -> tuple[Locator, Locator]:
    """Return the question for a suspect, and its form."""
    question = page.locator("article p", has_text=MYSTERY)
    return question, question.locator("xpath=following-sibling::form[1]")


def give_what_precedes(question: Locator) -> None:
    """Say "Show me" to the predictions above a question in its section."""
    for earlier in question.locator("xpath=preceding-sibling::form[contains(@class, 'commit')]").all():
        earlier.get_by_role("button", name="Show me").click()


# --- every page, as a reader meets it ---


@pytest.mark.parametrize("name", EXERCISE_PAGES)
def test_every_prediction_covers_what_answers_it_and_shows_it_on_commitment(
    name: str, browser: Browser, address: str
) -> None:
    with opened(browser, address, name) as page:
        noted = watch(page)
        settle(page)
        predictions = forms(page, "Your prediction")
        assert predictions.count() >= 3
        paragraphs = page.locator("article p:has(> strong:first-child:text-is('Predict.'))")
        assert predictions.count() == paragraphs.count()
        for i in range(predictions.count()):
            covered = page.locator(".commit-note:has-text('Covered until')").count()
            assert covered == predictions.count() - i  # each covers something
            form = predictions.nth(i)
            note = page.locator(".commit-note").nth(i)
            after = note.locator("xpath=following::*[contains(@class, 'covered')][1]")
            target = after.element_handle()
            assert target is not None
            assert not target.evaluate("node => node.checkVisibility() && !node.matches('[hidden]')")
            if form.locator("input[type=radio]").count():
                form.locator("input[type=radio]").last.check()
            else:
                form.locator("input[type=text]").fill("nothing at all")
            form.locator("button[type=submit]").click()
            assert target.evaluate("node => node.checkVisibility() && !node.matches('[hidden]')")
            if not form.locator("xpath=following-sibling::details").count():
                expect(note).to_contain_text("You predicted: ")
        assert page.locator("article [hidden='until-found']").count() == 0
        assert noted.problems == []


@pytest.mark.parametrize(("name", "theme"), [*((name, "light") for name in EXERCISE_PAGES), (PRIMITIVES, "dark")])
def test_axe_finds_nothing_before_and_after_and_no_page_scrolls_sideways(
    name: str, theme: str, browser: Browser, address: str
) -> None:
    with opened(browser, address, name, viewport={"width": 320, "height": 800}, has_touch=True) as page:
        settle(page)
        choose(page, theme)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for _ in range(2):
            assert axe_finds(page, "article") == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            for button in page.get_by_role("button", name="Show me", exact=True).all():
                if button.is_visible():
                    button.click()
            for _ in range(3):
                page.locator(".order-pool button").first.click()


# --- predictions ---


def test_a_prediction_is_kept_stands_beside_what_came_out_and_can_be_made_again(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        form = forms(page, "Your prediction").first
        options = form.locator("input[type=radio]")
        explanation = page.get_by_text("The first formula survives that").first
        assert not shown(explanation)
        form.get_by_role("button", name="Predict").click()  # nothing chosen
        assert not shown(explanation)
        options.nth(2).focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        words = form.locator("label").nth(2).inner_text().strip()
        note = page.locator(".commit-note").first
        expect(note).to_contain_text(f"You predicted: {words}")
        expect(note).to_be_focused()
        assert shown(explanation)
        page.reload()
        expect(note).to_contain_text(f"You predicted: {words}")
        expect(options.nth(2)).to_be_checked()
        assert shown(explanation)
        note.get_by_role("button", name="Predict again").press("Enter")
        expect(options.first).to_be_focused()
        assert not shown(explanation)
        form.get_by_role("button", name="Show me").click()
        assert shown(explanation)
        expect(note).not_to_contain_text("You predicted")


def test_words_to_type_are_kept_as_they_are(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        form = page.locator("form.commit:has(input[type=text])").first
        form.locator("input").fill("<b>moves</b> & $turns$")
        form.locator("input").press("Enter")
        page.reload()
        expect(page.locator(".commit-note", has_text="You predicted: <b>moves</b> & $turns$")).to_be_visible()


def test_who_wants_nothing_covered_says_so_once(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        box = page.get_by_label("Cover what follows a prediction")
        expect(box).to_be_checked()
        box.uncheck()
        assert page.locator("article [hidden='until-found']").count() == 0
        page.goto(f"{address}/{TRAINING}.html")
        expect(page.get_by_label("Cover what follows a prediction")).not_to_be_checked()
        assert page.locator("article [hidden='until-found']").count() == 0
        page.get_by_label("Cover what follows a prediction").check()
        assert page.locator("article [hidden='until-found']").count() > 5


def test_a_link_into_what_is_covered_uncovers_it(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        settle(page)
        anchor = page.evaluate(
            "() => [...document.querySelectorAll('article [hidden=until-found] [id]')].find(n => /^fig-/.test(n.id)).id"
        )
        page.evaluate("anchor => { location.hash = anchor; }", anchor)
        page.wait_for_function("anchor => !document.getElementById(anchor).closest('[hidden]')", arg=anchor)
        page.goto("about:blank")
        page.goto(f"{address}/{PRIMITIVES}.html#explorer-one_unit?w=2")
        settle(page)
        page.wait_for_function("() => !document.getElementById('explorer-one_unit').closest('[hidden]')")


def test_the_mystery_stays_covered_until_there_is_a_suspect(browser: Browser, address: str) -> None:
    with opened(browser, address, TRAINING) as page:
        settle(page)
        question, form = mystery(page)
        reveal = page.get_by_text("The layer divides a second time.")
        mended = page.locator("h2", has_text="The same run, mended")
        assert not shown(mended)
        source = page.locator("div.cell_output", has_text="class LinearA").first
        assert not shown(reveal)
        assert not shown(source)
        give_what_precedes(question)
        wrong = page.locator("details.wrong", has_text="Steps in the wrong direction raise the loss")
        expect(wrong).to_be_hidden()
        form.locator("label", has_text="The sign of the step").click()
        form.get_by_role("button", name="Answer").click()
        expect(wrong).to_be_visible()
        assert shown(reveal)
        assert shown(source)
        assert shown(mended)


def test_the_suspects_wait_for_the_predictions_before_them(browser: Browser, address: str) -> None:
    with opened(browser, address, TRAINING) as page:
        settle(page)
        question, form = mystery(page)
        section = question.locator("xpath=ancestor::section[1]")
        assert not shown(question)
        expect(form).to_be_hidden()
        expect(section.get_by_text("Covered until you have made the prediction above")).to_be_visible()
        give_what_precedes(question)
        assert shown(question)
        expect(form).to_be_visible()
        section.get_by_role("button", name="Predict again").last.click()
        expect(form).to_be_hidden()


def test_a_cell_that_asserts_what_is_asked_is_covered_with_its_text(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        settle(page)
        code = page.locator("div.cell_input", has_text='assert runs["small"]')
        assert not shown(code)
        form = code.locator("xpath=preceding::form[contains(@class, 'commit')][1]")
        form.get_by_role("button", name="Show me").click()
        assert shown(code)


def test_a_diagnosis_of_the_clinic_is_covered_whole(browser: Browser, address: str) -> None:
    with opened(browser, address, CLINIC) as page:
        settle(page)
        for diagnosis in page.locator("article p:has(> strong:text-is('Diagnosis.'))").all():
            assert not shown(diagnosis)


# --- quizzes and derivations ---


def test_a_quiz_answers_after_the_choice_and_then_opens_the_others(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        question = page.locator("article p", has_text="Question 1.")
        form = question.locator("xpath=following-sibling::form[1]")
        answers = question.locator("xpath=following-sibling::details[position() <= 3]")
        for answer in answers.all():
            expect(answer).to_be_hidden()
        form.locator("input").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        first = answers.first
        expect(first).to_have_attribute("open", "")
        expect(first.locator("summary")).to_be_focused()
        expect(first).to_contain_text("(your answer)")
        expect(first).to_contain_text("Depth alone bends nothing")
        expect(form).to_be_hidden()
        said = question.locator("xpath=following-sibling::p[contains(@class, 'commit-said')][1]")
        expect(said).to_contain_text("Not this one")
        expect(answers.nth(1)).to_be_visible()
        expect(answers.nth(1)).not_to_have_attribute("open", "")
        page.reload()
        expect(first).to_have_attribute("open", "")
        expect(first).to_contain_text("(your answer)")
        said.get_by_role("button", name="Answer again").click()
        expect(first).to_be_hidden()
        form.locator("input").nth(1).check()
        form.get_by_role("button", name="Answer").click()
        expect(said).to_contain_text("Right.")


@pytest.mark.parametrize("name", [EXERCISE_PAGES[i] for i in (1, 2, 6, 7)])
def test_a_derivation_goes_on_when_its_step_is_right(name: str, browser: Browser, address: str) -> None:
    with opened(browser, address, name) as page:
        box = page.locator("div.steps")
        steps = box.locator("form.commit")
        n_steps = steps.count()
        assert n_steps == 5
        for i in range(n_steps):
            visible = [j for j in range(n_steps) if steps.nth(j).is_visible()]
            assert visible == [i]
            details = box.locator(f"xpath=.//form[{i + 1}]/following-sibling::details[position() <= 3]")
            kinds = [str(details.nth(j).get_attribute("class")) for j in range(3)]
            right = next(j for j, kind in enumerate(kinds) if kind.split()[0] == "right")
            wrong = (right + 1) % 3
            steps.nth(i).locator("input").nth(wrong).check()
            steps.nth(i).get_by_role("button", name="Answer").click()
            expect(details.nth(wrong)).to_have_attribute("open", "")
            expect(details.nth(right)).to_be_hidden()
            assert [j for j in range(n_steps) if steps.nth(j).is_visible()] == [i]
            steps.nth(i).locator("input").nth(right).check()
            steps.nth(i).get_by_role("button", name="Answer").click()
            expect(details.nth(right)).to_have_attribute("open", "")
        page.reload()
        assert not any(steps.nth(j).is_visible() for j in range(n_steps))


# --- puzzles ---


@pytest.mark.parametrize("name", EXERCISE_PAGES)
def test_a_puzzle_is_solved_by_keyboard_and_says_what_is_wrong(name: str, browser: Browser, address: str) -> None:
    puzzle = PUZZLES[name]
    with opened(browser, address, name) as page:
        box, said = page.locator(".order-puzzle"), page.locator(".order-said")
        solution = page.locator("details.order")
        expect(solution).to_be_hidden()

        def put(lines: list[str]) -> None:
            for line in lines:
                adds = box.get_by_role("button", name="Add", exact=False)
                (add,) = [one for one in adds.all() if one.get_attribute("aria-label") == f"Add: {line.strip()}"]
                add.press("Enter")
            box.get_by_role("button", name="Check").press("Enter")

        given = [item.inner_text() for item in box.locator(".order-pool code").all()]
        assert sorted(map(str.strip, given)) == sorted(map(str.strip, puzzle.lines + puzzle.strange))
        assert given[: len(puzzle.lines)] != puzzle.lines  # not given in order
        for line, reason in zip(puzzle.strange, puzzle.reasons, strict=True):
            put([line])
            expect(said).to_contain_text("Line 1 does not belong.")
            expect(said).to_contain_text(reason[:30])
            box.get_by_role("button", name="Take out").press("Enter")
        put(puzzle.lines[:-1])
        expect(said).to_have_text("So far it is right. Lines are missing.")
        put(puzzle.lines[-1:])
        expect(said).to_have_text("Right.")
        expect(solution).to_have_attribute("open", "")
        page.reload()
        expect(said).to_have_text("Right.")
        box.locator(".order-mine button[data-does='Move up']").last.press("Enter")
        page.reload()
        last = box.locator(".order-mine code").all()[-1]
        expect(last).to_have_text(puzzle.lines[-2].strip())
        box.get_by_role("button", name="Start again").press("Enter")
        expect(box.locator(".order-mine li")).to_have_count(0)
        expect(solution).to_be_hidden()


@pytest.mark.parametrize("name", EXERCISE_PAGES)
def test_an_order_that_is_accepted_computes_the_same(name: str, browser: Browser, address: str) -> None:
    """And one that computes something else, or fails, is refused: orders at random, run in Python."""
    puzzle, rng = PUZZLES[name], random.Random(0)
    n = len(puzzle.lines)
    right = outcome(puzzle, list(range(n)))
    assert right is not None
    orders = [rng.sample(range(n), n) for _ in range(150)]
    for i in range(n):  # near the right one, too
        for j in range(n):
            order = list(range(n))
            order.insert(j, order.pop(i))
            orders.append(order)
    with opened(browser, address, name) as page:
        faults = page.evaluate(
            "([lines, n, orders]) => orders.map((order) => window.order.fault(lines, n, [], order))",
            [puzzle.lines, n, orders],
        )
    accepted = 0
    for order, fault in zip(orders, faults, strict=True):
        if fault:
            continue
        accepted += 1
        found = outcome(puzzle, order)
        assert found is not None
        assert found.keys() == right.keys()
        for key, value in right.items():
            np.testing.assert_allclose(found[key], value, err_msg=f"{key} in the order {order}")
    assert n <= accepted < len(orders)  # every line put where it is, and what may be exchanged


# --- where something is missing ---


def test_without_scripts_everything_is_there(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES, java_script_enabled=False) as page:
        expect(page.get_by_text("The first formula survives that")).to_be_visible()
        assert page.locator("form.commit, .order-puzzle").count() == 0
        details = page.locator("details:is(.right, .wrong, .order)")
        assert details.count() > 20
        for one in (details.first, page.locator("details.order")):
            one.locator("summary").press("Enter")
            expect(one).to_have_attribute("open", "")


def test_paper_shows_everything_and_nothing_to_press(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        settle(page)
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert shown(page.get_by_text("The first formula survives that").first)
        for answer in page.locator("details:is(.right, .wrong)").all():
            expect(answer).to_be_visible()
            expect(answer).to_have_attribute("open", "")
        for control in page.locator("form.commit:not(.commit-options), .commit-cover, article button").all():
            expect(control).to_be_hidden()
        for choice in page.locator(".commit-options label, .order-pool code").all():
            expect(choice).to_be_visible()
        assert page.locator(".commit-options label").count() > 3 and page.locator(".order-pool code").count() > 5
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        assert not shown(page.get_by_text("The first formula survives that").first)
        assert page.locator("details:is(.right, .wrong)[open]").count() == 0


@pytest.mark.parametrize("kept", ["{broken", "null", "[]", '{"PAGE": 5}', '{"PAGE": {"x": {}}}', "ALL WRONG"])
def test_what_is_kept_wrong_counts_as_nothing(kept: str, browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        noted = watch(page)
        for i in range(forms(page, "Your prediction").count()):
            forms(page, "Your prediction").nth(i).get_by_role("button", name="Show me").click()
        page.evaluate(
            """([key, kept, page]) => {
                const all = JSON.parse(localStorage.getItem(key));
                const wrong = [99, -1, true, {}, [], 1.5];
                Object.keys(all[page]).forEach((name, i) => { all[page][name] = wrong[i % wrong.length]; });
                const text = kept === "ALL WRONG" ? JSON.stringify(all) : kept.replace("PAGE", page);
                for (const other of [key, "scratchnet-orders"]) localStorage.setItem(other, text);
            }""",
            [COMMITMENTS, kept, PRIMITIVES],
        )
        page.reload()
        settle(page)
        expect(page.locator(".commit-note:has-text('Covered until')")).to_have_count(
            forms(page, "Your prediction").count()
        )
        forms(page, "Your prediction").first.get_by_role("button", name="Show me").click()
        page.reload()
        expect(page.get_by_text("The first formula survives that").first).to_be_visible()
        assert noted.problems == []


def test_a_browser_that_keeps_nothing_answers_all_the_same(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        noted: SimpleNamespace = watch(page)
        page.add_init_script(
            "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
        )
        page.goto(f"{address}/{PRIMITIVES}.html")
        forms(page, "Your prediction").first.get_by_role("button", name="Show me").click()
        assert shown(page.get_by_text("The first formula survives that").first)
        assert [problem for problem in noted.problems if "commit" in problem or "order" in problem] == []


def test_all_of_it_is_erased_with_the_progress(browser: Browser, address: str) -> None:
    with opened(browser, address, PRIMITIVES) as page:
        forms(page, "Your prediction").first.get_by_role("button", name="Show me").click()
        page.locator(".order-pool button").first.click()
        page.goto(f"{address}/chapters/index.html")
        page.get_by_role("button", name="Erase my progress").click()
        assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('scratchnet')).length") == 0
        page.goto(f"{address}/{PRIMITIVES}.html")
        expect(page.locator(".order-mine li")).to_have_count(0)
        assert not shown(page.get_by_text("The first formula survives that").first)
