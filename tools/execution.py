"""A Sphinx extension that executes what the pages show: on all cores at once, and only what has changed.

Results are kept by jupyter-cache, which knows a notebook by its code cells, in a folder named after all else that a
cell can see: the library's sources, the data beside the notebooks, every installed package, the Python that runs, and
what executes. So a comma in the prose executes nothing, a cell its notebook, and a line of the library everything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import NbArtifacts
from nbformat import NotebookNode
from notebooks import ROOT, NotebookFailed, execute
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

CACHES = ROOT / "_cache"
SECONDS = CACHES / "seconds.json"  # how long each page took when it was executed last
READERS = {".ipynb": "nbformat", ".md": "myst_nb_md"}
WATCHING = ("keeping", "kept", "needs", "speed")  # what writes down what a live page takes from long cells


def key() -> str:
    """Return a name for all that a cell can see besides its own notebook."""
    seen = hashlib.sha256(sys.version.encode())
    for name in sorted(f"{package.name} {package.version}" for package in distributions()):
        seen.update(name.encode())
    sources = [path for path in (ROOT / "scratchnet").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    watching = [ROOT / "live" / "livekernel" / f"{name}.py" for name in WATCHING]
    watching += [ROOT / "tools" / f"{name}.py" for name in ("execution", "notebooks")]
    for path in sorted([*sources, *filter(Path.exists, watching), *(ROOT / "chapters").glob("*.json")]):
        seen.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:16]


def fill(folder: Path, paths: list[Path]) -> dict[Path, Path]:
    """Execute the pages that the cache in this folder does not hold, those first that took longest the last time.

    Returns, for every page, the folder with what its cells left for a live page. Raises NotebookFailed where a cell
    fails; what was executed until then is kept.
    """
    cache = get_cache(folder)
    waiting: list[tuple[Path, NotebookNode]] = []
    done: dict[Path, Path] = {}

    def note(path: Path, notebook: NotebookNode) -> None:
        with cache.cache_artefacts_temppath(cache.match_cache_notebook(notebook).pk) as left:
            done[path] = left

    for path in paths:
        record = cache.add_nb_to_project(str(path), read_data={"name": READERS[path.suffix], "type": "plugin"})
        notebook = cache.get_project_notebook(record.pk).nb
        try:
            note(path, notebook)
        except KeyError:
            waiting.append((path, notebook))
    if not waiting:
        return done
    took: dict[str, float] = {}
    with contextlib.suppress(OSError, ValueError):  # no build yet, or one that was killed while it wrote
        took = json.loads(SECONDS.read_text(encoding="utf-8"))

    def expected(item: tuple[Path, NotebookNode]) -> tuple[float, int]:
        code = sum(len(cell.source) for cell in item[1].cells if cell.cell_type == "code")
        return took.get(item[0].stem, 0.0), code

    waiting.sort(key=expected, reverse=True)
    print(f"Executing {len(waiting)} of {len(paths)} pages on {os.cpu_count()} cores", flush=True)

    def run(path: Path, notebook: NotebookNode) -> float:
        start = time.monotonic()
        (left / path.stem).mkdir()
        execute(path, notebook, store_widget_state=True, keep=left / path.stem if (ROOT / "live").is_dir() else None)
        return time.monotonic() - start

    # Every notebook has a kernel, and so a process, of its own.
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        left = Path(name)
        running = {pool.submit(run, *item): item for item in waiting}
        for count, future in zip(reversed(range(len(running))), as_completed(running), strict=True):
            path, notebook = running[future]
            try:
                seconds = future.result()
            except NotebookFailed:
                pool.shutdown(cancel_futures=True)
                raise
            files = NbArtifacts(sorted((left / path.stem).iterdir()), in_folder=left / path.stem)
            bundle = CacheBundleIn(notebook, str(path), artifacts=files, data={"execution_seconds": seconds})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            note(path, notebook)
            took[path.stem] = seconds
            SECONDS.write_text(json.dumps(took), encoding="utf-8")
            print(f"  {path.stem}: {seconds:.0f} s, {count} left", flush=True)
    for other in CACHES.iterdir():
        if other not in (folder, SECONDS):
            shutil.rmtree(other, ignore_errors=True)
    return done


def choose(app: Sphinx, config: Config) -> None:
    """Name the folder of results."""
    config.nb_execution_cache_path = str(CACHES / key())


def only_pages(app: Sphinx, config: Config) -> None:
    """Find the pages of the table of contents alone, also where the path to the book holds [1], which is a pattern."""
    config.include_patterns = [f"{name}.*" for name in config.external_site_map]


def prepare(app: Sphinx) -> None:
    """Execute what is needed before a page is read."""
    names = sorted(app.project.discover(app.config.exclude_patterns, app.config.include_patterns))
    paths = [Path(app.project.doc2path(name, absolute=True)) for name in names]
    code = [path for path in paths if path.suffix == ".ipynb" or "{code-cell}" in path.read_text(encoding="utf-8")]
    try:
        app.config.left_by_cells = fill(Path(app.config.nb_execution_cache_path), code)
    except NotebookFailed as error:
        raise ExtensionError(str(error)) from error


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before MyST-NB looks for results."""
    app.add_config_value("left_by_cells", {}, "")
    app.connect("config-inited", choose, priority=100)
    app.connect("config-inited", only_pages, priority=950)  # after the table of contents was read
    app.connect("builder-inited", prepare, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
