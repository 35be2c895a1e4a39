"""What a long cell has defined, in a file, so that a page may take it instead of computing it once more.

The file is a ZIP archive: `values.json`, arrays in N.npy, and networks as `save` writes them in N.net. Nothing in it is
pickled. A value in JSON is null, a truth value, a number or a text, or a list that begins with its kind; what can be
changed, such as a list or a network, stands in `things`, once, and is called by its number there.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import hashlib
import importlib
import io
import json
import os
import sys
import tempfile
import types
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet import NeuralNetwork

TRUSTED = ("scratchnet", "numpy", "__main__")  # of whose modules a value may name functions and classes
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)  # run again, since that takes no time


class CannotKeepError(Exception):
    """A value is of a kind that no file holds."""


def mark(text: str) -> str:
    """Return what tells a cell's text from another."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


class Things:
    """Puts values into the terms of JSON, and gives every thing that can be changed a number."""

    def __init__(self) -> None:
        self.table: list[Any] = []
        self.numbers: dict[int, int | None] = {}  # by id; None while its parts are being described

    def value(self, thing: Any) -> Any:
        """Return a value in the terms of JSON. Raises CannotKeepError."""
        kind = type(thing)
        if thing is None or kind in (bool, int, float, str):
            return thing
        if isinstance(thing, np.number | np.bool_):
            return ["scalar", thing.dtype.str, thing.item()]
        if kind in (tuple, range):
            parts = (thing.start, thing.stop, thing.step) if kind is range else thing
            return [kind.__name__, *map(self.value, parts)]
        if isinstance(thing, tuple) and hasattr(thing, "_fields"):
            return ["named", self.value(kind), *map(self.value, thing)]
        if isinstance(thing, type | types.FunctionType | types.BuiltinFunctionType | np.ufunc):
            return ["name", *self.name(thing)]
        if (number := self.numbers.get(id(thing), -1)) is None:
            raise CannotKeepError("it holds itself")
        if number < 0:
            self.numbers[id(thing)] = None
            described = self.thing(thing)
            number = self.numbers[id(thing)] = len(self.table)
            self.table.append(described)
        return ["thing", number]

    def name(self, thing: Any) -> tuple[str, str]:
        """Return the module and the name of a function or a class that can be found again."""
        module = getattr(thing, "__module__", None) or "numpy"
        name = getattr(thing, "__qualname__", thing.__name__)
        if module.partition(".")[0] not in TRUSTED or getattr(sys.modules.get(module), name, None) is not thing:
            raise CannotKeepError(f"{name} of {module} could not be found again")
        return module, name

    def thing(self, thing: Any) -> Any:
        """Describe what can be changed."""
        kind = type(thing)
        if kind in (list, set):
            return [kind.__name__, *map(self.value, thing)]
        if isinstance(thing, list) and not vars(thing):  # a table, which shows itself in its own way
            return ["list of", self.value(kind), *map(self.value, thing)]
        if kind is dict:
            return ["dict", *([self.value(key), self.value(value)] for key, value in thing.items())]
        if kind is np.ndarray and thing.dtype.kind in "biufcU":
            return ["array", self.array(thing)]
        if kind is np.random.Generator and type(thing.bit_generator) is np.random.PCG64:
            return ["generator", thing.bit_generator.state]
        if kind is NeuralNetwork:
            return ["network", self.network(thing)]
        raise CannotKeepError(f"a {kind.__name__} cannot be kept")

    def array(self, array: np.ndarray) -> Any:
        """Describe an array."""
        return [array.dtype.str, array.shape, hashlib.sha256(np.ascontiguousarray(array)).hexdigest()]

    def network(self, net: NeuralNetwork) -> Any:
        """Describe a network: whatever training changes."""
        state = [getattr(layer, name, None) for layer in net.layers for name in layer.state]
        described = Things()
        parts = [described.value(part) for part in (net.theta, net.rng, *state)]
        kinds = [type(layer).__name__ for layer in net.layers]
        return [kinds, parts, described.table, len(net.history), repr(net.history[-1:])]


