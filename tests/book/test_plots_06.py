"""The plots that notebooks 06 and 07 draw with, and the clinic's instruments."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from scratchnet import Tanh, check_network, relative_error
from scratchnet.book import examination, plot_band, plot_dots, plot_landscape, plot_marks, plot_panels
from scratchnet.book.exercises import broken


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def test_marks_stand_where_they_belong_with_their_names():
    ax = plt.subplots()[1]
    plot_marks({"low": 0.2, "high": 0.7}, plot_marks({"level": 0.5}, ax, "y"))
    assert [line.get_ydata()[0] for line in ax.lines[:1]] == [0.5]
    assert [line.get_xdata()[0] for line in ax.lines[1:]] == [0.2, 0.7]
    assert [text.get_text() for text in ax.texts] == ["level", "low", "high"]


def test_a_band_takes_its_middle_and_its_places_by_name():
    values = {"a": [[1, 2], [3, 4], [11, 12]], "b": [[0, 0]]}
    ax = plot_band({"a": [0, 1], "b": [5, 6]}, values, middle=np.median)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, 4])
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [5, 6])
    np.testing.assert_array_equal(plot_band([0, 1], values).lines[0].get_ydata(), [5, 6])


def test_dots_are_sorted_and_what_never_arrived_is_shown_as_never():
    ax = plot_dots({"slow": [np.inf, 30, np.inf], "fast": [20, 10, 15]})
    slow, slow_middle, fast, fast_middle = (line.get_xdata() for line in ax.lines)
    np.testing.assert_allclose(slow, [30, 32.4, 32.4])
    np.testing.assert_array_equal(fast, [10, 15, 20])
    np.testing.assert_allclose(slow_middle, 32.4)
    np.testing.assert_array_equal(fast_middle, 15)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["slow", "fast"]
    assert ax.get_xticklabels()[-1].get_text() == "never"
    assert "never" not in [label.get_text() for label in plot_dots({"all": [1, 2]}).get_xticklabels()]


def test_each_panel_holds_its_own_band_and_all_medians():
    axes = plt.subplots(1, 2)[1]
    first, second = plot_panels([0, 1], {"a": [[1, 2], [3, 4], [5, 9]], "b": [[0, 0]]}, axes)
    assert (first.get_title(), second.get_title()) == ("a", "b")
    for ax, own in ((first, [3, 4]), (second, [0, 0])):
        np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], [[3, 4], [0, 0], own])
        assert len(ax.collections) == 1


def test_a_landscape_has_a_line_and_dots_for_every_path_and_a_star_at_the_start():
    x = np.linspace(-1, 1, 5)
    path = np.column_stack([np.linspace(1, 0, 7), np.zeros(7)])
    ax = plot_landscape(x, x, x**2 + x[:, None] ** 2 + 0.01, {"a": path, "b": -path}, every=3)
    assert [len(line.get_xdata()) for line in ax.lines] == [7, 3, 7, 3, 1]
    assert ax.lines[-1].get_xydata().tolist() == [[1, 0]]
    ax.figure.canvas.draw()


# The clinic


def test_the_clinics_gradients_agree_with_the_librarys_check():
    X, y, X_test, _ = examination.circles()
    net = examination.for_check(seed=1, relu=Tanh)
    for evaluate in (None, X_test[:10]):
        pairs = examination.gradients(net, X[::40], y[::40], evaluate=evaluate)
        assert list(pairs) == ["X", "W1", "b1", "W2", "b2", "W3", "b3"]
        assert max(relative_error(*pair) for pair in pairs.values()) < 1e-7
    assert max(check_network(net, X[::40], y[::40]).values()) < 1e-7


PATIENTS = {
    "LinearA": ("linear", "W1 b1 W2 b2 W3 b3"),
    "ReluB": ("relu", "X W1 b1 W2 b2"),
    "ReluC": ("relu", "X W1 b1 W2 b2"),
    "LinearD": ("square", "X W1 b1"),
    "LinearE": ("linear", "b1 b2 b3"),
    "LinearF": ("linear", "W1 W2 W3"),
    "DropoutG": ("dropout", "X W1 b1 W2 b2"),
    "DropoutH": ("dropout", ""),
}


@pytest.mark.parametrize("name", PATIENTS)
def test_every_patient_is_wrong_where_the_page_says_so_and_says_nothing_of_it(name):
    part, wrong = PATIENTS[name]
    X, y, X_test, _ = examination.circles()
    kind = getattr(broken, name)
    assert kind.__doc__ is None  # a reader is shown the source, and is to find the mistake
    for seed in range(3):
        net = examination.for_check(100 * seed, **{part: kind})
        pairs = examination.gradients(net, X[::40], y[::40], evaluate=X_test[:10])
        assert [found for found, pair in pairs.items() if relative_error(*pair) > 1e-3] == wrong.split()


def test_a_table_says_in_words_what_passed():
    text = examination.table(["patient", "runs", "mean"], {"A": [np.True_, None], "B": [False, "× 2"]}).data
    assert text.splitlines()[2:] == ["| A | passes | – |", "| B | **found** | × 2 |"]


def test_the_chart_of_a_patient_says_where_the_losses_end():
    runs = lambda loss, norm: (np.full((5, 16), loss), np.full((5, 2, 3), norm))  # noqa: E731
    fig, alt = examination.chart("Z", runs(0.7, 0.1), runs(0.05, 1.0))
    assert "patient Z" in alt and "near 0.7" in alt and "near 0.05" in alt and "less than half" in alt
    fig.canvas.draw()
    assert [len(ax.lines) for ax in fig.axes] == [10, 6]
