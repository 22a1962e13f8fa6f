"""The Python client: the feed and reports with asyncio, the HTTP API with and without."""

from alerta_utec.client.actions import Timing
from alerta_utec.client.answers import Ack, IncidentRecord
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
