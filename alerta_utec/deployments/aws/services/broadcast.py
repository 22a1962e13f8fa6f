"""The broadcast of a change to all clients, and to those of one shard."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.deliveries import DynamoDeliveries, MeteredDeliveries
from alerta_utec.adapters.aws.sqs.shards import SqsShardQueue
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.broadcast import Broadcast
from alerta_utec.app.fan_out import FanOut, SendShard
from alerta_utec.app.records import Recorder
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.sockets import poster
from alerta_utec.ports.incidents import ChangeFeed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def fan_out(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    deliveries: DynamoDeliveries | MeteredDeliveries,
) -> FanOut:
    """Return the broadcast to all clients.

    ``CONNECTIONS_TABLE``, ``MANAGEMENT_ENDPOINT``, ``FAN_OUT_QUEUE``.
    """
    connections, clock = connection_store(dynamodb, environment), SystemClock()
    broadcast = Broadcast(connections, poster(environment), clock, Recorder(deliveries))
    queue = SqsShardQueue(clients.sqs(), environment["FAN_OUT_QUEUE"])
    return FanOut(broadcast, queue, deliveries, clock)


def send_shard(
    dynamodb: "DynamoDBClient",
    environment: Mapping[str, str],
    feed: ChangeFeed,
    deliveries: DynamoDeliveries | MeteredDeliveries,
) -> SendShard:
    """Return the broadcast to one shard (``CONNECTIONS_TABLE``, ``MANAGEMENT_ENDPOINT``)."""
    connections = connection_store(dynamodb, environment)
    return SendShard(feed, connections, poster(environment), deliveries, SystemClock())
