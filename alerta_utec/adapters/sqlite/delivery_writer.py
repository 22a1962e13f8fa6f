"""A write-behind queue in front of ``Deliveries``, so that the event loop never waits for it."""

import logging
import threading
from collections import deque
from collections.abc import Sequence

from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports.deliveries import Deliveries

log = logging.getLogger(__name__)

QUEUE_MAX = 10_000
BATCH_MAX = 500
PAUSE_S = 0.2
RETRY_S = 1.0


class DeliveryWriter:
    """``Deliveries`` with a thread that writes the records in batches.

    Records are written 0.2 s later, and again after a failure of the store. A killed process
    loses the queued records; with 10,000 queued, new ones are refused with ``Unavailable``. A
    lost record concerns a delivery that was made all the same.
    """

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        # Any thread appends, only the writer removes.
        self._queue: deque[Delivery] = deque()
        # The batch that is being written, or failed and will be tried again.
        self._batch: list[Delivery] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def record(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if len(self._queue) >= QUEUE_MAX:
                raise Unavailable("too many records are waiting to be written")
            self._queue.append(delivery)

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        return self._deliveries.for_incident(incident_id, revisions)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Write the queued records and end the thread, for up to ``timeout_s``."""
        self._stopping.set()
        self._thread.join(timeout_s)

    @property
    def running(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._stopping.wait(pause_s):
            pause_s = PAUSE_S if self._write_all() else RETRY_S
        if not self._write_all():
            log.error("deliveries_not_recorded", extra={"count": len(self._batch)})

    def _write_all(self) -> bool:
        """Write all queued records; return False if the store is unavailable."""
        while batch := self._fill_batch():
            try:
                self._deliveries.record(batch)
            except Unavailable:
                log.warning("deliveries_wait", extra={"count": len(batch)})
                return False
            self._batch = []
        return True

    def _fill_batch(self) -> list[Delivery]:
        """Return the batch that failed the last time, filled up from the queue."""
        while self._queue and len(self._batch) < BATCH_MAX:
            self._batch.append(self._queue.popleft())
        return self._batch
