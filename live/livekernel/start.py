"""Starts the kernel: streams, IPython's names, and packs that are mounted when something in them is first imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from livekernel import ipython, outbox, widgets

PACKS = {
    **dict.fromkeys(["matplotlib", "mpl_toolkits", "PIL", "contourpy", "cycler"], "plot"),
    **dict.fromkeys(
        ["ipywidgets", "comm", "traitlets", "tqdm", "anywidget", "psygnal", "typing_extensions"], "widgets"
    ),
}


class Lazy:
    """Finds the modules of packs that are not mounted yet. `mount` has to be done when it returns."""

    def __init__(self, mount: Callable[[str], None]) -> None:
        self._mount = mount
        self._mounted: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Mount the pack that holds this module, if there is one."""
        pack = PACKS.get(name.partition(".")[0])
        if pack is None or pack in self._mounted:
            return None
        self._mounted.add(pack)
        self._mount(pack)
        PathFinder.invalidate_caches()
        if pack == "widgets":
            widgets.prepare()
        return PathFinder.find_spec(name, path)


def start(post: Callable[[str, list[Any]], None], mount: Callable[[str], None]) -> None:
    """Get ready to run cells; `post` sends a message to the page, `mount` fetches a pack and mounts it."""
    os.environ["MPLBACKEND"] = "module://livekernel.backend"
    os.environ["JUPYTER_WIDGETS_ECHO"] = "0"
    outbox.post = post
    sys.stdout, sys.stderr = outbox.Stream("stdout"), outbox.Stream("stderr")
    ipython.install()
    sys.meta_path.insert(0, Lazy(mount))
