"""What figures look like, to the size of a letter, in a session whose own style is as far from the book's as can be."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from cycler import cycler
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from scratchnet import NeuralNetwork
from scratchnet.book import plotting
from scratchnet.book.plotting import COLORS, LINES, MARKERS, STYLE

X, Y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1])
PAIRS = [(0.9, 0.8), (1.0, 0.7)]
BANDS = {"a": [[1, 2], [3, 4]], "b": [[0, 0], [1, 1]]}
STRANGE = {
    "axes.grid": False,
    "axes.prop_cycle": cycler(color=["#FF00FF"], linestyle=[":"]),
    "font.size": 31,
    "image.aspect": "auto",
    "legend.fontsize": 31,
    "lines.linestyle": "--",
    "lines.linewidth": 17,
    "lines.markersize": 41,
    "savefig.format": "svg",
    "scatter.marker": "x",
}


@pytest.fixture(autouse=True)
def a_strange_session():
    with plt.rc_context():
        plt.rcdefaults()  # whatever ran before in this process
        plt.rcParams.update(STRANGE)
        yield
        plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def look(line):
    """Color, dash, width, marker and its size of a curve, or of dots."""
    dash, marker = line.get_linestyle(), line.get_marker()
    size = None if marker in ("None", "") else line.get_markersize()
    return to_hex(line.get_color()).upper(), dash, None if dash == "None" else line.get_linewidth(), marker, size


def dots(color, marker, size):
    return color, "None", None, marker, size


def curve(color, dash, width):
    return color, dash, width, "None", None


def gridded(ax):
    return any(line.get_visible() for line in [*ax.get_xgridlines(), *ax.get_ygridlines()])


def trained(n_epochs=2):
    net = NeuralNetwork([2, 3, 2, 1], seed=0)
    net.train(X, Y[:, None], n_epochs=n_epochs, verbose=False, validation=(X, Y[:, None]))
    return net


DRAWN = {
    "points": lambda ax: plotting.plot_points(X, Y, ax),
    "boundary": lambda ax: plotting.plot_decision_boundary(trained(), X, Y, ax=ax, resolution=5),
    "loss": lambda ax: plotting.plot_loss(trained(), ax),
    "norms": lambda ax: plotting.plot_grad_norms(trained(), ax),
    "runs": lambda ax: plotting.plot_runs({"a": PAIRS}, ax),
    "band": lambda ax: plotting.plot_band([0, 1], BANDS, ax),
    "agreement": lambda ax: plotting.plot_agreement([0, 1], [0, 1], ax),
    "entries": lambda ax: plotting.plot_entries(np.eye(4), 2, ax),
    "dots": lambda ax: plotting.plot_dots({"a": [1, 2]}, ax),
    "landscape": lambda ax: plotting.plot_landscape([0, 1], [0, 1], [[1, 2], [3, 4]], {"a": [[0, 0], [1, 1]]}, ax),
    "table": lambda ax: plotting.plot_table(np.ones((1, 1, 2)), ["a"], ["b"], ax),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())
def test_a_plot_draws_into_the_axes_that_it_is_given_and_opens_no_others(ax, draw):
    before = plt.get_fignums()
    assert draw(ax) is ax and plt.get_fignums() == before and ax.has_data()


@pytest.mark.parametrize("draw", [DRAWN[name] for name in ("points", "entries", "landscape", "table")])
def test_what_fills_its_axes_has_no_grid_whatever_the_session_wants(draw):
    for grid in (False, True):
        with plt.rc_context({"axes.grid": grid}):
            assert not gridded(draw(plt.subplots()[1]))


def test_a_picture_is_a_png_whatever_the_session_saves():
    assert Image.open(io.BytesIO(plotting.to_png(plt.figure()))).format == "PNG"


def test_points_have_the_style_of_their_class(ax):
    for k, points in enumerate(plotting.plot_points(X, Y, ax).collections):
        assert points.get_sizes().tolist() == [16] and to_hex(points.get_facecolor()[0]).upper() == COLORS[k]
        (shape,) = points.get_paths()
        marker = plt.matplotlib.markers.MarkerStyle(MARKERS[k])
        np.testing.assert_array_equal(shape.vertices, marker.get_path().transformed(marker.get_transform()).vertices)


class Says:
    """A model of the plane that says `low` on the left and `high` on the right."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def predict_proba(self, X):
        return np.where(X[:, :1] < 0.5, self.low, self.high)


