"""The inbox: submissions that wait, while commits conflict, to be committed together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, epoch_us, moment_of, number, text
from alerta_utec.adapters.aws.dynamodb.calls import condition_held
from alerta_utec.adapters.aws.dynamodb.items import change_attributes, change_from_image
from alerta_utec.adapters.aws.dynamodb.table_names import FEED
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.change import Change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A call gives up after 20 s, and Lambda ends it after 29: no call waits for an older submission.
AGE_MAX = timedelta(seconds=30)
# TTL removes rows that no batch has read.
_KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Submission:
    """A change that the call ``commit_id`` submits, at ``at`` by its clock."""

    change: Change
    commit_id: str
    at: datetime

    @property
    def key(self) -> Item:
        """The key of its row in the inbox; rows sort by age."""
        return {"feed": text(FEED), "row": text(f"{epoch_us(self.at):017}#{self.commit_id}")}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the inbox; ``submission`` is ``None`` if this version cannot read it."""

    key: Item
    at: datetime
    submission: Submission | None
    size_bytes: int = 0

    def is_expired(self, now: datetime) -> bool:
        """Tell whether it must not be committed any more.

        ``at`` is by the clock of its call and ``now`` by that of another Lambda; AWS keeps them
        milliseconds apart. If ten seconds were between them, a row could go while its call
        still waits, which then reports that nothing is stored. A row of the future is of a wrong
        clock, and its age is unknown.
        """
        return abs(now - self.at) > AGE_MAX


@dataclass(frozen=True)
class Inbox:
    """The table of the submissions that wait.

    A submission leaves it by one of two ways: its call withdraws it, or the transaction of a
    batch commits it. Both require the row, so each excludes the other.
    """

    client: "DynamoDBClient"
    table: str

    def put(self, submission: Submission) -> None:
        """Store a submission; may be repeated.

        Raises:
            Unavailable: it is not stored, or the outcome is unknown.
        """
        row = submission.key | {
            "commitId": text(submission.commit_id),
            "submittedAtUs": number(epoch_us(submission.at)),
            "expiresAt": number(epoch_us(submission.at + _KEPT) // 1_000_000),
        }
        with translated("PutItem"):
            self.client.put_item(
                TableName=self.table, Item=row | change_attributes(submission.change)
            )

    def oldest(self, limit: int) -> Sequence[Row]:
        """Return up to ``limit`` rows, the oldest first (strongly consistent).

        Raises:
            Unavailable.
        """
        with translated("Query"):
            page = self.client.query(
                TableName=self.table,
                KeyConditionExpression="feed = :feed",
                ExpressionAttributeValues={":feed": text(FEED)},
                ConsistentRead=True,
                Limit=limit,
            )
        return [_row(item) for item in page["Items"]]

    def withdraw(self, submission: Submission) -> bool:
        """Remove a submission; return False if it has left the inbox.

        Raises:
            Unavailable: the outcome is unknown, or the transaction that takes it is in flight.
        """
        removal = self._removal(submission)
        return condition_held(self.client, "DeleteItem", lambda: self.client.delete_item(**removal))

    def take(self, submission: Submission) -> Any:
        """Return the action that removes a submission which is committed; it requires the row."""
        return {"Delete": self._removal(submission)}

    def drop(self, key: Item) -> Any:
        """Return the action that removes the row ``key``, if it is there, without a commit."""
        return {"Delete": {"TableName": self.table, "Key": key}}

    def _removal(self, submission: Submission) -> Any:
        return {
            "TableName": self.table,
            "Key": submission.key,
            "ConditionExpression": "attribute_exists(feed)",
        }


def _row(item: Mapping[str, Any]) -> Row:
    at = moment_of(item, "submittedAtUs")
    try:
        submission = Submission(change_from_image(item), item["commitId"]["S"], at)
    except (KeyError, ValueError):
        submission = None
    size_bytes = sum(len(value.get("S", "").encode()) for value in item.values())
    return Row({name: item[name] for name in ("feed", "row")}, at, submission, size_bytes)
