"""Telling everyone of a committed change: broadcast to sockets."""

import logging
import time
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec import wire
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.filters import facets_of
from alerta_utec.ports import Clock, Connection, Connections, Posted, Poster

log = logging.getLogger(__name__)

# $connect may take 29 s (API Gateway's integration timeout).
HANDSHAKE_MAX = timedelta(seconds=30)


@dataclass(frozen=True)
class Broadcast:
    """Sends a change to every connection whose filter it concerns."""

    connections: Connections
    poster: Poster
    clock: Clock
    record: Recorder

    def __call__(self, change: Change, deadline_s: float | None = None) -> dict[str, int]:
        """Send the change, and forget connections that are gone.

        Who is connected is read whole before anything is sent. A connection is kept while it
        may still be in its handshake: it is saved before its socket opens, and until then it
        looks gone. ``deadline_s``: as ``Poster.post`` has it.

        Returns:
            ``{attempted, delivered, gone, throttled, failed, ms}``.

        Raises:
            Unavailable: nobody was told, or who there is cannot be read; repeat it whole.
        """
        started_s = time.perf_counter()
        return self.tell(self.concerned(change), change, deadline_s, started_s=started_s)

    def concerned(self, change: Change) -> Sequence[Connection]:
        """Every connection whose filter the change concerns, each once.

        Raises:
            Unavailable: they cannot all be read.
        """
        states = facets_of(change)
        concerned = {
            connection.connection_id: connection
            for page in self.connections.pages()
            for connection in page
            if any(map(connection.filter.accepts, states))
        }
        return list(concerned.values())

    def tell(
        self,
        listeners: Sequence[Connection],
        change: Change,
        deadline_s: float | None,
        *,
        started_s: float,
    ) -> dict[str, int]:
        """Send the change to these, as ``__call__`` does; ``started_s``: of ``perf_counter``."""
        private, public = audiences(listeners)
        try:
            posted = post(self.poster, change, private, public, deadline_s)
        except Unavailable:
            nobody = Posted(failed=(*private, *public))
            self._record(change, counted(nobody, started_s))
            raise
        forget(self.connections, posted.gone, but=opening(listeners, self.clock.now()))
        return self._record(change, counted(posted, started_s))

    def _record(self, change: Change, counts: dict[str, int]) -> dict[str, int]:
        log.info("broadcast", extra={"position": str(change.position), **counts})
        self.record(Delivery.of(change, "broadcast", self.clock.now(), counts))
        return counts


def audiences(listeners: Sequence[Connection]) -> tuple[list[str], list[str]]:
    """The ids of those who may see people's names, and of the others."""
    private: list[str] = []
    public: list[str] = []
    for listener in listeners:
        (private if listener.private else public).append(listener.connection_id)
    return private, public


def post(
    poster: Poster,
    change: Change,
    private: Sequence[str],
    public: Sequence[str],
    deadline_s: float | None,
) -> Posted:
    """Send the change, encoded once for each audience.

    Raises:
        Unavailable: nobody was told.
    """
    posted = Posted()
    for names, audience in ((True, private), (False, public)):
        if audience:
            frame = wire.incident_update(change, private=names)
            posted += poster.post(audience, frame, deadline_s=deadline_s)
    return posted


def counted(posted: Posted, started_s: float) -> dict[str, int]:
    """``{attempted, delivered, gone, throttled, failed, ms}``, since ``started_s`` of
    ``perf_counter``."""
    counts = {
        "delivered": posted.delivered,
        "gone": len(posted.gone),
        "throttled": len(posted.throttled),
        "failed": len(posted.failed),
    }
    ms = round((time.perf_counter() - started_s) * 1000)
    return {"attempted": sum(counts.values()), **counts, "ms": ms}


def opening(listeners: Iterable[Connection], now: datetime) -> frozenset[str]:
    """The ids of those who may still be in their handshake: until it ends they look gone."""
    opened_before = now - HANDSHAKE_MAX
    return frozenset(one.connection_id for one in listeners if one.connected_at >= opened_before)


def forget(connections: Connections, gone: Iterable[str], *, but: Container[str]) -> None:
    """Delete who is gone, but for those in ``but``."""
    for name in gone:
        if name in but:
            continue
        try:
            connections.delete(name)
        except Unavailable:
            # The next broadcast finds it gone too, or it expires.
            log.exception("not_forgotten")
            return
