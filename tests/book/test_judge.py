"""The judge itself: what it takes for an answer, how far an answer may be off, and what it says of it, to the word."""

import functools
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from scratchnet.book.exercises import judge
from scratchnet.book.exercises.judge import Exercise, WrongFormError

GIVEN = {"a": np.array([1.0, 2.0])}
ON = ", on this input:\na = [1., 2.]"


def double(a):
    return 2 * a


class Doubler:
    """A reference that is a class."""

    def __init__(self):
        self.factor = 2

    def forward(self, a):
        return self.factor * a


def drawn(rng):
    return {"a": rng.uniform(1, 2, 2)}


def exercise(reference=double, **options):
    return Exercise(reference, **{"inputs": drawn, "example": GIVEN, **options})


def forward(answer, a):
    return answer().forward(a)


def said(answer, **options):
    """What is said of a wrong answer."""
    verdict = exercise(**options).judge("7.7", answer)
    assert verdict.passed is False
    return verdict.message.removeprefix("7.7: not yet. ")


# How far an answer may be off


@pytest.mark.parametrize("size", [1e-3, 1.0, 1000.0, 1e200])
def test_an_answer_may_be_off_by_a_millionth_of_the_largest_entry(size):
    right = size * np.array([1.0, -0.001, 0.0])
    for entry in range(3):
        unit = np.eye(3)[entry] * size
        assert judge._equal(right + 0.9e-6 * unit, right) and judge._equal(right - 0.9e-6 * unit, right)
        assert not judge._equal(right + 1.2e-6 * unit, right) and not judge._equal(right - 1.2e-6 * unit, right)


def test_the_largest_entry_is_one_of_the_expected_and_finite():
    assert not judge._equal([1e9, 1.0], [1.0, 1.0]) and not judge._equal([1e9, 1.1], [np.inf, 1.0])
    assert judge._equal([np.inf, 1.0], [np.inf, 1.0]) and not judge._equal([np.inf, 1.1], [np.inf, 1.0])
    assert not judge._equal([-np.inf, 1.0], [np.inf, 1.0])
    assert judge._equal([np.nan, 1.0], [np.nan, 1.0]) and not judge._equal([1.0, np.nan], [np.nan, 1.0])


def test_where_zeros_are_expected_rounding_passes_and_no_more():
    assert judge._equal([0.9e-12, 0], [0, 0]) and not judge._equal([1.1e-12, 0], [0, 0])


def test_what_is_no_number_is_the_same_or_not():
    thing = object()
    assert judge._equal("a", "a") and not judge._equal("a", "b")
    assert judge._equal({"a": 1}, {"a": 1}) and not judge._equal({"a": 1}, {"a": 2})
    assert not judge._equal("1", 1) and not judge._equal(1, "1") and not judge._equal({}, 1) and not judge._equal(1, {})
    assert judge._equal(thing, thing) and not judge._equal(thing, 1.0) and not judge._equal(1.0, thing)
    assert not judge._equal([1.0], 1.0) and not judge._equal([[1.0, 2.0]], [1.0, 2.0])


def test_objects_that_arguments_hold_are_compared_by_their_class():
    """A copy of a network is another object, and an answer that leaves it alone has not changed its argument."""
    assert judge._equal(object(), object()) and not judge._equal(object(), judge.nothing)


def test_real_numbers_of_every_kind_are_taken_and_nothing_else():
    for value in (True, 1, 1.5, np.float32(1), np.uint8(1), [1, 2.5], np.array([1, True], object)):
        array = judge._numbers(value)
        assert array.dtype == np.float64 and np.array_equal(array, np.asarray(value, float))
    for value in (1j, "1", b"1", None, [[1], [1, 2]], np.datetime64("2020-01-01"), 10**400, np.array([1, "1"], object)):
        assert judge._numbers(value) is None
    assert judge._numbers(np.ma.masked_less([1, 2], 2)) is None and judge._numbers(np.ma.ones(2)).tolist() == [1, 1]


# What an answer gives


def test_parts_of_an_answer_are_handed_out_in_the_order_of_their_names():
    assert judge.parts({"a": 1, "b": 2, "c": 3}, "b", "a") == [2, 1]
    for nothing in (None, ..., {}, {"c": 3}, {"a": None, "b": ...}):
        assert judge.parts(nothing, "a", "b") is None
    with pytest.raises(WrongFormError, match=r"^Return a dict with the keys a, b, and not \[1, 2\]\.$"):
        judge.parts([1, 2], "a", "b")
    with pytest.raises(WrongFormError, match=r"^b: There is no value for it\.$"):
        judge.parts({"a": 1}, "a", "b")


