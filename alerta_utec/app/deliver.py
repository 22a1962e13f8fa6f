"""Telling everyone of a committed change: broadcast to sockets, and e-mail."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
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
        started_s = time.perf_counter()
        return self.tell(self.concerned(change), change, deadline_s, started_s=started_s)

    def concerned(self, change: Change) -> Sequence[Connection]:
        """Every connection whose filter the change concerns, each once.

        Raises:
            Unavailable: they cannot all be read.
        """
        concerned = {
            connection.connection_id: connection
            for page in self.connections.pages()
            for connection in page
            if connection.filter.concerns(change)
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
        by_id = {listener.connection_id: listener for listener in listeners}
        forget(self.connections, self.clock, [by_id[name] for name in posted.gone])
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
        may = listener.person.may(Action.SEE_PEOPLE)
        (private if may else public).append(listener.connection_id)
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


def forget(connections: Connections, clock: Clock, gone: Iterable[Connection]) -> None:
    """Delete who is gone, but for those who may still be in their handshake."""
    opened_before = clock.now() - HANDSHAKE_MAX
    for connection in gone:
        if connection.connected_at >= opened_before:
            continue
        try:
            connections.delete(connection.connection_id)
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
