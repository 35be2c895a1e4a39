"""The playground: its settings, its addresses, the lines that it shows, and that what it trains is what they train."""

import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import PATHS, cells_of

from scratchnet import (
    AdamW,
    BatchNorm,
    Layer,
    Momentum,
    NeuralNetwork,
    RMSProp,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
    TrainingDiverged,
    follow,
    he,
    make_blobs,
    make_moons,
    make_spirals,
    one_hot,
    relative_error,
    standardize,
    step_decay,
    train_test_split,
    xavier,
)
from scratchnet.book.exercises import pieces
from scratchnet.book.playground import Playground, as_layer, as_linear, as_optimizer
from scratchnet.book.playground.fields import Points
from scratchnet.book.playground.presets import PRESETS
from scratchnet.book.playground.run import DRAWN, PLANE, UNIT, Run
from scratchnet.book.playground.setting import FEATURES, OPTIMIZERS, Setting, fields

MINE = {"activation": [pieces.MyReLU], "linear": [pieces.MyLinear], "optimizer": [pieces.MyAdam, pieces.MyMomentum]}
OBJECTS = {kind.__name__: kind for kinds in MINE.values() for kind in kinds}
FIELDS = fields(MINE)
SMALL = "points=20&hidden=5-4"
VARIED = [
    "",
    "data=moons&hidden=&features=x1+x1x1+sinx2&optimizer=SGD&rate=0.3",
    "data=circles&activation=Tanh&init=xavier&optimizer=Momentum&batch=7",
    "data=xor&activation=Sigmoid&optimizer=Nesterov&schedule=halving",
    "data=blobs&classes=4&optimizer=RMSProp&schedule=cosine&share=0.3",
    "data=blobs&classes=3&optimizer=AdamW&decay=0.1&batchnorm=on&dropout=0.2",
    "linear=MyLinear&activation=MyReLU&optimizer=MyAdam&batchnorm=on&dropout=0.1&schedule=warmup",
    "linear=MyLinear&optimizer=MyMomentum&data=blobs&classes=3",
    "data=own&own=0+0+0;1+1+1;0.5+-2+2;3+2+1;1+0+0",
]


def opened(query):
    return Setting.from_address(FIELDS, query)


def run_of(query, mine=OBJECTS):
    return Run(opened(query), mine)


# --- what it trains is what its lines train ---


@pytest.mark.parametrize("query", VARIED)
def test_the_lines_that_it_shows_train_the_same_network_to_the_last_bit(query):
    run = run_of(query if "hidden" in query or "own=" in query else f"{SMALL}&{query}")
    for _ in range(2):
        run.take_step()
    for _ in range(3):
        run.take_epoch()
    run.advance(0.01)
    run.take_step()  # an epoch that is begun, which the lines take whole
    run.go_on(run.setting.changed({"rate": "0.004", "schedule": "warmup"}))
    for _ in range(3):
        run.take_epoch()
    run.go_on(run.setting.changed({"epochs": "1000"}))  # a rule alone is no other training
    space = dict(OBJECTS)
    exec(run.program(), space)
    assert np.array_equal(space["net"].theta, run.net.theta)
    assert space["net"].history == run.net.history
    assert space["net"].rng.bit_generator.state == run.net.rng.bit_generator.state


def by_hand(X, y, feature, n_classes, share, seed):
    """Data as the page describes it, made without the playground."""
    X, X_test, y, y_test = train_test_split(X, y, round(1 - share, 10), seed)
    X, X_test = feature(standardize(X)), feature(standardize(X_test, like=X))
    return X, y.reshape(-1, 1) if n_classes == 2 else one_hot(y, n_classes), X_test, y_test


def squares_and_product(X):
    return np.column_stack([X[:, 0], X[:, 1] ** 2, X[:, 0] * X[:, 1]])


