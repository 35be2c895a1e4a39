"""Pictures as text: what they say is what the numbers are."""

import base64
import io
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from scratchnet import make_spirals
from scratchnet.book import frames

TICKS = {"x_ticks": {0: "0", 10: "10"}, "x_label": "epoch", "y_label": "loss"}


def linear(y=(0.0, 2.0)):
    return frames.Axes((0, 10), y, y_ticks=[0, 1, 2], **TICKS)


def logarithmic():
    return frames.Axes((0, 10), (0.01, 100), y_ticks=[0.01, 1, 100], log=True, **TICKS)


def points(path, curve=0):
    """The points of one of the curves of a path, each written as steps of half a pixel from its first."""
    (curves,) = re.findall(r'd="([-\dMl ]+)" transform="scale\(\.5\)"', path)
    start, steps = curves.split("M")[1 + curve].split("l")
    halves = np.array([int(n) for n in f"{start} {steps}".split()]).reshape(-1, 2)
    return np.cumsum(halves, axis=0) / 2


def places(path):
    """The places of dots."""
    return np.array([[float(n) for n in pair.split()] for pair in re.findall(r"M([\d.-]+ [\d.-]+)", path)])


def inside(uv):
    """Where in the panel a point is, as shares of its width and height from the lower left corner."""
    width = frames.WIDTH - frames.LEFT - frames.RIGHT
    height = frames.HEIGHT - frames.TOP - frames.BOTTOM
    return (uv[:, 0] - frames.LEFT) / width, (frames.HEIGHT - frames.BOTTOM - uv[:, 1]) / height


def test_a_curve_goes_through_its_points():
    across, up = inside(points(linear().line([0, 5, 10], [0, 0.5, 2])))
    np.testing.assert_allclose(across, [0, 0.5, 1], atol=0.01)
    np.testing.assert_allclose(up, [0, 0.25, 1], atol=0.01)


def test_a_logarithmic_axis_spaces_by_factors():
    _, up = inside(points(logarithmic().line([0, 5, 10], [0.01, 1, 100])))
    np.testing.assert_allclose(up, [0, 0.5, 1], atol=0.01)


def test_a_curve_ends_where_it_leaves_the_panel_and_begins_where_it_comes_back():
    across, up = inside(points(linear().line([0, 10], [-2, 4])))
    np.testing.assert_allclose((across, up), ([1 / 3, 2 / 3], [0, 1]), atol=0.01)
    path = linear().line([0, 2, 4, 6, 8, 10], [1, 3, 3, -1, -1, 1])
    assert path.count("M") == 3  # up and out; from the top to the bottom; and up again
    across, up = inside(points(path, curve=1))
    np.testing.assert_allclose((across, up), ([0.45, 0.55], [1, 0]), atol=0.01)
    for axes in (linear(), logarithmic()):
        assert axes.line([0, 1], [1e300, 1e308]) == ""
        across, up = inside(points(axes.line([0, 5, 10], [0.5, 1, 1e308])))
        assert up[-1] == pytest.approx(1, abs=0.01) and across[-1] == pytest.approx(0.5, abs=0.01)
    across, up = inside(points(logarithmic().line([0, 5, 10], [1, 1, 0])))
    assert up[-1] == pytest.approx(0, abs=0.01)


def test_what_is_not_finite_is_not_drawn():
    axes = linear()
    assert axes.line([0, 5, 7, 10], [0, np.nan, np.inf, 2]) == axes.line([0, 10], [0, 2])
    assert axes.line([0, 1, 2], [None, 1, 2]) == axes.line([1, 2], [1, 2])  # None where nothing was held out
    assert axes.bars([0, 1, 2], [None, 1, 2], 1) == axes.bars([1, 2], [1, 2], 1)
    assert linear().line([], []) == "" and linear().line([1], [np.nan]) == ""
    assert linear().bars([], [], 1) == "" and linear().bars([1], [np.inf], 1) == ""


def test_bars_stand_on_the_bottom():
    path = linear().bars([5], [1.0], width=2)
    left, bottom, top, width = (float(n) for n in re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)h([\d.]+)V", path)[0])
    across, up = inside(np.array([[left, top], [left + width, bottom]]))
    np.testing.assert_allclose((across, up), ([0.4, 0.6], [0.5, 0]), atol=0.01)


def test_a_panel_has_a_name_axes_and_labels():
    soup = BeautifulSoup(linear().panel("loss <by> epoch", linear().line([0, 10], [0, 1])), "html.parser")
    svg = soup.find("svg")
    assert svg["role"] == "img" and svg["aria-label"] == "loss <by> epoch"
    assert soup.find("p").text == "loss"
    assert {text.text for text in svg.find_all("text")} == {"0", "1", "2", "10", "epoch"}
    assert len(svg.select(".grid")) == 3 and len(svg.select(".line")) == 1


