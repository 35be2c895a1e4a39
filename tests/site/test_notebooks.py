"""The committed notebooks are executed, clean and accessible, and tools/notebooks.py keeps them so."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pages import NOTEBOOKS, PATHS, ROOT, name_of
from PIL import Image

EACH_NOTEBOOK = pytest.mark.parametrize("name", NOTEBOOKS, ids=name_of)

ABSOLUTE_PATH = re.compile(
    r"(?<![\w./:])/(?:home|Users|root|tmp|var|usr|opt|mnt|srv|work|private|content)/\w|\b[A-Za-z]:\\\w|\\\\\w+\\|site-packages"
)

spec = importlib.util.spec_from_file_location("notebooks", ROOT / "tools" / "notebooks.py")
assert spec and spec.loader
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def texts(output: NotebookNode) -> list[str]:
    """Everything readable that an output stores: no images."""
    stored = [output.get("text", ""), *output.get("data", {}).values()]
    return [
        text
        for text, mime in zip(stored, ["text/plain", *output.get("data", {})], strict=True)
        if isinstance(text, str) and not mime.startswith("image/")
    ]


def is_figure(output: NotebookNode) -> bool:
    return "image/png" in output.get("data", {})


def figures(notebook: NotebookNode) -> list[tuple[NotebookNode, NotebookNode]]:
    return [(cell, output) for cell in code_cells(notebook) for output in cell.outputs if is_figure(output)]


# --- what is committed ---


@EACH_NOTEBOOK
def test_executed_in_order_from_a_clean_kernel(name: str) -> None:
    cells = code_cells(NOTEBOOKS[name])
    assert cells
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell.source.strip() for cell in cells), "an empty code cell"


@EACH_NOTEBOOK
def test_what_a_cell_prints_or_shows_is_stored(name: str) -> None:
    for cell in code_cells(NOTEBOOKS[name]):
        if re.search(r"^(print|show|show_source)\(", cell.source, re.MULTILINE):
            assert cell.outputs, f"nothing is stored for:\n{cell.source}"


@EACH_NOTEBOOK
def test_no_error_and_nothing_on_stderr(name: str) -> None:
    for output in outputs(NOTEBOOKS[name]):
        assert output.output_type != "error", output.get("evalue")
        assert output.get("name") != "stderr", output.get("text")
    for cell in code_cells(NOTEBOOKS[name]):
        assert "raises-exception" not in cell.metadata.get("tags", []), "catch the exception and print its message"


@EACH_NOTEBOOK
def test_no_path_or_address_of_a_machine(name: str) -> None:
    notebook = NOTEBOOKS[name]
    for text in [cell.source for cell in notebook.cells] + [text for o in outputs(notebook) for text in texts(o)]:
        assert not ABSOLUTE_PATH.search(text), text
        assert not re.search(r"\bat 0x[0-9a-fA-F]+", text), text


@pytest.mark.parametrize("path", ["/home/ann/x.py", "see /Users/ann", r"C:\Users\ann", r"\\server\share", "'/opt/a'"])
def test_a_path_is_recognized_on_every_system(path: str) -> None:
    assert ABSOLUTE_PATH.search(path)


@pytest.mark.parametrize(
    "text", ["train/test", "2/3", "https://example.org/home/x", r"\frac{a}{b}", "and/or", "a: \\n"]
)
def test_what_is_no_path_is_not_taken_for_one(text: str) -> None:
    assert not ABSOLUTE_PATH.search(text)


@EACH_NOTEBOOK
def test_normalized(name: str) -> None:
    assert tool.is_normalized(PATHS[name]), "run `make notebooks`"
    assert tool.WIDGET_VIEW not in PATHS[name].read_text(encoding="utf-8")
    assert "widgets" not in NOTEBOOKS[name].metadata


@EACH_NOTEBOOK
def test_every_figure_has_its_alt_text_everywhere(name: str) -> None:
    for cell, output in figures(NOTEBOOKS[name]):
        alt = output.data.get("text/plain", "")
        assert not alt.startswith("<Figure"), cell.source
        assert len(alt) >= 40, f"say what the figure shows: {alt!r}"
        assert output.metadata["image/png"]["alt"] == alt
        assert cell.metadata["mystnb"]["image"]["alt"] == alt, "run `make notebooks`"
    for cell in code_cells(NOTEBOOKS[name]):
        n_figures = sum(map(is_figure, cell.outputs))
        assert n_figures <= 1, f"a cell has one alt text, so one figure:\n{cell.source}"
        if "image" in cell.metadata.get("mystnb", {}):
            assert n_figures == 1, f"an alt text is left over:\n{cell.source}"


@EACH_NOTEBOOK
def test_every_figure_has_a_caption_and_a_name(name: str) -> None:
    for cell, _ in figures(NOTEBOOKS[name]):
        figure = cell.metadata["mystnb"].get("figure", {})
        assert figure.get("caption", "").strip(), f"no caption:\n{cell.source}"
        assert figure.get("name", "").strip(), f"no name to refer to:\n{cell.source}"


def test_no_two_figures_share_alt_text_caption_or_name() -> None:
    described = [
        (
            output.data["text/plain"],
            cell.metadata["mystnb"]["figure"]["caption"],
            cell.metadata["mystnb"]["figure"]["name"],
        )
        for notebook in NOTEBOOKS.values()
        for cell, output in figures(notebook)
    ]
    for values in zip(*described, strict=True):
        assert not [value for value, count in Counter(values).items() if count > 1]


@EACH_NOTEBOOK
def test_what_nbval_skips_is_explained(name: str) -> None:
    for cell in code_cells(NOTEBOOKS[name]):
        skips = {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
        assert "NBVAL_" not in cell.source, "use a tag and give the reason in the metadata"
        if skips:
            assert len(cell.metadata.get("nbval_reason", "")) >= 10, f"{skips} without nbval_reason:\n{cell.source}"


# --- tools/notebooks.py ---

FIGURE = """\
from IPython.display import display
from PIL import Image