def test_an_array_and_rows_are_read_or_refused_by_their_name():
    assert judge.real("W", [1, 2]).dtype == np.float64
    with pytest.raises(WrongFormError, match=r"^W: It should be an array of real numbers, and is 'x'\.$"):
        judge.real("W", "x")
    found = judge.rows("test", [2.0, 0.0])
    assert found.dtype.kind == "i" and found.tolist() == [2, 0]
    for value, text in {"[[1]]": [[1]], "1": 1, "[1.5, 2]": [1.5, 2], "[True, False]": [True, False]}.items():
        with pytest.raises(WrongFormError) as caught:
            judge.rows("test", text)
        assert str(caught.value) == f"test: It should be a flat array of row numbers, and is {value}."
    with pytest.raises(WrongFormError, match="^test: It should be an array of real numbers"):
        judge.rows("test", "x")


def test_a_pair_is_two_numbers_or_not_there_yet():
    for value in ([1, 2], (0.5, True), np.ones(2), None, ..., "x"):
        assert judge.pair(value, "Give two.") is value
    for value in (1.0, [1], [1, 2, 3]):
        with pytest.raises(WrongFormError, match=r"^Give two\.$"):
            judge.pair(value, "Give two.")


def test_a_generator_without_trials_takes_the_first_of_the_values():
    for seed_seq in (np.random.SeedSequence(3), None):
        rng = SimpleNamespace(bit_generator=SimpleNamespace(seed_seq=seed_seq))
        assert judge.in_turn(rng, ["first", "second"]) == "first"


def test_arrays_that_are_kept_are_named_by_the_way_to_them():
    class Kept:
        pass

    thing, inner = Kept(), Kept()
    inner.W, inner.back = np.ones(1), thing
    thing.X, thing.b, thing.layers, thing.seen = (
        np.ones(5),
        np.zeros(2),
        [inner, (np.ones(3),)],
        {"dW": np.ones(4), 1: "text"},
    )
    found = judge.held(thing)
    assert {name: len(array) for name, array in found.items()} == {
        "X": 5,
        "b": 2,
        "layers[0].W": 1,
        "layers[1][0]": 3,
        "seen['dW']": 4,
    }
    found["b"] += 1
    assert thing.b.tolist() == [0, 0]
    assert list(judge.held([np.ones(1)], "all")) == ["all[0]"] and judge.held(3) == {}


# How an answer is asked


def test_an_answer_is_tried_on_the_example_first_and_then_on_fresh_inputs():
    seen = []
    verdict = exercise().judge("7.7", lambda a: seen.append(a.tolist()) or 2 * a)
    assert verdict == (True, "7.7: passed on 5 random inputs.")
    assert seen[0] == [1, 2] and len({str(a) for a in seen}) == judge.TRIALS == 5
    seen.clear()
    exercise(example=None).judge("7.7", lambda a: seen.append(a.tolist()) or 2 * a)
    assert seen[0] != [1, 2]


def test_a_value_is_judged_without_inputs():
    seven = Exercise(7.0, {"Almost.": 6.0})
    assert seven.judge("7.7", 7) == (True, "7.7: passed.")
    assert seven.judge("7.7", 6.0).message == "7.7: not yet. The value differs.\nyours:    6.0\nLikely reason: Almost."
    the_right_one_is_not_told = "7.7: not yet. The value differs.\nyours:    5.0"
    assert seven.judge("7.7", 5.0).message == the_right_one_is_not_told


def test_what_is_still_open_is_named_by_its_kind():
    for reference, kind in ((double, "function"), (Doubler, "class"), (7.0, "answer")):
        for nothing in (None, ...):
            verdict = Exercise(reference).judge("7.7", nothing)
            assert verdict == (
                False,
                f"7.7 is still open: put your {kind} in place of the dots and run the cell again.",
            )
    parted = exercise(lambda a: {"b": a, "c": a})
    for verdict in (exercise().judge("7.7", lambda a: ...), parted.judge("7.7", lambda a: {"b": None, "c": ...})):
        assert verdict.passed is False and verdict.message.startswith("7.7 is still open: put your function in")
    assert parted.judge("7.7", lambda a: {"b": a, "c": ...}).message == f"7.7: not yet. c: There is no value for it{ON}"


