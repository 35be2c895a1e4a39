"""The student edition has every exercise and no solution: not on the page, not in the search, not in the download."""

import importlib.util
import json
import re
import subprocess
import sys

import nbformat
import pytest
from pages import EXERCISE_PAGES, PAGES, PATHS, ROOT, cells_of, exercises_on, name_of

spec = importlib.util.spec_from_file_location("edition", ROOT / "tools" / "edition.py")
edition = importlib.util.module_from_spec(spec)
spec.loader.exec_module(edition)
without_solutions = edition.without_solutions

CLASS = ":class-container: solution"
QUIZZES = [path for page in PAGES if (path := ROOT / f"{page}.md").exists() and CLASS in path.read_text("utf-8")]
SECRET = "the secret of the solution"


@pytest.mark.parametrize("page", EXERCISE_PAGES, ids=name_of)
def test_only_the_solutions_are_left_out_of_a_notebook(page):
    path = PATHS[page]
    text = path.read_text(encoding="utf-8")
    before, after = (nbformat.reads(t, as_version=4) for t in (text, without_solutions(path.name, text)))
    nbformat.validate(after)
    gone = [cell for cell in before.cells if cell not in after.cells]
    assert gone == cells_of(page, tag="solution")
    assert len(before.cells) - len(after.cells) == len(gone) == len(exercises_on(page))
    assert not any('class="solution"' in cell.source for cell in after.cells)
    assert [cell for cell in before.cells if cell not in gone] == after.cells


@pytest.mark.parametrize("path", QUIZZES, ids=lambda path: path.stem)
def test_a_dropdown_of_a_page_keeps_its_question_only(path):
    text = path.read_text(encoding="utf-8")
    student = without_solutions(path.name, text)
    found = re.findall(rf"^```\{{dropdown\}} (.*)\n{CLASS}\n((?:.*\n)*?)```$", text, re.MULTILINE)
    assert len(found) == text.count(CLASS)
    for question, answer in found:
        assert f"\n**{question}**\n" in student
        assert answer.strip() not in student
    assert text.count("{dropdown}") - student.count("{dropdown}") == len(found)
    assert without_solutions(path.name, text.replace(CLASS, ":open:")).count("{dropdown}") == text.count("{dropdown}")


@pytest.fixture(scope="module", params=["", "student"])
def built(request, tmp_path_factory):
    """A book of two pages, built in each edition."""
    source = tmp_path_factory.mktemp("edition")
    (source / "conf.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'tools')!r})\n"
        'extensions = ["myst_nb", "sphinx_design", "edition"]\n'
        'nb_execution_mode = "off"\n'
        'source_suffix = {".ipynb": "myst-nb", ".md": "myst-nb"}\n',
        encoding="utf-8",
    )
    cells = [nbformat.v4.new_markdown_cell("# The task"), nbformat.v4.new_markdown_cell(f"Open: {SECRET}")]
    cells[1].metadata["tags"] = ["solution"]
    (source / "index.md").write_text(
        f"# Start\n\n```{{toctree}}\ntask\n```\n\n```{{dropdown}} Why?\n:class-container: solution\n{SECRET}\n```\n",
        encoding="utf-8",
    )
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source / "task.ipynb")
    out = source / "_build"
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "-q", "-D", f"edition={request.param}", source, out]
    subprocess.run(list(map(str, command)), check=True, timeout=120)
    return request.param, out


def test_a_built_edition_holds_the_solutions_or_does_not(built):
    name, out = built
    files = [path for path in out.rglob("*.*") if path.is_file() and ".doctrees" not in path.parts]
    holding = {path.name for path in files if SECRET.encode() in path.read_bytes()}
    expected = set() if name == "student" else {"index.html", "task.html", "index.md", "task.ipynb"}
    assert {name.removesuffix(".txt") for name in holding} == expected
    assert "The task" in (out / "task.html").read_text(encoding="utf-8")
    assert ("secret" in (out / "searchindex.js").read_text(encoding="utf-8")) == (name == "")
    json.loads(next((out / "_sources").glob("task.ipynb*")).read_text(encoding="utf-8"))


def test_an_unknown_edition_is_refused(tmp_path):
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'tools')!r})\nextensions = ['edition']\n", encoding="utf-8"
    )
    (tmp_path / "index.rst").write_text("Start\n=====\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-b",
        "html",
        "-D",
        "edition=teacher",
        str(tmp_path),
        str(tmp_path / "o"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    assert "EDITION must be student or nothing, got 'teacher'" in result.stderr
