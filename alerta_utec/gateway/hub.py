"""The open sockets: who is connected, and how one frame reaches many."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from alerta_utec import wire
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.gateway.frames import text_frame
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.recipients import Recipients
from alerta_utec.gateway.sending import Send, best
from alerta_utec.gateway.subscribers import Rooms
from alerta_utec.ports import Clock, Connection, SendResult

if TYPE_CHECKING:
    from alerta_utec.gateway.session import Session

CROSSING_S = 10.0
_NOBODY = SendResult()
T = TypeVar("T")


class _Frames(dict[tuple[int, bool], bytes]):
    """The frames that tell of changes, by place and ``private``; encoded when first asked for."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def __missing__(self, which: tuple[int, bool]) -> bytes:
        place, private = which
        text = wire.incident_update(self._changes[place], private=private)
        self[which] = text_frame(text.encode())
        return self[which]


class Hub:
    """Plays ``Connections``, ``Poster`` and ``LocalSubscribers`` over the sockets of this process.

    Sockets are touched only in the event loop; a call from another thread crosses into it
    once, however many recipients it has.
    """

    def __init__(self, clock: Clock, limits: Limits | None = None, send: Send = best) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._send = send
        self._rooms = Rooms()
        self._leaving: set[Session] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve from now on in ``loop``, whose thread this is."""
        self._loop = loop
        self._thread = threading.get_ident()

    def detach(self) -> None:
        """Serve no longer: calls from other threads are refused."""
        self._loop = None

    # Connections

    def save(self, connection: Connection) -> None:
        """See ``ports.Connections``."""
        self._rooms.keep(connection)

    def delete(self, connection_id: str) -> None:
        """See ``ports.Connections``."""
        self._rooms.forget(connection_id)

    def get(self, connection_id: str) -> Connection | None:
        """See ``ports.Connections``."""
        connection = self._rooms.kept(connection_id)
        return connection if connection and connection.alive(self._clock.now()) else None

    def pages(self) -> Iterator[Sequence[Connection]]:
        """See ``ports.Connections``; one page, a snapshot."""
        yield self._rooms.connections(self._clock.now())

    # Poster

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> SendResult:
        """See ``ports.Poster``; it never waits, so no deadline passes."""
        del deadline_s
        data = text_frame(frame.encode())
        recipients = tuple(dict.fromkeys(connection_ids))
        return self.in_loop(lambda: self._post(recipients, data))

    def _post(self, connection_ids: Sequence[str], data: bytes) -> SendResult:
        gone, throttled = [], []
        for connection_id in connection_ids:
            session = self._rooms.session(connection_id)
            if session is None:
                gone.append(connection_id)
            elif not session.write(data):
                throttled.append(connection_id)
        self.bound()
        delivered = len(connection_ids) - len(gone) - len(throttled)
        return SendResult(delivered, tuple(gone), tuple(throttled))

    # LocalSubscribers

    def broadcast(self, changes: Sequence[Change]) -> Sequence[SendResult]:
        """See ``ports.LocalSubscribers``; all that concerns a client leaves in one write."""
        return self.in_loop(lambda: self._broadcast(changes))

    def _broadcast(self, changes: Sequence[Change]) -> Sequence[SendResult]:
        frames = _Frames(changes)
        outcomes: dict[int, SendResult] = {}
        for told in self._rooms.concerned(changes, self._clock.now()):
            data = b"".join([frames[place, told.private] for place in told.which])
            posted = self._write(told.recipients, data)
            for place in told.which:
                outcomes[place] = outcomes[place] + posted if place in outcomes else posted
        self.bound()
        return [outcomes.get(place, _NOBODY) for place in range(len(changes))]

    def _write(self, recipients: Recipients, data: bytes) -> SendResult:
        self._send(recipients.ready, recipients.fds, data)
        throttled = [session for session in recipients.behind if not session.write(data)]
        return SendResult(
            len(recipients) - len(throttled),
            throttled=tuple(session.client.connection_id for session in throttled),
        )

    # Sockets (only in the event loop)

    def add(self, session: "Session") -> None:
        """The socket is open: frames reach it from now on."""
        self._rooms.open(session)

    def mark(self, session: "Session", *, behind: bool) -> None:
        """Bytes wait for its client in this process, or do no more."""
        self._rooms.mark(session, behind=behind)

    def leave(self, session: "Session") -> None:
        """No frame reaches the socket any more, but what waits for it is still held."""
        self.remove(session)
        self._leaving.add(session)

    def remove(self, session: "Session") -> None:
        """The socket is closed or about to be."""
        self._rooms.close(session)
        self._leaving.discard(session)

    def bound(self) -> None:
        """Bring what waits for all clients back within its bound.

        Those that are leaving lose what is left of their time; then those with the most
        waiting are cut off, and lose it the next time.
        """
        waiting = [(session.waiting_bytes(), session) for session in self._rooms.behind()]
        leaving = [(session.waiting_bytes(), session) for session in self._leaving]
        excess = sum(size for size, _ in waiting + leaving) - self._limits.buffers_max_bytes
        if excess <= 0:
            return
        for size, session in leaving:
            excess -= size
            session.abort()
        for size, session in sorted(waiting, key=itemgetter(0), reverse=True):
            if excess <= 0:
                return
            session.cut_off()
            excess -= size

    def ends_at_ms(self, connection_id: str) -> float | None:
        """When the connection ends by what was kept of it at ``$connect``; epoch milliseconds."""
        kept = self._rooms.kept(connection_id)
        return None if kept is None else kept.expires_at.timestamp() * 1000

    def session(self, connection_id: str) -> "Session | None":
        """The open socket of that id."""
        return self._rooms.session(connection_id)

    def count(self) -> int:
        """How many sockets are open."""
        return self._rooms.count()

    def sessions(self) -> list["Session"]:
        """Every open socket."""
        return self._rooms.sessions()

    def in_loop(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the event loop's thread and wait for what it returns.

        Raises:
            Unavailable: the gateway does not run, or the loop takes no turn for 10 s.
        """
        loop = self._loop
        if loop is None:
            raise Unavailable("the gateway does not run")
        if threading.get_ident() == self._thread:
            return work()
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

        try:
            loop.call_soon_threadsafe(run)
            return future.result(CROSSING_S)
        except (RuntimeError, TimeoutError) as error:
            future.cancel()
            raise Unavailable("the event loop does not answer") from error
