"""A scheduled task that closes expired connections: API Gateway itself knows only its 2 h limit."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.connections_api.closing import close
from alerta_utec.adapters.aws.connections_api.http import ConnectionsHttp
from alerta_utec.adapters.aws.dynamodb.attributes import epoch_us, number, text
from alerta_utec.adapters.aws.dynamodb.calls import pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.metrics import NO_METRICS, OPEN_CONNECTIONS, Metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """A task that closes each expired connection, then deletes its row.

    It retries a failed one at the next run.

    Needs ``Scan`` and ``DeleteItem`` on the table, ``execute-api:ManageConnections`` for DELETE.
    """

    dynamodb: "DynamoDBClient"
    table: str
    api: ConnectionsHttp
    clock: Clock
    metrics: Metrics = NO_METRICS

    def close_expired(self) -> Mapping[str, int]:
        """Close the expired connections; return the counts ``{closed, failed, open}``.

        ``open`` are the connections that have not expired.

        Raises:
            Unavailable: the table cannot be read or written, or there are no credentials.
        """
        counts = {"closed": 0, "failed": 0, "open": 0}
        for scanned, page in self._expired():
            counts["open"] += scanned - len(page)
            with self.api.channel(self.api.signer()) as channel:
                for connection_id in page:
                    if not close(channel, connection_id):
                        counts["failed"] += 1
                        continue
                    with translated("DeleteItem"):
                        key = {"connectionId": text(connection_id)}
                        self.dynamodb.delete_item(TableName=self.table, Key=key)
                    counts["closed"] += 1
        log.info("swept", extra=counts)
        self.metrics.record({OPEN_CONNECTIONS: counts["open"]})
        return counts

    def _expired(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield how many connections a page of the table has, and the expired ones of them."""
        for page in pages(
            "Scan",
            lambda **start: self.dynamodb.scan(
                TableName=self.table,
                FilterExpression="expiresAtUs <= :now",
                ProjectionExpression="connectionId",
                ExpressionAttributeValues={":now": number(epoch_us(self.clock.now()))},
                **start,
            ),
        ):
            yield page["ScannedCount"], [item["connectionId"]["S"] for item in page["Items"]]
