"""One setting says where the sources are: with it pages link there, to Binder and to Colab, without it nowhere."""

import subprocess
import sys
from urllib.parse import unquote

import bs4
import nbformat
import yaml
from pages import ROOT

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def built(tmp_path, **options):
    """A book of one notebook, below the folder chapters; the page, and what the build said where it failed."""
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'tools')!r})\n"
        'extensions = ["myst_nb", "sphinx_book_theme", "repository"]\n'
        'nb_execution_mode = "off"\nhtml_theme = "sphinx_book_theme"\n'
        f"html_theme_options = {options!r}\n",
        encoding="utf-8",
    )
    (tmp_path / "index.md").write_text("# Start\n\n```{toctree}\nchapters/01_setup\n```\n", encoding="utf-8")
    (tmp_path / "chapters").mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Page")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "chapters" / "01_setup.ipynb")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "-q", str(tmp_path), str(tmp_path / "o")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    page = tmp_path / "o" / "chapters" / "01_setup.html"
    return page.read_text(encoding="utf-8") if page.exists() and not done.returncode else done.stderr


def links(page):
    header = bs4.BeautifulSoup(page, "html.parser").select_one(".bd-header-article")
    return [unquote(a["href"]) for a in header.select("a[href^=http]")]


def test_the_books_own_setting_is_empty_and_then_no_button_leads_anywhere(tmp_path):
    assert CONFIG["repository"] == {"url": "", "branch": "main"}
    assert links(built(tmp_path, repository_url="", repository_branch="main")) == []


def test_an_address_on_github_turns_on_all_of_them(tmp_path):
    found = links(built(tmp_path, repository_url="https://github.com/someone/book", repository_branch="main"))
    repository = "https://github.com/someone/book"
    assert [link.partition("?")[0] for link in found] == [
        "https://mybinder.org/v2/gh/someone/book/main",
        "https://colab.research.google.com/github/someone/book/blob/main/chapters/01_setup.ipynb",
        repository,
        f"{repository}/edit/main/chapters/01_setup.ipynb",
        f"{repository}/issues/new",
    ]
    assert "urlpath=lab/tree/chapters/01_setup.ipynb" in found[0]


def test_gitlab_has_no_colab_and_another_host_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = links(built(tmp_path / "a", repository_url="https://gitlab.com/someone/book", repository_branch="main"))
    assert len(found) == 4 and not any("colab" in link for link in found)
    said = built(tmp_path / "b", repository_url="https://example.org/someone/book", repository_branch="main")
    assert "must be on github.com or gitlab.com, got 'https://example.org/someone/book'" in said


def test_binder_installs_what_the_lock_file_pins_and_the_library_of_the_book():
    folder = ROOT / ".binder"
    lines = [line for line in (folder / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    assert lines == ["-r ../requirements.lock"]
    assert "jupyterlab==" in (ROOT / "requirements.lock").read_text("utf-8")
    assert (folder / "postBuild").stat().st_mode & 0o100
    assert "pip install" in (folder / "postBuild").read_text("utf-8")
    oldest = (ROOT / "pyproject.toml").read_text("utf-8").partition('requires-python = ">=')[2].partition('"')[0]
    assert (folder / "runtime.txt").read_text("utf-8").strip() == f"python-{oldest}"
