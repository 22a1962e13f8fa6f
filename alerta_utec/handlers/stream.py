"""The handlers of the feed's stream (DynamoDB Streams on ``Changes``)."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

log = logging.getLogger(__name__)

# How long a record may still take that began before the deadline: posts in progress and their
# checks, the record of the delivery, rows to delete. An e-mail takes no longer.
RESERVE_S = 30.0


class LambdaContext(Protocol):
    """The part of Lambda's context that handlers use."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the invocation."""
        ...


@dataclass(frozen=True)
class StreamConsumer:
    """Passes each change of a batch to ``consume``, in order, up to the first failure.

    ``decode`` turns a stream record's new image into the change. ``consume`` also gets the
    deadline (of ``time.monotonic``; ``None``: no limit) after which it must begin nothing more.
    The response is Lambda's ``ReportBatchItemFailures``: the first record that failed, or that
    there was no time to begin, is retried with all after it.

    If the first record fails, the invocation fails: Lambda then halves the batch, until the bad
    record is alone and no other is dropped with it.
    """

    decode: "Callable[[Mapping[str, Any]], Change]"
    consume: "Callable[[Change, float | None], object]"
    monotonic: Callable[[], float] = time.monotonic

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch.

        Raises:
            Exception: the failure of the first record.
        """
        deadline_s = deadline_of(context, self.monotonic)
        for number, record in enumerate(event["Records"]):
            stream = record["dynamodb"]
            if number and deadline_s is not None and self.monotonic() >= deadline_s:
                log.warning("out_of_time", extra={"done": number, "of": len(event["Records"])})
                return _failed(stream)
            fields = {"keys": stream.get("Keys")}
            try:
                change = self.decode(stream["NewImage"])
                fields |= change.log_fields()
                self.consume(change, deadline_s)
            except Exception:
                log.exception("record_failed", extra=fields)
                if number == 0:
                    raise
                return _failed(stream)
        return {"batchItemFailures": []}


class RecordsHandler(Protocol):
    """The handler of a stream or of a queue."""

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch."""
        ...


@dataclass(frozen=True)
class RecordsOrSchedule:
    """One function behind a stream or queue, and a schedule, which share its process."""

    records: RecordsHandler
    scheduled: Callable[[], object]

    def handle(
        self, event: LambdaEvent, context: LambdaContext | None = None
    ) -> LambdaResponse | None:
        """Handle one batch of records, or one run of the schedule.

        Raises:
            Exception: as ``records`` or ``scheduled``.
        """
        if "Records" in event:
            return self.records.handle(event, context)
        self.scheduled()
        return None


def deadline_of(
    context: LambdaContext | None, monotonic: Callable[[], float], reserve_s: float = RESERVE_S
) -> float | None:
    """Return the deadline of an invocation, by ``monotonic``; ``None`` without a context."""
    if context is None:
        return None
    return monotonic() + context.get_remaining_time_in_millis() / 1000 - reserve_s


def _failed(stream: Mapping[str, Any]) -> LambdaResponse:
    return {"batchItemFailures": [{"itemIdentifier": stream["SequenceNumber"]}]}
