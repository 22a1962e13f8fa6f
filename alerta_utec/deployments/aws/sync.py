"""The Lambda of the route ``sync``: returns what a client has missed."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.asking import asking_limit
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.incidents import incident_store
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import FeedServices, Sync

dynamodb = clients.dynamodb()
services = FeedServices(
    connections=connection_store(dynamodb, environ),
    sign_in=sign_in.is_on(environ),
    store=incident_store(dynamodb, environ),
    metrics=embedded_metrics(environ),
    asking=asking_limit(),
)
handler = lambda_handler(MessageRoute.two_way(Sync.over(services), services).handle)
