"""The events of webhooks, as the reference packages of both standards read them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.values import Status
from alerta_utec.webhooks.events import (
    EVENT_TYPES,
    WebhookEvent,
    incident_event,
    webhook_test_event,
)
from alerta_utec.webhooks.formats import ENCODERS, Format
from alerta_utec.webhooks.model import Secret, Webhook
from alerta_utec.webhooks.signing import SignedRequest, signature, signed_request
from tests.contract.builders import T0, creation, update, webhook

SOURCE = "/alerta-utec/dev"


def committed(change: Change, seq: int = 1) -> Change:
    return change.committed(Position("e1", seq))


def request_of(event: WebhookEvent, own: Webhook | None = None) -> SignedRequest:
    """Return the event's request, sent now: the reference package accepts no other time."""
    return signed_request(own or webhook(), event, datetime.now(UTC))


def read(event: WebhookEvent) -> Any:
    """Return the event as the reference package of CloudEvents reads it."""
    request = request_of(event, webhook(format="cloudevents"))
    return from_http_event(HTTPMessage(dict(request.headers), request.body), JSONFormat())


def body_of(event: WebhookEvent) -> bytes:
    return request_of(event).body


def test_a_creation_is_sent_as_a_cloudevent() -> None:
    change = committed(creation(user="ana", incidentId="inc.1", urgency="high"), 7)

    event = read(incident_event(change, source=SOURCE))

    assert event.get_specversion() == "1.0"
    assert event.get_type() == "pe.edu.utec.alerta.incident.created"
    assert event.get_source() == SOURCE
    assert event.get_subject() == "inc.1"
    assert event.get_time() == T0
    assert event.get_datacontenttype() == "application/json"
    data = event.get_data()
    assert data["incident"] == change.after.to_json()
    assert data["position"] == "e1:7"
    assert data["change"] == {
        "revision": 1,
        "at": "2035-11-16T18:12:00.123456Z",
        "change": {"status": [None, "pendiente"], "urgency": [None, "high"]},
    }


def test_the_event_type_names_the_kind_of_change() -> None:
    created = committed(creation())
    attended = committed(update(created.after, status=Status.EN_ATENCION), 2)
    resolved = committed(update(attended.after, status=Status.RESUELTO, note="ya está"), 3)
    noted = committed(update(resolved.after, note="informe"), 4)

    types = [
        read(incident_event(change, source=SOURCE)).get_type().rpartition(".")[2]
        for change in (created, attended, resolved, noted)
    ]

    assert types == ["created", "updated", "resolved", "updated"]


def test_no_event_contains_a_personal_name() -> None:
    created = committed(creation(user="ana"))
    noted = committed(update(created.after, by="luz", note="voy"), 2)

    bodies = [
        body_of(incident_event(change, source=SOURCE)).decode() for change in (created, noted)
    ]

    assert not any(name in body for body in bodies for name in ("ana", "luz", "reportedBy"))
    assert json.loads(bodies[1])["data"]["change"]["note"] == "voy"


def test_the_event_of_a_drill_is_marked_as_a_drill() -> None:
    incidents = [
        json.loads(body_of(incident_event(committed(creation(**fields)), source=SOURCE)))["data"][
            "incident"
        ]
        for fields in ({"drill": True}, {})
    ]

    assert incidents[0]["drill"] is True
    assert "drill" not in incidents[1]


def test_each_change_has_one_event_id_of_its_own() -> None:
    base = creation(incidentId="a.1")
    others = [
        creation(incidentId="a-1"),
        creation(incidentId="a"),
        update(base.after),
        update(base.after, at=T0),
        creation(at=datetime(2035, 1, 1, tzinfo=UTC), incidentId="a.1"),
    ]

    ids = [incident_event(committed(change), source=SOURCE).event_id for change in (base, *others)]

    again = incident_event(base.committed(Position("otra", 9)), source=SOURCE)
    assert again.event_id == ids[0]
    assert len(set(ids)) == len(ids)
    assert all(own.startswith("msg_") and own[4:].isalnum() for own in ids)


@pytest.mark.parametrize("chosen", list(Format))
def test_the_body_is_the_same_at_each_attempt(chosen: Format) -> None:
    change, own = committed(creation()), webhook(format=chosen.value)

    bodies = {request_of(incident_event(change, source=SOURCE), own).body for _ in range(2)}

    assert len(bodies) == 1


def test_the_content_type_is_the_format_s_and_plain_json_by_default() -> None:
    event = incident_event(committed(creation()), source=SOURCE)
    chosen = [webhook(), webhook(format="json"), webhook(format="cloudevents")]

    requests = [request_of(event, own) for own in chosen]

    assert [request.headers["content-type"] for request in requests] == [
        "application/json",
        "application/json",
        "application/cloudevents+json; charset=utf-8",
    ]
    assert len({request.body for request in requests}) == 1


def test_every_format_has_an_encoder() -> None:
    assert set(ENCODERS) == set(Format)


@pytest.mark.parametrize("chosen", list(Format))
def test_a_receiver_with_the_secret_accepts_the_event(chosen: Format) -> None:
    own = webhook(format=chosen.value)
    request = request_of(
        incident_event(committed(creation(location="Baño 2º")), source=SOURCE), own
    )

    read_back = Receiver(own.secrets[0].value).verify(request.body, dict(request.headers))

    assert read_back == json.loads(request.body)


def test_a_receiver_with_either_secret_of_a_rotation_accepts_the_event() -> None:
    own = webhook().rotated(Secret.new(), datetime.now(UTC))
    request = request_of(incident_event(committed(creation()), source=SOURCE), own)

    for secret in own.secrets:
        assert Receiver(secret.value).verify(request.body, dict(request.headers))

    assert request.headers["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize("touched", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_a_receiver_refuses_an_event_that_was_tampered_with(touched: str) -> None:
    own = webhook()
    request = request_of(incident_event(committed(creation()), source=SOURCE), own)
    headers, body = dict(request.headers), request.body
    if touched == "body":
        body = body.replace(b"Laboratorio A", b"Laboratorio B")
    elif touched == "webhook-id":
        headers["webhook-id"] += "0"
    elif touched == "webhook-timestamp":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) - 1)
    receiver = Receiver(Secret.new().value if touched == "secret" else own.secrets[0].value)

    with pytest.raises(WebhookVerificationError):
        receiver.verify(body, headers)


def test_the_signature_equals_a_known_vector() -> None:
    own = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = signature([own], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_test_event_has_no_incident_and_a_new_id_each_time() -> None:
    events = [webhook_test_event("w1", source=SOURCE, at=T0) for _ in range(2)]

    event = read(events[0])

    assert event.get_type() == "pe.edu.utec.alerta.webhook.test"
    assert event.get_data() == {"webhookId": "w1"}
    assert events[0].event_id != events[1].event_id
    assert "." not in events[0].event_id


def test_event_types_use_only_letters_that_both_standards_allow() -> None:
    assert all(part.isidentifier() for kind in EVENT_TYPES for part in kind.split("."))
