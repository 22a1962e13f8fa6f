"""The Python client: the feed over WebSocket (asyncio), and the HTTP API (asyncio or blocking)."""

from alerta_utec.client.actions import Timing
from alerta_utec.client.blocking import AlertaUtec
from alerta_utec.client.client import Client
from alerta_utec.client.connection import Connection, connect
from alerta_utec.client.errors import (
    ClientError,
    Disconnected,
    HandshakeRefused,
    NoAnswer,
    NotUnderstood,
    Refused,
    UnexpectedAnswer,
    Unreachable,
)
from alerta_utec.client.events import (
    CaughtUp,
    Connected,
    Event,
    Lost,
    Renewed,
    Reset,
    Status,
    Update,
)
from alerta_utec.client.http import HttpClient, http_client
from alerta_utec.client.responses import Ack, IncidentRecord
from alerta_utec.client.submit import notify
from alerta_utec.domain.change import Position

__all__ = [
    "Ack",
    "AlertaUtec",
    "CaughtUp",
    "Client",
    "ClientError",
    "Connected",
    "Connection",
    "Disconnected",
    "Event",
    "HandshakeRefused",
    "HttpClient",
    "IncidentRecord",
    "Lost",
    "NoAnswer",
    "NotUnderstood",
    "Position",
    "Refused",
    "Renewed",
    "Reset",
    "Status",
    "Timing",
    "UnexpectedAnswer",
    "Unreachable",
    "Update",
    "connect",
    "http_client",
    "notify",
]
