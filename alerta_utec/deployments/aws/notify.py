"""The Lambda of the route ``notify``: reports an incident."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.incidents import incident_store, submit_limit
from alerta_utec.deployments.aws.services.sockets import poster
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import Notify, SubmitServices

dynamodb = clients.dynamodb()
services = SubmitServices(
    connections=connection_store(dynamodb, environ),
    sign_in=sign_in.is_on(environ),
    poster=poster(environ),
    store=incident_store(dynamodb, environ),
    clock=SystemClock(),
    limit=submit_limit(dynamodb, environ),
)
handler = lambda_handler(MessageRoute.one_way(Notify.over(services), services).handle)
