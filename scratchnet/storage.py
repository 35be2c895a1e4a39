"""Saving and loading: a network and all that its training needs to go on, in one .npz file.

The file holds plain arrays, which `np.load` opens too, and a text, `header`, which says in JSON what they belong to.
Nothing in it is pickled: a file from anywhere may be refused, but cannot run anything. What is kept of a layer, an
output or an optimizer is what its class declares: in `settings` the arguments that build it, in `state` what else it
holds. So a class of your own that declares its `settings` can be saved as well.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import stat
import zipfile
from typing import Any

import numpy as np

from scratchnet import checks
from scratchnet.layers import Layer
from scratchnet.losses import Output
from scratchnet.optimizers import Optimizer
from scratchnet.training import Epoch

__all__: list[str] = []  # `save` and `load` are methods of NeuralNetwork

FORMAT = "scratchnet network 2"
SETTING = (bool, int, float, str)


def save(
    net: Any, path: str | os.PathLike[str], optimizer: Optimizer | None = None, rng: np.random.Generator | None = None
) -> None:
    """Write the network to the file `path`: layers, output, dtype, parameters, history and its own generator.

    Give the `optimizer` of its training too, and the `rng` if that is not the network's own; then training that
    goes on from `load`, on the same system, ends bit for bit like training that never stopped. An existing file
    is replaced in one step: whatever interrupts this, the old file or the new one is there, whole; only a kill
    may leave a file scratchnet-*.tmp beside it. Not saved: attributes that you added, and how many generators the
    generator has spawned.

    Raises TypeError for an object whose class does not declare its `settings` and for a generator other than
    NumPy's default one, ValueError for parameters that are not finite or not in net.theta and for an optimizer of
    another network, OSError where nothing can be written.
    """
    if not net._is_gathered():
        raise ValueError("net.layers holds parameters that are not in net.theta: save copy.deepcopy(net)")
    if optimizer is not None:
        optimizer.check_owner(net.theta)
    header, arrays = _describe(net, optimizer, net.rng if rng is None else rng)
    file = io.BytesIO()
    np.savez(file, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]  # no array is a bool
    try:
        _read(type(net), file)  # what could not be loaded is not written
    except (ValueError, TypeError) as error:
        raise ValueError(f"this network cannot be saved: {error}") from error
    _write(os.path.realpath(os.fsdecode(path)), file.getvalue())


def load(cls: Any, path: str | os.PathLike[str]) -> tuple[Any, Optimizer | None, np.random.Generator]:
    """Return (net, optimizer, rng) from the file `path` that `save` wrote.

    The optimizer is None if none was saved. The generator is net.rng unless another was saved, so that
    `net.train(..., optimizer=optimizer, rng=rng)` goes on in either case.

    Raises ValueError, which names the reason, for any file that `save` did not write or that has changed since.
    """
    with open(os.fspath(path), "rb") as file:
        try:
            return _read(cls, file)
        except Exception as error:  # a damaged file has a dozen ways to fail in those who read it
            raise ValueError(
                f"cannot load {os.fsdecode(path)!r}, which scratchnet did not write or which has changed since: "
                f"{str(error)[:500] or type(error).__name__}. Use another copy of it, or save the network again"
            ) from error


# From a network to what is in the file


def _describe(net: Any, optimizer: Optimizer | None, rng: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the arrays that belong to it."""
    arrays = {"theta": net.theta, "history": _table(net)}
    generators: list[np.random.Generator] = []
    parts = [(f"layers.{i}", layer) for i, layer in enumerate(net.layers)]
    header = {
        "format": FORMAT,
        "dtype": net.dtype.name,
        "layers": [_describe_part(where, layer, arrays, generators) for where, layer in parts],
        "output": _describe_part("output", net.output, arrays, generators),
        "optimizer": None if optimizer is None else _describe_part("optimizer", optimizer, arrays, generators),
        "own_rng": _index(net.rng, generators),
        "rng": _index(rng, generators),
        "generators": [generator.bit_generator.state for generator in generators],
    }
    return header, arrays


def _table(net: Any) -> np.ndarray:
    """Return the history as a matrix: loss, accuracy, validated or not, validation loss and accuracy, norms, ratios."""
    rows = []
    for i, epoch in enumerate(net.history):
        loss, accuracy, *validation, norms, ratios = epoch
        validated = None not in validation
        row = [loss, accuracy, float(validated), *(validation if validated else (math.nan, math.nan)), *norms, *ratios]
        if {*map(type, row)} != {float} or len(row) != 5 + 2 * len(net._weights):
            raise ValueError(f"net.history[{i}] must be an Epoch as train records it, got {epoch!r}")
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, 5 + 2 * len(net._weights))


def _describe_part(
    where: str, part: Any, arrays: dict[str, np.ndarray], generators: list[np.random.Generator]
) -> dict[str, Any]:
    """Return a layer, an output or an optimizer in the terms of JSON; its arrays and generators go elsewhere."""
    kind = type(part)
    if _class_of(kind.__name__, _base(kind)) is not kind:
        raise TypeError(
            f"{where} cannot be saved: its class {kind.__name__} must declare settings, the names of the arguments "
            "that build it. Or save net.theta with np.save, and to load it, build the network and assign net.theta"
        )
    description = {"kind": kind.__name__, **{name: getattr(part, name) for name in kind.settings}}
    for name, value in description.items():
        if type(value) not in SETTING:
            raise TypeError(f"{where}.{name} must be a plain number to be saved, got {value!r}")
    for name in (*kind.state, *getattr(kind, "memory", ())):
        value = getattr(part, name, None)
        if isinstance(value, np.ndarray):
            arrays[f"{where}.{name}"] = value
        elif value is not None:
            description[name] = value if type(value) is int else _index(value, generators)
    return description