def test_a_figure_keeps_its_caption_as_text():
    soup = BeautifulSoup(frames.figure("a < b & c", "<svg></svg>", "<svg></svg>"), "html.parser")
    assert soup.find("figcaption").text == "a < b & c" and len(soup.find_all("svg")) == 2


def spirals(resolution=8):
    X, y = make_spirals(20, seed=1)
    return frames.Plane(X, y, resolution), X, y


def test_the_grid_runs_from_the_top_left_to_the_bottom_right_of_what_surrounds_the_points():
    plane, X, _ = spirals()
    assert plane.grid.shape == (64, 2)
    first, last = plane.grid[0], plane.grid[-1]
    half = (plane.high - plane.low) / 16
    np.testing.assert_allclose(first, [plane.low[0] + half[0], plane.high[1] - half[1]])
    np.testing.assert_allclose(last, [plane.high[0] - half[0], plane.low[1] + half[1]])
    assert (plane.grid[1] - first)[0] > 0 == (plane.grid[1] - first)[1]
    np.testing.assert_allclose((plane.low, plane.high), (X.min(axis=0) - 0.3, X.max(axis=0) + 0.3))


def test_a_picture_has_the_probabilities_as_shades():
    plane, _, _ = spirals()
    P = np.linspace(0, 1, 64)
    soup = BeautifulSoup(plane.picture(P, "who wins"), "html.parser")
    image = Image.open(io.BytesIO(base64.b64decode(soup.find("image")["href"].partition(",")[2])))
    shades = np.asarray(image)
    np.testing.assert_array_equal(shades.ravel(), np.round(P * (frames.LEVELS - 1)))
    colors = np.asarray(image.convert("RGBA")).astype(int)
    assert colors[0, 0, 2] > colors[0, 0, 0] and colors[-1, -1, 0] > colors[-1, -1, 2]  # blue for 0, orange for 1
    assert colors[0, 0, 3] > colors[3, 7, 3] < colors[-1, -1, 3]  # the more opaque the surer
    assert soup.find("svg")["aria-label"] == "who wins"


def test_the_points_are_drawn_once_and_referred_to():
    plane, X, y = spirals()
    defs = BeautifulSoup(plane.defs, "html.parser")
    assert len(defs.select(".frame-c0")) == len(defs.select(".frame-c1")) == 20
    name = defs.find("g")["id"]
    assert BeautifulSoup(plane.picture(np.zeros(64), "x"), "html.parser").find("use")["href"] == f"#{name}"
    other = BeautifulSoup(frames.Plane(X + 1, 1 - y).defs, "html.parser").find("g")["id"]
    assert other != name  # two explorers of a page do not share their points
    circle = defs.select(".frame-c0")[0]
    across = (X[0, 0] - plane.low[0]) / (plane.high - plane.low)[0]
    assert float(circle["cx"]) == pytest.approx(across * frames.WIDTH, abs=0.6)


def test_points_of_a_panel_keep_their_place_and_class():
    soup = BeautifulSoup(linear((0, 10)).points([[0, 0], [1, 5], [2, 10]], [0, 1, 0]), "html.parser")
    first, second = (places(path["d"]) for path in soup.select(".dots"))
    assert [path["class"] for path in soup.select(".dots")] == [["dots", "k0"], ["dots", "k1"]]
    across, up = inside(np.concatenate([first, second]))
    np.testing.assert_allclose((across, up), ([0, 0.2, 0.1], [0, 1, 0.5]), atol=0.01)


def test_an_upright_line_runs_through_the_panel():
    path = linear().upright(5)
    u, top, bottom = (float(n) for n in re.findall(r"M([\d.]+) (\d+)V(\d+)", path)[0])
    across, up = inside(np.array([[u, top], [u, bottom]]))
    np.testing.assert_allclose((across, up), ([0.5, 0.5], [1, 0]), atol=0.01)


def test_the_boundary_is_where_the_probability_is_one_half():
    plane, _, _ = spirals(resolution=40)
    tilted = plane.grid @ [1.0, 0.5]
    soup = BeautifulSoup(plane.picture(0.5 + 0.01 * tilted, "tilted"), "html.parser")
    uv = points(str(soup.select_one("path.edge")))
    share = uv / (frames.WIDTH, plane.height)
    xy = plane.low + np.stack([share[:, 0], 1 - share[:, 1]], axis=1) * (plane.high - plane.low)
    assert len(uv) > 10
    np.testing.assert_allclose(xy @ [1.0, 0.5], 0, atol=0.5 * np.max(plane.high - plane.low) / frames.WIDTH * 2)
    everywhere = BeautifulSoup(plane.picture(np.full(1600, 0.9), "sure"), "html.parser").select_one("path.edge")
    assert everywhere["d"] == ""


