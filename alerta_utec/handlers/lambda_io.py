"""What events and responses of the WebSocket API have in common."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Event = Mapping[str, Any]
Response = dict[str, Any]
OK: Mapping[str, Any] = {"statusCode": 200}


def connected_at(context: Mapping[str, Any]) -> datetime:
    """When the connection was opened, by its request context."""
    return datetime.fromtimestamp(context["connectedAt"] / 1000, UTC)


def log_fields(event: Event) -> dict[str, Any]:
    """What the log says of the request that an event is about."""
    context = event.get("requestContext", {})
    names = ("routeKey", "connectionId", "requestId")
    return {f"gateway_{name}": context.get(name) for name in names}
