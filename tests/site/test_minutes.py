"""How long a page takes: 200 words a minute, 12 seconds a line of code that is not folded, exercises by their own."""

from __future__ import annotations

import re

import pytest
from pages import NOTEBOOKS, ROOT, name_of

LESSONS = [page for page in NOTEBOOKS if re.match(r"\d\d_", name_of(page))]
QUESTIONS = 5  # minutes, for those that stand before the exercises


def words(markdown: str) -> int:
    """Count the words of a text; a formula on a line of its own takes as long as eight."""
    text = re.sub(r"\$\$.*?\$\$", " word" * 8, markdown, flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", "word", re.sub(r"<[^>]+>|\]\([^)]*\)", " ", text))
    return len(re.findall(r"\w[\w.'’]*", text))


def reading(page: str) -> float:
    """Return the minutes up to the questions."""
    minutes = 0.0
    for cell in NOTEBOOKS[page].cells[2:]:  # below the title and the imports
        if re.search(r'<a id="\w+-questions">', cell.source):
            break
        if cell.cell_type == "markdown":
            minutes += words(cell.source) / 200
        elif not {"hide-input", "slider"} & {*cell.metadata.get("tags", ())}:
            lines = [line for line in cell.source.splitlines() if line.strip() and not line.startswith("#")]
            minutes += len(lines) / 5
    return minutes


def exercises(page: str) -> list[int]:
    """Return the minutes that stand beside each exercise."""
    texts = [cell.source for cell in NOTEBOOKS[page].cells]
    return [int(n) for text in texts for n in re.findall(r"^\*[A-Z]\w+ · (\d+) minutes\.\*", text, re.MULTILINE)]


def stated(page: str) -> tuple[int, int]:
    """Return what the page says: minutes to read, and for its exercises."""
    top = NOTEBOOKS[page].cells[0].source
    (said,) = re.findall(r"\*\*It takes\*\* about (\d+) minutes to read.*?(\d+) more for", top)
    return int(said[0]), int(said[1])


@pytest.mark.parametrize("page", LESSONS, ids=name_of)
def test_the_minutes_of_a_page_are_those_that_it_takes(page: str) -> None:
    to_read, to_do = stated(page)
    counted, own = reading(page), sum(exercises(page)) + QUESTIONS
    assert abs(to_read - counted) < 0.2 * counted, f"{to_read} minutes to read, counted {counted:.0f}"
    assert abs(to_do - own) < 0.2 * own, f"{to_do} minutes for the exercises, which say {own}"


@pytest.mark.parametrize("page", LESSONS, ids=name_of)
def test_the_first_page_and_the_teachers_page_say_the_same_minutes(page: str) -> None:
    to_read, _ = stated(page)
    index = (ROOT / "chapters" / "index.md").read_text("utf-8")
    card = index.partition(f":link: {name_of(page)}\n")[2].partition("grid-item-card")[0]
    assert f"about {to_read} minutes" in card
    teachers = (ROOT / "chapters" / "teachers.md").read_text("utf-8")
    said = teachers.partition(f"({name_of(page)}.ipynb)")[2].partition("**Minutes.** ")[2].partition("\n")[0]
    sections, _, after = said.partition("Questions")
    assert sum(map(int, re.findall(r" (\d+)[,.]", sections))) == pytest.approx(to_read, rel=0.1)
    assert [int(n) for n in re.findall(r"\d+", after.partition("For one lesson")[0])][1:] == exercises(page)
