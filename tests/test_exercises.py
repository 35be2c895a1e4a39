"""Every exercise: its solution passes, its plausible mistakes are refused each with a message of its own; quizzes."""

import re

import nbformat
import numpy as np
import pytest
from pages import ROOT

import scratchnet
from scratchnet.exercises import EXERCISES, check

NOTEBOOKS = sorted((ROOT / "chapters").glob("0*.ipynb"))
MISTAKES = [(name, sentence) for name, exercise in EXERCISES.items() for sentence in exercise.mistakes]


def cells(path, tag=None):
    return [
        cell for cell in nbformat.read(path, as_version=4).cells if tag is None or tag in cell.metadata.get("tags", ())
    ]


def number(path):
    return int(path.name[:2])


def solutions(path):
    """The text of every solution by the name of its exercise."""
    found = {}
    for cell in cells(path, "solution"):
        (name,) = re.findall(r'^check\("([\d.]+)"', cell.source, re.MULTILINE)
        found[name] = cell.source
    return found


SOLUTIONS = {name: text for path in NOTEBOOKS for name, text in solutions(path).items()}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_passes(name):
    verdict = check(name, EXERCISES[name].reference)
    assert verdict.passed, verdict


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_a_plausible_mistake_is_refused_with_a_message_of_its_own(name, sentence):
    verdict = check(name, EXERCISES[name].mistakes[sentence])
    assert not verdict.passed
    assert verdict.message.endswith(f"Likely reason: {sentence}")


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_at_least_two_mistakes(name):
    assert len(EXERCISES[name].mistakes) >= 2


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_that_the_reader_sees_passes(name):
    """The code in the dropdown, run in an empty notebook, and its last line is the check."""
    (code,) = re.findall(r"```python\n(.*?)```", SOLUTIONS[name], re.DOTALL)
    *before, last = code.strip().splitlines()
    assert re.fullmatch(rf'check\("{re.escape(name)}", .+\)', last)
    namespace = {"np": np, **{public: getattr(scratchnet, public) for public in scratchnet.__all__}}
    exec("\n".join(before), namespace)
    verdict = eval(last, namespace)
    assert verdict.passed, verdict


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_at_least_four_exercises_each_with_hints_a_place_to_answer_and_a_solution(path):
    names = [name for name in EXERCISES if name.startswith(f"{number(path)}.")]
    assert len(names) >= 4
    assert names == [f"{number(path)}.{i}" for i in range(1, len(names) + 1)]
    assert list(solutions(path)) == names
    texts = [cell.source for cell in cells(path) if cell.cell_type == "markdown"]
    for name in names:
        (question,) = [text for text in texts if f"### Exercise {name}: " in text]
        assert f"(exercise-{name.replace('.', '-')})=" in question
        assert question.count('<details class="hint">') >= 1
        answers = [cell for cell in cells(path) if cell.cell_type == "code" and f'check("{name}"' in cell.source]
        assert len(answers) == 1
        assert answers[0].source.splitlines()[-1].startswith(f'check("{name}", ')
        (output,) = answers[0].outputs
        assert not output.data["text/plain"].startswith(f"{name}: passed")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_are_inside_their_dropdown_and_nowhere_else(path):
    for cell in cells(path, "solution"):
        assert cell.cell_type == "markdown"
        assert cell.source.startswith('<details class="solution">') and cell.source.endswith("</details>")
        assert cell.source.count("<details") == cell.source.count("</details>") == 1
    for cell in cells(path):
        assert "solution" in cell.metadata.get("tags", ()) or 'class="solution"' not in cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_question_of_a_quiz_has_one_right_answer_and_explains_the_others(path):
    (quiz,) = cells(path, "quiz")
    questions = re.split(r"^\*\*Question \d\.\*\*", quiz.source, flags=re.MULTILINE)[1:]
    assert 3 <= len(questions) <= 5
    for question in questions:
        answers = re.findall(
            r'<details class="(right|wrong)">\n<summary>(.+?)</summary>\n\n(.+?)\n\n</details>', question, re.DOTALL
        )
        kinds = [kind for kind, _, _ in answers]
        assert kinds.count("right") == 1 and kinds.count("wrong") >= 2
        assert question.count("<details") == len(answers)
        explanations = [explanation for _, _, explanation in answers]
        assert len(set(explanations)) == len(explanations) and min(map(len, explanations)) > 25


# The judge itself


def test_an_unknown_exercise_is_named_with_those_there_are():
    verdict = check("2.99", np.ones)
    assert not verdict.passed
    assert verdict.message.startswith("There is no exercise '2.99'. There are 2.1, ")


@pytest.mark.parametrize("answer", [None, ...])
def test_an_answer_that_is_not_there_yet_is_open(answer):
    assert "still open" in check("2.1", answer).message


def test_an_answer_that_raises_is_told_where_and_on_which_input_and_never_with_a_traceback():
    def answer(a):
        return a.slope

    verdict = check("2.1", answer)
    assert "AttributeError" in verdict.message and "return a.slope" in verdict.message and "a = [[" in verdict.message
    assert "Traceback" not in verdict.message


def test_an_answer_that_returns_nothing_changes_its_argument_or_has_another_shape_is_told_so():
    def nothing(a): ...

    def in_place(a):
        a[:] = a > 0
        return a

    assert "still open" in check("2.1", nothing).message
    assert (
        "dX: There is no value"
        in check("2.3", lambda X, W, dZ: {"dW": X.T @ dZ, "db": dZ.sum(0, keepdims=True)}).message
    )
    assert "changes its argument a" in check("2.1", in_place).message
    assert "The shape is (2,) and should be (3, 2)" in check("2.1", lambda a: a[0]).message


def test_a_value_in_place_of_a_function_is_asked_for_the_function():
    assert 'check("2.1", my_function)' in check("2.1", np.ones((3, 2))).message


def test_nan_is_not_right():
    assert not check("2.1", lambda a: a * np.nan).passed
