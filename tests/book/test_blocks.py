"""Every block of Python in the text runs: those of a notebook where they stand in it, those of a page for themselves.

A block in a notebook runs after the first cell and the cells that define what it names. What is shown and not meant to
be run, such as what a program prints, is marked as another language than Python.
"""

import re
import symtable

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pages import EXERCISE_PAGES, NOTEBOOKS, PAGES, ROOT, blocks, cells_of, name_of

from scratchnet import NeuralNetwork, book
from scratchnet.book.exercises import EXERCISES
from scratchnet.book.experiments import spirals

LANGUAGES = {"python", "sh", "text"}  # besides what Sphinx and MyST-NB run and check themselves: {directives}
MARKDOWN = {page: (ROOT / f"{page}.md").read_text("utf-8") for page in PAGES if (ROOT / f"{page}.md").exists()}


def python(text):
    return [block for language, block in blocks(text) if language == "python"]


def names_in(source):
    """The names that a cell sets, and those that it needs from before."""
    module = symtable.symtable(source, "cell", "exec")
    sets = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    needs, tables = set(), [module]
    for table in tables:  # which grows
        tables += table.get_children()
        needs |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (table is module or symbol.is_global())
        }
    return sets, needs - sets


def before(page, cell, source):
    """The cells above that `source` needs in the Markdown cell: the first one, and what defines the names in it."""
    first, *above = [c for c in NOTEBOOKS[page].cells[: NOTEBOOKS[page].cells.index(cell)] if c.cell_type == "code"]
    needed, chosen = names_in(source)[1], []
    for code in reversed(above):
        sets, needs = names_in(code.source)
        if sets & needed:
            chosen.insert(0, code.source)
            needed = needed - sets | needs
    return [first.source, *chosen]


def run(sources, namespace):
    """Run one source after the other, as cells that print and draw."""
    try:
        for source in sources:
            exec(compile(source, "block", "exec"), namespace)
    finally:
        plt.close("all")


def judged(page, cell):
    """Run the blocks of a Markdown cell where it stands; return the verdicts by the names of the exercises."""
    source, namespace, verdicts = "\n".join(python(cell.source)), {}, {}
    run(before(page, cell, source), namespace)
    namespace["check"] = lambda name, answer: verdicts.update({name: book.check(name, answer)})
    run([source], namespace)
    return verdicts


def solution(name):
    """The page and the Markdown cell in which an exercise is solved."""
    (found,) = [
        (page, cell)
        for page in EXERCISE_PAGES
        for cell in cells_of(page, tag="solution")
        if f'check("{name}", ' in cell.source
    ]
    return found


ON_PAGES = {
    f"{name_of(page)}, {block.splitlines()[0]}": block for page, text in MARKDOWN.items() for block in python(text)
}


def each(names):
    return pytest.mark.parametrize("name", names)


@each(EXERCISES)
def test_the_solution_that_the_reader_sees_passes(name):
    verdicts = judged(*solution(name))
    assert list(verdicts) == [name]
    assert verdicts[name].passed, verdicts[name]


@pytest.mark.parametrize("page", NOTEBOOKS, ids=name_of)
def test_the_blocks_in_the_text_of_a_notebook_run_in_it(page):
    for cell in cells_of(page, "markdown"):
        if "solution" not in cell.metadata.get("tags", ()) and python(cell.source):
            judged(page, cell)


@each(ON_PAGES)
def test_a_block_on_a_page_needs_no_more_than_numpy_the_points_and_a_trained_network(name):
    """Which every notebook calls alike, so that a reader may run the block in any of them."""
    X, y, X_test, y_test = spirals()
    net = NeuralNetwork([2, 8, 1], seed=0)
    net.train(X, y, n_epochs=2, verbose=False)
    run([ON_PAGES[name]], {"np": np, "X": X, "y": y, "X_test": X_test, "y_test": y_test, "net": net})


@pytest.mark.parametrize("page", [*NOTEBOOKS, *MARKDOWN], ids=name_of)
def test_every_block_says_what_language_it_is_in(page):
    texts = [MARKDOWN[page]] if page in MARKDOWN else [cell.source for cell in cells_of(page, "markdown")]
    for language, block in [found for text in texts for found in blocks(text)]:
        assert language in LANGUAGES or language.startswith("{"), block
    assert sum(len(re.findall(r"^ *`{3,}", text, re.MULTILINE)) for text in texts) == 2 * sum(
        len(list(blocks(text))) for text in texts
    ), "a fence that is not closed"
