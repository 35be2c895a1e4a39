"""The API reference names every file of the library, in the order in which to read them, and the book's package."""

import re

from pages import ROOT

import scratchnet

PAGE = (ROOT / "chapters" / "api.md").read_text(encoding="utf-8")
DOCUMENTED = re.findall(r"^\.\. automodule:: (\S+)\n((?:   :.*\n)*)", PAGE, re.MULTILINE)


def test_the_library_stands_in_its_own_order_and_the_book_after_it():
    names = [name for name, _ in DOCUMENTED]
    library = [f"scratchnet.{module}" for module in scratchnet.MODULES]
    assert names[: len(library)] == library
    assert names[len(library)] == "scratchnet.book"
    assert all(name.startswith("scratchnet.book.") for name in names[len(library) + 1 :])


def test_every_name_that_a_file_exports_is_documented():
    whole = {name for name, options in DOCUMENTED if ":members:" in options}
    whole |= {name.rpartition(".")[0] for name in re.findall(r"autoclass:: (\S+)\n   :members:", PAGE)}
    assert whole >= {f"scratchnet.{module}" for module in scratchnet.MODULES}
    assert "scratchnet.book" in whole