CASES = {
    "data=moons&noise=0.2&points=30&share=0.7&draw=3&hidden=5-4&activation=Tanh&init=xavier&optimizer=Momentum&rate=0.2"
    "&batch=8&seed=9": lambda: (
        by_hand(*make_moons(30, 0.2, 3), lambda X: X, 2, 0.7, 3),
        NeuralNetwork([2, 5, 4, 1], 9, activation=Tanh, init=xavier),
        Momentum(0.2),
        8,
        None,
    ),
    "data=blobs&noise=0.1&classes=3&points=20&features=x1+x2x2+x1x2&hidden=6&batchnorm=on&dropout=0.25"
    "&optimizer=AdamW&decay=0.1&rate=0.03&seed=2": lambda: (
        by_hand(*make_blobs(20, 3, 1.0, 7), squares_and_product, 3, 0.8, 7),
        NeuralNetwork([3, 6, 3], 2, init=he, output=SoftmaxCrossEntropy, batch_norm=True, dropout=0.25),
        AdamW(0.03, weight_decay=0.1),
        32,
        None,
    ),
    "noise=0.1&points=20&hidden=7-3&activation=Sigmoid&optimizer=RMSProp&rate=0.02&schedule=halving": lambda: (
        by_hand(*make_spirals(20, 0.3, 7), lambda X: X, 2, 0.8, 7),
        NeuralNetwork([2, 7, 3, 1], 0, activation=Sigmoid, init=he),
        RMSProp(0.02),
        32,
        step_decay(0.02, 100, 0.5),
    ),
}


@pytest.mark.parametrize("query", CASES)
def test_a_setting_trains_the_network_that_it_names(query):
    (X, y, X_test, y_test), net, optimizer, batch_size, schedule = CASES[query]()
    on_epoch = follow(optimizer, schedule) if schedule else None
    net.train(X, y, n_epochs=102, batch_size=batch_size, optimizer=optimizer, on_epoch=on_epoch, verbose=False)
    run = run_of(query)
    for _ in range(102):
        run.take_epoch()
    assert np.array_equal(run.net.theta, net.theta)
    assert np.array_equal(run.held_X, X_test)
    assert np.array_equal(run._labels(run.held_y), y_test)
    assert run.optimizer.lr == optimizer.lr
    assert [type(layer) for layer in run.net.layers] == [type(layer) for layer in net.layers]


def test_a_program_that_was_not_trained_yet_runs_too():
    space = dict(OBJECTS)
    exec(run_of(SMALL).program(), space)
    assert space["net"].history == []


def test_steps_and_epochs_mix_and_an_epoch_of_steps_is_an_epoch():
    stepped, whole = (
        run_of(f"{SMALL}&batch=10&dropout=0.3&batchnorm=on"),
        run_of(f"{SMALL}&batch=10&dropout=0.3&batchnorm=on"),
    )
    whole.take_epoch()
    whole.take_epoch()
    for _ in range(4):  # 32 training points are 4 batches
        assert stepped.epoch == 0
        stepped.take_step()
    assert (stepped.epoch, stepped.batch) == (1, 0)
    stepped.take_step()
    assert (stepped.epoch, stepped.batch) == (1, 1)
    stepped.take_epoch()
    assert stepped.epoch == 2
    assert np.array_equal(stepped.net.theta, whole.net.theta)
    assert stepped.net.history == whole.net.history
    assert stepped.steps == whole.steps == 8


def test_an_epoch_that_takes_too_long_is_cut_into_batches():
    run = run_of("hidden=64-64-64-64-64-64-64-64&points=500&batch=1")
    run.epoch_seconds = 10.0
    run.advance(0.02)
    assert run.epoch == 0
    assert 0 < run.batch < 800


# --- settings and addresses ---


