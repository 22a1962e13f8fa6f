"""Who is connected, and the open sockets by what they are to be told."""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from alerta_utec.domain.filter_index import FilterIndex
from alerta_utec.domain.filters import Facets, Filter, facets_of
from alerta_utec.gateway.recipients import Audience, Room, Told
from alerta_utec.ports import Connection

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change
    from alerta_utec.gateway.session import Session

# What nobody asks for is the same in every state.
_UNASKED = (Facets("", "", "", ""),)
_NEVER = datetime.max.replace(tzinfo=UTC)
# So many answers to who hears of something are remembered; 20 bytes a client each.
REMEMBERED_MAX = 16


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
        # Who hears of some states of incidents, as long as nothing changes in any room.
        self._audiences: dict[tuple[Sequence[Facets], ...], Sequence[Audience]] = {}
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

    def count(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    def sessions(self) -> list["Session"]:
        """Every open socket."""
        return list(self._open.values())

    def concerned(self, changes: "Sequence[Change]", now: datetime) -> Sequence[Told]:
        """Whom to tell which of ``changes``."""
        now_ms = int(time.time() * 1000)
        with self._lock:
            if now >= self._first_end:
                self._expire(now)
            by_state = self._by_state(changes)
            own = list(by_state.values())
            told = []
            for audience in self._hearing(tuple(by_state)):
                audience.told_ms = now_ms
                which = sorted(chain.from_iterable(own[place] for place in audience.places))
                told.append(Told(audience.private, tuple(which), audience.recipients))
        return told

    def _by_state(self, changes: "Sequence[Change]") -> Mapping[Sequence[Facets], list[int]]:
        """The places of the changes, by what those who are there look at in them."""
        fields = self._indexes[False].fields | self._indexes[True].fields
        if not fields:
            return {_UNASKED: list(range(len(changes)))}
        places: dict[Sequence[Facets], list[int]] = {}
        for place, change in enumerate(changes):
            states = tuple(dict.fromkeys(facets.only(fields) for facets in facets_of(change)))
            places.setdefault(states, []).append(place)
        return places

    def _hearing(self, everything: tuple[Sequence[Facets], ...]) -> Sequence[Audience]:
        """Who hears of which of these."""
        audiences = self._audiences.get(everything)
        if audiences is None:
            if len(self._audiences) >= REMEMBERED_MAX:
                self._part()
            audiences = self._audiences[everything] = [
                Audience(private, places, rooms)
                for private, index in self._indexes.items()
                for places, rooms in _together(index, everything).items()
            ]
        return audiences

    def _part(self) -> None:
        """Something changes in a room: who hears what has to be looked up again."""
        for audience in chain.from_iterable(self._audiences.values()):
            audience.part()
        self._audiences.clear()

    def _mark(self, session: "Session") -> None:
        if session.behind and session.client.connection_id in self._open:
            self._behind.add(session)
        else:
            self._behind.discard(session)
        if session.room is not None:
            session.room.changed()
            self._part()

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
        self._part()

    def _vacate(self, session: "Session") -> None:
        room = session.room
        if room is None:
            return
        session.touched_ms = max(session.touched_ms, room.told_ms)
        session.room = None
        room.leave(session)
        self._part()
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


def _together(
    index: FilterIndex[Room], everything: Sequence[Sequence[Facets]]
) -> Mapping[tuple[int, ...], Sequence[Room]]:
    """The rooms that hear of something, by the places of what they hear of."""
    heard = [index.accepting(states) for states in everything]
    if len(heard) == 1:
        return {(0,): heard[0]} if heard[0] else {}
    which: dict[Room, tuple[int, ...]] = {}
    for place, rooms in enumerate(heard):
        for room in rooms:
            which[room] = (*which.get(room, ()), place)
    together: dict[tuple[int, ...], list[Room]] = {}
    for room, places in which.items():
        together.setdefault(places, []).append(room)
    return together
