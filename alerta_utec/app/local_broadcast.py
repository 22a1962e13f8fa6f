"""Broadcasting committed changes on one machine, where this process holds the sockets.

``BroadcastCoalescer`` calls it with the changes that leave together. On AWS, ``Broadcast`` and
``FanOut`` play this part.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerta_utec.app.broadcast import outcome_counts
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.ports.broadcast import LocalSubscribers
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LocalBroadcast:
    """A use case that sends changes to every matching subscriber and records the outcomes."""

    subscribers: LocalSubscribers
    clock: Clock
    recorder: Recorder

    def broadcast(self, changes: Sequence[Change]) -> Sequence[Mapping[str, int]]:
        """Send the changes in their order.

        Returns:
            For each change: ``{attempted, delivered, gone, throttled, failed, ms}``.

        Raises:
            Unavailable: no subscriber received any of the changes.
        """
        started_s = time.perf_counter()
        results = self.subscribers.broadcast(changes)
        # The changes of one broadcast usually share one result: count each result once.
        counts_of = {result: outcome_counts(result, started_s) for result in set(results)}
        outcomes = [counts_of[result] for result in results]
        _log(changes, outcomes)
        now = self.clock.now()
        sent = zip(changes, outcomes, strict=True)
        self.recorder.record(
            *(Delivery.of(change, "broadcast", now, counts) for change, counts in sent)
        )
        return outcomes


def _log(changes: Sequence[Change], outcomes: Sequence[Mapping[str, int]]) -> None:
    """Log one event for all the changes: the last position, and the sums of the counts."""
    if changes:
        sums = {name: sum(counts[name] for counts in outcomes) for name in outcomes[0]}
        sums["ms"] = max(counts["ms"] for counts in outcomes)
        position = str(changes[-1].position)
        log.info("broadcast", extra={"position": position, "changes": len(changes), **sums})
