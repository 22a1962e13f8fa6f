"""Closing one connection through ``@connections``."""

import logging

from alerta_utec.adapters.aws.connections_api.http import ApiChannel, NoResponse
from alerta_utec.adapters.aws.connections_api.rounds import GONE_STATUSES

log = logging.getLogger(__name__)


def close(channel: ApiChannel, connection_id: str) -> bool:
    """Close the connection; return whether it is closed now. A failure is logged."""
    try:
        response = channel.request("DELETE", connection_id)
    except NoResponse as error:
        log.warning("not_closed", extra={"error_code": str(error)})
        return False
    if response.status == 204 or response.status in GONE_STATUSES:
        return True
    log.warning("not_closed", extra={"error_code": response.error or response.status})
    return False