def test_who_has_written_all_and_forgotten_the_return_is_asked_for_it():
    def silent(a):
        a * 2

    class Silent:
        def forward(self, a):
            a * 2

    assert said(silent) == "Your function returns None. Is there a return missing?"
    assert (
        said(Silent, reference=Doubler, run=forward)
        == "A method of your class returns None. Is there a return missing?"
    )
    made: dict = {}
    exec("def unknown(a):\n    a * 2", made)  # whose text nobody knows
    assert exercise().judge("7.7", made["unknown"]).message.startswith("7.7 is still open")


def test_an_answer_of_another_kind_is_asked_for_by_an_example():
    wanted = '7.7: check needs the {0} itself, as in check("7.7", my_{0}), and was given {1}.'
    assert exercise().judge("7.7", 2.0) == (False, wanted.format("function", "2.0"))
    assert exercise().judge("7.7", Doubler) == (False, wanted.format("function", "Doubler"))
    assert exercise(Doubler, run=forward).judge("7.7", double) == (False, wanted.format("class", "double"))
    assert exercise(Doubler, run=forward).judge("7.7", 2.0) == (False, wanted.format("class", "2.0"))
    assert Exercise(7.0).judge("7.7", double) == (False, "7.7: check needs a value, and was given double.")


def test_what_an_answer_makes_of_its_arguments_is_its_own_unless_the_task_forbids_it():
    def in_place(a):
        a *= 2
        return a

    def in_a_list(arrays):
        arrays[0] *= 2
        return arrays[0]

    assert exercise().judge("7.7", in_place)
    listed = {"inputs": lambda rng: {"arrays": [rng.uniform(1, 2, 2)]}, "example": None}
    assert exercise(lambda arrays: 2 * arrays[0], **listed).judge("7.7", in_a_list)
    changes = f"Your code changes its argument a; work on a copy{ON}"
    assert said(in_place, untouched=True) == changes
    mistakes = {"In place.": lambda a: a.__imul__(2)}
    assert said(in_place, untouched=True, mistakes=mistakes) == f"{changes}\nLikely reason: In place."


def test_a_generator_and_a_network_are_handed_on_as_they_are():
    thing, row = object(), np.ones(2)
    copies = judge._copied([thing, row, [row], (row,), 3])
    assert copies[0] is thing and copies[3][0] is row and copies[4] == 3
    assert copies[1] is not row and copies[2][0] is not row and copies[2][0].tolist() == [1, 1]


def test_an_answer_may_overflow_and_divide_by_zero_on_its_way():
    """Warnings are errors here."""
    assert exercise().judge("7.7", lambda a: np.where(a > 0, 2 * a, a / 0 + np.exp(1000 * a)))


# What is said of a wrong answer


def test_a_wrong_value_is_shown_with_the_input_and_the_right_one():
    assert said(lambda a: 3 * a) == f"The value differs{ON}\nyours:    [3., 6.]\nexpected: [2., 4.]"
    assert said(lambda a: a[0]) == f"The shape is () and should be (2,){ON}"
    assert said(lambda a: "x") == f"It should be an array of real numbers of the shape (2,), and is 'x'{ON}"
    assert said(lambda a: 1j, reference=lambda a: a[0]) == f"It should be a real number, and is 1j{ON}"
    assert said(lambda a: "b", reference=lambda a: "a") == f"The value differs{ON}\nyours:    'b'\nexpected: 'a'"


def test_a_wrong_part_is_named():
    parted = {"reference": lambda a: {"b": a, "c": 2 * a}}
    assert said(lambda a: a, **parted) == f"Return a dict with the keys b, c, and not [1., 2.]{ON}"
    assert said(lambda a: {"b": a, "c": a}, **parted).startswith(f"c: The value differs{ON}\nyours:    [1., 2.]")
    assert said(lambda a: {"b": a, "c": a[:1]}, **parted) == f"c: The shape is (1,) and should be (2,){ON}"
    assert said(lambda a: {"c": 2 * a}, **parted) == f"b: There is no value for it{ON}"


