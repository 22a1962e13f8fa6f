"""The queue of deliveries that were given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.change import Position
    from alerta_utec.domain.delivery import Consumer
    from alerta_utec.domain.shard import Shard


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """Changes of which only their times are known, and how many there are."""

    # When the first and the last of them reached the consumer's stream, cut to seconds.
    first_at: datetime
    last_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class FailedBatch:
    """A message about changes that consumers of the feed gave up on, without their content."""

    # The queue's own id of the batch.
    handle: str
    # The consumers that did not get the changes.
    channels: "tuple[Consumer, ...]"
    # Some changes; some to a part of the connections; or one change. ``None``: a foreign message.
    content: "StreamBatch | Shard | Position | None"


class FailedBatches(Protocol):
    """A queue of failed batches; each stays in it until it is removed."""

    def take(self) -> Sequence[FailedBatch]:
        """Return some batches, and hide them from other callers for 15 minutes.

        May block for some seconds. An empty answer means that no more can be taken now.

        Raises:
            Unavailable.
        """
        ...

    def remove(self, batch: FailedBatch) -> None:
        """Remove a batch that was dealt with. Idempotent.

        Raises:
            Unavailable: it stays in the queue.
        """
        ...

    def put_back(self, batch: FailedBatch) -> None:
        """Show the batch to other callers at once.

        Raises:
            Unavailable: it shows again after 15 minutes.
        """
        ...
