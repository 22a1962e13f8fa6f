"""The log of events that strangers can cause at will: a bounded number of lines."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

WINDOW_S = 60.0
# In one window: the lines about one source, such as an address, and about all sources.
LINES_PER_SOURCE = 10
LINES_MAX = 100
# A text from outside is cut to so many characters.
TEXT_MAX = 200


class BoundedLog:
    """A log in which each event has ``LINES_PER_SOURCE`` and ``LINES_MAX`` lines in a window.

    What is left out is counted, and a line ``lines_left_out of=EVENT count=…`` precedes the first
    line after its window. Safe to call from several threads at once.
    """

    def __init__(
        self, logger: logging.Logger, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._window_ends_s = 0.0
        # The lines of this window by event and source; ``LINES_MAX`` of an event at most.
        self._lines: Counter[tuple[str, str]] = Counter()
        # The same by event.
        self._totals: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def write(self, level: int, event: str, source: str, fields: Mapping[str, Any]) -> None:
        """Log an event that ``source`` has caused, if it is within the bounds."""
        is_logged, left_out = self._count(event, source)
        for name, count in left_out.items():
            self._logger.warning("lines_left_out", extra={"of": name, "count": count})
        if is_logged:
            self._logger.log(level, event, extra={k: _cut(v) for k, v in fields.items()})

    def _count(self, event: str, source: str) -> tuple[bool, Mapping[str, int]]:
        """Return whether this event is logged, and how many of earlier windows were not."""
        with self._lock:
            left_out, now_s = Counter[str](), self._monotonic()
            if now_s >= self._window_ends_s:
                self._window_ends_s = now_s + WINDOW_S
                self._lines.clear()
                self._totals.clear()
                left_out, self._left_out = self._left_out, left_out
            key = (event, source)
            is_logged = self._lines[key] < LINES_PER_SOURCE and self._totals[event] < LINES_MAX
            if is_logged:
                self._lines[key] += 1
                self._totals[event] += 1
            else:
                self._left_out[event] += 1
            return is_logged, left_out


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > TEXT_MAX:
        return value[:TEXT_MAX] + "…"
    return value
