"""What a live page runs on is made whole or not at all, of files whose checksums are right, wherever they came from."""

import hashlib

import pytest
import runtime

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
    monkeypatch.setattr(runtime, "wheels", lambda folder, sources: folder.mkdir(parents=True) or {})

    def fail(*_):
        raise runtime.UnavailableError("no Node.js")

    monkeypatch.setattr(runtime, "own_wheel", fail)
    with pytest.raises(runtime.UnavailableError, match="no Node.js"):
        runtime.prepare()
    assert [path.name for path in (tmp_path / "_live").iterdir()] == ["wheels"]