@given(st.data())
def test_a_setting_goes_through_its_address_and_back(data):
    choose = {
        "data": st.sampled_from(["spirals", "moons", "circles", "xor", "blobs"]),
        "noise": st.floats(0, 1).map(repr),
        "points": st.integers(5, 500).map(str),
        "features": st.sets(st.sampled_from(sorted(FEATURES)), min_size=1).map(" ".join),
        "hidden": st.lists(st.integers(1, 64).map(str), max_size=8).map("-".join),
        "batchnorm": st.sampled_from(["on", "off"]),
        "optimizer": st.sampled_from(OPTIMIZERS),
        "rate": st.floats(1e-6, 1000).map(repr),
        "loss": st.just("") | st.floats(0, 100).map(repr),
    }
    setting = Setting(FIELDS, {name: data.draw(strategy, label=name) for name, strategy in choose.items()})
    again = opened(setting.to_address())
    assert again.values == setting.values
    assert again.to_address() == setting.to_address()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("colour=red", "no control 'colour'"),
        ("data=photos", "Data must be one of spirals, moons, circles, xor, blobs, own"),
        ("rate=0", "Learning rate must be a number from 1e-06 to 1000, not '0'"),
        ("rate=nan", "Learning rate must be"),
        ("rate=fast", "Learning rate must be"),
        ("seed=1.5", "Seed must be a whole number"),
        ("points=9999999", "Points per class must be a whole number from 5 to 500"),
        ("hidden=8-", "Hidden layers must be up to 8 sizes from 1 to 64"),
        ("hidden=65", "Hidden layers must be"),
        ("hidden=1-1-1-1-1-1-1-1-1", "Hidden layers must be"),
        ("hidden=" + "9" * 5000, "Hidden layers must be"),
        ("features=", "Features must be one or more of x1, x2"),
        ("features=x1+x9", "Features must be"),
        ("batchnorm=yes", "Batch norm must be one of off, on"),
        ("classes=3", "Classes can only be 3 with Data blobs, not spirals"),
        ("decay=0.1", "Weight decay can only be 0.1 with Optimizer AdamW, not Adam"),
        ("data=own", "Own points must be two or more"),
        ("data=own&own=1+2+0", "Own points must be two or more"),
        ("data=own&own=1+2+0;1+x+1", "Line 2 of the points must be"),
        ("data=own&own=1+2+0;1+1e9+1", "Line 2 of the points must be two numbers up to 1e"),
        ("data=own&own=1+2+0;1+1+4", "Line 2 of the points must be"),
        ("data=own&own=" + "1+2+0;" * 1001, "up to 1000 points"),
    ],
)
def test_what_makes_no_setting_is_refused_with_a_sentence(query, says):
    with pytest.raises(ValueError, match=says) as raised:
        opened(query)
    assert len(str(raised.value)) < 200


def test_points_are_read_as_people_write_them():
    field = FIELDS["own"]
    expected = [(0.5, -1.0, 0), (2.0, 3.0, 1)]
    for text in ("0.5 -1 0;2 3 1", "0.5, -1, 0\n\n2,3,1\n", "x,y,class\r\n0.5,-1,0\r\n2,3,1", "0.5\t-1\t0\n2\t3\t1"):
        assert field.read(text) == expected
    assert field.read(Points.write(expected)) == expected


# --- what it looks like ---


@pytest.mark.parametrize("query", VARIED)
def test_a_frame_holds_what_the_network_gives(query):
    run = run_of(query)
    run.take_epoch()
    header, arrays = run.frame({"layer": 0, "unit": 0, "sample": 1})
    net, setting = run.net, run.setting
    assert header["train"] == (net.loss(run.X, run.y), net.accuracy(run.X, run.y))
    assert header["held"] == (net.loss(run.held_X, run.held_y), net.accuracy(run.held_X, run.held_y))
    P = net.predict_proba(run.features(run._grid(PLANE)))
    if setting.n_classes == 2:
        assert np.abs(arrays["plane"] / 255 - P[:, 0]).max() <= 0.5 / 255 + 1e-12
    else:
        assert np.array_equal(arrays["plane"][0], P.argmax(axis=1))
        assert np.abs(arrays["plane"][1] / 255 - P.max(axis=1)).max() <= 0.5 / 255 + 1e-12
    shown = sum(min(size, DRAWN) for size in setting["hidden"])
    assert arrays["units"].shape == ((shown, UNIT**2) if shown else (0, 0))
    truth, guessed = run._labels(run.held_y), np.asarray(net.predict(run.held_X)).reshape(-1)
    for (i, j), count in np.ndenumerate(arrays["confusion"]):
        assert count == np.sum((truth == i) & (guessed == j))
    sizes = run.scene().header["sizes"]
    drawn = [min(size, DRAWN) for size in sizes]
    assert arrays["weights"].size == sum(a * b for a, b in itertools.pairwise(drawn))
    assert sizes == net.layer_dims


