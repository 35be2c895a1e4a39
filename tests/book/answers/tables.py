"""What every table of answers is tested for: the right pass in any style, the wrong are told why, each time anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scratchnet.book.exercises import EXERCISES, check, own

ROUNDS = 2  # the inputs are fresh each time


def judged(right: dict[str, list[Any]], wrong: dict[str, list[tuple[str, Any]]]) -> tuple[Callable[..., None], ...]:
    """Return the tests of the answers to one notebook's exercises.

    right, wrong: the answers by the number of their exercise. Before a wrong answer stand the words that it is told;
    | divides words of which one is enough, where the inputs decide what is said.
    """
    passing = [pytest.param(name, answer, id=f"{name}-{k}") for name in right for k, answer in enumerate(right[name])]
    failing = [pytest.param(name, *row, id=f"{name}-{k}") for name in wrong for k, row in enumerate(wrong[name])]

    @pytest.mark.parametrize(("name", "answer"), passing)
    def test_a_right_answer_passes(name: str, answer: Any) -> None:
        for _ in range(ROUNDS):
            verdict = check(name, answer)
            assert verdict.passed, verdict

    @pytest.mark.parametrize(("name", "told", "answer"), failing)
    def test_a_wrong_answer_is_told_why(name: str, told: str, answer: Any) -> None:
        for _ in range(ROUNDS):
            verdict = check(name, answer)
            assert not verdict.passed
            assert any(words in verdict.message for words in told.split("|")), verdict

    def test_every_exercise_has_enough_of_both() -> None:
        chapters = {name.split(".")[0] for name in right}
        building = right.keys() <= own.PIECE_OF.keys()
        asked = {name for name in EXERCISES if name.split(".")[0] in chapters and (name in own.PIECE_OF) == building}
        assert right.keys() == wrong.keys() == asked
        assert min(map(len, right.values())) >= 6
        assert min(map(len, wrong.values())) >= 8

    return test_a_right_answer_passes, test_a_wrong_answer_is_told_why, test_every_exercise_has_enough_of_both
