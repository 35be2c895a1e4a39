import itertools
import json
import math

import ipywidgets
import matplotlib.pyplot as plt
import pytest
from conftest import small_problem

from scratchnet import NeuralNetwork
from scratchnet.book import explorer, live, progress_bar

PNG = b"\x89PNG\r\n\x1a\n"


def line(height, text="A line."):
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, height])
    return fig, text


class Frame:
    """A frame function that keeps what it was asked and fails at depth 3."""

    def __init__(self):
        self.asked, self.captions = [], []

    def __call__(self, depth, rate):
        self.asked.append((depth, rate))
        if self.box is not None:
            self.captions.append((self.caption.value, self.picture.value))
        if depth == 3:
            raise ValueError("depth <3> is too deep")
        return line(depth * rate, f"depth {depth} & rate {rate}")

    box = None

    @property
    def picture(self):
        (found,) = [child for child in self.box.children if isinstance(child, ipywidgets.Image)]
        return found

    @property
    def caption(self):
        (found,) = [child for child in self.box.children if isinstance(child, ipywidgets.HTML)]
        return found


@pytest.fixture
def frame():
    frame = Frame()
    frame.depth = ipywidgets.IntSlider(value=1, min=1, max=4, description="depth")
    frame.rate = ipywidgets.FloatLogSlider(value=0.1, min=-3, max=0, description="rate")
    frame.box = live(frame, depth=frame.depth, rate=frame.rate)
    yield frame
    assert plt.get_fignums() == []
    plt.close("all")


def test_the_first_picture_is_there_at_once_below_the_sliders(frame):
    assert frame.asked == [(1, 0.1)]
    assert frame.box.children[:2] == (frame.depth, frame.rate)
    assert bytes(frame.picture.value).startswith(PNG) and "depth 1 &amp; rate 0.1" in frame.caption.value


def test_moving_a_slider_redraws_with_the_values_of_all(frame):
    first = frame.picture.value
    frame.depth.value = 2
    frame.rate.value = 0.01
    assert frame.asked[1:] == [(2, 0.1), (2, 0.01)]
    assert "depth 2 &amp; rate 0.01" in frame.caption.value
    assert bytes(frame.picture.value).startswith(PNG) and frame.picture.value != first


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("rate", [0.001, 1.0])
def test_every_combination_of_end_points_draws(frame, depth, rate):
    frame.depth.value, frame.rate.value = depth, rate
    assert f"depth {depth} &amp; rate {rate}" in frame.caption.value


def test_while_computing_the_last_good_picture_stays_and_the_caption_says_so(frame):
    good = frame.picture.value
    frame.depth.value = 2
    caption, picture = frame.captions[-1]
    assert "Computing" in caption and picture == good


def test_a_failure_shows_no_traceback_keeps_the_picture_and_says_what_happened(frame, capsys):
    frame.depth.value = 2
    good = frame.picture.value
    frame.depth.value = 3
    assert frame.picture.value == good
    assert "depth = 3" in frame.caption.value and "ValueError: depth &lt;3&gt; is too deep" in frame.caption.value
    assert "Traceback" not in frame.caption.value and "<3>" not in frame.caption.value
    assert capsys.readouterr() == ("", "")
    frame.depth.value = 4
    assert "depth 4" in frame.caption.value and frame.picture.value != good


def test_sliders_answer_when_they_are_let_go(frame):
    assert frame.depth.continuous_update is False and frame.rate.continuous_update is False


def test_other_widgets_can_steer_too():
    choice = ipywidgets.Dropdown(options=["a", "b"], value="a", description="letter")
    check = ipywidgets.Checkbox(value=True, description="on")
    seen = []
    live(lambda letter, on: (seen.append((letter, on)), line(1))[1], letter=choice, on=check)
    choice.value = "b"
    check.value = False
    assert seen == [("a", True), ("b", True), ("b", False)]


def test_the_caption_is_announced_to_screen_readers(frame):
    assert 'role="status"' in frame.caption.value


def test_a_failure_after_the_figure_was_made_leaves_no_figure_open():
    def frame(x):
        line(x)
        raise ValueError("too late")

    live(frame, x=ipywidgets.IntSlider(value=1))
    try:
        assert plt.get_fignums() == []
    finally:
        plt.close("all")


def test_the_progress_bar_is_an_on_epoch_callback_on_stdout_that_counts_and_shows_the_loss(capsys):
    X, y = small_problem()
    net = NeuralNetwork([3, 4, 1], seed=0)
    net.train(X, y, n_epochs=5, verbose=False, on_epoch=progress_bar(5))
    out, err = capsys.readouterr()
    assert "5/5" in out and f"loss={net.loss_history[-1]:.4f}" in out and err == ""
    assert len(net.history) == 5


# Explorers


AXES = {"depth": [1, 2, 4], "learning_rate": [0.1, 1.0], "kind": [math.sin, None]}


def words(depth, learning_rate, kind):
    return f"<p>{depth} {learning_rate} {getattr(kind, '__name__', kind)}</p>"


def shown(box):
    """The HTML of the one frame that the stacks show."""
    (stack,) = [child for child in box.children if isinstance(child, ipywidgets.Stack)]
    while isinstance(stack, ipywidgets.Stack):
        stack = stack.children[stack.selected_index]
    return stack.value


