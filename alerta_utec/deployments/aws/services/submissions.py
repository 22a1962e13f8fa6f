"""What the two Lambdas that submit changes need."""

from collections.abc import Mapping

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments import sign_in
from alerta_utec.deployments.aws.services.connections import connection_store
from alerta_utec.deployments.aws.services.incidents import incident_store, submit_limit
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.sockets import poster
from alerta_utec.handlers.websocket import SubmitServices


def submit_services(environment: Mapping[str, str]) -> SubmitServices:
    """Return the services of ``notify`` and ``update``."""
    dynamodb, metrics = clients.dynamodb(), embedded_metrics(environment)
    return SubmitServices(
        connections=connection_store(dynamodb, environment),
        sign_in=sign_in.is_on(environment),
        poster=poster(environment),
        store=incident_store(dynamodb, environment, metrics),
        metrics=metrics,
        clock=SystemClock(),
        limit=submit_limit(dynamodb, environment),
    )
