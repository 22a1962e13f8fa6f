"""Events that wait for their reader, each with the position that holds once it is read."""

from collections import deque
from collections.abc import Iterable

from alerta_utec.client.events import Event, Reset, Status
from alerta_utec.domain.change import Position


class Outbox:
    """A queue that knows up to where it has been read.

    It may be filled beyond ``events_max`` by one page; ``room`` says when not to begin. Without
    room, a status replaces the one before it, so that a connection may come and go for ever.
    """

    def __init__(self, position: Position | None, events_max: int) -> None:
        self.position = position
        """Everything up to here has been read; none from a ``Reset`` until its snapshot has."""
        self.room = True
        self._events_max = events_max
        self._put = position
        self._waiting: deque[tuple[Event, Position | None]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, events: Iterable[Event], position: Position | None) -> None:
        """Add what came of one step, after which all up to ``position`` is in here."""
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
            # Not before: what a page brings is whole only with its last event.
            last, _ = self._waiting.pop()
            self._waiting.append((last, position))
        else:
            self.position = position
        self.room = self.room and len(self._waiting) < self._events_max

    def take(self) -> Event:
        """The next event; there must be one."""
        event, self.position = self._waiting.popleft()
        if len(self._waiting) <= self._events_max // 2:
            self.room = True
        return event