def test_a_straight_curve_is_straight_to_half_a_pixel():
    x = np.linspace(0, 10, 121)
    uv = points(linear().line(x, x / 5))
    line = np.polyval(np.polyfit(uv[:, 0], uv[:, 1], 1), uv[:, 0])
    assert np.abs(uv[:, 1] - line).max() <= 0.5


def test_frames_are_the_same_whenever_they_are_drawn():
    plane, _, _ = spirals()
    P = np.linspace(0, 1, 64)
    assert plane.picture(P, "a") == plane.picture(P, "a") and spirals()[0].defs == plane.defs


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e17, 1e150])
def test_points_of_any_size_are_drawn_inside_the_plane(size):
    X = size * np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    for points in (X, X[:1]):
        plane = frames.Plane(points, [0, 1, 1][: len(points)])
        assert "nan" not in plane.defs and "inf" not in plane.defs and np.isfinite(plane.grid).all()


def test_a_plane_has_two_marks_and_refuses_a_third_class():
    with pytest.raises(ValueError, match=r"^y must hold two classes, 0 and 1, got \[0, 1, 2\]$"):
        frames.Plane(np.eye(3, 2), [0, 1, 2])


# What is written, to the letter: the style sheet and the front end read it


def test_a_figure_is_written_as_panels_above_a_caption():
    written = frames.figure("a < b", "<div>1</div>", "<div>2</div>")
    assert written == (
        '<figure class="frame"><div><div>1</div><div>2</div></div><figcaption>a &lt; b</figcaption></figure>'
    )


def test_a_panel_is_written_with_grid_and_labels_behind_its_marks():
    assert linear().panel("a < b", "<mark/>", "<mark/>") == (
        '<div><p>loss</p><svg viewBox="0 0 300 216" role="img" aria-label="a &lt; b">'
        '<path d="M50 176H286" class="grid"/><text x="45" y="180" text-anchor="end">0</text>'
        '<path d="M50 93H286" class="grid"/><text x="45" y="97" text-anchor="end">1</text>'
        '<path d="M50 10H286" class="grid"/><text x="45" y="14" text-anchor="end">2</text>'
        '<text x="50" y="192" text-anchor="middle">0</text><text x="286" y="192" text-anchor="middle">10</text>'
        '<text x="168" y="210" text-anchor="middle">epoch</text><mark/><mark/></svg></div>'
    )


def test_marks_of_a_panel_are_written_in_its_units():
    axes = frames.Axes((10, 20), (1.0, 3.0), y_ticks=[], x_ticks={}, x_label="", y_label="")
    for written, path, kind in (
        (axes.line([10, 20], [1, 3]), "M100 352l472 -332", "line k0"),
        (axes.line([10, 15, 20], [1, np.nan, 3], 3), "M100 352l472 -332", "line k3"),
        (axes.line([10, 20], [1, 1], None), "M100 352l472 0", "line faint"),
        (axes.line([12], [2], 1), "M194 186l0 0", "line k1"),
    ):
        assert written == f'<path d="{path}" transform="scale(.5)" class="{kind}"/>'
    assert axes.upright(15) == '<path d="M168.0 10V176" class="edge"/>'
    assert axes.bars([15, 20], [2.0, np.nan], 2) == '<path d="M144 176V93h47V176z" class="bar k0"/>'
    assert axes.bars([12, 18], [1, 3], 1, k=2) == '<path d="M85 176V176h24V176zM227 176V10h24V176z" class="bar k2"/>'
    dots = axes.points([[10, 1], [20, 3], [15, 2]], [0, 3, 0])
    assert dots == '<path d="M50 176h0M168 93h0" class="dots k0"/><path d="M286 10h0" class="dots k3"/>'
    assert frames._curve([[(1, 2), (1, 2), (1, 3), (4, 3)], [(0, 0)]], "edge") == (
        '<path d="M2 4l0 2 6 0M0 0l0 0" transform="scale(.5)" class="edge"/>'
    )


def test_the_points_of_a_plane_are_circles_and_squares_around_their_places():
    plane = frames.Plane([[0, 0], [4, 2]], [0, 1], margin=1)
    name = re.search("points-[0-9a-f]{8}", plane.defs)[0]
    assert plane.defs == (
        f'<svg class="frame-defs" aria-hidden="true"><defs><g id="{name}">'
        '<circle cx="50" cy="150" r="2.6" class="frame-c0"/>'
        '<path d="M248 48h5v5h-5z" class="frame-c1"/></g></defs></svg>'
    )


