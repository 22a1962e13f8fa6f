"""The events that API Gateway passes to Lambda, made from local sockets and requests.

Shapes: API Gateway developer guide, "Set up proxy integrations" for WebSocket and "Payload
format version 2.0" for HTTP APIs; the tests compare them with recorded events.
"""

import base64
import time
from binascii import b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from alerta_utec.domain.ids import random_bytes

LambdaEvent = dict[str, Any]
API_ID = "alertautec"


def new_id() -> str:
    """Return an id like API Gateway's for connections, requests and messages.

    16 characters of base64, the last one ``=``: 88 random bits.
    """
    return b2a_base64(random_bytes(11), newline=False).decode()


@dataclass(frozen=True, slots=True)
class ClientContext:
    """The fields that all events of one connection share; ``connected_at_ms`` since the epoch."""

    connection_id: str
    connected_at_ms: int
    source_ip: str
    user_agent: str | None
    domain: str
    stage: str

    def identity(self) -> dict[str, str]:
        """Return the ``identity`` of the request context: address and user agent."""
        identity = {"sourceIp": self.source_ip}
        return identity if self.user_agent is None else {"userAgent": self.user_agent, **identity}


def now_ms() -> int:
    """Return the current time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def connect_event(
    client: ClientContext, headers: Sequence[tuple[str, str]], query: str
) -> LambdaEvent:
    """Return the event of ``$connect``: the handshake's headers and query string."""
    event: LambdaEvent = {
        "headers": dict(headers),
        "multiValueHeaders": _many(headers),
        "requestContext": _context(client, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }
    if pairs := parse_qsl(query, keep_blank_values=True):
        event["queryStringParameters"] = dict(pairs)
        event["multiValueQueryStringParameters"] = _many(pairs)
    return event


def message_event(client: ClientContext, route_key: str, body: str) -> LambdaEvent:
    """Return the event of a message: it has no headers, and alone has a ``messageId``."""
    context = _context(client, route_key, "MESSAGE")
    context["messageId"] = new_id()
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(client: ClientContext, code: int, reason: str) -> LambdaEvent:
    """Return the event of ``$disconnect``, with the close code and reason."""
    context = _context(client, "$disconnect", "DISCONNECT")
    context |= {"disconnectStatusCode": code, "disconnectReason": reason}
    headers = [("Host", client.domain), ("x-api-key", ""), ("X-Forwarded-For", "")]
    headers.append(("x-restapi", ""))
    return {
        "headers": dict(headers),
        "multiValueHeaders": _many(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def http_event(
    route_key: str,
    parameters: Mapping[str, str],
    *,
    path: str,
    query: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    source_ip: str,
) -> LambdaEvent:
    """Return the event of an HTTP API request, payload format 2.0."""
    joined = _joined((name.lower(), value) for name, value in headers)
    event: LambdaEvent = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined,
        "requestContext": _http_context(route_key, path, joined, source_ip),
        "isBase64Encoded": bool(body),
    }
    if pairs := parse_qsl(query, keep_blank_values=True):
        event["queryStringParameters"] = _joined(pairs)
    if parameters:
        event["pathParameters"] = dict(parameters)
    if body:
        event["body"] = base64.b64encode(body).decode()
    return event


def _http_context(
    route_key: str, path: str, headers: Mapping[str, str], source_ip: str
) -> LambdaEvent:
    epoch_ms = now_ms()
    domain = headers.get("host", "")
    return {
        "accountId": "000000000000",
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": route_key.partition(" ")[0],
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": new_id(),
        "routeKey": route_key,
        "stage": "$default",
        "time": _common_log_time(epoch_ms // 1000),
        "timeEpoch": epoch_ms,
    }


def _context(client: ClientContext, route_key: str, event_type: str) -> LambdaEvent:
    request_id = new_id()
    epoch_ms = now_ms()
    return {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": _common_log_time(epoch_ms // 1000),
        "messageDirection": "IN",
        "stage": client.stage,
        "connectedAt": client.connected_at_ms,
        "requestTimeEpoch": epoch_ms,
        "identity": client.identity(),
        "requestId": request_id,
        "domainName": client.domain,
        "connectionId": client.connection_id,
        "apiId": API_ID,
    }


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(4)
def _common_log_time(epoch_s: int) -> str:
    """Return the time in the Common Log Format; cached, as all events of a second share it."""
    moment = datetime.fromtimestamp(epoch_s, UTC)
    return f"{moment:%d}/{_MONTHS[moment.month - 1]}/{moment:%Y:%H:%M:%S %z}"


def _many(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    return many


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _many(pairs).items()}
