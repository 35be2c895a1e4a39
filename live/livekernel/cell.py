"""Runs a cell: shows the value of its last expression, or says what went wrong in the reader's own lines."""

from __future__ import annotations

import ast
import builtins
import linecache
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from livekernel import outbox, shown
from livekernel.needs import defining, needed

PLACE = re.compile(r".*/site-packages/|.*/python3\d+\.zip/")
space: dict[str, Any] = sys.modules["__main__"].__dict__  # the variables of the page


def run(code: str, number: int, above: Sequence[str] = (), alone: bool = False) -> dict[str, Any]:
    """Run the cell of this number and return whether it went well, and the verdict if it is an exercise.

    above: the text of the cells above. alone: whether the cell may run before them; then what it needs is run first.
    """
    result: dict[str, Any] = {"ok": True, "verdict": None}
    try:
        file = remember(code, number)
        body = compile(code, file, "exec", ast.PyCF_ONLY_AST).body
        if alone:
            for position, statements in needed(code, above, {*space, *vars(builtins)}):
                execute(ast.Module(statements, []), remember(above[position], position + 1))
        last = body[-1] if body and isinstance(body[-1], ast.Expr) and not quiet(code) else None
        execute(ast.Module(body[: len(body) - bool(last)], []), file)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), file, "eval"), space)
            if value is not None:
                space["_"] = value
                result["verdict"] = verdict(value)
                present(value)
        shown.show_figures()
    except BaseException as error:
        outbox.flush()
        outbox.emit(report(error, above))
        result["ok"] = False
        if plt := sys.modules.get("matplotlib.pyplot"):
            plt.close("all")
    finally:
        outbox.flush()
    return result


def take(content: Any, code: str, number: int) -> dict[str, Any]:
    """Define what this cell has defined in the book, from the file with it, in place of running the cell."""
    from livekernel import kept  # which imports scratchnet

    result = {"ok": True, "verdict": None}
    try:
        space.update(kept.take(bytes(content), code, lambda module: execute(module, remember(code, number))))
    except BaseException as error:
        outbox.emit(report(error))
        result["ok"] = False
    finally:
        outbox.flush()
    return result


def quiet(code: str) -> bool:
    """Return whether a cell ends in a semicolon, which keeps its last value from being shown."""
    return code.rstrip().endswith(";")


def remember(code: str, number: int) -> str:
    """Keep the text of a cell for tracebacks and for inspect.getsource, and return its file's name."""
    file = f"<cell {number}>"
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    return file


def execute(module: ast.Module, file: str) -> None:
    """Run statements with the variables of the page."""
    exec(compile(module, file, "exec"), space)


def present(value: Any) -> None:
    """Show the value of a cell. A verdict comes as it is: a page breaks its lines where they end."""
    outbox.flush()
    said = verdict(value)
    made = ({"text/plain": said["message"]}, {}) if said else shown.bundle(value)
    if made:
        outbox.emit({"output_type": "execute_result", "data": made[0], "metadata": made[1]})


def verdict(value: Any) -> dict[str, Any] | None:
    """Return what `check` answered, if the value is that."""
    if type(value).__name__ != "Verdict" or not hasattr(value, "passed"):
        return None
    return {"passed": bool(value.passed), "message": str(value.message)}


def report(error: BaseException, above: Sequence[str] = ()) -> dict[str, Any]:
    """Return an error as an output of a cell, with a traceback of the lines that a reader can look at.

    above: the text of the cells above, one of which may define the name that is missing.
    """
    lines = describe(traceback.TracebackException(type(error), error, error.__traceback__))
    if isinstance(error, NameError) and (n := defining(error.name or "", above)):
        lines.append(f"Cell {n} defines {error.name}. “Run to here” runs it and all that come before this one.")
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(error),
        "traceback": "\n".join(lines),
    }


def describe(what: traceback.TracebackException) -> list[str]:
    """Return the lines of a traceback: those of cells, and the innermost of what a cell has called."""
    lines = []
    cause = what.__cause__ or (None if what.__suppress_context__ else what.__context__)
    if cause is not None:
        lines += [*describe(cause), "", "And then:"]
    frames = [frame for frame in what.stack if "livekernel" not in frame.filename and "importlib" not in frame.filename]
    for i, frame in enumerate(frames):
        own = frame.filename.startswith("<cell ")
        if own or i == len(frames) - 1:
            place = frame.filename.strip("<>").capitalize() if own else PLACE.sub("", frame.filename)
            inside = "" if frame.name == "<module>" else f", in {frame.name}"
            lines.append(f"{place}, line {frame.lineno}{inside}")
            if frame.line:
                lines.append(f"    {frame.line}")
    for line in what.format_exception_only():
        lines += (
            re.sub(r'^ *File "<(cell \d+)>", line', r"C\1, line", line).replace("Ccell", "Cell").rstrip().split("\n")
        )
    return lines
