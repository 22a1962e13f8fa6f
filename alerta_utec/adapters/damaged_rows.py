"""The stored rows that cannot be read: skipped, logged once each, and counted for ``/health``."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

log = logging.getLogger(__name__)

# A table that is damaged as a whole must not fill the memory.
KNOWN_MAX = 10_000
_UNREADABLE = (KeyError, TypeError, ValueError)

Row = TypeVar("Row")
Read = TypeVar("Read")


class DamagedRows:
    """The damaged rows that this process has met; safe for several threads.

    One bad row must not take the rest away from everyone: a reader skips it and goes on.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many different rows were met."""
        return len(self._known)

    def note(self, name: str) -> None:
        """Count the row ``name``, and log the exception being handled, if it is a new one."""
        with self._lock:
            if name in self._known or len(self._known) >= KNOWN_MAX:
                return
            self._known.add(name)
        log.exception("damaged_row", extra={"row": name})

    def separate(
        self, rows: Iterable[Row], read: Callable[[Row], Read], name: Callable[[Row], object]
    ) -> tuple[list[Read], list[Row]]:
        """Return what ``read`` makes of the rows, and the rows for which it fails."""
        readable: list[Read] = []
        damaged: list[Row] = []
        for row in rows:
            try:
                readable.append(read(row))
            except _UNREADABLE:
                damaged.append(row)
                self.note(str(name(row)))
        return readable, damaged
