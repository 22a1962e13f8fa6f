"""Telling everyone of a committed change: broadcast to sockets, and e-mail."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec import wire
from alerta_utec.app.email import compose
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import AlertaError, Unavailable
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.policy import Action
from alerta_utec.ports import Clock, Connection, Connections, Mailer, Posted, Poster

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
        started = time.perf_counter()
        concerned = {
            connection.connection_id: connection
            for page in self.connections.pages()
            for connection in page
            if connection.filter.concerns(change)
        }
        try:
            posted = self._post(list(concerned.values()), change, deadline_s)
        except Unavailable:
            self._record(change, Posted(failed=tuple(concerned)), started)
            raise
        self._forget([concerned[name] for name in posted.gone])
        return self._record(change, posted, started)

    def _post(
        self, listeners: Sequence[Connection], change: Change, deadline_s: float | None
    ) -> Posted:
        """Encode once for each audience: those who may see people's names, and the others."""
        posted = Posted()
        for private in (True, False):
            audience = [
                listener.connection_id
                for listener in listeners
                if listener.person.may(Action.SEE_PEOPLE) is private
            ]
            if audience:
                frame = wire.incident_update(change, private=private)
                posted += self.poster.post(audience, frame, deadline_s=deadline_s)
        return posted

    def _record(self, change: Change, posted: Posted, started: float) -> dict[str, int]:
        counts = {
            "delivered": posted.delivered,
            "gone": len(posted.gone),
            "throttled": len(posted.throttled),
            "failed": len(posted.failed),
        }
        counts = {"attempted": sum(counts.values()), **counts}
        counts["ms"] = round((time.perf_counter() - started) * 1000)
        log.info("broadcast", extra={"position": str(change.position), **counts})
        self.record(Delivery.of(change, "broadcast", self.clock.now(), counts))
        return counts

    def _forget(self, gone: Sequence[Connection]) -> None:
        opened_before = self.clock.now() - HANDSHAKE_MAX
        for connection in gone:
            if connection.connected_at >= opened_before:
                continue
            try:
                self.connections.delete(connection.connection_id)
            except Unavailable:
                # The next broadcast finds it gone too, or it expires.
                log.exception("not_forgotten")
                return


@dataclass(frozen=True)
class Alarm:
    """Sends the e-mail of a change, where it calls for one."""

    mailer: Mailer
    timezone: ZoneInfo
    clock: Clock
    record: Recorder
    lang: Lang = DEFAULT_LANG

    def __call__(self, change: Change) -> bool:
        """Send it, and record whether it was sent.

        Returns:
            False where the change calls for no e-mail.

        Raises:
            Unavailable: not sent, or not known; repeat it.
            Internal: not sent, and somebody has to see to it.
        """
        if not change.alarms():
            return False
        try:
            self.mailer.send(compose(change, self.timezone, self.lang))
        except AlertaError as error:
            self._record(change, {"result": "failed", "because": str(error)})
            raise
        log.info("email_sent", extra={"position": str(change.position)})
        self._record(change, {"result": "sent"})
        return True

    def _record(self, change: Change, outcome: Mapping[str, Any]) -> None:
        self.record(Delivery.of(change, "email", self.clock.now(), outcome))
