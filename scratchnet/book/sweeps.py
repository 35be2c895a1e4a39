"""Experiments that no stack of networks holds: every setting of a grid, here, in processes or on a cluster.

Any executor of `concurrent.futures` will do, and what has the same methods, such as a Dask cluster's
`Client.get_executor()`. What is done stands in a file, so that a sweep that was killed goes on where it was.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, as_completed
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from scratchnet.storage import write_atomically

Row = dict[str, Any]
Done = Generator[tuple[Row, Row], None, None]  # settings and their rows
OWN = ("error", "seconds")  # columns of every row, besides its setting and what `run` returned


class Table(list[Row]):
    """A row for each setting: the setting, what came of it, what went wrong, or None, and the seconds it took."""

    def column(self, name: str) -> list[Any]:
        """Return an entry of every row, None where it is missing."""
        return [row.get(name) for row in self]

    @property
    def failed(self) -> Table:
        """The rows of the settings that raised an exception."""
        return Table(row for row in self if row["error"] is not None)

    def _repr_markdown_(self) -> str:
        names = list(dict.fromkeys(name for row in self for name in row))
        lines = [names, ["---"] * len(names), *([_shown(row.get(name)) for name in names] for row in self)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sweep(
    grid: Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Any]],
    run: Callable[..., Any],
    executor: Executor | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Table:
    """Call run(**setting) for every setting and return a `Table`, in the order of the grid.

    grid: {name: values}, of which every combination is a setting, or a list of settings. run returns a dict of results,
    or one, which is then called "result": numbers, texts, lists of such, and arrays, which become lists. executor: the
    settings are run one after the other, here, unless one is given. progress: draw a bar.

    A setting that raises an exception gets a row with its message, and the others go on. file: where every row is
    written, in JSON, as soon as it is known; the file is replaced in one step. A second call with it runs only what has
    no row, so a sweep that was killed goes on, and so does one whose grid has grown. To run a setting again, remove its
    row.

    Raises ValueError for a grid without settings or with one twice, and for a file of other settings. Where the
    executor itself breaks, its BrokenExecutor goes on when all that was done is written.
    """
    settings = _settings(grid)
    rows = {} if file is None else _read(Path(file), settings)
    waiting = [setting for setting in settings if _key(setting) not in rows]
    results = _here(run, waiting) if executor is None else _elsewhere(run, waiting, executor)
    bar = tqdm(total=len(settings), initial=len(settings) - len(waiting), unit="run", disable=not progress)
    with bar, contextlib.closing(results):
        for setting, row in results:
            rows[_key(setting)] = row
            if file is not None:
                _write(Path(file), list(setting), list(rows.values()))
            bar.set_postfix(failed=sum(row["error"] is not None for row in rows.values()), refresh=False)
            bar.update()
    return Table(rows[_key(setting)] for setting in settings)


def _settings(grid: Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the settings of a grid, as they are when they come from a file."""
    if isinstance(grid, Mapping):
        grid = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    settings = [_plain(dict(setting)) for setting in grid]
    if not settings or not settings[0] or len({frozenset(setting) for setting in settings}) > 1:
        raise ValueError("grid must hold at least one setting, and all with the same names")
    if len({_key(setting) for setting in settings}) < len(settings):
        raise ValueError("grid must hold no setting twice")
    if taken := set(OWN) & set(settings[0]):
        raise ValueError(f"grid must have other names than {sorted(taken)}, which are columns of every table")
    return settings


def _plain(value: Any) -> Any:
    """Return what is left of a value when it has been written and read: of tuples and arrays lists."""
    return json.loads(json.dumps(value, default=lambda other: other.tolist()))


def _key(setting: Mapping[str, Any]) -> str:
    return json.dumps(setting, sort_keys=True)


def _row(run: Callable[..., Any], setting: Row) -> Row:
    """Run one setting, wherever this is called, and return its row. An exception becomes its message."""
    start, results, error = time.perf_counter(), {}, None
    try:
        returned = run(**setting)
        results = _plain(dict(returned) if isinstance(returned, Mapping) else {"result": returned})
        if taken := (set(OWN) | set(setting)) & set(results):
            raise ValueError(f"run must return other names than {sorted(taken)}, which the row has already")
    except Exception as problem:
        results, error = {}, f"{type(problem).__name__}: {problem}"
    return {**setting, **results, "error": error, "seconds": round(time.perf_counter() - start, 3)}


def _here(run: Callable[..., Any], settings: list[Row]) -> Done:
    for setting in settings:
        yield setting, _row(run, setting)


def _elsewhere(run: Callable[..., Any], settings: list[Row], executor: Executor) -> Done:
    """Yield each setting with its row when it is done. What has not begun is withdrawn when the sweep ends early."""
    futures: dict[Future[Row], Row] = {executor.submit(_row, run, setting): setting for setting in settings}
    broken: BaseException | None = None
    try:
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except (BrokenExecutor, CancelledError) as error:  # no setting's fault: what others have done still counts
                broken = error
            except Exception as error:  # the setting's, but outside of `run`: it cannot be sent, or kills its workers
                message = f"{type(error).__name__}: {error}"
                yield futures[future], {**futures[future], "error": message, "seconds": None}
    finally:
        for future in futures:
            future.cancel()
    if broken is not None:
        raise broken


def _read(file: Path, settings: list[Row]) -> dict[str, Row]:
    """Return the rows of a file by their settings; none where there is no file."""
    if not file.exists():
        return {}
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        names, rows = set(written["names"]), written["rows"]
        found = {_key({name: row[name] for name in names}): row for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} was not written by a sweep") from error
    if names != set(settings[0]):
        raise ValueError(f"{file} belongs to a sweep over {sorted(names)}, not {sorted(settings[0])}: name another")
    return found


def _write(file: Path, names: list[str], rows: list[Row]) -> None:
    """Replace the file in one step: whatever kills this, it is as before, or whole."""
    text = json.dumps({"names": names, "rows": rows}, ensure_ascii=False, indent=0)
    write_atomically(os.path.realpath(file), text.encode())


def _shown(value: Any) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
