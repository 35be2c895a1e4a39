"""The notebooks run with nothing but the file that each page offers, in an empty environment, from their first cell."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pages import LONG, NOTEBOOKS

QUICK = ("01_setup", "02_layer_primitives", "04_visualization")
CHOSEN = [name.removeprefix("chapters/") for name in NOTEBOOKS] if LONG else QUICK
OLDEST = "numpy==2.0.*"  # that pyproject.toml allows
RUN = """\
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
print("ran to its end")
"""


@pytest.mark.parametrize("numpy", ["numpy", OLDEST])
def test_notebooks_run_in_an_empty_environment_with_what_the_book_offers(
    site: Path, tmp_path: Path, numpy: str
) -> None:
    with zipfile.ZipFile(site / "_static" / "live" / "notebooks.zip") as offered:
        offered.extractall(tmp_path)
    folder = tmp_path / "notebooks"
    (wheel,) = folder.glob("*.whl")
    assert f'"./{wheel.name}[notebooks]"' in (folder / "README.txt").read_text(encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "install", "-q", "--only-binary", ":all:", f"./{wheel.name}[notebooks]", numpy]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True)
    if installed.returncode and "No matching distribution" in installed.stderr or "onnection" in installed.stderr:
        pytest.skip(f"{numpy} could not be had: {installed.stderr.strip()[-300:]}")
    assert installed.returncode == 0, installed.stderr
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "IPYTHON"))}
    environment |= {"MPLBACKEND": "agg", "IPYTHONDIR": str(tmp_path / "ipython")}
    for name in CHOSEN:
        command = [python, "-c", RUN, f"{name}.ipynb"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")
        assert done.stdout.endswith("ran to its end\n"), done.stdout[-3000:] + done.stderr[-3000:]