def test_what_an_answer_should_be_and_is_not_is_said_as_a_sentence():
    held = {"reference": double, "run": lambda answer, a: {"twice as large": answer(a).tolist() == [2 * x for x in a]}}
    assert said(lambda a: a, **held) == f"This does not hold: twice as large{ON}"
    returned = {"reference": lambda a: {"right": True, "not so": False}}
    shown = f"right: The value differs{ON}\nyours:    False\nexpected: True"
    assert said(lambda a: {"right": False, "not so": False}, **returned) == shown
    assert said(lambda a: {"right": True, "not so": True}, **returned).startswith(f"not so: The value differs{ON}")
    assert said(lambda a: {"right": 1, "not so": 5}, **returned).startswith(f"not so: The value differs{ON}")


def test_what_an_answer_raises_is_told_with_its_line():
    def unfinished(a):
        raise NotImplementedError

    def half_finished(a):
        raise NotImplementedError("the second case")

    def failing(a):
        return a + {}

    def refused(answer, a):
        raise WrongFormError("Return a row.")

    assert said(unfinished) == "It is not finished: something is not implemented."
    assert said(half_finished) == "It is not finished: the second case."
    line = failing.__code__.co_firstlineno + 1
    message = said(failing)
    assert message.startswith("Your code raised TypeError: unsupported operand type(s) for +:")
    assert message.endswith(f' in line {line}, "return a + {{}}"{ON}')
    raising = exercise().judge("7.7", lambda: 2.0).message
    assert raising.startswith("7.7: not yet. Calling your answer, or reading what it returns, raised TypeError: ")
    assert (
        said(lambda a: None, run=lambda answer, a: refused(answer, a) if answer(a) is None else a)
        == f"Return a row{ON}"
    )


def test_the_likely_reason_is_the_first_that_gives_the_same_on_every_input():
    mistakes = {"Once.": lambda a: a, "Never.": lambda a: 1 / 0, "Thrice.": lambda a: 3 * a, "Again.": lambda a: 3 * a}
    assert said(lambda a: a + 2 * a, mistakes=mistakes).endswith("expected: [2., 4.]\nLikely reason: Thrice.")
    sometimes = said(lambda a: 3 * a if a.tolist() == [1, 2] else 4 * a, mistakes=mistakes)
    assert sometimes.endswith("expected: [2., 4.]")


def test_an_answer_that_is_refused_with_the_words_of_a_mistake_has_its_reason():
    def run(answer, a):
        return judge.rows("rows", answer(a))

    rows = {"reference": lambda a: [0, 1], "run": run}
    mistakes = {"Half.": lambda a: [0.5, 1], "A quarter.": lambda a: [0.25, 1]}
    message = said(lambda a: [0.25, 1], mistakes=mistakes, **rows)
    assert message.endswith(f"and is [0.25, 1]{ON}\nLikely reason: A quarter.")


def test_the_books_answer_counts_as_such_only_where_the_reader_calls_it():
    calls_it, parted = lambda a: double(a), exercise(Doubler, run=forward)
    own = "7.7: this is the book's own answer, or calls it. Write one of your own."
    for answer in (double, calls_it):
        assert exercise().judge("7.7", answer) == (False, own)
    heir = type("Heir", (Doubler,), {})
    assert parted.judge("7.7", heir) == (False, own) and parted.judge("7.7", Doubler) == (False, own)

    class Mine:
        __init__ = Doubler.__init__  # which only sets what the task gives

        def forward(self, a):
            return a + a

    class Calls(Mine):
        def forward(self, a):
            return Doubler.forward(self, a)

    assert parted.judge("7.7", Mine) and parted.judge("7.7", Calls) == (False, own)
    assert Exercise(7.0).judge("7.7", 7.0)  # a value is known by nothing but itself


def test_what_looks_for_the_books_answer_leaves_what_looked_before():
    def mine(*_):
        return None

    before = sys.getprofile()
    sys.setprofile(mine)
    try:
        assert exercise().judge("7.7", lambda a: a + a)
        assert sys.getprofile() is mine
    finally:
        sys.setprofile(before)


def in_the_package(text):
    """A function that has been defined in the file of the judge, as those are that ask an answer."""
    made: dict = {"Doubler": Doubler}
    exec(compile(f"def run(answer, a):\n    return {text}", judge.__file__, "exec"), made)
    return made["run"]


