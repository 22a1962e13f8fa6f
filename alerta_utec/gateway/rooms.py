"""Who is connected, and the open sockets by what they are to be told."""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alerta_utec.domain.filter_index import FilterIndex
from alerta_utec.domain.filters import Facets, Filter, facets_of
from alerta_utec.gateway.audience import Recipients, Room, Told
from alerta_utec.ports import Connection

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.gateway.session import Session

_NEVER = datetime.max.replace(tzinfo=UTC)
# Sets of rooms whose members are remembered; 20 bytes a member.
JOINED_MAX = 16


class Rooms:
    """Keeps connections and their open sockets together; for any thread.

    A socket is in a room while it is open, its connection is kept, and that has not expired.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Connection] = {}
        self._open: dict[str, Session] = {}
        self._behind: set[Session] = set()
        self._rooms: dict[tuple[Filter, bool], Room] = {}
        self._indexes: Mapping[bool, FilterIndex[Room]] = {
            private: FilterIndex() for private in (False, True)
        }
        # Everyone in several rooms together, as long as nothing changes in any room.
        self._joined: dict[tuple[Room, ...], Recipients] = {}
        # Nobody in a room expires before.
        self._first_end = _NEVER

    def keep(self, connection: Connection) -> None:
        """Keep a connection, or replace what is kept of it."""
        with self._lock:
            self._kept[connection.connection_id] = connection
            self._first_end = min(self._first_end, connection.expires_at)
            self._place(connection.connection_id)

    def forget(self, connection_id: str) -> None:
        """Keep it no more."""
        with self._lock:
            self._kept.pop(connection_id, None)
            self._place(connection_id)

    def kept(self, connection_id: str) -> Connection | None:
        """What is kept of a connection, expired or not."""
        return self._kept.get(connection_id)

    def connections(self, now: datetime) -> list[Connection]:
        """Every connection that has not expired."""
        return [connection for connection in list(self._kept.values()) if connection.alive(now)]

    def open(self, session: "Session") -> None:
        """Its socket is open."""
        with self._lock:
            self._open[session.client.connection_id] = session
            self._place(session.client.connection_id)
            self._mark(session)

    def close(self, session: "Session") -> None:
        """Its socket is closed, or about to be."""
        with self._lock:
            self._open.pop(session.client.connection_id, None)
            self._behind.discard(session)
            self._vacate(session)

    def mark(self, session: "Session", *, behind: bool) -> None:
        """Bytes wait for its client in this process, or do no more."""
        with self._lock:
            session.behind = behind
            self._mark(session)

    def behind(self) -> list["Session"]:
        """Every open socket for whose client bytes wait in this process."""
        with self._lock:
            return list(self._behind)

    def session(self, connection_id: str) -> "Session | None":
        """The open socket of that connection."""
        return self._open.get(connection_id)

    def sessions(self) -> list["Session"]:
        """Every open socket."""
        return list(self._open.values())

    def concerned(self, changes: "Sequence[Change]", now: datetime) -> Sequence[Told]:
        """Whom to tell which of ``changes``."""
        places: dict[Sequence[Facets], tuple[int, ...]] = {}
        for place, change in enumerate(changes):
            states = facets_of(change)
            places[states] = (*places.get(states, ()), place)
        now_ms = int(time.time() * 1000)
        told = []
        with self._lock:
            if now >= self._first_end:
                self._expire(now)
            for private, index in self._indexes.items():
                for which, rooms in _hearing(index, places).items():
                    for room in rooms:
                        room.told_ms = now_ms
                    told.append(Told(private, which, self._everyone_in(rooms)))
        return told

    def _everyone_in(self, rooms: Sequence[Room]) -> Recipients:
        """The members of all of them."""
        if len(rooms) == 1:
            return rooms[0].recipients()
        together = tuple(rooms)
        if together not in self._joined:
            if len(self._joined) >= JOINED_MAX:
                self._joined.clear()
            members = [session for room in rooms for session in room.members]
            self._joined[together] = Recipients(members)
        return self._joined[together]

    def _mark(self, session: "Session") -> None:
        if session.behind and session.client.connection_id in self._open:
            self._behind.add(session)
        else:
            self._behind.discard(session)
        if session.room is not None:
            session.room.changed()
            self._joined.clear()

    def _place(self, connection_id: str) -> None:
        """Put the socket where it belongs now."""
        session = self._open.get(connection_id)
        if session is None:
            return
        self._vacate(session)
        connection = self._kept.get(connection_id)
        if connection is None:
            return
        whose = (connection.filter, connection.private)
        room = self._rooms.get(whose)
        if room is None:
            room = self._rooms[whose] = Room(*whose)
            self._indexes[room.private].add(room, room.wanted)
        room.enter(session)
        session.room = room
        self._joined.clear()

    def _vacate(self, session: "Session") -> None:
        room = session.room
        if room is None:
            return
        session.touched_ms = max(session.touched_ms, room.told_ms)
        session.room = None
        room.leave(session)
        self._joined.clear()
        if not room.members:
            del self._rooms[room.wanted, room.private]
            self._indexes[room.private].remove(room, room.wanted)

    def _expire(self, now: datetime) -> None:
        """Tell those no more whose time is over; forget them, where they have no socket."""
        self._first_end = _NEVER
        for connection in list(self._kept.values()):
            if connection.alive(now):
                self._first_end = min(self._first_end, connection.expires_at)
                continue
            session = self._open.get(connection.connection_id)
            if session is None:
                del self._kept[connection.connection_id]
            else:
                self._vacate(session)


def _hearing(
    index: FilterIndex[Room], places: Mapping[Sequence[Facets], tuple[int, ...]]
) -> Mapping[tuple[int, ...], Sequence[Room]]:
    """The rooms that hear of something, by the places of what they hear of."""
    heard = [(own, index.accepting(states)) for states, own in places.items()]
    if len(heard) == 1:
        return {own: rooms for own, rooms in heard if rooms}
    which: dict[Room, tuple[int, ...]] = {}
    for own, rooms in heard:
        for room in rooms:
            which[room] = (*which.get(room, ()), *own)
    hearing: dict[tuple[int, ...], list[Room]] = {}
    for room, own in which.items():
        hearing.setdefault(tuple(sorted(own)), []).append(room)
    return hearing
