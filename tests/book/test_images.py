"""Images of digits and of weights: what is drawn of them, as figures and as a panel of a frame."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pages import fresh
from PIL import Image

from scratchnet.book import plot_confusion, plot_images, plot_probabilities, plot_weights
from scratchnet.book.explorers.units_and_rate import RATES, UNITS
from scratchnet.book.frames import LEVELS
from scratchnet.book.images import mosaic


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    with plt.rc_context():
        yield
        plt.close("all")


def test_images_stand_in_rows_below_their_titles_dark_where_there_is_ink():
    images = np.zeros((7, 64))
    images[2, 8] = 16  # the first pixel of the second row
    fig = plot_images(images, list("abcdefg"))
    assert len(fig.axes) == 10 and sum(bool(ax.images) for ax in fig.axes) == 7
    assert [ax.get_title() for ax in fig.axes[:7]] == list("abcdefg")
    (shown,) = fig.axes[2].images
    assert shown.get_array()[1, 0] == 16 and shown.get_array().sum() == 16
    assert sum(shown.to_rgba(16)[:3]) < 0.1 < sum(shown.to_rgba(0)[:3])


def test_weights_of_both_signs_are_told_apart_around_white():
    W = np.zeros((64, 2))
    W[0, 0], W[63, 1] = 1, -1
    fig = plot_weights(W + 1e-9, columns=2)
    one, other = (ax.images[0] for ax in fig.axes)
    assert one.get_clim() == other.get_clim() and sum(one.get_clim()) == 0
    assert one.get_array()[0, 0] == pytest.approx(1) and other.get_array()[7, 7] == pytest.approx(-1)
    assert one.to_rgba(1) != one.to_rgba(-1) and one.to_rgba(0)[:3] == pytest.approx((1, 1, 1), abs=0.01)


def test_a_confusion_matrix_says_every_count_but_zero_a_row_for_the_truth():
    ax = plot_confusion([[5, 2], [0, 7]])
    said = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in ax.texts}
    assert said == {(0, 0): "5", (0, 1): "2", (1, 1): "7"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("taken for", "is a")


def test_the_star_stands_above_the_label():
    ax = plot_probabilities(np.eye(10)[3], plt.subplots()[1], 7)
    assert [bar.get_height() for bar in ax.patches].index(1) == 3
    assert ax.lines[0].get_xdata().tolist() == [7]


def test_a_mosaic_has_a_gap_between_its_images_and_the_shades_of_the_classes():
    panel = mosaic(np.stack([np.full(64, -1.0), np.full(64, 1.0), np.zeros(64)]), "label", "title", columns=2)
    assert 'role="img" aria-label="label"' in panel and "<p>title</p>" in panel
    (data,) = re.findall(r"base64,([^\"]+)", panel)
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(data))))
    assert pixels.shape == (17, 17)
    assert (pixels[:8, :8] == 0).all() and (pixels[:8, 9:] == LEVELS - 1).all()
    assert (pixels[8] == LEVELS).all() and (pixels[:, 8] == LEVELS).all()


def test_the_explorer_says_what_its_presets_promise():
    made = fresh("units_and_rate")

    def accuracy(units, rate):
        return float(re.findall(r"accuracy (\d\.\d+)\.", made.frame(hidden_units=units, learning_rate=rate))[0])

    assert accuracy(1, 0.1) < 0.4
    assert accuracy(8, 0.5) > 0.93
    assert accuracy(16, RATES[0]) < 0.7 and accuracy(16, RATES[-1]) < 0.2
    assert accuracy(UNITS[-1], 0.5) > 0.97
