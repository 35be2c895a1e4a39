"""What `save` and `load` promise, each promise attacked: at random where there are too many ways to name."""

import copy
import gc
import inspect
import io
import json
import math
import os
import pickle
import random
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
from conftest import frozen, interrupted, small_problem
from hypothesis import given, settings
from hypothesis import strategies as st

import scratchnet
from scratchnet import (
    SGD,
    Activation,
    Adam,
    Epoch,
    IdentitySquaredError,
    Layer,
    LinearLayer,
    NeuralNetwork,
    Optimizer,
    Output,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    load,
    storage,
)

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
X, y = small_problem()


def ours(base):
    """Every class of the library below `base` that declares its settings."""
    modules = [f"scratchnet.{module}" for module in scratchnet.MODULES]
    return [kind for kind in storage._kinds(base).values() if kind.__module__ in modules]


LAYERS, OUTPUTS, OPTIMIZERS = ours(Layer), ours(Output), ours(Optimizer)
VALUES = {"lr": 0.03, "d": 4, "d_in": 4, "d_out": 4, "rate": 0.3}  # of settings without a default


def made(kind):
    """An object of a class, its settings those of VALUES or a little beside their defaults."""
    parameters = inspect.signature(kind).parameters
    return kind(**{name: VALUES.get(name) or parameters[name].default * 0.99 for name in kind.settings})


def held(net, optimizer=None, rng=None):
    """Everything that is saved, down to the last bit, in a form that == compares."""
    parts = [*net.layers, net.output, *([optimizer] if optimizer else [])]
    kept = [(*kind.settings, *storage._state(kind), *getattr(kind, "params", ())) for kind in map(type, parts)]
    states = [[getattr(part, name, None) for name in names] for part, names in zip(parts, kept, strict=True)]
    return frozen([[type(part).__name__ for part in parts], states, net.theta, net.history, net.rng, rng or net.rng])


def quietly(net, optimizer=None, n_epochs=1, **options):
    target = np.tile(y, net.layer_dims[-1]) if net.layer_dims[-1] != 2 else np.hstack([y, 1 - y])
    net.train(X, target, 0.1, n_epochs, 5, False, optimizer=optimizer, **options)


def trained(optimizer=None, dims=(3, 4, 1), **options):
    net = NeuralNetwork(list(dims), seed=3, **options)
    quietly(net, optimizer)
    quietly(net, optimizer, validation=(X[:4], y[:4]) if dims[-1] == 1 else None)
    return net


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


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array))
    return buffer.getvalue()


def header_of(members):
    return json.loads(str(np.load(io.BytesIO(members["header.npy"]))))


def with_header(members, header):
    text = header if isinstance(header, str) else json.dumps(header)
    return zipped(members | {"header.npy": npy(np.array(text))})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.npz"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The file of a network with batch normalization, dropout and Adam, and what it holds."""
    path, optimizer = tmp_path_factory.mktemp("example") / "net.npz", Adam(0.05)
    net = trained(optimizer, dims=(3, 2, 1), batch_norm=True, dropout=0.3)
    net.save(path, optimizer)
    return path.read_bytes(), held(net, optimizer)


def refusal(path, data):
    """Write bytes and return the message of the ValueError with which they are refused."""
    path.write_bytes(data)
    with pytest.raises(ValueError) as caught:
        load(path)
    assert type(caught.value) is ValueError and str(caught.value).startswith(f"cannot load {str(path)!r}, which ")
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def refused(path, data):
    """Whether the bytes are refused. Those that are not must be a network that predicts, trains and is saved."""
    path.write_bytes(data)
    try:
        net, optimizer, rng = load(path)
    except ValueError as error:
        assert type(error) is ValueError and str(error).startswith(f"cannot load {str(path)!r}, which ")
        return True
    with np.errstate(all="ignore"):
        net.predict_proba(np.zeros((2, net.layer_dims[0])))
    rng.permutation(net.rng.permutation(5))
    net.save(path, optimizer, rng)
    return False


