"""Probes in the stream of changes, by which a deployment sees that the stream is read."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.stream import LambdaContext, RecordsHandler

log = logging.getLogger(__name__)

# The feed of the probes for one reader is named after the reader's function.
PROBE_FEED = "probe#"


@dataclass(frozen=True)
class ProbedStream:
    """A handler of the stream that answers probes; it passes every other record on.

    ``answer`` gets the feed and the ``seq`` of a probe. A failure to answer is logged only: a
    probe never delays a change.
    """

    records: RecordsHandler
    answer: Callable[[str, int], None]

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch."""
        changes = []
        for record in event["Records"]:
            # A malformed record is the handler's to report.
            keys = record["dynamodb"].get("Keys", {})
            feed = str(keys.get("feed", {}).get("S", ""))
            if feed.startswith(PROBE_FEED):
                self._answer(feed, int(keys["seq"]["N"]))
            else:
                changes.append(record)
        if not changes:
            return {"batchItemFailures": []}
        return self.records.handle({**event, "Records": changes}, context)

    def _answer(self, feed: str, seq: int) -> None:
        try:
            self.answer(feed, seq)
        except Exception:
            log.exception("probe_not_answered", extra={"feed": feed})
