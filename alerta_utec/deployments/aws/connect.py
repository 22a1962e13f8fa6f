"""The Lambda of the route ``$connect``: registers a client."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments.aws.allowed_origins import origins
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.asking import asking_limit
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.signing_in import authenticator
from alerta_utec.handlers.connections import Connect, ConnectServices

dynamodb = clients.dynamodb()
services = ConnectServices(
    connections=connection_store(dynamodb, environ),
    authenticator=authenticator(dynamodb, environ),
    origins=origins(environ),
    metrics=embedded_metrics(environ),
    asking=asking_limit(),
)
handler = lambda_handler(Connect.over(services).handle)
