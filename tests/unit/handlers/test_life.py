"""``update`` and ``subscribe``, fed with events."""

import json
from typing import Any

import pytest

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import CallerLimit, Rate
from tests import events
from tests.fakes.clock import ManualClock
from tests.support.incidents import incident
from tests.unit.handlers.conftest import CONNECTION, World


def update(world: World, **fields: Any) -> dict[str, Any]:
    """The answer to one ``update``."""
    message = {"action": "update", "incidentId": "aula-1", "requestId": "u-1", **fields}
    world.update(events.message("update", json.dumps(message)))
    return world.posted[-1]


def test_an_update_is_acked_with_its_revision(world: World) -> None:
    world.submit(incident(incidentId="aula-1"))

    world.update(events.load("update"))

    assert world.posted[-1] == {
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
def test_an_update_that_cannot_be_is_refused(
    world: World, fields: dict[str, Any], code: str
) -> None:
    world.submit(incident(incidentId="aula-1"))

    answer = update(world, **fields)

    assert (answer["code"], answer["requestId"]) == (code, "u-1")
    assert world.store.get("aula-1").revision == 1


def test_a_resolved_incident_is_not_taken_up_without_being_reopened(world: World) -> None:
    world.submit(incident(incidentId="aula-1", status="resuelto"))

    assert update(world, status="en_atencion")["code"] == "invalid_transition"


def test_an_update_without_a_request_id_is_silent(world: World) -> None:
    world.submit(incident(incidentId="aula-1"))
    before = len(world.posted)

    message = {"action": "update", "incidentId": "aula-1", "status": "resuelto"}
    world.update(events.message("update", json.dumps(message)))

    assert len(world.posted) == before
    assert world.store.get("aula-1").revision == 2


def test_a_subscription_is_kept_with_the_connection(world: World) -> None:
    world.connect(events.load("connect"))

    world.subscribe(events.load("subscribe"))

    assert world.posted[-1] == {"type": "ack", "action": "subscribe", "requestId": "b-1"}
    kept = world.connections.get(CONNECTION)
    assert kept is not None
    assert kept.filter.to_json() == {"urgency": ["high"]}


def test_a_filter_that_is_none_is_refused_and_the_old_one_stays(world: World) -> None:
    world.connect(events.load("connect"))
    world.subscribe(events.load("subscribe"))

    body = json.dumps({"action": "subscribe", "filter": {"urgency": ["x"]}, "requestId": "b-2"})
    world.subscribe(events.message("subscribe", body))

    assert world.posted[-1]["code"] == "invalid_request"
    kept = world.connections.get(CONNECTION)
    assert kept is not None
    assert kept.filter.to_json() == {"urgency": ["high"]}


def test_a_subscription_over_a_connection_that_is_gone_is_unauthorized(world: World) -> None:
    world.subscribe(events.load("subscribe"))

    assert world.posted[-1]["code"] == "unauthorized"


def test_sync_keeps_to_the_filter_and_tells_what_has_left_the_view(world: World) -> None:
    world.connect(events.load("connect"))
    world.subscribe(events.message("subscribe", _subscription({"status": ["pendiente"]})))
    world.submit(incident(incidentId="aula-1"))
    since = str(world.store.position())
    world.submit(incident(incidentId="otro", status="resuelto"))
    update(world, status="en_atencion")

    body = json.dumps({"action": "sync", "since": since})
    answer = json.loads(world.sync(events.message("sync", body))["body"])

    assert [found["incidentId"] for found in answer["incidents"]] == ["aula-1"]
    assert answer["position"] == str(world.store.position())


def _subscription(wanted: dict[str, Any]) -> str:
    return json.dumps({"action": "subscribe", "filter": wanted})


def test_refusals_are_told_in_the_connections_language(world: World) -> None:
    event = events.load("connect")
    world.connect(event | {"queryStringParameters": {"lang": "en"}})

    answer = update(world, incidentId="nadie", status="resuelto")

    assert answer["message"] == "It does not exist."


def test_who_submits_too_often_is_told_to_wait() -> None:
    clock = ManualClock()
    limit = CallerLimit(InProcessRateLimits(), clock, per_connection=Rate(1, 2))
    world = World(clock=clock, limit=limit)

    answers = [world.submit(incident()) for _ in range(4)]

    assert [answer.get("code") for answer in answers] == [
        None,
        None,
        "rate_limited",
        "rate_limited",
    ]
    assert answers[-1]["retryAfter"] == 1
    assert world.store.position().seq == 2
