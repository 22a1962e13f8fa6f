"""The requests to API Gateway's ``@connections``, which reach open sockets."""

from collections.abc import Mapping

from alerta_utec.adapters.aws.connections_api.client import connections_http
from alerta_utec.adapters.aws.connections_api.poster import THREADS, ConnectionsApiPoster


def poster(environment: Mapping[str, str]) -> ConnectionsApiPoster:
    """Return what sends frames to sockets (``MANAGEMENT_ENDPOINT``)."""
    return ConnectionsApiPoster(connections_http(environment["MANAGEMENT_ENDPOINT"], keep=THREADS))
