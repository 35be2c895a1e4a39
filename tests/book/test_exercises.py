"""Every exercise: its solution passes, its plausible mistakes are refused each with a message of its own; quizzes."""

import io
import re
import signal
import sys
from asyncio import CancelledError
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pages import EXERCISE_PAGES, cells_of, exercises_on, name_of

import scratchnet
from scratchnet.book.exercises import EXERCISES, check, judge
from scratchnet.book.exercises.judge import Verdict

EACH_PAGE = pytest.mark.parametrize("page", EXERCISE_PAGES, ids=name_of)
MISTAKES = [(name, sentence) for name, exercise in EXERCISES.items() for sentence in exercise.mistakes]


def checked(cell):
    """The names of the exercises that a cell checks."""
    return re.findall(r'^check\("([\d.]+)", .+\)$', cell.source, re.MULTILINE)


@EACH_PAGE
def test_a_verdict_that_a_page_shows_is_on_the_same_input_every_time(page):
    """Else no run on an unchanged tree would leave the notebook as it is."""
    for cell in cells_of(page, "code"):
        if "on this input" in str(cell.outputs):
            assert all(EXERCISES[name].example is not None for name in checked(cell))


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_is_right_and_is_told_from_an_answer_of_ones_own(name):
    reference = EXERCISES[name].reference
    verdict = check(name, reference)
    assert "the book's own answer" in verdict.message if callable(reference) else verdict.passed, verdict


@pytest.mark.parametrize(("name", "sentence"), MISTAKES)
def test_a_plausible_mistake_is_refused_with_a_message_of_its_own(name, sentence):
    verdict = check(name, EXERCISES[name].mistakes[sentence])
    assert not verdict.passed
    assert verdict.message.endswith(f"Likely reason: {sentence}")


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_at_least_two_mistakes(name):
    assert len(EXERCISES[name].mistakes) >= 2


@EACH_PAGE
def test_a_page_has_at_least_four_exercises_each_with_hints_a_place_to_answer_and_a_solution(page):
    names = exercises_on(page)
    assert len(names) >= 4
    assert names == [f"{names[0].split('.')[0]}.{i}" for i in range(1, len(names) + 1)]
    assert [checked(cell) for cell in cells_of(page, tag="solution")] == [[name] for name in names]
    answers = [cell for cell in cells_of(page, "code") if checked(cell)]
    assert [checked(cell) for cell in answers] == [[name] for name in names]
    texts = [cell.source for cell in cells_of(page, "markdown")]
    for name, answer in zip(names, answers, strict=True):
        (question,) = [text for text in texts if f"### Exercise {name}: " in text]
        assert f'<a id="exercise-{name.replace(".", "-")}"></a>' in question
        assert question.count('<details class="hint">') >= 1
        assert answer.source.splitlines()[-1].startswith(f'check("{name}", ')
        (output,) = answer.outputs
        verdict = output.data["text/plain"]
        assert not verdict.startswith(f"{name}: passed")
        if "..." in answer.source or "NotImplementedError" in answer.source:  # and not a mistake to find
            assert re.search("still open|not finished", verdict)


def test_every_exercise_is_on_a_page():
    assert [name for page in EXERCISE_PAGES for name in exercises_on(page)] == list(EXERCISES)


@EACH_PAGE
def test_solutions_are_inside_their_dropdown_and_nowhere_else(page):
    for cell in cells_of(page):
        if "solution" not in cell.metadata.get("tags", ()):
            assert 'class="solution"' not in cell.source
            continue
        assert cell.cell_type == "markdown"
        assert cell.source.startswith('<details class="solution">') and cell.source.endswith("</details>")
        assert cell.source.count("<details") == cell.source.count("</details>") == 1


@EACH_PAGE
def test_every_question_of_a_quiz_has_one_right_answer_and_explains_the_others(page):
    (quiz,) = cells_of(page, tag="quiz")
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


def test_a_task_that_forbids_it_alone_refuses_work_in_place():
    def in_place(a):
        a[:] = a > 0
        return a

    def step_in_place(X, y, W, b, lr):
        return {"W": W.__isub__(1), "b": b, "loss": 0}

    assert check("2.1", in_place)
    assert "changes its argument W" in check("3.2", step_in_place).message


def test_the_inputs_are_fresh_at_every_call_and_the_verdict_stays():
    seen = []

    def answer(a):
        seen.append(a.tobytes())
        return a > 0

    assert check("2.1", answer) and check("2.1", answer)
    known = {key: np.frombuffer(key) > 0 for key in seen}
    assert len(known) > judge.TRIALS
    assert not check("2.1", lambda a: known.get(a.tobytes(), np.zeros(a.size)).reshape(a.shape))


