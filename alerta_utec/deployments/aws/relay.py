"""The Lambda that reads the stream of changes: puts each on the queues of its consumers."""

from os import environ

from alerta_utec.adapters.aws.dynamodb.headers import header_from_image
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.relay import relay_queues
from alerta_utec.handlers.relay import Relay

handler = lambda_handler(Relay(header_from_image, relay_queues(environ)).handle)
