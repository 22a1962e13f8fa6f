"""The Lambda that reads the queue of shards: sends a change to some of many clients."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.sqs.shards import shard_of
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.broadcast import send_shard
from alerta_utec.deployments.aws.services.deliveries import metered_deliveries
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.handlers.queue import QueueConsumer

dynamodb = clients.dynamodb()
feed, deliveries = change_feed(dynamodb, environ), metered_deliveries(dynamodb, environ)
consume = send_shard(dynamodb, environ, feed, deliveries).send
handler = lambda_handler(QueueConsumer(shard_of, consume).handle)
