"""The Lambda of the route ``ping``: returns the feed's position."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.heartbeat import HEARTBEAT_S
from alerta_utec.deployments.aws.services.asking import asking_limit
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.incidents import incident_store
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import FeedServices, Ping

dynamodb = clients.dynamodb()
services = FeedServices(
    connections=connection_store(dynamodb, environ),
    sign_in=sign_in.is_on(environ),
    store=incident_store(dynamodb, environ),
    metrics=embedded_metrics(environ),
    asking=asking_limit(),
    heartbeat_s=HEARTBEAT_S,
)
handler = lambda_handler(MessageRoute.two_way(Ping.over(services), services).handle)