# What is saved comes back


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [*LAYERS, *OUTPUTS, *OPTIMIZERS], ids=lambda kind: kind.__name__)
def test_every_layer_output_and_optimizer_comes_back_bit_for_bit_and_goes_on(path, kind, dtype):
    optimizer = made(kind) if kind in OPTIMIZERS else Adam(0.05)
    output, d_out = (kind, 2) if kind in OUTPUTS else (SigmoidCrossEntropy, 2)
    net = NeuralNetwork([3, 4, 4, d_out], seed=1, dtype=dtype, output=output)
    if kind in LAYERS:
        layer = kind(4, 4, dtype=dtype) if kind is LinearLayer else made(kind)
        if kind.params and kind is not LinearLayer:
            layer = kind(**{name: getattr(layer, name) for name in kind.settings}, dtype=dtype)
        first, last = LinearLayer(3, 4, 1, dtype=dtype), LinearLayer(4, 2, 2, dtype=dtype)
        net = NeuralNetwork.from_layers([first, layer, last], seed=3)
    quietly(net, optimizer, 2)
    before = held(net, optimizer)
    net.save(path, optimizer)
    loaded, twin, rng = load(path)
    assert held(net, optimizer) == held(loaded, twin, rng) == before and rng is loaded.rng
    assert loaded.theta.dtype == dtype and all(np.shares_memory(layer.W, loaded.theta) for layer in loaded.layers[::9])
    quietly(net, optimizer, 3)
    quietly(loaded, twin, 3, rng=rng)
    assert held(loaded, twin, rng) == held(net, optimizer)
    with pytest.raises(ValueError, match="another network") if twin.memory else pytest.MonkeyPatch.context():
        quietly(net, twin)


GO_ON = """
import numpy as np
from scratchnet import load
net, optimizer, rng = load("net.npz")
X, y = np.load("X.npy"), np.load("y.npy")
net.train(X, y, 0.3, 3, 5, False, optimizer=optimizer, rng=rng, validation=(X[:4], y[:4]))
net.save("net.npz", optimizer, rng)
"""


