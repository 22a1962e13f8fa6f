"""The record of what was sent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alerta_utec.domain.delivery import Delivery


class Deliveries(Protocol):
    """The record of what was sent, by incident."""

    def record(self, deliveries: "Sequence[Delivery]") -> None:
        """Store the deliveries; one replaces an earlier one of its incident, revision and channel.

        Raises:
            Unavailable: some may not be stored.
        """
        ...

    def for_incident(
        self, incident_id: str, revisions: range | None = None
    ) -> "Sequence[Delivery]":
        """Return the record of an incident, by revision and then channel; may be empty.

        Only that of ``revisions``, which follow each other, if they are given.

        May miss what was recorded in the last moments.

        Raises:
            Unavailable.
        """
        ...


class ShardRecords(Protocol):
    """The record of what was sent, shard by shard; ``Deliveries`` returns their sum."""

    def record_parts(self, run: str, number: int, parts: "Sequence[Delivery]") -> None:
        """Store the outcome of part ``number`` of the broadcast ``run``, for each of its changes.

        The part is a shard, or the plan (``PLAN``), or what was queued again (``AGAIN``). A later
        record of the same number replaces the first, so that a shard that is sent twice counts
        once. If a revision has several runs, the last by name is its record.

        Raises:
            Unavailable: some may not be stored.
        """
        ...


class BroadcastRecords(Deliveries, ShardRecords, Protocol):
    """The record of broadcasts, of which some are sent whole and some in shards."""
