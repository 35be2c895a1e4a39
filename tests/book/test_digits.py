"""The digits are those of the source, their split leaks nothing, and a drawing becomes what the network knows."""

import hashlib
import json

import numpy as np
import pytest
from strokes import WAYS, drawn

from scratchnet import one_hot
from scratchnet.book import digits, drawing

# Of sklearn/datasets/data/digits.csv.gz in the wheel of scikit-learn 1.9.1.
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
OF_A_CLASS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
INK = 561718


@pytest.fixture(scope="module")
def nets():
    """The networks of the page, from five seeds."""
    return digits.trained(digits.HIDDEN, [0, 100, 200, 300, 400], *digits.split().but_for_test())


# --- the data ---


def test_the_file_is_that_of_the_source():
    assert hashlib.sha256(digits.FILE.read_bytes()).hexdigest() == SHA256
    images, labels = digits.load()
    assert images.shape == (1797, 64) and labels.shape == (1797,)
    assert images.min() == 0 and images.max() == 16 and images.sum() == INK
    assert np.bincount(labels).tolist() == OF_A_CLASS
    assert images[0, :16].tolist() == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    assert labels[:10].tolist() == list(range(10))


def test_who_changes_what_is_loaded_changes_only_a_copy():
    digits.load()[0][:] = 0
    assert digits.load()[0].sum() == INK


def test_every_image_is_in_one_part_and_the_parts_are_the_same_every_time():
    parts = digits.split()
    images, _ = digits.load()
    rows = np.concatenate([parts.X, parts.X_val, parts.X_test]) * 16
    assert [len(parts.y), len(parts.y_val), len(parts.y_test)] == [1150, 288, 359]
    assert sorted(map(tuple, rows)) == sorted(map(tuple, images))
    assert all(np.array_equal(a, b) for a, b in zip(parts, digits.split(), strict=True))
    X, y = parts.but_for_test()
    assert len(X) == len(y) == 1150 + 288


def test_no_image_is_there_twice_so_that_none_of_the_test_can_be_learned_by_heart():
    images, _ = digits.load()
    assert len({tuple(row) for row in images}) == len(images)


def test_the_network_reaches_what_the_page_claims(nets):
    data = digits.split()
    assert min(net.accuracy(data.X_test, one_hot(data.y_test, 10)) for net in nets) >= 0.97


def test_the_comparison_that_is_kept_is_of_this_split_and_these_settings(nets):
    kept = json.loads(digits.COMPARED.read_text(encoding="utf-8"))
    data = digits.split()
    assert kept["hidden"] == list(digits.HIDDEN) and kept["of"] == len(data.y_test)
    assert kept["machine"]["versions"]["scikit-learn"][0].isdigit()
    right = [int(np.sum(net.predict(data.X_test) == data.y_test)) for net in nets]
    assert np.abs(np.subtract(kept["contenders"]["scratchnet"]["right"], right)).max() <= 1
    assert {len(found["right"]) for found in kept["contenders"].values()} == {5}


# --- what the data was made with, as drawing.py takes it ---


def test_in_the_data_the_leftmost_ink_of_the_top_row_stands_above_that_of_the_bottom_row():
    images, labels = digits.load()
    pictures = images.reshape(-1, 8, 8)

    def left(row):
        first = np.flatnonzero(row)[0]
        return first + 1 - row[first] / 16

    gaps = np.array([left(picture[0]) - left(picture[7]) for picture in pictures])
    assert max(abs(gaps[labels == k].mean()) for k in range(10)) < 0.1


def test_the_digits_of_the_data_fill_the_height_and_have_nearly_the_same_ink():
    images, _ = digits.load()
    pictures = images.reshape(-1, 8, 8)
    assert (pictures[:, [0, 7]].sum(axis=2) > 0).all()
    ink = images.sum(axis=1)
    assert np.median(ink) == drawing.INK
    assert np.mean((ink > 250) & (ink < 400)) > 0.97


# --- a drawing ---


def test_pixels_are_counted_in_blocks():
    picture = np.zeros((32, 32), dtype=bool)
    picture[4:8, 8:12] = True  # one block
    picture[0, 0] = picture[31, 31] = True
    counts = drawing.counts(picture)
    assert counts.shape == (8, 8)
    assert counts[1, 2] == 16 and counts[0, 0] == counts[7, 7] == 1 and counts.sum() == 18


@pytest.mark.parametrize("digit", WAYS)
def test_place_and_size_leave_no_trace(digit):
    strokes = drawn(WAYS[digit][0], np.random.default_rng(digit))
    expected = drawing.read(strokes)
    for scale, shift in ((0.2, (5, -3)), (40, (0.5, 700)), (1, (-100, -100))):
        moved = [scale * stroke + np.array(shift) for stroke in strokes]
        assert np.abs(drawing.read(moved) - expected).max() <= 1  # a pixel on the edge, by rounding


def test_it_does_not_matter_how_many_points_a_hand_has_left_on_a_line():
    corners = np.array(WAYS[7][0][0])
    many = np.concatenate([np.linspace(a, b, 300) for a, b in zip(corners, corners[1:], strict=False)])
    assert len(drawing.fitted([many])[0]) < 100
    assert np.abs(drawing.read([many]) - drawing.read([corners])).max() <= 2


def test_a_drawing_looks_like_the_data():
    for digit, ways in WAYS.items():
        counts = drawing.read(drawn(ways[0], np.random.default_rng(0)))
        assert counts.min() >= 0 and counts.max() <= 16
        assert (counts[[0, 7]].sum(axis=1) > 0).all(), "it fills the height"
        assert 200 < counts.sum() < 360, digit


def test_what_is_hardly_a_drawing_is_read_all_the_same():
    for strokes in ([[(3, 4)]], [[(0, 0), (9, 0)]], [[(1, 1), (1, 1)], []], [[(0, 0), (1e-12, 1e-12)]]):
        assert drawing.read(strokes).sum() > 0
    with pytest.raises(ValueError, match="finite"):
        drawing.read([[(0, np.nan)]])


def test_most_drawn_digits_are_recognized_at_any_size_and_place(nets):
    """Of ten digits drawn in the first way, upright, at least eight; of all ways and leanings, nine in ten."""
    rng = np.random.default_rng(1)
    for scale, shift in ((1, 0), (0.1, 3), (30, -200)):
        counts = [drawing.read([scale * s + shift for s in drawn(WAYS[k][0], rng)]) for k in range(10)]
        for net in nets:
            assert np.sum(net.predict(np.reshape(counts, (10, 64)) / 16) == np.arange(10)) >= 8
    assert share_recognized(nets) > 0.9


def share_recognized(nets):
    """The share of all ways, leanings and widths that the networks recognize."""
    rng, counts, labels = np.random.default_rng(0), [], []
    for digit, ways in WAYS.items():
        for way in ways:
            for lean in (-0.1, 0, 0.15, 0.3):
                for width in (0.5, 0.7, 1):
                    counts.append(drawing.read(drawn(way, rng, lean, width)).ravel() / 16)
                    labels.append(digit)
    return np.mean([net.predict(np.array(counts)) == labels for net in nets])
