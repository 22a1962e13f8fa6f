"""The handler of the feed's stream that passes the changes on through queues, and their readers."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.domain.errors import AlertaError
from alerta_utec.domain.position import ChangeHeader, Position
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.ports.relay import RelayQueue

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Relay:
    """Puts each change of a batch on the queue of every consumer that wants it.

    ``decode`` turns a stream record's new image into the header. The stream has two readers at
    most, the broadcast and this one, however many consumers there are. A batch that fails is
    repeated as a whole, which the queues recognise.
    """

    decode: Callable[[Mapping[str, Any]], ChangeHeader]
    queues: Sequence[RelayQueue]

    def handle(self, event: LambdaEvent, _context: object = None) -> LambdaResponse:
        """Handle one batch.

        Raises:
            AlertaError: a queue did not take all changes; the others have them.
            KeyError, ValueError: a record is malformed.
        """
        headers = [self.decode(record["dynamodb"]["NewImage"]) for record in event["Records"]]
        failures = [error for queue in self.queues if (error := _put(queue, headers))]
        if failures:
            raise failures[0]
        return {"batchItemFailures": []}


@dataclass(frozen=True)
class RelayedChanges:
    """The consumer of a queue's messages, which name changes by their positions.

    ``read`` returns the change, ``None`` if a restore has removed or replaced it.
    """

    read: "Callable[[Position], Change | None]"
    consumer: "Callable[[Change], object]"

    def consume(self, position: Position, _deadline_s: float | None) -> None:
        """Pass the change on; one that is gone is passed over.

        Raises:
            Exception: that of ``read`` or of ``consumer``; consume it again.
        """
        change = self.read(position)
        if change is None:
            log.warning("change_is_gone", extra={"position": str(position)})
            return
        try:
            self.consumer(change)
        except Exception as error:
            fields = {**change.log_fields(), "error": type(error).__name__}
            log.warning("change_not_consumed", extra=fields)
            raise


def _put(queue: RelayQueue, headers: Sequence[ChangeHeader]) -> AlertaError | None:
    """Queue the changes; return the failure, so that one queue's holds up no other."""
    try:
        queue.put(headers)
    except AlertaError as error:
        log.exception("not_relayed", extra={"position": str(headers[0].position)})
        return error
    return None