def test_an_heir_of_the_books_class_is_the_books_answer_wherever_it_is_called():
    class Mine:
        def forward(self, a):
            return a + a

    task = exercise(Doubler, run=in_the_package("answer().forward(a)"))
    own = "7.7: this is the book's own answer, or calls it. Write one of your own."
    assert task.judge("7.7", type("Heir", (Doubler,), {})) == (False, own) and task.judge("7.7", Mine)
    beside = in_the_package("answer().forward(a) + Doubler().forward(a)")
    assert exercise(Doubler, run=beside).judge("7.7", Mine)  # it is not the reader who calls the book's


# How values are printed


def test_a_value_is_printed_on_one_line_as_a_reader_writes_it():
    for value, text in (
        (np.array([[0.5, 1e-7], [1, 123.45678]]), "[[ 0.5 , 0. ], [ 1. , 123.4568]]"),
        (np.arange(40.0), "[ " + ", ".join(f"{k}." for k in range(40)) + "]"),
        (np.arange(41.0), "[ 0., 1., ..., 39., 40.]"),
        (np.eye(12, dtype=int), f"[{', '.join(str(list(row)) for row in np.eye(12, dtype=int).tolist())}]"),
        (np.arange(150), "[ 0, " + ", ".join(f"{k}" for k in range(1, 150)) + "]"),
        (np.arange(151), "[ 0, 1, ..., 149, 150]"),
        (np.array(0.5), "0.5"),
        (np.float64(0.5), "0.5"),
        ([np.float64(0.5), "a\nb"], "[0.5, 'a\\nb']"),
        (double, "double"),
        (Doubler, "Doubler"),
        (SimpleNamespace(__name__="no function"), "namespace(__name__='no function')"),
        (..., "Ellipsis"),
        ("a" * 118, repr("a" * 118)),
        ("a" * 119, "'" + "a" * 116 + "..."),
    ):
        assert judge._short(value) == text, value
    assert judge._short("abcdef", length=6) == "'ab..." and judge._short(np.array([1.23456789]), 6) == "[1.234568]"


def test_small_entries_are_printed_in_full_where_all_digits_are_asked_for():
    assert judge._short(np.array([1.0, 1e-7]), 9) == "[1. , 0.0000001]"
    assert judge._short(np.array([1.0, 1e-20]), 16) == "[1., 0.]"
    assert judge._short(np.array([1.0, 1e-20]), 17) == "[1.e+00, 1.e-20]"


def test_values_that_differ_are_told_apart_by_as_few_digits_as_it_takes():
    for off, yours in ((1e-3, "[1.001, 2. ]"), (1e-5, "[1.00001, 2. ]"), (1e-8, "[1.00000001, 2. ]")):
        mine, value = judge._told_apart(np.array([1 + off, 2.0]), np.array([1.0, 2.0]))
        assert (mine, value) == (yours, "[1., 2.]")
    assert judge._told_apart(0.5, 0.25) == ("0.5", "0.25") and judge._told_apart("a", [1]) == ("'a'", "[1]")


def test_of_a_large_array_only_the_entry_that_differs_most_is_printed():
    big = np.arange(100.0).reshape(4, 25)
    big[1, 1:3] = np.nan, np.inf
    wrong = big.copy()
    wrong[2, 5], wrong[2, 6] = 0, 55
    assert judge._told_apart(wrong, big) == ("at [2, 5]: 0.0", "at [2, 5]: 55.0")
    wrong[3, 9] = np.nan
    assert judge._told_apart(wrong, big) == ("at [3, 9]: nan", "at [3, 9]: 84.0")


def test_the_line_that_raised_is_cut_to_the_width_of_a_page():
    def long(a):
        return [a, "so many words, one after the other, that the line takes more than the page", a.missing]

    message = said(long)
    quoted = re.search('in line [0-9]+, "(.+)"', message)[1]
    assert quoted.startswith('return [a, "so many') and quoted.endswith("...") and len(quoted) <= judge.WIDTH


def test_code_without_a_file_is_the_readers_and_python_and_packages_are_not():
    assert judge._elsewhere(np.__file__) and judge._elsewhere(re.__file__) and judge._elsewhere(judge.__file__)
    assert judge._elsewhere("<frozen importlib._bootstrap>")
    assert not judge._elsewhere(__file__) and not judge._elsewhere("<ipython-input-1>")


def test_a_verdict_is_printed_in_lines_that_fit_on_a_page():
    lines = str(judge.Verdict(False, "word " * 30 + "\nsecond")).splitlines()
    assert all(len(line) <= judge.WIDTH for line in lines) and len(lines) == 3
    assert lines[1].startswith("    word") and lines[2] == "second"


