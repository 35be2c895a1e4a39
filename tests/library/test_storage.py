import contextlib
import copy
import inspect
import io
import itertools
import json
import math
import os
import random
import re
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import frozen, lasting, small_problem
from hypothesis import given, settings
from hypothesis import strategies as st

import scratchnet
from scratchnet import (
    SGD,
    Activation,
    Adam,
    AdamW,
    Epoch,
    IdentitySquaredError,
    Layer,
    LinearLayer,
    Momentum,
    Nesterov,
    NeuralNetwork,
    Optimizer,
    Output,
    ReLU,
    RMSProp,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    storage,
)
from scratchnet.storage import load, save

OPTIMIZERS = {
    "none": lambda: None,
    "SGD": lambda: SGD(0.3),
    "Momentum": lambda: Momentum(0.3, beta=0.7),
    "Adam": lambda: Adam(0.05, beta1=0.8, beta2=0.95, eps=1e-6),
    "Nesterov": lambda: Nesterov(0.3, beta=0.7),
    "RMSProp": lambda: RMSProp(0.05, beta=0.7, eps=1e-6),
    "AdamW": lambda: AdamW(0.05, beta1=0.8, beta2=0.95, eps=1e-6, weight_decay=0.2),
}
BIT_GENERATORS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
no_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everything")


def held(net, optimizer=None, rng=None):
    """Everything that is saved, down to the last bit, in a form that == compares."""
    remembered = {} if optimizer is None else {"t": optimizer.t, **vars(optimizer)}
    return frozen(
        [
            [net.layer_dims, net.dtype.str, type(net.output).__name__],
            [(type(layer).__name__, [getattr(layer, name) for name in layer.params]) for layer in net.layers],
            [net.theta, net.history, net.rng, net.rng if rng is None else rng],
            [type(optimizer).__name__, sorted(frozen(remembered).items())],
        ]
    )


def quietly(net, optimizer=None, n_epochs=1, **kwargs):
    X, y = small_problem()
    net.train(X, y, 0.3, n_epochs, 5, False, optimizer=optimizer, **kwargs)


def trained(make=OPTIMIZERS["Adam"], dims=(3, 4, 1), **kwargs):
    """Return a network and its optimizer after an epoch with validation data and one without."""
    X, y = small_problem()
    net, optimizer = NeuralNetwork(list(dims), seed=3, **kwargs), make()
    quietly(net, optimizer, validation=(X[:4], y[:4]))
    quietly(net, optimizer)
    return net, optimizer


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members, compression=zipfile.ZIP_STORED):
    """The bytes of a zip of these members, a dict or pairs of name and bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(array, **kwargs):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), **kwargs)
    return buffer.getvalue()


def with_header(data, change):
    """The file with another header: what `change` returns, or makes of the old one."""
    members = members_of(data)
    header = json.loads(members["network.json"])
    changed = change(header)
    members["network.json"] = json.dumps(header if changed is None else changed)
    return zipped(members)


def refusal(path, data):
    """Return the message of the ValueError with which these bytes are refused."""
    path.write_bytes(data)
    with pytest.raises(ValueError) as caught:
        load(path)
    assert type(caught.value) is ValueError and str(caught.value).startswith(f"cannot load {str(path)!r}: ")
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.npz"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A network with its optimizer, and the bytes of their file."""
    path = tmp_path_factory.mktemp("example") / "net.npz"
    net, optimizer = trained(dims=(3, 2, 1))
    save(net, path, optimizer)
    return net, optimizer, path.read_bytes()


# What comes back


@given(
    st.lists(st.integers(1, 6), min_size=0, max_size=4),
    st.sampled_from([ReLU, Sigmoid, Tanh]),
    st.sampled_from([SigmoidCrossEntropy, IdentitySquaredError]),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(list(OPTIMIZERS.values())),
    st.sampled_from([None, *BIT_GENERATORS]),
    st.integers(0, 2),
)
def test_what_is_saved_comes_back_bit_for_bit(hidden, activation, output, dtype, make, bits, n_epochs):
    net = NeuralNetwork([3, *hidden, 1], seed=1, activation=activation, output=output, dtype=dtype)
    optimizer, rng = make(), None if bits is None else np.random.Generator(bits(5))
    X, y = small_problem()
    for epoch in range(n_epochs):
        quietly(net, optimizer, rng=rng, validation=(X[:4], y[:4]) if epoch else None)
    with tempfile.TemporaryDirectory() as folder:
        before = held(net, optimizer, rng)
        save(net, Path(folder) / "net.npz", optimizer, rng)
        assert held(net, optimizer, rng) == before
        loaded, optimizer, rng = load(Path(folder) / "net.npz")
        assert os.listdir(folder) == ["net.npz"]
    assert held(loaded, optimizer, rng) == before
    assert (rng is loaded.rng) == (bits is None)
    assert frozen(loaded.predict_proba(X)) == frozen(net.predict_proba(X))
    views = [getattr(layer, name) for layer in loaded.layers for name in layer.params]
    assert all(np.shares_memory(view, loaded.theta) for view in views)


def test_softmax_comes_back(path):
    net = NeuralNetwork([2, 3], seed=0, output=SoftmaxCrossEntropy)
    save(net, path)
    assert held(load(path)[0]) == held(net)
    assert load(path)[0].predict([[1.0, 2.0]]).tolist() == net.predict([[1.0, 2.0]]).tolist()


def test_numpy_alone_can_read_the_file(path):
    net, optimizer = trained()
    save(net, path, optimizer)
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {"network.json", "theta", "history", "optimizer.m", "optimizer.v"}
        assert frozen([file["theta"], file["optimizer.m"]]) == frozen([net.theta, optimizer.m])
        history, header = file["history"], json.loads(file["network.json"])
    assert history[:, 0].tolist() == net.loss_history and history[:, 1].tolist() == net.accuracy_history
    assert history[:, 2].tolist() == [1.0, 0.0]
    assert history[0, 3:5].tolist() == [net.history[0].validation_loss, net.history[0].validation_accuracy]
    assert frozen([history[:, 5:7], history[:, 7:]]) == frozen([net.grad_norms, net.update_ratios])
    assert header["layers"] == [
        {"kind": "LinearLayer", "d_in": 3, "d_out": 4},
        {"kind": "ReLU"},
        {"kind": "LinearLayer", "d_in": 4, "d_out": 1},
    ]
    described = {"kind": "Adam", "lr": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6, "t": 6}
    assert header["optimizer"] == {**described, "m": "optimizer.m", "v": "optimizer.v"}
    assert header["generators"] == [net.rng.bit_generator.state]
    assert (header["format"], header["version"], header["dtype"]) == ("scratchnet network", 1, "float64")


def test_the_members_are_stored_as_they_are_and_the_file_depends_on_nothing_else(path, tmp_path):
    net, optimizer = trained()
    save(net, path, optimizer)
    with zipfile.ZipFile(path) as archive:
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
    save(copy.deepcopy(net), tmp_path / "again.npz", copy.deepcopy(optimizer))
    assert path.read_bytes() == (tmp_path / "again.npz").read_bytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_parameters_keep_their_bits(path, dtype):
    net, limits = NeuralNetwork([2, 3, 1], seed=0, dtype=dtype), np.finfo(dtype)
    net.theta[:7] = [-0.0, limits.max, limits.min, limits.tiny, limits.smallest_subnormal, 1 / 3, -1e-30]
    save(net, path)
    assert frozen(load(path)[0].theta) == frozen(net.theta)


