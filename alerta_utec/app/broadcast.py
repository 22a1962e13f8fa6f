"""Broadcasting one committed change to its subscribers through a ``Poster``."""

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
from alerta_utec.ports.broadcast import Poster, SendResult
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection, Connections

log = logging.getLogger(__name__)

# $connect may take 29 s (API Gateway's integration timeout).
HANDSHAKE_MAX = timedelta(seconds=30)


@dataclass(frozen=True)
class Broadcast:
    """A use case that sends a change to every connection whose filter matches it.

    ``FanOut`` calls it for few recipients and cuts many into shards. On one machine,
    ``LocalBroadcast`` plays this part.
    """

    connections: Connections
    poster: Poster
    clock: Clock
    recorder: Recorder

    def broadcast(self, change: Change, deadline_s: float | None = None) -> dict[str, int]:
        """Send the change, and delete connections that are gone.

        All recipients are read before the first frame is sent. A connection that may still be
        in its handshake is not deleted: it is saved before its socket opens, and looks gone
        until then. ``deadline_s`` is that of ``Poster.post``.

        Returns:
            ``{attempted, delivered, gone, throttled, failed, ms}``.

        Raises:
            Unavailable: no recipient was reached, or the recipients cannot be read; repeat the
                whole broadcast.
        """
        started_s = time.perf_counter()
        return self.send_to(self.recipients_of(change), change, deadline_s, started_s=started_s)

    def recipients_of(self, change: Change) -> Sequence[Connection]:
        """Return every connection whose filter matches the change, each once.

        Raises:
            Unavailable: the connections cannot all be read.
        """
        states = facets_of(change)
        matching = {
            connection.connection_id: connection
            for page in self.connections.pages()
            for connection in page
            if any(map(connection.filter.accepts, states))
        }
        return list(matching.values())

    def send_to(
        self,
        recipients: Sequence[Connection],
        change: Change,
        deadline_s: float | None,
        *,
        started_s: float,
    ) -> dict[str, int]:
        """Send the change to the recipients, with the result and errors of ``broadcast``.

        ``started_s`` is a time of ``perf_counter``, from which ``ms`` counts.
        """
        private, public = split_by_privacy(recipients)
        try:
            result = send(self.poster, change, private, public, deadline_s)
        except Unavailable:
            all_failed = SendResult(failed=(*private, *public))
            self._record(change, outcome_counts(all_failed, started_s))
            raise
        delete_gone(
            self.connections, result.gone, keep=maybe_connecting(recipients, self.clock.now())
        )
        return self._record(change, outcome_counts(result, started_s))

    def _record(self, change: Change, counts: dict[str, int]) -> dict[str, int]:
        log.info("broadcast", extra={**change.log_fields(), **counts})
        self.recorder.record(Delivery.of(change, "broadcast", self.clock.now(), counts))
        return counts


def split_by_privacy(recipients: Sequence[Connection]) -> tuple[list[str], list[str]]:
    """Return the ids of the recipients that can see personal names, and those of the others."""
    private: list[str] = []
    public: list[str] = []
    for recipient in recipients:
        (private if recipient.private else public).append(recipient.connection_id)
    return private, public


def send(
    poster: Poster,
    change: Change,
    private: Sequence[str],
    public: Sequence[str],
    deadline_s: float | None,
) -> SendResult:
    """Send the change, encoded once with personal names and once without.

    Raises:
        Unavailable: no recipient was reached.
    """
    result = SendResult()
    for with_names, connection_ids in ((True, private), (False, public)):
        if connection_ids:
            frame = wire.incident_update(change, private=with_names)
            result += poster.post(connection_ids, frame, deadline_s=deadline_s)
    return result


def outcome_counts(result: SendResult, started_s: float) -> dict[str, int]:
    """Return ``{attempted, delivered, gone, throttled, failed, ms}``.

    ``ms`` counts from ``started_s``, a time of ``perf_counter``.
    """
    counts = {
        "delivered": result.delivered,
        "gone": len(result.gone),
        "throttled": len(result.throttled),
        "failed": len(result.failed),
    }
    ms = round((time.perf_counter() - started_s) * 1000)
    return {"attempted": sum(counts.values()), **counts, "ms": ms}


def maybe_connecting(connections: Iterable[Connection], now: datetime) -> frozenset[str]:
    """Return the ids of connections that may still be in their handshake and so look gone."""
    opened_before = now - HANDSHAKE_MAX
    return frozenset(one.connection_id for one in connections if one.connected_at >= opened_before)


def delete_gone(connections: Connections, gone: Iterable[str], *, keep: Container[str]) -> None:
    """Delete connections that are gone, except those in ``keep``; best effort."""
    for connection_id in gone:
        if connection_id in keep:
            continue
        try:
            connections.delete(connection_id)
        except Unavailable:
            # The next broadcast finds them gone again, or they expire.
            log.exception("not_forgotten")
            return
