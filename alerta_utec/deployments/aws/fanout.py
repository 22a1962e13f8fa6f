"""The Lambda that reads the queue of shards: sends a change or the heartbeat to some clients."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.broadcast import (
    SHARD_RESERVE_S,
    send_heartbeat,
    send_shard,
)
from alerta_utec.deployments.aws.services.deliveries import metered_deliveries
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.sockets import broadcast_poster
from alerta_utec.domain.shard import Shard
from alerta_utec.handlers.queue import QueueConsumer

dynamodb = clients.dynamodb()
feed, deliveries = change_feed(dynamodb, environ), metered_deliveries(dynamodb, environ)
sockets = broadcast_poster(environ)
changes = send_shard(dynamodb, environ, sockets, feed, deliveries)
heartbeats = send_heartbeat(dynamodb, environ, sockets)


def consume(shard: Shard, deadline_s: float | None) -> None:
    """Send what the shard is of."""
    (heartbeats if shard.heartbeat else changes).send(shard, deadline_s)


handler = lambda_handler(QueueConsumer(shard_of, consume, reserve_s=SHARD_RESERVE_S).handle)
