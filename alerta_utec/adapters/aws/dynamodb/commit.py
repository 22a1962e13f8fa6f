"""The commit on DynamoDB: counter, incident, change and key in one transaction."""

import uuid
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
from alerta_utec.adapters.aws.dynamodb.feed import COUNTER_KEY, DynamoFeed, position_of
from alerta_utec.adapters.aws.dynamodb.items import (
    change_from_image,
    change_item,
    incident_from_item,
    incident_item,
    key_name,
)
from alerta_utec.adapters.aws.dynamodb.table_names import FEED, IncidentTables
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Conflict, NotFound, Unavailable
from alerta_utec.domain.incident import Incident
from alerta_utec.ports.incidents import KEY_TTL_S, Committed
from alerta_utec.ports.metrics import COMMITS, CONFLICTS, NO_METRICS, Metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY_TTL = timedelta(seconds=KEY_TTL_S)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The items that an attempt has read; its transaction requires them to be unchanged."""

    position: Position | None
    incident: Item | None
    key: Item | None


@dataclass(frozen=True)
class Commit:
    """One call of ``IncidentStore.commit``: optimistic, and retried after a conflict.

    Each attempt reads the items, then writes on condition that they are unchanged. A transaction
    whose response is lost may have been applied, or may be applied later. Two attempts cannot
    both be applied: each needs the ``seq`` after the counter that it read, and the counter moves
    once. The next attempt finds the applied one by its ``commitId``, which no other call has.
    """

    client: "DynamoDBClient"
    tables: IncidentTables
    feed: DynamoFeed
    retry: Retry
    metrics: Metrics = NO_METRICS

    def run(self, change: Change, expected_revision: int | None) -> Committed:
        """Store the change as ``IncidentStore.commit`` specifies."""
        commit_id = uuid.uuid4().hex
        attempt = 0
        for attempt in self.retry.attempts():
            snapshot = self._read(change)
            if snapshot is None:
                continue
            if change.before is None:
                done = self._find_duplicate(change, snapshot, commit_id)
            elif _is_expected(change.before, snapshot, expected_revision):
                done = None
            else:
                done = self._find_own_update(change, snapshot, commit_id if attempt else None)
            stored = None if done else self._write(change, snapshot, commit_id)
            if stored is not None:
                done = Committed(stored)
            if done is not None:
                self._count(done, conflicts=attempt)
                return done
        self.metrics.record({CONFLICTS: attempt + 1}, fields={"message": "not_committed"})
        raise Unavailable("conflicts with other commits for the whole time")

    def _read(self, change: Change) -> _Snapshot | None:
        """Read the items (strongly consistent); return ``None`` if the response is partial."""
        keys = {
            self.tables.changes: COUNTER_KEY,
            self.tables.incidents: {"incidentId": text(change.incident_id)},
        }
        if change.key is not None and change.before is None:
            keys[self.tables.keys] = {"key": text(key_name(change.key))}
        with translated("BatchGetItem"):
            answer = self.client.batch_get_item(
                RequestItems={
                    table: {"Keys": [key], "ConsistentRead": True} for table, key in keys.items()
                }
            )
        if answer.get("UnprocessedKeys"):
            return None
        found = {table: items[0] for table, items in answer["Responses"].items() if items}
        counter = found.get(self.tables.changes)
        return _Snapshot(
            position_of(counter) if counter else None,
            found.get(self.tables.incidents),
            found.get(self.tables.keys),
        )

    def _find_duplicate(
        self, change: Change, snapshot: _Snapshot, commit_id: str
    ) -> Committed | None:
        """Return the creation that was stored before under the key or the id, if there is one."""
        key = snapshot.key
        first = key if key and expiry_of(key) > change.at else snapshot.incident
        if first is None:
            return None
        if text_of(first, "digest") != change.digest:
            raise Conflict(change.incident_id)
        item = self.feed.item_at(number_of(first, "createdSeq"))
        duplicate = text_of(item, "commitId") != commit_id
        return Committed(change_from_image(item), duplicate=duplicate)

    def _find_own_update(
        self, change: Change, snapshot: _Snapshot, commit_id: str | None
    ) -> Committed:
        """Return this call's update if an earlier attempt, whose response was lost, stored it."""
        if snapshot.incident is not None and commit_id is not None:
            for item in self.feed.items_back_from(number_of(snapshot.incident, "seq")):
                if text_of(item, "commitId") == commit_id:
                    return Committed(change_from_image(item))
                if number_of(item, "revision") <= change.after.revision:
                    break
        raise Conflict(change.incident_id)

    def _write(self, change: Change, snapshot: _Snapshot, commit_id: str) -> Change | None:
        """Return the stored change, or ``None`` if it was not stored or the outcome is unknown."""
        last = snapshot.position or self.feed.begin_epoch()
        position = replace(last, seq=last.seq + 1)
        if snapshot.incident is not None:
            change = replace(change, before=incident_from_item(snapshot.incident))
        stored = change.committed(position)
        actions = [
            self._counter(last),
            self._incident(stored, snapshot.incident),
            self._change(stored, position, commit_id),
            *self._key(stored),
        ]
        try:
            with translated("TransactWriteItems"):
                self.client.transact_write_items(TransactItems=actions)
        except Unavailable:
            return None
        return stored

    def _count(self, done: Committed, *, conflicts: int) -> None:
        if not done.duplicate:
            fields = {"message": "committed", **done.change.log_fields()}
            self.metrics.record({COMMITS: 1, CONFLICTS: conflicts}, fields=fields)

    def _counter(self, last: Position) -> Any:
        return {
            "Update": {
                "TableName": self.tables.changes,
                "Key": COUNTER_KEY,
                "UpdateExpression": "SET #last = :next",
                "ConditionExpression": "#last = :last AND epoch = :epoch",
                "ExpressionAttributeNames": {"#last": "last"},
                "ExpressionAttributeValues": {
                    ":next": number(last.seq + 1),
                    ":last": number(last.seq),
                    ":epoch": text(last.epoch),
                },
            }
        }

    def _incident(self, stored: Change, current: Item | None) -> Any:
        # An update keeps the creation's values.
        created_seq = number_of(current, "createdSeq") if current else stored.after.seq
        digest = text_of(current, "digest") if current else stored.digest
        put: dict[str, Any] = {
            "TableName": self.tables.incidents,
            "Item": incident_item(stored.after, created_seq=created_seq, digest=digest),
            "ConditionExpression": "attribute_not_exists(incidentId)",
        }
        if current:
            put["ConditionExpression"] = "revision = :revision"
            put["ExpressionAttributeValues"] = {":revision": current["revision"]}
        return {"Put": put}

    def _change(self, stored: Change, position: Position, commit_id: str) -> Any:
        return {
            "Put": {
                "TableName": self.tables.changes,
                "Item": change_item(stored, position, feed=FEED, commit_id=commit_id),
                "ConditionExpression": "attribute_not_exists(feed)",
            }
        }

    def _key(self, stored: Change) -> list[Any]:
        if stored.key is None or stored.before is not None:
            return []
        item = {
            "key": text(key_name(stored.key)),
            "incidentId": text(stored.incident_id),
            "createdSeq": number(stored.after.seq),
        } | expiry(stored.at + _KEY_TTL)
        if stored.digest is not None:
            item["digest"] = text(stored.digest)
        return [
            {
                "Put": {
                    "TableName": self.tables.keys,
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(#key) OR expiresAtUs <= :now",
                    "ExpressionAttributeNames": {"#key": "key"},
                    "ExpressionAttributeValues": {":now": number(epoch_us(stored.at))},
                }
            }
        ]


def _is_expected(before: Incident, snapshot: _Snapshot, expected_revision: int | None) -> bool:
    if snapshot.incident is None:
        raise NotFound(before.incident_id)
    revision = number_of(snapshot.incident, "revision")
    return before.revision == revision and expected_revision in (None, revision)
