"""Show the library's own code in a page, so that there is one copy of it."""

from __future__ import annotations

import inspect
from typing import Any

from IPython.display import Markdown


def show_source(*objects: Any) -> Markdown:
    """Return the source of classes or functions as a highlighted block, straight from the library's files.

    Raises TypeError for what has no Python source, such as a number or a built-in.
    """
    return Markdown("```python\n" + "\n\n".join(inspect.getsource(obj).rstrip() for obj in objects) + "\n```")