def test_values_in_turn_are_all_tried_whatever_the_draw():
    values = [1, 2, 3]
    exercise = judge.Exercise(lambda n: n, inputs=lambda rng: {"n": judge.in_turn(rng, values)})
    seen = []
    exercise.judge("x", lambda n: seen.append(n) or n)
    assert seen[: judge.TRIALS] == [1, 2, 3, 1, 2]
    assert judge.in_turn(np.random.default_rng(0), values) == 1


def test_the_books_own_answer_is_refused_also_where_it_is_only_called():
    for answer in (scratchnet.relu_grad, lambda a: scratchnet.relu_grad(a), lambda a: [*map(scratchnet.relu_grad, a)]):
        assert "the book's own answer" in check("2.1", answer).message
    assert "the book's own answer" in check("2.5", type("Mine", (EXERCISES["2.5"].reference,), {})).message
    profile = sys.getprofile()
    assert check("2.1", np.sign) and sys.getprofile() is profile


def test_a_difference_is_printed_with_as_many_digits_as_show_it():
    big = np.arange(100.0)
    for right in (np.array([0.5, 1.0]), np.array([0.0, 1e-9]), big, 3.0, np.array([np.nan, np.inf, 1.0])):
        for change in (1e-3, 1e-5, 1e-8, 1e-12):
            wrong = right.copy() if isinstance(right, np.ndarray) else right
            wrong = wrong + np.where(np.arange(np.size(right)) == np.size(right) - 1, change, 0).reshape(
                np.shape(right)
            )
            yours, expected = judge._told_apart(wrong, right)
            assert yours != expected, (right, change)
    assert judge._told_apart(big + (np.arange(100) == 50), big) == ("at [50]: 51.0", "at [50]: 50.0")


def test_numbers_are_printed_as_a_reader_writes_them():
    class Numbers(dict): ...

    for value in (np.float64(0.5), [np.float64(0.5)], (np.int64(1), {"a": np.float32(2)}), Numbers(b=np.bool_(True))):
        assert "np." not in judge._short(value)


def test_arrays_that_an_object_keeps_are_found_wherever_they_are():
    layer = scratchnet.LinearLayer(2, 3, seed=0)
    layer.forward(np.ones((4, 2)))
    layer.more = {"a": [np.zeros(2), layer]}
    kept = judge.held(layer)
    assert {array.shape for array in kept.values()} == {(2, 3), (1, 3), (4, 2), (2,)}
    kept["more['a'][0]"] += 1
    assert not layer.more["a"][0].any()


def slow(a):
    while True:
        try:
            a = a + 1
        except Exception:
            pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the platform has no timer")
def test_an_answer_that_never_ends_is_stopped_with_a_word_and_the_timers_are_put_back(monkeypatch):
    def ours(*args): ...

    before = signal.signal(signal.SIGALRM, ours)
    signal.setitimer(signal.ITIMER_REAL, 1000, 7)
    try:
        monkeypatch.setattr(judge, "PATIENCE", 0.2)
        message = check("2.1", slow).message
        assert "It was stopped after 0.2 seconds" in message and "a = [[" in message
        assert signal.getsignal(signal.SIGALRM) is ours
        left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 900 < left <= 1000 and interval == 7
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_in_another_thread_there_is_no_timer_and_the_answer_is_judged_all_the_same():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(check, "2.1", np.sign).result()


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


def test_an_answer_that_returns_nothing_or_has_another_shape_is_told_so():
    def nothing(a): ...

    assert "still open" in check("2.1", nothing).message
    assert (
        "dX: There is no value"
        in check("2.3", lambda X, W, dZ: {"dW": X.T @ dZ, "db": dZ.sum(0, keepdims=True)}).message
    )
    assert "The shape is (2,) and should be (3, 2)" in check("2.1", lambda a: a[0]).message


def test_a_value_in_place_of_a_function_is_asked_for_the_function():
    assert 'check("2.1", my_function)' in check("2.1", np.ones((3, 2))).message


def test_nan_is_not_right():
    assert not check("2.1", lambda a: a * np.nan).passed


RIGHT = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    "style",
    [
        lambda a: a > 0,
        lambda a: (a > 0).tolist(),
        lambda a: (a > 0).astype(np.float32),
        lambda a: (a > 0).astype(object) * 1,
        lambda a, shift=0: np.heaviside(a, shift),
        lambda *args: np.sign(args[0]),
    ],
)
def test_a_right_answer_is_right_in_any_style(style):
    assert check("2.1", style)


