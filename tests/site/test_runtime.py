"""What a live page runs on is made whole or not at all, of files whose checksums are right, wherever they came from."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import runtime
from sphinx.errors import ExtensionError

import live

NAMES = ("numpy", "matplotlib", "contourpy", "cycler", "kiwisolver", "packaging", "pillow", "pyparsing")
NAMES += ("python-dateutil", "six")
FILES = {f"{name}.whl": f"the wheel of {name}".encode() for name in NAMES}


@pytest.fixture(autouse=True)
def release(monkeypatch):
    """A release whose wheels are a line of text each."""
    listed = {
        name: {"file_name": f"{name}.whl", "sha256": hashlib.sha256(FILES[f"{name}.whl"]).hexdigest()} for name in NAMES
    }
    monkeypatch.setattr(runtime, "lock", lambda: listed)
    monkeypatch.setattr(runtime, "version", lambda: "0.0")


def having(files):
    """A source that has these, and notes what it is asked for."""

    def source(names):
        source.asked.append(list(names))
        yield from ((name, files[name]) for name in names if name in files)

    source.asked = []
    return source


def unreachable(names):
    raise OSError("no network")
    yield


def test_each_file_is_taken_from_whoever_has_it_and_asked_for_once(tmp_path):
    some, rest = dict(list(FILES.items())[:4]), having(FILES)
    found = runtime.wheels(tmp_path, [unreachable, having(some), rest])
    assert {path.name: path.read_bytes() for path in found.values()} == FILES
    assert rest.asked == [[name for name in FILES if name not in some]]
    assert runtime.wheels(tmp_path, [unreachable]) == found  # the next time without a network


def test_a_file_with_another_checksum_stops_the_build_and_is_not_kept(tmp_path):
    forged = FILES | {"numpy.whl": b"something else"}
    with pytest.raises(runtime.MismatchError, match=r"numpy\.whl has the checksum"):
        runtime.wheels(tmp_path, [having(forged), having(FILES)])
    assert not (tmp_path / "numpy.whl").exists()


def test_a_file_that_was_changed_where_it_is_kept_is_noticed(tmp_path):
    runtime.wheels(tmp_path, [having(FILES)])
    (tmp_path / "six.whl").write_bytes(b"changed")
    with pytest.raises(runtime.MismatchError, match=r"six\.whl"):
        runtime.wheels(tmp_path, [having(FILES)])


def test_what_nobody_has_is_named(tmp_path):
    with pytest.raises(runtime.UnavailableError, match=r"numpy\.whl is in none of the places"):
        runtime.wheels(tmp_path, [unreachable])


def test_nothing_half_made_stays_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "KEPT", tmp_path / "_live")
    monkeypatch.setattr(runtime, "PACKAGES", tmp_path)
    for path in "pyodide/pyodide.asm.wasm", "esbuild/package.json":
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).touch()
    monkeypatch.setattr(runtime, "wheels", lambda folder, sources: folder.mkdir(parents=True) or {})

    def fail(*_):
        raise runtime.UnavailableError("no Node.js")

    monkeypatch.setattr(runtime, "own_wheel", fail)
    with pytest.raises(runtime.UnavailableError, match="no Node.js"):
        runtime.prepare()
    assert [path.name for path in (tmp_path / "_live").iterdir()] == ["wheels"]


# --- the book that it goes into ---


def build(monkeypatch, made, env="", name="html"):
    """Return where the pages of a build find what makes them live, if `made` is what making it does."""
    monkeypatch.setattr(runtime, "prepare", made)
    monkeypatch.setenv("LIVE", env)
    app = SimpleNamespace(builder=SimpleNamespace(format=name), config=SimpleNamespace(live_folder=None))
    live.prepare(app)
    return app.config.live_folder


def raising(error):
    def made():
        raise error

    return made


def test_a_build_takes_what_was_made_unless_it_is_told_not_to(monkeypatch, tmp_path):
    assert build(monkeypatch, lambda: tmp_path) == tmp_path
    for asked in {"env": "0"}, {"name": "latex"}:
        assert build(monkeypatch, raising(AssertionError("nobody needs it")), **asked) is None


def test_a_build_goes_on_without_what_cannot_be_had_and_stops_at_what_is_wrong(monkeypatch):
    assert build(monkeypatch, raising(runtime.UnavailableError("no network"))) is None
    with pytest.raises(ExtensionError, match="another checksum"):
        build(monkeypatch, raising(runtime.MismatchError("another checksum")))


def test_a_page_without_code_or_whose_code_reads_a_file_has_no_button(tmp_path):
    (tmp_path / "made.json").write_text(
        '{"sizes": {"x.whl": 1, ' + ", ".join(f'"{name}": 2' for name in live.FIRST) + "}}"
    )
    added = []
    app = SimpleNamespace(
        config=SimpleNamespace(live_folder=tmp_path, left_by_cells={}),
        env=SimpleNamespace(doc2path=str),
        outdir="/anywhere/html",
        add_js_file=lambda name, **data: added.append((name, data["data-bytes"], data["data-wheel"])),
        add_css_file=added.append,
    )
    live.offer(app, "glossary", "page.html", {"body": "<p>words</p>"}, None)
    live.offer(app, "chapters/speed", "page.html", {"body": '<div class="cell_input docutils">'}, None)
    assert added == []
    live.offer(app, "setup", "page.html", {"body": '<div class="cell_input docutils">'}, None)
    assert added == [("live/start.js", str(2 * len(live.FIRST)), "x.whl"), "live/live.css"]


def test_a_page_takes_of_its_long_cells_what_it_has_room_for_and_first_what_saves_most_time(tmp_path, monkeypatch):
    left, into = tmp_path / "left", tmp_path / "live"
    left.mkdir()
    sizes = {2: 100, 3: 60, 4: 30, 5: 1000}
    for number, size in sizes.items():
        (left / f"{number}.bin").write_bytes(bytes(size))
    cells = [{"number": number, "seconds": 1.0, "bytes": size} for number, size in sizes.items()]
    cells[3]["absent"] = ["dask"]  # without it the cell could not be run at all
    cells.append({"number": 7, "seconds": 0.001, "bytes": 50})  # too dear for the time that it saves
    cells.append({"number": 6, "seconds": 9.0, "not kept": "a generator"})
    (left / "cells.json").write_text(json.dumps({"training": 0.1, "cells": cells}))
    monkeypatch.setattr(live, "ROOM", 1150)
    monkeypatch.setattr(live, "DEAREST", 1000)
    app = SimpleNamespace(
        config=SimpleNamespace(left_by_cells={Path("chapters/page"): left}), env=SimpleNamespace(doc2path=str)
    )
    live.write_results(app, "chapters/page", into)
    live.write_results(app, "chapters/other", into)
    found = json.loads((into / "results" / "page" / "cells.json").read_text())
    files = {cell["number"]: cell.get("file") for cell in found["cells"]}
    assert files == {
        2: None,
        3: "results/page/3.bin",
        4: "results/page/4.bin",
        5: "results/page/5.bin",
        6: None,
        7: None,
    }
    assert {path.name for path in (into / "results").rglob("*.*")} == {"cells.json", "3.bin", "4.bin", "5.bin"}
