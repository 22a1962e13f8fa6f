"""The Python client: talk to the service over WebSocket and HTTP, with asyncio."""

from alerta_utec.client.connection import Connection, Update, connect
from alerta_utec.client.errors import (
    ClientError,
    Disconnected,
    HandshakeRefused,
    NoAnswer,
    Refused,
    UnexpectedAnswer,
    Unreachable,
)
from alerta_utec.client.follow import Connected, Lost, follow
from alerta_utec.client.http import HttpClient, http_client
from alerta_utec.client.submit import notify

__all__ = [
    "ClientError",
    "Connected",
    "Connection",
    "Disconnected",
    "HandshakeRefused",
    "HttpClient",
    "Lost",
    "NoAnswer",
    "Refused",
    "UnexpectedAnswer",
    "Unreachable",
    "Update",
    "connect",
    "follow",
    "http_client",
    "notify",
]
