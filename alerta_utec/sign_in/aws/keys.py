"""The ``KeyStore`` on DynamoDB."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.attributes import Item, epoch_us, moment_of, number, text
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.sign_in.key import KIND, Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoKeys:
    """``KeyStore`` in the table of credentials: hash key ``kind``, range key ``id``.

    Needs ``Query`` to list, ``GetItem`` to read, ``PutItem`` to add, ``DeleteItem`` to revoke, and
    ``UpdateItem`` for the time of the last use.
    """

    client: "DynamoDBClient"
    table: str

    def all(self) -> Sequence[Key]:
        """See ``KeyStore``."""
        found = pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.table,
                KeyConditionExpression="kind = :kind",
                ExpressionAttributeValues={":kind": text(KIND)},
                ConsistentRead=True,
                **start,
            ),
        )
        keys = [_key(item) for page in found for item in page["Items"]]
        return sorted(keys, key=lambda key: (key.created_at, key.key_id))

    def get(self, key_id: str) -> Key | None:
        """See ``KeyStore``."""
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.table, Key=_primary(key_id), ConsistentRead=True
            )
        return _key(answer["Item"]) if "Item" in answer else None

    def add(self, key: Key) -> None:
        """See ``KeyStore``."""
        record = text(json.dumps(key.to_record(), ensure_ascii=False))
        with translated("PutItem"):
            self.client.put_item(
                TableName=self.table, Item={**_primary(key.key_id), "record": record}
            )

    def delete(self, key_id: str) -> bool:
        """See ``KeyStore``."""
        with translated("DeleteItem"):
            answer = self.client.delete_item(
                TableName=self.table, Key=_primary(key_id), ReturnValues="ALL_OLD"
            )
        # A repeated request does not find what the first one has deleted.
        repeated = answer["ResponseMetadata"].get("RetryAttempts", 0) > 0
        return bool(answer.get("Attributes")) or repeated

    def set_last_used(self, key_id: str, at: datetime) -> None:
        """See ``KeyStore``."""
        with translated("UpdateItem"):
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key=_primary(key_id),
                    UpdateExpression="SET lastUsedAtUs = :at",
                    ConditionExpression="attribute_exists(id)",
                    ExpressionAttributeValues={":at": number(epoch_us(at))},
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return  # it was revoked meanwhile


def _primary(key_id: str) -> Item:
    return {"kind": text(KIND), "id": text(key_id)}


def _key(item: Item) -> Key:
    key = Key.from_record(json.loads(item["record"]["S"]))
    if "lastUsedAtUs" not in item:
        return key
    return replace(key, last_used_at=moment_of(item, "lastUsedAtUs"))