def test_the_bytes_hold_the_arrays_where_the_header_says():
    header, data = run_of(SMALL).scene().packed()
    kinds = {"u1": np.uint8, "f4": np.float32, "i4": np.int32}
    arrays = run_of(SMALL).scene().arrays
    for name, kind, shape, start in header["layout"]:
        count = int(np.prod(shape))
        assert start % 4 == 0
        found = np.frombuffer(data, kinds[kind], count, start).reshape(shape)
        assert np.array_equal(found, arrays[name])


def test_looking_changes_nothing():
    run, other = run_of(f"{SMALL}&dropout=0.3&batchnorm=on"), run_of(f"{SMALL}&dropout=0.3&batchnorm=on")
    for _ in range(4):
        run.frame({"layer": 1, "unit": 2, "sample": 3})
        run.scene()
        run.take_epoch()
        other.take_epoch()
    assert np.array_equal(run.net.theta, other.net.theta)
    assert run.net.history == other.net.history


@pytest.mark.parametrize("query", [SMALL, f"{SMALL}&data=blobs&classes=3&activation=Tanh", f"{SMALL}&batchnorm=on"])
def test_the_numbers_of_a_unit_are_the_gradient_and_the_products(query):
    """dz by central differences: the sample's own loss, or with batch norm, which ties the samples, that of all."""
    run = run_of(query)
    for _ in range(5):
        run.take_epoch()
    layer, unit, sample = 1, 2, 3
    found = run.look(layer, unit, sample)
    linear = run._linear()[layer]
    assert found["weights"] == linear.W[:, unit].tolist()
    z = float(np.dot(found["inputs"], found["weights"]) + found["b"])
    assert found["steps"][0]["value"] == pytest.approx(z, abs=1e-12)
    assert sum(found["products"]) + found["b"] == pytest.approx(z, abs=1e-12)
    assert found["dw"] == pytest.approx(_dw(run, layer)[:, unit].tolist(), abs=1e-12)
    eps, losses = 1e-6, []
    place = run.net.layers.index(linear)
    for sign in (1, -1):
        Z = run.X
        for i, one in enumerate(run.net.layers):
            Z = one.forward(Z, True)
            if i == place:
                Z = Z.copy()
                Z[sample, unit] += sign * eps
        losses.append(len(run.X) * float(run.net.output.loss(Z, run.y)))
    measured = (losses[0] - losses[1]) / (2 * eps)
    assert relative_error(np.array([found["steps"][0]["gradient"]]), np.array([measured])) < 1e-5


def _dw(run, layer):
    P = run.net.forward(run.X)
    run.net.backward(P, run.y)
    return run._linear()[layer].dW.copy()


# --- what goes wrong, in words ---


def trained(query, n_epochs=300):
    run = run_of(query)
    for _ in range(n_epochs):
        run.take_epoch()
        if run.state != "ready":
            break
    return run, run.frame().header


EXPECTED = {
    "It works": lambda run, seen: (
        seen["state"] == "stopped" and seen["held"][1] > 0.95 and "accuracy is" in seen["said"]
    ),
    "Too small a step": lambda run, seen: (
        seen["train"][0] > 0.9 * run.net.loss_history[0] and "hardly moved" in seen["said"]
    ),
    "It diverges": lambda run, seen: seen["state"] == "diverged" and "learning rate below 3" in seen["said"],
    "Dead units": lambda run, seen: max(seen["dead"]) > 0.5 and "are dead" in seen["said"],
    "The gradient vanishes": lambda run, seen: (
        seen["norms"][0] < 0.01 * seen["norms"][-1] and "vanishes" in seen["said"]
    ),
    "Batch norm rescues it": lambda run, seen: seen["train"][1] > 0.95 and seen["norms"][0] > 0.1 * seen["norms"][-1],
    "It overfits": lambda run, seen: seen["train"][1] == 1 and seen["held"][1] < 0.8 and "overfits" in seen["said"],
    "One layer of 4 cannot": lambda run, seen: seen["train"][1] < 0.9 and "too small" in seen["said"],
}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_shows_what_its_sentence_says(preset):
    run, seen = trained(preset.address)
    assert EXPECTED[preset.name](run, seen), seen
    if preset.place:
        page, _, anchor = preset.place.partition("#")
        assert f'<a id=\\"{anchor}\\">' in PATHS[f"chapters/{page}"].read_text("utf-8")


