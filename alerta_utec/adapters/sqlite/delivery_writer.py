"""The thread that writes the record of what was sent, many at a time."""

import logging
import threading
from collections import deque
from collections.abc import Sequence

from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Deliveries

log = logging.getLogger(__name__)

QUEUE_MAX = 10_000
BATCH_MAX = 500
PAUSE_S = 0.2
RETRY_S = 1.0


class DeliveryWriter:
    """``Deliveries`` that never makes the event loop wait for the disk.

    Records are written a fifth of a second later, in batches, and again where the store cannot
    take them; those that wait when the process is killed are lost, and so are new ones while
    10,000 wait (which is logged). What they tell of has been delivered all the same.
    """

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._waiting: deque[Delivery] = deque()
        self._unwritten: list[Delivery] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def record(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if len(self._waiting) >= QUEUE_MAX:
                raise Unavailable("too many records are waiting to be written")
            self._waiting.append(delivery)

    def for_incident(self, incident_id: str) -> Sequence[Delivery]:
        return self._deliveries.for_incident(incident_id)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Write what waits, for up to ``timeout_s``."""
        self._stopping.set()
        self._thread.join(timeout_s)

    @property
    def running(self) -> bool:
        """Whether it still writes."""
        return self._thread.is_alive()

    def _run(self) -> None:
        pause_s = PAUSE_S
        while not self._stopping.wait(pause_s):
            pause_s = PAUSE_S if self._write() else RETRY_S
        if not self._write():
            log.error("deliveries_not_recorded", extra={"count": len(self._unwritten)})

    def _write(self) -> bool:
        """Write what waits; false where the store takes it not now."""
        while batch := self._batch():
            try:
                self._deliveries.record(batch)
            except Unavailable:
                log.warning("deliveries_wait", extra={"count": len(batch)})
                return False
            self._unwritten = []
        return True

    def _batch(self) -> list[Delivery]:
        """What was not written the last time, filled up with what has come since."""
        while self._waiting and len(self._unwritten) < BATCH_MAX:
            self._unwritten.append(self._waiting.popleft())
        return self._unwritten
