"""The consumers of the feed's stream (DynamoDB Streams on ``Changes``)."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerta_utec.domain.change import Change

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamConsumer:
    """Hands each change of a batch to ``consume``, in order, up to the first that fails.

    ``decode`` turns a stream record's new image into the change. The response is Lambda's
    ``ReportBatchItemFailures``: the failed record and all after it come again.
    """

    decode: Callable[[Mapping[str, Any]], Change]
    consume: Callable[[Change], object]

    def __call__(self, event: Mapping[str, Any], _context: object = None) -> dict[str, Any]:
        """Handle one batch."""
        for record in event["Records"]:
            stream = record["dynamodb"]
            try:
                self.consume(self.decode(stream["NewImage"]))
            except Exception:
                log.exception("record_failed", extra={"keys": stream.get("Keys")})
                return {"batchItemFailures": [{"itemIdentifier": stream["SequenceNumber"]}]}
        return {"batchItemFailures": []}
