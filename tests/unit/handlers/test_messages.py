"""``notify``, ``ping`` and ``$default``, fed with events."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from alerta_utec import wire
from alerta_utec.domain.errors import ERRORS, AlertaError, TooLarge, UnknownAction
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.handlers.messages import ClientMessage, MessageRoute
from alerta_utec.handlers.routes import ACTIONS
from tests import events
from tests.support.incidents import SEED_INCIDENT, incident
from tests.unit.handlers.conftest import ServiceOverFakes


@dataclass
class Raises:
    """An action that fails."""

    error: Exception

    def respond(self, message: ClientMessage) -> str | None:
        raise self.error


class NoLanguages:
    """``Languages`` that know no connection."""

    def lang(self, _connection_id: str) -> Lang:
        return DEFAULT_LANG


def refusals() -> list[AlertaError]:
    """One of each error."""
    special = {TooLarge: TooLarge(5), UnknownAction: UnknownAction(ACTIONS)}
    return [special.get(kind) or kind() for kind in ERRORS]


def test_the_seeds_message_is_stored_without_a_response(service: ServiceOverFakes) -> None:
    response = service.notify(events.load("notify"))

    assert response == {"statusCode": 200}
    assert service.posted == []
    [change] = service.store.changes(after_seq=0, limit=10)
    assert SEED_INCIDENT.items() <= change.after.to_json().items()


def test_a_message_with_a_request_id_gets_its_ack_posted(service: ServiceOverFakes) -> None:
    answer = service.submit(incident(incidentId="aula-1"))

    assert answer == {
        "type": "ack",
        "action": "notify",
        "incidentId": "aula-1",
        "seq": 1,
        "revision": 1,
        "duplicate": False,
        "requestId": "r",
    }
    assert service.store.get("aula-1").seq == 1


def test_a_repeat_is_acked_as_a_duplicate(service: ServiceOverFakes) -> None:
    answers = [service.submit(incident(), idempotencyKey="k") for _ in range(2)]

    assert answers[1] == answers[0] | {"duplicate": True}
    assert service.store.position().seq == 1


def test_an_accepted_message_whose_ack_cannot_be_posted_stays_stored(
    service: ServiceOverFakes,
) -> None:
    body = json.dumps({"action": "notify", "incident": incident(), "requestId": "r"})
    service.poster.down = True

    response = service.notify(events.message("notify", body))

    assert response == {"statusCode": 200}
    assert service.store.position().seq == 1


def test_a_refused_message_without_request_id_gets_a_response(
    service: ServiceOverFakes,
) -> None:
    service.notify(events.message("notify", '{"action":"notify","incident":{}}'))

    [error] = service.posted
    assert (error["type"], error["code"]) == ("error", "invalid_incident")
    assert "requestId" not in error
    assert service.store.position().seq == 0


def test_a_ping_is_answered_in_the_response(service: ServiceOverFakes) -> None:
    service.connect(events.load("connect"))
    service.submit(incident())

    response = service.ping(events.load("ping"))

    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {
        "type": "pong",
        "position": str(service.store.position()),
        "expiresAt": "2025-11-16T20:12:00.148Z",
        "connectionId": "BFHPhfCWIAMCKlQ=",
        "requestId": "p-1",
    }


@pytest.mark.parametrize("body", ["hola", "", None, "[]", "\ud800", "[" * 100_000])
def test_malformed_json_is_refused_as_bad_json(service: ServiceOverFakes, body: str | None) -> None:
    response = service.default(events.message("default", body))

    code = json.loads(response["body"])["code"]
    assert code == ("too_large" if len(body or "") > wire.MESSAGE_MAX_BYTES else "bad_json")


def test_the_refusal_of_an_unknown_action_lists_the_actions(service: ServiceOverFakes) -> None:
    body = '{"action":"explode","requestId":"r"}'

    response = service.default(events.message("default", body))

    frame = json.loads(response["body"])
    assert (frame["code"], frame["requestId"]) == ("unknown_action", "r")
    assert frame["actions"] == list(ACTIONS)


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.code)
def test_each_error_becomes_its_frame(refusal: AlertaError) -> None:
    route = MessageRoute(Raises(refusal), NoLanguages())

    response = route.handle(events.load("ping"))

    frame = json.loads(response["body"])
    assert (frame["type"], frame["code"], frame["requestId"]) == ("error", refusal.code, "p-1")
    assert frame["message"]


def test_an_unexpected_error_is_internal_and_its_text_stays_hidden(
    caplog: pytest.LogCaptureFixture,
) -> None:
    route = MessageRoute(Raises(ValueError("the password is 1234")), NoLanguages())

    response = route.handle(events.load("ping"))

    assert response["statusCode"] == 200
    assert json.loads(response["body"])["code"] == "internal"
    assert "1234" not in response["body"]
    assert "failed" in caplog.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("requestId", ""), ("requestId", "x" * 65), ("requestId", 1), ("idempotencyKey", "x" * 201)],
)
def test_a_bad_field_around_the_incident_stores_nothing(
    service: ServiceOverFakes, field: str, value: Any
) -> None:
    answer = service.submit(incident(), **{field: value})

    assert answer["code"] == "invalid_request"
    assert [problem["field"] for problem in answer["errors"]] == [field]
    assert service.store.position().seq == 0


@pytest.mark.parametrize("name", ["incident_id", "reported_by", "created_at", "revision_"])
def test_the_servers_fields_cannot_be_set_under_other_names(
    service: ServiceOverFakes, name: str
) -> None:
    answer = service.submit(incident(**{name: "2001-01-01T00:00:00Z"}))

    stored = service.store.get(answer["incidentId"])
    assert stored.reported_by is None
    assert stored.created_at == service.clock.now()
    assert stored.extras == {name: "2001-01-01T00:00:00Z"}
