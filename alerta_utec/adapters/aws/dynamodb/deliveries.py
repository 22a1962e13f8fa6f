"""The record of what was sent, on DynamoDB and as metrics."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb import attributes
from alerta_utec.adapters.aws.dynamodb.attributes import Item, number_of, text
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.retry import Retry
from alerta_utec.domain.delivery import PLAN, Delivery, combine_parts, latest
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.values import format_time, parse_time
from alerta_utec.ports.metrics import CHANNEL, DELIVERY_METRICS, Metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchWriteItem: 25 items.
BATCH_MAX = 25
# The ten digits of a record's key.
REVISION_MAX = 9_999_999_999


@dataclass(frozen=True)
class DynamoDeliveries:
    """``Deliveries`` and ``ShardRecords`` in one table.

    The key is ``incidentId`` and ``record``: revision and channel, and for a shard also run and
    number. Each shard is an item, so that shards are written at once and a repeated one counts
    once; ``for_incident`` adds them up. Needs ``PutItem`` to record, ``BatchWriteItem`` to record
    several, and ``Query`` to read.
    """

    client: "DynamoDBClient"
    table: str
    # For items that DynamoDB leaves over while it takes the rest of their request.
    retry: Retry = field(default_factory=lambda: Retry(give_up_after_s=2.0))

    def record(self, deliveries: Sequence[Delivery]) -> None:
        self._put([_item(delivery) for delivery in deliveries])

    def record_parts(self, run: str, number: int, parts: Sequence[Delivery]) -> None:
        self._put([_part_item(run, number, part) for part in parts])

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        wanted = range(1, REVISION_MAX) if revisions is None else revisions
        found = pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.table,
                KeyConditionExpression="incidentId = :id AND #record BETWEEN :first AND :end",
                ExpressionAttributeNames={"#record": "record"},
                ExpressionAttributeValues={
                    ":id": text(incident_id),
                    ":first": text(_padded(wanted.start)),
                    # Before the records of that revision, which continue with a sign and more.
                    ":end": text(_padded(wanted.stop)),
                },
                **start,
            ),
        )
        return latest(_combine_runs([item for page in found for item in page["Items"]]))

    def _put(self, items: Sequence[Item]) -> None:
        if len(items) == 1:
            with translated("PutItem"):
                self.client.put_item(TableName=self.table, Item=items[0])
            return
        for start in range(0, len(items), BATCH_MAX):
            self._put_batch(items[start : start + BATCH_MAX])

    def _put_batch(self, items: Sequence[Item]) -> None:
        left: Sequence[Any] = [{"PutRequest": {"Item": item}} for item in items]
        for _ in self.retry.attempts():
            with translated("BatchWriteItem"):
                response = self.client.batch_write_item(RequestItems={self.table: left})
            left = response["UnprocessedItems"].get(self.table, ())
            if not left:
                return
        raise Unavailable("BatchWriteItem: UnprocessedItems")


@dataclass(frozen=True)
class MeteredDeliveries:
    """Deliveries that are also counted as metrics of their channel."""

    deliveries: DynamoDeliveries
    metrics: Metrics

    def record(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._count(delivery)
        self.deliveries.record(deliveries)

    def record_parts(self, run: str, number: int, parts: Sequence[Delivery]) -> None:
        if number != PLAN:
            for part in parts:
                self._count(part)
        self.deliveries.record_parts(run, number, parts)

    def for_incident(self, incident_id: str, revisions: range | None = None) -> Sequence[Delivery]:
        return self.deliveries.for_incident(incident_id, revisions)

    def _count(self, delivery: Delivery) -> None:
        outcome = {**delivery.outcome, str(delivery.outcome.get("result")): 1}
        values = {
            metric: outcome[metric.name] for metric in DELIVERY_METRICS if metric.name in outcome
        }
        if values:
            # All webhooks together: registering one must not add a metric, which costs money.
            labels = {CHANNEL: delivery.channel.partition(":")[0]}
            fields = {"incidentId": delivery.incident_id, "revision": delivery.revision}
            self.metrics.record(values, labels, fields)


def _item(delivery: Delivery) -> Item:
    return {
        "incidentId": text(delivery.incident_id),
        # Padded, so that it sorts by revision and then by channel.
        "record": text(f"{_padded(delivery.revision)}#{delivery.channel}"),
        "revision": attributes.number(delivery.revision),
        "channel": text(delivery.channel),
        "at": text(format_time(delivery.at)),
        "outcome": text(json.dumps(dict(delivery.outcome))),
    }


def _padded(revision: int) -> str:
    return f"{revision:010}"


def _part_item(run: str, number: int, part: Delivery) -> Item:
    item = _item(part)
    name = f"{item['record']['S']}#{run}#{number:06}"
    return item | {"record": text(name), "run": text(run), "part": attributes.number(number)}


def _delivery(item: Mapping[str, Any]) -> Delivery:
    return Delivery(
        incident_id=item["incidentId"]["S"],
        revision=int(item["revision"]["N"]),
        channel=item["channel"]["S"],
        at=parse_time(item["at"]["S"]),
        outcome=json.loads(item["outcome"]["S"]),
    )


def _combine_runs(items: Sequence[Item]) -> Iterator[Delivery]:
    """Yield one delivery for each item, and one for all parts of a revision's last run."""
    runs: dict[tuple[int, str], dict[str, dict[int, Delivery]]] = {}
    for item in items:
        delivery = _delivery(item)
        if "run" not in item:
            yield delivery
            continue
        own = runs.setdefault((delivery.revision, delivery.channel), {})
        own.setdefault(item["run"]["S"], {})[number_of(item, "part")] = delivery
    for own in runs.values():
        yield combine_parts(own[max(own)])
