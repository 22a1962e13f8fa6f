"""The shape of Lambda's events and responses, and what the WebSocket handlers read of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

LambdaEvent = Mapping[str, Any]
LambdaResponse = dict[str, Any]
OK: Mapping[str, Any] = {"statusCode": 200}


def connected_at(context: Mapping[str, Any]) -> datetime:
    """Return when the connection was opened, by its request context."""
    return datetime.fromtimestamp(context["connectedAt"] / 1000, UTC)


def source_ip(context: Mapping[str, Any]) -> str | None:
    """Return the client's IP address, by the request context of its message."""
    address = (context.get("identity") or {}).get("sourceIp")
    return address if isinstance(address, str) else None


def log_fields(event: LambdaEvent) -> dict[str, Any]:
    """Return the log fields that identify the request of an event, named as in access logs."""
    context = event.get("requestContext", {})
    fields = {name: context[name] for name in ("connectionId", "requestId") if name in context}
    return {"route": context.get("routeKey") or event.get("routeKey"), **fields}
