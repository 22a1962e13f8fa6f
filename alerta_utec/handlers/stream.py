"""The handlers of the feed's stream (DynamoDB Streams on ``Changes``)."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
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
    """Passes the changes of a batch to ``consume`` together, up to the first that is unreadable.

    ``decode`` turns a stream record's new image into the change. ``consume`` also gets the
    deadline (of ``time.monotonic``; ``None``: no limit) after which it must begin nothing more.
    An unreadable record is retried with all after it, by Lambda's ``ReportBatchItemFailures``.

    If ``consume`` fails, or the first record is unreadable, the invocation fails: Lambda then
    halves the batch, until a bad record is alone and no other is dropped with it.
    """

    decode: "Callable[[Mapping[str, Any]], Change]"
    consume: "Callable[[Sequence[Change], float | None], object]"
    monotonic: Callable[[], float] = time.monotonic

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch.

        Raises:
            Exception: the failure of ``consume``, or of decoding the first record.
        """
        deadline_s = deadline_of(context, self.monotonic)
        changes: list[Change] = []
        failures = []
        for record in event["Records"]:
            stream = record["dynamodb"]
            try:
                changes.append(self.decode(stream["NewImage"]))
            except Exception:
                log.exception("record_failed", extra={"keys": stream.get("Keys")})
                if not changes:
                    raise
                failures.append({"itemIdentifier": stream["SequenceNumber"]})
                break
        try:
            self.consume(changes, deadline_s)
        except Exception:
            for change in changes:
                log.exception("record_failed", extra=change.log_fields())
            raise
        return {"batchItemFailures": failures}


class RecordsHandler(Protocol):
    """The handler of a stream or of a queue."""

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle one batch."""
        ...


@dataclass(frozen=True)
class WithoutCopies:
    """A stream's handler that gets no changes which a restore has copied: they are no news.

    ``is_copy`` tells them by the new image of their records.
    """

    is_copy: Callable[[Mapping[str, Any]], bool]
    handler: RecordsHandler

    def handle(self, event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
        """Handle the rest of one batch.

        Raises:
            Exception: as ``handler``.
        """
        records = event["Records"]
        news = [record for record in records if not self.is_copy(record["dynamodb"]["NewImage"])]
        if len(news) < len(records):
            log.info("copies_skipped", extra={"count": len(records) - len(news)})
        if not news:
            return {"batchItemFailures": []}
        return self.handler.handle({**event, "Records": news}, context)


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
