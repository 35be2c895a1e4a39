"""The Python half of the pad: what it stores, and how it answers a drawing."""

import numpy as np
import pytest
from strokes import WAYS, drawn

from scratchnet.book import Pad, digits
from scratchnet.book.pad import MOST, STORED


@pytest.fixture(scope="module")
def net():
    (net,) = digits.trained(digits.HIDDEN, [0], *digits.split().but_for_test())
    return net


@pytest.fixture
def pad(net):
    """A pad that notes what it sends."""
    made = Pad(net)
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append(content)
    return made


def test_the_stored_drawings_hold_the_answers_of_the_network(pad, net):
    assert [one["name"] for one in pad.stored] == list(STORED)
    for one in pad.stored:
        assert one["strokes"] == STORED[one["name"]]
        P = net.predict_proba(np.reshape(one["image"], (1, 64)) / 16)[0]
        assert np.allclose(one["probabilities"], P, atol=6e-4)
        assert one["said"].startswith(f"Read as {P.argmax()}, probability {P.max():.2f}; next ")
        assert np.min(one["strokes"][0]) >= 0 and np.max(one["strokes"][0]) <= 1


def test_every_stored_digit_is_read_as_what_it_is_and_the_cross_as_a_digit_too(pad):
    for one in pad.stored:
        if one["name"][0].isdigit():
            assert one["said"].startswith(f"Read as {one['name']},")
    assert pad.stored[-2]["said"].startswith("Read as 3,")
    assert pad.stored[-1]["said"].startswith("Read as ")


def test_a_drawing_is_answered_with_its_number(pad):
    strokes = [stroke.tolist() for stroke in drawn(WAYS[5][0], np.random.default_rng(0))]
    pad._handle_custom_msg({"number": 7, "strokes": strokes}, [])
    (answer,) = pad.sent
    assert answer["number"] == 7 and answer["said"].startswith("Read as 5,")
    assert len(answer["image"]) == 64 and 0 <= min(answer["image"]) and max(answer["image"]) <= 16
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("strokes", [[], [[]], [[], []]])
def test_an_empty_pad_is_asked_to_be_drawn_on(pad, strokes):
    pad._handle_custom_msg({"number": 1, "strokes": strokes}, [])
    assert pad.sent == [{"number": 1, "image": [], "probabilities": [], "said": "Draw something."}]


@pytest.mark.parametrize("strokes", ["x", [["a", "b"]], [[0, 1, 2]], [[[0, None]]], 5, [[[0.5, 0.5]] * (MOST + 1)]])
def test_what_is_no_drawing_is_told_so_since_the_page_waits_for_an_answer(pad, strokes):
    pad._handle_custom_msg({"number": 1, "strokes": strokes}, [])
    (answer,) = pad.sent
    assert answer["number"] == 1 and answer["probabilities"] == [] and "Error" in answer["said"]


@pytest.mark.parametrize("message", [None, 3, "strokes", {}, {"run": [0]}])
def test_what_is_no_request_is_ignored(pad, message):
    pad._handle_custom_msg(message, [])
    assert pad.sent == []


def test_a_network_that_does_not_answer_with_ten_probabilities_is_refused():
    class Two:
        def predict_proba(self, X):
            return np.full((len(X), 2), 0.5)

    with pytest.raises(ValueError, match=r"must have shape \(1, 10\), got \(1, 2\)"):
        Pad(Two())


def test_where_no_script_runs_a_drawing_stands_in_with_its_answer(pad):
    assert pad.stored[0]["said"] in pad.stand_in
    assert pad.stand_in.count("<svg") == pad.stand_in.count('role="img" aria-label="') == 2
    assert repr(pad) == "Pad to draw a digit on, with 12 stored drawings"
