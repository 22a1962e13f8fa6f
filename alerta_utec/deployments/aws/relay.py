"""The Lambda that reads the stream of changes: puts each on the queues of its consumers."""

from os import environ

from alerta_utec.adapters.aws.dynamodb.headers import header_from_image, is_restored
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.probes import probed
from alerta_utec.deployments.aws.services.relay import relay_queues
from alerta_utec.handlers.relay import Relay
from alerta_utec.handlers.stream import WithoutCopies

relay = Relay(header_from_image, relay_queues(environ))
handler = lambda_handler(probed(WithoutCopies(is_restored, relay), environ).handle)