@pytest.mark.parametrize("own", [True, False], ids=["its own generator", "another generator"])
def test_training_resumed_in_another_process_equals_training_that_never_stopped(tmp_path, own):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    path, optimizer = tmp_path / "net.npz", Adam(0.05)
    net, rng = (
        NeuralNetwork([3, 6, 4, 1], seed=2, batch_norm=True, dropout=0.3),
        None if own else np.random.default_rng(9),
    )

    def keep(net, epoch):
        if epoch == 1:
            net.save(path, optimizer, rng)

    net.train(X, y, 0.3, 5, 5, False, optimizer=optimizer, rng=rng, validation=(X[:4], y[:4]), on_epoch=keep)
    result = subprocess.run([sys.executable, "-W", "error", "-c", GO_ON], cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    loaded = load(path)
    assert held(*loaded) == held(net, optimizer, rng) and (loaded[2] is loaded[0].rng) == own


def test_generators_that_are_one_stay_one(path):
    net = NeuralNetwork([3, 4, 4, 1], seed=0, dropout=0.5)
    net.save(path)
    loaded = load(path)[0]
    assert len({id(loaded.rng), id(loaded.layers[2].rng), id(loaded.layers[5].rng)}) == 3
    net.layers[2].rng, net.layers[5].rng = net.rng, np.random.Generator(net.rng.bit_generator)
    net.save(path, rng=net.layers[5].rng)
    loaded, _, rng = load(path)
    assert rng is loaded.rng is loaded.layers[2].rng is loaded.layers[5].rng


def test_numpy_alone_can_read_the_file(path):
    optimizer = Adam(0.05)
    net = trained(optimizer)
    net.save(path, optimizer)
    with np.load(path, allow_pickle=False) as file:
        assert file.files == ["header", "theta", "history", "optimizer.m", "optimizer.v"]
        assert frozen([file["theta"], file["optimizer.m"]]) == frozen([net.theta, optimizer.m])
        history, header = file["history"], json.loads(str(file["header"]))
    assert frozen([history[:, 5:7], history[:, 7:]]) == frozen([net.grad_norms, net.update_ratios])
    assert history[:, 0].tolist() == net.loss_history and history[:, 2].tolist() == [0.0, 1.0]
    assert header["parts"]["layers.0"] == {"kind": "LinearLayer", "d_in": 3, "d_out": 4}
    assert header["parts"]["optimizer"] == {
        "kind": "Adam",
        "lr": 0.05,
        "beta1": 0.9,
        "beta2": 0.999,
        "eps": 1e-8,
        "t": 6,
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_numbers_keep_their_bits(path, dtype):
    nan, net, limits = math.nan, NeuralNetwork([2, 3, 1], seed=0, dtype=dtype), np.finfo(dtype)
    net.theta[:7] = [-0.0, limits.max, limits.min, limits.tiny, limits.smallest_subnormal, 1 / 3, -1e-30]
    net.history = [
        Epoch(1.0, nan, None, None, (1.0, 2.0), (3.0, math.inf)),  # None, NaN and infinity are three things
        Epoch(2.0, nan, nan, nan, (5e-324, -0.0), (nan, 1e308)),
        Epoch(3.0, 0.5, math.inf, 0.25, (0.1, 0.2), (0.3, 0.4)),
    ]
    net.save(path)
    loaded = load(path)[0]
    assert frozen(loaded.theta) == frozen(net.theta) and repr(loaded.history) == repr(net.history)


def test_an_optimizer_before_its_first_step_serves_any_network(path):
    NeuralNetwork([3, 2, 1], seed=0).save(path, Adam(0.1))
    optimizer = load(path)[1]
    assert optimizer.t == 0 and not hasattr(optimizer, "m")
    quietly(NeuralNetwork([3, 7, 1], seed=1), optimizer)


# A class of the reader's own


class Scale(Layer):
    params = ("gamma",)
    state = ("seen", "last", "rng")
    settings = ("d", "how")

    def __init__(self, d, how="columns", dtype=np.float64):
        self.d, self.how, self.seen = d, how, 0
        self.gamma, self.rng = np.ones((1, d), dtype), np.random.default_rng(5)
        self.last = np.zeros((2, 2), np.int64, order="F")

    def forward(self, X, training=True):
        if training:
            self.seen += 1
            self.last[0] += len(X)
            self.cache(X)
        return self.gamma * X

    def backward(self, dY):
        X = self.cached()
        self.dgamma = (dY * X).sum(axis=-2, keepdims=True)
        return self.gamma * dY


class Undeclared(Activation):
    f, f_grad = ReLU.f, ReLU.f_grad


class Half(SGD):
    """Inherits the settings, but does not say that they are all it needs."""


class SignDescent:
    def step(self, theta, grad):
        theta -= 0.01 * np.sign(grad)


def test_a_class_that_declares_its_settings_is_saved_and_loaded(path):
    layers = [LinearLayer(3, 4, 0, dtype="f4"), Scale(4, "rows", "f4"), LinearLayer(4, 1, 1, dtype="f4")]
    net, optimizer = NeuralNetwork.from_layers(layers, seed=0), Adam(0.1)
    quietly(net, optimizer, 2)
    net.save(path, optimizer)
    loaded, twin, rng = load(path)
    assert held(loaded, twin, rng) == held(net, optimizer)
    scale = loaded.layers[1]
    assert (scale.how, scale.seen, scale.last.tolist()) == ("rows", 6, [[26, 26], [0, 0]])


def test_a_layer_may_take_all_the_parameters_that_are_left(path):
    net = NeuralNetwork.from_layers([LinearLayer(3, 2, 0), Scale(2)], seed=0)
    net.save(path)
    assert held(load(path)[0]) == held(net)


def test_a_history_without_a_right_prediction_and_a_long_count_of_steps_are_saved(path):
    net, adam = NeuralNetwork([3, 1], seed=0), Adam(0.1)
    net.history.append(Epoch(1.0, 0.0, 1.0, 0.0, (1.0,), (1.0,)))
    adam.t = 2**63
    net.save(path, adam)
    assert (load(path)[0].history, load(path)[1].t) == (net.history, 2**63)


NOT_SAVED = [
    (
        lambda net, adam: net.layers.__setitem__(0, copy.deepcopy(net.layers[0])),
        "net.layers holds parameters that are not in net.theta: save copy.deepcopy(net)",
    ),
    (
        lambda net, adam: setattr(net, "rng", 7),
        "net.rng must be NumPy's default generator, such as np.random.default_rng(7), got 7",
    ),
    (
        lambda net, adam: setattr(net.layers[2], "rng", "seven"),
        "layers.2.rng must be NumPy's default generator, such as np.random.default_rng(7), got 'seven'",
    ),
    (
        lambda net, adam: net.layers.__setitem__(1, Undeclared()),
        "layers.1 cannot be saved: its class Undeclared must be Layer and declare its settings, the arguments that "
        "build it. Or keep net.theta with np.save, and assign it to a network that you build anew",
    ),
    (
        lambda net, adam: setattr(adam, "beta1", 2.0),
        "this network cannot be saved: beta1 must be a finite number >= 0 and < 1, got 2.0",
    ),
    (
        lambda net, adam: setattr(adam, "t", 2**63 + 1),
        "this network cannot be saved: its header and its arrays are not those of a network",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), NOT_SAVED)
def test_the_whole_message_of_what_cannot_be_saved(path, spoil, message):
    net, adam = NeuralNetwork([3, 4, 1], seed=0, dropout=0.5), Adam(0.05)
    spoil(net, adam)
    with pytest.raises((TypeError, ValueError)) as caught:
        net.save(path, adam)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda net: net.layers.__setitem__(1, Undeclared()), "layers.1 cannot be saved: its class Undeclared must be"),
        (lambda net: setattr(net, "output", type("Mine", (SigmoidCrossEntropy,), {})()), "output cannot .* class Mine"),
        (lambda net: {"optimizer": Half(0.1)}, "optimizer cannot be saved: its class Half must be Optimizer"),
        (lambda net: {"optimizer": SignDescent()}, "optimizer cannot be saved: its class SignDescent"),
        (lambda net: {"optimizer": ReLU()}, "optimizer cannot be saved: its class ReLU must be Optimizer"),
        (lambda net: {"rng": np.random.Generator(np.random.MT19937(0))}, "rng must be NumPy's default generator"),
        (lambda net: {"rng": 7}, "rng must be NumPy's default generator, .* got 7"),
    ],
)
def test_what_does_not_declare_its_settings_is_refused(path, change, message):
    path.write_bytes(b"what was there before")
    net = NeuralNetwork([3, 4, 1], seed=0)
    with pytest.raises(TypeError, match=message):
        net.save(path, **(change(net) or {}))
    assert [file.read_bytes() for file in path.parent.iterdir()] == [b"what was there before"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda net, adam: net.theta.__setitem__(5, np.nan), "theta must be finite .* nan at index"),
        (lambda net, adam: net.layers.__setitem__(0, copy.deepcopy(net.layers[0])), "save copy.deepcopy"),
        (lambda net, adam: net.layers.__delitem__(slice(2, None)), "theta must have shape"),
        (
            lambda net, adam: vars(adam).update(copy.deepcopy(vars(adam)), _theta=(lambda: None, None)),
            "another network",
        ),
        (lambda net, adam: adam.v.__setitem__(3, -1e-300), "optimizer.v must be finite float64, and at least 0"),
        (lambda net, adam: adam.m.__setitem__(3, np.inf), "optimizer.m must be finite"),
        (lambda net, adam: setattr(adam, "m", adam.m[:-1]), "optimizer.m must have shape"),
        (lambda net, adam: setattr(adam, "m", adam.m.astype("f4")), "optimizer.m must be finite float64"),
        (lambda net, adam: setattr(adam, "t", -1), "t must be an integer of at least 0"),
        (lambda net, adam: setattr(adam, "beta1", 2.0), "beta1 must be"),
        (lambda net, adam: setattr(adam, "beta1", [0.5]), "beta1 must be"),
        (lambda net, adam: setattr(net.layers[1], "running_mean", np.ones(4)), "running_mean must have shape"),
        (lambda net, adam: net.history.append((1.0, 1.0, None, None, (), ())), r"history\[2\] must be an Epoch"),
        (lambda net, adam: net.history.append(net.history[1]._replace(accuracy=7e300)), r"history\[2\] must be"),
        (lambda net, adam: net.history.append(net.history[1]._replace(accuracy=-0.1)), r"history\[2\] must be"),
        (lambda net, adam: net.history.append(net.history[1]._replace(validation_accuracy=1.5)), r"history\[2\]"),
        (lambda net, adam: net.history.append(net.history[1]._replace(validation_loss=None)), r"history\[2\]"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_network_that_could_not_be_loaded_is_not_saved(path, spoil, message):
    path.write_bytes(b"what was there before")
    adam = Adam(0.05)
    net = trained(adam, batch_norm=True)
    spoil(net, adam)
    for outside in (None, KeyboardInterrupt()):  # after an interrupt, too, it is this error that comes
        try:
            if outside:
                raise outside
            raise RuntimeError
        except (KeyboardInterrupt, RuntimeError):
            with pytest.raises(ValueError, match=message):
                net.save(path, adam)
    assert [file.read_bytes() for file in path.parent.iterdir()] == [b"what was there before"]


# The file


def test_any_form_of_path_will_do_and_errors_of_the_system_stay_what_they_are(tmp_path, monkeypatch):
    net = NeuralNetwork([1, 1], seed=0)
    monkeypatch.chdir(tmp_path)
    for path in ("a", b"b", Path("c.d"), str(tmp_path / "ü ñ.npz"), "x" * 255):
        net.save(path)
        assert held(load(path)[0]) == held(net)
    for wrong in (7, None, io.BytesIO()):
        for call in (net.save, load):
            with pytest.raises(TypeError, match="PathLike"):
                call(wrong)
    for call in (net.save, load):
        with pytest.raises(FileNotFoundError):
            call(tmp_path / "no folder" / "net.npz")
        with pytest.raises(OSError, match="is a folder or a device, not a file: choose another path"):
            call(tmp_path)
    with pytest.raises(FileNotFoundError):
        load("net.npz")
    assert sorted(os.listdir()) == sorted(["a", "b", "c.d", "ü ñ.npz", "x" * 255])


@posix
def test_a_pipe_and_a_device_are_refused_at_once(path):
    os.mkfifo(path)  # to open it would wait for a writer for ever
    for place in (path, os.devnull):
        for call in (NeuralNetwork([1, 1], seed=0).save, load):
            with pytest.raises(OSError, match="is a folder or a device, not a file"):
                call(place)
    assert stat.S_ISFIFO(path.stat().st_mode)


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_permissions_and_links_stay_and_what_is_private_is_so_from_the_first_byte(tmp_path, monkeypatch, umask):
    net, previous, modes, fsync = NeuralNetwork([1, 1], seed=0), os.umask(umask), [], os.fsync
    link, path = tmp_path / "latest", tmp_path / "folder" / "net.npz"
    path.parent.mkdir()
    link.symlink_to("folder/net.npz")
    monkeypatch.setattr(storage.os, "fsync", lambda fd: (modes.append(stat.S_IMODE(os.fstat(fd).st_mode)), fsync(fd)))
    try:
        for mode in (0o666 & ~umask, 0o600, 0o644, 0o777):
            if path.exists():
                path.chmod(mode)
            net.save(link)
            assert stat.S_IMODE(path.stat().st_mode) == mode and modes.pop() == mode & ~umask
    finally:
        os.umask(previous)
    assert link.is_symlink() and sorted(os.listdir(tmp_path)) == ["folder", "latest"]
    assert os.listdir(path.parent) == ["net.npz"]


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everything")
def test_what_is_protected_is_not_replaced(path):
    NeuralNetwork([1, 1], seed=0).save(path)
    before = path.read_bytes()
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        NeuralNetwork([2, 1]).save(path)
    path.chmod(0o644)
    assert path.read_bytes() == before


def test_what_may_only_be_read_is_not_replaced(path, monkeypatch):
    NeuralNetwork([1, 1], seed=0).save(path)
    before = path.read_bytes()

    def only_read(file, mode="r", **options):
        if file == str(path) and mode not in ("r", "rb"):
            raise PermissionError(13, "Permission denied", file)
        return open(file, mode, **options)

    monkeypatch.setattr(storage, "open", only_read, raising=False)
    with pytest.raises(PermissionError):
        NeuralNetwork([2, 1]).save(path)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["net.npz"]


def test_a_file_is_first_written_beside_the_one_that_it_replaces(path, monkeypatch):
    sources, replace = [], os.replace
    monkeypatch.setattr(storage.os, "replace", lambda source, to: (sources.append(source), replace(source, to)))
    NeuralNetwork([1, 1], seed=0).save(path)
    assert [Path(source).parent for source in sources] == [path.parent]


# Whatever interrupts a save, the old file is there or the new one


@pytest.fixture
def versions(path):
    """A network whose file is to replace that of another: the network, the new bytes, and the old ones, at path."""
    first, second = NeuralNetwork([3, 2, 1], seed=0), NeuralNetwork([3, 2, 1], seed=1)
    second.save(path)
    new = path.read_bytes()
    first.save(path)
    return second, new, path.read_bytes()


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt(), MemoryError()], ids=repr)
@pytest.mark.parametrize("at", ["open", "fsync", "chmod", "replace"])
def test_a_step_that_fails_leaves_the_old_file_and_no_other(path, versions, monkeypatch, at, error):
    def fails(*args, **kwargs):
        raise error

    monkeypatch.setattr(storage.os, at, fails)
    with pytest.raises(type(error)) as caught:
        versions[0].save(path)
    monkeypatch.undo()
    assert caught.value is error and path.read_bytes() == versions[2] and os.listdir(path.parent) == ["net.npz"]


