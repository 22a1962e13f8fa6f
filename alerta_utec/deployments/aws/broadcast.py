"""The Lambda that reads the stream of changes and runs each minute: reaches every client.

It sends each change, closes expired connections each minute, and sends the heartbeat.
"""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.sweep import Sweep
from alerta_utec.adapters.aws.dynamodb.headers import is_restored
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.fan_out import FanOut
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.heartbeat import HEARTBEAT_MINUTES
from alerta_utec.deployments.aws.services.broadcast import heartbeat, send_shard
from alerta_utec.deployments.aws.services.deliveries import metered_deliveries
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.probes import probed
from alerta_utec.deployments.aws.services.sockets import broadcast_poster
from alerta_utec.handlers.each_minute import EachMinute
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.stream import LambdaContext, StreamConsumer, WithoutCopies

dynamodb = clients.dynamodb()
feed, deliveries = change_feed(dynamodb, environ), metered_deliveries(dynamodb, environ)
sockets = broadcast_poster(environ)
broadcast = FanOut(send_shard(dynamodb, environ, sockets, feed, deliveries)).broadcast
stream = probed(WithoutCopies(is_restored, StreamConsumer(change_from_image, broadcast)), environ)
metrics = embedded_metrics(environ)
sweep = Sweep(dynamodb, environ["CONNECTIONS_TABLE"], sockets.api, SystemClock(), metrics)
beat = heartbeat(dynamodb, environ, sockets, feed).send
each_minute = EachMinute(sweep.close_expired, beat, HEARTBEAT_MINUTES)


def handle(event: LambdaEvent, context: LambdaContext | None = None) -> LambdaResponse:
    """Handle one batch of the stream, or one run of the schedule."""
    return (stream if "Records" in event else each_minute).handle(event, context)


handler = lambda_handler(handle)
