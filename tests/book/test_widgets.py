import ipywidgets
import matplotlib.pyplot as plt
import pytest
from conftest import small_problem

from scratchnet import NeuralNetwork
from scratchnet.book import live, progress_bar

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
