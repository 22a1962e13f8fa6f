"""The Lambda of the route ``notify``: reports an incident.

A schedule runs it every few minutes, so that the first report after quiet hours finds it loaded.
"""

from os import environ

from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.submissions import submit_services
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.messages import MessageRoute
from alerta_utec.handlers.websocket import Notify

services = submit_services(environ)
route = MessageRoute.one_way(Notify.over(services), services)


def handle(event: LambdaEvent, context: object = None) -> LambdaResponse:
    """Report an incident; do nothing in a run of the schedule, which no client asked for."""
    return route.handle(event, context) if "requestContext" in event else {}


handler = lambda_handler(handle)
