"""Open sockets that are told the same."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.domain.filters import Filter

if TYPE_CHECKING:
    from alerta_utec.gateway.session import Session


class Recipients:
    """Sockets that get the same bytes.

    For those ``behind``, bytes wait in this process. For those that are ``ready`` none do, so
    that theirs may go straight to the descriptors: ``fds``, in the same order.
    """

    __slots__ = ("behind", "fds", "ready")

    def __init__(self, everyone: "Collection[Session]") -> None:
        self.ready = [session for session in everyone if not session.behind]
        self.behind: Sequence[Session] = ()
        if len(self.ready) < len(everyone):
            self.behind = [session for session in everyone if session.behind]
        self.fds = array("i", [session.fd for session in self.ready])

    def __len__(self) -> int:
        return len(self.ready) + len(self.behind)


class Room:
    """Those whose filter is the same, and who see people's names (``private``) or do not."""

    __slots__ = ("_audiences", "_recipients", "_told_ms", "members", "private", "wanted")

    def __init__(self, wanted: Filter, private: bool) -> None:
        self.wanted = wanted
        self.private = private
        self.members: dict[Session, None] = {}
        self._told_ms = 0
        self._audiences: list[Audience] = []
        self._recipients: Recipients | None = None

    @property
    def told_ms(self) -> int:
        """When it was last told something; epoch milliseconds, 0: never."""
        return max([self._told_ms, *(audience.told_ms for audience in self._audiences)])

    def join(self, audience: "Audience") -> None:
        """Count as told whenever the audience is."""
        self._audiences.append(audience)

    def leave_audiences(self) -> None:
        """Count as told by itself again."""
        self._told_ms = self.told_ms
        self._audiences.clear()

    def enter(self, session: "Session") -> None:
        """Tell it too, from now on."""
        self.members[session] = None
        self.changed()

    def leave(self, session: "Session") -> None:
        """Tell it no more."""
        del self.members[session]
        self.changed()

    def changed(self) -> None:
        """Somebody has come, gone, fallen behind or caught up."""
        self._recipients = None

    def recipients(self) -> Recipients:
        """Everyone in it, as long as nothing changes."""
        if self._recipients is None:
            self._recipients = Recipients(self.members)
        return self._recipients


class Audience:
    """Rooms that are told the same: each of several states of incidents, by their places.

    It stands for as long as nothing changes in any room, so that nothing need be done for each
    room when it is told.
    """

    __slots__ = ("places", "private", "recipients", "rooms", "told_ms")

    def __init__(self, private: bool, places: tuple[int, ...], rooms: Sequence[Room]) -> None:
        self.private = private
        self.places = places
        self.rooms = rooms
        self.told_ms = 0
        if len(rooms) == 1:
            self.recipients = rooms[0].recipients()
        else:
            self.recipients = Recipients([session for room in rooms for session in room.members])
        for room in rooms:
            room.join(self)

    def part(self) -> None:
        """It stands no more."""
        for room in self.rooms:
            room.leave_audiences()


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell what: ``which`` are places in a sequence of changes."""

    private: bool
    which: tuple[int, ...]
    recipients: Recipients