def test_none_and_nan_and_infinity_in_the_history_are_three_things(path):
    nan, net = math.nan, NeuralNetwork([2, 2, 1], seed=0)
    net.history = [
        Epoch(1.0, nan, None, None, (1.0, 2.0), (3.0, math.inf)),
        Epoch(2.0, nan, nan, nan, (5e-324, -0.0), (nan, 1e308)),
        Epoch(3.0, 0.5, math.inf, 0.25, (0.1, 0.2), (0.3, 0.4)),
    ]
    save(net, path)
    loaded = load(path)[0]
    assert repr(loaded.history) == repr(net.history)
    assert {type(v) for epoch in loaded.history for v in (*epoch[:2], *epoch[4], *epoch[5])} == {float}


def test_an_optimizer_may_remember_infinity(path):
    net, optimizer = trained(dtype=np.float32)
    optimizer.v[3] = np.inf  # a square that overflowed: that entry of theta stands still, training goes on
    save(net, path, optimizer)
    assert held(*load(path)[:2]) == held(net, optimizer)


def test_the_method_writes_what_the_function_writes(net, tmp_path):
    optimizer, rng = Adam(0.01), np.random.default_rng(11)
    rng.random(3)
    net.save(tmp_path / "method.npz", optimizer, rng)
    save(net, tmp_path / "function.npz", optimizer, rng)
    assert (tmp_path / "method.npz").read_bytes() == (tmp_path / "function.npz").read_bytes()
    _, loaded, generator = load(tmp_path / "method.npz")
    assert type(loaded) is Adam
    assert generator.random() == rng.random()


@pytest.mark.parametrize("bits", BIT_GENERATORS, ids=lambda bits: bits.__name__)
def test_every_generator_of_numpy_goes_on_in_the_middle_of_its_buffers(path, bits):
    rng = np.random.Generator(bits(11))
    rng.random(3)
    rng.integers(0, 9, 5, dtype=np.uint32)  # half of a 64-bit number is left over
    net = NeuralNetwork([1, 1], seed=0)
    net.rng = np.random.Generator(bits(12))
    save(net, path, rng=rng)
    loaded, _, twin = load(path)
    for a, b in ((rng, twin), (net.rng, loaded.rng)):
        assert a.integers(0, 9, 1500, dtype=np.uint32).tolist() == b.integers(0, 9, 1500, dtype=np.uint32).tolist()
        assert frozen(a) == frozen(b)


def test_generators_that_share_their_bits_still_do(path):
    net = NeuralNetwork([3, 1], seed=0)
    for rng in (None, net.rng, np.random.Generator(net.rng.bit_generator)):
        save(net, path, rng=rng)
        loaded, _, twin = load(path)
        assert twin is loaded.rng
    save(net, path, rng=copy.deepcopy(net.rng))
    loaded, _, twin = load(path)
    assert twin is not loaded.rng and frozen(twin) == frozen(loaded.rng)


@pytest.mark.parametrize("make", list(OPTIMIZERS.values())[1:], ids=list(OPTIMIZERS)[1:])
def test_an_optimizer_before_its_first_step_has_no_memory_and_serves_any_network(path, make):
    net = NeuralNetwork([3, 2, 1], seed=0)
    save(net, path, make())
    _, optimizer, _ = load(path)
    assert held(net, optimizer) == held(net, make())
    quietly(NeuralNetwork([3, 7, 1], seed=1), optimizer)


def test_a_learning_rate_that_was_changed_comes_back(path):
    net, optimizer = trained()
    optimizer.lr = np.float64(0.001)
    save(net, path, optimizer)
    assert load(path)[1].lr == 0.001


# Going on

GO_ON = """
import sys
from pathlib import Path
import numpy as np
from scratchnet.storage import load, save
X, y = np.load("X.npy"), np.load("y.npy")
for path in sorted(Path(".").glob("*.npz")):
    net, optimizer, rng = load(path)
    net.train(X, y, 0.3, 3, 5, False, optimizer=optimizer, rng=rng, validation=(X[:4], y[:4]))
    save(net, path, optimizer, rng)
"""


def python(code, cwd):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)


def test_training_that_goes_on_in_another_process_equals_training_that_never_stopped(tmp_path):
    X, y = small_problem()
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    never_stopped = {}
    cases = [*itertools.product(OPTIMIZERS, ("f4", "f8"), (None, np.random.PCG64))]
    cases += [("Adam", "f4", bits) for bits in BIT_GENERATORS[1:]]
    for i, (name, dtype, bits) in enumerate(cases):
        net, optimizer = NeuralNetwork([3, 6, 4, 1], seed=i, dtype=dtype), OPTIMIZERS[name]()
        rng = None if bits is None else np.random.Generator(bits(i))
        file = tmp_path / f"{i:02d}.npz"

        def keep(net, epoch, file=file, optimizer=optimizer, rng=rng):
            if epoch == 1:
                save(net, file, optimizer, rng)

        quietly(net, optimizer, n_epochs=5, rng=rng, validation=(X[:4], y[:4]), on_epoch=keep)
        never_stopped[file] = held(net, optimizer, rng)
    result = python(GO_ON, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    for file, expected in never_stopped.items():
        assert held(*load(file)) == expected, cases[int(file.stem)]


def test_training_can_go_on_from_every_epoch(tmp_path):
    net, optimizer, n_epochs = NeuralNetwork([3, 4, 1], seed=0), Adam(0.05), 6
    quietly(net, optimizer, n_epochs, on_epoch=lambda net, epoch: save(net, tmp_path / f"{epoch}.npz", optimizer))
    for epoch in range(n_epochs - 1):
        loaded, adam, rng = load(tmp_path / f"{epoch}.npz")
        quietly(loaded, adam, n_epochs - 1 - epoch, rng=rng)
        assert held(loaded, adam, rng) == held(net, optimizer)


@pytest.mark.parametrize("make", [OPTIMIZERS["Momentum"], OPTIMIZERS["Adam"]], ids=["Momentum", "Adam"])
def test_a_loaded_optimizer_belongs_to_the_loaded_network(path, make):
    net, optimizer = trained(make)
    save(net, path, optimizer)
    loaded, twin, _ = load(path)
    before = held(net, twin)
    with pytest.raises(ValueError, match="remembers another network"):
        quietly(net, twin)
    assert held(net, twin) == before
    quietly(loaded, twin)


# Running statistics, and generators in layers


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_running_statistics_and_the_generators_of_layers_come_back_bit_for_bit(path, dtype, shared):
    net = NeuralNetwork([3, 6, 4, 1], seed=2, dtype=dtype, batch_norm=True, dropout=0.3)
    (_, first, _, drop, _, second, _, other), optimizer = net.layers[:-1], Adam(0.05)
    first.momentum, second.eps, drop.rate = 0.2, 1e-3, 0.4
    if shared:
        drop.rng = other.rng = net.rng
    quietly(net, optimizer, 2)
    save(net, path, optimizer)
    loaded, twin, rng = load(path)
    assert lasting(loaded, twin.m, rng) == lasting(net, optimizer.m, net.rng)
    _, first, _, drop, _, second, _, other = loaded.layers[:-1]
    assert (first.momentum, second.eps, drop.rate, other.rate) == (0.2, 1e-3, 0.4, 0.3)
    assert (drop.rng is loaded.rng) == (other.rng is drop.rng) == shared
    X = small_problem()[0]
    assert frozen(loaded.predict_proba(X)) == frozen(net.predict_proba(X))
    quietly(net, optimizer, 2)
    quietly(loaded, twin, 2, rng=rng)
    assert lasting(loaded, twin.m, rng) == lasting(net, optimizer.m, net.rng)


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((1, 5)), "must have shape (1, 4), got (1, 5)"),
        (np.ones(4), "must have shape (1, 4), got (4,)"),
        (np.ones((1, 4), "f4"), "must be float64"),
        (np.array([[1, np.inf, 1, 1]]), "must be finite in float64, got inf at index (0, 1)"),
        (np.array([[1, 1, np.nan, 1]]), "must be "),
        (None, "is missing"),
    ],
    ids=["shape", "vector", "dtype", "infinity", "nan", "none"],
)
def test_statistics_that_do_not_fit_are_neither_loaded_nor_saved(path, array, message, name):
    net = NeuralNetwork([3, 4, 1], seed=0, batch_norm=True)
    save(net, path)
    saved = path.read_bytes()
    members = members_of(saved)
    member = members.pop(f"layers.1.{name}.npy")
    if array is not None:
        members[f"layers.1.{name}.npy"] = npy(array)
        path.write_bytes(saved)
        setattr(net.layers[1], name, array)
        with pytest.raises(ValueError, match="^this network cannot be saved: .*layers.1") as caught:
            save(net, path)
        assert message in str(caught.value) and path.read_bytes() == saved
    text = refusal(path, zipped(members))
    assert f"layers.1.{name}" in text and message in text
    path.write_bytes(zipped(members | {f"layers.1.{name}.npy": member}))
    load(path)


