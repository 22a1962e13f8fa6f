"""``update`` and ``subscribe``, fed with events."""

import json
from typing import Any

import pytest

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import CallerLimit, Rate
from tests import events
from tests.fakes.clock import ManualClock
from tests.support.incidents import incident
from tests.unit.handlers.conftest import CONNECTION, ServiceOverFakes


def update(service: ServiceOverFakes, **fields: Any) -> dict[str, Any]:
    """The answer to one ``update``."""
    message = {"action": "update", "incidentId": "aula-1", "requestId": "u-1", **fields}
    service.update(events.message("update", json.dumps(message)))
    return service.posted[-1]


def test_an_update_is_acked_with_its_revision(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))

    service.update(events.load("update"))

    assert service.posted[-1] == {
        "type": "ack",
        "action": "update",
        "incidentId": "aula-1",
        "seq": 2,
        "revision": 2,
        "duplicate": False,
        "requestId": "u-1",
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"incidentId": "nadie", "status": "resuelto"}, "not_found"),
        ({"status": "pendiente", "revision": 7}, "conflict"),
        ({"status": "resuelto", "revision": "1"}, "invalid_request"),
        ({"status": "resuelto", "revision": True}, "invalid_request"),
        ({"status": "cerrado"}, "invalid_request"),
        ({}, "invalid_request"),
        ({"incidentId": 7, "status": "resuelto"}, "invalid_request"),
        ({"incidentId": None, "status": "resuelto"}, "invalid_request"),
    ],
)
def test_an_invalid_update_is_refused(
    service: ServiceOverFakes, fields: dict[str, Any], code: str
) -> None:
    service.submit(incident(incidentId="aula-1"))

    answer = update(service, **fields)

    assert (answer["code"], answer["requestId"]) == (code, "u-1")
    assert service.store.get("aula-1").revision == 1


def test_a_resolved_incident_is_reopened_before_it_is_attended(
    service: ServiceOverFakes,
) -> None:
    service.submit(incident(incidentId="aula-1", status="resuelto"))

    assert update(service, status="en_atencion")["code"] == "invalid_transition"


def test_an_update_without_a_request_id_is_silent(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))
    before = len(service.posted)

    message = {"action": "update", "incidentId": "aula-1", "status": "resuelto"}
    service.update(events.message("update", json.dumps(message)))

    assert len(service.posted) == before
    assert service.store.get("aula-1").revision == 2


def test_a_filter_is_stored_with_the_connection(service: ServiceOverFakes) -> None:
    service.connect(events.load("connect"))

    service.subscribe(events.load("subscribe"))

    assert service.posted[-1] == {"type": "ack", "action": "subscribe", "requestId": "b-1"}
    kept = service.connections.get(CONNECTION)
    assert kept is not None
    assert kept.filter.to_json() == {"urgency": ["high"]}


def test_a_malformed_filter_is_refused_and_the_old_one_stays(service: ServiceOverFakes) -> None:
    service.connect(events.load("connect"))
    service.subscribe(events.load("subscribe"))

    body = json.dumps({"action": "subscribe", "filter": {"urgency": ["x"]}, "requestId": "b-2"})
    service.subscribe(events.message("subscribe", body))

    assert service.posted[-1]["code"] == "invalid_request"
    kept = service.connections.get(CONNECTION)
    assert kept is not None
    assert kept.filter.to_json() == {"urgency": ["high"]}


def test_sync_follows_the_filter_and_includes_incidents_that_left_the_view(
    service: ServiceOverFakes,
) -> None:
    service.connect(events.load("connect"))
    service.subscribe(events.message("subscribe", _subscription({"status": ["pendiente"]})))
    service.submit(incident(incidentId="aula-1"))
    since = str(service.store.position())
    service.submit(incident(incidentId="otro", status="resuelto"))
    update(service, status="en_atencion")

    body = json.dumps({"action": "sync", "since": since})
    answer = json.loads(service.sync(events.message("sync", body))["body"])

    assert [found["incidentId"] for found in answer["incidents"]] == ["aula-1"]
    assert answer["position"] == str(service.store.position())


def _subscription(wanted: dict[str, Any]) -> str:
    return json.dumps({"action": "subscribe", "filter": wanted})


def test_refusals_are_in_the_connections_language(service: ServiceOverFakes) -> None:
    event = events.load("connect")
    service.connect(event | {"queryStringParameters": {"lang": "en"}})

    answer = update(service, incidentId="nadie", status="resuelto")

    assert answer["message"] == "It does not exist."


def test_a_caller_over_the_limit_is_refused_with_a_time_to_wait() -> None:
    clock = ManualClock()
    limit = CallerLimit(InProcessRateLimits(), clock, per_connection=Rate(1, 2))
    service = ServiceOverFakes(clock=clock, limit=limit)

    answers = [service.submit(incident()) for _ in range(4)]

    assert [answer.get("code") for answer in answers] == [
        None,
        None,
        "rate_limited",
        "rate_limited",
    ]
    assert answers[-1]["retryAfter"] == 1
    assert service.store.position().seq == 2