@posix
def test_a_full_disk_leaves_the_old_file_and_no_other(path, versions):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # bytes that one file may have
    try:
        with pytest.raises(OSError, match="File too large"):
            versions[0].save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == versions[2] and os.listdir(path.parent) == ["net.npz"]


def descriptors():
    return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()


@pytest.mark.filterwarnings("ignore")  # of a file that Python closes itself
def test_an_interrupt_at_any_opcode_stays_one_and_leaves_a_whole_file_and_nothing_else(path, versions):
    second, new, old = versions
    moment, outcomes = random.Random(1), set()
    for _ in range(2):  # the first time Python does what it does once
        in_all = interrupted(0, lambda: second.save(path), inside="")[1]
    before = descriptors()
    last = [in_all - k for k in range(400)]  # the file is written at the end, and takes its place near the end of that
    for k in [moment.randrange(in_all) for _ in range(15)] + moment.sample(last, 25) + last[1:60:2]:
        path.write_bytes(old)
        outcome, _ = interrupted(k, lambda: second.save(path), inside="")
        assert outcome in (KeyboardInterrupt, None), k
        outcomes.add((outcome, path.read_bytes() == new))
        assert path.read_bytes() in (old, new) and os.listdir(path.parent) == ["net.npz"], k
    gc.collect()
    assert descriptors() <= before
    assert outcomes >= {(KeyboardInterrupt, False), (KeyboardInterrupt, True)}


