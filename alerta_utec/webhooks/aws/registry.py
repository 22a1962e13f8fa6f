"""The ``Webhooks`` on DynamoDB, with their secrets, and a variant that reads none."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, number, number_of, text
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.errors import Conflict
from alerta_utec.webhooks.model import Webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs

# The attributes that a role without access to secrets can read (deploy/roles.yml).
WITHOUT_SECRETS = ("webhookId", "revision", "webhook")


@dataclass(frozen=True)
class DynamoWebhooks:
    """One table: key ``webhookId``; the secrets are an attribute of their own.

    Needs ``Scan`` to list, ``GetItem`` to read, ``PutItem`` (with ``GetItem``) to save and
    ``DeleteItem``. Deleting a webhook deletes its jobs; any job that this misses is never
    attempted, and expires by its TTL.
    """

    client: "DynamoDBClient"
    table: str
    jobs: "DynamoWebhookJobs | None" = None

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
            except self.client.exceptions.ConditionalCheckFailedException as error:
                if not self._was_saved(webhook, error.response):
                    raise Conflict(webhook.webhook_id) from error

    def delete(self, webhook_id: str) -> None:
        with translated("DeleteItem"):
            self.client.delete_item(TableName=self.table, Key={"webhookId": text(webhook_id)})
        if self.jobs is not None:
            self.jobs.delete_all(webhook_id)

    def _was_saved(self, webhook: Webhook, refusal: Mapping[str, Any]) -> bool:
        """Return whether a put that botocore repeated was refused because it had succeeded."""
        repeated = refusal["ResponseMetadata"].get("RetryAttempts", 0) > 0
        return repeated and self.get(webhook.webhook_id) == webhook

    def _scan(self, **more: Any) -> Sequence[Item]:
        found = pages(
            "Scan",
            lambda **start: self.client.scan(
                TableName=self.table, ConsistentRead=True, **more, **start
            ),
        )
        return [item for page in found for item in page["Items"]]


class DynamoWebhooksWithoutSecrets(DynamoWebhooks):
    """The read-only variant for functions that post nothing; each secret is an empty text.

    ``Scan`` reads no attributes but ``WITHOUT_SECRETS``.
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


def _sorted(webhooks: Iterable[Webhook]) -> Sequence[Webhook]:
    return sorted(webhooks, key=lambda one: (one.created_at, one.webhook_id))
