"""A Sphinx extension with which a search finds numbers such as 0.693, and every sentence that stands on a page."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish


class SearchNumbers(SearchEnglish):
    """English, with a decimal number as one word, in the index and in what a reader asks for.

    Sphinx leaves out of the index a word whose stem is too common, such as "its", and yet would look for it.
    """

    _word_re = re.compile(r"\d+\.\d+|\w+")
    js_splitter_code = r"""
function splitQuery(query) {
    const stemmer = new Stemmer();
    const words = query.match(/\d+\.\d+|[\p{Letter}\p{Number}_]+/gu) || [];
    return words.filter((word) => !stopwords.includes(stemmer.stemWord(word.toLowerCase())));
}
"""


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_search_language(SearchNumbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
