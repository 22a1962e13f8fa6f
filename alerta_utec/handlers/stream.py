"""The consumers of the feed's stream (DynamoDB Streams on ``Changes``)."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from alerta_utec.domain.change import Change

log = logging.getLogger(__name__)

# What a record that has begun may still take when the deadline passes: the posts and second
# looks on their way, the record of the delivery, rows to delete. An e-mail takes no longer.
RESERVE_S = 30.0


class LambdaContext(Protocol):
    """What is used of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is killed."""
        ...


@dataclass(frozen=True)
class StreamConsumer:
    """Hands each change of a batch to ``consume``, in order, up to the first that fails.

    ``decode`` turns a stream record's new image into the change; ``consume`` also gets the
    deadline (of ``time.monotonic``; none where there is no end) after which it begins nothing
    more. The response is Lambda's ``ReportBatchItemFailures``: the record that failed, or that
    there was no time to begin, and all after it come again.

    Where the first record fails, the whole batch does: Lambda then halves it, until the bad
    record is alone and takes no other along when it is given up.
    """

    decode: Callable[[Mapping[str, Any]], Change]
    consume: Callable[[Change, float | None], object]
    monotonic: Callable[[], float] = time.monotonic

    def __call__(
        self, event: Mapping[str, Any], context: LambdaContext | None = None
    ) -> dict[str, Any]:
        """Handle one batch.

        Raises:
            Exception: whatever its first record failed with.
        """
        deadline_s = deadline_of(context, self.monotonic)
        for number, record in enumerate(event["Records"]):
            stream = record["dynamodb"]
            if number and deadline_s is not None and self.monotonic() >= deadline_s:
                log.warning("out_of_time", extra={"done": number, "of": len(event["Records"])})
                return _failed(stream)
            try:
                self.consume(self.decode(stream["NewImage"]), deadline_s)
            except Exception:
                log.exception("record_failed", extra={"keys": stream.get("Keys")})
                if number == 0:
                    raise
                return _failed(stream)
        return {"batchItemFailures": []}


@dataclass(frozen=True)
class StreamOrSchedule:
    """One function behind a stream and a schedule, which share what it has loaded."""

    stream: StreamConsumer
    scheduled: Callable[[], object]

    def __call__(
        self, event: Mapping[str, Any], context: LambdaContext | None = None
    ) -> dict[str, Any] | None:
        """Handle one batch of the stream, or a call of the schedule.

        Raises:
            Exception: as ``stream`` or ``scheduled``.
        """
        if "Records" in event:
            return self.stream(event, context)
        self.scheduled()
        return None


def deadline_of(context: LambdaContext | None, monotonic: Callable[[], float]) -> float | None:
    """When nothing more is to be begun, by ``monotonic``; none where the caller sets no end."""
    if context is None:
        return None
    return monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_S


def _failed(stream: Mapping[str, Any]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": stream["SequenceNumber"]}]}
