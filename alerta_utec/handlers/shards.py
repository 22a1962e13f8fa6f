"""The consumer of a broadcast's shards (SQS)."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.domain.shard import Shard
from alerta_utec.handlers.stream import LambdaContext, deadline_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardConsumer:
    """Hands each shard of a batch to ``send``, whatever becomes of the others.

    ``decode`` turns a message's body into the shard; ``send`` also gets the deadline, as
    ``StreamConsumer`` has it. The response is Lambda's ``ReportBatchItemFailures``: messages that
    failed, or that there was no time to begin, come again when their visibility timeout is over.
    """

    decode: Callable[[str], Shard]
    send: Callable[[Shard, float | None], object]
    monotonic: Callable[[], float] = time.monotonic

    def __call__(
        self, event: Mapping[str, Any], context: LambdaContext | None = None
    ) -> dict[str, Any]:
        """Handle one batch."""
        deadline_s = deadline_of(context, self.monotonic)
        failed = [
            record["messageId"]
            for number, record in enumerate(event["Records"])
            if not self._sent(number, record, deadline_s)
        ]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _sent(self, number: int, record: Mapping[str, Any], deadline_s: float | None) -> bool:
        if number and deadline_s is not None and self.monotonic() >= deadline_s:
            log.warning("out_of_time", extra={"message_id": record["messageId"]})
            return False
        try:
            self.send(self.decode(record["body"]), deadline_s)
        except Exception:
            log.exception("shard_failed", extra={"message_id": record["messageId"]})
            return False
        return True
