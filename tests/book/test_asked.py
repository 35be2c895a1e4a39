"""What a notebook asks before it shows: predictions, derivations to recall, lines to put in order."""

import re

import numpy as np
import pytest
from pages import EXERCISE_PAGES, cells_of
from puzzles import PUZZLES, outcome, settings

from scratchnet import BatchNorm, LinearLayer, ReLU, SoftmaxCrossEntropy

EACH_PAGE = pytest.mark.parametrize("page", EXERCISE_PAGES)
ANSWER = re.compile(r'<details class="(right|wrong)">\n<summary>(.+?)</summary>\n\n(.+?)\n\n</details>', re.DOTALL)


def texts(page):
    """The text of a notebook outside of its exercises, cell by cell."""
    return [cell.source for cell in cells_of(page, "markdown") if "*Analyze ·" not in cell.source]


@EACH_PAGE
def test_a_prediction_stands_in_a_paragraph_of_its_own_and_its_options_after_it(page):
    found = 0
    for text in texts(page):
        paragraphs = text.split("\n\n")
        for paragraph, after in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
            if "**Predict" not in paragraph:
                continue
            found += 1
            assert paragraph.startswith("**Predict.** ")
            if after.startswith("- "):
                options = re.findall(r"^- (.+)$", after, re.MULTILINE)
                assert len(options) == len(after.splitlines()) == len(set(options)) >= 2
    assert found >= 3


def test_most_predictions_have_options():
    every = [text for page in EXERCISE_PAGES for text in texts(page) if "**Predict.**" in text]
    with_options = [text for text in every if re.search(r"\*\*Predict\.\*\* [^\n]+\n\n(- |<details)", text)]
    assert len(with_options) > 0.7 * len(every)


@pytest.mark.parametrize("page", [page for page in EXERCISE_PAGES if any('class="steps"' in t for t in texts(page))])
def test_every_step_of_a_derivation_has_one_right_answer_and_explains_each(page):
    (box,) = [text for text in texts(page) if 'class="steps"' in text]
    steps = re.split(r"^\*\*\d\.\*\* ", box, flags=re.MULTILINE)[1:]
    assert len(steps) >= 4
    for step in steps:
        answers = ANSWER.findall(step)
        assert [kind for kind, _, _ in answers].count("right") == 1
        assert len(answers) >= 3
        assert step.count("<details") == len(answers)
        assert len({why for _, _, why in answers}) == len(answers)
        assert min(len(why) for _, _, why in answers) > 15


def test_the_derivations_that_matter_are_recalled():
    assert sum('class="steps"' in text for page in EXERCISE_PAGES for text in texts(page)) == 5


@EACH_PAGE
def test_a_puzzle_has_a_solution_that_runs_and_two_lines_that_do_not_belong(page):
    puzzle = PUZZLES[page]
    assert 4 <= len(puzzle.lines) <= 10
    assert len(puzzle.strange) == 2
    assert len({*puzzle.lines, *puzzle.strange}) == len(puzzle.lines) + 2
    assert outcome(puzzle, list(range(len(puzzle.lines)))) is not None
    assert all(len(reason) > 15 for reason in puzzle.reasons)


def solved(number):
    """What the solved puzzle of a notebook computes."""
    (page,) = [page for page in PUZZLES if f"/{number}_" in page]
    return outcome(PUZZLES[page], list(range(len(PUZZLES[page].lines))))


def test_the_backward_pass_of_the_puzzle_is_that_of_the_layers():
    found = solved("02")
    linear, relu = LinearLayer(3, 2), ReLU()
    linear.W = found["W"]
    linear.forward(found["X"])
    relu.forward(found["A"])
    assert np.allclose(linear.backward(relu.backward(found["dA"])), found["dX"])
    assert np.allclose(linear.dW, found["dW"])
    assert np.allclose(linear.db, found["db"])


def test_the_step_of_the_puzzle_is_that_of_adam():
    before, found = settings()["07"], solved("07")
    m = (0.9 * before["m"] + 0.1 * before["g"]) / (1 - 0.9**4)
    v = (0.999 * before["v"] + 0.001 * before["g"] ** 2) / (1 - 0.999**4)
    assert np.allclose(found["theta"], before["theta"] - 0.1 * m / (np.sqrt(v) + 1e-8))


def test_the_output_of_the_puzzle_is_that_of_batch_normalization():
    found, layer = solved("08"), BatchNorm(3, eps=1e-5)
    layer.gamma, layer.beta = found["gamma"].reshape(1, -1), found["beta"].reshape(1, -1)
    before = settings()["08"]
    layer.running_mean, layer.running_var = (before[f"running_{name}"].reshape(1, -1) for name in ("mean", "var"))
    assert np.allclose(layer.forward(found["Z"]), found["Y"])
    assert np.allclose(layer.running_mean, found["running_mean"])
    assert np.allclose(layer.running_var, found["running_var"])


def test_the_measurement_of_the_puzzle_is_the_derivative():
    found = solved("06")
    assert np.allclose(found["measured"], 3 * found["W"] ** 2, rtol=1e-6)


def test_the_shares_of_the_puzzle_are_those_of_units_that_are_silent():
    net, X = settings()["10"]["net"], settings()["10"]["X"]
    first = np.maximum(X @ net.layers[0].W, 0)
    second = np.maximum(first @ net.layers[2].W, 0)
    assert solved("10")["shares"] == [np.mean(A.max(axis=0) == 0) for A in (first, second)]
    assert 0 < max(solved("10")["shares"]) < 1


def test_the_loop_of_the_puzzle_keeps_the_best_epoch():
    assert solved("09")["net"] == 4  # the smallest loss before three that are no better


def test_the_gradient_of_the_puzzle_is_that_of_softmax_with_cross_entropy():
    found, output = solved("11"), SoftmaxCrossEntropy()
    assert np.allclose(found["dZ"], output.backward(output.forward(found["Z"]), found["Y"]))
    assert np.isclose(found["loss"], output.loss(found["Z"], found["Y"]))
