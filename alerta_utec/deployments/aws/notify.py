"""The Lambda of the route ``notify``: reports an incident."""

from os import environ

from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.submissions import submit_services
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import Notify

services = submit_services(environ)
handler = lambda_handler(MessageRoute.one_way(Notify.over(services), services).handle)
