"""The queue of events for the reader; it tracks the position up to which they have been read."""

from collections import deque
from collections.abc import Iterable

from alerta_utec.client.events import Event, Reset, Status
from alerta_utec.domain.change import Position


class Outbox:
    """A bounded queue of events, each with the position that holds once it is read.

    One page may exceed ``events_max``; ``room`` is false once the bound is reached, and true again
    once half of it has been read. Without room a status replaces the previous status, so that
    repeated reconnections do not fill the queue.
    """

    def __init__(self, position: Position | None, events_max: int) -> None:
        self.position = position
        """The reader has every update up to here; ``None`` while it reads a snapshot."""
        self.room = True
        self._events_max = events_max
        self._put = position
        self._waiting: deque[tuple[Event, Position | None]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, events: Iterable[Event], position: Position | None) -> None:
        """Add the events of one step, after which the queue covers the feed up to ``position``."""
        for event in events:
            if isinstance(event, Reset):
                self._put = None
            if (
                isinstance(event, Status)
                and not self.room
                and isinstance(self._waiting[-1][0], Status)
            ):
                self._waiting.pop()
            self._waiting.append((event, self._put))
        self._put = position
        if self._waiting:
            # A page is complete only with its last event, so only that one carries the position.
            last, _ = self._waiting.pop()
            self._waiting.append((last, position))
        else:
            self.position = position
        self.room = self.room and len(self._waiting) < self._events_max

    def take(self) -> Event:
        """Remove and return the next event; the queue must not be empty."""
        event, self.position = self._waiting.popleft()
        if len(self._waiting) <= self._events_max // 2:
            self.room = True
        return event
