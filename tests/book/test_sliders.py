"""The notebooks' sliders, moved to every position that they have, with the notebooks' own code.

A notebook's cells with the tag `slider` are what its sliders need. A callback that fails is otherwise seen by nobody:
the widget shows a sentence, and both the book and nbval go on. The same goes for the explorers' buttons.
"""

import itertools
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from test_browser import EXPLORER_PAGES, fresh_explorers

from scratchnet.book import explorers
from scratchnet.book.widgets import Live

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
SLIDERS = {
    "05_architecture_experiments": ("depth_explorer", ["depth", "lr"]),
}


def cells_of(name):
    notebook = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if "slider" in cell.metadata.get("tags", [])]


def test_every_notebook_with_sliders_is_tested_here():
    sources = {path.stem: path.read_text(encoding="utf-8") for path in CHAPTERS.glob("*.ipynb")}
    assert {name for name, source in sources.items() if " live(" in source} == set(SLIDERS)


@pytest.mark.parametrize("name", SLIDERS)
def test_sliders_answer_at_every_position(name):
    explorer_name, arguments = SLIDERS[name]
    namespace = {}
    for source in cells_of(name):
        exec(compile(source, f"{name}.ipynb", "exec"), namespace)  # noqa: S102
    explorer = namespace[explorer_name]
    assert isinstance(explorer, Live)
    sliders = explorer.children[: len(arguments)]
    default = [slider.value for slider in sliders]
    default_caption = explorer.caption.value

    captions = {}
    for values in itertools.product(*(slider.options for slider in sliders)):
        for slider, value in zip(sliders, values, strict=True):
            slider.value = value
        assert explorer.error is None, f"{values}: {explorer.error!r}"
        assert bytes(explorer.picture.value).startswith(b"\x89PNG")
        captions[values] = explorer.caption.value
        for value in values:
            assert f"{value:g}" in explorer.caption.value
    assert len(set(captions.values())) == len(captions)  # every position has an answer of its own

    for slider, value in zip(sliders, default, strict=True):
        slider.value = value
    assert explorer.caption.value == default_caption  # the same setting gives the same numbers again


@pytest.mark.parametrize("name", SLIDERS)
def test_the_static_figure_shows_the_sliders_default(name):
    explorer_name, _ = SLIDERS[name]
    namespace = {}
    for source in cells_of(name):
        exec(compile(source, f"{name}.ipynb", "exec"), namespace)  # noqa: S102
    sentence = namespace[explorer_name].caption.value.removeprefix('<p role="status">').removesuffix("</p>")
    notebook = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)
    alts = [cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "") for cell in notebook.cells]
    assert any(sentence in alt for alt in alts)


def test_the_button_below_the_one_unit_trains_it_and_leaves_a_dead_one_as_it_is():
    """`retrain` of the explorer of notebook 02, against gradient descent written out for a single unit."""
    retrain = explorers.one_unit().retrain

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
    assert len(set(re.findall(r'<path d="([^"]+)" class="line', answer))) == 3  # before, after and the target

    dead = retrain("ReLU", 0.0, -1.0)
    assert f"from {target.mean():.3f} to {target.mean():.3f}, w from 0 to 0.00, b from -1 to -1.00" in dead


# --- the button that trains anew ---

RETRAINED = [page for page in EXPLORER_PAGES if "retrain=" in (CHAPTERS.parent / f"{page}.ipynb").read_text("utf-8")]


@pytest.mark.parametrize("page", RETRAINED)
def test_the_button_trains_at_the_ends_of_the_sliders_and_at_every_preset(page):
    for explorer in fresh_explorers(page):
        if not hasattr(explorer, "retrain"):
            continue
        ends = itertools.product(*((values[0], values[-1]) for values in explorer.axes.values()))
        first = {name: values[0] for name, values in explorer.axes.items()} | explorer.start
        settings = [dict(zip(explorer.axes, values, strict=True)) for values in ends]
        for setting in settings + [first | preset for preset in explorer.presets.values()]:
            answer = explorer.retrain(**setting)
            assert '<figure class="frame">' in answer
            (said,) = re.findall("<figcaption>(.*)</figcaption>", answer)
            assert len(said) > 40, setting
            assert "nan" not in said, setting


def test_the_epochs_that_are_trained_anew_are_said_and_drawn_like_the_others():
    (explorer,) = fresh_explorers("chapters/04_visualization")
    for epoch, said in {
        0: "After epoch 0, trained now from the first weights of seed ",
        1000: "After epoch 1000, trained now from the first weights of seed ",
        2999: "After epoch 2999, of which the last 999 were trained now, from the checkpoint of epoch 2000 ",
    }.items():
        answer = explorer.retrain(epoch)
        assert f"<figcaption>{said}" in answer
        assert answer.count("<svg") == explorer.frame(epoch).count("<svg") == 4
    assert len({explorer.retrain(0) for _ in range(4)}) > 1  # each from a seed of its own


def test_what_becomes_of_the_first_weights_is_said_in_words():
    _, explorer = fresh_explorers("chapters/05_architecture_experiments")
    assert "the training diverged in epoch 1." in explorer.retrain("large", 16)
    assert "he, 1 hidden layer, " in explorer.retrain("he", 1)
    assert "training accuracy 0.500, held-out accuracy 0.500." in explorer.retrain("zeros", 16)
    assert "1 hidden layer, before training" in explorer.frame(weights="he", hidden_layers=1)
