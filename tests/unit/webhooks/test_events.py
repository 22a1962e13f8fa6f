"""What a webhook is told, as the reference packages of both standards read it."""

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
from alerta_utec.webhooks.events import TYPES, Event, event_of, trial
from alerta_utec.webhooks.model import Secret
from tests.contract.builders import T0, creation, update

SOURCE = "/alerta-utec/dev"


def committed(change: Change, seq: int = 1) -> Change:
    return change.committed(Position("e1", seq))


def sent(event: Event, *secrets: Secret) -> dict[str, Any]:
    """The event's headers, sent now: the reference package believes no other time."""
    return dict(event.headers(secrets, datetime.now(UTC)))


def read(event: Event) -> Any:
    """The event, as the reference package of CloudEvents reads it."""
    message = HTTPMessage(sent(event, Secret.new()), event.body)
    return from_http_event(message, JSONFormat())


def test_a_creation_is_told_as_a_cloudevent() -> None:
    change = committed(creation(user="ana", incidentId="inc.1", urgency="high"), 7)

    event = read(event_of(change, source=SOURCE))

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


def test_the_type_tells_what_has_happened() -> None:
    created = committed(creation())
    attended = committed(update(created.after, status=Status.EN_ATENCION), 2)
    resolved = committed(update(attended.after, status=Status.RESUELTO, note="ya está"), 3)
    noted = committed(update(resolved.after, note="informe"), 4)

    types = [
        read(event_of(change, source=SOURCE)).get_type().rpartition(".")[2]
        for change in (created, attended, resolved, noted)
    ]

    assert types == ["created", "updated", "resolved", "updated"]


def test_nobody_is_named() -> None:
    created = committed(creation(user="ana"))
    noted = committed(update(created.after, by="luz", note="voy"), 2)

    bodies = [event_of(change, source=SOURCE).body.decode() for change in (created, noted)]

    assert not any(name in body for body in bodies for name in ("ana", "luz", "reportedBy"))
    assert json.loads(bodies[1])["data"]["change"]["note"] == "voy"


def test_a_drill_says_so() -> None:
    told = [
        json.loads(event_of(committed(creation(**fields)), source=SOURCE).body)["data"]["incident"]
        for fields in ({"drill": True}, {})
    ]

    assert told[0]["drill"] is True
    assert "drill" not in told[1]


def test_a_change_has_one_id_however_often_it_is_sent_and_no_other_change_has_it() -> None:
    base = creation(incidentId="a.1")
    others = [
        creation(incidentId="a-1"),
        creation(incidentId="a"),
        update(base.after),
        update(base.after, at=T0),
        creation(at=datetime(2035, 1, 1, tzinfo=UTC), incidentId="a.1"),
    ]

    ids = [event_of(committed(change), source=SOURCE).event_id for change in (base, *others)]

    again = event_of(base.committed(Position("otra", 9)), source=SOURCE)
    assert again.event_id == ids[0]
    assert len(set(ids)) == len(ids)
    assert all(own.startswith("msg_") and own[4:].isalnum() for own in ids)


def test_the_body_is_the_same_at_each_try() -> None:
    change = committed(creation())

    assert event_of(change, source=SOURCE) == event_of(change, source=SOURCE)


def test_a_receiver_with_the_secret_believes_it() -> None:
    own = Secret.new()
    event = event_of(committed(creation(location="Baño 2º")), source=SOURCE)

    read_back = Receiver(own.value).verify(event.body, sent(event, own))

    assert read_back == json.loads(event.body)


def test_during_a_rotation_receivers_with_either_secret_believe_it() -> None:
    new, old = Secret.new(), Secret.new()
    event = event_of(committed(creation()), source=SOURCE)
    headers = sent(event, new, old)

    for own in (new, old):
        assert Receiver(own.value).verify(event.body, headers)

    assert headers["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize("touched", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_a_receiver_believes_nothing_that_was_touched(touched: str) -> None:
    own = Secret.new()
    event = event_of(committed(creation()), source=SOURCE)
    headers, body = sent(event, own), event.body
    if touched == "body":
        body = body.replace(b"Laboratorio A", b"Laboratorio B")
    elif touched == "webhook-id":
        headers["webhook-id"] += "0"
    elif touched == "webhook-timestamp":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) - 1)
    receiver = Receiver(Secret.new().value if touched == "secret" else own.value)

    with pytest.raises(WebhookVerificationError):
        receiver.verify(body, headers)


def test_the_signature_is_that_of_a_known_vector() -> None:
    own = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    event = Event("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')

    headers = event.headers([own], datetime.fromtimestamp(1614265330, UTC))

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_trial_tells_of_nothing_and_is_new_each_time() -> None:
    trials = [trial("w1", source=SOURCE, at=T0) for _ in range(2)]

    event = read(trials[0])

    assert event.get_type() == "pe.edu.utec.alerta.webhook.test"
    assert event.get_data() == {"webhookId": "w1"}
    assert trials[0].event_id != trials[1].event_id
    assert "." not in trials[0].event_id


def test_types_are_of_the_letters_that_both_standards_take() -> None:
    assert all(part.isidentifier() for kind in TYPES for part in kind.split("."))
