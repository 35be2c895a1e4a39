"""Saving and loading: a network and all that its training needs to go on, in one .npz file.

The file is an uncompressed zip of plain arrays, which np.load opens too, and of `network.json`, which says what they
belong to. Nothing in it is code and nothing is pickled: a file from anywhere may be refused, but cannot run anything.
Members: `theta`; `history`, a row for every epoch with loss, accuracy, 1 or 0 for validated or not, validation loss
and accuracy, then the gradient norms and the update ratios; what optimizer and layers remember, as `optimizer.m`.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchnet import checks
from scratchnet.dropout import Dropout
from scratchnet.history import Epoch
from scratchnet.layers import Layer, LinearLayer, ReLU, Sigmoid, Tanh
from scratchnet.losses import IdentitySquaredError, Output, SigmoidCrossEntropy, SoftmaxCrossEntropy
from scratchnet.network import NeuralNetwork
from scratchnet.normalization import BatchNorm
from scratchnet.optimizers import SGD, Adam, Momentum, Optimizer
from scratchnet.variants import AdamW, Nesterov, RMSProp

FORMAT, VERSION, HEADER = "scratchnet network", 1, "network.json"
MAX_HEADER, MAX_MEMBERS = 2**20, 10_000  # bytes; arrays
KEYS = {"format", "version", "dtype", "layers", "output", "optimizer", "own_rng", "rng", "generators"}


class _Kind(NamedTuple):
    """How the objects of one class are described: by what builds them, and by what they hold on top of that."""

    cls: type[Any]
    sizes: tuple[str, ...] = ()  # arguments that are the last lengths in the shape of the first parameter
    settings: tuple[str, ...] = ()  # arguments that are attributes of the same name; the constructor checks them
    state: tuple[str, ...] = ()  # attributes: counts, generators, arrays; one that is not there yet will be like theta
    squares: tuple[str, ...] = ()  # of these, the arrays of means of squares, whose roots are taken


KINDS = {
    kind.cls.__name__: kind
    for kind in (
        _Kind(LinearLayer, sizes=("d_in", "d_out")),
        _Kind(BatchNorm, ("d",), ("momentum", "eps"), ("running_mean", "running_var"), squares=("running_var",)),
        _Kind(Dropout, settings=("rate",), state=("rng",)),
        *map(_Kind, (ReLU, Sigmoid, Tanh, SigmoidCrossEntropy, SoftmaxCrossEntropy, IdentitySquaredError)),
        _Kind(SGD, settings=("lr",), state=("t",)),
        _Kind(Momentum, settings=("lr", "beta"), state=("t", "v")),
        _Kind(Nesterov, settings=("lr", "beta"), state=("t", "v")),
        _Kind(RMSProp, settings=("lr", "beta", "eps"), state=("t", "v"), squares=("v",)),
        _Kind(Adam, (), ("lr", "beta1", "beta2", "eps"), ("t", "m", "v"), squares=("v",)),
        _Kind(AdamW, (), ("lr", "beta1", "beta2", "eps", "weight_decay"), ("t", "m", "v"), squares=("v",)),
    )
}
BITS = {name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")}
# NumPy's generators take any state, and with some of these numbers out of range they read beyond their memory.
LIMITS = {"state": 2**128, "inc": 2**128, "has_uint32": 2, "uinteger": 2**32, "pos": 625, "buffer_pos": 5}
LIMITS |= {"uint32": 2**32, "uint64": 2**64}
NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(<f[48])', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n", re.DOTALL
)
SCALARS = (bool, int, float, str)
REFUSALS = (ValueError, TypeError, OverflowError, RecursionError)


def save(
    net: NeuralNetwork,
    path: str | os.PathLike[str],
    optimizer: Optimizer | None = None,
    rng: np.random.Generator | None = None,
) -> None:
    """Write the network to the file `path`: layers, output, dtype, parameters, history and its own generator.

    Give the `optimizer` of its training too, and the `rng` if that is not the network's own; then training that
    goes on from `load`, on the same system, ends bit for bit like training that never stopped. An existing file
    is replaced in one step: whatever interrupts this, the old file or the new one is there, whole; only a kill
    may leave a file scratchnet-*.tmp beside it. Not saved: attributes that you added, and how many generators the
    generator has spawned.

    Raises TypeError for an object of a class that scratchnet does not define, ValueError for parameters that are
    not finite or not in net.theta and for an optimizer of another network, OSError where nothing can be written.
    """
    data = _pack(net, optimizer, rng)
    try:
        _unpack(*_open(data))  # what could not be loaded is not written
    except REFUSALS as error:
        raise ValueError(f"this network cannot be saved: {error}") from error
    if optimizer is not None and any(name in vars(optimizer) for name in optimizer.memory):
        before = dict(vars(optimizer))
        try:
            optimizer._remember(net.theta)  # raises ValueError if it remembers another network
        finally:
            optimizer.__dict__ = before
    _write(os.path.realpath(os.fsdecode(path)), data)


def load(path: str | os.PathLike[str]) -> tuple[NeuralNetwork, Optimizer | None, np.random.Generator]:
    """Return (net, optimizer, rng) from the file `path` that `save` wrote.

    The optimizer is None if none was saved. The generator is net.rng unless another was saved, so that
    `net.train(..., optimizer=optimizer, rng=rng)` goes on in either case.

    Raises ValueError, which names the reason, for any file that `save` did not write or that has changed since.
    """
    with open(os.fspath(path), "rb") as file:
        data = file.read(os.fstat(file.fileno()).st_size)
    advice = ""
    try:
        header, members = _open(data)
        advice = "; scratchnet does not write such a file: use another copy of it, or save the network again"
        return _unpack(header, members)
    except REFUSALS as error:
        raise ValueError(f"cannot load {os.fsdecode(path)!r}: {str(error)[:500]}{advice}") from error


# From a network to bytes


def _pack(net: NeuralNetwork, optimizer: Optimizer | None, rng: np.random.Generator | None) -> bytes:
    if type(net) is not NeuralNetwork:
        raise TypeError(f"net must be a NeuralNetwork, and of no derived class, to be saved, got {type(net).__name__}")
    params = [getattr(layer, name) for layer in net.layers for name in layer.params]
    in_theta = all(np.shares_memory(array, net.theta) for array in params)
    if not in_theta or b"".join(array.tobytes() for array in params) != net.theta.tobytes():
        raise ValueError("net.theta does not hold the parameters of net.layers: save copy.deepcopy(net)")
    arrays = {"theta": net.theta, "history": _table(net)}
    generators: list[np.random.Generator] = []
    header = {
        "format": FORMAT,
        "version": VERSION,
        "dtype": net.dtype.name,
        "layers": [_describe(f"layers.{i}", layer, Layer, arrays, generators) for i, layer in enumerate(net.layers)],
        "output": _describe("output", net.output, Output, arrays, generators),
        "optimizer": None if optimizer is None else _describe("optimizer", optimizer, Optimizer, arrays, generators),
        "own_rng": _index(net.rng, generators),
        "rng": _index(net.rng if rng is None else rng, generators),
        "generators": [generator.bit_generator.state for generator in generators],
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), json.dumps(header, default=np.ndarray.tolist))
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")
            info.file_size = array.nbytes  # about, so that zipfile knows whether 32 bits will do for it
            with archive.open(info, "w") as member:
                little = array.astype(array.dtype.newbyteorder("<"), copy=False)
                np.lib.format.write_array(member, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _table(net: NeuralNetwork) -> np.ndarray:
    """Return the history as a matrix of one row an epoch."""
    n_linear = sum("W" in layer.params for layer in net.layers)
    rows = []
    for i, epoch in enumerate(net.history):
        loss, accuracy, *validation, norms, ratios = epoch
        validated = validation != [None, None]
        row = [loss, accuracy, float(validated), *(validation if validated else (math.nan, math.nan)), *norms, *ratios]
        if {*map(type, row)} != {float} or not len(norms) == len(ratios) == n_linear or len(validation) != 2:
            raise ValueError(f"net.history[{i}] must be an Epoch as train records it, got {epoch!r}")
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, 5 + 2 * n_linear)


def _describe(
    where: str, value: Any, base: type, arrays: dict[str, np.ndarray], generators: list[np.random.Generator]
) -> dict[str, Any]:
    """Return an object in the terms of JSON; its arrays and generators go into the collections."""
    name = type(value).__name__
    kind = KINDS.get(name)
    if kind is None or type(value) is not kind.cls or not issubclass(kind.cls, base):
        raise TypeError(
            f"{where} must be one of {_known(base)} to be saved, got {name}. Save net.theta with np.save, and to load "
            "it, build the network in code and assign net.theta"
        )
    shape = getattr(value, value.params[0]).shape if kind.sizes else ()
    description = {"kind": name, **dict(zip(kind.sizes, shape[-len(kind.sizes) :], strict=False))}
    for name in (*kind.settings, *kind.state):
        item = getattr(value, name, None)
        if isinstance(item, np.ndarray):
            description[name] = f"{where}.{name}"
            arrays[description[name]] = item
        elif isinstance(item, np.random.Generator):
            description[name] = _index(item, generators)
        elif type(item) in SCALARS:
            description[name] = item
        elif item is not None:
            raise TypeError(f"{where}.{name} must be a plain number to be saved, got {item!r}")
    return description


def _known(base: type) -> str:
    return "scratchnet's own " + ", ".join(name for name, kind in KINDS.items() if issubclass(kind.cls, base))


def _index(rng: Any, generators: list[np.random.Generator]) -> int:
    """Return the place of a generator in the list, after appending it unless it is there: two may be the same."""
    if type(rng) is not np.random.Generator or type(rng.bit_generator) not in BITS.values():
        raise TypeError(f"rng must be one of NumPy's, such as np.random.default_rng(7), to be saved, got {rng!r}")
    known = [generator.bit_generator for generator in generators]
    if rng.bit_generator not in known:
        generators.append(rng)
        return len(known)
    return known.index(rng.bit_generator)


def _write(path: str, data: bytes) -> None:
    """Write a file in one step, with the permissions that open(path, "w") would leave it."""
    mode, exists = 0o666, os.path.exists(path)
    if exists:
        with open(path, "r+b") as file:  # raises what there is to raise: for a folder, for a file that is protected
            mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(f"{path!r} is a device, not a file: choose another path")
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f"scratchnet-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, stat.S_IMODE(mode))) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if exists:
            os.chmod(temporary, stat.S_IMODE(mode))  # what the umask took away
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # not every system opens a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# From bytes to a network. No memory is reserved for what a file claims to hold, only for what it holds.


def _open(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the header and the other members, after checking all that can be wrong with the file as a zip."""
    again = "use another copy of the file"
    if not data.startswith(b"PK\3\4"):
        raise ValueError("it was not saved by scratchnet" if data else f"it is empty: {again}")
    if data.count(b"PK\1\2") > MAX_MEMBERS:
        raise ValueError(f"it has more than {MAX_MEMBERS} members: {again}")
    archive = _whole(zipfile.ZipFile, io.BytesIO(data))
    infos = {info.filename: info for info in archive.infolist()}
    if HEADER not in infos:
        raise ValueError("it was not saved by scratchnet; np.load may open it")
    for name, info in infos.items():
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size != info.compress_size:
            raise ValueError(f"{name[:60]!r} in it is compressed or encrypted, as scratchnet saves nothing: {again}")
    if len(infos) < len(archive.infolist()) or sum(info.file_size for info in infos.values()) > len(data):
        raise ValueError(f"two of its members have the same name or place: {again}")
    if infos[HEADER].file_size > MAX_HEADER:
        raise ValueError(f"{HEADER} has more than {MAX_HEADER} bytes, which is too many layers for one file")
    members = {name: _whole(archive.read, info) for name, info in infos.items()}
    header = _whole(json.loads, members.pop(HEADER))
    version = header.get("version") if isinstance(header, dict) and header.get("format") == FORMAT else None
    if type(version) is int and version > VERSION:
        raise ValueError(f"its version is {version} and this scratchnet reads version {VERSION}: upgrade scratchnet")
    right = (
        version == VERSION and header.keys() == KEYS and type(header["layers"]) is type(header["generators"]) is list
    )
    if type(version) is not int or not right:
        raise ValueError(f"{HEADER} in it is not scratchnet's: {again}")
    return header, members


