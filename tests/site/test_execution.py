"""The build executes what has changed and nothing else, the longest page first, says how far it is, and waits."""

import execution
import nbformat
import notebooks
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


class Book:
    """Three pages in a folder of their own, whose execution is noted and does nothing."""

    def __init__(self, folder, monkeypatch):
        self.executed, self.caches = [], folder / "_cache"
        self.pages = [folder / f"{name}.ipynb" for name in ("short", "middle", "long")]
        for path in self.pages:
            self.write(path, f"{path.stem} = 1")
        monkeypatch.setattr(execution, "CACHES", self.caches)
        monkeypatch.setattr(execution, "SECONDS", self.caches / "seconds.json")
        monkeypatch.setattr(execution, "execute", self.execute)
        monkeypatch.setattr(execution.os, "cpu_count", lambda: 1)

    def write(self, path, code, prose="Prose"):
        nbformat.write(new_notebook(cells=[new_markdown_cell(prose, id="a"), new_code_cell(code, id="b")]), path)

    def execute(self, path, notebook, store_widget_state, keep):
        self.executed.append(path.stem)
        if "raise" in notebook.cells[1].source:
            raise notebooks.NotebookFailed(f"{path.stem} fails")
        (keep / "cells.json").write_text(notebook.cells[1].source)
        notebook.cells[1].outputs = [new_output("stream", text=notebook.cells[1].source)]

    def build(self, key="key"):
        """Return what is executed."""
        self.executed = []
        execution.fill(self.caches / key, self.pages)
        return self.executed


@pytest.fixture
def book(tmp_path, monkeypatch):
    return Book(tmp_path, monkeypatch)


def test_a_second_build_executes_nothing_and_neither_does_one_after_an_edit_of_prose(book):
    assert sorted(book.build()) == ["long", "middle", "short"]
    assert book.build() == []
    book.write(book.pages[0], "short = 1", prose="Prose, with a comma")
    assert book.build() == []


def test_after_an_edit_of_one_cell_that_page_runs_alone(book):
    book.build()
    book.write(book.pages[1], "middle = 2")
    assert book.build() == ["middle"]


def test_what_else_a_cell_sees_runs_all_pages_and_what_is_out_of_date_goes(book):
    book.build("before")
    assert len(book.build("after")) == 3
    assert sorted(path.name for path in book.caches.iterdir()) == ["after", "seconds.json"]


def test_the_page_that_took_longest_the_last_time_begins(book, capsys):
    book.caches.mkdir()
    for text, first in (('{"long": 90, "middle": 40, "short": 5}', "long"), ('{"short": 70, "lo', "middle")):
        execution.SECONDS.write_text(text)
        assert book.build(key=first)[0] == first  # without times, the one with the most code
    assert '"short"' in execution.SECONDS.read_text()


def test_every_page_says_when_it_is_done_and_how_many_are_left(book, capsys):
    book.build()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Executing 3 of 3 pages on 1 cores"
    assert [line.split()[-2:] for line in lines[1:]] == [["2", "left"], ["1", "left"], ["0", "left"]]
    assert {line.split(":")[0].strip() for line in lines[1:]} == {"long", "middle", "short"}
    assert all(": 0 s, " in line for line in lines[1:])


def test_a_page_that_fails_stops_the_build_and_what_was_executed_is_kept(book):
    book.write(book.pages[0], "raise")  # the shortest, and so the last
    with pytest.raises(notebooks.NotebookFailed, match="short fails"):
        book.build()
    book.write(book.pages[0], "short = 1")
    assert book.build() == ["short"]


def test_the_key_holds_sources_data_packages_and_python(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "ROOT", tmp_path)
    (tmp_path / "scratchnet" / "__pycache__").mkdir(parents=True)
    keys = [execution.key()]
    for path, text in (
        ("scratchnet/a.py", "x = 1"),
        ("scratchnet/a.py", "x = 2"),
        ("scratchnet/b.css", "a {}"),
        ("chapters/data.json", "[]"),
        ("tools/notebooks.py", "x = 1"),
        ("tools/execution.py", "x = 1"),
        ("live/livekernel/keeping.py", "x = 1"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        keys.append(execution.key())
    (tmp_path / "scratchnet" / "__pycache__" / "a.pyc").write_text("compiled")
    (tmp_path / "chapters" / "page.md").write_text("Prose")
    assert execution.key() == keys[-1]
    monkeypatch.setattr(execution.sys, "version", "3.99")
    keys.append(execution.key())
    monkeypatch.setattr(execution, "distributions", lambda: [])
    keys.append(execution.key())
    assert len(set(keys)) == len(keys)


def test_a_cell_may_take_as_long_as_it_takes(tmp_path, monkeypatch):
    class Client(notebooks.NotebookClient):
        def __init__(self, *args, **options):
            limits.append(options.get("timeout", "the default of nbclient"))
            super().__init__(*args, **options)

    limits, path = [], tmp_path / "page.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("print(2)")]), path)
    monkeypatch.setattr(notebooks, "NotebookClient", Client)
    assert notebooks.execute(path).cells[0].outputs[0].text == "2\n"
    assert limits == [None]


def test_a_line_that_arrives_in_pieces_is_one_line(tmp_path):
    """The page of notebook 04 broke a line in two once, where the kernel had sent it in two pieces."""
    path = tmp_path / "page.ipynb"
    code = "import time\nfor part in 'one', 'two\\n':\n    print(part, end=' ', flush=True)\n    time.sleep(0.3)"
    nbformat.write(new_notebook(cells=[new_code_cell(code)]), path)
    (output,) = notebooks.execute(path).cells[0].outputs
    assert output.text == "one two\n "
