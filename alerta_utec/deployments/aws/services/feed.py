"""The feed of changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def change_feed(dynamodb: "DynamoDBClient", environment: Mapping[str, str]) -> DynamoFeed:
    """Return the feed (``CHANGES_TABLE``)."""
    return DynamoFeed(dynamodb, environment["CHANGES_TABLE"])
