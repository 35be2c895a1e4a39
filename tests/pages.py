"""The pages of the book, as its table of contents names them."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def files_in(toc):
    """Every page that a table of contents names, in order."""
    if isinstance(toc, list):
        return [name for entry in toc for name in files_in(entry)]
    here = [toc[key] for key in ("root", "file") if key in toc]
    return here + [name for key in ("parts", "chapters", "sections") for name in files_in(toc.get(key, []))]


PAGES = files_in(TOC)
