"""The heartbeat on AWS: the feed's position, sent to every client that has a subprotocol."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerta_utec import wire
from alerta_utec.app.broadcast import delete_gone, maybe_connecting
from alerta_utec.app.shards import BY_DEFAULT, Division, undivided
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard
from alerta_utec.ports.broadcast import Poster, ShardQueue
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection, Connections
from alerta_utec.ports.metrics import BEATS, CHANNEL, MS, Metrics

log = logging.getLogger(__name__)

# A broadcast to 100,000 clients takes some 10 s. The position of a change that is still on its way
# would make them all ask for it at once.
POSITION_AGE = timedelta(seconds=30)
# After this a heartbeat is of no use: the clients have sent a ping by themselves.
USEFUL = timedelta(minutes=1)


class PastPositions(Protocol):
    """The feed's positions in the past."""

    def position_before(self, moment: datetime) -> Position:
        """Return the position of the last change before ``moment``, or an older one.

        Raises:
            Unavailable.
        """
        ...


@dataclass(frozen=True)
class SendHeartbeat:
    """A use case that sends the heartbeat to the connections of one shard."""

    connections: Connections
    poster: Poster
    metrics: Metrics
    clock: Clock

    def send(self, shard: Shard, deadline_s: float | None = None) -> None:
        """Send the shard's position, delete connections that are gone, and count the heartbeat.

        A shard that is late or that reaches no client is dropped and not counted: the next
        heartbeat comes soon, and clients notice that this one is missing.
        """
        if self.clock.now() - shard.begun_at > USEFUL:
            log.warning("heartbeat_too_late", extra={"position": str(shard.positions[0])})
            return
        pages = self.connections.pages(shard.number, shard.of)
        self.send_to(shard, [one for page in pages for one in page], deadline_s)

    def send_to(
        self, shard: Shard, connections: Sequence[Connection], deadline_s: float | None
    ) -> None:
        """Send the position to those of the connections that have a subprotocol."""
        subscribed = [one for one in connections if one.subprotocol is not None]
        try:
            if subscribed:
                self._post(shard, subscribed, deadline_s)
        except Unavailable:
            log.exception("heartbeat_not_sent", extra={"position": str(shard.positions[0])})
            return
        if shard.number == 1:
            self.metrics.record({BEATS: 1})

    def _post(
        self, shard: Shard, connections: Sequence[Connection], deadline_s: float | None
    ) -> None:
        ids = [one.connection_id for one in connections]
        result = self.poster.post(ids, wire.position(shard.positions[0]), deadline_s=deadline_s)
        keep = maybe_connecting(connections, shard.begun_at)
        delete_gone(self.connections, result.gone, keep=keep)
        ms = (self.clock.now() - shard.begun_at) // timedelta(milliseconds=1)
        fields = {"shard": shard.number, "of": shard.of, "delivered": result.delivered}
        fields |= {"gone": len(result.gone), "throttled": len(result.throttled)}
        self.metrics.record({MS: ms}, {CHANNEL: "heartbeat"}, {"message": "heartbeat", **fields})


@dataclass(frozen=True)
class Heartbeat:
    """A use case that sends the heartbeat to all clients, as a broadcast is sent.

    To few directly and to many in shards through the queue: so that it measures each time how
    long a broadcast takes to the last client, and keeps its functions loaded.
    """

    feed: PastPositions
    queue: ShardQueue
    direct: SendHeartbeat
    division: Division = BY_DEFAULT

    def send(self, deadline_s: float | None = None) -> None:
        """Send the position of half a minute ago to every client that has a subprotocol.

        It is no change: it takes no ``seq`` and leaves no delivery record.

        Raises:
            Unavailable: the position or the connections cannot be read, or some shards may not
                be queued.
        """
        begun_at, stored = self.direct.clock.now(), self.direct.connections
        position = self.feed.position_before(begun_at - POSITION_AGE)
        few = self.division.few(stored)
        if few is not None:
            shard = undivided([position], begun_at, heartbeat=True)
            self.direct.send_to(shard, few, deadline_s)
            return
        count = self.division.count(stored)
        self.queue.put(self.division.shards([position], begun_at, count, heartbeat=True))
