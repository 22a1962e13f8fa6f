"""The Lambda of the route ``$disconnect``: deletes a client's connection."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.handlers.connections import Disconnect

handler = lambda_handler(Disconnect(connection_store(clients.dynamodb(), environ)).handle)
