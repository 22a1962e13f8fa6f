"""Fan-out on AWS: broadcasts to few connections directly, and to many in shards by a queue."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.app.send_shard import SendShard
from alerta_utec.app.shards import BY_DEFAULT, Division, undivided
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import PLAN, Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.shard import Shard

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FanOut:
    """A use case that broadcasts changes which were committed close together.

    It reads few connections itself, and ``direct`` sends to them. For more it queues shards, and
    workers read and reach the connections of a shard each.
    """

    direct: SendShard
    division: Division = BY_DEFAULT

    def broadcast(self, changes: Sequence[Change], deadline_s: float | None = None) -> None:
        """Send the changes, in the order of their ``seq``, or queue shards of them.

        Raises:
            Unavailable: no recipient was reached, the connections cannot be read, or some shards
                may not be queued; repeat the whole broadcast.
        """
        positions = [change.position for change in changes if change.position is not None]
        begun_at = self.direct.clock.now()
        few = self.division.few(self.direct.connections)
        if few is not None:
            self.direct.send_to(undivided(positions, begun_at), changes, few, deadline_s)
            return
        count = self.division.count(self.direct.connections)
        shards = self.division.shards(positions, begun_at, count)
        self.direct.queue.put(shards)
        self._record_plan(shards, changes, count, begun_at)

    def _record_plan(
        self, shards: Sequence[Shard], changes: Sequence[Change], count: int, begun_at: datetime
    ) -> None:
        now = self.direct.clock.now()
        ms = (now - begun_at) // timedelta(milliseconds=1)
        plan: Mapping[str, int] = {"attempted": count, "shards": len(shards), "ms": ms}
        for change in changes:
            log.info("fanned_out", extra={**change.log_fields(), **plan})
        deliveries = [Delivery.of(change, "broadcast", now, plan) for change in changes]
        try:
            self.direct.records.record_parts(shards[0].run, PLAN, deliveries)
        except Unavailable:
            log.exception("delivery_not_recorded", extra=changes[0].log_fields())