@pytest.mark.parametrize("value", [-1e-300, math.nan])
@pytest.mark.parametrize("where", ["layers.1.running_var", "Adam", "AdamW", "RMSProp"])
def test_a_mean_of_squares_that_has_no_root_is_refused(path, where, value):
    net, optimizer = trained(OPTIMIZERS.get(where, OPTIMIZERS["SGD"]), batch_norm=True)
    save(net, path, optimizer)
    members, place = members_of(path.read_bytes()), where if "." in where else "optimizer.v"
    array = np.load(io.BytesIO(members[f"{place}.npy"]))
    for number in (0.0, value):  # nothing at all has a root
        array.flat[1] = number
        data = zipped(members | {f"{place}.npy": npy(array)})
        path.write_bytes(data)
        if number == 0.0:
            load(path)
    assert f"{place} must be at least 0 everywhere, got {value:g}" in refusal(path, data)


@pytest.mark.parametrize("name", ["Momentum", "Nesterov"])
def test_a_moving_average_of_gradients_may_be_negative(path, name):
    net, optimizer = trained(OPTIMIZERS[name])
    assert optimizer.v.min() < 0
    save(net, path, optimizer)
    assert held(*load(path)[:2]) == held(net, optimizer)


@pytest.mark.parametrize(
    ("layer", "key", "value", "message"),
    [
        (1, "momentum", 1.0, "momentum must be a finite number > 0 and < 1, got 1.0"),
        (1, "momentum", True, "momentum must be"),
        (1, "eps", 0, "eps must be a finite number > 0, got 0"),
        (1, "d", 5, r"running_mean must have shape \(1, 5\), got \(1, 4\)"),
        (1, "d", 10**12, "too few for these layers"),
        (1, "d", -4, "d must be a positive integer"),
        (1, "running_var", 1, "'?1'? is missing"),
        (3, "rate", 1.0, "rate must be a finite number >= 0 and < 1, got 1.0"),
        (3, "rate", -0.1, "rate must be a finite number >= 0 and < 1, got -0.1"),
        (3, "rate", math.nan, "rate must be a finite number >= 0 and < 1, got nan"),
        (3, "rate", "0.5", "rate must be a finite number"),
        (3, "rate", None, "plain numbers"),
        (3, "rng", 99, "rng must be the number of a generator, got 99"),
        (3, "rng", None, "rng must be the number of a generator, got None"),
        (3, "seed", 7, "layers.3 has missing or unknown keys"),
    ],
)
def test_settings_of_layers_that_are_out_of_range_are_refused(path, layer, key, value, message):
    save(NeuralNetwork([3, 4, 1], seed=0, batch_norm=True, dropout=0.5), path)
    data = with_header(path.read_bytes(), lambda header: header["layers"][layer].update({key: value}))
    assert re.search(message, refusal(path, data))


def test_every_layer_output_and_optimizer_of_scratchnet_is_in_the_table():
    classes = [value for value in vars(scratchnet).values() if isinstance(value, type)]
    bases = (Layer, Activation, Output, Optimizer)
    ours = {cls.__name__ for cls in classes if issubclass(cls, bases) and cls not in bases}
    assert ours == set(storage.KINDS)


@pytest.mark.parametrize("kind", storage.KINDS.values(), ids=list(storage.KINDS))
def test_the_table_names_every_argument_and_every_attribute(kind):
    """But for the arguments that only say where the parameters start, which theta replaces."""
    arguments = set(inspect.signature(kind.cls).parameters) - {"seed", "init", "dtype"}
    assert arguments == {*kind.sizes, *kind.settings}
    assert set(getattr(kind.cls, "memory", ())) <= set(kind.state)


# What cannot be saved


class LeakyReLU(Activation):
    f = staticmethod(lambda z: np.where(z > 0, z, 0.1 * z))
    f_grad = staticmethod(lambda a: np.where(a > 0, 1.0, 0.1))


class MyReLU(ReLU):
    pass


class MyOutput(SigmoidCrossEntropy):
    pass


class MyAdam(Adam):
    pass


class MyNetwork(NeuralNetwork):
    pass


class MyGenerator(np.random.Generator):
    pass


class SignDescent:
    def step(self, theta, grad):
        theta -= 0.01 * np.sign(grad)


def impostor():
    return type("ReLU", (Activation,), {"f": LeakyReLU.f, "f_grad": LeakyReLU.f_grad})()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda net: (NeuralNetwork([3, 4, 1], activation=LeakyReLU),), "layers.1 .* LeakyReLU"),
        (lambda net: (NeuralNetwork([3, 4, 1], activation=MyReLU),), "layers.1 .* MyReLU"),
        (lambda net: (NeuralNetwork([3, 4, 1], activation=impostor),), "layers.1 .* ReLU"),
        (lambda net: (NeuralNetwork([3, 4, 1], output=MyOutput),), "output .* MyOutput"),
        (lambda net: (MyNetwork([3, 4, 1]),), "MyNetwork"),
        (lambda net: ("net",), "NeuralNetwork.* str"),
        (lambda net: (net, MyAdam(0.1)), "optimizer .* MyAdam"),
        (lambda net: (net, SignDescent()), "optimizer .* SignDescent"),
        (lambda net: (net, ReLU()), "optimizer .*SGD, Momentum, .*Adam.* ReLU"),
        (lambda net: (net, np.random.default_rng(0)), "optimizer .* Generator"),
        (lambda net: (net, None, np.random.RandomState(0)), "rng .* RandomState"),  # noqa: NPY002
        (lambda net: (net, None, MyGenerator(np.random.PCG64(0))), "rng .* MyGenerator"),
        (lambda net: (net, None, 7), "rng .* 7"),
    ],
)
def test_an_object_of_another_class_is_refused_by_name(path, make, name):
    path.write_bytes(b"what was there before")
    net, *others = make(NeuralNetwork([3, 4, 1], seed=0))
    with pytest.raises(TypeError, match=f"^{'(net|rng)' if name[0] in 'MNr' else name[:4]}.*must be.*") as caught:
        save(net, path, *others)
    assert caught.match(name)
    assert [file.read_bytes() for file in path.parent.iterdir()] == [b"what was there before"]


