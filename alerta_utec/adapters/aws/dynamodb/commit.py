"""One commit on DynamoDB: counter, incident, change and key in one transaction."""

import uuid
from collections.abc import Mapping
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

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY_TTL = timedelta(seconds=KEY_TTL_S)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the tables held when a try began; the transaction demands that they still do."""

    position: Position | None
    incident: Item | None
    key: Item | None


@dataclass(frozen=True)
class Commit:
    """Reads, then writes on condition that nothing has changed, until it has or cannot.

    A transaction whose answer is lost may have been applied, or may be applied later. Two
    tries cannot both be: each wants the ``seq`` after the counter that it saw, and the
    counter moves once. The next look finds the one that was, by a ``commitId`` that no other
    call has.
    """

    client: "DynamoDBClient"
    tables: IncidentTables
    feed: DynamoFeed
    retry: Retry

    def run(self, change: Change, expected_revision: int | None) -> Committed:
        """Commit as ``IncidentStore.commit`` says."""
        commit_id = uuid.uuid4().hex
        for tried in self.retry.attempts():
            seen = self._look(change)
            if seen is None:
                continue
            if change.before is None:
                done = self._first(change, seen, commit_id)
            elif _is_expected(change.before, seen, expected_revision):
                done = None
            else:
                done = self._own(change, seen, commit_id if tried else None)
            if done is not None:
                return done
            stored = self._write(change, seen, commit_id)
            if stored is not None:
                return Committed(stored)
        raise Unavailable("other commits were in the way all the time")

    def _look(self, change: Change) -> _Seen | None:
        """One strongly consistent look at the items concerned; none where it was partial."""
        wanted = {
            self.tables.changes: COUNTER_KEY,
            self.tables.incidents: {"incidentId": text(change.incident_id)},
        }
        if change.key is not None and change.before is None:
            wanted[self.tables.keys] = {"key": text(key_name(change.key))}
        with translated("BatchGetItem"):
            answer = self.client.batch_get_item(
                RequestItems={
                    table: {"Keys": [key], "ConsistentRead": True} for table, key in wanted.items()
                }
            )
        if answer.get("UnprocessedKeys"):
            return None
        found = {table: items[0] for table, items in answer["Responses"].items() if items}
        counter = found.get(self.tables.changes)
        return _Seen(
            position_of(counter) if counter else None,
            found.get(self.tables.incidents),
            found.get(self.tables.keys),
        )

    def _first(self, change: Change, seen: _Seen, commit_id: str) -> Committed | None:
        """The creation that was stored before under the key or the id, if there is one."""
        kept = seen.key if seen.key and _is_kept(seen.key, change) else seen.incident
        if kept is None:
            return None
        if text_of(kept, "digest") != change.digest:
            raise Conflict(change.incident_id)
        item = self.feed.item_at(number_of(kept, "createdSeq"))
        duplicate = text_of(item, "commitId") != commit_id
        return Committed(change_from_image(item), duplicate=duplicate)

    def _own(self, change: Change, seen: _Seen, commit_id: str | None) -> Committed:
        """This call's own update, where an earlier try has made it unawares."""
        if seen.incident is not None and commit_id is not None:
            for item in self.feed.items_back_from(number_of(seen.incident, "seq")):
                if text_of(item, "commitId") == commit_id:
                    return Committed(change_from_image(item))
                if number_of(item, "revision") <= change.after.revision:
                    break
        raise Conflict(change.incident_id)

    def _write(self, change: Change, seen: _Seen, commit_id: str) -> Change | None:
        """The stored change; none where something was in the way, or may have been."""
        last = seen.position or self.feed.begin_epoch()
        position = replace(last, seq=last.seq + 1)
        if seen.incident is not None:
            change = replace(change, before=incident_from_item(seen.incident))
        stored = change.committed(position)
        actions = [
            self._counter(last),
            self._incident(stored, seen.incident),
            self._change(stored, position, commit_id),
            *self._key(stored),
        ]
        try:
            with translated("TransactWriteItems"):
                self.client.transact_write_items(TransactItems=actions)
        except Unavailable:
            return None
        return stored

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
        # An update carries over what belongs to the creation.
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


def _is_expected(before: Incident, seen: _Seen, expected_revision: int | None) -> bool:
    if seen.incident is None:
        raise NotFound(before.incident_id)
    revision = number_of(seen.incident, "revision")
    return before.revision == revision and expected_revision in (None, revision)


def _is_kept(key: Mapping[str, Any], change: Change) -> bool:
    return expiry_of(key) > change.at
