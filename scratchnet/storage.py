"""Saving and loading: a network and all that its training needs to go on, in one .npz file.

The file holds plain arrays, which `np.load` opens too, and a text, `header`, which says in JSON what they belong to.
Nothing in it is pickled: a file from anywhere may be refused, but cannot run anything. What is kept of a layer, an
output or an optimizer is what its class declares: in `settings` the arguments that build it, in `state` what else it
holds. So a class of your own that declares its `settings` can be saved as well.

How a file is checked: it is read, and what was read is described again, as for saving. Where this does not give the
same header and the same arrays, the file is refused.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
import os
import stat
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchnet import checks
from scratchnet.layers import Layer
from scratchnet.losses import Output
from scratchnet.optimizers import Optimizer
from scratchnet.training import Epoch

__all__: list[str] = []  # `save` and `load` are methods of NeuralNetwork

FORMAT = "scratchnet network 2"
Arrays = dict[str, np.ndarray]
Places = dict[np.random.BitGenerator, int]  # of what lies behind the generators, in the list of their states


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
    header, arrays = _describe(net, optimizer, net.rng if rng is None else rng)
    if optimizer is not None:
        optimizer.check_owner(net.theta)
    file = io.BytesIO()
    with _explained("this network cannot be saved"):
        np.savez(file, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]  # no array is a bool
        _read(type(net), file)  # what could not be loaded is not written
    write_atomically(os.path.realpath(os.fsdecode(path)), file.getvalue())


def load(cls: Any, path: str | os.PathLike[str]) -> tuple[Any, Optimizer | None, np.random.Generator]:
    """Return (net, optimizer, rng) from the file `path` that `save` wrote.

    The optimizer is None if none was saved. The generator is net.rng unless another was saved, so that
    `net.train(..., optimizer=optimizer, rng=rng)` goes on in either case.

    Raises ValueError, which names the reason, for any file that `save` did not write or that has changed since,
    OSError where there is no file to read. Takes memory for what a file holds, not for what it claims to hold.
    """
    path = os.fsdecode(path)
    _mode(path)
    with open(path, "rb") as file, _explained(f"cannot load {path!r}, which `save` did not write or which has changed"):
        return _read(cls, file)


@contextlib.contextmanager
def _explained(message: str) -> Iterator[None]:
    """Make one ValueError of the dozen ways to fail. An interrupt stays one, also where a second error replaced it."""
    outside = sys.exception()  # an interrupt that is being handled where `save` is called is none of ours
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while isinstance(cause, Exception) and not isinstance(cause, MemoryError) and cause is not outside:
            cause = cause.__context__
        if cause not in (None, outside):
            raise cause from None
        raise ValueError(f"{message}: {str(error)[:500] or type(error).__name__}") from error


# From a network to what is in the file


def _parts(net: Any, optimizer: Optimizer | None) -> list[tuple[str, Any, Any]]:
    """Return name, base class and object of every layer, the output and the optimizer."""
    parts = [(f"layers.{i}", Layer, layer) for i, layer in enumerate(net.layers)]
    return [*parts, ("output", Output, net.output), *([("optimizer", Optimizer, optimizer)] if optimizer else [])]


def _describe(net: Any, optimizer: Optimizer | None, rng: Any) -> tuple[dict[str, Any], Arrays]:
    """Return the header and the arrays that belong to it."""
    arrays: Arrays = {"theta": net.theta, "history": _table(net)}
    places: Places = {}
    return {
        "format": FORMAT,
        "parts": {name: _part(name, base, part, arrays, places) for name, base, part in _parts(net, optimizer)},
        "own_rng": _place("net.rng", net.rng, places),
        "rng": _place("rng", rng, places),
        "generators": [bits.state for bits in places],
        "arrays": [*arrays],
    }, arrays


def _part(where: str, base: Any, part: Any, arrays: Arrays, places: Places) -> dict[str, Any]:
    """Return a layer, an output or an optimizer in the terms of JSON; its arrays and generators go elsewhere."""
    kind = type(part)
    if _kinds(base).get(kind.__name__) is not kind:
        how = f"its class {kind.__name__} must be {base.__name__} and declare its settings, the arguments that build it"
        other = "Or keep net.theta with np.save, and assign it to a network that you build anew"
        raise TypeError(f"{where} cannot be saved: {how}. {other}")
    description = {"kind": kind.__name__, **{name: getattr(part, name) for name in kind.settings}}
    for name in _state(part):
        value = getattr(part, name, None)
        if isinstance(value, np.ndarray):
            arrays[f"{where}.{name}"] = value
        elif value is not None:
            description[name] = value if type(value) is int else _place(f"{where}.{name}", value, places)
    return description


def _table(net: Any) -> np.ndarray:
    """Return the history as a matrix: loss, accuracy, validated or not, validation loss and accuracy, norms, ratios.

    An accuracy is a share of 1, or the NaN of a regression.
    """
    rows, width = [], 5 + 2 * len(net._weights)
    for i, epoch in enumerate(net.history):
        loss, accuracy, *validation, norms, ratios = epoch
        validated = validation != [None, None]
        row = [loss, accuracy, float(validated), *(validation if validated else (math.nan, math.nan)), *norms, *ratios]
        if {*map(type, row)} != {float} or len(row) != width or any(share < 0 or share > 1 for share in row[1:5:3]):
            raise ValueError(f"history[{i}] must be an Epoch as train records it, got {epoch!r:.300}")
        rows.append(row)
    return np.array(rows, np.float64).reshape(-1, width)


def _kinds(base: Any) -> dict[str, Any]:
    """Return the classes below `base` that declare their settings themselves; of two of one name, the newer one."""
    found: dict[str, Any] = {}
    for kind in base.__subclasses__():
        found |= ({kind.__name__: kind} if "settings" in vars(kind) else {}) | _kinds(kind)
    return found


def _state(part: Any) -> tuple[str, ...]:
    return (*part.state, *getattr(part, "memory", ()))


def _place(name: str, rng: Any, places: Places) -> int:
    """Return the place of a generator's state in the list: one place for two generators that share their bits."""
    if type(rng) is not np.random.Generator or type(rng.bit_generator) is not np.random.PCG64:
        raise TypeError(f"{name} must be NumPy's default generator, such as np.random.default_rng(7), got {rng!r}")
    return places.setdefault(rng.bit_generator, len(places))


