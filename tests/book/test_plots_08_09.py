"""The plots that notebooks 08 and 09 add: repeated runs as dots and bands, agreement, the entries of a Jacobian."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scratchnet.book import plot_agreement, plot_band, plot_dots, plot_entries


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    with plt.rc_context():
        yield
        plt.close("all")


def test_a_band_has_the_middle_and_the_span_that_it_is_asked_for():
    runs = np.array([[1.0, 1.0], [2.0, 3.0], [9.0, 8.0]])
    ax = plot_band([0, 1], {"median": runs}, middle=np.median, span=(0.5, 1), marker="o")
    (line,), (band,) = ax.lines, ax.collections
    assert line.get_ydata().tolist() == [2, 3]
    assert (line.get_label(), line.get_marker()) == ("median", "o")
    corners = band.get_paths()[0].vertices
    assert {tuple(corner) for corner in corners} == {(0, 2), (0, 9), (1, 3), (1, 8)}


def test_a_band_is_the_mean_between_lowest_and_highest_unless_told_otherwise():
    ax = plot_band([0, 1], {"runs": [[0.0, 1.0], [4.0, 5.0]]})
    assert ax.lines[0].get_ydata().tolist() == [2, 3]
    assert ax.collections[0].get_paths()[0].vertices[:, 1].min() == 0
    assert ax.collections[0].get_paths()[0].vertices[:, 1].max() == 5


def test_dots_show_every_run_and_a_bar_at_the_median_the_first_name_on_top():
    ax = plot_dots({"first": [1.0, 2.0, 9.0], "second": [4.0, 5.0]})
    dots, bars = ax.lines[::2], ax.lines[1::2]
    assert [line.get_xdata().tolist() for line in dots] == [[1, 2, 9], [4, 5]]
    assert [line.get_xdata()[0] for line in bars] == [2, 4.5]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["first", "second"]
    low, high = ax.get_ylim()
    assert low > high
    for line, row in zip(dots, (0, 1), strict=True):
        assert (abs(line.get_ydata() - row) < 0.5).all()


def test_agreement_has_a_diagonal_from_the_smallest_to_the_largest_x():
    ax = plot_agreement(np.array([[3.0, -1.0], [0.0, 2.0]]), np.zeros((2, 2)))
    (diagonal,) = ax.lines
    assert diagonal.get_xdata().tolist() == diagonal.get_ydata().tolist() == [-1, 3]
    assert len(ax.collections[0].get_offsets()) == 4


def test_entries_are_dark_where_they_are_not_zero_with_lines_between_the_blocks():
    matrix = np.kron(np.eye(3), np.ones((2, 2)))
    ax = plot_entries(matrix, 3)
    assert (np.asarray(ax.images[0].get_array()) == (matrix > 0)).all()
    assert sorted(line.get_xdata()[0] for line in ax.lines if line.get_xdata()[0] == line.get_xdata()[1]) == [1.5, 3.5]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["unit 1", "unit 2", "unit 3"]
    assert ax.get_xticks().tolist() == [0.5, 2.5, 4.5]
