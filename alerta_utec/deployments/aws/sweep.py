"""The Lambda that runs each minute: closes expired connections."""

from collections.abc import Mapping
from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.connections_api.client import connections_http
from alerta_utec.adapters.aws.connections_api.sweep import Sweep
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.metrics import embedded_metrics

sweep = Sweep(
    clients.dynamodb(),
    environ["CONNECTIONS_TABLE"],
    connections_http(environ["MANAGEMENT_ENDPOINT"], keep=1),
    SystemClock(),
    embedded_metrics(environ),
)


def handle(_event: object, _context: object) -> Mapping[str, int]:
    """Run once; the schedule's event has no content."""
    return sweep.close_expired()


handler = lambda_handler(handle)
