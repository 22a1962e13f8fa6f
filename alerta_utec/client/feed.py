"""The client's position in the feed: which updates are new, and which are missing; without I/O."""

from dataclasses import replace

from alerta_utec.client.errors import NotUnderstood
from alerta_utec.client.events import Page, Reset, Update
from alerta_utec.domain.change import Position

# Maximum number of updates kept beyond a missing one; further ones are dropped and fetched later.
AHEAD_MAX = 10_000


class Feed:
    """A client's place in the feed; updates and pages may arrive in any order.

    Only updates beyond the position take memory. An update at or before the position is old by
    its ``seq`` alone, because a newer revision of an incident always has a higher ``seq``.
    """

    def __init__(self, position: Position | None = None) -> None:
        # The contiguous position, or the position of the snapshot whose pages are arriving.
        self._floor = position
        self._complete = position is not None
        # Beyond the floor: the incident of each accepted seq, and the latest seq of each incident.
        self._ahead: dict[int, str] = {}
        self._latest: dict[str, int] = {}
        # The highest seq that is known to exist, and the highest that was dropped.
        self._head = 0
        self._skipped = 0
        # The latest position that cannot be compared: of another epoch, or before a floor exists.
        self._uncompared: Position | None = None

    @property
    def position(self) -> Position | None:
        """The highest contiguous position; ``None`` until a snapshot is complete.

        For every change up to it, this update or a newer one of the same incident was accepted.
        """
        return self._floor if self._complete else None

    @property
    def skipped(self) -> bool:
        """Whether an update was dropped that only a ``sync`` can return."""
        return self._complete and self._floor is not None and self._skipped > self._floor.seq

    @property
    def gap(self) -> bool:
        """Whether an update is missing that may still arrive."""
        if not self._complete or self._floor is None:
            return False
        return self._head > self._floor.seq or self._uncompared is not None

    def begin(self, position: Position) -> None:
        """Start at ``position`` without a snapshot."""
        self._start(position)
        self._complete = True

    def update(self, update: Update, *, room: bool = True) -> bool:
        """Record a broadcast, and return whether the reader should get it now.

        Without ``room``, or with ``AHEAD_MAX`` updates beyond a gap, the update is dropped.
        """
        seq = update.position.seq
        if not self._ahead_of_floor(update.position):
            return False
        self._head = max(self._head, seq)
        if not room or len(self._ahead) >= AHEAD_MAX:
            self._skipped = max(self._skipped, seq)
            return False
        return self._note(update)

    def advance_head(self, position: Position) -> None:
        """Record that the feed has reached ``position``, as a pong reports."""
        if self._ahead_of_floor(position):
            self._head = max(self._head, position.seq)

    def page(self, page: Page) -> list[Reset | Update]:
        """Record the next page of a ``sync`` from ``position``, and return the reader's events.

        Raises:
            NotUnderstood: the page belongs to another feed.
        """
        events: list[Reset | Update] = []
        if page.reset:
            self._start(page.position)
            events.append(Reset(page.position))
        if self._floor is None or page.position.epoch != self._floor.epoch:
            raise NotUnderstood("a page of another feed")
        # In a snapshot, updates from before its position are new as well.
        events += [
            update
            for update in page.updates
            if (not self._complete or self._ahead_of_floor(update.position)) and self._note(update)
        ]
        if page.cursor is None:
            self._adopt(page.position)
        return events

    def _ahead_of_floor(self, position: Position) -> bool:
        """Return whether ``position`` is beyond the floor; keep one that cannot be compared."""
        floor, other = self._floor, self._uncompared
        if floor is not None and position.epoch == floor.epoch:
            return position.seq > floor.seq
        if other is None or other.epoch != position.epoch or other.seq < position.seq:
            self._uncompared = position
        return False

    def _start(self, floor: Position) -> None:
        """Restart at ``floor``; keep the highest ``seq`` known of its epoch, to fetch the rest."""
        before, other = self._floor, self._uncompared
        known = [self._head] if before is not None and before.epoch == floor.epoch else []
        known += [other.seq] if other is not None and other.epoch == floor.epoch else []
        self._floor, self._complete, self._uncompared = floor, False, None
        self._ahead.clear()
        self._latest.clear()
        self._skipped = max(known, default=0)
        self._head = max(floor.seq, self._skipped)

    def _note(self, update: Update) -> bool:
        """Record an update, and return whether it is newer than the incident's last one."""
        incident_id, seq = update.incident.incident_id, update.position.seq
        known = self._latest.get(incident_id, 0)
        if self._ahead_of_floor(update.position):
            self._head = max(self._head, seq)
            self._ahead[seq] = incident_id
            self._latest[incident_id] = max(known, seq)
            if self._complete:
                self._advance_floor()
        return seq > known

    def _adopt(self, position: Position) -> None:
        """Move the floor to ``position``, up to which every update has arrived."""
        if self._floor is None or position.seq > self._floor.seq:
            self._floor = position
        self._complete, self._uncompared = True, None
        for seq in [seq for seq in self._ahead if seq <= self._floor.seq]:
            self._forget(seq)
        self._advance_floor()

    def _advance_floor(self) -> None:
        """Move the floor over the updates that follow it without a gap."""
        floor = self._floor
        if floor is None:
            return
        seq = floor.seq
        while seq + 1 in self._ahead:
            seq += 1
            self._forget(seq)
        if seq > floor.seq:
            self._floor = replace(floor, seq=seq)

    def _forget(self, seq: int) -> None:
        incident_id = self._ahead.pop(seq)
        if self._latest.get(incident_id) == seq:
            del self._latest[incident_id]
