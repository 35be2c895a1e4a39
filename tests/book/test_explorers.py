"""What every explorer promises, whatever it shows; and of three of them, what they show.

All explorers are made here once: pytest gives a file to one process.
"""

import gzip
import html
import itertools
import json
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest
from pages import NOTEBOOKS, PAGES, cells_of, fresh, shown_on

from scratchnet.book.experiments import of_depth, spirals
from scratchnet.book.explorers import NAMES
from scratchnet.book.sliders import draw_depth_and_rate

EACH = pytest.mark.parametrize("name", NAMES)
LIMIT_KB = 250


def settings_of(made):
    """The setting of every frame, in their order: the last axis changes first."""
    return [dict(zip(made.axes, values, strict=True)) for values in itertools.product(*made.axes.values())]


def marked(made):
    """The settings that matter most: the start, the presets and the corners."""
    ends = itertools.product(*((values[0], values[-1]) for values in made.axes.values()))
    corners = [dict(zip(made.axes, values, strict=True)) for values in ends]
    return [made.start, *(made.start | preset for preset in made.presets.values()), *corners]


def caption(frame):
    """The caption of one frame, which is one figure and nothing else."""
    assert frame.startswith('<figure class="frame">') and frame.endswith("</figure>")
    assert frame.count("<figure") == frame.count("<figcaption") == 1
    (said,) = re.findall("<figcaption>(.*)</figcaption></figure>$", frame)
    assert said.strip()
    assert not re.search(r"\bnan\b", said), said
    assert "<" not in said, "plain text"
    return html.unescape(said)


def test_every_explorer_is_on_a_page_once():
    shown = [name for page in PAGES for name in shown_on(page)]
    assert len(shown) == len(set(shown))
    assert set(shown) == set(NAMES)


@EACH
def test_start_and_presets_are_on_the_axes(name):
    made = fresh(name)
    assert list(made.start) == list(made.axes)
    for setting in [made.start, *made.presets.values()]:
        assert setting
        for axis, value in setting.items():
            assert value in made.axes[axis]
    assert all(sentence.strip() for sentence in made.presets)
    reached = [made.start | preset for preset in made.presets.values()]
    assert all(reached.count(setting) == 1 for setting in reached), "two presets show the same"
    for values in made.axes.values():
        assert len(values) >= 2
        assert all(values.count(value) == 1 for value in values)
    assert made.play == "" or made.play in made.axes


@EACH
def test_every_frame_is_one_figure_with_a_caption_of_its_own(name):
    made = fresh(name)
    assert len(made.frames) == len(settings_of(made))
    captions = [caption(frame) for frame in made.frames]
    assert len(set(captions)) == len(captions)


@EACH
def test_a_frame_depends_on_its_setting_alone(name):
    made = fresh(name)
    settings = settings_of(made)
    for setting in marked(made) + marked(made)[::-1]:
        assert made.frame(**setting) == made.frames[settings.index(setting)]


@EACH
def test_what_is_run_again_answers_with_a_frame(name):
    made = fresh(name)
    for setting in marked(made) if made.retrain else []:
        assert len(caption(made.retrain(**setting))) > 40, setting


@EACH
def test_what_an_explorer_embeds_is_light(name):
    made = fresh(name)
    held = json.dumps([made.head, made.frames]).encode()
    assert len(gzip.compress(held)) <= 1000 * LIMIT_KB


# --- what they show ---


def test_every_setting_of_the_one_unit_shows_its_curve():
    assert all('class="line k0"' in frame for frame in fresh("one_unit").frames)


def test_the_curve_of_a_steep_unit_leaves_the_picture_and_does_not_bend_again():
    (path,) = re.findall(r'd="M([-\d ]+)l([-\d ]+)"[^>]*class="line k0"', fresh("one_unit").frame("ReLU", -4.0, 0.0))
    steps = np.array([int(n) for n in path[1].split()]).reshape(-1, 2)
    slopes = steps[:, 1] / steps[:, 0]
    bend = int(np.argmin(np.abs(slopes) > 0.5))
    assert (slopes[:bend] > 1).all() and (slopes[bend:] == 0).all()


def test_the_button_below_the_one_unit_trains_it_and_leaves_a_dead_one_as_it_is():
    """Against gradient descent written out for a single unit."""
    retrain = fresh("one_unit").retrain
    x, w, b = np.linspace(-3, 3, 121), 4.0, -3.0
    target = np.where(x > 1, 1.0, 0.0)
    losses = []
    for _ in range(501):
        a = np.maximum(w * x + b, 0)
        losses.append(np.mean((a - target) ** 2))
        slope = 2 * (a - target) * (a > 0) / 121
        trained = w, b
        w, b = w - 0.2 * slope @ x, b - 0.2 * slope.sum()
    answer = retrain("ReLU", 4.0, -3.0)
    assert (
        f"from {losses[0]:.3f} to {losses[-1]:.3f}, w from 4 to {trained[0]:.2f}, b from -3 to {trained[1]:.2f}"
        in answer
    )
    assert losses[-1] < losses[0] / 2
    assert len(set(re.findall(r'<path d="([^"]+)" [^>]*class="line', answer))) == 3  # before, after and the target

    dead = retrain("ReLU", 0.0, -1.0)
    assert f"from {target.mean():.3f} to {target.mean():.3f}, w from 0 to 0.00, b from -1 to -1.00" in dead


