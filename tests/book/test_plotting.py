import base64
import io
import re
import struct

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import frozen
from matplotlib.colors import to_rgb
from PIL import Image

import scratchnet.book.plotting as plotting
from scratchnet import Adam, NeuralNetwork, SoftmaxCrossEntropy, make_blobs, make_spirals, one_hot, sigmoid, standardize
from scratchnet.book import (
    class_style,
    plot_decision_boundary,
    plot_grad_norms,
    plot_loss,
    plot_network,
    plot_points,
    plot_runs,
    plot_training,
    show,
    use_style,
)


@pytest.fixture(autouse=True)
def no_figure_stays_open_and_no_style_sticks():
    with plt.rc_context():
        yield
        plt.close("all")


class Plane:
    """A model of the plane: the probability is sigmoid(x₁ - 2 x₂), and what it is asked is kept."""

    def predict_proba(self, X):
        self.asked = X
        return sigmoid(X[:, :1] - 2 * X[:, 1:])


@pytest.fixture
def points():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((30, 2)) * [2.0, 1.0]
    return X, (X[:, :1] - 2 * X[:, 1:] > 0).astype(int)


def draw(ax):
    """Render everything, so that a missing glyph or a bad limit warns."""
    ax.figure.canvas.draw()
    return ax


def contours(ax):
    return [c for c in ax.collections if type(c).__name__.endswith("ContourSet")]


def scattered(ax):
    return [c for c in ax.collections if type(c).__name__ == "PathCollection"]


# show


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(plotting, "display", lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


def chunks(png):
    position, found = 8, []
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        found.append(kind.decode())
        position += 12 + length
    return found


def test_show_displays_a_png_with_its_alt_text_in_place_of_text_and_as_metadata(shown):
    fig, ax = plt.subplots()
    ax.plot([1, 2, 4])
    assert show(fig, "A curve that doubles.") is None
    ((data,), options) = shown[0]
    assert data["text/plain"] == "A curve that doubles." and set(data) == {"image/png", "text/plain"}
    assert options == {"metadata": {"image/png": {"alt": "A curve that doubles."}}, "raw": True}
    png = base64.b64decode(data["image/png"])
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert not plt.fignum_exists(fig.number)


def test_a_picture_holds_no_version_and_no_date_and_comes_out_the_same_each_time(shown):
    for _ in range(2):
        fig, ax = plt.subplots()
        ax.plot([1, 2, 4])
        show(fig, "A curve.")
    first, second = (base64.b64decode(args[0]["image/png"]) for args, _ in shown)
    assert first == second and not {"tEXt", "iTXt", "zTXt", "tIME"} & set(chunks(first))


@pytest.mark.parametrize("alt", ["", "  ", "\n\t"])
def test_show_wants_an_alt_text(shown, alt):
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="alt must say in words what the figure shows"):
        show(fig, alt)
    assert shown == []


# Decision boundary


def test_the_boundary_is_the_models_probability_over_a_grid_with_a_margin_of_three_tenths(points):
    X, y = points
    model = Plane()
    ax = plot_decision_boundary(model, X, y)
    (image,) = ax.images
    left, right, bottom, top = image.get_extent()
    np.testing.assert_allclose([left, bottom], X.min(axis=0) - 0.3)
    np.testing.assert_allclose([right, top], X.max(axis=0) + 0.3)
    assert ax.get_xlim() == (left, right) and ax.get_ylim() == (bottom, top)
    field = np.asarray(image.get_array())
    assert field.shape == (300, 300) and model.asked.shape == (90000, 2) and image.origin == "lower"
    x1, x2 = np.linspace(left, right, 300), np.linspace(bottom, top, 300)
    for row, column in ((0, 0), (0, 299), (299, 0), (17, 230)):
        expected = 1 / (1 + np.exp(-(x1[column] - 2 * x2[row])))
        assert np.isclose(field[row, column], expected)
    assert (image.norm.vmin, image.norm.vmax) == (0, 1)
    assert ax.get_title() == "Decision Boundary" and ax.get_xlabel() == "$x_1$" and ax.get_ylabel() == "$x_2$"
    draw(ax)


def test_the_contour_is_black_at_one_half(points):
    ax = plot_decision_boundary(Plane(), *points)
    (contour,) = contours(ax)
    assert list(contour.levels) == [0.5] and np.allclose(contour.get_edgecolor()[0][:3], 0)
    vertices = np.concatenate([path.vertices for path in contour.get_paths()])
    np.testing.assert_allclose(vertices[:, 0], 2 * vertices[:, 1], atol=0.01)  # sigmoid is 0.5 where x₁ = 2 x₂


def test_both_classes_lie_on_top_each_with_its_color_and_marker(points):
    X, y = points
    ax = plot_decision_boundary(Plane(), X, y)
    for k, dots in enumerate(scattered(ax)):
        np.testing.assert_array_equal(dots.get_offsets(), X[y[:, 0] == k])
        assert dots.get_zorder() >= max(ax.images[0].get_zorder(), 1)
        assert to_rgb(dots.get_facecolor()[0]) == to_rgb(class_style(k)["color"])
    assert len(scattered(ax)) == 2


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_model_that_says_the_same_everywhere_has_no_contour_and_no_warning(points, value):
    class Constant:
        def predict_proba(self, X):
            return np.full((len(X), 1), value)

    assert contours(draw(plot_decision_boundary(Constant(), *points))) == []


