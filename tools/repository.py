"""A Sphinx extension for the one setting `repository` in _config.yml: where a reader finds the sources of the book.

With an address, pages link to the repository, to where they can be edited and to where a mistake can be reported, and
notebooks open on Binder and in Colab. Without one, there are no such buttons.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

BINDER, COLAB = "https://mybinder.org", "https://colab.research.google.com"


def turn_on(app: Sphinx, config: Config) -> None:
    """Turn on the theme's buttons that this repository can have."""
    options: dict[str, Any] = config.html_theme_options
    address = options.get("repository_url") or ""
    if not address:
        return
    on_github, on_gitlab = ("github.com/" in address, "gitlab.com/" in address)
    if not on_github and not on_gitlab:
        raise ExtensionError(f"repository.url in _config.yml must be on github.com or gitlab.com, got {address!r}")
    options |= dict.fromkeys(("use_repository_button", "use_edit_page_button", "use_issues_button"), True)
    options["launch_buttons"] = {"binderhub_url": BINDER, "notebook_interface": "jupyterlab"}
    if on_github:
        options["launch_buttons"]["colab_url"] = COLAB


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before the theme reads its options."""
    app.connect("config-inited", turn_on, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
