"""The notebooks' sliders, moved to every position that they have, with the notebooks' own code.

A notebook's cells with the tag `slider` are what its sliders need. A callback that fails is otherwise seen by nobody:
the widget shows a sentence, and both the book and nbval go on.
"""

import itertools
from pathlib import Path

import nbformat
import pytest

from scratchnet.widgets import Live

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
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
