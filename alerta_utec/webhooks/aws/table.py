"""The table of jobs: its writes with conditions, and the index of each webhook's queues."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, text
from alerta_utec.adapters.aws.dynamodb.calls import condition_held, pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.webhooks.aws.items import item_key, pending_queue
from alerta_utec.webhooks.job import JobKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BY_PILE = "byPile"


@dataclass(frozen=True)
class JobTable:
    """One table: key ``webhookId``, ``seq`` (N); TTL attribute ``expiresAt``.

    The sparse index ``byPile`` (``pile``, ``seq``) holds each webhook's pending jobs and its dead
    letters, two queues, and nothing else.

    Every method raises ``Unavailable`` or ``Internal``, as ``translated``.
    """

    client: "DynamoDBClient"
    name: str

    def get(self, key: JobKey) -> Item:
        """Return the item, strongly consistent; empty if there is none."""
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.name, Key=item_key(key), ConsistentRead=True
            )
        return answer.get("Item", {})

    def add(self, item: Item) -> None:
        """Put the item, unless there is one of the same change already."""
        condition_held(
            self.client,
            "PutItem",
            lambda: self.client.put_item(
                TableName=self.name,
                Item=item,
                ConditionExpression="attribute_not_exists(webhookId) OR epoch <> :epoch",
                ExpressionAttributeValues={":epoch": item["epoch"]},
            ),
        )

    def update(self, key: JobKey, update: str, values: Item, condition: str) -> bool:
        """Update the item if the condition holds; return whether it held."""
        return condition_held(
            self.client,
            "UpdateItem",
            lambda: self.client.update_item(
                TableName=self.name,
                Key=item_key(key),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            ),
        )

    def updated(self, key: JobKey, update: str, values: Item, condition: str) -> Item | None:
        """Update the item if the condition holds; return it as it is then, else ``None``."""
        with translated("UpdateItem"):
            try:
                answer = self.client.update_item(
                    TableName=self.name,
                    Key=item_key(key),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return None
        return answer["Attributes"]

    def update_pending(self, key: JobKey, update: str, values: Item, condition: str = "") -> bool:
        """Update a job if it is pending and the further condition holds.

        ``update`` and ``condition`` may use ``:owed``, the queue of the webhook's pending jobs.
        """
        pending = {":owed": text(pending_queue(key.webhook_id))}
        conditions = " AND ".join(filter(None, ["pile = :owed", condition]))
        return self.update(key, update, values | pending, conditions)

    def delete(self, key: JobKey) -> None:
        """Delete the item, if there is one."""
        with translated("DeleteItem"):
            self.client.delete_item(TableName=self.name, Key=item_key(key))

    def delete_if(self, key: JobKey, condition: str, values: Item) -> bool:
        """Delete the item if the condition holds; return whether it held."""
        return condition_held(
            self.client,
            "DeleteItem",
            lambda: self.client.delete_item(
                TableName=self.name,
                Key=item_key(key),
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            ),
        )

    def queue(self, name: str, values: Item | None = None, **more: Any) -> Iterator[Item]:
        """Iterate over a queue's items by ``seq``; may lag behind the last writes by moments."""
        for page in pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.name,
                IndexName=BY_PILE,
                KeyConditionExpression="pile = :pile",
                ExpressionAttributeValues={":pile": text(name)} | (values or {}),
                **more,
                **start,
            ),
        ):
            yield from page["Items"]
