"""The Lambda that reads the stream of changes: sends each to every client."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.broadcast import fan_out
from alerta_utec.deployments.aws.services.deliveries import metered_deliveries
from alerta_utec.handlers.stream import StreamConsumer

dynamodb = clients.dynamodb()
deliveries = metered_deliveries(dynamodb, environ)
consume = fan_out(dynamodb, environ, deliveries).broadcast
handler = lambda_handler(StreamConsumer(change_from_image, consume).handle)
