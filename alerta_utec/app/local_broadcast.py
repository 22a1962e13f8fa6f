"""Telling everyone of committed changes where this process holds the sockets."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerta_utec.app.broadcast import counted
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.ports import Clock, Listeners

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Announce:
    """Sends changes to every listener whom they concern, and records what became of them."""

    listeners: Listeners
    clock: Clock
    record: Recorder

    def __call__(self, changes: Sequence[Change]) -> Sequence[Mapping[str, int]]:
        """Send them, in their order.

        Returns:
            For each: ``{attempted, delivered, gone, throttled, failed, ms}``.

        Raises:
            Unavailable: nobody was told.
        """
        started_s = time.perf_counter()
        posted = self.listeners.tell(changes)
        # Most often it is the same for all of them.
        by_posted = {one: counted(one, started_s) for one in set(posted)}
        outcomes = [by_posted[one] for one in posted]
        _log(changes, outcomes)
        now = self.clock.now()
        told = zip(changes, outcomes, strict=True)
        self.record(*(Delivery.of(change, "broadcast", now, counts) for change, counts in told))
        return outcomes


def _log(changes: Sequence[Change], outcomes: Sequence[Mapping[str, int]]) -> None:
    """One event for all that left together: the last position, and the sums."""
    if changes:
        sums = {name: sum(counts[name] for counts in outcomes) for name in outcomes[0]}
        sums["ms"] = max(counts["ms"] for counts in outcomes)
        position = str(changes[-1].position)
        log.info("broadcast", extra={"position": position, "changes": len(changes), **sums})
