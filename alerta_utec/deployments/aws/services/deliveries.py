"""The record of deliveries."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries, MeteredDeliveries
from alerta_utec.deployments.aws.services.metrics import embedded_metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def delivery_record(dynamodb: "DynamoDBClient", environment: Mapping[str, str]) -> DynamoDeliveries:
    """Return the record (``DELIVERIES_TABLE``)."""
    return DynamoDeliveries(dynamodb, environment["DELIVERIES_TABLE"])


def metered_deliveries(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str]
) -> MeteredDeliveries:
    """Return the record (``DELIVERIES_TABLE``), which also counts (``METRICS_NAMESPACE``)."""
    return MeteredDeliveries(delivery_record(dynamodb, environment), embedded_metrics(environment))
