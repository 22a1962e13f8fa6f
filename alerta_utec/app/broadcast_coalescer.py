"""Coalescing of broadcasts on one machine: changes that commit together leave together."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import Protocol

from alerta_utec.app.local_broadcast import LocalBroadcast
from alerta_utec.domain.change import Change

log = logging.getLogger(__name__)

# The most changes that leave together: as many as one transaction of the local store holds.
GROUP_MAX = 128
# Sending to this many subscribers takes about as long as handling one submission
# (6 µs for each subscriber, 0.2 ms for the submission).
CLIENTS_PER_INCIDENT = 30
WAIT_MAX_S = 0.02


class BroadcastLoad(Protocol):
    """The figures that decide whether a broadcast waits for more changes; O(1), never blocking."""

    def subscriber_count(self) -> int:
        """Return how many subscribers a broadcast may reach."""
        ...

    def submissions_in_progress(self) -> int:
        """Return how many submissions are not answered yet, committed ones included."""
        ...


class BroadcastCoalescer:
    """A queue of committed changes that the event loop empties into ``LocalBroadcast``.

    It is the store's ``CommitListener``: ``committed`` runs in the committing thread, the
    broadcast in the event loop.

    The frames for one client leave in one write, which costs hardly more than a write of one
    frame. While submissions are in progress that will commit sooner than a broadcast to everyone
    ends, the coalescer therefore waits for them: once per broadcast, for at most 20 ms.

    Args:
        max_bytes: the limit of frames for one client in one turn of the loop; the remaining
            changes leave in the next turn, after the sockets have taken these.
    """

    def __init__(
        self,
        broadcast: LocalBroadcast,
        loop: asyncio.AbstractEventLoop,
        load: BroadcastLoad,
        *,
        max_bytes: int,
    ) -> None:
        self._broadcast = broadcast
        self._loop = loop
        self._load = load
        self._max_bytes = max_bytes
        # Committed and not broadcast yet; any thread appends, only the loop removes.
        self._pending: deque[Change] = deque()
        # Whether a turn of the loop is already requested.
        self._turn_requested = False
        # The timer of a broadcast that waits for more changes.
        self._timer: asyncio.TimerHandle | None = None

    def committed(self, change: Change) -> None:
        """Queue the change; to be called in ``seq`` order, from any thread."""
        self._pending.append(change)
        # One request covers all changes that arrive before the loop runs it.
        if not self._turn_requested:
            self._turn_requested = True
            # Only a closed loop refuses; clients then receive the change by ``sync``.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._take_turn)

    def _take_turn(self) -> None:
        self._turn_requested = False
        if self._timer is None and self._is_worth_waiting():
            self._timer = self._loop.call_later(WAIT_MAX_S, self._broadcast_pending)
        else:
            self._broadcast_pending()

    def _is_worth_waiting(self) -> bool:
        expected = self._load.submissions_in_progress() - len(self._pending)
        return 0 < expected * CLIENTS_PER_INCIDENT < self._load.subscriber_count()

    def _broadcast_pending(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changes = self._take_group()
        if self._pending and not self._turn_requested:
            self._turn_requested = True
            self._loop.call_soon(self._take_turn)
        if not changes:
            return
        try:
            self._broadcast.broadcast(changes)
        except Exception:
            log.exception("broadcast_failed", extra={"position": str(changes[0].position)})

    def _take_group(self) -> list[Change]:
        """Remove the changes that leave in this turn from the queue."""
        changes: list[Change] = []
        left_bytes = self._max_bytes
        while self._pending and len(changes) < GROUP_MAX and left_bytes > 0:
            changes.append(self._pending.popleft())
            left_bytes -= changes[-1].after.json_max_bytes()
        return changes
