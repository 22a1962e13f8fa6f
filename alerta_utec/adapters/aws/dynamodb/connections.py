"""The ``Connections`` on DynamoDB."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import (
    Item,
    epoch_us,
    expiry,
    expiry_of,
    number,
    text,
    text_of,
)
from alerta_utec.adapters.aws.dynamodb.calls import condition_held, pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.messages import DEFAULT_LANG, parse_lang
from alerta_utec.domain.policy import Grant, Identity, Role
from alerta_utec.domain.subprotocol import Subprotocol
from alerta_utec.domain.values import format_time, parse_time
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.connections import Connection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ScanOutputTypeDef

SWEEP_TIME = timedelta(minutes=10)
# Rows in a page: fewer than the 1 MB that DynamoDB reads, so that a caller can stop early.
PAGE_ROWS = 1_000


@dataclass(frozen=True)
class DynamoConnections:
    """``Connections`` in one table: key ``connectionId``, TTL attribute ``expiresAt``.

    A shard is a segment of the table. Needs ``PutItem``, ``DeleteItem``, ``GetItem`` and ``Scan``.
    """

    client: "DynamoDBClient"
    table: str
    clock: Clock
    # Of so many segments one is counted: 1,500 of 100,000 rows, for an estimate within 8 %.
    estimate_segments: int = 64

    def save(self, connection: Connection) -> None:
        with translated("PutItem"):
            self.client.put_item(TableName=self.table, Item=_item(connection))

    def restore(self, connection: Connection) -> bool:
        return condition_held(
            self.client,
            "PutItem",
            lambda: self.client.put_item(
                TableName=self.table,
                Item=_item(connection),
                ConditionExpression="attribute_not_exists(connectionId)",
            ),
        )

    def delete(self, connection_id: str) -> None:
        with translated("DeleteItem"):
            self.client.delete_item(TableName=self.table, Key={"connectionId": text(connection_id)})

    def get(self, connection_id: str) -> Connection | None:
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.table,
                Key={"connectionId": text(connection_id)},
                ConsistentRead=True,
            )
        connection = _connection(answer["Item"]) if "Item" in answer else None
        return connection if connection and connection.alive(self.clock.now()) else None

    def pages(self, number: int = 1, of: int = 1) -> Iterator[Sequence[Connection]]:
        # A client that has just connected must get the next change.
        for page in self._scan(number, of, ConsistentRead=True, Limit=PAGE_ROWS):
            if page["Items"]:
                yield [_connection(item) for item in page["Items"]]

    def estimate(self) -> int:
        counted = self._scan(1, self.estimate_segments, Select="COUNT")
        return self.estimate_segments * sum(page["Count"] for page in counted)

    def _scan(self, shard: int, of: int, **more: Any) -> "Iterator[ScanOutputTypeDef]":
        """Yield the pages of a segment, less the connections that have expired.

        DynamoDB divides a table by a hash of the key: the segment that an item is in depends on
        its key and on the number of segments alone.
        """
        segment: dict[str, Any] = {"Segment": shard - 1, "TotalSegments": of} if of > 1 else {}
        return pages(
            "Scan",
            lambda **start: self.client.scan(
                TableName=self.table,
                # TTL deletes days late.
                FilterExpression="expiresAtUs > :now",
                ExpressionAttributeValues={":now": number(epoch_us(self.clock.now()))},
                **segment,
                **more,
                **start,
            ),
        )


def _item(connection: Connection) -> Item:
    item: Item = {
        "connectionId": text(connection.connection_id),
        "timestamp": text(format_time(connection.connected_at)),
    } | expiry(connection.expires_at)
    if connection.identity.user is not None:
        item["user"] = text(connection.identity.user)
    # The sweep needs the row to close the socket, so TTL deletes it later.
    item["expiresAt"] = number(ceil((connection.expires_at + SWEEP_TIME).timestamp()))
    item["lang"] = text(connection.lang)
    item["role"] = text(connection.identity.role)
    if connection.subprotocol is not None:
        item["subprotocol"] = text(connection.subprotocol)
    if connection.credential is not None:
        item["credential"] = text(connection.credential)
    if connection.identity.grant is not None:
        item["grant"] = text(json.dumps(connection.identity.grant.to_json(), ensure_ascii=False))
    if connection.restored:
        item["restored"] = {"BOOL": True}
    if connection.filter != EVERYTHING:
        item["filter"] = text(json.dumps(connection.filter.to_json(), ensure_ascii=False))
    return item


def _connection(item: Mapping[str, Any]) -> Connection:
    stored_filter, stored_grant = text_of(item, "filter"), text_of(item, "grant")
    grant = None if stored_grant is None else Grant.from_json(json.loads(stored_grant))
    return Connection(
        connection_id=item["connectionId"]["S"],
        connected_at=parse_time(item["timestamp"]["S"]),
        expires_at=expiry_of(item),
        identity=Identity(text_of(item, "user"), Role(item["role"]["S"]), grant),
        lang=parse_lang(text_of(item, "lang")) or DEFAULT_LANG,
        filter=EVERYTHING if stored_filter is None else Filter.from_json(json.loads(stored_filter)),
        # One that this version does not have reads as ``None``, which any client can follow.
        subprotocol=Subprotocol.preferred((text_of(item, "subprotocol") or "",)),
        credential=text_of(item, "credential"),
        restored="restored" in item,
    )
