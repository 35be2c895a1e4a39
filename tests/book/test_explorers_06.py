"""What the explorers of notebooks 06 and 07 say: their captions, their curves, their presets."""

import importlib
import re

import numpy as np
import pytest

from scratchnet import NeuralNetwork, he
from scratchnet.book import experiments


def caption(frame):
    (text,) = re.findall("<figcaption>(.*)</figcaption>", frame)
    return text


@pytest.fixture(scope="module")
def optimizers():
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("scratchnet.book.explorers.optimizer_and_rate")
        patch.setattr(module, "RULES", {name: module.RULES[name] for name in ("SGD", "Adam", "RMSProp")})
        yield module.optimizer_and_rate()


def test_epoch_0_is_before_training_and_the_captions_loss_is_where_the_curve_ends(optimizers):
    frame = optimizers.frame
    data = experiments.spirals()
    loss = NeuralNetwork([2, 64, 32, 16, 1], seed=0, init=he).loss(data.X, data.y)
    for name in ("SGD", "Adam"):
        assert f"epoch 0: loss {loss:.3f}," in caption(frame(optimizer=name, rate_factor=1.0, epoch=0))
    module = importlib.import_module("scratchnet.book.explorers.optimizer_and_rate")
    (run,) = module._runs(data, [("Adam", 1.0)], seed=0)
    assert len(run.losses) == 51 and sorted(run.kept) == module.MOMENTS
    text = frame(optimizer="Adam", rate_factor=1.0, epoch=50)
    assert f"epoch 50: loss {run.losses[50]:.3f}," in caption(text)
    (path,) = re.findall(r'<path d="M[^"l]+l([^"]+)" transform="scale\(.5\)" class="line k0"', text)
    assert 40 < len(path.split()) / 2 <= 50  # a step that moves by less than half a pixel is left out


def test_the_presets_of_the_optimizers_show_what_they_say(optimizers):
    frame = optimizers.frame

    def accuracy(sentence):
        shown = caption(frame(**optimizers.presets[sentence]))
        return float(re.findall(r"training accuracy ([\d.]+)", shown)[0])

    assert accuracy("SGD after 50 epochs: still far away") < 0.85
    assert accuracy("Adam at the middle rate") > 0.95
    assert accuracy("Ten times too fast for Adam") < 0.65
    assert accuracy("A tenth of the rate: slow, not wrong") < 0.8
    rising = [caption(frame("RMSProp", 0.1, epoch)) for epoch in (0, 20, 50)]
    losses = [float(re.findall(r"loss ([\d.]+)", text)[0]) for text in rising]
    assert losses == sorted(losses, reverse=True)


def test_a_run_that_diverged_says_when():
    module = importlib.import_module("scratchnet.book.explorers.optimizer_and_rate")
    text = module._moment(None, None, "SGD", 10.0, module.Run([0.7, 3.0, 9.0], {}), 5)
    assert caption(text) == "SGD at learning rate 5, epoch 5: the run has diverged, 2 whole epochs after its start."


def test_the_clinics_captions_say_what_the_page_says(monkeypatch):
    module = importlib.import_module("scratchnet.book.explorers.clinic")
    monkeypatch.setattr(module, "STEPS", [1e-13, 1e-5, 0.1])
    made = module.clinic()
    frame = made.frame
    right = "Relative errors: X below 1e-7, W1 below 1e-7, b1 below 1e-7, W2 below 1e-7, b2 below 1e-7, "
    assert caption(frame("healthy", 1e-5)) == f"healthy, step 1e-05. {right}W3 below 1e-7, b3 below 1e-7."
    assert "X below 1e-7, W1 0.82, b1 0.82" in caption(frame("A: divides twice", 1e-5))
    for sentence, setting in made.presets.items():
        errors = caption(frame(**setting)).split("errors: ")[1]
        assert ("below 1e-7" in errors) == (setting["step_size"] == 1e-5), sentence
    only_biases = caption(frame(**made.presets["Only the biases are wrong"]))
    assert re.findall(r"(\w+) 0\.82", only_biases) == ["b1", "b2", "b3"]
    assert np.isclose(module.errors_at("G: scale missing", 1e-5)[3], abs(1 - 0.8) / 1.8)  # W2 is past one layer
    again = made.retrain("healthy", 1e-5)
    assert re.match(r"healthy, step 1e-05, weights from seed \d+\. Relative errors: X below 1e-7, ", caption(again))
    assert again.count("<svg") == 2
