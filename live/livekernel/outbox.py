"""What leaves for the page: messages, and text as it is printed."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

PAUSE = 0.05  # seconds between two messages with text of the same stream

post: Callable[[str, list[Any]], None] = lambda message, buffers: None  # noqa: E731  # the worker puts its own here
captured: list[Any] = []  # the Output widgets that take what is shown, the innermost last


def send(kind: str, buffers: Iterable[Any] = (), **fields: Any) -> None:
    """Send a message of this type to the page."""
    post(json.dumps({"type": kind, **fields}, default=str), list(buffers))


def emit(output: dict[str, Any]) -> None:
    """Show an output below the cell that runs, or in the Output widget that captures."""
    if captured:
        captured[-1].outputs += (output,)
    else:
        send("output", output=output)


def flush() -> None:
    """Send what was printed until now."""
    sys.stdout.flush()
    sys.stderr.flush()


class Stream(io.TextIOBase):
    """Standard output or standard error: text is collected, and sent a few times a second."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._parts: list[str] = []
        self._sent = 0.0

    encoding = "utf-8"  # type: ignore[assignment]

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Take a text, and send what there is if the last message is long enough ago."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._parts.append(text)
        if time.monotonic() - self._sent > PAUSE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what there is."""
        if self._parts:
            text, self._parts = "".join(self._parts), []
            self._sent = time.monotonic()
            emit({"output_type": "stream", "name": self.name, "text": text})