def test_a_run_that_diverged_is_as_after_its_last_whole_epoch_and_takes_no_more_steps():
    stepped, whole = (run_of("hidden=64-64-64-64-64-64&init=large&optimizer=SGD&rate=3") for _ in "ab")
    start = whole.net.theta.copy()
    whole.take_epoch()
    while stepped.state == "ready":
        stepped.take_step()
    for run in (whole, stepped):
        assert run.state == "diverged"
        assert np.array_equal(run.net.theta, start)
        run.take_epoch()
        run.take_step()
        run.advance(0.01)
        assert run.epoch == 0
    assert stepped.said == whole.said


@pytest.mark.parametrize("query", ["activation=Sigmoid&init=zeros", "data=blobs&activation=Sigmoid&init=zeros"])
def test_what_json_cannot_hold_is_nothing_and_equal_weights_are_named(query):
    """A change of weights that were 0 is infinitely large."""
    run, seen = trained(f"points=20&{query}", 60)
    header, _ = run.frame().packed()
    json.dumps(header, allow_nan=False)
    assert "Choose other first weights" in seen["said"]
    run = run_of(query)
    run.take_epoch()
    assert None in run.frame().packed()[0]["ratios"]


def test_a_line_that_has_converged_is_not_told_to_take_larger_steps():
    _, seen = trained("hidden=&init=zeros&batch=2000&optimizer=SGD&rate=1")
    assert seen["said"] == (
        "The loss has hardly moved for 50 epochs. Without a hidden layer the boundary is a straight line in the "
        "features. Add a layer, or a feature."
    )


def test_a_program_says_that_the_picture_is_further():
    run = run_of(f"{SMALL}&batch=10")
    run.take_epoch()
    assert "#" not in run.program()
    run.take_step()
    run.take_step()
    assert run.program().endswith("# The playground is 2 batches further, in an epoch that is not over.\n")


def test_a_change_takes_what_depends_on_it_back():
    setting = opened("data=blobs&classes=4&optimizer=AdamW&decay=0.1&noise=0.3")
    changed = setting.changed({"data": "moons", "optimizer": "SGD"})
    assert (changed["classes"], changed["decay"], changed["noise"]) == (2, 0, 0.3)
    assert setting.changed({"data": "own", "own": "0 0 0;1 1 1"})["noise"] == 0.05


def test_stop_rules_stop_and_a_changed_rule_goes_on():
    run = run_of(f"{SMALL}&epochs=3")
    run.advance(5)
    assert (run.state, run.epoch, run.said) == ("stopped", 3, "Stopped: 3 epochs are over. To go on, change the rule.")
    steps, theta = run.steps, run.net.theta.copy()
    run.take_epoch()
    run.take_step()
    assert (run.epoch, run.steps) == (3, steps)
    assert np.array_equal(run.net.theta, theta)
    run.go_on(run.setting.changed({"epochs": "5"}))
    run.advance(5)
    assert (run.state, run.epoch) == ("stopped", 5)
    run.go_on(run.setting.changed({"epochs": "", "loss": "100"}))
    assert run.state == "stopped"  # the loss is below it already


# --- the reader's own ---


class Doubled(Layer):
    """A layer of the library's kind."""

    def forward(self, X, training=True):
        return 2 * X

    def backward(self, dY):
        return 2 * dY


def my_rings():
    rng = np.random.default_rng(3)
    radius = np.repeat([0.5, 1.0, 1.5], 20)
    turn = rng.uniform(0, 2 * np.pi, 60)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1), np.repeat([0, 1, 2], 20)


def my_weights(d_in, d_out, rng):
    return rng.standard_normal((d_in, d_out)) / np.sqrt(d_in)


def test_what_a_reader_has_written_joins_the_menus_and_trains():
    playground = Playground(
        "data=my_rings&classes=3&activation=MyReLU&linear=MyLinear&optimizer=MyAdam&hidden=8-8",
        layers=[pieces.MyReLU, pieces.MyLinear, Doubled],
        optimizers=[pieces.MyAdam],
        initializers=[my_weights],
        datasets=[my_rings],
    )
    assert list(playground.fields["activation"].options) == ["ReLU", "Tanh", "Sigmoid", "MyReLU", "Doubled"]
    assert list(playground.fields["init"].options)[-1] == "my_weights"
    run = playground.runs[0]
    for _ in range(150):
        run.take_epoch()
    assert playground.net.accuracy(run.X, run.y) > 0.95
    space = {"MyReLU": pieces.MyReLU, "MyLinear": pieces.MyLinear, "MyAdam": pieces.MyAdam, "my_rings": my_rings}
    exec(playground.program(), space)
    assert np.array_equal(space["net"].theta, playground.net.theta)