# From what is in the file to a network


def _read(cls: Any, file: Any) -> tuple[Any, Optimizer | None, np.random.Generator]:
    """Return (net, optimizer, rng)."""
    header, arrays = _unpack(file)
    generators = [np.random.default_rng(0) for _ in header["generators"]]
    for generator, state in zip(generators, header["generators"], strict=True):
        generator.bit_generator.state = state
    theta, parts = checks.finite("theta", arrays["theta"]), header["parts"]
    layers, left = list[Any](), theta.size
    for name in [name for name in parts if name.startswith("layers.")]:
        layers.append(_build(parts[name], Layer, theta.dtype, left))
        left -= sum(getattr(layers[-1], name).size for name in layers[-1].params)
    net = cls.from_layers(layers, output=lambda: _build(parts["output"], Output))
    net.theta, net.rng, rng = theta, generators[header["own_rng"]], generators[header["rng"]]
    optimizer = _build(parts["optimizer"], Optimizer) if "optimizer" in parts else None
    for name, _, part in _parts(net, optimizer):
        _fill(name, part, parts[name], arrays, generators, theta)
    for row in arrays["history"].tolist():
        validation, middle = (row[3:5] if row[2] else (None, None)), 5 + len(net._weights)
        net.history.append(Epoch._make((*row[:2], *validation, tuple(row[5:middle]), tuple(row[middle:]))))
    again, expected = _describe(net, optimizer, rng)
    if json.dumps(again, sort_keys=True) != json.dumps(header, sort_keys=True) or _bits(expected) != _bits(arrays):
        raise ValueError("its header and its arrays are not those of a network")
    return net, optimizer, rng


