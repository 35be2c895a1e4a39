"""The line of a <details> that is always seen is HTML: MyST leaves $x$ and `x` there as they are."""

import re

import nbformat
import pytest
from pages import ROOT


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_summary_holds_no_markdown(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for summary in re.findall(r"<summary>.*?</summary>", cell.source, re.DOTALL):
            assert not re.search(r"[$`]", summary), f"write <code>x</code> or <i>x</i>: {summary}"
