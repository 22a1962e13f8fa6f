"""Tells everyone of what has been committed: together, what comes together."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from alerta_utec.app.local_broadcast import Announce
from alerta_utec.domain.change import Change

log = logging.getLogger(__name__)

# Changes that leave together, at most: as many as one transaction of the local store holds.
TOGETHER_MAX = 128
# To tell so many clients takes about as long as to take in one incident (6 µs for each, 0.2 ms).
CLIENTS_AN_INCIDENT = 30
WAIT_MAX_S = 0.02


class Announcer:
    """Calls ``announce`` in the event loop with what was committed since the last time.

    Frames for one client leave in one write, which costs hardly more than for one of them. So
    where incidents are being taken in right now, and that takes less time than to tell everyone
    does, it waits for them: once, for at most 20 ms.

    Args:
        max_bytes: of frames for one client, in one turn of the loop; the rest comes in the
            next one, when the sockets have had theirs.
        clients: how many would be told.
        coming: how many incidents are being taken in; those that are committed but not yet
            answered count too.
    """

    def __init__(
        self,
        announce: Announce,
        loop: asyncio.AbstractEventLoop,
        *,
        max_bytes: int,
        clients: Callable[[], int],
        coming: Callable[[], int],
    ) -> None:
        self._announce = announce
        self._loop = loop
        self._max_bytes = max_bytes
        self._clients = clients
        self._coming = coming
        self._committed: deque[Change] = deque()
        self._due = False
        self._waiting: asyncio.TimerHandle | None = None

    def committed(self, change: Change) -> None:
        """Tell of it soon; called in ``seq`` order, from any thread."""
        self._committed.append(change)
        # Once for all that come before the loop takes its turn.
        if not self._due:
            self._due = True
            # Only a loop that has ended refuses; clients get the change by ``sync`` then.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._turn)

    def _turn(self) -> None:
        self._due = False
        if self._waiting is None and self._worth_waiting():
            self._waiting = self._loop.call_later(WAIT_MAX_S, self._tell)
        else:
            self._tell()

    def _worth_waiting(self) -> bool:
        coming = self._coming() - len(self._committed)
        return 0 < coming * CLIENTS_AN_INCIDENT < self._clients()

    def _tell(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        changes: list[Change] = []
        left_bytes = self._max_bytes
        while self._committed and len(changes) < TOGETHER_MAX and left_bytes > 0:
            changes.append(self._committed.popleft())
            left_bytes -= changes[-1].after.json_max_bytes()
        if self._committed and not self._due:
            self._due = True
            self._loop.call_soon(self._turn)
        if not changes:
            return
        try:
            self._announce(changes)
        except Exception:
            log.exception("broadcast_failed", extra={"position": str(changes[0].position)})