def test_the_refusal_of_a_class_says_what_to_do_and_that_works(path):
    net = NeuralNetwork([3, 4, 1], seed=0, activation=LeakyReLU)
    with pytest.raises(TypeError, match="Save net.theta with np.save, and to load it, build the network in code"):
        save(net, path)
    np.save(path.with_suffix(".npy"), net.theta)
    twin = NeuralNetwork([3, 4, 1], activation=LeakyReLU)
    twin.theta = np.load(path.with_suffix(".npy"))
    assert held(twin)[1] == held(net)[1]


def replaced_layer(net, optimizer):
    net.layers[0] = LinearLayer(3, 4, 9)


def replaced_by_equal_layer(net, optimizer):
    net.layers[0] = copy.deepcopy(net.layers[0])


def fewer_layers(net, optimizer):
    del net.layers[2:]


def swapped_layers(net, optimizer):
    net.layers[0], net.layers[2] = net.layers[2], net.layers[0]


def one_layer_twice(net, optimizer):
    net.layers[2] = net.layers[0]


def setting(where, name, value):
    return lambda net, optimizer: setattr(net if where == "net" else optimizer, name, value)


def last_epoch(**changes):
    return lambda net, optimizer: net.history.append(net.history.pop()._replace(**changes))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda net, optimizer: net.theta.__setitem__(5, np.nan), "theta must be finite .* nan at index \\(5,\\)"),
        (lambda net, optimizer: net.theta.__setitem__(5, np.inf), "theta must be finite"),
        (replaced_layer, "net.theta does not hold .* save copy.deepcopy"),
        (replaced_by_equal_layer, "net.theta does not hold .* save copy.deepcopy"),
        (fewer_layers, "net.theta does not hold"),
        (swapped_layers, "net.theta does not hold"),
        (one_layer_twice, "net.theta does not hold"),
        (lambda net, optimizer: vars(optimizer).update(copy.deepcopy(vars(trained()[1]))), "another network"),
        (
            lambda net, optimizer: vars(optimizer).update(vars(trained(dims=(3, 5, 1))[1])),
            "optimizer.m must have",
        ),
        (lambda net, optimizer: vars(optimizer).update(vars(trained(dtype="f4")[1])), "optimizer.m.* must be float64"),
        (lambda net, optimizer: delattr(optimizer, "v"), "optimizer must have all of .* or none"),
        (setting("optimizer", "beta1", 2.0), "beta1 must be"),
        (setting("optimizer", "eps", math.nan), "eps must be"),
        (setting("optimizer", "beta2", np.float64(0.5)), "optimizer.beta2 must be a plain number"),
        (setting("optimizer", "beta2", [0.5]), "optimizer.beta2 must be a plain number"),
        (setting("optimizer", "t", -1), "t has a value out of range"),
        (setting("optimizer", "t", 2.0), "t has a value out of range"),
        (
            lambda net, optimizer: net.history.append((1.0, 1.0, None, None, (), ())),
            "history\\[2\\] must be an Epoch",
        ),
        (last_epoch(loss=None), "net.history\\[1\\]"),
        (last_epoch(loss=np.float64(1.0)), "net.history\\[1\\]"),
        (last_epoch(validation_loss=1.0), "net.history\\[1\\]"),
        (last_epoch(grad_norms=(1.0,)), "net.history\\[1\\]"),
        (last_epoch(update_ratios=(1.0, 2)), "net.history\\[1\\]"),
    ],
)
def test_a_network_that_could_not_be_loaded_is_not_saved(path, spoil, message):
    net, optimizer = trained()
    path.write_bytes(b"what was there before")
    spoil(net, optimizer)
    before = held(net, optimizer)
    with pytest.raises((ValueError, TypeError), match=message):
        save(net, path, optimizer)
    assert [file.read_bytes() for file in path.parent.iterdir()] == [b"what was there before"]
    assert held(net, optimizer) == before


def test_an_optimizer_of_another_network_is_refused_and_a_copy_stays_free(path):
    net, optimizer = trained()
    other, _ = trained()
    with pytest.raises(ValueError, match="remembers another network"):
        save(other, path, optimizer)
    assert not path.exists()
    free = copy.deepcopy(optimizer)
    save(other, path, free)
    quietly(net, free)  # saving has not given it to the other network


# The file


def test_any_form_of_path_will_do_and_nothing_is_appended_to_it(tmp_path, monkeypatch):
    net = NeuralNetwork([1, 1], seed=0)
    monkeypatch.chdir(tmp_path)
    for path in ("a", b"b", Path("c.d"), str(tmp_path / "ü ñ.npz"), "x" * 255):
        save(net, path)
        assert held(load(path)[0]) == held(net)
    assert sorted(os.listdir()) == sorted(["a", "b", "c.d", "ü ñ.npz", "x" * 255])
    for wrong in (7, None, io.BytesIO()):
        with pytest.raises(TypeError, match="PathLike"):
            save(net, wrong)
        with pytest.raises(TypeError, match="PathLike"):
            load(wrong)


