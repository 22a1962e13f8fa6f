"""The service's operations for scripts and consoles, over the services that the Lambdas use.

Settings come from the same environment variables; each function needs only its own.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from alerta_utec import wire
from alerta_utec.deployments.aws import cold_start, console
from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident, Report

# The package began a cold start; a script is not a Lambda.
cold_start.end()


def save_connection(connection_id: str) -> None:
    """Store a connection that has just opened; it expires by itself after 2 h."""
    console.sessions().open(connection_id, datetime.now(UTC))


def delete_connection(connection_id: str) -> None:
    """Delete a connection; nothing happens if it is unknown."""
    console.connections().delete(connection_id)


def list_connections() -> list[str]:
    """Return the ids of all connections that have not expired, in no order."""
    return [one.connection_id for page in console.connections().pages() for one in page]


def post_to_connection(connection_id: str, message: Mapping[str, Any]) -> bool:
    """Send ``message`` as one JSON frame; return whether the client got it."""
    return console.poster().post([connection_id], wire.encode(message)).delivered == 1


def save_incident(incident: Mapping[str, Any]) -> dict[str, Any]:
    """Store an incident as ``notify`` does; it is broadcast and e-mailed."""
    return console.submit().notify(Report.parse(incident)).change.after.to_json()


def publish_sns(incident: Mapping[str, Any]) -> bool:
    """E-mail a stored incident again; return False if its urgency calls for no e-mail."""
    return console.notifier_at_once().notify(Change(None, Incident.from_json(incident)))
