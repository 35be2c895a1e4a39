"""chapters/licenses.md lists every file of others in the built book, with the license that its package states."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

import pytest
import runtime
from pages import ROOT

PAGE = (ROOT / "chapters" / "licenses.md").read_text(encoding="utf-8")
OWN = {path.name for path in (ROOT / "chapters" / "static").iterdir()}
PHRASES = {  # what tells the text of one license from those of the others
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-2-Clause": "Redistribution and use in source and binary forms",
    "BSD-3-Clause": "may be used to endorse or promote products derived from this software",
}
BANNER = re.compile(r"(/\*!\s*\*?\s*([A-Z][\w. ]*?|clipboard\.js) +v?(\d+\.\d+\.\d+).*?\*/)", re.DOTALL)
SPDX = r"[A-Z][A-Za-z]*(?:-[\dA-Za-z.-]+)?\b"


class Row(NamedTuple):
    project: str
    package: str
    version: str
    license: str
    copyright: str
    files: list[str]

    def covers(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self.files)


def rows(heading: str) -> list[Row]:
    """The table under a heading of the page."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = []
    for line in section.splitlines():
        if line.startswith("| ["):
            name, *cells, files = (cell.strip() for cell in line.strip("|").split("|"))
            package = "".join(re.findall("`(.+?)`", name))
            found.append(Row(re.findall(r"\[(.+?)\]", name)[0], package, *cells, re.findall("`(.+?)`", files)))
    return found


PACKAGES = rows("What the packages of the book bring")
LOADED = rows("What the pages load besides")
BUNDLED = rows("What these packages bring from elsewhere")
LOCK = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def letters(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


INSTALLED: dict[str, Distribution] = {canonical(d.name): d for d in distributions()}
pytestmark = pytest.mark.skipif(
    any(INSTALLED[row.package].version != LOCK[row.package] for row in PACKAGES),
    reason="the list is of the packages in requirements.lock, and others are installed",
)


@pytest.fixture(scope="module")
def shipped(site: Path) -> dict[str, bytes]:
    """Every file of others below _static, with what it holds."""
    folder = site / "_static"
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert OWN <= names.keys()
    return {name: path.read_bytes() for name, path in names.items() if name not in OWN and not name.startswith("live/")}


def test_all_tables_were_read() -> None:
    assert len(PACKAGES) > 5 and len(LOADED) == 1 and len(BUNDLED) > 3
    for row in PACKAGES + LOADED + BUNDLED:
        assert all(row._replace(package="-")), row


def test_every_file_is_listed_and_nothing_else(shipped: dict[str, bytes]) -> None:
    unlisted = [name for name in shipped if not any(row.covers(name) for row in PACKAGES + LOADED)]
    assert not unlisted, "chapters/licenses.md does not say whose these are"
    patterns = [pattern for row in PACKAGES + LOADED + BUNDLED for pattern in row.files]
    gone = [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in shipped)]
    assert not gone, "chapters/licenses.md lists files that are not in the book"


def test_a_file_that_a_package_holds_is_listed_as_its_file(shipped: dict[str, bytes]) -> None:
    names = {Path(name).name for name in shipped}
    with_content = {content: name for name, content in shipped.items()}
    held: dict[str, set[str]] = {}
    for package, distribution in INSTALLED.items():
        for file in distribution.files or []:
            path = Path(str(distribution.locate_file(file)))
            if file.name in names and path.is_file() and path.read_bytes() in with_content:
                held.setdefault(with_content[path.read_bytes()], set()).add(package)
    assert len(held) > 30
    for name, packages in held.items():
        assert packages & {row.package for row in PACKAGES if row.covers(name)}, f"{name} comes from {packages}"


@pytest.mark.parametrize("row", PACKAGES, ids=[row.package for row in PACKAGES])
def test_version_license_and_copyright_are_those_of_the_installed_package(row: Row) -> None:
    distribution = INSTALLED[row.package]
    assert row.version == distribution.version
    texts = [
        Path(str(distribution.locate_file(file))).read_text(encoding="utf-8")
        for file in distribution.files or []
        if re.match(r"[^/]+\.dist-info/(licenses/)?LICENSE", file.as_posix())
    ]
    text = " ".join("\n".join(texts).split())
    stated = [name for name, phrase in PHRASES.items() if phrase in text]
    assert stated[-1:] == [row.license], stated  # the three clauses hold the words of the two
    assert row.copyright in text.replace("(c) ", "")


@pytest.mark.parametrize("row", LOADED, ids=[row.package for row in LOADED])
def test_version_and_license_are_those_of_the_package_lock(row: Row) -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    locked = lock[f"node_modules/{row.package}"]
    assert (row.version, row.license) == (locked["version"], locked["license"])


def test_what_a_file_says_of_itself_in_a_comment_is_what_is_listed(
    shipped: dict[str, bytes],
) -> None:
    found = set()
    for name, content in shipped.items():
        for comment, project, version in BANNER.findall(
            content.decode() if name.endswith((".js", ".css", ".txt")) else ""
        ):
            row = next((row for row in BUNDLED if (row.project, row.version) == (project, version)), None)
            assert row and row.covers(name), f"{project} {version} is in {name}"
            for stated in (*re.findall(SPDX, row.license), row.copyright):
                assert letters(stated) in letters(comment), f"{row}, but {name} says {comment}"
            found.add(project)
    assert len(found) >= 3


def test_every_package_that_a_source_map_names_is_listed(shipped: dict[str, bytes]) -> None:
    found = {
        (re.sub(r".*/node_modules/((@[^/]+/)?[^/]+)/.*", r"\1", source), name)
        for name, content in shipped.items()
        if name.endswith(".map")
        for source in json.loads(content)["sources"]
        if "/node_modules/" in source
    }
    assert len(found) > 3
    for package, name in found:
        assert any(row.package == package and row.covers(name) for row in BUNDLED), f"{package} is in {name}"


def test_every_license_of_the_tables_is_linked() -> None:
    named = {name for row in PACKAGES + LOADED + BUNDLED for name in re.findall(SPDX, row.license)}
    assert named >= {"MIT", "BSD-3-Clause"}
    assert named == set(re.findall(r"\]\(https://spdx\.org/licenses/(.+?)\.html\)", PAGE))


def test_what_a_live_page_loads_is_listed_with_its_version_and_license(site: Path) -> None:
    folder = site / "_static" / "live"
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    bundled = json.loads((folder / "made.json").read_text(encoding="utf-8"))["bundled"]
    expected = {
        (package, lock[f"node_modules/{package}"]["version"], name)
        for name, found in bundled.items()
        for package in found
    }
    pyodide = runtime.version()
    expected |= {("pyodide", pyodide, name) for name in ("script.bin", "stdlib.bin", "wasm.bin")}
    for pack, wheels in runtime.WHEELS.items():
        expected |= {(name, runtime.lock()[name]["version"], f"{pack}.bin") for name in wheels}
    for pack, installed in runtime.INSTALLED.items():
        expected |= {(name, INSTALLED[name].version, f"{pack}.bin") for name in installed}
    section = PAGE.partition("## What a live page loads\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert {
        (package, version, name) for package, version, _, files in table for name in re.findall("`(.+?)`", files)
    } == expected
    for package, _, stated, _ in table:
        if (locked := lock.get(f"node_modules/{package}")) is not None:
            assert stated == locked["license"]
    others = {path.name for path in folder.iterdir() if path.suffix != ".whl"} - {name for *_, name in expected}
    assert others == {"start.js", "live.css", "book.bin", "made.json", "notebooks.zip", "results"}
