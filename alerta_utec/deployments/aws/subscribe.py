"""The Lambda of the route ``subscribe``: changes a client's filter."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.asking import asking_limit
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.sockets import poster
from alerta_utec.handlers.messages import MessageRoute, MessageServices
from alerta_utec.handlers.websocket import Subscribe

services = MessageServices(
    connections=connection_store(clients.dynamodb(), environ),
    sign_in=sign_in.is_on(environ),
    poster=poster(environ),
    metrics=embedded_metrics(environ),
    asking=asking_limit(),
)
handler = lambda_handler(MessageRoute.one_way(Subscribe.over(services), services).handle)
