"""The gate of the feed: a restore closes it, and a new epoch begins at it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import number, text
from alerta_utec.adapters.aws.dynamodb.counter import CLOSED, COUNTER_KEY
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import Conflict, NotFound
from alerta_utec.domain.ids import new_epoch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class GateState:
    """The feed's position, and the name of the restore that has closed it, if one has."""

    position: Position
    closed_for: str | None


@dataclass(frozen=True)
class FeedGate:
    """The counter of the feed, for operators.

    A commit requires the epoch that it has read, so one that is under way when the feed closes
    or its epoch changes is not applied. Needs ``GetItem`` and ``UpdateItem``.
    """

    client: "DynamoDBClient"
    table: str

    def state(self) -> GateState | None:
        """Return the state; ``None`` if the feed has not begun.

        Raises:
            NotFound: there is no such table.
            Unavailable, Internal: as ``translated``.
        """
        with translated("GetItem"):
            try:
                item = self.client.get_item(
                    TableName=self.table, Key=COUNTER_KEY, ConsistentRead=True
                ).get("Item")
            except self.client.exceptions.ResourceNotFoundException as error:
                raise NotFound(self.table) from error
        return None if item is None else _state(item)

    def close(self, reason: str) -> None:
        """Close the feed for a restore, and give it a new epoch; repeating is harmless.

        From then on commits, positions and pages of ``sync`` are ``Unavailable``.

        Raises:
            Unavailable, Internal: as ``translated``.
        """
        self._update(
            "SET #last = if_not_exists(#last, :none), epoch = :epoch, #closed = :reason",
            {":none": number(0), ":reason": text(reason)},
            names={"#last": "last", "#closed": CLOSED},
        )

    def open(self, last: int) -> Position:
        """Open the feed with ``last`` as the ``seq`` of its last change, and a new epoch.

        Raises:
            Unavailable, Internal: as ``translated``.
        """
        return self._update(
            "SET #last = :last, epoch = :epoch REMOVE #closed",
            {":last": number(last)},
            names={"#last": "last", "#closed": CLOSED},
        )

    def begin_epoch(self) -> Position:
        """Give the feed a new epoch; nothing else changes.

        Raises:
            Conflict: the feed has not begun, or a restore has closed it.
            Unavailable, Internal: as ``translated``.
        """
        return self._update(
            "SET epoch = :epoch",
            {},
            names={"#closed": CLOSED},
            ConditionExpression="attribute_exists(feed) AND attribute_not_exists(#closed)",
        )

    def _update(
        self, update: str, values: Any, names: dict[str, str], **condition: str
    ) -> Position:
        with translated("UpdateItem"):
            try:
                item = self.client.update_item(
                    TableName=self.table,
                    Key=COUNTER_KEY,
                    UpdateExpression=update,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={":epoch": text(new_epoch()), **values},
                    ReturnValues="ALL_NEW",
                    **condition,  # type: ignore[arg-type]
                )["Attributes"]
            except self.client.exceptions.ConditionalCheckFailedException as error:
                raise Conflict("feed") from error
        return _state(item).position


def _state(item: Any) -> GateState:
    position = Position(item["epoch"]["S"], int(item["last"]["N"]))
    return GateState(position, item[CLOSED]["S"] if CLOSED in item else None)
