"""The ``Webhooks`` on DynamoDB."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.attributes import Item, number, number_of, text
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.webhook import Webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What whoever may not see secrets may read (the condition in deploy/roles.yml).
WITHOUT_SECRETS = ("webhookId", "revision", "webhook")


@dataclass(frozen=True)
class DynamoWebhooks:
    """One table: key ``webhookId``; the secrets are an attribute of their own.

    Needs ``Scan`` to list, ``GetItem`` to read, ``PutItem`` (with ``GetItem``) to save and
    ``DeleteItem``. Jobs of a webhook that is gone are never tried, and end by their TTL.
    """

    client: "DynamoDBClient"
    table: str

    def all(self) -> Sequence[Webhook]:
        return _sorted(map(_webhook, self._scan()))

    def get(self, webhook_id: str) -> Webhook | None:
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.table, Key={"webhookId": text(webhook_id)}, ConsistentRead=True
            )
        return _webhook(answer["Item"]) if "Item" in answer else None

    def save(self, webhook: Webhook) -> None:
        before = webhook.revision - 1
        condition = "revision = :before" if before else "attribute_not_exists(webhookId)"
        values = {"ExpressionAttributeValues": {":before": number(before)}} if before else {}
        with translated("PutItem"):
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=_item(webhook),
                    ConditionExpression=condition,
                    **values,  # type: ignore[arg-type]
                )
                return
            except self.client.exceptions.ConditionalCheckFailedException:
                pass
        # A put whose answer was lost is sent again, and finds itself there.
        if self.get(webhook.webhook_id) != webhook:
            raise Conflict(webhook.webhook_id)

    def delete(self, webhook_id: str) -> None:
        with translated("DeleteItem"):
            self.client.delete_item(TableName=self.table, Key={"webhookId": text(webhook_id)})

    def _scan(self, **more: Any) -> Sequence[Item]:
        found: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            with translated("Scan"):
                page = self.client.scan(TableName=self.table, ConsistentRead=True, **more, **start)
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


class DynamoWebhooksUnsigned(DynamoWebhooks):
    """The same for who tells nobody: the webhooks come with an empty secret.

    ``Scan`` asks for no more attributes than ``WITHOUT_SECRETS``.
    """

    def _scan(self, **more: Any) -> Sequence[Item]:
        wanted = {
            "Select": "SPECIFIC_ATTRIBUTES",
            "ProjectionExpression": ", ".join(WITHOUT_SECRETS),
        }
        return [item | {"secrets": text('[""]')} for item in super()._scan(**wanted, **more)]


def _item(webhook: Webhook) -> Item:
    record = webhook.to_record()
    return {
        "webhookId": text(webhook.webhook_id),
        "revision": number(record.pop("revision")),
        "secrets": text(json.dumps(record.pop("secrets"))),
        "webhook": text(json.dumps(record, ensure_ascii=False)),
    }


def _webhook(item: Mapping[str, Any]) -> Webhook:
    record = json.loads(item["webhook"]["S"])
    revision, secrets = number_of(item, "revision"), json.loads(item["secrets"]["S"])
    return Webhook.from_record(record | {"revision": revision, "secrets": secrets})


def _sorted(webhooks: Any) -> Sequence[Webhook]:
    return sorted(webhooks, key=lambda one: (one.created_at, one.webhook_id))
