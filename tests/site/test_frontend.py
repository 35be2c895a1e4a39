"""What the extension of the pages' front end mends in the writers of others."""

import subprocess
import sys

from bs4 import BeautifulSoup
from nbformat import write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pages import ROOT


def test_a_screen_reader_hears_what_folds_a_cell_and_the_items_of_a_bibliography(tmp_path):
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'tools')!r})\n"
        'extensions = ["myst_nb", "sphinxcontrib.bibtex", "frontend"]\n'
        'nb_execution_mode = "off"\nbibtex_bibfiles = ["references.bib"]\n',
        encoding="utf-8",
    )
    (tmp_path / "references.bib").write_text("@book{a, title={T}, author={A B}, year={2000}}", encoding="utf-8")
    (tmp_path / "index.md").write_text("# Start\n\n{cite:t}`a`\n\n```{bibliography}\n```\n", encoding="utf-8")
    folded = new_code_cell("1 + 1", metadata={"tags": ["hide-input"]})
    write(new_notebook(cells=[new_markdown_cell("# A notebook"), folded]), str(tmp_path / "notebook.ipynb"))
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", str(tmp_path), str(tmp_path / "out")]
    subprocess.run(command, check=True, timeout=120)

    def soup(name):
        return BeautifulSoup((tmp_path / "out" / name).read_text(encoding="utf-8"), "html.parser")

    (summary,) = soup("notebook.html").select("details > summary")
    assert not summary.has_attr("aria-label")
    assert "Show code cell source" in summary.get_text()
    (entry,) = soup("index.html").select("div[role=list] > .citation")
    assert entry["role"] == "listitem"