def test_a_boundary_is_a_thin_black_line_in_axes_that_end_with_the_plane(ax):
    ax.plot([-9, 9], [-9, 9])
    plotting.plot_decision_boundary(Says(0.2, 0.7), X, Y, ax=ax, resolution=9)
    (line,) = [c for c in ax.collections if type(c).__name__.endswith("ContourSet")]
    assert line.get_linewidth() == [1.2] and to_rgb(line.get_edgecolor()[0]) == (0, 0, 0)
    np.testing.assert_allclose([ax.get_xlim(), ax.get_ylim()], [[-0.3, 1.3], [-0.3, 1.3]])


@pytest.mark.parametrize("model", [Says(0.5, 0.7), Says(0.2, 0.5)])
def test_where_one_half_is_the_end_of_what_a_model_says_nothing_is_crossed(ax, model):
    plotting.plot_decision_boundary(model, X, Y, ax=ax, resolution=9)
    assert not [c for c in ax.collections if type(c).__name__.endswith("ContourSet")]


def test_the_shape_that_probabilities_should_have_is_named_in_full(ax):
    model = type("Flat", (), {"predict_proba": lambda self, X: np.zeros(len(X))})()
    with pytest.raises(ValueError, match=r"^what predict_proba returns must have shape \(25, K\), got \(25,\)$"):
        plotting.plot_decision_boundary(model, X, Y, resolution=5)


def test_losses_have_the_books_colors_and_every_epoch_is_a_faint_solid_line():
    ax = plotting.plot_loss(trained(120), plt.subplots()[1])
    faint, training, faint_held_out, held_out = ax.lines
    assert look(faint) == curve(COLORS[0], "-", 0.4) and look(faint_held_out) == curve(COLORS[1], "-", 0.4)
    assert look(training)[:2] == (COLORS[0], "-") and look(held_out)[:2] == (COLORS[1], "--")


def test_norms_are_one_line_a_layer_however_long_the_run():
    net = trained(120)
    ax = plotting.plot_grad_norms(net, plt.subplots()[1])
    assert [look(line)[0] for line in ax.lines] == list(COLORS[:3])
    plain = plt.subplots()[1]
    for color, dash in zip(COLORS, LINES[:3], strict=False):
        plain.plot([0, 1], color=color, linestyle=dash)
    assert [line.get_linestyle() for line in ax.lines] == [line.get_linestyle() for line in plain.lines]
    assert {text.get_fontsize() for text in ax.get_legend().get_texts()} == {8}


def test_the_three_panels_of_a_run_have_the_books_size_and_style():
    fig = plotting.plot_training(trained(), X, Y[:, None], "A run")
    assert fig.get_size_inches().tolist() == [8, 4.6] and fig._suptitle.get_text() == "A run"
    boundary, loss, norms = fig.axes
    fig.canvas.draw()
    assert boundary.get_subplotspec().get_gridspec().get_width_ratios() == [1.15, 1]
    assert {text.get_fontsize() for text in (loss.title, norms.title)} == {STYLE["axes.titlesize"]}


def test_runs_are_dots_inside_of_open_squares_named_once_above_the_axes(ax):
    plotting.plot_runs({"a": PAIRS, "b": PAIRS, "c": PAIRS}, ax)
    for training, held_out in zip(ax.lines[:6:2], ax.lines[1:6:2], strict=True):
        assert look(training) == dots(COLORS[0], "o", 4) and look(held_out) == dots(COLORS[1], "s", 7)
    assert [line.get_label() for line in ax.lines[:2]] == ["training", "held out"]
    assert all(line.get_label().startswith("_") for line in ax.lines[2:6])
    ax.figure.canvas.draw()
    anchor = ax.get_legend().get_bbox_to_anchor()
    assert anchor.y0 == pytest.approx(ax.bbox.y1)


def test_a_band_may_be_of_answers_yes_and_no_and_is_filled_in_its_own_color(ax):
    plotting.plot_band([0, 1], {"a": [[True, False], [True, True]], "b": [[False, False], [True, True]]}, ax)
    assert ax.lines[0].get_ydata().tolist() == [1, 0.5]
    assert [to_hex(band.get_facecolor()[0]).upper() for band in ax.collections] == list(COLORS[:2])


def test_dots_of_an_agreement_are_small_and_blue(ax):
    (points,) = plotting.plot_agreement([0, 1], [0, 1], ax).collections
    assert points.get_sizes().tolist() == [8] and to_hex(points.get_facecolor()[0]).upper() == COLORS[0]


