"""The tables as commits use them: what a transaction depends on, and what it writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import (
    Item,
    epoch_us,
    expiry,
    expiry_of,
    number,
    number_of,
    text,
    text_of,
)
from alerta_utec.adapters.aws.dynamodb.counter import COUNTER_KEY, Counter, CounterItem
from alerta_utec.adapters.aws.dynamodb.inbox import Inbox, Submission
from alerta_utec.adapters.aws.dynamodb.items import (
    change_item,
    incident_from_item,
    incident_item,
    key_name,
)
from alerta_utec.adapters.aws.dynamodb.table_names import FEED, IncidentTables
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.change import Change, Position
from alerta_utec.ports.incidents import KEY_TTL_S

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY_TTL = timedelta(seconds=KEY_TTL_S)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The items that changes depend on, as they were read, perhaps not all at one moment.

    A transaction requires each of them to be unchanged.
    """

    counter: Counter | None
    # Whether the submission that was asked about is in the inbox.
    is_waiting: bool
    incidents: Mapping[str, Item]
    keys: Mapping[str, Item]

    def incident(self, change: Change) -> Item | None:
        """Return the incident that the change is about."""
        return self.incidents.get(change.incident_id)

    def original(self, change: Change) -> Item | None:
        """Return the key or the incident of the creation that this creation repeats."""
        key = self.keys.get(key_name(change.key)) if change.key else None
        return key if key and expiry_of(key) > change.at else self.incident(change)

    def admits(self, change: Change) -> bool:
        """Tell whether the change can be stored: nothing like it is, and none came before it."""
        if change.before is None:
            return self.original(change) is None
        incident = self.incident(change)
        return incident is not None and number_of(incident, "revision") == change.before.revision


@dataclass(frozen=True)
class CommitTables:
    """The reads and writes of commits, each of one change or of several."""

    client: "DynamoDBClient"
    names: IncidentTables

    @property
    def counter(self) -> CounterItem:
        """The counter of the feed."""
        return CounterItem(self.client, self.names.changes)

    @property
    def inbox(self) -> Inbox:
        """The submissions that wait."""
        return Inbox(self.client, self.names.inbox)

    def read(self, changes: Sequence[Change], waiting: Submission | None = None) -> Snapshot | None:
        """Read what the changes depend on (strongly consistent).

        Returns ``None`` if the response is partial. Also looks whether ``waiting`` is in the inbox.

        Raises:
            Unavailable.
        """
        keys = {
            self.names.changes: [COUNTER_KEY],
            self.names.incidents: [{"incidentId": text(change.incident_id)} for change in changes],
            self.names.keys: [{"key": text(name)} for name in map(own_key, changes) if name],
            self.names.inbox: [waiting.key] if waiting else [],
        }
        with translated("BatchGetItem"):
            answer = self.client.batch_get_item(
                RequestItems={
                    table: {"Keys": wanted, "ConsistentRead": True}
                    for table, wanted in keys.items()
                    if wanted
                }
            )
        if answer.get("UnprocessedKeys"):
            return None
        found = answer["Responses"]
        counter = found.get(self.names.changes)
        return Snapshot(
            Counter.of(counter[0]) if counter else None,
            bool(found.get(self.names.inbox)),
            _by_name(found.get(self.names.incidents, ()), "incidentId"),
            _by_name(found.get(self.names.keys, ()), "key"),
        )

    def write(self, actions: Sequence[Any]) -> None:
        """Carry out all of the actions or none.

        Raises:
            Unavailable: nothing is written, or the outcome is unknown.
        """
        with translated("TransactWriteItems"):
            self.client.transact_write_items(TransactItems=actions)

    def stored(
        self, submission: Submission, snapshot: Snapshot, position: Position
    ) -> tuple[Change, list[Any]]:
        """Return the change as it is stored at ``position``, and the actions that store it."""
        change, current = submission.change, snapshot.incident(submission.change)
        if current is not None:
            change = replace(change, before=incident_from_item(current))
        stored = change.committed(position)
        put_change = {
            "TableName": self.names.changes,
            "Item": change_item(stored, position, feed=FEED, commit_id=submission.commit_id),
            "ConditionExpression": "attribute_not_exists(feed)",
        }
        put_incident = self._put_incident(stored, current)
        return stored, [put_incident, {"Put": put_change}, *self._put_key(stored)]

    def _put_incident(self, stored: Change, current: Item | None) -> Any:
        # An update keeps the creation's values.
        created_seq = number_of(current, "createdSeq") if current else stored.after.seq
        digest = text_of(current, "digest") if current else stored.digest
        put: dict[str, Any] = {
            "TableName": self.names.incidents,
            "Item": incident_item(stored.after, created_seq=created_seq, digest=digest),
            "ConditionExpression": "attribute_not_exists(incidentId)",
        }
        if current:
            put["ConditionExpression"] = "revision = :revision"
            put["ExpressionAttributeValues"] = {":revision": current["revision"]}
        return {"Put": put}

    def _put_key(self, stored: Change) -> list[Any]:
        name = own_key(stored)
        if name is None:
            return []
        item = {
            "key": text(name),
            "incidentId": text(stored.incident_id),
            "createdSeq": number(stored.after.seq),
        } | expiry(stored.at + _KEY_TTL)
        if stored.digest is not None:
            item["digest"] = text(stored.digest)
        return [
            {
                "Put": {
                    "TableName": self.names.keys,
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(#key) OR expiresAtUs <= :now",
                    "ExpressionAttributeNames": {"#key": "key"},
                    "ExpressionAttributeValues": {":now": number(epoch_us(stored.at))},
                }
            }
        ]


def own_key(change: Change) -> str | None:
    """Return the name of the idempotency key that the change stores; only a creation has one."""
    return key_name(change.key) if change.key and change.before is None else None


def _by_name(items: Iterable[Item], attribute: str) -> dict[str, Item]:
    return {item[attribute]["S"]: item for item in items}
