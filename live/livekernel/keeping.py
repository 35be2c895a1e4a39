"""Runs in the kernel that executes a notebook of the book: times every cell, and writes what a long one has defined.

Only what a cell below uses is written, and only if all of it can be: else the page computes it once more.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import sys
import types
from pathlib import Path
from typing import Any

from livekernel import kept, speed
from livekernel.needs import bound, replaces, stored, used
from livekernel.start import PACKS

WORTH_SAYING = 0.5  # seconds of computing, from which on a page says beforehand how long a cell takes
LONG = 1.2  # seconds, from which on its variables are kept: in a page they are 4 to 5
IN_A_PAGE = {*sys.stdlib_module_names, *PACKS, "IPython", "lazy_loader", "numpy", "scratchnet"}
# What changes no variable inside of it, other than what it is called with: what a cache holds makes no difference.
CALLED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type(functools.cache(print)))


def begin(folder: str, codes: list[str]) -> None:
    """Watch the cells of this kernel, of which these are the texts. What is found out goes into the folder."""
    from IPython import get_ipython  # type: ignore[attr-defined]  # IPython has types for some of its names

    shell = get_ipython()  # type: ignore[no-untyped-call]
    watch = Watch(Path(folder), codes, shell.user_ns)
    shell.events.register("pre_run_cell", lambda info: watch.start())
    shell.events.register("post_run_cell", lambda result: watch.end(result.info.raw_cell))


class Watch:
    """Times cells, and keeps what the long ones have defined."""

    def __init__(self, folder: Path, codes: list[str], space: dict[str, Any]) -> None:
        self.folder, self.codes, self.space = folder, codes, space
        self.hidden = set(space)
        self.number, self.began, self.marks = 0, 0.0, dict[str, Any]()
        self.report: dict[str, Any] = {"training": 0.0, "cells": []}

    def start(self) -> None:
        """A cell begins."""
        self.began = speed.clock()

    def end(self, code: str) -> None:
        """A cell has ended."""
        seconds = speed.clock() - self.began
        while self.number < len(self.codes) and self.codes[self.number] != code:
            self.number += 1  # cells without text do not run
        self.number += 1
        if not self.report["training"]:
            self.report["training"] = speed.training()
        before, self.marks = self.marks, self.marked()
        absent = sorted(imported(code) - IN_A_PAGE)
        if seconds >= WORTH_SAYING or absent:
            entry: dict[str, Any] = {"number": self.number, "mark": kept.mark(code), "seconds": round(seconds, 2)}
            entry |= {"absent": absent} if absent else {}
            if (seconds >= LONG or absent) and self.number > 1:  # the first imports, which a page has to do itself
                try:
                    content = self.kept(code, before)
                    (self.folder / f"{self.number}.bin").write_bytes(content)
                    entry["bytes"] = len(content)
                except (kept.CannotKeepError, RecursionError) as error:
                    entry["not kept"] = str(error)
            self.report["cells"].append(entry)
        (self.folder / "cells.json").write_text(json.dumps(self.report), encoding="utf-8")

    def marked(self) -> dict[str, Any]:
        """Return, for every variable, what changes when it does; for one that cannot be kept, the object itself."""
        marks: dict[str, Any] = {}
        for name, value in self.space.items():
            if name not in self.hidden and not name.startswith("_"):
                marks[name] = fingerprint(value)
        return marks

    def kept(self, code: str, before: dict[str, Any]) -> bytes:
        """Return the file of the cell that has just run. Raises kept.CannotKeepError."""
        tree = ast.parse(code)
        defined = {name for node in tree.body if isinstance(node, kept.DEFINITIONS) for name in bound(node)}
        mentioned = {name for node in tree.body for name in used(node) | bound(node)}
        later = needed_after(self.codes, self.number) - defined
        changed = {name for name in later & self.marks.keys() if differs(before.get(name), self.marks[name])}
        for name in later & mentioned & self.marks.keys():
            value = self.space[name]
            if self.marks[name] is value and not isinstance(value, CALLED):
                raise kept.CannotKeepError(f"{name} is a {type(value).__name__}")  # which may have changed inside
        variables = {name: self.space[name] for name in sorted(changed)}
        content = kept.write(code, variables)
        again = kept.read(content)
        if any(fingerprint(again[name]) != self.marks[name] for name in variables):
            raise kept.CannotKeepError("what was read is not what was written")
        return content


class Seen(kept.Things):
    """Things as they are told apart while Python runs: a function that could not be found again is itself."""

    def name(self, thing: Any) -> tuple[str, str]:
        """Return the module and the name of a function or a class, or what no other has."""
        try:
            return super().name(thing)
        except kept.CannotKeepError:
            return "", str(id(thing))


def fingerprint(value: Any) -> Any:
    """Return a text that changes when a value does, or the value itself if it is of a kind that cannot be kept."""
    things = Seen()
    try:
        node = things.value(value)
    except (kept.CannotKeepError, RecursionError):
        return value
    return "is " + hashlib.sha256(json.dumps([node, things.table]).encode()).hexdigest()


def differs(before: Any, after: Any) -> bool:
    """Return whether two fingerprints do."""
    return before != after if isinstance(before, str) and isinstance(after, str) else before is not after


def needed_after(codes: list[str], number: int) -> set[str]:
    """Return the names that cells after this one use before they replace them, and those that functions use."""
    needed: set[str] = set()
    replaced: set[str] = set()
    for i, code in enumerate(codes):
        body = ast.parse(code).body
        if i >= number:
            needed |= read(body) - replaced
            replaced |= {name for node in body if replaces(node) for name in bound(node)}
        else:
            needed |= read([node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)])
    return needed


def read(body: list[ast.stmt]) -> set[str]:
    """Return the names that statements read before they, one after the other, give them a new value."""
    names: set[str] = set()
    replaced: set[str] = set()
    for node in body:
        if isinstance(node, ast.For):
            here = used(ast.Expr(node.iter)) | read(node.body) - stored(node.target) | read(node.orelse)
        elif isinstance(node, ast.If):
            here = used(ast.Expr(node.test)) | read(node.body) | read(node.orelse)
        else:
            here = used(node)
        names |= here - replaced
        replaced |= bound(node) if replaces(node) else set()
    return names


def imported(code: str) -> set[str]:
    """Return the packages that a cell imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