def test_the_epochs_that_are_trained_anew_are_said_and_drawn_like_the_others():
    made = fresh("epochs")
    for epoch, said in {
        0: "Before training, from the first weights of seed ",
        1000: "After 1000 epochs, trained now from the first weights of seed ",
        3000: "After 3000 epochs, of which the last 1000 were trained now, from the checkpoint of epoch 2000 ",
    }.items():
        answer = made.retrain(epoch)
        assert caption(answer).startswith(said)
        assert answer.count("<svg") == made.frame(epoch).count("<svg") == 4
    assert len({made.retrain(0) for _ in range(4)}) > 1  # each from a seed of its own


def test_the_presets_of_the_epochs_hold():
    made = fresh("epochs")
    X, y, *_ = spirals()
    inside, outside, *_ = (float(n) for n in re.findall(r"accuracy (\d\.\d+)", caption(made.frame(3000))))
    assert round((1 - inside) * len(X)) == 3 and outside > 0.98
    assert caption(made.frame(0)).startswith("Before training: loss 0.69")


def test_the_loss_in_a_caption_is_the_one_that_training_recorded_and_the_curve_ends_with():
    frame = fresh("depth_and_rate").frame
    _, said = draw_depth_and_rate(4, 0.3)
    assert said.partition("after 80 epochs ")[2] == caption(frame(4, 0.3, 80)).partition("epoch 80: ")[2]
    assert caption(frame(8, 3.0, 0)).startswith("8 hidden layers, learning rate 3, before training: loss ")
    net, thetas = of_depth(8, 3.0)
    assert len(thetas) == len(net.history) + 1 < 81
    assert f"the run diverged in epoch {len(thetas)}." in caption(frame(8, 3.0, 80))


def test_what_becomes_of_the_first_weights_is_said_in_words():
    made = fresh("first_weights")
    assert "the training diverged in epoch 1." in made.retrain("large", 16)
    assert "he, 1 hidden layer, " in made.retrain("he", 1)
    assert "training accuracy 0.500, held-out accuracy 0.500." in made.retrain("zeros", 16)
    assert "1 hidden layer, before training" in made.frame(weights="he", hidden_layers=1)


def test_a_link_of_the_text_sets_an_explorer_of_its_page_to_a_setting_that_it_has():
    links = 0
    for page in PAGES:
        for cell in cells_of(page, "markdown") if page in NOTEBOOKS else []:
            for name, query in re.findall(r'href="#explorer-(\w+)\?([^"]+)"', cell.source):
                assert name in shown_on(page)
                controls = {control["name"]: control["values"] for control in fresh(name).controls}
                for axis, value in parse_qsl(html.unescape(query), strict_parsing=True):
                    assert value in controls[axis], (page, name, axis, value)
                links += 1
    assert links > 8


# --- by_numbers ---


def test_by_numbers_says_which_matrices_an_entry_moves():
    made = fresh("by_numbers")
    moved = {}
    for raised in made.axes["raised"][1:]:
        said = caption(made.frame(step=12, raised=raised))
        moved[raised] = re.search(r"Of what is computed so far, (.+) changed\.$", said)[1].split(", ")
    every = {"Z1", "A1", "Z2", "P", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1", "dX"}
    for raised, names in moved.items():
        before = {"Z1", "A1"} if raised.startswith(("W2", "b2")) else set()
        assert set(names) <= every - before, raised
        if raised.startswith(("W2", "b2")):
            assert set(names) == every - before


def test_by_numbers_shows_what_bare_numpy_computes():
    X, Y = np.array([[1.0, 2], [3, 1]]), np.array([[1.0], [0]])
    W1, b1, W2, b2 = np.array([[1.0, 1], [1, -1]]), np.array([[-2.0, 0]]), np.array([[2.0], [-1]]), np.array([[-2.0]])
    W1[0, 1] += 0.5
    Z1 = X @ W1 + b1
    P = 1 / (1 + np.exp(-(np.maximum(Z1, 0) @ W2 + b2)))
    dZ1 = (P - Y) / 2 @ W2.T * (Z1 > 0)
    assert P[0, 0] == 0.5, "unit 2 is off for the first sample, and still is"
    dW1 = X.T @ dZ1
    made = fresh("by_numbers")
    said = caption(made.frame(step=10, raised="W1[0, 1]"))
    (rows,) = re.findall(r"dW1 = Xᵀ dZ1 has the rows (.+?)\. Of", said)
    shown = [[float(entry.replace("−", "-")) for entry in row.split()] for row in rows.split("; ")]
    assert np.allclose(shown, dW1, atol=6e-4)


def test_by_numbers_descends():
    made = fresh("by_numbers")
    for raised in made.axes["raised"]:
        first, last = map(float, re.findall(r"from (\d\.\d+) to (\d\.\d+)", made.retrain(step=1, raised=raised))[0])
        assert last < first