def test_a_verdict_counts_as_true_only_if_the_answer_passed():
    assert check("2.1", np.sign)
    assert not check("2.1", np.ones_like)


@pytest.mark.parametrize("name", [2.1, " 2.1 ", "2.1\n", np.float64(2.1)])
def test_the_name_of_an_exercise_may_be_a_number_or_have_spaces_around_it(name):
    assert check(name, np.sign)


class Unfriendly:
    """An object that can be neither printed nor made an array."""

    def __repr__(self):
        raise RuntimeError("no text")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no numbers")


class UnfriendlyError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Exiting:
    """An object that leaves the program when it is looked at."""

    def __repr__(self):
        sys.exit(1)

    def __array__(self, *args, **kwargs):
        raise GeneratorExit

    @property
    def __class__(self):
        raise SystemExit


class Closed(dict):
    def get(self, key, default=None):
        raise BaseException("closed")

    def values(self):
        raise GeneratorExit


@pytest.mark.parametrize("name", [None, [2.1], {}, np.sign, Unfriendly()])
def test_a_name_that_is_none_is_told_so(name):
    assert "There is no exercise" in check(name, np.sign).message


def test_a_name_that_leaves_the_program_is_no_name():
    assert not check(Exiting(), np.sign)


def raising(error):
    def answer(*args):
        raise error

    return answer


async def asynchronous(*args): ...


def endless(*args):
    return endless(*args)


STRANGE = [
    *(0, "x", b"x", [], {}, {"a": 1}, [[1], [1, 2]], 1j, Unfriendly(), range(3), {1}, True, np.array([1, "a"], object)),
    *(10**400, [10**400] * 2, 10**5000, Exiting(), Closed(dW=1)),
    *((None, None), ("a", "b"), {"dW": ...}, np.ma.masked_all((3, 2)), np.zeros((0, 3)), np.datetime64("2020-01-01")),
]


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.filterwarnings("ignore")
def test_no_answer_however_strange_passes_or_ends_in_a_traceback(name, capsys):
    errors = [ValueError("a\nb"), UnfriendlyError(), SystemExit(3), NotImplementedError(UnfriendlyError())]
    errors += [StopIteration(), Warning(), GeneratorExit(), BaseException("x"), CancelledError()]
    returning = [lambda *args, value=value: value for value in STRANGE]
    for answer in [*STRANGE, *returning, *map(raising, errors), asynchronous, endless, object, Unfriendly, dict, print]:
        verdict = check(name, answer)
        assert not verdict and str(verdict) and "Traceback" not in verdict.message


def test_an_interrupt_goes_through_and_an_exit_does_not():
    with pytest.raises(KeyboardInterrupt):
        check("2.1", raising(KeyboardInterrupt()))
    assert "raised SystemExit: 3" in check("2.1", lambda a: sys.exit(3)).message


@pytest.mark.parametrize(
    "value",
    [
        RIGHT * 1j,
        RIGHT.astype(str),
        RIGHT.astype(str).tolist(),
        [[1, 2], [3]],
        {"slope": RIGHT},
        iter(RIGHT),
        np.ma.masked_less(RIGHT, 1),
    ],
)
def test_what_is_not_an_array_of_real_numbers_is_told_so(value):
    message = check("2.1", lambda a: value).message
    assert "It should be an array of real numbers of the shape (3, 2), and is" in message


@pytest.mark.parametrize("values", ["abcd", (1j,) * 4])
def test_values_of_the_right_shape_that_are_no_numbers_do_not_pass(values):
    """The expected value is a tuple too."""
    assert not check("4.1", lambda X, margin: tuple(values))


def test_an_imaginary_part_is_not_dropped():
    assert not check("2.3", lambda X, W, dZ: {"dW": X.T @ dZ + 1j, "db": dZ.sum(0)[None], "dX": dZ @ W.T})


def test_rounding_where_zero_is_expected_is_no_mistake():
    def unrounded(gradient, X, y):
        twice = gradient(np.tile(X, (2, 1)), np.tile(y, (2, 1)))
        return 1 + 1e-15 - np.log2(np.linalg.norm(twice) / np.linalg.norm(gradient(X, y)))

    assert check("3.5", unrounded)


def test_a_tuple_in_place_of_a_dict_is_told_the_keys():
    for name, keys in {"2.3": "dW, db, dX", "1.5": "train, test", "3.3": "batches, weights"}.items():
        assert f"Return a dict with the keys {keys}, and not (1, 2)" in check(name, lambda *args: (1, 2)).message


def test_an_answer_that_cannot_be_called_is_not_told_that_its_code_is_wrong():
    message = check("2.3", lambda X, W: {}).message
    assert "Calling your answer, or reading what it returns, raised TypeError" in message and "2 positional" in message


def test_the_line_that_raised_is_the_readers_and_short():
    def long(a):
        return [a, "a line that is so long that it takes more of the page than the message that it is a part of", 1 / 0]

    message = check("2.1", long).message
    assert 'return [a, "a line' in message and "1 / 0" not in message
    assert "return np.linalg.inv(a)" in check("2.1", inverse).message


def inverse(a):
    return np.linalg.inv(a)  # raises inside of NumPy


def batches(order, size):
    cut = [order[i : i + size] for i in range(0, len(order), size)]
    return {"batches": cut, "weights": [len(batch) / len(order) for batch in cut]}


def test_batches_that_are_only_rearranged_or_drawn_from_another_generator_do_not_pass():
    def inside(n, size, rng):
        epoch = batches(np.arange(n), size)
        return epoch | {"batches": [rng.permutation(batch) for batch in epoch["batches"]]}

    assert "The batches are the same in every epoch" in check("3.3", inside).message
    assert (
        "a generator of its own"
        in check("3.3", lambda n, size, rng: batches(np.random.default_rng().permutation(n), size)).message
    )
    assert (
        "flat array of row numbers"
        in check("3.3", lambda n, size, rng: batches(rng.permutation(n) + 0.5, size)).message
    )


def split(y, n_test, rng, stratified=True):
    order = rng.permutation(len(y))
    if stratified:
        order = np.concatenate([order[y[order] == k][: n_test // 2] for k in (0, 1)])
    return {"train": np.setdiff1d(np.arange(len(y)), order[:n_test]), "test": order[:n_test]}


def test_the_likely_reason_holds_for_every_answer_that_gives_the_same():
    """Not only for the mistake it was written for: each of these gave a false one."""
    fixed = np.random.default_rng
    assert "The seed changes nothing" in check("1.5", lambda y, n, seed: split(y, n, fixed(0))).message
    assert "Neither the classes nor the seed" in check("1.5", lambda y, n, seed: split(y, n, fixed(1), False)).message
    assert "Some samples are in no batch" in check("3.3", lambda n, k, rng: batches(rng.permutation(n) + 1, k)).message
    assert (
        "Every seed gives the same W"
        in check("5.5", lambda i, o, rng: EXERCISES["5.5"].reference(i, o, fixed(0))).message
    )
    assert "all five seeds" in check("5.4", lambda u, a: min(np.array(u)[(a > 0.95).all(axis=1)])).message
    assert "Likely" not in check("5.4", lambda u, a: u[-1]).message
    assert "Likely" not in check("2.2", lambda z: 1 - 2 / (1 + np.exp(z))).message
    swap = np.eye(3)[[1, 0, 2]]
    assert check("2.4", swap).message.endswith("This matrix does hide the mistake, but here no entry may be 0.")


def test_a_mask_of_rows_is_not_taken_for_their_numbers():
    def masks(y, n_test, seed):
        test = np.isin(np.arange(len(y)), split(y, n_test, np.random.default_rng(seed))["test"])
        return {"train": ~test, "test": test}

    assert "train: It should be a flat array of row numbers" in check("1.5", masks).message


def test_a_matrix_that_is_nearly_symmetric_does_not_pass_where_the_check_sees_it():
    assert not check("2.4", np.ones((3, 3)) + 1e-4 * np.triu(np.ones((3, 3)), 1))


def test_overflow_is_told_on_the_side_where_it_happens():
    assert "there is: overflow where z < 0" in check("2.2", lambda z: 1 / (1 + np.exp(-z))).message
    assert "there is: overflow where z > 0" in check("2.2", lambda z: 1 - 1 / (1 + np.exp(z))).message


def test_a_verdict_can_be_printed_on_a_terminal_that_lacks_its_letters(monkeypatch):
    verdict, buffer = Verdict(False, "6.1: not yet. epsilon ε and ‖dW‖"), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="cp1252", write_through=True))
    print(verdict)
    assert buffer.getvalue().splitlines() == [b"6.1: not yet. epsilon \\u03b5 and \\u2016dW\\u2016"]
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert str(verdict) == verdict.message