def test_errors_of_the_system_stay_what_they_are(tmp_path):
    net = NeuralNetwork([1, 1], seed=0)
    for call in (load, lambda path: save(net, path)):
        with pytest.raises(FileNotFoundError):
            call(tmp_path / "no folder" / "net.npz")
        with pytest.raises(PermissionError if os.name == "nt" else IsADirectoryError):
            call(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


@posix
@no_root
def test_what_is_protected_is_neither_read_nor_replaced(path):
    net = NeuralNetwork([1, 1], seed=0)
    save(net, path)
    before = path.read_bytes()
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        save(NeuralNetwork([2, 1]), path)
    path.chmod(0)
    with pytest.raises(PermissionError):
        load(path)
    path.chmod(0o644)
    assert path.read_bytes() == before


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_permissions_are_those_of_an_ordinary_file_and_an_existing_one_keeps_its_own(tmp_path, umask):
    net, previous = NeuralNetwork([1, 1], seed=0), os.umask(umask)
    try:
        for mode in (0o600, 0o644, 0o666, 0o777):
            path = tmp_path / f"{mode:o}"
            save(net, path)
            assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
            path.chmod(mode)
            save(net, path)
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(previous)


@posix
def test_a_link_stays_a_link(tmp_path):
    net, link, target = NeuralNetwork([1, 1], seed=0), tmp_path / "latest", tmp_path / "folder" / "net.npz"
    target.parent.mkdir()
    link.symlink_to("folder/net.npz")
    for _ in range(2):  # first the file is not there yet
        save(net, link)
        assert link.is_symlink() and held(load(target)[0]) == held(load(link)[0]) == held(net)
    assert sorted(os.listdir(tmp_path)) == ["folder", "latest"] and os.listdir(target.parent) == ["net.npz"]


@posix
def test_what_is_private_is_private_from_the_first_byte(path, monkeypatch):
    net, modes, previous = NeuralNetwork([1, 1], seed=0), [], os.umask(0)
    try:
        save(net, path)
        path.chmod(0o600)
        monkeypatch.setattr(storage.os, "fsync", lambda descriptor: modes.append(os.fstat(descriptor).st_mode & 0o777))
        save(net, path)
    finally:
        os.umask(previous)
    assert modes[0] == 0o600


@posix
def test_a_pipe_or_device_is_not_replaced(path, monkeypatch):
    def fails(*args):
        raise AssertionError("the device would be gone")

    monkeypatch.setattr(storage.os, "replace", fails)
    with pytest.raises(OSError, match="is a device, not a file"):
        save(NeuralNetwork([1, 1], seed=0), os.devnull)
    os.mkfifo(path)
    with pytest.raises(OSError):
        save(NeuralNetwork([1, 1], seed=0), path)
    assert stat.S_ISFIFO(path.stat().st_mode) and os.listdir(path.parent) == ["net.npz"]


# Every way to be interrupted


@pytest.fixture
def versions(path):
    """Two networks; the first is in the file. Return (second, its bytes, the first's bytes)."""
    first, second = NeuralNetwork([3, 2, 1], seed=0), NeuralNetwork([3, 2, 1], seed=1)
    save(second, path)
    new = path.read_bytes()
    save(first, path)
    return second, new, path.read_bytes()


class FullDisk:
    """A file whose disk is full after `left` bytes, or when it is flushed."""

    def __init__(self, file, error, at):
        self.file, self.error, self.at = file, error, at

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        if self.at == "close" and exception[0] is None:
            raise self.error

    def write(self, data):
        self.file.write(data[:100] if self.at == "write" else data)
        if self.at == "write":
            raise self.error

    def flush(self):
        if self.at == "flush":
            raise self.error
        self.file.flush()

    def fileno(self):
        return self.file.fileno()


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt(), MemoryError()], ids=repr)
@pytest.mark.parametrize("at", ["open", "write", "flush", "close", "fsync", "chmod", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_other(path, versions, monkeypatch, at, error):
    second, _, old = versions

    def fails(*args, **kwargs):
        raise error

    def opens(*args, **kwargs):
        file = open(*args, **kwargs)
        return FullDisk(file, error, at) if args[1] == "xb" else file

    if at in ("fsync", "chmod", "replace", "open"):
        monkeypatch.setattr(storage.os, at, fails)
    else:
        monkeypatch.setattr(storage, "open", opens, raising=False)
    with pytest.raises(type(error)) as caught:
        save(second, path)
    monkeypatch.undo()
    assert caught.value is error
    assert path.read_bytes() == old and os.listdir(path.parent) == ["net.npz"]


@posix
def test_a_disk_that_is_really_full_leaves_the_old_file_and_no_other(path, versions):
    import resource

    second, _, old = versions
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # bytes that one file may have
    try:
        with pytest.raises(OSError, match="File too large"):
            save(second, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == old and os.listdir(path.parent) == ["net.npz"]


def test_a_folder_that_cannot_be_synced_is_no_failure(path, versions, monkeypatch):
    second, new, _ = versions
    opened = os.open

    def no_folders(name, flags, *mode):
        if os.path.isdir(name):
            raise PermissionError(13, "as on Windows")
        return opened(name, flags, *mode)

    monkeypatch.setattr(storage.os, "open", no_folders)
    save(second, path)
    assert path.read_bytes() == new


def test_the_file_is_on_the_disk_before_it_gets_its_name_and_the_folder_after(path, versions, monkeypatch):
    second, new, old = versions
    events, fsync, replace = [], os.fsync, os.replace

    def spy_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        events.append("folder" if is_folder else f"file of {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def spy_replace(source, target):
        assert os.path.dirname(source) == os.path.dirname(target) == str(path.parent)
        assert Path(source).read_bytes() == new and Path(target).read_bytes() == old
        events.append("replace")
        replace(source, target)

    monkeypatch.setattr(storage.os, "fsync", spy_fsync)
    monkeypatch.setattr(storage.os, "replace", spy_replace)
    save(second, path)
    assert events == [f"file of {len(new)}", "replace", *(["folder"] if os.name != "nt" else [])]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that Python closes itself
def test_an_interrupt_at_any_line_leaves_one_whole_file_and_no_other(path, versions):
    second, new, old = versions
    outcomes, k = [], 0
    while True:
        k, count = k + 1, 0
        path.write_bytes(old)

        def tracer(frame, event, argument, k=k):
            nonlocal count
            if frame.f_globals.get("__name__") != "scratchnet.storage":
                return None
            if event == "line" and frame.f_code.co_name == "_write":
                count += 1
                if count == k:
                    raise KeyboardInterrupt
            return tracer

        previous = sys.gettrace()
        sys.settrace(tracer)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                save(second, path)
        finally:
            sys.settrace(previous)
        assert os.listdir(path.parent) == ["net.npz"]
        outcomes.append(path.read_bytes())
        if count < k:
            break
    assert k > 15 and outcomes[0] == old and outcomes[-1] == new
    assert outcomes == sorted(outcomes, key=[old, new].index)  # first the old one, from some line on the new one


KILLED_AT_EVERY_LINE = """
import os, signal, sys
from pathlib import Path
from scratchnet.storage import load, save
first, second = load("first.npz")[0], load("second.npz")[0]
old, new = Path("first.npz").read_bytes(), Path("second.npz").read_bytes()
outcomes, status, k = "", 1, 0
while status:
    k += 1
    Path("net.npz").write_bytes(old)
    child = os.fork()
    if child == 0:
        count = 0
        def tracer(frame, event, argument):
            global count
            if event == "line" and frame.f_code.co_name == "_write":
                count += 1
                if count == k:
                    os.kill(os.getpid(), signal.SIGKILL)
            return tracer
        sys.settrace(tracer)
        save(second, "net.npz")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    load("net.npz")
    outcomes += {old: "o", new: "n"}[Path("net.npz").read_bytes()]
print(outcomes)
"""


@posix
def test_a_kill_at_any_line_leaves_the_old_file_or_the_new_one(tmp_path):
    for seed, name in enumerate(("first", "second")):
        save(NeuralNetwork([3, 2, 1], seed=seed), tmp_path / f"{name}.npz")
    result = python(KILLED_AT_EVERY_LINE, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    outcomes = result.stdout.strip()
    assert outcomes.strip("o").strip("n") == "" and outcomes.count("o") > 8 and outcomes.count("n") > 2


SAVES_FOR_EVER = """
import itertools, os
from scratchnet.storage import load, save
nets = [load(name)[0] for name in ("first.npz", "second.npz")]
print("ready", flush=True)
for net in itertools.cycle(nets):
    save(net, "net.npz")
"""


@posix
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    nets = [NeuralNetwork([50, 400, 300, 1], seed=seed) for seed in range(2)]  # 1.1 MB: most kills fall into a write
    for net, name in zip(nets, ("first.npz", "second.npz"), strict=True):
        save(net, tmp_path / name)
    save(nets[0], tmp_path / "net.npz")
    allowed, moment = [held(net) for net in nets], random.Random(1)
    for _ in range(8):
        command = [sys.executable, "-c", SAVES_FOR_EVER]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path)
        with process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moment.uniform(0, 0.06))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert held(load(tmp_path / "net.npz")[0]) in allowed


# Files that are damaged


def test_a_file_cut_off_anywhere_is_refused(path, example):
    data = example[-1]
    for length in (*range(0, len(data) - 100, 5), *range(len(data) - 100, len(data))):
        assert any(word in refusal(path, data[:length]) for word in ("truncated", "empty", "not saved by scratchnet"))


def loads_as_before_or_is_refused(path, data, expected):
    """Return whether the bytes are refused; if not, they must hold the same network."""
    path.write_bytes(data)
    try:
        result = load(path)
    except ValueError as error:
        assert type(error) is ValueError and str(error).startswith(f"cannot load {str(path)!r}: ")
        return True
    assert held(*result) == expected
    return False


def test_a_flipped_bit_is_refused_or_does_not_matter(path, example):
    net, optimizer, data = example
    expected, bits, refused = held(net, optimizer), random.Random(2), []
    for i in range(0, len(data), 2):
        flipped = bytearray(data)
        flipped[i] ^= 1 << bits.randrange(8)
        refused.append(loads_as_before_or_is_refused(path, flipped, expected))
    assert sum(refused) > 0.8 * len(refused)  # what does not matter: dates, attributes


def test_many_damaged_bytes_are_refused_or_do_not_matter(path, example):
    net, optimizer, data = example
    expected, moment = held(net, optimizer), random.Random(3)
    for _ in range(600):
        damaged, start = bytearray(data), moment.randrange(len(data))
        stop = start + moment.choice([2, 4, 16, 100, 1000])
        how = moment.randrange(4)
        if how == 0:
            damaged[start:stop] = moment.randbytes(len(damaged[start:stop]))
        elif how == 1:
            del damaged[start:stop]
        elif how == 2:
            damaged[start:start] = moment.randbytes(stop - start)
        else:
            damaged[start:stop] = bytes(len(damaged[start:stop]))
        loads_as_before_or_is_refused(path, bytes(damaged), expected)


def places(value, where=()):
    """The way to every value in a tree of JSON."""
    yield where
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*where, key))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers(-(2**130), 2**130)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from([*storage.KINDS, *(bits.__name__ for bits in BIT_GENERATORS), "float32"]),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "lr", "t", "state", "d_in"]), children, max_size=3)
    ),
    max_leaves=5,
)


