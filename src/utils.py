"""The service's verbs for scripts and consoles, over what the Lambdas themselves use.

Settings come from the same environment variables; each verb needs only its own.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from alerta_utec import wire
from alerta_utec.deployments.aws.notifications import AwsAlarms
from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident, Report

# What the caller prints stays free of metrics.
_services = AwsAlarms(os.environ, metrics=False)


def save_connection(connection_id: str) -> None:
    """Keep a connection that has just opened; it expires by itself after 2 h."""
    _services.sessions.open(connection_id, datetime.now(UTC))


def delete_connection(connection_id: str) -> None:
    """Forget a connection; nothing happens where it is not known."""
    _services.sessions.close(connection_id)


def list_connections() -> list[str]:
    """The ids of every connection that has not expired, in no order."""
    return [one.connection_id for page in _services.connections.pages() for one in page]


def post_to_connection(connection_id: str, message: Mapping[str, Any]) -> bool:
    """Send ``message`` as one JSON frame; False where the client did not get it."""
    return _services.poster.post([connection_id], wire.encode(message)).delivered == 1


def save_incident(incident: Mapping[str, Any]) -> dict[str, Any]:
    """Take in an incident, as ``notify`` does; what is stored is broadcast and e-mailed."""
    return _services.submit.notify(Report.parse(incident)).change.after.to_json()


def publish_sns(incident: Mapping[str, Any]) -> bool:
    """E-mail a stored incident again; False where its urgency calls for no e-mail."""
    return _services.alarm_at_once.notify(Change(None, Incident.from_json(incident)))
