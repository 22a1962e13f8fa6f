"""The broadcast of a change or of the heartbeat to all clients, and to those of one shard."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries, MeteredDeliveries
from alerta_utec.adapters.aws.sqs.shards import SqsShardQueue
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.heartbeat import Heartbeat, PastPositions, SendHeartbeat
from alerta_utec.app.send_shard import SendShard
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.ports.broadcast import FramesPoster, Poster
from alerta_utec.ports.incidents import ChangeFeed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Half of the timeout of ``fanout``: the last posts and their checks, rows to delete, the record.
SHARD_RESERVE_S = 15.0


def send_shard(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    poster: FramesPoster,
    feed: ChangeFeed,
    deliveries: DynamoDeliveries | MeteredDeliveries,
) -> SendShard:
    """Return the broadcast to one shard (``CONNECTIONS_TABLE``, ``FAN_OUT_QUEUE``)."""
    connections, queue = connection_store(dynamodb, environment), _queue(environment)
    return SendShard(feed, connections, poster, queue, deliveries, SystemClock())


def heartbeat(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    poster: Poster,
    feed: PastPositions,
) -> Heartbeat:
    """Return the heartbeat to all clients (``FAN_OUT_QUEUE``, and as ``send_heartbeat``)."""
    direct = send_heartbeat(dynamodb, environment, poster)
    return Heartbeat(feed, _queue(environment), direct)


def send_heartbeat(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str], poster: Poster
) -> SendHeartbeat:
    """Return the heartbeat to one shard (``CONNECTIONS_TABLE``, ``METRICS_NAMESPACE``)."""
    connections, metrics = connection_store(dynamodb, environment), embedded_metrics(environment)
    return SendHeartbeat(connections, poster, metrics, SystemClock())


def _queue(environment: Mapping[str, str]) -> SqsShardQueue:
    return SqsShardQueue(clients.sqs(), environment["FAN_OUT_QUEUE"])
