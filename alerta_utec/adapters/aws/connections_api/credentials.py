"""Closing the connections of a credential on AWS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.connections_api.closing import close
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.dynamodb.attributes import text
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class ApiCredentials:
    """``CredentialConnections`` over the table of connections and ``@connections``.

    Needs ``Scan`` and ``DeleteItem`` on the table, ``execute-api:ManageConnections`` for DELETE.
    """

    dynamodb: "DynamoDBClient"
    table: str
    api: ConnectionsHttp

    def close_all(self, credential: str) -> int:
        """See ``CredentialConnections``.

        Without its row a connection receives nothing and may send nothing, so one whose close
        fails does no harm until API Gateway ends it.
        """
        closed = 0
        for page in self._opened_by(credential):
            with self.api.channel(self.api.signer()) as channel:
                for connection_id in page:
                    with translated("DeleteItem"):
                        key = {"connectionId": text(connection_id)}
                        self.dynamodb.delete_item(TableName=self.table, Key=key)
                    close(channel, connection_id)
                    closed += 1
        return closed

    def _opened_by(self, credential: str) -> Iterator[Sequence[str]]:
        for page in pages(
            "Scan",
            lambda **start: self.dynamodb.scan(
                TableName=self.table,
                ConsistentRead=True,
                FilterExpression="credential = :credential",
                ProjectionExpression="connectionId",
                ExpressionAttributeValues={":credential": text(credential)},
                **start,
            ),
        ):
            if page["Items"]:
                yield [item["connectionId"]["S"] for item in page["Items"]]