def _whole(read: Callable[[Any], Any], source: Any) -> Any:
    """Return read(source), with one error for the dozen kinds that a damaged file can cause."""
    try:
        return read(source)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"it is truncated or corrupted ({error}): use another copy of the file") from error


def _unpack(header: dict[str, Any], members: dict[str, bytes]) -> tuple[NeuralNetwork, Optimizer | None, Any]:
    """Return (net, optimizer, rng), after checking all that can be wrong with what the file says."""
    contents = _Contents(header, members)
    layers = [contents.build(f"layers.{i}", layer, Layer) for i, layer in enumerate(header["layers"])]
    output = contents.build("output", header["output"], Output)
    net = NeuralNetwork.from_layers(layers, output=lambda: output)
    net.theta = contents.theta
    net.rng = contents.generator("own_rng", header["own_rng"])

    n_linear = net.grad_norms.shape[1]
    table = contents.array("history", np.float64)
    for row in checks.same_shape("history", table, (*table.shape[:1], 5 + 2 * n_linear)).tolist():
        validation = row[3:5] if row[2] else (None, None)
        net.history.append(Epoch._make((*row[:2], *validation, tuple(row[5:-n_linear]), tuple(row[-n_linear:]))))

    optimizer = header["optimizer"]
    if optimizer is not None:
        optimizer = contents.build("optimizer", optimizer, Optimizer)
        if any(name in vars(optimizer) for name in optimizer.memory):
            optimizer._remember(net.theta)
    if contents.members:
        raise ValueError(f"{min(contents.members)[:60]!r} belongs to nothing")
    return net, optimizer, contents.generator("rng", header["rng"])


