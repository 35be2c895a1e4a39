"""Run by pack.mjs inside of Pyodide: compile what was staged and lay it out as packs, which a page mounts in one piece.

A pack is 4 bytes with the length of an index, the index as JSON, and the files one after the other.
"""

import importlib._bootstrap_external as bootstrap
import io
import json
import os
import re
import struct
import sys
import zipfile
from pathlib import Path

PLACE = "/lib/python3.12/site-packages/"
KEEPS_SOURCE = re.compile("^(scratchnet|livekernel)/")  # tracebacks and `show_source` show it
NOT_NEEDED = re.compile(
    r"^(pydoc_data|unittest|lib2to3|ensurepip|idlelib|turtle|tkinter|test|turtledemo"
    r"|ftplib|imaplib|nntplib|poplib|smtplib|telnetlib|mailbox|xmlrpc|cgi|cgitb|wsgiref"  # a page has no sockets
    r"|asyncio/(proactor_events|windows_\w+))(/|\.|$)"
)


def compiled(source: bytes, name: str, optimize: int = 0) -> bytes:
    """Return the .pyc of a file whose source is left out, or is not looked at again."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
    return bytes(bootstrap._code_to_hash_pyc(code, bytes(8), False))


def pack(folder: Path) -> bytes:
    """Return the pack of all files of a folder."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        if name.endswith(".py") and KEEPS_SOURCE.match(name):
            parent, _, stem = name.removesuffix(".py").rpartition("/")
            files[f"{parent}/__pycache__/{stem}.cpython-312.pyc"] = compiled(content, PLACE + name)
        elif name.endswith(".py"):
            name, content = name + "c", compiled(content, PLACE + name)
        files[name] = content
    order = sorted(files, key=lambda name: (name.rpartition(".")[2], name))  # like beside like compresses well
    folders = sorted({parent.as_posix() for name in files for parent in Path(name).parents} - {"."})
    index = json.dumps({"folders": folders, "files": [[name, len(files[name])] for name in order]}).encode()
    return struct.pack("<I", len(index)) + index + b"".join(files[name] for name in order)


def standard_library(archive: str) -> bytes:
    """Return Python's own library as a ZIP file of .pyc files."""
    made = io.BytesIO()
    with zipfile.ZipFile(archive) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as library:
        for name in sorted(given.namelist()):
            if name.endswith("/") or NOT_NEEDED.match(name):
                continue
            content = given.read(name)
            if name.endswith(".py"):
                name, content = name + "c", compiled(content, f"{archive}/{name}", optimize=2)
            library.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def list_fonts(stage: Path) -> None:
    """Let matplotlib write its list of fonts, so that no page has to look for them."""
    written = stage / "plot" / "matplotlib" / "fontlist.json"
    written.unlink(missing_ok=True)  # Pyodide's matplotlib keeps it in its own folder, and it names fonts left out here
    sys.path[:0] = [str(stage / "core"), str(stage / "plot")]
    os.environ["MPLBACKEND"] = "agg"
    import matplotlib.font_manager  # writes it

    assert matplotlib and written.exists()


def main(stage: Path, into: Path) -> None:
    """Write every pack."""
    into.joinpath("stdlib").write_bytes(standard_library("/lib/python312.zip"))
    list_fonts(stage)
    for folder in sorted(stage.iterdir()):
        into.joinpath(folder.name).write_bytes(pack(folder))