alt = "A line that rises from the lower left corner to the upper right one."
png = Image.new("1", (1200, 100))._repr_png_()
display({"image/png": png, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
"""
SLIDER = """\
import ipywidgets

ipywidgets.VBox([ipywidgets.FloatSlider(value=0.5, description="lr"), ipywidgets.IntSlider(value=3)])
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A notebook with prints, a slider and a figure, not yet executed."""
    cells = [
        new_markdown_cell("# Scratch"),
        new_code_cell("print('one', flush=True)\nprint('two')\n3"),
        new_code_cell(SLIDER),
        new_code_cell(FIGURE, metadata={"mystnb": {"figure": {"caption": "A line.", "name": "fig-line"}}}),
    ]
    path = tmp_path / "scratch.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    (path.parent / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")  # not this repository's settings
    return subprocess.run([*command, path.name], cwd=path.parent, capture_output=True, text=True, encoding="utf-8")


def test_a_run_gives_the_canonical_form_and_a_second_run_changes_nothing(scratch: Path) -> None:
    assert not tool.is_normalized(scratch)
    assert tool.main([str(scratch)]) == 0
    once = scratch.read_bytes()
    assert tool.is_normalized(scratch)
    assert tool.main(["--check", str(scratch)]) == 0

    os.utime(scratch, (1, 1))
    assert tool.main([str(scratch)]) == 0
    assert scratch.read_bytes() == once
    assert scratch.stat().st_mtime == 1, "an unchanged file is not written"
    assert [file.name for file in scratch.parent.iterdir()] == [scratch.name]

    notebook = nbformat.read(scratch, as_version=4)
    prints, slider, figure = code_cells(notebook)
    assert [output.output_type for output in prints.outputs] == ["stream", "execute_result"]
    assert prints.outputs[0].text == "one\ntwo\n"
    assert list(slider.outputs[0].data) == ["text/plain"]
    assert figure.metadata.mystnb.image.alt == figure.outputs[0].data["text/plain"]
    assert figure.metadata.mystnb.image.classes == "wide"
    assert figure.metadata.mystnb.figure.name == "fig-line"
    assert "version" not in notebook.metadata.language_info


def test_nbval_accepts_the_canonical_form_and_rejects_another_output(scratch: Path) -> None:
    assert tool.main([str(scratch)]) == 0
    accepted = nbval(scratch)
    assert accepted.returncode == 0, accepted.stdout
    assert "3 passed" in accepted.stdout

    text = scratch.read_text(encoding="utf-8")
    scratch.write_text(text.replace('"two\\n"', '"too\\n"'), encoding="utf-8")
    rejected = nbval(scratch)
    assert rejected.returncode == 1, rejected.stdout
    assert "1 failed, 2 passed" in rejected.stdout


def test_a_failing_cell_leaves_the_file_and_the_others_go_on(
    scratch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.ipynb"
    nbformat.write(
        new_notebook(cells=[new_code_cell("1"), new_code_cell("x = 1\nraise ValueError('no such lr')")]), broken
    )
    before = broken.read_bytes()
    assert tool.main([str(broken), str(scratch)]) == 1
    assert broken.read_bytes() == before
    assert tool.is_normalized(scratch)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["broken.ipynb", "scratch.ipynb"]
    message = capsys.readouterr().err
    assert "broken.ipynb, code cell 2 (x = 1)" in message
    assert "ValueError: no such lr" in message
    assert "\x1b" not in message


def test_the_python_that_runs_this_executes_whatever_kernel_goes_by_its_name(
    scratch: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path_factory.mktemp("jupyter")
    (theirs / "kernels/python3").mkdir(parents=True)
    spec = {"argv": ["/nowhere/python", "-f", "{connection_file}"], "display_name": "Theirs", "language": "python"}
    (theirs / "kernels/python3/kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(theirs))
    nbformat.write(new_notebook(cells=[new_code_cell("import sys\nprint(sys.executable)")]), scratch)
    assert tool.execute(scratch).cells[0].outputs[0].text.strip() == sys.executable


def test_an_interrupted_write_leaves_the_file(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scratch.read_bytes()

    def full_disk(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(tool.os, "replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        tool.write_atomically(scratch, "{}")
    assert scratch.read_bytes() == before
    assert [file.name for file in scratch.parent.iterdir()] == [scratch.name]


def test_check_executes_nothing_and_names_the_notebook(scratch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = scratch.read_bytes()
    assert tool.main(["--check", str(scratch)]) == 1
    assert "scratch.ipynb is not normalized" in capsys.readouterr().err
    assert scratch.read_bytes() == before


def test_normalize_removes_what_varies_and_keeps_the_rest() -> None:
    png = base64.b64encode(Image.new("1", (100, 100))._repr_png_()).decode()
    view = {tool.WIDGET_VIEW: {"model_id": "abc"}}
    cell = new_code_cell(
        "x",
        id="kept",
        metadata={
            "tags": [],
            "execution": {"iopub.execute_input": "2024-01-01"},
            "nbval_reason": "kept",
            "mystnb": {"image": {"width": "80%", "classes": "wide tall"}, "figure": {"name": "kept"}},
        },
        outputs=[
            new_output("stream", name="stdout", text="a"),
            new_output("stream", name="stdout", text="b\n"),
            new_output("stream", name="stderr", text="c"),
            new_output("display_data", data=dict(view)),
            new_output("display_data", data={"text/plain": "VBox()", **view}),
            new_output("display_data", data={"image/png": png}, metadata={"image/png": {"alt": "A square."}}),
        ],
    )
    notebook = new_notebook(
        cells=[cell],
        metadata={
            "widgets": {"state": {}},
            "kernelspec": {"name": "my-kernel", "display_name": "Mine (3.11.7)"},
            "language_info": {"name": "python", "version": "3.11.7", "codemirror_mode": {"version": 3}},
            "title": "kept",
        },
    )
    tool.normalize(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        "title": "kept",
    }
    assert cell.id == "kept"
    assert cell.metadata == {
        "nbval_reason": "kept",
        "mystnb": {"image": {"width": "80%", "classes": "tall", "alt": "A square."}, "figure": {"name": "kept"}},
    }
    assert [output.get("text") for output in cell.outputs] == ["ab\n", "c", None, None]
    assert cell.outputs[2].data == {"text/plain": "VBox()"}
    once = tool.to_text(notebook)
    assert tool.to_text(tool.normalize(notebook)) == once
