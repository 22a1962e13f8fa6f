"""The thread that writes the record of what was sent, many at a time."""

import logging
import queue
import threading
from collections.abc import Sequence

from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Deliveries

log = logging.getLogger(__name__)

QUEUE_MAX = 10_000
BATCH_MAX = 500
PAUSE_S = 0.2


class DeliveryWriter:
    """``Deliveries`` that never makes the event loop wait for the disk.

    Records are written a fifth of a second later, in batches; those that wait when the process
    is killed are lost, and so are new ones while 10,000 wait (which is logged). What they tell
    of has been delivered all the same.
    """

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._queue: queue.Queue[Delivery] = queue.Queue(QUEUE_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def record(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            try:
                self._queue.put_nowait(delivery)
            except queue.Full:
                raise Unavailable("too many records are waiting to be written") from None

    def of(self, incident_id: str) -> Sequence[Delivery]:
        return self._deliveries.of(incident_id)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Write what waits, for up to ``timeout_s``."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_S):
            self._write()
        self._write()

    def _write(self) -> None:
        while batch := self._batch():
            try:
                self._deliveries.record(batch)
            except Unavailable:
                log.exception("deliveries_not_recorded", extra={"count": len(batch)})

    def _batch(self) -> list[Delivery]:
        batch: list[Delivery] = []
        while len(batch) < BATCH_MAX:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch
