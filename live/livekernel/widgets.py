"""Widgets: what Python and the page say to each other about them."""

from __future__ import annotations

import html
import json
import sys
import traceback
from typing import Any

from livekernel import outbox, shown

manager: Any = None  # of comms, once ipywidgets has been imported


def prepare() -> None:
    """Give ipywidgets, which is about to be imported, comms that end in the page."""
    global manager
    import comm
    import tqdm
    from comm.base_comm import BaseComm, CommManager

    class PageComm(BaseComm):  # type: ignore[misc]  # comm has no types
        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any
        ) -> None:
            outbox.flush()
            fields = {"msg_type": msg_type, "comm_id": self.comm_id, "data": data or {}, "metadata": metadata or {}}
            outbox.send("comm", buffers or (), **fields)

    manager = CommManager()
    comm.create_comm = PageComm
    comm.get_comm_manager = lambda: manager
    tqdm.tqdm.monitor_interval = 0  # it would start a thread
    import ipywidgets

    output = ipywidgets.Output
    output.__enter__, output.__exit__, output.clear_output = _enter, _leave, _clear


def _enter(self: Any) -> Any:
    outbox.flush()
    outbox.captured.append(self)
    return self


def _leave(self: Any, kind: Any, error: Any, _: Any) -> bool:
    from livekernel.cell import report

    outbox.flush()
    if kind:
        outbox.emit(report(error))
    outbox.captured.remove(self)
    return kind is not None


def _clear(self: Any, *_: Any, **__: Any) -> None:
    self.outputs = ()


explorers: dict[str, Any] = {}  # of the page, made when they are asked something


def again(name: str, position: Any) -> str:
    """Return what an explorer of the page, which the book has drawn, answers to "Run this setting again, now"."""
    from scratchnet.book import explorers as book
    from scratchnet.book.explorer import undrawn

    post, outbox.post = outbox.post, lambda message, buffers: None  # the page has its front end already
    try:
        if name not in explorers:
            with undrawn():
                explorers[name] = getattr(book, name)()
        return str(explorers[name].run(list(position)))
    except Exception as error:
        return f"<p>{html.escape(f'{type(error).__name__}: {error}')}</p>"
    finally:
        outbox.post = post


def receive(comm_id: str, data: str, buffers: Any) -> None:
    """Hand over what the page's side of a widget sent, such as a slider's new value."""
    content = {"comm_id": comm_id, "data": json.loads(data)}
    try:
        if manager is not None and comm_id in manager.comms:
            manager.comms[comm_id].handle_msg({"content": content, "buffers": buffers, "metadata": {}})
        shown.show_figures()
    except BaseException:
        sys.stderr.write(traceback.format_exc())
    finally:
        outbox.flush()
