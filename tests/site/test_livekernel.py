"""What the kernel of a live page finds out about a cell before it runs, tried without a browser."""

import ast
import sys

import pytest
from pages import ROOT

sys.path.append(str(ROOT / "live"))
from livekernel.needs import needed


def of(code, *above, known=()):
    """The statements that are run before `code`, as (number of the cell, text)."""
    found = needed(code, list(above), set(known) | {"print", "range"})
    return [(position, ast.unparse(node)) for position, statements in found for node in statements]


@pytest.mark.parametrize(
    ("code", "above", "expected"),
    [
        ("f(1)", ["def f(x):\n    return x", "train()"], [(0, "def f(x):\n    return x")]),
        ("f(1)", ["import numpy as np, os", "def f(x):\n    return np.sin(x)"], [(0, "import numpy as np")]),
        ("c = 4\nprint(c)", ["c = slow()"], []),
        ("print(c)\nc = 4", ["c = 1"], [(0, "c = 1")]),
        ("for c in range(3):\n    print(c)", ["c = slow()"], []),
        ("for c in c:\n    print(c)", ["c = [1]"], [(0, "c = [1]")]),
        ("[c for c in range(3)]", ["c = slow()"], []),
        ("print(x)", ["x = 1", "x = 2"], [(1, "x = 2")]),
        ("print(x)", ["x = 1", "x += 2"], [(0, "x = 1"), (1, "x += 2")]),
        ("print(x)", ["x = {}", "x['a'] = y", "y = 3"], [(0, "x = {}"), (1, "x['a'] = y")]),
        ("print(x)", ["x = 1", "this is not Python"], [(0, "x = 1")]),
        ("print(net)", ["net = 1", "later = [net for net in range(3)]"], [(0, "net = 1")]),
        ("def f():\n    return g()\nf()", ["def g():\n    return 1"], [(0, "def g():\n    return 1")]),
    ],
)
def test_a_cell_needs_what_it_names_and_no_more(code, above, expected):
    found = of(code, *above)
    assert [pair for pair in found if "numpy" in pair[1] or pair in expected] == expected
    assert len(found) == len(expected) + ("np.sin" in str(above))


def test_what_is_known_already_is_not_run_again():
    assert of("f(x)", "x = slow()", "def f(x):\n    return x", known={"x"}) == [(1, "def f(x):\n    return x")]


def test_a_cell_that_is_not_python_is_an_error():
    with pytest.raises(SyntaxError):
        needed("def f(:", [])
