"""The open sockets: who is connected, and how one frame reaches many."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from alerta_utec.domain.errors import Unavailable
from alerta_utec.gateway.frames import text_frame
from alerta_utec.gateway.limits import Limits
from alerta_utec.ports import Clock, Connection, Posted

if TYPE_CHECKING:
    from alerta_utec.gateway.session import Session

CROSSING_S = 10.0
T = TypeVar("T")


class Hub:
    """Plays ``Connections`` and ``Poster`` over the sockets of this process.

    Sockets are touched only in the event loop; a call from another thread crosses into it
    once, however many recipients it has.
    """

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._sessions: dict[str, Session] = {}
        self._leaving: set[Session] = set()
        self._saved: dict[str, Connection] = {}
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
        self._saved[connection.connection_id] = connection

    def delete(self, connection_id: str) -> None:
        """See ``ports.Connections``."""
        self._saved.pop(connection_id, None)

    def get(self, connection_id: str) -> Connection | None:
        """See ``ports.Connections``."""
        connection = self._saved.get(connection_id)
        return connection if connection and connection.alive(self._clock.now()) else None

    def pages(self) -> Iterator[Sequence[Connection]]:
        """See ``ports.Connections``; one page, a snapshot."""
        now = self._clock.now()
        yield [connection for connection in list(self._saved.values()) if connection.alive(now)]

    # Poster

    def post(
        self, connection_ids: Sequence[str], frame: str, *, deadline_s: float | None = None
    ) -> Posted:
        """See ``ports.Poster``; it never waits, so no deadline passes."""
        del deadline_s
        data = text_frame(frame.encode())
        recipients = tuple(dict.fromkeys(connection_ids))
        return self.in_loop(lambda: self._write(recipients, data))

    def _write(self, connection_ids: Sequence[str], data: bytes) -> Posted:
        gone, throttled = [], []
        lagging = False
        for connection_id in connection_ids:
            session = self._sessions.get(connection_id)
            if session is None:
                gone.append(connection_id)
                continue
            lagging = lagging or session.waiting_bytes() > 0
            if not session.write(data):
                throttled.append(connection_id)
        if lagging:
            self.bound()
        delivered = len(connection_ids) - len(gone) - len(throttled)
        return Posted(delivered, tuple(gone), tuple(throttled))

    # Sockets (only in the event loop)

    def add(self, session: "Session") -> None:
        """The socket is open: frames reach it from now on."""
        self._sessions[session.client.connection_id] = session

    def leave(self, session: "Session") -> None:
        """No frame reaches the socket any more, but what waits for it is still held."""
        self.remove(session)
        self._leaving.add(session)

    def remove(self, session: "Session") -> None:
        """The socket is closed or about to be."""
        self._sessions.pop(session.client.connection_id, None)
        self._leaving.discard(session)

    def waiting_bytes(self) -> int:
        """What this process holds for all clients."""
        everyone = (*self._sessions.values(), *self._leaving)
        return sum(session.waiting_bytes() for session in everyone)

    def bound(self) -> None:
        """Bring what waits for all clients back within its bound.

        Those that are leaving lose what is left of their time; then those with the most
        waiting are cut off, and lose it the next time.
        """
        excess = self.waiting_bytes() - self._limits.buffers_max_bytes
        if excess <= 0:
            return
        for session in list(self._leaving):
            excess -= session.waiting_bytes()
            session.abort()
        waiting = [(session.waiting_bytes(), session) for session in self._sessions.values()]
        for size, session in sorted(waiting, key=itemgetter(0), reverse=True):
            if excess <= 0:
                return
            session.cut_off()
            excess -= size

    def ends_at_ms(self, connection_id: str) -> float | None:
        """When the connection ends by what was kept of it at ``$connect``; epoch milliseconds."""
        kept = self._saved.get(connection_id)
        return None if kept is None else kept.expires_at.timestamp() * 1000

    def session(self, connection_id: str) -> "Session | None":
        """The open socket of that id."""
        return self._sessions.get(connection_id)

    def sessions(self) -> list["Session"]:
        """Every open socket."""
        return list(self._sessions.values())

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
