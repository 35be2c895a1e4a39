"""The map in ARCHITECTURE.md names every file that somebody has written, and none that is gone."""

import re

from pages import ROOT

import scratchnet

MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## What is where")[2]
PATTERNS = [
    pattern for line in re.findall(r"^- (`.*?`):", MAP, re.MULTILINE) for pattern in re.findall("`(.*?)`", line)
]
WRITTEN = {".py", ".pyi", ".ipynb", ".md", ".js", ".css"}
FOLDERS = ("benchmarks", "chapters", "live", "scratchnet", "tests", "tools")


def files(folder):
    """Every file below a folder, without what commands and editors leave there."""
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith((".", "_")):
            yield from files(path)
        elif path.is_file():
            yield path


def test_nothing_on_the_map_is_gone():
    assert len(PATTERNS) > 60
    assert [pattern for pattern in PATTERNS if not any(ROOT.glob(pattern))] == []


def test_no_file_is_missing_from_the_map():
    found = [path for name in FOLDERS for path in files(ROOT / name)] + list(ROOT.glob("*.md"))
    mapped = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    missing = [path for path in found if path.suffix in WRITTEN and path not in mapped]
    assert [path.relative_to(ROOT).as_posix() for path in sorted(missing)] == [], "add a line to ARCHITECTURE.md"


def test_the_library_stands_there_in_its_reading_order():
    named = [
        name.removeprefix("scratchnet/").removesuffix(".py") for name in PATTERNS if name.startswith("scratchnet/")
    ]
    assert tuple(named[1 : len(scratchnet.MODULES) + 1]) == scratchnet.MODULES


def test_every_name_of_the_drawings_is_in_the_code():
    drawings = "".join(re.findall(r"^```\n(.*?)^```", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.M | re.S))
    names = re.findall(r"\b(training|parameters|optimizers)\.(\w+)", drawings)
    assert len(names) >= 4
    for module, name in names:
        assert hasattr(__import__(f"scratchnet.{module}", fromlist=["_"]), name), f"{module}.{name}"
