"""Which updates are news, and up to where nothing is missing; without I/O."""

from dataclasses import replace

from alerta_utec.client.errors import NotUnderstood
from alerta_utec.client.events import Page, Reset, Update
from alerta_utec.domain.change import Position

# Updates that may run ahead of a missing one; further ones are let pass and fetched later.
AHEAD_MAX = 10_000


class Feed:
    """A follower's place in the feed, fed with updates and pages in whatever order they come.

    Memory goes only to what runs ahead of the position: an update at or before it is old by
    its ``seq`` alone, and a newer revision of an incident always has a higher ``seq``.
    """

    def __init__(self, position: Position | None = None) -> None:
        # Tracking starts here: at the position, or at that of a snapshot that is being paged.
        self._floor = position
        self._whole = position is not None
        # Ahead of the floor: the incident of each seq that was passed on, and each one's latest.
        self._ahead: dict[int, str] = {}
        self._latest: dict[str, int] = {}
        # The highest seq that is known to exist, and the highest that was let pass.
        self._head = 0
        self._skipped = 0
        # A position of another epoch than the floor's, or heard before there was a floor.
        self._elsewhere: Position | None = None

    @property
    def position(self) -> Position | None:
        """The highest contiguous position; none before a snapshot is whole.

        Whatever has changed up to it was passed on, or something newer of the same incident.
        """
        return self._floor if self._whole else None

    @property
    def skipped(self) -> bool:
        """Whether something was let pass that only a ``sync`` will bring."""
        return self._whole and self._floor is not None and self._skipped > self._floor.seq

    @property
    def gap(self) -> bool:
        """Whether something is missing that may still be on its way."""
        if not self._whole or self._floor is None:
            return False
        return self._head > self._floor.seq or self._elsewhere is not None

    def begin(self, position: Position) -> None:
        """Start at ``position``: nothing older is wanted."""
        self._start(position)
        self._whole = True

    def update(self, update: Update, *, room: bool = True) -> bool:
        """Take in a broadcast; whether it is to be passed on now.

        Without ``room``, as where too many run ahead, it is let pass.
        """
        seq = update.position.seq
        if not self._ahead_of_floor(update.position):
            return False
        self._head = max(self._head, seq)
        if not room or len(self._ahead) >= AHEAD_MAX:
            self._skipped = max(self._skipped, seq)
            return False
        return self._note(update)

    def heard_of(self, position: Position) -> None:
        """The feed has come to ``position``, as a pong says."""
        if self._ahead_of_floor(position):
            self._head = max(self._head, position.seq)

    def page(self, page: Page) -> list[Reset | Update]:
        """Take in the next page of a ``sync`` from ``position``; what is to be passed on.

        Raises:
            NotUnderstood: it is none.
        """
        events: list[Reset | Update] = []
        if page.reset:
            self._start(page.position)
            events.append(Reset(page.position))
        if self._floor is None or page.position.epoch != self._floor.epoch:
            raise NotUnderstood("a page of another feed")
        # In a snapshot, what is older than its position is news too.
        events += [
            update
            for update in page.updates
            if (not self._whole or self._ahead_of_floor(update.position)) and self._note(update)
        ]
        if page.cursor is None:
            self._adopt(page.position)
        return events

    def _ahead_of_floor(self, position: Position) -> bool:
        """Whether it is news; a position that does not compare with the floor is noted."""
        floor, other = self._floor, self._elsewhere
        if floor is not None and position.epoch == floor.epoch:
            return position.seq > floor.seq
        if other is None or other.epoch != position.epoch or other.seq < position.seq:
            self._elsewhere = position
        return False

    def _start(self, floor: Position) -> None:
        """Forget everything, but that more is known to exist than a snapshot at ``floor`` has."""
        before, other = self._floor, self._elsewhere
        known = [self._head] if before is not None and before.epoch == floor.epoch else []
        known += [other.seq] if other is not None and other.epoch == floor.epoch else []
        self._floor, self._whole, self._elsewhere = floor, False, None
        self._ahead.clear()
        self._latest.clear()
        self._skipped = max(known, default=0)
        self._head = max(floor.seq, self._skipped)

    def _note(self, update: Update) -> bool:
        """Whether the update is newer than what was passed on of its incident."""
        incident_id, seq = update.incident.incident_id, update.position.seq
        known = self._latest.get(incident_id, 0)
        if self._ahead_of_floor(update.position):
            self._head = max(self._head, seq)
            self._ahead[seq] = incident_id
            self._latest[incident_id] = max(known, seq)
            if self._whole:
                self._close_up()
        return seq > known

    def _adopt(self, position: Position) -> None:
        """Nothing is missing up to ``position``."""
        if self._floor is None or position.seq > self._floor.seq:
            self._floor = position
        self._whole, self._elsewhere = True, None
        for seq in [seq for seq in self._ahead if seq <= self._floor.seq]:
            self._forget(seq)
        self._close_up()

    def _close_up(self) -> None:
        """Move the position over what follows it without a hole."""
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