SAVES_FOR_EVER = """
import itertools
from scratchnet import load
nets = [load(name)[0] for name in ("first.npz", "second.npz")]
print("ready", flush=True)
for net in itertools.cycle(nets):
    net.save("net.npz")
"""


@posix
@pytest.mark.long
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    nets = [NeuralNetwork([50, 400, 300, 1], seed=seed) for seed in range(2)]  # 1.1 MB: most kills fall into a write
    for net, name in zip(nets, ("first.npz", "second.npz"), strict=True):
        net.save(tmp_path / name)
    nets[0].save(tmp_path / "net.npz")
    allowed, moment = [held(net) for net in nets], random.Random(1)
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", SAVES_FOR_EVER], stdout=subprocess.PIPE, cwd=tmp_path) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moment.uniform(0, 0.06))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert held(load(tmp_path / "net.npz")[0]) in allowed


# A file that has changed is refused, or is the same network


def test_a_file_that_is_cut_off_or_goes_on_is_refused(path, example):
    data, moment = example[0], random.Random(2)
    for length in {0, 1, 21, 22, len(data) - 1, *moment.sample(range(len(data)), 100)}:
        refusal(path, data[:length])
    for junk in (b"\0", b"junk", data[:30], moment.randbytes(3000), data):
        refusal(path, junk + data)
        assert junk == data or "something after its end" in refusal(path, data + junk)