def test_the_title_the_axes_and_the_resolution_are_those_that_are_given(points):
    fig, (first, second) = plt.subplots(1, 2)
    assert plot_decision_boundary(Plane(), *points, title="Mine", ax=second, resolution=20) is second
    assert second.get_title() == "Mine" and not first.has_data()
    assert second.images[0].get_array().shape == (20, 20)
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    "form", [lambda y: y, lambda y: y.ravel(), lambda y: one_hot(y.ravel(), 2), lambda y: y.ravel().tolist()]
)
def test_labels_may_be_a_column_a_row_a_list_or_one_hot(points, form):
    X, y = points
    ax = plot_points(X, form(y))
    assert [len(dots.get_offsets()) for dots in scattered(ax)] == [(y == 0).sum(), (y == 1).sum()]


def test_with_softmax_the_predicted_class_is_drawn_with_a_border_around_every_region():
    X, labels = make_blobs(30, n_classes=4, noise=0.5)
    X = standardize(X)
    net = NeuralNetwork([2, 8, 4], seed=0, output=SoftmaxCrossEntropy)
    net.train(X, one_hot(labels, 4), n_epochs=60, verbose=False, optimizer=Adam(0.05))
    ax = draw(plot_decision_boundary(net, X, labels, resolution=40))
    field = np.asarray(ax.images[0].get_array())
    assert set(np.unique(field)) == {0, 1, 2, 3}
    assert len(scattered(ax)) == 4 and len(contours(ax)) == 3


def test_two_softmax_outputs_are_two_classes():
    X, labels = make_blobs(30, n_classes=2, noise=0.5)
    net = NeuralNetwork([2, 2], seed=0, output=SoftmaxCrossEntropy)
    net.train(X, one_hot(labels, 2), n_epochs=50, verbose=False, optimizer=Adam(0.05))
    ax = draw(plot_decision_boundary(net, X, labels, resolution=40))
    assert set(np.unique(np.asarray(ax.images[0].get_array()))) == {0, 1}
    assert len(contours(ax)) == 1


# Curves of a run


@pytest.fixture
def trained(points):
    X, y = points
    net = NeuralNetwork([2, 6, 5, 1], seed=0)
    net.train(X, y, lr=0.5, n_epochs=12, batch_size=8, verbose=False, validation=(X[:9], y[:9]))
    return net


def test_the_loss_curve_shows_the_history_on_a_log_axis(trained):
    ax = draw(plot_loss(trained))
    training, held_out = ax.lines
    assert training.get_xdata().tolist() == list(range(12))
    assert training.get_ydata().tolist() == trained.loss_history
    assert held_out.get_ydata().tolist() == trained.validation_loss_history
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch" and "loss" in ax.get_ylabel()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "held out"]
    assert training.get_linestyle() != held_out.get_linestyle() and training.get_color() != held_out.get_color()


def test_without_validation_there_is_one_curve(points):
    net = NeuralNetwork([2, 3, 1], seed=0)
    net.train(*points, n_epochs=5, verbose=False)
    assert len(draw(plot_loss(net)).lines) == 1


def test_the_norm_curves_are_one_a_linear_layer_on_a_log_axis_with_a_legend(trained):
    ax = draw(plot_grad_norms(trained))
    assert len(ax.lines) == 3 and ax.get_yscale() == "log"
    for i, line in enumerate(ax.lines):
        np.testing.assert_array_equal(line.get_ydata(), trained.grad_norms[:, i])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["layer 1", "layer 2", "layer 3"]
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 3


def test_the_legend_of_the_norms_lies_on_no_curve(trained):
    for net in (trained, long_run()):
        ax = draw(plot_grad_norms(net))
        box = ax.get_legend().get_window_extent()
        for line in ax.lines:
            points = ax.transData.transform(line.get_xydata())
            assert not any(box.contains(u, v) for u, v in points)


def long_run():
    X, y = make_spirals(50, noise=0.25, seed=7)
    net = NeuralNetwork([2, 8, 8, 1], seed=0)
    net.train(standardize(X), y.reshape(-1, 1), lr=0.3, n_epochs=300, batch_size=16, verbose=False)
    return net