def _base(kind: type) -> type:
    return next(base for base in (Layer, Output, Optimizer, object) if issubclass(kind, base))


def _class_of(name: str, base: type) -> Any:
    """Return the newest class of this name below `base` that declares its settings itself, or None."""
    found, pending = None, [base]
    while pending:
        kind = pending.pop(0)
        pending += kind.__subclasses__() if base is not object else []
        if kind.__name__ == name and "settings" in vars(kind) and kind is not base:
            found = kind
    return found


def _index(rng: Any, generators: list[np.random.Generator]) -> int:
    """Return the place of a generator in the list, after appending it unless it is there: two may be the same."""
    if type(rng) is not np.random.Generator or type(rng.bit_generator) is not np.random.PCG64:
        raise TypeError(f"rng must be NumPy's default, such as np.random.default_rng(7), to be saved, got {rng!r}")
    known = [generator.bit_generator for generator in generators]
    if rng.bit_generator not in known:
        generators.append(rng)
        return len(known)
    return known.index(rng.bit_generator)


# From what is in the file to a network


def _read(cls: Any, file: Any) -> tuple[Any, Optimizer | None, np.random.Generator]:
    """Return (net, optimizer, rng). No memory is taken for what a file claims to hold, only for what it holds."""
    length = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED for info in infos) or sum(i.file_size for i in infos) > length:
            raise ValueError("it is compressed, or its members overlap")
    file.seek(0)
    with np.load(file, allow_pickle=False) as contents:
        names = contents.files
        if "header" not in names or len(set(names)) < len(infos):
            raise ValueError("it has no header, or two members of one name")
        arrays = {name: contents[name] for name in names}
    header = json.loads(str(arrays.pop("header")))
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']!r} and this scratchnet reads {FORMAT!r}")
    generators = []
    for state in header["generators"]:
        generators.append(np.random.Generator(np.random.PCG64()))
        generators[-1].bit_generator.state = state

    theta = checks.finite("theta", arrays["theta"])
    left, layers = theta.size, []
    for i, description in enumerate(header["layers"]):
        layer = _build(f"layers.{i}", description, Layer, arrays, generators, left, theta.dtype)
        left -= sum(getattr(layer, name).size for name in layer.params)
        layers.append(layer)
    output = _build("output", header["output"], Output, arrays, generators)
    net = cls.from_layers(layers, output=lambda: output)
    net.theta, net.rng, rng = theta, generators[header["own_rng"]], generators[header["rng"]]
    for row in arrays["history"].tolist():
        validation, middle = (row[3:5] if row[2] else (None, None)), 5 + len(net._weights)
        net.history.append(Epoch._make((*row[:2], *validation, tuple(row[5:middle]), tuple(row[middle:]))))
    optimizer = None
    if header["optimizer"] is not None:
        optimizer = _build("optimizer", header["optimizer"], Optimizer, arrays, generators)
        optimizer.check_owner(net.theta)
    again, expected = _describe(net, optimizer, rng)
    if json.dumps(again, sort_keys=True) != json.dumps(header, sort_keys=True) or expected.keys() != arrays.keys():
        raise ValueError("its header says what no network would")
    for name, array in expected.items():
        if (array.dtype, array.shape) != (arrays[name].dtype, arrays[name].shape):
            raise ValueError(f"{name} must be {array.dtype} of shape {array.shape}")
    return net, optimizer, rng


def _build(
    where: str,
    description: dict[str, Any],
    base: type,
    arrays: dict[str, np.ndarray],
    generators: list[np.random.Generator],
    left: int = 0,
    dtype: Any = None,
) -> Any:
    """Build the part that `description` describes, if it needs no more than the `left` parameters."""
    kind = _class_of(description["kind"], base)
    if kind is None:
        raise ValueError(f"there is no {base.__name__} of the name {description['kind']!r:.60} here: import it first")
    settings = {name: description[name] for name in kind.settings}
    if getattr(kind, "params", ()):
        if math.prod(max(value, 0) for value in settings.values() if type(value) is int) > left:
            raise ValueError("theta has too few entries for these layers")
        settings["dtype"] = dtype
    part = kind(**settings)
    for name in (*kind.state, *getattr(kind, "memory", ())):
        if f"{where}.{name}" in arrays:
            array = checks.finite(f"{where}.{name}", arrays[f"{where}.{name}"])
            if name in kind.squares and (array < 0).any():
                raise ValueError(f"{where}.{name} must be at least 0 everywhere, got {array.min():g}")
            setattr(part, name, array)
        elif isinstance(getattr(part, name, None), np.random.Generator):
            setattr(part, name, generators[description[name]])
        elif name in description:
            setattr(part, name, checks.positive_int(name, description[name], minimum=0))
    return part


def _write(path: str, data: bytes) -> None:
    """Write a file in one step, with the permissions that open(path, "w") would leave it."""
    mode, exists = 0o666, os.path.exists(path)
    if exists:
        with open(path, "r+b") as file:  # raises what there is to raise: for a folder, for a file that is protected
            mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(f"{path!r} is a device, not a file: choose another path")
    temporary = os.path.join(os.path.dirname(path), f"scratchnet-{os.urandom(8).hex()}.tmp")
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