def _bits(arrays: Arrays) -> list[Any]:
    return [(name, array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()]


def _unpack(file: Any) -> tuple[dict[str, Any], Arrays]:
    """Return the header and the arrays of a file that holds them as they are, from its first byte to its last."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(length - 22, 0))
    if file.read(4) != b"PK\5\6":
        raise ValueError("it is cut off, has something after its end, or is no .npz file")
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if any(info.compress_type for info in infos) or sum(info.file_size for info in infos) > length:
            raise ValueError("it is compressed, or its members overlap")
        arrays = {info.filename.removesuffix(".npy"): _array(archive, info) for info in infos}
    header = json.loads(str(arrays.pop("header", "{}")))
    if header.get("format") != FORMAT or len(arrays) + 1 < len(infos) or infos[0].header_offset:
        raise ValueError(f"its format is {header.get('format')!r:.60}, or it has two members of one name")
    return header, arrays


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """Return an array whose bytes are there: np.load would first take the memory that its shape claims."""
    with archive.open(info) as member:
        np.lib.format.read_magic(member)
        shape, in_columns, dtype = np.lib.format.read_array_header_1_0(member)
        return np.frombuffer(member.read(), dtype).reshape(shape, order="F" if in_columns else "C")


def _build(description: dict[str, Any], base: type, dtype: Any = None, left: int = 0) -> Any:
    """Build the part that `description` describes, if it needs no more than the `left` parameters."""
    kind = _kinds(base).get(description["kind"])
    if kind is None:
        raise ValueError(f"there is no {base.__name__} of the name {description['kind']!r:.60} here: import it first")
    settings = {name: description[name] for name in kind.settings}
    if getattr(kind, "params", ()):
        if math.prod(max(value, 0) for value in settings.values() if type(value) is int) > left:
            raise ValueError("theta has too few entries for these layers")
        settings["dtype"] = dtype
    return kind(**settings)


def _fill(where: str, part: Any, description: Any, arrays: Arrays, generators: Any, theta: np.ndarray) -> None:
    """Give a part its state, and an optimizer its memory, which is like theta."""
    for name in _state(part):
        like, array = getattr(part, name, theta), arrays.get(f"{where}.{name}")
        if array is not None:
            checks.same_shape(f"{where}.{name}", array, like.shape)
            if array.dtype != like.dtype or not np.isfinite(array).all() or name in part.squares and (array < 0).any():
                raise ValueError(f"{where}.{name} must be finite {like.dtype}, and at least 0 where it holds squares")
            setattr(part, name, array.copy())
        elif isinstance(like, np.random.Generator):
            setattr(part, name, generators[description[name]])
        elif name in description:
            setattr(part, name, min(checks.positive_int(name, description[name], minimum=0), 2**63))


# From bytes to a file


def _mode(path: str) -> int:
    """Return type and permissions of a file; raise OSError where there is none, or what is there is none."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise OSError(f"{path!r} is a folder or a device, not a file: choose another path")
    return stat.S_IMODE(mode)


def write_atomically(path: str, data: bytes) -> None:
    """Write a file in one step, with the permissions that open(path, "w") would leave it."""
    mode = _mode(path) if os.path.exists(path) else None
    if mode is not None:
        open(path, "r+b").close()  # raises what there is to raise where the file is protected
    temporary = os.path.join(os.path.dirname(path), f"scratchnet-{os.urandom(8).hex()}.tmp")
    try:
        # not by a function of ours: between the call that opens and its return, an interrupt would lose the descriptor
        with open(temporary, "xb", opener=functools.partial(os.open, mode=0o666 if mode is None else mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)  # what the umask took away
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
