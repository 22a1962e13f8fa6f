"""A socket whose stored connection is lost: put back without sign-in, refused with it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.policy import Scope
from alerta_utec.ports.connections import Connection
from tests import events
from tests.fakes.authentication import FixedAuthenticator, machine
from tests.unit.handlers.conftest import CONNECTION, ServiceOverFakes
from tests.unit.handlers.test_sessions import CONNECTED_AT

ACTIONS = ("ping", "sync", "subscribe", "notify", "update")


@pytest.fixture
def service() -> ServiceOverFakes:
    """Return the handlers without sign-in at the time of the events, with one incident."""
    service = ServiceOverFakes()
    service.clock.set(CONNECTED_AT + timedelta(minutes=5))
    return with_incident(service)


def with_incident(service: ServiceOverFakes) -> ServiceOverFakes:
    report = {"incidentId": "aula-1", "type": "prueba", "location": "Patio", "urgency": "low"}
    service.submit(report)
    service.connections.delete(CONNECTION)
    service.poster.open[CONNECTION].clear()
    return service


def send(service: ServiceOverFakes, action: str) -> dict[str, Any]:
    """Send the message of this action, and return the response."""
    event = events.load(action)
    event["body"] = json.dumps(json.loads(event["body"]) | {"requestId": "r"})
    response = service.handlers.websocket[action](event, None)
    found: dict[str, Any] = json.loads(response["body"]) if "body" in response else None
    return found or service.posted[-1]


@pytest.mark.parametrize("action", ACTIONS)
def test_without_sign_in_every_message_puts_it_back(service: ServiceOverFakes, action: str) -> None:
    response = send(service, action)

    assert response["type"] != "error"
    kept = service.connections.get(CONNECTION)
    assert kept is not None
    wanted = Filter.parse({"urgency": ["high"]}) if action == "subscribe" else EVERYTHING
    end = CONNECTED_AT + timedelta(hours=2)
    assert kept == Connection(CONNECTION, CONNECTED_AT, end, filter=wanted, restored=True)


@pytest.mark.parametrize("earlier", ACTIONS)
def test_every_pong_of_a_restored_connection_says_so(
    service: ServiceOverFakes, earlier: str
) -> None:
    send(service, earlier)

    pong = send(service, "ping")

    assert pong["restored"] is True
    assert pong["expiresAt"] == "2025-11-16T20:12:00.148Z"


def test_a_pong_of_another_connection_does_not(service: ServiceOverFakes) -> None:
    service.connect(events.load("connect"))

    assert "restored" not in send(service, "ping")


@pytest.mark.parametrize("action", ACTIONS)
def test_with_sign_in_it_is_unauthorized_and_not_put_back(action: str) -> None:
    service = ServiceOverFakes(authenticator=FixedAuthenticator(machine(Scope.FEED)))

    response = send(service, action)

    assert response["code"] == "unauthorized"
    assert service.connected == []


@pytest.mark.parametrize("action", ["ping", "sync", "subscribe"])
def test_one_that_has_expired_is_not_revived(service: ServiceOverFakes, action: str) -> None:
    service.connect(events.load("connect"))
    service.clock.set(CONNECTED_AT + timedelta(hours=2))

    response = send(service, action)

    assert response["code"] == "unauthorized"
    assert service.connections.get(CONNECTION) is None


@pytest.mark.parametrize("action", ["notify", "update"])
def test_a_report_does_not_need_it(service: ServiceOverFakes, action: str) -> None:
    service.connections.down = True

    assert send(service, action)["type"] == "ack"
