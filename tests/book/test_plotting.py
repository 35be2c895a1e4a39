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
