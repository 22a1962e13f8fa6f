"""The handler of queues (SQS)."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.stream import LambdaContext, deadline_of

log = logging.getLogger(__name__)

Task = TypeVar("Task")


@dataclass(frozen=True)
class QueueConsumer(Generic[Task]):
    """Passes the task in each message of a batch to ``consume``, also after others have failed.

    ``decode`` turns a message's body into the task; ``consume`` also gets the deadline, as with
    ``StreamConsumer``. The response is Lambda's ``ReportBatchItemFailures``: messages that
    failed, or that there was no time to begin, are received again after their visibility timeout.
    """

    decode: Callable[[str], Task]
    consume: Callable[[Task, float | None], object]
    monotonic: Callable[[], float] = time.monotonic

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch."""
        deadline_s = deadline_of(context, self.monotonic)
        failed = [
            record["messageId"]
            for number, record in enumerate(event["Records"])
            if not self._consumed(number, record, deadline_s)
        ]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _consumed(self, number: int, record: Mapping[str, Any], deadline_s: float | None) -> bool:
        if number and deadline_s is not None and self.monotonic() >= deadline_s:
            log.warning("out_of_time", extra={"message_id": record["messageId"]})
            return False
        try:
            self.consume(self.decode(record["body"]), deadline_s)
        except Exception:
            log.exception("message_failed", extra={"message_id": record["messageId"]})
            return False
        return True