def test_a_verdict_is_printed_in_letters_that_the_terminal_has(monkeypatch):
    verdict = judge.Verdict(False, "ε is small")
    for stdout, text in (
        (SimpleNamespace(encoding="cp1252"), "\\u03b5 is small"),
        (SimpleNamespace(encoding="utf-8"), "ε is small"),
        (SimpleNamespace(encoding=None), "ε is small"),
        (SimpleNamespace(), "ε is small"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stdout)
            printed = repr(verdict)
        assert printed == text


def test_each_trial_takes_the_next_of_the_values():
    trials = [np.random.default_rng(seed) for seed in np.random.SeedSequence(0).spawn(5)]
    assert [judge.in_turn(rng, "abc") for rng in trials] == list("abcab")


def test_what_is_wrong_for_one_of_the_values_alone_never_passes():
    task = Exercise(double, inputs=lambda rng: {"a": judge.in_turn(rng, range(judge.TRIALS))})
    for wrong in range(judge.TRIALS):
        assert not task.judge("7.7", lambda a, wrong=wrong: 2 * a + (a == wrong))
    assert task.judge("7.7", lambda a: a + a)


def test_inputs_are_shown_a_line_each():
    two = {"inputs": lambda rng: {"a": 1.0, "b": 2.0}, "example": {"a": 1.0, "b": 2.0}}
    message = said(lambda a, b: a, reference=lambda a, b: a + b, **two)
    assert message.startswith("The value differs, on this input:\na = 1.0\nb = 2.0\nyours:    1.0\nexpected: 3.0")


def test_empty_arrays_are_the_same_if_their_shapes_are():
    assert judge._equal(np.zeros((0, 2)), np.zeros((0, 2))) and not judge._equal(np.zeros((0, 2)), np.zeros((2, 0)))


@pytest.mark.parametrize(
    ("mine", "value", "texts"),
    [
        ([1.00011], [1.0002], ("[1.0001]", "[1.0002]")),
        ([1.0000011], [1.0000022], ("[1.000001]", "[1.000002]")),
        ([1.0000000011], [1.0000000022], ("[1.000000001]", "[1.000000002]")),
        ([1.0, 2.0], "by He", ("[1., 2.]", "'by He'")),
        (np.arange(100.0), np.where(np.arange(100) == 50, 50.1, np.arange(100.0)), ("at [50]: 50.0", "at [50]: 50.1")),
    ],
)
def test_two_values_are_told_apart_where_they_differ(mine, value, texts):
    as_array = value if isinstance(value, str) else np.asarray(value)
    assert judge._told_apart(np.asarray(mine), as_array) == texts


def test_an_error_without_words_or_without_a_line_is_told_by_its_name():
    class Weird(Exception):
        def __str__(self):
            raise ValueError

    class IndeX(Exception):
        pass

    for error in (Weird, IndeX):
        made: dict = {"error": error}
        exec("def no_source(a):\n    raise error()", made)
        assert said(made["no_source"]) == f"Your code raised {error.__name__}{ON}"


def test_an_answer_that_changes_its_argument_has_its_likely_reason_all_the_same():
    class Thrice:
        def forward(self, a):
            return 3 * a

    class Changes:
        def forward(self, a):
            a *= 3
            return a

    task = exercise(Doubler, run=lambda answer, a: answer().forward(a.copy()), mistakes={"Twice, not thrice.": Thrice})
    assert task.judge("7.7", Changes).message.endswith("\nLikely reason: Twice, not thrice.")


def test_what_the_book_or_a_mistake_does_to_its_arguments_does_not_reach_the_next():
    class InPlace:
        def forward(self, a):
            a *= 2
            return a.copy()

    class Mine:
        def forward(self, a):
            return a + a

    class Fourfold:
        def forward(self, a):
            a *= 4
            return a.copy()

    task = exercise(InPlace, run=forward, mistakes={"Four, not two.": Fourfold})
    assert task.judge("7.7", Mine)
    assert task.judge("7.7", type("Wrong", (Fourfold,), {})).message.endswith("\nLikely reason: Four, not two.")


def test_what_has_no_name_or_cannot_be_printed_is_named_all_the_same():
    class Mute:
        def __repr__(self):
            raise ValueError

    assert judge._short(functools.partial(double)).startswith("functools.partial(<function double")
    assert judge._short(Mute()) == "an object of the class Mute"
