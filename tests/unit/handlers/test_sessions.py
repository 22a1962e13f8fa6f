"""``$connect`` and ``$disconnect``."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerta_utec.app.access import NoAuthentication
from alerta_utec.app.sessions import Sessions
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.origins import Origins
from alerta_utec.handlers.connections import Connect
from alerta_utec.ports.connections import Connection
from tests import events
from tests.unit.handlers.conftest import CONNECTION, ServiceOverFakes

CONNECTED_AT = datetime(2025, 11, 16, 18, 12, 0, 148000, UTC)


class ClosedForRepairs:
    """``Connections`` that are not available."""

    def save(self, connection: Connection) -> None:
        raise Unavailable(connection.connection_id)

    def delete(self, connection_id: str) -> None:
        raise Unavailable(connection_id)

    def pages(self) -> None:
        raise Unavailable


def test_a_connection_is_stored_for_two_hours(service: ServiceOverFakes) -> None:
    service.clock.set(CONNECTED_AT)

    response = service.connect(events.load("connect"))

    assert response == {"statusCode": 200}
    [[kept]] = service.connections.pages()
    assert kept.connection_id == CONNECTION
    assert kept.connected_at == CONNECTED_AT
    assert kept.expires_at == CONNECTED_AT + timedelta(hours=2)


def test_a_handshake_with_a_query_string_is_accepted(service: ServiceOverFakes) -> None:
    response = service.connect(events.load("connect_with_query"))

    assert response == {"statusCode": 200}
    assert service.connected == [CONNECTION]


def test_a_handshake_is_refused_while_connections_cannot_be_stored() -> None:
    connect = Connect(Sessions(ClosedForRepairs(), NoAuthentication()), Origins(("*",)))  # type: ignore[arg-type]

    response = connect.handle(events.load("connect"))

    assert response["statusCode"] == 503
    assert json.loads(response["body"])["code"] == "unavailable"


def test_repeated_disconnects_delete_the_connection(
    service: ServiceOverFakes,
) -> None:
    service.connect(events.load("connect"))

    responses = [service.disconnect(events.load("disconnect")) for _ in range(2)]

    assert responses == [{"statusCode": 200}] * 2
    assert service.connected == []


@pytest.mark.parametrize(
    ("origins", "status"),
    [
        (Origins(), 403),
        (Origins(("https://otro.example",)), 403),
        (Origins(("https://panel.example.edu",)), 200),
        (Origins(("*",)), 200),
    ],
)
def test_only_pages_of_allowed_origins_open_sockets(origins: Origins, status: int) -> None:
    service = ServiceOverFakes(origins=origins)
    event = events.load("connect")
    event["multiValueHeaders"]["Origin"] = ["https://panel.example.edu"]

    response = service.connect(event)

    assert response["statusCode"] == status
    assert service.connected == [CONNECTION] * (status == 200)
