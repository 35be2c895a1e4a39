"""The book builds with warnings as errors, and the pages that come out are whole."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import build
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pages import PAGES, ROOT

EACH_PAGE = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="session")
def soups(site: Path) -> dict[Path, BeautifulSoup]:
    """Every page of the site, parsed once."""
    pages = [path for path in site.rglob("*.html") if "_static" not in path.relative_to(site).parts]
    return {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in pages}


def article(soups: dict[Path, BeautifulSoup], site: Path, page: str) -> Any:
    """The text of a page, without sidebars and buttons."""
    found = soups[site / f"{page}.html"].select_one("article.bd-article")
    assert found is not None
    return found


@EACH_PAGE
def test_every_page_of_the_contents_is_built(page: str, site: Path, soups: dict[Path, BeautifulSoup]) -> None:
    heading = article(soups, site, page).find("h1")
    assert heading is not None
    assert heading.get_text(strip=True).strip("#")
    assert (site / "index.html").exists()


def test_every_source_is_in_the_contents() -> None:
    sources = {f"chapters/{path.stem}" for path in (ROOT / "chapters").iterdir() if path.suffix in (".md", ".ipynb")}
    assert sources | {"genindex"} == set(PAGES)  # which Sphinx writes, and wants at the top
    assert len(PAGES) == len(set(PAGES))


@EACH_PAGE
def test_no_error_and_no_leftover_markup(page: str, site: Path, soups: dict[Path, BeautifulSoup]) -> None:
    body = BeautifulSoup(str(article(soups, site, page)), "html.parser")
    assert "Traceback (most recent call last)" not in body.get_text()
    assert not body.select(".system-message, .problematic, .output.stderr, .output.traceback")
    for quoted in body.select("pre, code, .math, script"):
        quoted.decompose()
    leftover = re.search(r"\{[a-z]+(:[a-z]+)*\}|:::|```|\$\$|\[\[|\]\(|@@|\?\?\?", body.get_text(" "))
    assert not leftover, leftover


@EACH_PAGE
def test_every_image_says_what_it_shows(page: str, site: Path, soups: dict[Path, BeautifulSoup]) -> None:
    for image in soups[site / f"{page}.html"].find_all("img"):
        alt = image.get("alt", "").strip()
        assert alt, image
        assert not re.search(r"\.(png|svg|jpe?g)$|^<Figure", alt), f"a file name is no alt text: {alt}"


def test_every_link_and_every_file_resolves(site: Path, soups: dict[Path, BeautifulSoup]) -> None:
    ids = {
        path: {tag["id"] for tag in soup.find_all(id=True)}
        | {tag["name"] for tag in soup.find_all("a", attrs={"name": True})}
        for path, soup in soups.items()
    }
    missing = []
    for path, soup in soups.items():
        for tag in soup.find_all(["a", "link", "script", "img", "source"]):
            address = urlsplit(tag.get("href") or tag.get("src") or "")
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            # A setting of an explorer or of the playground is no place: tests/book look whether they have it.
            setting = address.fragment.startswith(("explorer-", "playground?"))
            fragment = "" if setting else unquote(address.fragment)
            if not target.exists() or (fragment and target in ids and fragment not in ids[target]):
                missing.append(f"{path.relative_to(site).as_posix()} -> {address.geturl()}")
    assert not missing


def test_no_page_holds_a_path_of_the_machine_that_built_it(site: Path) -> None:
    paths = {str(ROOT), ROOT.as_posix(), str(Path.home()), str(site.parent), sys.prefix, "file://"} - {"/", ""}
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        held = [path for path in paths if path in text]
        assert not held, f"{page.name} holds {held}"


def test_every_notebook_can_be_downloaded_as_it_is_committed(site: Path, soups: dict[Path, BeautifulSoup]) -> None:
    for path in (ROOT / "chapters").glob("*.ipynb"):
        links = [a["href"] for a in soups[site / "chapters" / f"{path.stem}.html"].find_all("a", href=True)]
        link = next(href for href in links if href.endswith(f"{path.stem}.ipynb"))
        assert (site / "chapters" / link).resolve().read_bytes() == path.read_bytes()


# --- a small book of its own, with this book's settings ---

GOOD = """\
# A small book

(here)=
## A section

{ref}`here`, {doc}`notebook`, {eq}`one`, {numref}`fig-one` and [a heading](#a-section).

$$ a = b $$ (one)

```{figure} static/logo.svg
:name: fig-one
:alt: A network

A caption.
```
"""
BROKEN = {
    "nowhere-ref": "{ref}`nowhere-ref`",
    "nowhere-doc": "{doc}`nowhere-doc`",
    "nowhere-eq": "{eq}`nowhere-eq`",
    "nowhere-num": "{numref}`nowhere-num`",
    "nowhere-cite": "{cite:t}`nowhere-cite`",
    "nowhere-page": "[a page](nowhere-page.md)",
    "nowhere-heading": "[a heading](#nowhere-heading)",
    "nowhere-image": "![an image](static/nowhere-image.png)",
    "nowhere_function": "{py:func}`nowhere_function`",
    "nowhere-role": "{nowhere-role}`x`",
}


def small_book(folder: Path, text: str, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "chapters").mkdir(parents=True)
    shutil.copytree(ROOT / "chapters" / "static", folder / "chapters" / "static")
    shutil.copytree(ROOT / "tools", folder / "tools")
    (folder / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copy(ROOT / "chapters" / "references.bib", folder / "chapters")
    toc = {"format": "jb-book", "root": "chapters/index", "chapters": [{"file": "chapters/notebook"}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (folder / "chapters" / "index.md").write_text(text, encoding="utf-8")
    notebook = new_notebook(cells=[new_markdown_cell("# A notebook"), new_code_cell(code)])
    nbformat.write(notebook, folder / "chapters" / "notebook.ipynb")
    return build(folder, folder, LIVE="0")


def test_a_small_book_builds(tmp_path: Path) -> None:
    result = small_book(tmp_path, GOOD, "1 + 1")
    assert result.returncode == 0, result.stdout


def test_a_broken_reference_fails_the_build(tmp_path: Path) -> None:
    result = small_book(tmp_path, GOOD + "\n\n".join(BROKEN.values()), "1 + 1")
    assert result.returncode != 0
    warnings = [line for line in result.stdout.splitlines() if "WARNING" in line or "ERROR" in line]
    for name in BROKEN:
        assert any(name in line for line in warnings), f"no warning about {name}:\n" + "\n".join(warnings)


def test_a_cell_that_fails_fails_the_build(tmp_path: Path) -> None:
    result = small_book(tmp_path, GOOD, "raise ValueError('no such lr')")
    assert result.returncode != 0
    assert "no such lr" in result.stdout


def test_tables_that_a_cell_makes_are_tables(site: Path, soups: dict[Path, BeautifulSoup]) -> None:
    outputs = article(soups, site, "chapters/speed").select("div.cell_output")
    assert sum(len(output.select("table")) for output in outputs) >= 6
    assert not any(rule in output.get_text() for output in outputs for rule in ("| —", "| ---"))
