import sys

import ipywidgets
import matplotlib.pyplot as plt
import pytest
from conftest import small_problem

from scratchnet import NeuralNetwork
from scratchnet.book import live, progress_bar, widgets

PNG = '<img src="data:image/png;base64,iVBORw0KGgo'


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
        return self.box.children[-2]

    @property
    def caption(self):
        return self.box.children[-1]


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
    assert frame.picture.value.startswith(PNG) and "depth 1 &amp; rate 0.1" in frame.caption.value


def test_moving_a_slider_redraws_with_the_values_of_all(frame):
    first = frame.picture.value
    frame.depth.value = 2
    frame.rate.value = 0.01
    assert frame.asked[1:] == [(2, 0.1), (2, 0.01)]
    assert "depth 2 &amp; rate 0.01" in frame.caption.value
    assert frame.picture.value.startswith(PNG) and frame.picture.value != first


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


# What is shown, to the word


def test_the_caption_is_html_that_says_what_it_is_told(frame):
    assert frame.caption.value == '<p role="status">depth 1 &amp; rate 0.1</p>'
    frame.depth.value = 2
    assert frame.captions[-1][0] == '<p role="status">Computing …</p>'
    frame.depth.value = 3
    assert frame.caption.value == (
        '<p role="status">depth = 3, rate = 0.1 failed with ValueError: depth &lt;3&gt; is too deep (The picture is '
        "the last one that worked.)</p>"
    )


def test_the_error_is_kept_until_a_setting_can_be_drawn(frame):
    assert frame.box.error is None
    frame.depth.value = 3
    assert isinstance(frame.box.error, ValueError)
    frame.depth.value = 2
    assert frame.box.error is None


@pytest.mark.parametrize("caption", [None, 3, b"text"])
def test_a_caption_that_is_no_text_is_named(caption):
    box = live(lambda: line(1, caption))
    assert isinstance(box.error, TypeError) and str(box.error) == f"the caption must be a string, got {caption!r}"


def test_a_figure_that_was_open_before_stays_open():
    mine, other = plt.figure(), plt.figure()

    def frame():
        line(1)
        plt.figure(mine.number)
        raise ValueError("while another one is the current one")

    for draw in (lambda: line(1), frame):
        live(draw)
        assert plt.get_fignums() == [mine.number, other.number]
    plt.close("all")


def test_labels_are_not_cut_and_a_picture_is_as_wide_as_there_is_room(frame):
    assert {slider.style.description_width for slider in (frame.depth, frame.rate)} == {"initial"}
    assert 'style="max-width: 100%"' in frame.picture.value


def test_a_picture_says_what_it_shows_to_those_who_do_not_see_it(frame):
    assert 'alt="depth 1 &amp; rate 0.1"' in frame.picture.value


def test_a_front_end_without_widgets_is_told_which_sliders_there_are(frame):
    assert repr(frame.box) == "Sliders for depth, rate (they need a running kernel)"


@pytest.mark.parametrize("n_epochs", [0, 2.5])
def test_a_bar_counts_whole_epochs(n_epochs):
    with pytest.raises((TypeError, ValueError), match="^n_epochs must be"):
        progress_bar(n_epochs)


def test_a_bar_says_what_it_counts_on_the_output_and_closes_at_its_end(monkeypatch):
    made = []

    class Bar:
        def __init__(self, **options):
            self.options, self.n, self.total, self.said = options, 0, options["total"], []
            made.append(self)

        def set_postfix(self, **what):
            self.said.append(what)

        def update(self):
            self.n += 1

        def close(self):
            self.said.append("closed")

    monkeypatch.setattr(widgets, "tqdm", Bar)
    X, y = small_problem()
    net = NeuralNetwork([3, 4, 1], seed=0)
    net.train(X, y, n_epochs=2, verbose=False, on_epoch=progress_bar(2))
    (bar,) = made
    assert bar.options == {"total": 2, "unit": "epoch", "file": sys.stdout}
    shown = [{"loss": f"{loss:.4f}", "refresh": False} for loss in net.loss_history]  # `update` draws
    assert bar.said == [*shown, "closed"]