@pytest.mark.parametrize("part", range(4))
def test_damage_anywhere_is_refused_or_does_not_matter(path, example, part):
    data, expected = example
    moment, n_refused = random.Random(part), 0
    for _ in range(100):
        damaged, start = bytearray(data), moment.randrange(len(data))
        stop = start + moment.choice([1, 2, 4, 16, 100, 1000])
        if part == 0:
            damaged[start] ^= 1 << moment.randrange(8)
        elif part == 1:
            damaged[start:stop] = moment.randbytes(len(damaged[start:stop]))
        elif part == 2:
            del damaged[start:stop]
        else:
            damaged[start:start] = moment.randbytes(stop - start)
        path.write_bytes(damaged)
        try:
            assert held(*load(path)) == expected
        except ValueError as error:
            assert str(error).startswith("cannot load ")
            n_refused += 1
    assert n_refused > 75  # what does not matter: the dates and attributes of the members


# A file that somebody made up is refused, or means a network


def places(value, where=()):
    """The way to every value in a tree of JSON."""
    yield where
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*where, key))


made_up = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.integers(-(2**130), 2**130)
    | st.sampled_from([10**12, 10**400, 2**63, math.nan, math.inf, 1e-320, -0.5, 0.5, 1.0])
    | st.sampled_from([kind.__name__ for kind in (*LAYERS, *OUTPUTS, *OPTIMIZERS, Layer, Optimizer)])
    | st.text(max_size=3),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "lr", "t", "d_in"]), children, max_size=3)
    ),
    max_leaves=4,
)


@given(data=st.data())
@settings(max_examples=100)
def test_a_made_up_header_is_refused_or_means_a_network(example, data):
    members = members_of(example[0])
    header = header_of(members)
    for _ in range(data.draw(st.integers(1, 2))):
        *where, last = data.draw(st.sampled_from([place for place in places(header) if place]))
        parent = header
        for key in where:
            parent = parent[key]
        how = data.draw(st.sampled_from(["replace", "delete", "add"]))
        if how == "replace":
            parent[last] = data.draw(made_up)
        elif how == "delete":
            del parent[last]
        elif isinstance(parent, list):
            parent.insert(last, data.draw(made_up))
        else:
            parent[data.draw(st.sampled_from(["m", "t", "rng", "layers.1", "optimizer"]))] = data.draw(made_up)
    with tempfile.TemporaryDirectory() as folder:
        refused(Path(folder) / "net.npz", with_header(members, header))


