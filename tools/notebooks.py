"""Execute the notebooks from clean kernels and write them back in one canonical form.

    python tools/notebooks.py [notebook ...]           execute, normalize, save
    python tools/notebooks.py --check [notebook ...]   execute nothing; fail where a notebook is not normalized

Without arguments: every notebook in chapters/. The canonical form holds nothing that differs from run to run or from
machine to machine (widget views and state, version metadata, timings), so that a run on an unchanged tree changes no
file, and no MyST (links.py), which only the book can show. A notebook whose cell fails stays as it was.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import os
import re
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from links import make_plain
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDE = 900  # pixels; a figure of several panels, which a phone scrolls rather than shrinks
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LIVE = str(ROOT / "live")
WATCH = "__import__('sys').path.append({!r}); __import__('livekernel.keeping').keeping.begin({!r}, {!r})"
TIMING_METADATA = ("execution", "ExecuteTime", "papermill", "collapsed", "scrolled", "trusted")


class OwnKernel(AsyncKernelManager):
    """Starts the Python that runs this, whatever kernels of the name python3 the machine has."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(parent=self, kernel_dirs=[])


class NotebookFailed(Exception):
    """A cell of a notebook did not run to its end; the message names notebook, cell and error."""


def normalize(notebook: NotebookNode) -> NotebookNode:
    """Bring a notebook to the canonical form, in place: outputs and metadata without anything that varies by run."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata.pop("widgets", None)
    notebook.metadata.kernelspec = NotebookNode(display_name="Python 3", language="python", name="python3")
    notebook.metadata.language_info = NotebookNode(name="python", pygments_lexer="ipython3")
    for cell in notebook.cells:
        if "id" not in cell:
            cell.id = uuid.uuid4().hex[:8]
        for key in TIMING_METADATA:
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if cell.cell_type == "code":
            cell.outputs = _normalize_outputs(cell.outputs)
            _describe_image(cell)
    return notebook


def _normalize_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Drop widget views, and join what one stream printed in several pieces."""
    kept: list[NotebookNode] = []
    for output in outputs:
        output.pop("transient", None)
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)
            output.metadata.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
        kept.append(output)
    return _joined(kept)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what one stream printed in several pieces: a kernel sends them when it likes, also within a line."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _describe_image(cell: NotebookNode) -> None:
    """Copy a figure's alt text to the cell's metadata, where the static page reads it, and mark a wide figure there.

    A figure wider than WIDE gets the class `wide`: on a phone it keeps a legible width and scrolls.
    """
    for output in cell.outputs:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt")
        if alt and "image/png" in output.data:
            image = cell.metadata.setdefault("mystnb", NotebookNode()).setdefault("image", NotebookNode())
            image["alt"] = alt
            width = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).width
            classes = [name for name in image.pop("classes", "").split() if name != "wide"]
            classes += ["wide"] * (width > WIDE)
            if classes:
                image["classes"] = " ".join(classes)
            return


def execute(
    path: Path, notebook: NotebookNode | None = None, store_widget_state: bool = False, keep: Path | None = None
) -> NotebookNode:
    """Run a notebook in a fresh kernel, in the folder of its file, and return it with its outputs.

    notebook: what the file holds, where that has been read already. A cell may take as long as it takes.
    keep: a folder for what live/livekernel/keeping.py finds out while it runs. Raises NotebookFailed where a cell
    raises or kills the kernel.
    """
    notebook = nbformat.read(path, as_version=4) if notebook is None else notebook
    running: dict[str, Any] = {}
    client = NotebookClient(
        notebook,
        timeout=None,  # a slow laptop takes five times as long
        kernel_name="python3",
        kernel_manager_class=OwnKernel,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=store_widget_state,
        record_timing=False,
        on_cell_execute=lambda cell, cell_index: running.update(cell=cell),
    )

    async def watch(notebook: NotebookNode) -> None:
        codes = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assert client.kc is not None
        reply = await client.async_wait_for_reply(client.kc.execute(WATCH.format(LIVE, str(keep), codes), silent=True))
        assert reply and reply["content"]["status"] == "ok", reply

    if keep is not None:
        client.on_notebook_start = watch
    env = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
    env.pop("MPLBACKEND", None)
    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # ZeroMQ warns about Windows' default
            runner.run(client.async_execute(env=env))
    except Exception as error:
        code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        where = "before its first cell"
        if running:
            first_line = running["cell"].source.strip().partition("\n")[0]
            where = f"code cell {code_cells.index(running['cell']) + 1} ({first_line})"
        raise NotebookFailed(f"{_show(path)}, {where}:\n{_without_color(str(error)).strip()}") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    return notebook


def _without_color(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _show(path: Path) -> str:
    return path.resolve().relative_to(ROOT).as_posix() if path.resolve().is_relative_to(ROOT) else str(path)


def to_text(notebook: NotebookNode) -> str:
    """Return the text of the file, after checking it against the notebook format."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def canonical(path: Path, notebook: NotebookNode) -> str:
    """Return the text of the file for a notebook: normalized, and its prose plain Markdown."""
    make_plain(normalize(notebook).cells, path.name)
    return to_text(notebook)


def is_normalized(path: Path) -> bool:
    """Whether the file is already in the canonical form."""
    return canonical(path, nbformat.read(path, as_version=4)) == path.read_text(encoding="utf-8")


def write_atomically(path: Path, text: str) -> bool:
    """Replace the file in one step, and only if its text changes; say whether it did."""
    if path.read_text(encoding="utf-8") == text:
        return False
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Execute the notebooks from clean kernels, then normalize them.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook in chapters/")
    parser.add_argument("--check", action="store_true", help="execute nothing; fail where one is not normalized")
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted((ROOT / "chapters").glob("*.ipynb"))

    if options.check:
        stale = [path for path in paths if not is_normalized(path)]
        for path in stale:
            print(f"{_show(path)} is not normalized: run `make notebooks`", file=sys.stderr)
        return 1 if stale else 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # every notebook has a kernel, and so a process, of its own
        outcomes = list(pool.map(_execute_and_save, paths))
    return 0 if all(outcomes) else 1


def _execute_and_save(path: Path) -> bool:
    """Execute and normalize one notebook, say how it went, and return whether it ran to its end."""
    try:
        changed = write_atomically(path, canonical(path, execute(path)))
    except NotebookFailed as error:
        print(f"{_show(path)}: failed, file left as it was\n{error}", file=sys.stderr, flush=True)
        return False
    print(f"{_show(path)}: {'changed' if changed else 'unchanged'}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