class _Contents:
    """What a file holds; the parts of a network take theirs out of it."""

    def __init__(self, header: dict[str, Any], members: dict[str, bytes]) -> None:
        self.members = members
        self.generators = [_generator(state) for state in header["generators"]]
        if header["dtype"] not in ("float32", "float64"):
            raise ValueError(f"dtype must be float32 or float64, got {header['dtype']!r}")
        theta = self.array("theta", np.dtype(header["dtype"]))
        self.theta = checks.finite("theta", checks.same_shape("theta", theta, (theta.size,)))
        self.left = theta.size  # parameters that no layer has been built for

    def array(self, name: str, dtype: Any) -> np.ndarray:
        """Take an array of this dtype."""
        member = self.members.pop(f"{name}.npy", b"")
        match = NPY.match(member)
        if match is None:
            raise ValueError(f"{name!r} is missing or no array of little-endian floats in C order")
        shape = tuple(int(length) for length in match[2].split(b",") if length.strip())
        stored = np.dtype(match[1].decode())
        if stored.newbyteorder("=") != dtype or len(member) - match.end() != math.prod(shape) * stored.itemsize:
            raise ValueError(f"{name!r} must be {np.dtype(dtype)} and as long as its shape {shape} says")
        return np.ndarray(shape, stored, member, match.end()).astype(dtype)

    def generator(self, name: str, index: Any) -> np.random.Generator:
        """Return the generator of this number."""
        if type(index) is not int or not 0 <= index < len(self.generators):
            raise ValueError(f"{name} must be the number of a generator, got {index!r}")
        return self.generators[index]

    def build(self, where: str, description: Any, base: type) -> Any:
        """Build the object that `description` describes."""
        kind = KINDS.get(str(description.get("kind"))) if isinstance(description, dict) else None
        if kind is None or not issubclass(kind.cls, base):
            raise ValueError(f"{where} must be one of {_known(base)}, got {description!r}")
        given = {name: description.get(name) for name in (*kind.sizes, *kind.settings)}
        if any(type(given[name]) not in SCALARS for name in kind.settings):
            raise ValueError(f"the settings of {where} must be plain numbers, got {description!r}")
        if kind.sizes:
            self.left -= math.prod(checks.positive_int(name, given[name]) for name in kind.sizes)
            if self.left < 0:  # before anything is allocated
                raise ValueError(f"theta has {self.theta.size} entries, too few for these layers")
            given["dtype"] = self.theta.dtype
        made = kind.cls(**given)
        held = {name: getattr(made, name, None) for name in kind.state}
        later = {name for name, value in held.items() if value is None}
        if description.keys() | later != {"kind", *kind.sizes, *kind.settings, *kind.state}:
            raise ValueError(f"{where} has missing or unknown keys: {sorted(description)}")
        if later & description.keys() not in (later, set()):
            raise ValueError(f"{where} must have all of {sorted(later)} or none")
        for name, value in held.items():
            if isinstance(value, np.random.Generator):
                setattr(made, name, self.generator(name, description[name]))
            elif value is not None and not isinstance(value, np.ndarray):
                setattr(made, name, _like(name, value, description[name]))
            elif name in description:
                like = self.theta if value is None else value
                place = description[name]
                array = checks.same_shape(place, self.array(place, like.dtype), like.shape)
                if name in kind.squares and not (array >= 0).all():
                    raise ValueError(f"{place} must be at least 0 everywhere, got {array.min():g}")
                setattr(made, name, array if value is None else checks.finite(place, array))
        return made


def _generator(state: Any) -> np.random.Generator:
    """Return a generator in the state that was saved."""
    bits = BITS.get(str(state.get("bit_generator"))) if isinstance(state, dict) else None
    if bits is None:
        raise ValueError(f"a generator must be one of {', '.join(BITS)}")
    rng = np.random.Generator(bits())
    rng.bit_generator.state = _like("generator", rng.bit_generator.state, state)
    return rng


def _like(name: str, example: Any, value: Any) -> Any:
    """Return `value`, lists as arrays, after checking that it has the structure of `example` and is in range."""
    if isinstance(example, np.ndarray) and type(value) is list and len(value) == len(example):
        return np.array([_like(example.dtype.name, 0, item) for item in value], example.dtype)
    if type(value) is type(example) is dict and value.keys() == example.keys():
        return {key: _like(key, item, value[key]) for key, item in example.items()}
    in_range = type(value) is type(example) is int and 0 <= value < LIMITS.get(name, 2**63)
    if in_range or (type(value) is str and value == example):
        return value
    raise ValueError(f"{name} has a value out of range or of another form: {value!r}")