class File(Things):
    """Things in a file."""

    def __init__(self) -> None:
        super().__init__()
        self.into = io.BytesIO()
        self.archive = zipfile.ZipFile(self.into, "w", zipfile.ZIP_DEFLATED)

    def put(self, ending: str, content: bytes | str) -> int:
        """Write a member under a number of its own and return the number."""
        number = len(self.archive.namelist())
        self.archive.writestr(
            zipfile.ZipInfo(f"{number}{ending}", (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
        )
        return number

    def array(self, array: np.ndarray) -> int:
        """Write an array."""
        into = io.BytesIO()
        np.save(into, array, allow_pickle=False)
        return self.put(".npy", into.getvalue())

    def network(self, net: NeuralNetwork) -> Any:
        """Write a network as `save` does, and beside it the classes of layers that `save` does not know."""
        net, changed = copy.deepcopy(net), []
        for place, layer in enumerate(net.layers):
            kind = type(layer)
            if "settings" not in vars(kind) and "__init__" not in vars(kind):  # another forward or backward, no more
                changed.append([place, *self.name(kind)])
                layer.__class__ = next(base for base in kind.__mro__ if "settings" in vars(base) or base is object)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "net")
            try:
                net.save(path)
            except (TypeError, ValueError) as error:
                raise CannotKeepError(str(error)) from error
            with open(path, "rb") as file:
                return [self.put(".net", file.read()), changed]


def write(code: str, variables: dict[str, Any]) -> bytes:
    """Return the file of a cell. Raises CannotKeepError, or RecursionError for lists in lists without end."""
    file = File()
    values = {name: file.value(value) for name, value in variables.items()}
    header = json.dumps({"cell": mark(code), "values": values, "things": file.table})
    with file.archive:
        file.archive.writestr(zipfile.ZipInfo("values.json", (2024, 1, 1, 0, 0, 0)), header, zipfile.ZIP_DEFLATED)
    return file.into.getvalue()


def read(content: bytes) -> dict[str, Any]:
    """Return the variables that a file holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header = json.loads(archive.read("values.json"))
        things: list[Any] = []

        def value(node: Any) -> Any:
            if not isinstance(node, list):
                return node
            kind, *rest = node
            if kind == "thing":
                return things[rest[0]]
            if kind == "scalar":
                return np.dtype(rest[0]).type(rest[1])
            if kind == "name":
                return found(*rest)
            if kind == "named":
                return value(rest[0])(*map(value, rest[1:]))
            return {"tuple": tuple, "range": lambda parts: range(*parts)}[kind](map(value, rest))

        def thing(node: Any) -> Any:
            kind, *rest = node
            if kind in ("list", "set"):
                return {"list": list, "set": set}[kind](map(value, rest))
            if kind == "list of":
                return value(rest[0])(map(value, rest[1:]))
            if kind == "dict":
                return {value(key): value(entry) for key, entry in rest}
            if kind == "array":
                return np.load(io.BytesIO(archive.read(f"{rest[0]}.npy")), allow_pickle=False)
            if kind == "generator":
                generator = np.random.default_rng(0)
                generator.bit_generator.state = rest[0]
                return generator
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "net")
                number, changed = rest[0]
                with open(path, "wb") as file:
                    file.write(archive.read(f"{number}.net"))
                net = NeuralNetwork.load(path)[0]
            for place, *name in changed:
                net.layers[place].__class__ = found(*name)
            return net

        for node in header["things"]:
            things.append(thing(node))
        return {name: value(node) for name, node in header["values"].items()}


def found(module: str, name: str) -> Any:
    """Return a function or a class by its name."""
    if module.partition(".")[0] not in TRUSTED:
        raise ValueError(f"{module} is none of {TRUSTED}")
    return getattr(importlib.import_module(module), name)


def take(content: bytes, code: str, execute: Callable[[ast.Module], None]) -> dict[str, Any]:
    """Return the variables of a cell with this text, after its imports and definitions have been executed.

    Raises ValueError if the file belongs to a cell with another text.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if json.loads(archive.read("values.json"))["cell"] != mark(code):
            raise ValueError("this result belongs to another text of the cell")
    for node in ast.parse(code).body:
        if isinstance(node, DEFINITIONS):
            with contextlib.suppress(ModuleNotFoundError):  # of which the book has had what it needed
                execute(ast.Module([node], []))
    return read(content)