def test_the_readers_optimizer_does_what_the_librarys_does():
    mine, ours = run_of(f"{SMALL}&optimizer=MyAdam"), run_of(SMALL)
    for _ in range(5):
        mine.take_epoch()
        ours.take_epoch()
    assert mine.net.theta == pytest.approx(ours.net.theta, rel=1e-9)


def test_what_is_no_layer_and_no_optimizer_is_refused():
    assert as_layer(BatchNorm) is BatchNorm
    for wrap in (as_layer, as_linear):
        with pytest.raises(TypeError, match="a layer must be a class with forward"):
            wrap(he)
    with pytest.raises(TypeError, match="an optimizer must be a class with step"):
        as_optimizer(pieces.MyReLU)
    with pytest.raises(TypeError, match="must be functions"):
        Playground(initializers=[3])
    with pytest.raises(TypeError, match="a layer must be"):
        Playground(layers=[he])
    with pytest.raises(TypeError, match="an optimizer must be"):
        Playground(optimizers=[he])
    with pytest.raises(ValueError, match="hide: there is no 'everything'"):
        Playground(hide=["everything"])


# --- what the front end hears ---


@pytest.fixture
def playground(monkeypatch):
    playground = Playground(SMALL)
    playground.heard = []
    monkeypatch.setattr(playground, "send", lambda content, buffers=None: playground.heard.append((content, buffers)))
    return playground


def say(playground, **message):
    """Send a message and return the answer about the run that it is about."""
    count = len(playground.heard)
    playground._hear(playground, message, [])
    return next(content for content, _ in playground.heard[count:] if content["run"] == message.get("run", 0))


def test_it_answers_every_message_with_a_frame(playground):
    assert say(playground, do="show")["scene"]["classes"] == 2
    assert say(playground, do="advance", seconds=0.02)["frame"]["epoch"] >= 1
    assert "scene" not in say(playground, do="step")
    assert say(playground, do="reset")["frame"]["epoch"] == 0
    assert say(playground, do="epoch")["frame"]["epoch"] == 1
    assert "net.train(" in say(playground, do="code")["code"]
    answer = say(playground, do="set", texts={"data": "moons"})
    assert (answer["texts"]["data"], answer["frame"]["epoch"]) == ("moons", 0)
    assert answer["address"] == "data=moons&points=20&hidden=5-4"


def test_a_rate_goes_on_and_a_size_starts_again(playground):
    say(playground, do="epoch")
    assert say(playground, do="set", texts={"rate": "0.1"})["frame"]["epoch"] == 1
    assert playground.runs[0].optimizer.lr == 0.1
    assert say(playground, do="set", texts={"hidden": "3"})["frame"]["epoch"] == 0


def test_what_it_refuses_changes_nothing(playground):
    say(playground, do="epoch")
    theta, before = playground.net.theta.copy(), playground.runs[0]
    for message in (
        {"do": "set", "texts": {"rate": "-1"}},
        {"do": "set", "texts": {"nothing": "1"}},
        {"do": "set", "texts": {"rate": 3}},
        {"do": "open", "address": "data=own"},
        {"do": "point", "x": 1, "y": 2, "label": 9},
        {"do": "point", "x": "a", "y": 2, "label": 1},
        {"do": "advance", "seconds": "long"},
        {"do": "set"},
    ):
        answer = say(playground, **message)
        assert answer["error"]
        assert "frame" not in answer
    assert playground.runs[0] is before
    assert np.array_equal(playground.net.theta, theta)
    count = len(playground.heard)
    for message in ({}, {"do": "program"}, {"do": "__init__"}, {"do": None}):
        playground._hear(playground, message, [])
    playground._hear(playground, "show", [])
    assert len(playground.heard) == count


