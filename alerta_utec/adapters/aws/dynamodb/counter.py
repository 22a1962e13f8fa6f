"""The counter of the feed: the position of the last change, and the lease to combine commits."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import (
    Item,
    epoch_us,
    moment_of,
    number,
    number_of,
    text,
)
from alerta_utec.adapters.aws.dynamodb.calls import condition_held
from alerta_utec.adapters.aws.dynamodb.table_names import FEED
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COUNTER_KEY: Item = {"feed": text(f"{FEED}#counter"), "seq": number(0)}
# While the counter has this attribute, a restore replaces what is stored.
CLOSED = "closedFor"
# The holder does not extend it: if it dies, submissions that wait lose no more than this.
LEASE = timedelta(seconds=1)
# For so long after a lease, submissions go to the inbox at once: transactions of single changes
# would keep the counter busy, and those that wait could not take the lease.
RUSH = timedelta(seconds=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter as it was read.

    The lease only saves conflicts: a transaction requires the position and never the lease, so
    clocks that differ cost time, and no change.
    """

    position: Position
    lease_until: datetime = _NEVER

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Counter":
        """Read the counter's item.

        Raises:
            Unavailable: a restore has closed the feed.
        """
        if CLOSED in item:
            raise Unavailable("a restore has closed the feed")
        until = moment_of(item, "leaseUntilUs") if "leaseUntilUs" in item else _NEVER
        return cls(Position(item["epoch"]["S"], number_of(item, "last")), until)

    def is_leased(self, now: datetime) -> bool:
        """Tell whether a submission has the lease."""
        return self.is_in_rush(now) and now < self.lease_until

    def is_in_rush(self, now: datetime) -> bool:
        """Tell whether a submission has the lease, or had it just now.

        A lease far ahead is of a wrong clock.
        """
        return now - RUSH < self.lease_until < now + 2 * LEASE


@dataclass(frozen=True)
class CounterItem:
    """The counter's item, for writing."""

    client: "DynamoDBClient"
    table: str

    def acquire_lease(self, now: datetime) -> bool:
        """Take the lease until ``now + LEASE``; return False if another submission has it.

        An error counts as False, too: a transaction in flight refuses other writes of the item.
        """
        with suppress(Unavailable):
            return condition_held(
                self.client,
                "UpdateItem",
                lambda: self.client.update_item(
                    TableName=self.table,
                    Key=COUNTER_KEY,
                    UpdateExpression="SET leaseUntilUs = :until",
                    ConditionExpression=(
                        "attribute_exists(epoch) AND (attribute_not_exists(leaseUntilUs)"
                        " OR NOT leaseUntilUs BETWEEN :now AND :far)"
                    ),
                    ExpressionAttributeValues={
                        ":until": number(epoch_us(now + LEASE)),
                        ":now": number(epoch_us(now)),
                        ":far": number(epoch_us(now + 2 * LEASE)),
                    },
                ),
            )
        return False

    def advance(self, last: Position, count: int, *, lease_end: datetime | None = None) -> Any:
        """Return the action that moves the counter by ``count``, if it is still at ``last``.

        With ``lease_end`` it also ends the lease, then.
        """
        update = "SET #last = :next"
        values = {
            ":next": number(last.seq + count),
            ":last": number(last.seq),
            ":epoch": text(last.epoch),
        }
        if lease_end is not None:
            update += ", leaseUntilUs = :end"
            values[":end"] = number(epoch_us(lease_end))
        return {
            "Update": {
                "TableName": self.table,
                "Key": COUNTER_KEY,
                "UpdateExpression": update,
                "ConditionExpression": "#last = :last AND epoch = :epoch",
                "ExpressionAttributeNames": {"#last": "last"},
                "ExpressionAttributeValues": values,
            }
        }
