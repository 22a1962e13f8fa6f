"""The probes of a deployment, which are items beside the feed's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.attributes import number, text
from alerta_utec.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoProbes:
    """The probes in the table of changes; ``deploy/probe.js`` puts them there."""

    client: "DynamoDBClient"
    table: str

    def answer(self, feed: str, seq: int) -> None:
        """Delete a probe, for which the deployment waits.

        Raises:
            Unavailable, Internal: as ``translated``.
        """
        key = {"feed": text(feed), "seq": number(seq)}
        with translated("DeleteItem"):
            self.client.delete_item(TableName=self.table, Key=key)