def usable_or_refused(path, data):
    """Load what somebody made up. Whatever is accepted must predict, draw and be saved again."""
    path.write_bytes(data)
    try:
        net, optimizer, rng = load(path)
    except ValueError as error:
        assert type(error) is ValueError and str(error).startswith(f"cannot load {str(path)!r}: ")
        return
    with np.errstate(all="ignore"):
        net.predict_proba(np.zeros((2, net.layer_dims[0])))
    rng.permutation(5)
    net.rng.permutation(5)
    save(net, path, optimizer, rng)


@given(data=st.data())
@settings(max_examples=150)
def test_a_header_that_somebody_made_up_is_refused_or_means_a_network(example, data):
    def change(header):
        for _ in range(data.draw(st.integers(1, 2))):
            *where, last = data.draw(st.sampled_from([place for place in places(header) if place]))
            parent = header
            for key in where:
                parent = parent[key]
            how = data.draw(st.sampled_from(["replace", "delete", "add"]))
            if how == "replace":
                parent[last] = data.draw(values)
            elif how == "delete":
                del parent[last]
            elif isinstance(parent, list):
                parent.insert(last, data.draw(values))
            else:
                parent[data.draw(st.text(max_size=3))] = data.draw(values)

    with tempfile.TemporaryDirectory() as folder:
        usable_or_refused(Path(folder) / "net.npz", with_header(example[-1], change))


@given(data=st.data())
@settings(max_examples=150)
def test_members_that_somebody_made_up_are_refused_or_mean_a_network(example, data):
    members = members_of(example[-1])
    name = data.draw(st.sampled_from(sorted(members)))
    member = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, min(140, len(member) - 1)))
        member[i] = data.draw(st.integers(0, 255) | st.sampled_from(b"0123456789(), -<>|fOVS'"))
    members[name] = bytes(member)
    with tempfile.TemporaryDirectory() as folder:
        usable_or_refused(Path(folder) / "net.npz", zipped(members))


# Files that mean harm


