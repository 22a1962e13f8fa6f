"""The broadcast of a change or of the heartbeat to all clients, and to those of one shard."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries, MeteredDeliveries
from alerta_utec.adapters.aws.sqs.shards import SqsShardQueue
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.broadcast import Broadcast
from alerta_utec.app.fan_out import FanOut, SendShard
from alerta_utec.app.heartbeat import Heartbeat, PastPositions, SendHeartbeat
from alerta_utec.app.records import Recorder
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.ports.broadcast import Poster
from alerta_utec.ports.incidents import ChangeFeed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Half of the timeout of ``fanout``: the last posts and their checks, rows to delete, the record.
SHARD_RESERVE_S = 15.0


def fan_out(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    poster: Poster,
    deliveries: DynamoDeliveries | MeteredDeliveries,
) -> FanOut:
    """Return the broadcast to all clients (``CONNECTIONS_TABLE``, ``FAN_OUT_QUEUE``)."""
    connections, clock = connection_store(dynamodb, environment), SystemClock()
    broadcast = Broadcast(connections, poster, clock, Recorder(deliveries))
    return FanOut(broadcast, _queue(environment), deliveries, clock)


def send_shard(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    poster: Poster,
    feed: ChangeFeed,
    deliveries: DynamoDeliveries | MeteredDeliveries,
) -> SendShard:
    """Return the broadcast to one shard (``CONNECTIONS_TABLE``)."""
    connections = connection_store(dynamodb, environment)
    return SendShard(feed, connections, poster, deliveries, SystemClock())


def heartbeat(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    poster: Poster,
    feed: PastPositions,
) -> Heartbeat:
    """Return the heartbeat to all clients (``FAN_OUT_QUEUE``, and as ``send_heartbeat``)."""
    direct = send_heartbeat(dynamodb, environment, poster)
    queue = _queue(environment)
    return Heartbeat(feed, direct.connections, queue, direct, direct.metrics, direct.clock)


def send_heartbeat(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str], poster: Poster
) -> SendHeartbeat:
    """Return the heartbeat to one shard (``CONNECTIONS_TABLE``, ``METRICS_NAMESPACE``)."""
    connections, metrics = connection_store(dynamodb, environment), embedded_metrics(environment)
    return SendHeartbeat(connections, poster, metrics, SystemClock())


def _queue(environment: Mapping[str, str]) -> SqsShardQueue:
    return SqsShardQueue(clients.sqs(), environment["FAN_OUT_QUEUE"])
