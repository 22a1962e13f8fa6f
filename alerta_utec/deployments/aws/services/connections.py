"""The store of connections."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.connections import DynamoConnections
from alerta_utec.adapters.clock import SystemClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def connection_store(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str]
) -> DynamoConnections:
    """Return the store (``CONNECTIONS_TABLE``)."""
    return DynamoConnections(dynamodb, environment["CONNECTIONS_TABLE"], SystemClock())