class Harm:
    """What a pickle can do when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (os.path.join(tempfile.gettempdir(), "scratchnet_was_here"),)


def theta_header(shape, descr="<f8", order="False", keys="'descr': '{}', 'fortran_order': {}, 'shape': {}, "):
    text = ("{" + keys.format(descr, order, shape) + "}").encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def theta(member):
    """A file whose theta is another member, or what `member` makes of the old one."""
    return lambda members: members | {"theta.npy": member(members["theta.npy"]) if callable(member) else member}


def header(change):
    """A file whose header is changed."""

    def changed(members):
        value = json.loads(members["network.json"])
        result = change(value)
        return members | {"network.json": json.dumps(value if result is None else result)}

    return changed


def raw_header(text):
    return lambda members: members | {"network.json": text}


def nested(members, key, opening, closing, depth):
    """A value in a value in a value for a key, written as text, because json.dumps might refuse to."""
    text = members["network.json"].decode()
    start = text.index(f'"{key}": ') + len(key) + 4
    stop = start + re.match("[^,}]*", text[start:]).end()
    return members | {"network.json": text[:start] + opening * depth + "1" + closing * depth + text[stop:]}


def patched_directory(members, name, **fields):
    """Change what the directory at the end of the zip says about a member, and nothing else."""
    offsets = {"flags": (8, "<H"), "method": (10, "<H"), "packed": (20, "<L"), "size": (24, "<L"), "place": (42, "<L")}
    data = bytearray(zipped(members))
    start = data.rindex(name.encode()) - 46
    assert data[start : start + 4] == b"PK\1\2"
    for field, value in fields.items():
        offset, form = offsets[field]
        struct.pack_into(form, data, start + offset, value)
    return bytes(data)


def zip64(members):
    """A directory that gives theta a size beyond 32 bits, in the extra field for it."""
    data = patched_directory(members, "theta.npy", size=2**32 - 1, packed=2**32 - 1)
    start = data.rindex(b"theta.npy") - 46
    extra = struct.pack("<HHQQ", 1, 16, 2**60, 2**60)
    data = bytearray(data[: start + 55] + extra + data[start + 55 :])
    struct.pack_into("<H", data, start + 30, len(extra))
    end = len(data) - 22
    struct.pack_into("<L", data, end + 12, struct.unpack_from("<L", data, end + 12)[0] + len(extra))
    return bytes(data)


def many_entries(members):
    """A directory of a million entries that all name the same bytes."""
    data = zipped(members)
    body, entry = data[:-22], data[-22 - 46 - len("optimizer.v.npy") : -22]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2**16 - 1, 2**16 - 1, 50_000 * len(entry), len(body), 0)
    return body + 50_000 * entry + end


def overlapping(members):
    """Two members whose bytes are the same ones: the second lies within the first."""
    inner = zipped({"optimizer.v.npy": members["optimizer.v.npy"]})
    return patched_directory(
        [*members.items(), ("again.npy", inner)],
        "optimizer.v.npy",
        place=zipped([*members.items(), ("again.npy", inner)]).rindex(b"PK\3\4"),
    )


def generator_state(**changes):
    return header(lambda h: h["generators"][0].update(changes))


def mersenne(**changes):
    state = {"key": list(range(624)), "pos": 624, **changes}
    return header(lambda h: h["generators"].append({"bit_generator": "MT19937", "state": state}))


def philox(**changes):
    state = json.loads(json.dumps(np.random.Philox(0).state, default=np.ndarray.tolist))
    return header(lambda h: h["generators"].append(state | changes))


HOSTILE = {
    # pickles and other arrays
    "pickle": (theta(npy(np.array([Harm()], dtype=object), allow_pickle=True)), "'theta' is .*no array"),
    "object without pickle": (theta(theta_header("(1,)", "|O") + b"x" * 8), "no array"),
    "structured": (theta(npy(np.zeros(3, "f8,i4"))), "no array"),
    "strings": (theta(npy(np.array(["a" * 100]))), "no array"),
    "complex": (theta(npy(np.zeros(11, "c16"))), "no array"),
    "big-endian": (theta(lambda old: npy(np.zeros(11, ">f8"))), "no array of little-endian"),
    "another dtype": (theta(npy(np.zeros(11, "f4"))), "'theta' must be float64"),
    "npy version 2": (theta(npy(np.zeros(11), version=(2, 0))), "no array"),
    "Fortran order": (theta(npy(np.asfortranarray(np.zeros((2, 3))))), "C order"),
    "two dimensions": (theta(npy(np.zeros((11, 1)))), "theta must have shape"),
    "a scalar": (theta(npy(np.float64(1.0))), "theta must have shape"),
    "a shape of 10**12": (theta(theta_header("(1000000000000,)")), "as long as its shape"),
    "a shape of 10**60": (theta(theta_header(f"({10**60},)")), "as long as its shape"),
    "a negative shape": (theta(theta_header("(-11,)") + bytes(88)), "no array"),
    "a shape with an endless side": (theta(theta_header("(0, 1000000000000)")), "theta must have shape"),
    "code for a shape": (theta(theta_header("(print(1),)")), "no array"),
    "code for a header": (theta(theta_header("(11,)", keys="__import__('os'), ") + bytes(88)), "no array"),
    "a header that never ends": (theta(b"\x93NUMPY\x01\x00\xff\xff{" + b"(" * 65534), "no array"),
    "longer than its shape": (theta(lambda old: old + bytes(8)), "as long as its shape"),
    "no bytes": (theta(b""), "'theta' is missing or no array"),
    "nan": (theta(npy(np.full(11, np.nan))), "theta must be finite"),
    "another size": (theta(npy(np.zeros(12))), "theta"),
    "history of another width": (lambda m: m | {"history.npy": npy(np.zeros((2, 8)))}, "history must have shape"),
    "memory of another size": (lambda m: m | {"optimizer.m.npy": npy(np.zeros(12))}, "optimizer.m must have shape"),
    # the zip
    "zip bomb": (lambda m: zipped(m | {"theta.npy": npy(np.zeros(10**7))}, zipfile.ZIP_DEFLATED), "is compressed"),
    "bzip2": (lambda m: zipped(m, zipfile.ZIP_BZIP2), "is compressed"),
    "unknown compression": (lambda m: patched_directory(m, "theta.npy", method=99), "is compressed"),
    "encrypted": (lambda m: patched_directory(m, "theta.npy", flags=1), "or encrypted"),
    "strongly encrypted": (lambda m: patched_directory(m, "theta.npy", flags=0x40), "truncated or corrupted"),
    "a size that lies": (lambda m: patched_directory(m, "theta.npy", size=2**31), "is compressed"),
    "sizes that lie": (lambda m: patched_directory(m, "theta.npy", size=2**31, packed=2**31), "same name or place"),
    "sizes that lie in 64 bits": (zip64, "same name or place"),
    "a place beyond the file": (lambda m: patched_directory(m, "theta.npy", place=2**31), "truncated or corrupted"),
    "a place within another member": (overlapping, "Overlapped|belongs to nothing"),
    "a million entries": (many_entries, "more than 10000 members"),
    "two members of one name": (lambda m: patched_directory([*m.items(), ("x.npy", b"")], "x.npy"), "'x.npy' belongs"),
    "a way out of the folder": (lambda m: m | {"../../x.npy": b""}, "'../../x.npy' belongs to nothing"),
    "an absolute way": (lambda m: m | {"/etc/x.npy": b""}, "'/etc/x.npy' belongs to nothing"),
    "another member": (lambda m: m | {"payload.exe": b"MZ"}, "'payload.exe' belongs to nothing"),
    "memory without its other half": (
        lambda m: {n: m[n] for n in m if n != "optimizer.v.npy"},
        "'optimizer.v' is",
    ),
    "no theta": (lambda m: {n: m[n] for n in m if n != "theta.npy"}, "'theta' is missing"),
    "no history": (lambda m: {n: m[n] for n in m if n != "history.npy"}, "'history' is missing"),
    # JSON
    "no JSON": (raw_header("{'a': 1}"), "corrupted \\(Expecting"),
    "no UTF-8": (raw_header(b'{"\xff": 1}'), "corrupted"),
    "JSON in JSON in JSON": (raw_header("[" * 500_000 + "]" * 500_000), "corrupted"),
    "a number of 10000 digits": (raw_header("1" * 10_000), "corrupted"),
    "a long header": (raw_header(" " * 2**20 + "{}"), "more than 1048576 bytes"),
    "a list": (header(lambda h: [h]), "not scratchnet's"),
    "another format": (header(lambda h: h.update(format="scratchnet")), "not scratchnet's"),
    "version 0": (header(lambda h: h.update(version=0)), "not scratchnet's"),
    "version true": (header(lambda h: h.update(version=True)), "not scratchnet's"),
    "version 1.0": (header(lambda h: h.update(version=1.0)), "not scratchnet's"),
    "another key": (header(lambda h: h.update(more=1)), "not scratchnet's"),
    "a key less": (header(lambda h: {k: h[k] for k in h if k != "rng"}), "not scratchnet's"),
    # the network
    "float16": (header(lambda h: h.update(dtype="float16")), "dtype must be float32 or float64, got 'float16'"),
    "a dtype with objects": (header(lambda h: h.update(dtype="O")), "dtype must be float32 or float64"),
    "no layers": (header(lambda h: h.update(layers=[])), "layer"),
    "layers by name": (header(lambda h: h.update(layers="ReLU")), "not scratchnet's"),
    "a million layers": (header(lambda h: h.update(layers=[{"kind": "ReLU"}] * 10**6)), "more than 1048576 bytes"),
    "many layers": (
        header(lambda h: h.update(layers=[{"kind": "LinearLayer", "d_in": 1, "d_out": 5}] * 20_000)),
        "too few for these layers",
    ),
    "an absurd layer": (header(lambda h: h["layers"][0].update(d_in=10**12)), "theta has 11 entries, too few"),
    "an endless layer": (header(lambda h: h["layers"][0].update(d_in=10**400)), "theta has 11 entries, too few"),
    "a negative layer": (header(lambda h: h["layers"][0].update(d_in=-3)), "d_in must be a positive integer"),
    "two negative sizes": (header(lambda h: h["layers"][0].update(d_in=-3, d_out=-2)), "must be a positive integer"),
    "a layer of 3.0": (header(lambda h: h["layers"][0].update(d_in=3.0)), "d_in must be a positive integer"),
    "a layer of true": (header(lambda h: h["layers"][2].update(d_out=True)), "d_out must be a positive integer"),
    "layers that do not fit": (header(lambda h: h["layers"][2].update(d_in=1, d_out=2)), "X must have shape"),
    "an unknown layer": (
        header(lambda h: h["layers"][1].update(kind="LeakyReLU")),
        "layers.1 must be one of .* LinearLayer, .*ReLU, .*'LeakyReLU'",
    ),
    "a class of Python": (header(lambda h: h["layers"][1].update(kind="os.system")), "layers.1 must be one of"),
    "an optimizer for a layer": (header(lambda h: h["layers"].insert(1, h["optimizer"])), "layers.1 must be one of"),
    "a layer for an optimizer": (
        header(lambda h: h.update(optimizer={"kind": "ReLU"})),
        "optimizer must be",
    ),
    "an empty optimizer": (header(lambda h: h.update(optimizer={})), "optimizer must be"),
    "no output": (header(lambda h: h.update(output=None)), "output must be"),
    "a setting too many": (header(lambda h: h["optimizer"].update(gamma=1)), "optimizer has missing or unknown keys"),
    "a setting too few": (header(lambda h: h["optimizer"].pop("lr") and None), "settings of optimizer"),
    "a rate of nan": (header(lambda h: h["optimizer"].update(lr=math.nan)), "lr must be a finite number"),
    "a rate of 1e999": (
        lambda m: m | {"network.json": m["network.json"].replace(b'"lr": 0.05', b'"lr": 1e999')},
        "lr must be a finite number",
    ),
    "a negative rate": (header(lambda h: h["optimizer"].update(lr=-1)), "lr must be a finite number > 0"),
    "a rate in words": (header(lambda h: h["optimizer"].update(lr="fast")), "lr must be a finite number"),
    "text for gigabytes": (header(lambda h: h["optimizer"].update(lr=["x" * 500_000] + [""] * 100_000)), "plain numb"),
    "a count below zero": (header(lambda h: h["optimizer"].update(t=-1)), "t has a value out of range"),
    "an endless count": (header(lambda h: h["optimizer"].update(t=10**400)), "t has a value out of range"),
    "a count of true": (header(lambda h: h["optimizer"].update(t=True)), "t has a value out of range"),
    # generators
    "no such generator": (header(lambda h: h.update(rng=1)), "rng must be the number of a generator"),
    "a generator from the end": (header(lambda h: h.update(own_rng=-1)), "own_rng must be the number of a generator"),
    "a generator by name": (generator_state(bit_generator="RandomState"), "must be one of PCG64"),
    "another generator's state": (generator_state(bit_generator="MT19937"), "another form"),
    "a state beyond 128 bits": (generator_state(state={"state": 2**128, "inc": 1}), "state has a value out of range"),
    "a negative state": (generator_state(state={"state": -1, "inc": 1}), "state has a value out of range"),
    "half a state": (generator_state(state={"state": 1}), "out of range or of another form"),
    "a position behind the key": (mersenne(pos=1000), "pos has a value out of range"),
    "a position in words": (mersenne(pos="first"), "pos has a value out of range"),
    "a position before the key": (mersenne(pos=-1), "pos has a value out of range"),
    "a short key": (mersenne(key=[1, 2, 3]), "key has a value out of range"),
    "a key of fractions": (mersenne(key=[0.5] * 624), "uint32 has a value out of range"),
    "a key beyond 32 bits": (mersenne(key=[2**32] * 624), "uint32 has a value out of range"),
    "a position before the buffer": (philox(buffer_pos=-5), "buffer_pos has a value out of range"),
    "a position behind the buffer": (philox(buffer_pos=5), "buffer_pos has a value out of range"),
}


@pytest.mark.parametrize(("make", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_at_once_and_without_much_memory(path, example, make, message):
    data = make(members_of(example[-1]))
    data = data if isinstance(data, bytes) else zipped(data)
    path.write_bytes(data)
    tracemalloc.start()
    start = time.perf_counter()
    try:
        with pytest.raises(ValueError, match=message) as caught:
            load(path)
        seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert type(caught.value) is ValueError and str(caught.value).startswith(f"cannot load {str(path)!r}: ")
    assert len(str(caught.value)) < 1000
    assert seconds < 5 and peak < 2**20 + 40 * len(data)
    assert not os.path.exists(os.path.join(tempfile.gettempdir(), "scratchnet_was_here"))


@pytest.mark.parametrize("key", ["inc", "lr"])
@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_nesting_is_refused_whether_python_gives_up_on_reading_or_on_showing_it(path, example, key, pair):
    members = members_of(example[-1])
    for depth in (10, *range(800, 1000), 20_000):
        refusal(path, zipped(nested(members, key, *pair, depth)))


def test_two_members_of_one_name_are_refused(path, example):
    members = members_of(example[-1])
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([*members.items(), ("theta.npy", npy(np.ones(11)))])
    assert "the same name" in refusal(path, data)


def test_a_large_network_takes_a_small_multiple_of_its_file(path):
    net = NeuralNetwork([300, 1000, 10], seed=0, dtype=np.float32)
    save(net, path)
    tracemalloc.start()
    try:
        load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * path.stat().st_size


FOREIGN = {
    "np.savez": lambda: zipped({"a.npy": npy(np.ones(3))}),
    "np.savez_compressed": lambda: zipped({"a.npy": npy(np.ones(3))}, zipfile.ZIP_DEFLATED),
    "np.save": lambda: npy(np.ones(3)),
    "a pickle": lambda: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07os.path\x94.",
    "text": lambda: b"loss,accuracy\n0.1,0.9\n",
    "an empty zip": lambda: zipped({}),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_another_program_is_named_as_such(path, make):
    assert "it was not saved by scratchnet" in refusal(path, make())


def test_an_empty_file_is_named_as_such(path):
    assert "it is empty" in refusal(path, b"")


def test_a_file_of_a_future_version_asks_for_an_upgrade(path, example):
    data = with_header(example[-1], lambda header: {"format": header["format"], "version": 7, "news": []})
    message = refusal(path, data)
    assert "its version is 7 and this scratchnet reads version 1: upgrade scratchnet" in message


def test_a_file_that_another_zip_program_has_written_anew_is_the_same(path, example):
    net, optimizer, data = example
    members = dict(reversed(members_of(data).items()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in members.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(member)
    path.write_bytes(buffer.getvalue())
    assert held(*load(path)) == held(net, optimizer)


def test_what_the_system_runs_out_of_is_not_called_damage(path, example, monkeypatch):
    def fails(*args):
        raise MemoryError

    path.write_bytes(example[-1])
    monkeypatch.setattr(storage.zipfile, "ZipFile", fails)
    with pytest.raises(MemoryError):
        load(path)
