"""The requests to API Gateway's ``@connections``, which reach open sockets."""

from collections.abc import Mapping

from alerta_utec.adapters.aws.connections_api.client import connections_http
from alerta_utec.adapters.aws.connections_api.pace import share_of
from alerta_utec.adapters.aws.connections_api.poster import THREADS, ConnectionsApiPoster


def poster(environment: Mapping[str, str]) -> ConnectionsApiPoster:
    """Return what sends a frame to a socket or a few (``MANAGEMENT_ENDPOINT``)."""
    return ConnectionsApiPoster(connections_http(environment["MANAGEMENT_ENDPOINT"], keep=THREADS))


def broadcast_poster(environment: Mapping[str, str]) -> ConnectionsApiPoster:
    """Return what sends frames to many sockets, at the pace of one worker.

    ``MANAGEMENT_ENDPOINT``; ``REQUEST_QUOTA``: the account's requests a second;
    ``FAN_OUT_WORKERS``: how many send at once, by default one.
    """
    quota, workers = int(environment["REQUEST_QUOTA"]), int(environment.get("FAN_OUT_WORKERS", 1))
    http = connections_http(environment["MANAGEMENT_ENDPOINT"], keep=THREADS)
    return ConnectionsApiPoster(http, pace=share_of(quota, workers))
