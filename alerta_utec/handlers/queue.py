"""The handler of queues (SQS)."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Generic, Protocol, TypeVar

from alerta_utec.domain.backoff import delay_s
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.stream import RESERVE_S, LambdaContext, deadline_of

log = logging.getLogger(__name__)

# A message that failed is received again after 1 s, then doubled up to this: 50 times in 6 h.
LONGEST_DELAY_S = 512.0

Task = TypeVar("Task")


class Redelivery(Protocol):
    """The time at which received messages are received again, if they are not done."""

    def postpone(self, delays_s: Mapping[str, int]) -> None:
        """Hide each message, by its receipt, for so many seconds from now (0 to 12 h).

        Best effort: otherwise it is received after its queue's own timeout.
        """
        ...


@dataclass(frozen=True)
class QueueConsumer(Generic[Task]):
    """Passes the task in each message of a batch to ``consume``, also after others have failed.

    ``decode`` turns a message's body into the task; ``consume`` also gets the deadline, as with
    ``StreamConsumer``, and returns after how many seconds the same message is to be received
    again, ``None`` if it is done. The response is Lambda's ``ReportBatchItemFailures``: messages
    that failed, that are to come again, or that there was no time to begin, stay in the queue.

    ``redelivery``: when these messages are received again; without it, after the queue's
    visibility timeout. ``reserve_s``: how long a task may take that began before the deadline.
    """

    decode: Callable[[str], Task]
    consume: Callable[[Task, float | None], float | None]
    redelivery: Redelivery | None = None
    reserve_s: float = RESERVE_S
    monotonic: Callable[[], float] = time.monotonic

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch."""
        deadline_s = deadline_of(context, self.monotonic, self.reserve_s)
        left: list[str] = []
        delays_s: dict[str, int] = {}
        for number, record in enumerate(event["Records"]):
            again_s = self._consume(number, record, deadline_s)
            if again_s is not None:
                left.append(record["messageId"])
                delays_s[record["receiptHandle"]] = again_s
        if left and self.redelivery is not None:
            self.redelivery.postpone(delays_s)
        return {"batchItemFailures": [{"itemIdentifier": name} for name in left]}

    def _consume(
        self, number: int, record: Mapping[str, Any], deadline_s: float | None
    ) -> int | None:
        """Return after how many seconds the message is to be received again."""
        if number and deadline_s is not None and self.monotonic() >= deadline_s:
            log.warning("out_of_time", extra={"message_id": record["messageId"]})
            return 0
        try:
            again_s = self.consume(self.decode(record["body"]), deadline_s)
        except Exception:
            log.exception("message_failed", extra={"message_id": record["messageId"]})
            earlier = int(record["attributes"]["ApproximateReceiveCount"]) - 1
            again_s = delay_s(earlier, base_s=1.0, cap_s=LONGEST_DELAY_S)
        return None if again_s is None else ceil(again_s)