@given(data=st.data())
@settings(max_examples=100)
def test_made_up_members_are_refused_or_mean_a_network(example, data):
    members = members_of(example[0])
    name = data.draw(st.sampled_from(sorted(members)))
    dtype = st.sampled_from([">f8", "f4", "f2", "c16", "i8", "?", "U3", "f8,i4", "<M8[s]"])
    how = data.draw(st.sampled_from(["bytes", "dtype", "numbers", "shape", "leave out"]))
    if how == "bytes":
        member = bytearray(members[name])
        for _ in range(data.draw(st.integers(1, 3))):
            member[data.draw(st.integers(0, min(140, len(member) - 1)))] = data.draw(st.integers(0, 255))
        members[name] = bytes(member)
    elif how == "dtype":
        members[name] = npy(np.zeros(data.draw(st.sampled_from([(), 0, 2, 11, (1, 2)])), data.draw(dtype)))
    elif how == "leave out":
        del members[name]
    elif name != "header.npy":
        array = np.load(io.BytesIO(members[name])).copy()
        if how == "numbers" and array.size:
            array.flat[data.draw(st.integers(0, array.size - 1))] = data.draw(
                st.sampled_from([math.nan, math.inf, -1.0, 0.5, 7e300, -1e-300])
            )
        members[name] = npy(array.T if how == "shape" else array)
    with tempfile.TemporaryDirectory() as folder:
        refused(Path(folder) / "net.npz", zipped(members))


# A file that means harm is refused at once, and takes no memory that it does not fill


class Harm:
    """What a pickle can do when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (os.path.join(tempfile.gettempdir(), "scratchnet_was_here"),)


def claims(shape, descr="<f8", data=b""):
    """An array of which there is only the header."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def patched(members, **fields):
    """Change what the directory at the end of the zip says about theta."""
    offsets = {"flags": (8, "<H"), "method": (10, "<H"), "packed": (20, "<L"), "size": (24, "<L"), "place": (42, "<L")}
    data = bytearray(zipped(members))
    for field, value in fields.items():
        offset, form = offsets[field]
        struct.pack_into(form, data, data.rindex(b"theta.npy") - 46 + offset, value)
    return bytes(data)


def many_entries(members):
    """A directory of 5,000 entries that all name the same bytes."""
    data = zipped(members)
    body, entry = data[:-22], data[-22 - 46 - len("optimizer.v.npy") : -22]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2**16 - 1, 2**16 - 1, 5_000 * len(entry), len(body), 0)
    return body + 5_000 * entry + end


def theta(array_or_bytes):
    data = array_or_bytes if isinstance(array_or_bytes, bytes) else npy(array_or_bytes)
    return lambda members: members | {"theta.npy": data}


def changed(where, value):
    """A file whose header has another value at a place such as 'parts/layers.0/d_in'."""

    def change(members):
        header = header_of(members)
        *way, last = where.split("/")
        parent = header
        for key in way:
            parent = parent[int(key) if isinstance(parent, list) else key]
        parent[last] = value
        return with_header(members, header)

    return change


def many_layers(kind, n, **settings):
    return lambda members: with_header(
        members, {**header_of(members), "parts": {f"layers.{i}": {"kind": kind, **settings} for i in range(n)}}
    )


def nested(opening, closing, depth):
    return lambda members: with_header(members, '{"format": ' + opening * depth + "1" + closing * depth + "}")