def test_entries_have_solid_gray_lines_between_the_blocks_and_one_shade_of_blue(ax):
    plotting.plot_entries(np.eye(4), 2, ax)
    gray = to_hex("gray").upper()
    assert [look(line) for line in ax.lines] == 2 * [curve(gray, "-", 0.8)]
    assert ax.images[0].get_clim() == plotting.plot_entries(np.ones((4, 4)), 2).images[0].get_clim() == (0, 1.3)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_the_name_of_a_mark_stands_beside_the_axes_at_the_height_of_its_line(ax, axis):
    ax.set(xlim=(0, 10), ylim=(0, 10))
    (text,) = plotting.plot_marks({"here": 4.0}, ax, axis).texts
    assert text.get_fontsize() == 9
    place = ax.transAxes.inverted().transform(text.get_transform().transform(text.get_position()))
    np.testing.assert_allclose(place if axis == "x" else place[::-1], [0.4, 1.01])


def test_results_are_small_dots_in_the_color_of_their_row(ax):
    plotting.plot_dots({"a": [1, 2], "b": [3, 4]}, ax)
    assert [look(line) for line in ax.lines[::2]] == [dots(COLORS[0], "o", 4), dots(COLORS[1], "o", 4)]


def test_beside_what_never_arrived_the_axis_begins_at_a_0_and_names_what_it_reaches():
    with plt.rc_context({"font.size": 8}):  # room for more than two ticks
        ax = plotting.plot_dots({"a": [4.0, 10.0, np.inf]}, plt.subplots()[1])
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names[0] == "0" and names[-2:] == ["10", "never"] and ax.get_xlim() == pytest.approx((0, 11.3))
    short = plotting.plot_dots({"a": [0.2, 0.5, np.inf]}, plt.subplots()[1])
    assert short.get_xlim() == pytest.approx((0, 1.13 * 0.5))


def test_the_own_median_of_a_panel_is_thick_and_the_others_thin_and_all_are_solid():
    axes = plt.subplots(1, 2)[1]
    for k, ax in enumerate(plotting.plot_panels([5, 7], BANDS, axes)):
        assert [look(line) for line in ax.lines] == 2 * [curve("#BFBFBF", "-", 0.8)] + [curve(COLORS[k], "-", 2)]
        assert [line.get_xdata().tolist() for line in ax.lines] == 3 * [[5, 7]]


def test_a_landscape_is_shaded_from_its_lowest_loss_and_its_paths_have_small_dots(ax):
    loss = np.array([[2.0, 9.0], [30.0, 5000.0]])
    paths = {name: np.array([[0.0, 0.0], [1.0, 1.0]]) for name in "ab"}
    plotting.plot_landscape([0, 1], [0, 1], loss, paths, ax)
    shades = ax.collections[0]
    assert (shades.norm.vmin, shades.norm.vmax) == (2, 2000) and shades.levels[[0, -1]] == pytest.approx([2, 2000])
    for k in range(2):
        assert look(ax.lines[2 * k]) == curve(COLORS[k], "-", 1)
        assert look(ax.lines[2 * k + 1]) == dots(COLORS[k], "o", 3)
    assert (ax.lines[-1].get_marker(), ax.lines[-1].get_markersize()) == ("*", 12)


def test_a_table_may_be_of_answers_yes_and_no_and_shades_from_guessing_to_all_right(ax):
    plotting.plot_table([[[True, True, False]]], ["a"], ["b"], ax)
    (text,) = ax.texts
    assert text.get_text() == "1.00\n0.00–1.00" and text.get_fontsize() == 9
    assert ax.images[0].get_clim() == (0.45, 1.1)


def test_the_diagram_has_the_books_size_and_style_and_letters_that_can_be_read():
    fig = plotting.plot_network([2, 3, 1])
    assert fig.get_size_inches().tolist() == [8, 2.5] and type(fig.get_layout_engine()).__name__.startswith("Constr")
    sizes = {text.get_text(): text.get_fontsize() for text in fig.axes[0].texts if text.get_text()}
    assert {sizes["$X$"], sizes["$A_1$"], sizes[r"$\hat{Y}$"]} == {13} and sizes["$(N, 3)$"] == 10
    assert {size for name, size in sizes.items() if name[1] in "Wb"} == {9}