def test_a_point_in_the_picture_is_one_of_ones_own_where_it_was_put(playground):
    before = playground.runs[0]
    answer = say(playground, do="point", x=0.25, y=-0.5, label=2)
    run = playground.runs[0]
    assert answer["texts"]["data"] == "own"
    assert run.setting.n_classes == 3
    own = np.array(run.setting["own"])
    assert len(own) == 41
    assert own[:40, :2] == pytest.approx(before.space["X"], rel=1e-3)
    assert own[-1] == pytest.approx([*(np.array([0.25, -0.5]) * before.scale + before.mean), 2], rel=1e-3)


def test_two_settings_have_one_data_set_and_one_seed(playground):
    say(playground, do="epoch", run=0)
    assert say(playground, do="compare", on=True)["runs"] == 2
    assert [run.epoch for run in playground.runs] == [0, 0]  # neither has a start on the other
    say(playground, do="set", run=1, texts={"optimizer": "SGD", "rate": "0.5"})
    say(playground, do="set", run=0, texts={"data": "moons", "seed": "5"})
    first, second = (run.setting for run in playground.runs)
    assert (first["optimizer"], second["optimizer"]) == ("Adam", "SGD")
    assert (first["data"], second["data"], second["seed"]) == ("moons", "moons", 5)
    assert np.array_equal(playground.runs[0].X, playground.runs[1].X)
    assert say(playground, do="advance", run=1, seconds=0.01)["run"] == 1
    assert playground.runs[0].epoch == 0
    assert say(playground, do="compare", on=False)["runs"] == 1


def test_what_changes_in_the_other_run_is_told_too_and_a_link_starts_anew(playground):
    say(playground, do="compare", on=True)
    assert [content["run"] for content, _ in playground.heard if "scene" in content] == [0, 1]
    playground.heard.clear()
    say(playground, do="set", run=1, texts={"data": "xor"})
    assert sorted(content["run"] for content, _ in playground.heard if "scene" in content) == [0, 1]
    say(playground, do="epoch", run=1)
    playground.heard.clear()
    answer = say(playground, do="open", run=1, address=playground.runs[1].setting.to_address())
    assert answer["frame"]["epoch"] == 0
    assert "scene" in answer
    assert [content["frame"]["epoch"] for content, _ in playground.heard] == [0, 0]  # both, to be compared


def test_a_readers_mistake_is_said_and_not_raised(monkeypatch):
    class Broken:
        def forward(self, X):
            return X[:, :1]

        def backward(self, dY):
            return dY

    playground = Playground(SMALL, layers=[Broken])
    heard = []
    monkeypatch.setattr(playground, "send", lambda content, buffers=None: heard.append(content))
    playground._hear(playground, {"do": "set", "texts": {"activation": "Broken"}}, [])
    playground._hear(playground, {"do": "epoch"}, [])
    assert heard[-1]["error"] or heard[-2]["error"]
    assert not isinstance(heard[-1]["error"], TrainingDiverged)


def test_the_recording_is_the_run_of_the_setting():
    playground = Playground(SMALL)
    headers = [header for header, _ in playground.recording]
    run = Run(playground.runs[0].setting, {})
    while run.epoch < headers[-1]["epoch"]:
        run.take_epoch()
    assert tuple(headers[-1]["train"]) == run.frame().header["train"]
    assert playground.net.history == []
    assert f"training accuracy {headers[-1]['train'][1]:.3f}" in playground.stand_in
    assert "<svg" in playground.stand_in
    assert "<svg" not in Playground("data=blobs&classes=3&points=20&hidden=4").stand_in
    assert repr(playground) == f"Playground('{playground.runs[0].setting.to_address()}')"


def test_the_lines_on_the_page_are_those_that_its_playground_shows():
    sources = [cell.source for cell in cells_of("chapters/10_playground", "code")]
    (at,) = (i for i, source in enumerate(sources) if "print(playground.program())" in source)
    playground = Playground("data=moons&hidden=4-3&points=50")
    assert 'Playground("data=moons&hidden=4-3&points=50")\nplayground.train(20)' in sources[at]
    playground.train(20)
    imports, _, lines = playground.program().partition("\n\nX, y = ")
    assert sources[at + 1] == f"X, y = {lines.rstrip()}"
    assert set(re.findall(r"\w+", imports)) <= set(re.findall(r"\w+", sources[0]))  # the page imports them at its top