def test_long_curves_are_drawn_in_full_with_a_running_median_on_top(points):
    net = NeuralNetwork([2, 3, 1], seed=0)
    net.train(*points, lr=0.5, n_epochs=300, batch_size=8, verbose=False)
    faint, smooth = draw(plot_loss(net)).lines
    assert faint.get_ydata().tolist() == net.loss_history
    x, values = smooth.get_xdata(), smooth.get_ydata()
    window = 300 // 60
    for k in (0, 100, len(x) - 1):
        center = int(x[k])
        assert values[k] == np.median(net.loss_history[center - window // 2 : center + window // 2 + 1])


def test_networks_that_are_not_trained_or_whose_gradients_vanish_draw_without_warning(points):
    net = NeuralNetwork([2, 3, 1], seed=0)
    draw(plot_loss(net))
    draw(plot_grad_norms(net))
    net.train(np.zeros((2, 2)), [[0], [1]], n_epochs=3, verbose=False)  # dW is zero throughout
    net.train(np.zeros((2, 2)), [[0], [1]], n_epochs=130, verbose=False, validation=([[0.0, 0.0]], [[1]]))
    draw(plot_loss(net))
    draw(plot_grad_norms(net))


def test_the_three_panels_stand_under_a_common_title_and_the_boundary_names_the_accuracy(trained, points):
    fig = plot_training(trained, *points, "Three panels")
    boundary, loss, norms = fig.axes
    fig.canvas.draw()
    assert fig.get_suptitle() == "Three panels"
    assert f"{trained.accuracy(*points):.4f}" in boundary.get_title()
    assert boundary.images and loss.get_yscale() == norms.get_yscale() == "log"
    assert "cross-entropy" in loss.get_ylabel() and norms.get_legend() is not None
    assert len(norms.lines) == 3


RUNS = {"shallow": [(0.58, 0.55), (0.61, 0.6)], "deep": [(0.99, 0.97), (1.0, 0.98), (0.98, 0.3)]}


def test_repeated_runs_are_a_row_a_name_with_training_and_held_out_accuracy_of_every_run():
    ax = draw(plot_runs(RUNS))
    assert [label.get_text() for label in ax.get_yticklabels()] == list(RUNS)
    assert [text.get_text() for text in ax.get_legend().get_texts()][:2] == ["training", "held out"]
    dots = [line for line in ax.lines if line.get_marker() in ("o", "s")]
    for row, pairs in enumerate(RUNS.values()):
        for k, line in enumerate(dots[2 * row : 2 * row + 2]):
            assert line.get_xdata().tolist() == [pair[k] for pair in pairs]
            assert all(abs(height - row) < 0.5 for height in line.get_ydata())
    assert dots[0].get_marker() != dots[1].get_marker() and dots[0].get_color() != dots[1].get_color()
    top, bottom = ax.transData.transform([(0.5, 0), (0.5, 1)])[:, 1]
    assert top > bottom  # the first name stands on top


def test_no_run_falls_off_the_axis():
    left, right = draw(plot_runs(RUNS)).get_xlim()
    assert left < 0.3 and right > 1.0


def test_plots_leave_network_and_data_as_they_were(trained, points):
    X, y = points
    trained.forward(X)
    before = frozen([trained, X, y])
    plot_decision_boundary(trained, X, y, resolution=30)
    plot_loss(trained)
    plot_grad_norms(trained)
    plot_training(trained, X, y, "A title")
    plot_points(X, y)
    assert frozen([trained, X, y]) == before


def test_a_plot_between_forward_and_backward_does_not_change_the_gradient(points):
    X, y = points
    net, plain = (NeuralNetwork([2, 4, 1], seed=0) for _ in range(2))
    plain.backward(plain.forward(X), y)
    P = net.forward(X)
    plot_decision_boundary(net, X, y, resolution=10)
    net.backward(P, y)
    assert frozen(net) == frozen(plain)


@pytest.mark.parametrize("plot", [plot_loss, plot_grad_norms])
def test_curves_go_into_the_axes_that_are_given(trained, plot):
    fig, ax = plt.subplots()
    assert plot(trained, ax) is ax and plt.get_fignums() == [fig.number]


def test_plots_leave_the_style_of_the_session_alone(trained, points):
    before = dict(plt.rcParams)
    plot_training(trained, *points, "A title")
    plot_decision_boundary(trained, *points, resolution=10)
    plot_loss(trained)
    plot_network([2, 3, 1])
    assert dict(plt.rcParams) == before


# The diagram


def test_the_diagram_names_the_shape_of_every_matrix():
    fig = plot_network([2, 64, 32, 1], activation="tanh", output="softmax")
    fig.canvas.draw()
    texts = [text.get_text() for text in fig.axes[0].texts]
    for shape in ("$(N, 2)$", "$(N, 64)$", "$(N, 32)$", "$(N, 1)$", "$X$", r"$\hat{Y}$", "$A_1$", "$A_2$"):
        assert texts.count(shape) == 1
    for i, (d_in, d_out) in enumerate([(2, 64), (64, 32), (32, 1)], start=1):
        assert f"$W_{i}$ $({d_in}, {d_out})$" in texts and f"$b_{i}$ $(1, {d_out})$" in texts
    assert texts.count("tanh") == 2 and texts.count("softmax") == 1
    assert len(fig.axes[0].patches) == 4


@pytest.mark.parametrize("dims", [[2, 1], [1, 1, 1, 1, 1, 1], [1000, 1]])
def test_the_diagram_works_for_any_sizes(dims):
    plot_network(dims).canvas.draw()


# Style


def luminance(color):
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_classes_are_told_apart_by_color_and_by_marker():
    styles = [class_style(k) for k in range(7)]
    assert len({style["color"] for style in styles}) == len({style["marker"] for style in styles}) == 7
    assert class_style(7) == class_style(0)


def test_the_two_classes_differ_for_every_kind_of_color_vision():
    """Blue and vermilion: far apart along blue–yellow, which red–green blindness leaves intact."""
    first, second = (np.array(to_rgb(class_style(k)["color"])) for k in (0, 1))
    assert abs(first[2] - second[2]) > 0.5
    assert all(luminance(class_style(k)["color"]) < 0.4 for k in (0, 1))  # dark enough on white


def test_use_style_sets_the_books_style():
    use_style()
    assert plt.rcParams["font.family"] == ["DejaVu Sans"] and plt.rcParams["axes.prop_cycle"].by_key()["color"]


def test_text_in_figures_uses_no_glyph_that_the_font_lacks(trained, points):
    fig = plot_training(trained, *points, "Spirals, learning rate 0.05")
    fig.canvas.draw()
    texts = [t.get_text() for t in fig.findobj(plt.Text)]
    assert any(texts) and not any(re.search("[₀-₉]", t) for t in texts)


def test_a_picture_holds_what_stands_out_of_its_figure():
    fig, ax = plt.subplots(figsize=(2, 1))
    fig.set_layout_engine("none")
    ax.set_title("two\nlines")
    pixels = np.asarray(Image.open(io.BytesIO(plotting.to_png(fig))).convert("RGB"))
    assert pixels.shape[0] > pixels.shape[1] // 2
    assert (pixels[[0, -1]] == 255).all() and (pixels[:, [0, -1]] == 255).all()


@pytest.mark.parametrize(
    ("shape", "message"), [((16,), r"must have shape \(16, K\), got \(16,\)"), ((3, 1), r"\(16, K\), got \(3, 1\)")]
)
def test_probabilities_of_another_shape_are_named(shape, message):
    model = type("Model", (), {"predict_proba": lambda self, X: np.full(shape, 0.5)})()
    with pytest.raises(ValueError, match="what predict_proba returns must have shape .*" + message[-12:]):
        plot_decision_boundary(model, np.eye(2), [0, 1], resolution=4)
    assert not plt.get_fignums()


# How a figure looks


def test_a_new_figure_has_the_books_style_and_a_given_one_its_own(trained):
    ax = plot_loss(trained)
    assert ax.figure.get_size_inches().tolist() == [7, 4] and not ax.spines["top"].get_visible()
    with plt.style.context("default"):  # another test may have taken the book's for good
        mine = plt.subplots(figsize=(3, 2))[1]
    assert plot_loss(trained, mine) is mine and mine.spines["top"].get_visible()


def test_a_picture_is_as_large_as_asked_for_and_its_figure_alone_is_closed():
    fig, other = plt.figure(figsize=(2, 1), layout="none"), plt.figure()
    fig.add_axes((0.3, 0.3, 0.4, 0.4)).axis("off")
    with plt.rc_context({"savefig.dpi": 120}):
        assert Image.open(io.BytesIO(plotting.to_png(fig))).size == (240, 120)
    assert plt.get_fignums() == [other.number]


def test_what_stands_out_of_a_figure_has_a_thin_margin():
    fig = plt.figure(figsize=(2, 1), layout="none")
    fig.add_artist(plt.Line2D([0.5, 1.5], [0.5, 0.5], color="black", linewidth=1))
    with plt.rc_context({"savefig.dpi": 100}):
        assert 300 <= Image.open(io.BytesIO(plotting.to_png(fig))).width <= 310


def test_show_says_what_is_wrong_with_an_empty_alt_text(shown):
    with pytest.raises(ValueError) as caught:
        show(plt.figure(), " ")
    assert str(caught.value) == "alt must say in words what the figure shows, got an empty text"


@pytest.mark.parametrize("y", [[0, np.nan], [[[0]], [[1]]], [0, 1, 1], 0])
def test_labels_of_another_form_are_named(y):
    with pytest.raises(ValueError, match="^y must "):
        plot_points(np.eye(2), y)
    with pytest.raises(ValueError, match=r"^y must have as many rows as X, 2, got shape \(3,\)$"):
        plot_points(np.eye(2), [0, 1, 1])


def test_points_are_small_with_a_thin_white_edge_on_axes_of_equal_scale(points):
    ax = plot_points(*points)
    for k, dots in enumerate(scattered(ax)):
        assert dots.get_label() == f"class {k}" and 4 <= dots.get_sizes()[0] <= 25
        assert to_rgb(dots.get_edgecolor()[0]) == (1, 1, 1) and dots.get_linewidth()[0] < 1
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("$x_1$", "$x_2$", 1)
    assert not gridded(ax)
    with pytest.raises(ValueError, match="^X must have shape"):
        plot_points(np.eye(3), [0, 1, 0])


def gridded(ax):
    return any(line.get_visible() for line in [*ax.get_xgridlines(), *ax.get_ygridlines()])


def test_what_a_boundary_needs_is_named(points):
    X, y = points
    for model, features, labels, resolution, message in (
        (3, X, y, 9, r"^model must have a method predict_proba\(X\), got int$"),
        (type("Set", (), {"predict_proba": 3})(), X, y, 9, "^model must have a method .*, got Set$"),
        (Plane(), X[:, :1], y, 9, "^X must have shape"),
        (Plane(), X, y, 1, "^resolution must be"),
        (Plane(), X, y[1:], 9, "^y must have"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            plot_decision_boundary(model, features, labels, resolution=resolution)
    nan = type("Nan", (), {"predict_proba": lambda self, X: X[:, :1] * np.nan})()
    with pytest.raises(ValueError, match="^what predict_proba returns must be finite"):
        plot_decision_boundary(nan, X[:3], [0, 1, 1], resolution=4)
    assert plot_decision_boundary(Plane(), X[:2], [0, 1], resolution=2).images[0].get_array().shape == (2, 2)


def test_around_large_points_the_margin_is_a_millionth_of_each_coordinate():
    ax = plot_decision_boundary(Plane(), [[1e17, 1.0], [-1e17, 0.0]], [0, 1], resolution=4)
    np.testing.assert_allclose(np.subtract(ax.get_xlim(), [-1e17, 1e17]), [-1e11, 1e11])
    np.testing.assert_allclose(ax.get_ylim(), [-0.3, 1.3])


def test_a_probability_is_a_shade_from_blue_over_white_to_orange_that_fills_the_axes(points):
    ax = plot_decision_boundary(Plane(), *points, resolution=20)
    (image,) = ax.images
    blue, white, orange = (image.cmap(value)[:3] for value in (0.0, 0.5, 1.0))
    first, second = (np.array(to_rgb(class_style(k)["color"])) for k in (0, 1))
    np.testing.assert_allclose([blue, white, orange], [(1 + first) / 2, (1, 1, 1), (1 + second) / 2], atol=0.005)
    assert image.get_interpolation() == "nearest" and ax.get_aspect() == 1 and not gridded(ax)
    assert contours(ax)[0].get_linewidth()[0] < 2


def test_a_predicted_class_is_a_light_shade_of_its_color():
    class Three:
        def predict_proba(self, X):
            return one_hot(np.clip(np.floor(X[:, 0]), 0, 2).astype(int), 3)

    ax = plot_decision_boundary(Three(), [[0.5, 0], [1.5, 0], [2.5, 0]], [0, 1, 2], resolution=30)
    (image,) = ax.images
    for k in range(3):
        expected = 1 - 0.4 * (1 - np.array(to_rgb(class_style(k)["color"])))
        np.testing.assert_allclose(image.cmap(image.norm(k))[:3], expected, atol=0.005)
    assert [list(contour.levels) for contour in contours(ax)] == [[0.5], [1.5]]
    assert all(np.allclose(contour.get_edgecolor()[0], (0, 0, 0, 1)) for contour in contours(ax))


def test_curves_are_named_and_have_the_colors_and_dashes_of_the_book(trained):
    loss, norms = plot_loss(trained), plot_grad_norms(trained)
    assert (loss.get_title(), loss.get_xlabel(), loss.get_ylabel()) == ("Loss", "epoch", "loss")
    assert (norms.get_title(), norms.get_xlabel()) == ("Gradient norm by layer", "epoch")
    assert norms.get_ylabel() == r"$\Vert dW \Vert$"
    styles = [(line.get_color(), line.get_linestyle()) for line in loss.lines]
    assert styles == [(plotting.COLORS[0], "-"), (plotting.COLORS[1], "--")]
    assert [line.get_color() for line in norms.lines] == list(plotting.COLORS[:3])
    assert [line.get_linestyle() for line in norms.lines] == ["-", "--", "-."]


@pytest.mark.parametrize("n_epochs", [119, 120, 180, 181])
def test_a_median_is_drawn_over_a_sixtieth_of_the_epochs_each_epoch_faintly_behind_it(n_epochs):
    values, ax, window = np.arange(n_epochs) ** 2.0, plt.subplots()[1], n_epochs // 60
    plotting._curve(ax, values, "loss", color="red", linestyle="--")
    *faint, smooth = ax.lines
    assert (smooth.get_label(), smooth.get_color(), smooth.get_linestyle()) == ("loss", "red", "--")
    start = window // 2
    assert smooth.get_xdata().tolist() == list(range(start, start + n_epochs - window + 1))
    expected = [np.median(values[k : k + window]) for k in range(n_epochs - window + 1)]
    assert smooth.get_ydata().tolist() == expected
    assert len(faint) == (window > 1)
    for line in faint:
        assert line.get_ydata().tolist() == values.tolist() and line.get_xdata().tolist() == list(range(n_epochs))
        assert (line.get_color(), line.get_linestyle()) == ("red", "-")
        assert line.get_linewidth() < 1 and line.get_alpha() < 0.5 and line.get_label().startswith("_")
    ax.clear()
    plotting._curve(ax, values, "loss", faint=False, color="red")
    assert len(ax.lines) == 1


class History:
    """What the curves read of a network, with these losses and norms."""

    def __init__(self, losses, norms, held_out=None):
        self.history = self.loss_history = losses
        self.validation_loss_history = held_out or [None] * len(losses)
        self.grad_norms = np.array(norms, float).reshape(len(losses), -1)


def test_zeros_have_no_place_on_a_log_axis():
    net = History([1.0, 0.0, 0.25], [[0.0, 1], [2, 0], [3, 3]], [None, 2.0, None])
    training, held_out = plot_loss(net).lines
    np.testing.assert_array_equal(training.get_ydata(), [1, np.nan, 0.25])
    np.testing.assert_array_equal(held_out.get_ydata(), [np.nan, 2, np.nan])
    norms = plot_grad_norms(net)
    np.testing.assert_array_equal([line.get_ydata() for line in norms.lines], [[np.nan, 2, 3], [1, np.nan, 3]])
    assert norms.get_yscale() == "log"


@pytest.mark.parametrize(("n_layers", "named"), [(9, range(1, 10)), (10, range(1, 10, 2)), (64, range(1, 65, 8))])
def test_the_legend_of_the_norms_names_at_most_nine_layers_above_the_curves(n_layers, named):
    ax = plot_grad_norms(History([1.0, 1.0], [np.geomspace(1, 100, n_layers)] * 2))
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [f"layer {i}" for i in named]
    assert legend._loc == 1 and legend._ncols == 1 + len(named) // 3 or n_layers == 64  # upper right
    assert 7 <= legend.get_texts()[0].get_fontsize() <= 9
    cycle = [plotting.COLORS[i % 7] for i in range(n_layers)]
    assert [line.get_color() for line in ax.lines] == cycle
    low, high = np.log10(ax.get_ylim())
    assert (2 - low) / (high - low) == pytest.approx(1 - 0.4 / 1.4, abs=0.06)  # two sevenths are the legend's


def test_there_is_room_for_the_legend_up_to_the_largest_number():
    top = plot_grad_norms(History([1.0, 1.0], [[1e200, 1e290]] * 2)).get_ylim()[1]
    assert top == pytest.approx(1e307)


def test_the_boundary_takes_the_left_and_the_curves_stand_below_each_other_on_the_right(trained, points):
    fig = plot_training(trained, *points, "A title")
    fig.canvas.draw()
    boundary, loss, norms = (ax.get_position() for ax in fig.axes)
    assert boundary.x1 < loss.x0 and norms.y1 < loss.y0 and boundary.width > loss.width > 0.3
    assert 7 <= fig.get_size_inches()[0] <= 9 and 4 <= fig.get_size_inches()[1] <= 5
    accuracy = trained.accuracy(*points)
    assert fig.axes[0].get_title() == f"Decision boundary, accuracy {accuracy:.4f}"
    assert (fig.axes[1].get_xlabel(), fig.axes[1].get_ylabel()) == ("", "cross-entropy")
    assert not fig.axes[0].spines["top"].get_visible()


def test_repeated_runs_stand_beside_the_line_of_guessing_with_open_squares_for_held_out():
    ax = plot_runs(RUNS)
    first, hollow, *_, guessing = ax.lines
    assert (first.get_color(), first.get_marker(), first.get_linestyle()) == (plotting.COLORS[0], "o", "None")
    assert (hollow.get_color(), hollow.get_marker(), hollow.get_linestyle()) == (plotting.COLORS[1], "s", "None")
    assert hollow.get_markerfacecolor() == "none" and 2 < first.get_markersize() < hollow.get_markersize() < 9
    assert list(guessing.get_xdata()) == [0.5, 0.5]
    assert (guessing.get_color(), guessing.get_linestyle()) == ("gray", ":")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "held out", "guessing"]
    assert (ax.get_xlabel(), ax.get_ylim(), ax.get_xlim()[1]) == ("accuracy", (1.5, -0.5), 1.02)
    np.testing.assert_allclose(first.get_ydata(), [-0.25, 0.25])
    np.testing.assert_allclose(ax.lines[3].get_ydata(), [0.75, 1, 1.25])
    draw(ax)
    legend, axes = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y0 >= axes.y1 - 1 and abs((legend.x0 + legend.x1) / 2 - (axes.x0 + axes.x1) / 2) < 2
    assert len({round(text.get_window_extent().y0) for text in ax.get_legend().get_texts()}) <= 2  # on one line
    assert ax.get_legend()._ncols == 3


def test_the_axis_of_accuracies_begins_below_guessing():
    assert plot_runs({"good": [(0.99, 0.98), (1.0, 0.99)]}).get_xlim() == (0.45, 1.02)


def test_bands_take_the_books_colors_and_dashes_in_turn():
    ax = plotting.plot_band([0, 1], {f"run {k}": [[k, k], [k + 1, k + 1]] for k in range(9)}, linewidth=3)
    cycle = [(plotting.COLORS[k % 7], plotting.LINES[k % 7]) for k in range(9)]
    assert [line.get_color() for line in ax.lines] == [color for color, _ in cycle]
    dashes = [line.get_linestyle() for line in ax.lines]
    assert dashes[:4] == ["-", "--", "-.", ":"] and dashes[7:] == ["-", "--"]
    assert {line.get_linewidth() for line in ax.lines} == {3} and [line.get_label() for line in ax.lines][8] == "run 8"
    for band, (color, _) in zip(ax.collections, cycle, strict=True):
        assert to_rgb(band.get_facecolor()[0]) == to_rgb(color) and band.get_alpha() < 0.5


def test_the_diagonal_of_an_agreement_is_thin_and_its_dots_show_what_lies_below_them():
    ax = plotting.plot_agreement([0, 2.0], [0, 2.0])
    (diagonal,), (dots,) = ax.lines, ax.collections
    assert (diagonal.get_color(), diagonal.get_linestyle()) == ("black", "--") and diagonal.get_linewidth() < 1
    assert dots.get_alpha() < 1 and to_rgb(dots.get_facecolor()[0]) == to_rgb(plotting.COLORS[0])
    assert 4 <= dots.get_sizes()[0] <= 12


def test_entries_of_a_jacobian_are_dark_blue_or_white():
    ax = plotting.plot_entries([[1.0, 1e-8, 0, 0], [0, -1, 0, 0], [0, 0, 1, 1.1e-7], [0, 0, 0, 1]], 2)
    (image,) = ax.images
    assert np.asarray(image.get_array()).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]]
    dark, light = (image.cmap(image.norm(value)) for value in (1.0, 0.0))
    assert luminance(dark[:3]) < 0.2 and luminance(light[:3]) > 0.9 and dark[2] > dark[0]
    across, down = ax.lines
    assert list(across.get_xdata()) == [1.5, 1.5] and list(down.get_ydata()) == [1.5, 1.5]
    for edge in ax.lines:
        assert (edge.get_color(), edge.get_linestyle()) == ("gray", "-") and edge.get_linewidth() < 1
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1", "2"] and ax.get_yticks().tolist() == [0.5, 2.5]
    assert ax.get_xlabel() == "input" and not gridded(ax)


def test_a_mark_has_its_name_outside_of_the_axes_beside_its_dotted_line():
    ax = plt.subplots()[1]
    ax.set(xlim=(0, 1), ylim=(0, 1))
    plotting.plot_marks({"here": 0.25}, ax)
    plotting.plot_marks({"there": 0.75}, ax, "y")
    draw(ax)
    upright, level = ax.lines
    assert list(upright.get_xdata()) == [0.25, 0.25] and list(level.get_ydata()) == [0.75, 0.75]
    for line in ax.lines:
        assert (line.get_color(), line.get_linestyle(), line.get_linewidth()) == ("gray", ":", 1)
    axes, (here, there) = ax.get_window_extent(), (text.get_window_extent() for text in ax.texts)
    assert 0 < here.y0 - axes.y1 < 10 and 0 < there.x0 - axes.x1 < 10
    assert abs((here.x0 + here.x1) / 2 - (axes.x0 + axes.width / 4)) < 2
    assert abs((there.y0 + there.y1) / 2 - (axes.y0 + 3 * axes.height / 4)) < 3
    assert all(8 <= text.get_fontsize() <= 10 for text in ax.texts)


def test_dots_have_a_color_a_row_and_a_black_bar_at_their_median():
    ax = plotting.plot_dots({"a": [1.0, 3.0, 2.0], "b": [2.0, 4.0]})
    dots, bars = ax.lines[::2], ax.lines[1::2]
    assert [line.get_color() for line in dots] == list(plotting.COLORS[:2])
    assert {(line.get_marker(), line.get_linestyle()) for line in dots} == {("o", "None")}
    assert all(2 < line.get_markersize() < 6 for line in dots)
    np.testing.assert_allclose(dots[1].get_ydata(), [0.75, 1.25])
    for row, bar in enumerate(bars):
        assert (bar.get_color(), bar.get_linestyle()) == ("#000000", "-")
        assert bar.get_label() == f"_median of {'ab'[row]}"
        np.testing.assert_allclose(bar.get_ydata(), [row - 0.38, row + 0.38])
    assert ax.get_ylim() == (1.5, -0.5) and ax.get_yticks().tolist() == [0, 1]
    colors = [line.get_color() for line in plotting.plot_dots({str(k): [1.0] for k in range(8)}).lines[::2]]
    assert colors[7] == colors[0]


def test_what_never_arrived_stands_in_a_gray_strip_right_of_the_axis_of_numbers():
    ax = plotting.plot_dots({"a": [1.0, 10.0, np.inf], "b": [np.inf, np.inf]})
    (strip,) = ax.patches
    assert ax.get_xlim() == pytest.approx((0, 11.3))
    corners = strip.get_extents().transformed(ax.transData.inverted()) if strip.axes is None else strip
    assert (corners.get_x(), corners.get_x() + corners.get_width()) == pytest.approx((10.3, 11.3))
    assert to_rgb(strip.get_facecolor()) == pytest.approx((0.9, 0.9, 0.9))
    *numbers, never = ax.get_xticks()
    assert never == pytest.approx(10.8) and numbers[0] >= 0 and numbers[-1] <= 10
    texts = [text.get_text() for text in ax.get_xticklabels()]
    assert texts == [*(f"{tick:g}" for tick in numbers), "never"]
    assert ax.lines[0].get_xdata().tolist() == pytest.approx([1, 10, 10.8])
    assert ax.lines[3].get_xdata().tolist() == pytest.approx([10.8, 10.8])
    assert not plotting.plot_dots({"a": [1.0, 2.0]}).patches


def test_a_panel_has_its_own_color_and_the_other_medians_thin_and_gray_behind_it():
    axes = plt.subplots(1, 2)[1]
    plotting.plot_panels([0, 1], {"a": [[1, 2], [3, 6], [5, 9]], "b": [[0, 0]]}, axes)
    for k, ax in enumerate(axes):
        *behind, own = ax.lines
        assert {(line.get_color(), line.get_linestyle()) for line in behind} == {("0.75", "-")}
        assert all(line.get_linewidth() < 1 for line in behind) and own.get_linewidth() >= 1.5
        assert (own.get_color(), own.get_linestyle()) == (plotting.COLORS[k], "-") and own.get_label() == "ab"[k]
        assert to_rgb(ax.collections[0].get_facecolor()[0]) == to_rgb(plotting.COLORS[k])
        assert ax.collections[0].get_alpha() < 0.5
    corners = {tuple(corner) for corner in axes[0].collections[0].get_paths()[0].vertices}
    assert corners == {(0, 1), (0, 5), (1, 2), (1, 9)}
    with pytest.raises(ValueError, match="zip"):
        plotting.plot_panels([0, 1], {"a": [[1, 2]]}, axes)
    many = plotting.plot_panels([0, 1], {str(k): [[1, 2]] for k in range(8)}, plt.subplots(2, 4)[1])
    assert many[7].lines[-1].get_color() == plotting.COLORS[0]


def test_a_landscape_is_dark_where_the_loss_is_low_and_stops_at_a_thousandfold():
    x = np.linspace(-1, 1, 21)
    loss = 10 ** (5 * x[:, None] ** 2 + 0 * x)  # from 1 to 10^5
    paths = {f"path {k}": np.array([[0.5, 0], [0.25, 0.1], [0, 0.5]]) for k in range(8)}
    ax = plotting.plot_landscape(x, x, loss, paths)
    contour = ax.collections[0]
    np.testing.assert_allclose(contour.levels, np.geomspace(1, 1000, 16))
    assert contour.extend == "max" and (contour.norm.vmin, contour.norm.vmax) == (1, 1000)
    low, high = (contour.cmap(contour.norm(value))[:3] for value in (1.0, 1000.0))
    assert luminance(low) < 0.05 and luminance(high) > 0.8 and low[0] == pytest.approx(low[2])
    np.testing.assert_allclose(contour.norm(10**1.5), 0.5)
    *pairs, start = ax.lines
    for k, (line, dots) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        assert line.get_label() == f"path {k}" and (line.get_linestyle(), line.get_linewidth()) == ("-", 1)
        assert (dots.get_marker(), dots.get_linestyle()) == ("o", "None") and dots.get_markersize() < 5
        assert line.get_color() == dots.get_color() == plotting.COLORS[k % 7]
        assert dots.get_xydata().tolist() == paths["path 0"].tolist()
    assert (start.get_marker(), start.get_color(), start.get_markeredgecolor()) == ("*", "white", "black")
    assert start.get_markersize() > 9 and start.get_label() == "start" and start.get_xydata().tolist() == [[0.5, 0]]
    assert not gridded(ax)
    flat = plotting.plot_landscape(x, x, 1 + x[:, None] ** 2 + 0 * x, paths)
    assert flat.collections[0].levels[-1] == pytest.approx(2)


def test_boundaries_have_a_name_and_the_resolution_of_small_panels(points):
    (ax,) = plt.subplots(squeeze=False)[1].ravel()
    plotting.plot_boundaries({"mine": Plane()}, *points, [ax])
    assert ax.images[0].get_array().shape == (150, 150) and ax.get_title() == "mine"


def test_the_higher_the_median_the_darker_the_field_and_its_text_stands_in_the_middle():
    ax = plotting.plot_table([[[0.5, 0.5], [0.7, 0.7], [1.0, 1.0]]], ["row"], [1, 2, 3])
    (image,) = ax.images
    shades = [luminance(image.cmap(image.norm(value))[:3]) for value in (0.45, 0.5, 0.7, 1.0)]
    assert shades == sorted(shades, reverse=True) and shades[0] > 0.9 and shades[-1] > 0.03  # black text can be read
    assert ax.get_aspect() == "auto" and not gridded(ax)
    blue = image.cmap(image.norm(0.9))
    assert blue[2] > blue[0]
    for text in ax.texts:
        assert (text.get_ha(), text.get_va()) == ("center", "center") and 8 <= text.get_fontsize() <= 10


def test_the_diagram_is_a_row_of_boxes_with_arrows_and_names_in_their_places():
    fig = plot_network([3, 7, 1])
    (ax,) = fig.axes
    assert fig.get_size_inches()[0] / fig.get_size_inches()[1] > 2.5 and not ax.axison
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.6, 4.6), (-1.5, 1.5))
    heights = [box.get_height() for box in ax.patches]
    assert heights[1] == pytest.approx(1.8) and heights[0] == pytest.approx(0.7 + 1.1 * 2 / 3)
    assert heights[2] == pytest.approx(0.7 + 1.1 / 3)
    for i, box in enumerate(ax.patches):
        assert (box.get_x(), box.get_width()) == pytest.approx((2 * i - 0.3, 0.6))
        assert box.get_y() == pytest.approx(-box.get_height() / 2)
        assert to_rgb(box.get_edgecolor()) == to_rgb(plotting.COLORS[0])
        assert luminance(box.get_facecolor()[:3]) > 0.6 and box.get_facecolor()[2] > box.get_facecolor()[0]
    placed = {text.get_text(): text for text in ax.texts if text.get_text()}
    places = {name: text.get_position() for name, text in placed.items()}
    assert places == {
        "$X$": (0, 0),
        "$A_1$": (2, 0),
        r"$\hat{Y}$": (4, 0),
        "$(N, 3)$": (0, 1.12),
        "$(N, 7)$": (2, 1.12),
        "$(N, 1)$": (4, 1.12),
        "ReLU": (1, 0.28),
        "sigmoid": (3, 0.28),
        "$W_1$ $(3, 7)$": (1, -0.4),
        "$W_2$ $(7, 1)$": (3, -0.4),
        "$b_1$ $(1, 7)$": (1, -0.75),
        "$b_2$ $(1, 1)$": (3, -0.75),
    }
    for name, text in placed.items():
        assert text.get_ha() == "center" and 8 <= text.get_fontsize() <= 14
        assert text.get_va() == ("center" if "N" in name or places[name][1] == 0 else "baseline")
        assert (text.get_color() == plotting.COLORS[1]) == (name in ("ReLU", "sigmoid"))
    arrows = [text for text in ax.texts if not text.get_text()]
    np.testing.assert_allclose([arrow.xyann for arrow in arrows], [(0.32, 0), (2.32, 0)])
    np.testing.assert_allclose([arrow.xy for arrow in arrows], [(1.68, 0), (3.68, 0)])
    for arrow in arrows:
        assert arrow.arrowprops == {"arrowstyle": "->", "color": plotting.COLORS[1]}
    with pytest.raises(ValueError, match="^layer_dims must"):
        plot_network([2])