HOSTILE = {
    "pickle": theta(np.array([Harm()], dtype=object)),
    "a pickle for a file": lambda members: pickle.dumps(Harm()),
    "objects": theta(claims("(1,)", "|O", b"x" * 8)),
    "a shape of 10**12": theta(claims("(1000000000000,)")),
    "a shape of 10**60": theta(claims(f"({10**60},)")),
    "a shape with an endless side": theta(claims("(0, 1000000000000)")),
    "two negative sides": theta(claims("(-11, -2)", data=bytes(176))),
    "nothing a number": theta(claims("(1000000000000,)", "<U0")),
    "code for a shape": theta(claims("(print(1),)")),
    "a header that never ends": theta(b"\x93NUMPY\x01\x00\xff\xff{" + b"(" * 65534),
    "longer than its shape": lambda members: theta(members["theta.npy"] + bytes(8))(members),
    "zip bomb": lambda members: zipped(members | {"theta.npy": npy(np.zeros(10**7))}, zipfile.ZIP_DEFLATED),
    "bzip2": lambda members: zipped(members, zipfile.ZIP_BZIP2),
    "unknown compression": lambda members: patched(members, method=99),
    "encrypted": lambda members: patched(members, flags=1),
    "a size that lies": lambda members: patched(members, size=2**31),
    "sizes that lie": lambda members: patched(members, size=2**31, packed=2**31),
    "a place beyond the file": lambda members: patched(members, place=2**31),
    "a place of another member": lambda members: patched(members, place=0),
    "members that share their bytes": many_entries,
    "another member": lambda members: members | {"../../x.npy": npy(np.zeros(2))},
    "an empty zip": lambda members: zipped({}),
    "something after its end": lambda members: zipped(members) + b"\0",
    "no header": lambda members: {name: members[name] for name in members if name != "header.npy"},
    "np.savez of another program": lambda members: {"a.npy": npy(np.ones(3))},
    "a list for a header": lambda members: with_header(members, "[1]"),
    "deep lists": nested("[", "]", 200_000),
    "deep objects": nested('{"a":', "}", 200_000),
    "a number of 10000 digits": lambda members: with_header(members, "1" * 10_000),
    "another format": changed("format", "scratchnet network 7"),
    "no optimizer": changed("parts/optimizer", None),
    "a layer for an optimizer": changed("parts/optimizer", {"kind": "ReLU"}),
    "a base class": changed("parts/optimizer", {"kind": "Optimizer", "lr": 0.1}),
    "a class of Python": changed("parts/layers.2/kind", "os.system"),
    "an absurd layer": changed("parts/layers.0/d_in", 10**12),
    "an endless layer": changed("parts/layers.0/d_in", 10**400),
    "a negative layer": changed("parts/layers.0/d_in", -3),
    "a layer of 3.0": changed("parts/layers.0/d_in", 3.0),
    "an absurd batch norm": changed("parts/layers.1/d", 10**12),
    "many linear layers": many_layers("LinearLayer", 5_000, d_in=1, d_out=5),
    "many layers": many_layers("ReLU", 2_000),
    "a rate of nan": changed("parts/optimizer/lr", math.nan),
    "an endless count": changed("parts/optimizer/t", 10**400),
    "a generator from the end": changed("rng", -1),
    "a generator that is none": changed("rng", 99),
    "another generator": changed("generators/0/bit_generator", "MT19937"),
    "a state beyond 128 bits": changed("generators/0/state", {"state": 2**128, "inc": 1}),
    "a negative state": changed("generators/0/state", {"state": -1, "inc": 1}),
    "half a state": changed("generators/0/state", {"state": 1}),
    "a state in words": changed("generators/0/state", {"state": "one", "inc": 1}),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_at_once_and_without_memory(path, example, make):
    data = make(members_of(example[0]))
    data = data if isinstance(data, bytes) else zipped(data)
    tracemalloc.start()
    start = time.process_time()
    try:
        refusal(path, data)
        seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seconds < 10 and peak < 2**20 + 60 * len(data)
    assert not os.path.exists(os.path.join(tempfile.gettempdir(), "scratchnet_was_here"))


REASONS = {
    "something after its end": "it is cut off, has something after its end, or is no .npz file",
    "zip bomb": "it is compressed, or its members overlap",
    "an empty zip": "its format is None, or it has two members of one name",
    "no header": "its format is None, or it has two members of one name",
    "another format": "its format is 'scratchnet network 7', or it has two members of one name",
    "a layer for an optimizer": "there is no Optimizer of the name 'ReLU' here: import it first",
    "many linear layers": "theta has too few entries for these layers",
    "another member": "its header and its arrays are not those of a network",
}


@pytest.mark.parametrize("name", REASONS)
def test_the_whole_message_of_a_file_that_is_refused(path, example, name):
    data = HOSTILE[name](members_of(example[0]))
    message = refusal(path, data if isinstance(data, bytes) else zipped(data))
    what = f"cannot load {str(path)!r}, which `save` did not write or which has changed"
    assert message == f"{what}: {REASONS[name]}"


def test_two_members_of_one_name_are_refused(path, example):
    members = members_of(example[0])
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([*members.items(), ("theta.npy", members["theta.npy"])])
    assert "two members of one name" in refusal(path, data)


@posix
def test_a_sparse_file_of_two_gigabytes_is_refused_unread(path, example):
    for end in (b"", example[0]):
        path.write_bytes(b"PK\3\4")
        with path.open("r+b") as file:
            file.truncate(2**31)
            file.seek(2**31)
            file.write(end)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match="cannot load"):
                load(path)
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()


def test_a_large_network_takes_a_small_multiple_of_its_file(path):
    NeuralNetwork([300, 1000, 10], seed=0, dtype=np.float32).save(path)
    tracemalloc.start()
    try:
        load(path)
        assert tracemalloc.get_traced_memory()[1] < 10 * path.stat().st_size
    finally:
        tracemalloc.stop()


def test_what_the_system_runs_out_of_is_not_called_damage(path, example, monkeypatch):
    def fails(*args):
        raise MemoryError

    path.write_bytes(example[0])
    monkeypatch.setattr(storage.zipfile, "ZipFile", fails)
    with pytest.raises(MemoryError):
        load(path)


def test_everything_that_the_library_has_is_tried_here():
    assert {SoftmaxCrossEntropy, IdentitySquaredError} <= set(OUTPUTS)
    bases = (Layer, Activation, Output, Optimizer)
    classes = [value for value in vars(scratchnet).values() if isinstance(value, type) and issubclass(value, bases)]
    assert set(classes) - set(bases) == {*LAYERS, *OUTPUTS, *OPTIMIZERS}
