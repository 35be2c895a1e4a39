"""What stands in the line of a <details> is set like the rest of the page."""

import importlib.util

from pages import ROOT

spec = importlib.util.spec_from_file_location("summaries", ROOT / "tools" / "summaries.py")
assert spec and spec.loader
summaries = importlib.util.module_from_spec(spec)
spec.loader.exec_module(summaries)


def test_formulas_and_code_in_a_summary_become_what_the_page_typesets():
    context = {"body": "<p>$5</p><details><summary>$X^\\top dZ$ or `dZ * 2`, 3 * 4 * 5</summary>$7 and `x`</details>"}
    summaries.finish_page(None, "page", "page.html", context, None)
    assert context["body"] == (
        '<p>$5</p><details><summary><span class="math notranslate nohighlight">\\(X^\\top dZ\\)</span> or '
        '<code class="docutils literal notranslate"><span class="pre">dZ * 2</span></code>, 3 * 4 * 5</summary>'
        "$7 and `x`</details>"
    )


def test_a_page_without_a_body_stays_without_one():
    context = {}
    summaries.finish_page(None, "search", "search.html", context, None)
    assert context.get("body", "") == ""