def move(box, **setting):
    """Move sliders as a reader does, and let the links follow, as the front end does."""
    box.setting = setting
    for link in box.links:
        (source, trait), (target, other) = link.source, link.target
        setattr(target, other, getattr(source, trait))


def test_every_combination_is_drawn_beforehand_and_found_again():
    asked = []
    box = explorer(AXES, lambda **setting: asked.append(tuple(setting.values())) or words(**setting))
    assert asked == list(itertools.product(*AXES.values()))
    for setting in asked:
        move(box, **dict(zip(AXES, setting, strict=True)))
        assert shown(box) == words(*setting) and tuple(box.setting.values()) == setting
    assert len(asked) == 12  # moving draws nothing


def test_an_explorer_starts_at_the_first_values_or_where_it_is_told():
    assert shown(explorer(AXES, words)) == words(1, 0.1, math.sin)
    box = explorer(AXES, words, start={"depth": 4, "kind": None})
    assert shown(box) == words(4, 0.1, None)
    assert box.setting == {"depth": 4, "learning_rate": 0.1, "kind": None}


def test_sliders_say_names_and_values_that_a_reader_understands():
    box = explorer(AXES, words)
    assert [slider.description for slider in box.sliders.values()] == ["depth", "learning rate", "kind"]
    assert [slider._options_labels for slider in box.sliders.values()] == [
        ("1", "2", "4"),
        ("0.1", "1"),
        ("sin", "None"),
    ]


def test_play_runs_through_its_axis_and_steps_stop_at_its_ends():
    box = explorer(AXES, words, play="learning_rate", start={"learning_rate": 1.0})
    (row,) = [child for child in box.children if "explorer-player" in child._dom_classes]
    player, back, forth = row.children
    assert (player.min, player.max, player.value) == (0, 1, 1)
    slider = box.sliders["learning_rate"]
    assert any(link.source == (player, "value") and link.target[0] is slider for link in box.links)
    assert (back.tooltip, forth.tooltip) == ("Previous learning rate", "Next learning rate")
    for button, expected in ((forth, 1.0), (back, 0.1), (back, 0.1), (forth, 1.0)):
        button.click()
        assert box.setting["learning_rate"] == expected


def test_presets_move_the_sliders_they_name():
    box = explorer(AXES, words, presets={"Deep": {"depth": 4}, "Fast": {"learning_rate": 1.0, "depth": 2}})
    (row,) = [child for child in box.children if "explorer-presets" in child._dom_classes]
    buttons = [child for child in row.children if isinstance(child, ipywidgets.Button)]
    assert [button.description for button in buttons] == ["Deep", "Fast"]
    buttons[1].click()
    assert box.setting == {"depth": 2, "learning_rate": 1.0, "kind": math.sin}
    buttons[0].click()
    assert box.setting == {"depth": 4, "learning_rate": 1.0, "kind": math.sin}
    positions = json.loads(row.children[-1].value.partition(">")[2].partition("<")[0])  # for the page with no kernel
    assert positions == [{"depth": 2}, {"learning rate": 1, "depth": 1}]


def test_training_again_shows_what_it_returns_or_why_it_failed():
    answers = iter(["<p>again</p>", ValueError("no <luck>")])

    def retrain(**setting):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer + words(**setting)

    box = explorer(AXES, words, start={"depth": 2}, retrain=retrain)
    (button,) = [child for child in box.children if isinstance(child, ipywidgets.Button)]
    answer = box.children[box.children.index(button) + 1]
    button.click()
    assert answer.value == "<p>again</p>" + words(2, 0.1, math.sin)
    box.sliders["depth"].index = 0
    assert answer.value == ""  # it was about another setting
    button.click()
    assert "ValueError: no &lt;luck&gt;" in answer.value


def test_an_explorer_without_a_kernel_says_what_to_do():
    box = explorer(AXES, words, retrain=words)
    hidden = [child for child in box.children if "with-kernel" in child._dom_classes]
    assert len(hidden) == 2 and "make lab" in box.children[-1].value


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": {"depth": 3}}, "start: depth = 3 is not on the axes"),
        ({"start": {"width": 1}}, "start: width = 1 is not on the axes"),
        ({"presets": {"Odd": {"learning_rate": 0.5}}}, "Odd: learning_rate = 0.5 is not on the axes"),
        ({"play": "epoch"}, r"play must be one of the axes \['depth', 'learning_rate', 'kind'\], got 'epoch'"),
    ],
)
def test_settings_that_are_not_on_the_axes_are_refused_before_anything_is_drawn(settings, message):
    with pytest.raises(ValueError, match=message):
        explorer(AXES, lambda **setting: pytest.fail("drawn"), **settings)


def test_a_front_end_without_widgets_prints_what_stands_here():
    assert repr(explorer(AXES, words)) == "Explorer of 3 depth × 2 learning rate × 2 kind"


@pytest.mark.parametrize("caption", [None, 3, b"bytes", ["a"]], ids=str)
def test_a_caption_that_is_no_string_is_named_in_its_place(caption):
    shown = live(lambda k: (plt.figure(), caption), k=ipywidgets.IntSlider(1))
    assert isinstance(shown.error, TypeError) and "the caption must be a string, got" in shown.caption.value
    assert not plt.get_fignums()
