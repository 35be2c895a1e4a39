"""The sliders that train, moved to every position that they have.

A callback that fails is otherwise seen by nobody: the widget shows a sentence, and both the book and nbval go on.
"""

import itertools

import pytest
from pages import NOTEBOOKS, cells_of, shown_on

from scratchnet import book
from scratchnet.book.widgets import Live

SLIDERS = [(page, name) for page in NOTEBOOKS for name in shown_on(page, "sliders")]


@pytest.mark.parametrize(("page", "name"), SLIDERS)
def test_sliders_answer_at_every_position_and_start_where_the_figure_beside_them_stands(page, name):
    live = getattr(book.sliders, name)()
    assert isinstance(live, Live)
    sliders = [child for child in live.children if hasattr(child, "options")]
    default = [slider.value for slider in sliders]
    default_caption = live.caption.value
    sentence = default_caption.removeprefix('<p role="status">').removesuffix("</p>")
    alts = [cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "") for cell in cells_of(page, "code")]
    assert any(sentence in alt for alt in alts)

    captions = {}
    for values in itertools.product(*(slider.options for slider in sliders)):
        for slider, value in zip(sliders, values, strict=True):
            slider.value = value
        assert live.error is None, f"{values}: {live.error!r}"
        assert live.picture.value.startswith('<img src="data:image/png;base64,iVBORw0KGgo')
        captions[values] = live.caption.value
        for value in values:
            assert f"{value:g}" in live.caption.value
    assert len(set(captions.values())) == len(captions)  # every position has an answer of its own

    for slider, value in zip(sliders, default, strict=True):
        slider.value = value
    assert live.caption.value == default_caption  # the same setting gives the same numbers again
