"""Telling everyone of a committed change: broadcast to sockets, and e-mail."""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec import wire
from alerta_utec.app.email import compose
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock, Connection, Connections, Mailer, Poster

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

    def __call__(self, change: Change) -> dict[str, int]:
        """Send the change, and forget connections that are gone.

        A connection is kept while it may still be in its handshake: it is saved before its
        socket opens, and until then it looks gone.

        Returns:
            ``{attempted, delivered, gone, throttled, failed, ms}``.

        Raises:
            Unavailable: not everybody was told; repeat it whole.
        """
        started = time.perf_counter()
        counts: Counter[str] = Counter(attempted=0, delivered=0, gone=0, throttled=0, failed=0)
        frame = wire.incident_update(change)
        for page in self.connections.pages():
            ids = [c.connection_id for c in page if c.filter.concerns(change)]
            if not ids:
                continue
            posted = self.poster.post(ids, frame)
            counts.update(
                attempted=len(ids),
                delivered=posted.delivered,
                gone=len(posted.gone),
                throttled=len(posted.throttled),
                failed=len(posted.failed),
            )
            self._forget(page, set(posted.gone))
        counts["ms"] = round((time.perf_counter() - started) * 1000)
        log.info("broadcast", extra={"position": str(change.position), **counts})
        self.record(Delivery.of(change, "broadcast", self.clock.now(), dict(counts)))
        return dict(counts)

    def _forget(self, page: Sequence[Connection], gone: Set[str]) -> None:
        if not gone:
            return
        opened_before = self.clock.now() - HANDSHAKE_MAX
        for connection in page:
            if connection.connection_id in gone and connection.connected_at < opened_before:
                self.connections.delete(connection.connection_id)


@dataclass(frozen=True)
class Alarm:
    """Sends the e-mail of a change, where it calls for one."""

    mailer: Mailer
    timezone: ZoneInfo
    clock: Clock
    record: Recorder

    def __call__(self, change: Change) -> bool:
        """Send it, and record whether it was sent.

        Returns:
            False where the change calls for no e-mail.

        Raises:
            Unavailable: not sent, or not known; repeat it.
        """
        if not change.alarms():
            return False
        try:
            self.mailer.send(compose(change, self.timezone))
        except Unavailable as error:
            self._record(change, {"result": "failed", "because": str(error)})
            raise
        log.info("email_sent", extra={"position": str(change.position)})
        self._record(change, {"result": "sent"})
        return True

    def _record(self, change: Change, outcome: Mapping[str, Any]) -> None:
        self.record(Delivery.of(change, "email", self.clock.now(), outcome))
