"""The Python half of an explorer: what it hands to its front end, and how it answers."""

import itertools

import pytest
import traitlets

from scratchnet.book import Explorer

AXES = {"depth": [1, 2, 4], "learning_rate": [0.1, 1.0], "kind": ["sin", "cos"]}


def words(depth, learning_rate, kind):
    return f"<p>{depth} {learning_rate} {kind}</p>"


def explorer(**options):
    return Explorer("tiny", AXES, words, **options)


def frame_at(made):
    """The frame that the front end shows: the last axis changes first."""
    place = 0
    for control, position in zip(made.controls, made.position, strict=True):
        place = place * len(control["values"]) + position
    return made.frames[place]


def test_every_setting_is_drawn_beforehand_once_and_found_again():
    asked = []
    made = Explorer("tiny", AXES, lambda **setting: asked.append(tuple(setting.values())) or words(**setting))
    assert asked == list(itertools.product(*AXES.values()))
    for position in itertools.product(range(3), range(2), range(2)):
        made.position = list(position)
        assert frame_at(made) == words(**made.setting)
    assert len(asked) == 12  # moving draws nothing


def test_it_starts_at_the_first_values_or_where_it_is_told():
    assert frame_at(explorer()) == words(1, 0.1, "sin")
    made = explorer(start={"depth": 4, "kind": "cos"})
    assert frame_at(made) == words(4, 0.1, "cos")
    assert made.setting == made.start == {"depth": 4, "learning_rate": 0.1, "kind": "cos"}


def test_the_front_end_is_told_names_and_values_that_a_reader_understands():
    assert explorer(play="depth").controls == [
        {"name": "depth", "label": "depth", "values": ["1", "2", "4"], "ordered": True},
        {"name": "learning_rate", "label": "learning rate", "values": ["0.1", "1"], "ordered": True},
        {"name": "kind", "label": "kind", "values": ["sin", "cos"], "ordered": False},
    ]


def test_presets_name_what_they_move_and_leave_the_rest():
    made = explorer(presets={"Deep": {"depth": 4}, "Fast": {"learning_rate": 1.0, "depth": 2}})
    assert made.settings == [
        {"text": "Deep", "position": [2, None, None]},
        {"text": "Fast", "position": [1, 1, None]},
    ]


def test_running_again_answers_for_the_setting_that_was_asked_or_says_why_it_failed():
    answers = iter(["<p>again</p>", ValueError("no <luck>"), "<p>again</p>"])

    def retrain(**setting):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer + words(**setting)

    made, news = explorer(retrain=retrain), []
    made.observe(lambda change: news.append(change.new), names="answer")
    made._handle_custom_msg({"run": [1, 0, 1]}, [])
    assert made.answer == "<p>again</p>" + words(2, 0.1, "cos")
    made.position = [0, 0, 0]
    assert made.answer == ""  # it was about another setting
    made._handle_custom_msg({"run": [0, 0, 0]}, [])
    assert made.answer == "<p>ValueError: no &lt;luck&gt;</p>"
    made._handle_custom_msg({"run": [0, 0, 0]}, [])
    assert news[-2:] == ["", "<p>again</p>" + words(1, 0.1, "sin")]


def test_what_is_no_request_is_ignored():
    made = explorer(retrain=lambda **_: pytest.fail("run"))
    for message in ({}, {"walk": 1}, "run", None):
        made._handle_custom_msg(message, [])
    explorer()._handle_custom_msg({"run": [0, 0, 0]}, [])  # there is nothing to run
    assert made.can_run and not explorer().can_run


@pytest.mark.parametrize("position", [[0, 0], [0, 0, 2], [-1, 0, 0], [0, 0, 0, 0]])
def test_a_position_that_is_not_on_the_axes_is_refused(position):
    made = explorer()
    with pytest.raises(traitlets.TraitError, match="is not on the axes"):
        made.position = position
    assert made.position == [0, 0, 0]


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
        Explorer("tiny", AXES, lambda **setting: pytest.fail("drawn"), **settings)


def test_a_front_end_without_widgets_prints_what_stands_here():
    assert repr(explorer()) == "Explorer of 3 depth × 2 learning rate × 2 kind"


def test_the_style_is_css_and_nothing_else():
    assert "<" not in Explorer._css and Explorer._css.count("{") == Explorer._css.count("}")