@pytest.mark.parametrize(("height", "pixels"), [(1.0, 150), (7.0, 210), (10.0, 300), (30.0, 300)])
def test_a_plane_is_as_high_as_its_points_but_not_flatter_than_half_and_not_higher_than_wide(height, pixels):
    plane = frames.Plane([[0, 0], [10, height]], [0, 1], margin=1e-9)
    assert plane.height == pixels
    written = plane.picture(np.zeros(44 * 44), "a < b", "c < d")
    name = plane.defs.partition('<g id="')[2][:15]
    assert re.sub('base64,[^"]+', "", written) == (
        f'<div><p>c &lt; d</p><svg viewBox="0 0 300 {pixels}" role="img" aria-label="a &lt; b"><image width="300" '
        f'height="{pixels}" preserveAspectRatio="none" href="data:image/png;"/><path d="" transform="scale(.5)" '
        f'class="edge"/><use href="#{name}"/></svg></div>'
    )
    assert "<p>probability of class 1</p>" in plane.picture(np.zeros(44 * 44), "a")


def test_around_large_points_the_margin_is_a_millionth_of_each_coordinate():
    plane = frames.Plane([[1e17, 1.0], [-1e17, 0.0]], [0, 1])
    np.testing.assert_allclose(plane.high - [1e17, 1.0], [1e11, 0.3])
    np.testing.assert_allclose(plane.low - [-1e17, 0.0], [-1e11, -0.3])


def test_probabilities_beyond_0_and_1_are_drawn_as_these():
    plane = frames.Plane([[0, 0], [1, 1]], [0, 1], resolution=2)
    written = plane.picture(np.array([-0.3, 1.4, 0, 1]), "x")
    png = base64.b64decode(re.search('base64,([^"]+)', written)[1])
    assert np.asarray(Image.open(io.BytesIO(png))).tolist() == [[0, 7], [0, 7]]


def test_a_picture_takes_four_bits_a_square():
    png = base64.b64decode(frames.png(np.zeros((8, 8), np.uint8)).removeprefix("data:image/png;base64,"))
    assert png[24:26] == bytes([4, 3])  # bit depth and, by 3, a palette


def test_shades_are_those_of_the_classes_and_the_more_opaque_the_surer():
    colors, alphas = frames._palette()
    blue, orange = [[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in frames.COLORS[:2]]
    assert colors == 4 * blue + 4 * orange == frames.PALETTE
    assert list(alphas) == list(reversed(alphas)) and sorted(alphas[4:]) == list(alphas[4:]) and alphas[7] == 180
    assert alphas == frames.ALPHAS and alphas[4] == round(20 + 160 / 7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: frames.Plane(np.eye(3), [0, 1, 1]), r"^X must have shape \(N, 2\)"),
        (lambda: frames.Plane(np.eye(2), [0, 1], 1), "^resolution must be an integer of at least 2"),
        (lambda: frames.Plane(np.eye(2), [0, 1, 1]), "y must have as many rows as X, 2"),
        (lambda: frames.Plane(np.eye(2), [0, 2]), r"y must hold two classes, 0 and 1, got \[0, 2\]"),
        (lambda: linear().points(np.eye(3), [0, 1, 1]), r"^Z must have shape \(N, 2\)"),
    ],
)
def test_what_cannot_be_drawn_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_lies_beyond_a_panel_is_a_dot_or_a_bar_at_its_border():
    across, up = inside(places(linear().points([[-5.0, -9.0], [15.0, 9.0], [5.0, 1.0]], [0, 0, 0])))
    np.testing.assert_allclose((across, up), ([0, 1, 0.5], [0, 1, 0.5]), atol=0.01)
    tops = [int(top) for top in re.findall(r"V(\d+)h", linear().bars([-5, 5, 15], [-9.0, 1.0, 9.0], 1))]
    assert tops == [frames.HEIGHT - frames.BOTTOM, (frames.HEIGHT - frames.BOTTOM + frames.TOP) // 2, frames.TOP]


def test_a_single_point_outside_cuts_a_curve_in_two():
    path = linear().line([0, 4, 8], [1, 3, 1])
    assert path.count("M") == 2
    np.testing.assert_allclose(inside(points(path, 0))[0], [0, 0.2], atol=0.01)
    np.testing.assert_allclose(inside(points(path, 1))[0], [0.6, 0.8], atol=0.01)


def test_losses_by_epoch_stand_between_a_hundredth_and_ten_on_a_log_axis():
    axes = frames.loss_axes(40, 20, "cross-entropy")
    panel = axes.panel("label", axes.line([0, 20, 40], [0.01, 1, 10]))
    texts = re.findall(r"<text[^>]*>(.*?)</text>", panel)
    assert texts == ["0.01", "0.1", "1", "10", "0", "20", "40", "epoch"] and "<p>cross-entropy</p>" in panel
    across, up = inside(points(axes.line([0, 20, 40], [0.01, 1, 10])))
    np.testing.assert_allclose((across, up), ([0, 0.5, 1], [0, 2 / 3, 1]), atol=0.01)
    assert re.findall(r">(\d+)</text>", frames.loss_axes(41, 21, "loss").panel("label"))[-2:] == ["0", "21"]
