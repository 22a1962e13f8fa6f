"""``update``: an incident changes for every client, and its history shows how."""

import threading
from typing import Any

import pytest

from alerta_utec.domain.policy import TRANSITIONS
from alerta_utec.domain.values import Status
from tests.conformance.targets import Target
from tests.support.incidents import incident, unique
from tests.support.wsclient import Frame, WsClient

Pair = tuple[WsClient, WsClient]


def update(client: WsClient, incident_id: str, **fields: Any) -> Frame:
    """Send one ``update`` and return the answer."""
    return client.request({"action": "update", "incidentId": incident_id, **fields})


def wait_revision(client: WsClient, incident_id: str, revision: int) -> Frame:
    """Wait for the broadcast of that revision and return its incident."""
    told = client.wait(
        lambda frame: (
            frame.get("type") == "incident_update"
            and frame["incident"]["incidentId"] == incident_id
            and frame["incident"]["revision"] == revision
        )
    )
    return dict(told["incident"])


@pytest.fixture
def opened(client: WsClient) -> str:
    """Report an incident of low urgency and return its id."""
    return str(client.notify(incident(incidentId=unique()))["incidentId"])


def test_an_update_is_acked_and_broadcast(clients: Pair) -> None:
    sender, listener = clients
    created = sender.notify(incident(piso=3))
    name = created["incidentId"]

    ack = update(sender, name, status="En Atención", urgency="alta", note="Voy")

    assert ack == {
        "type": "ack",
        "action": "update",
        "incidentId": name,
        "seq": ack["seq"],
        "revision": 2,
        "duplicate": False,
        "requestId": ack["requestId"],
    }
    assert ack["seq"] > created["seq"]
    first = wait_revision(listener, name, 1)
    told = [wait_revision(client, name, 2) for client in clients]
    assert told[0] == told[1]
    changed = {"status": "en_atencion", "urgency": "high", "revision": 2, "seq": ack["seq"]}
    assert told[0] == first | changed | {"updatedAt": told[0]["updatedAt"]}
    assert told[0]["updatedAt"] > first["updatedAt"]


def test_the_history_has_every_step_with_its_note(
    target: Target, client: WsClient, opened: str
) -> None:
    update(client, opened, status="en_atencion", note="Voy\r\nya")
    update(client, opened, note="Hace falta un plomero")
    update(client, opened, status="resuelto", urgency="medium")

    shown = target.get(f"/incidents/{opened}").json()

    assert shown["incident"]["status"] == "resuelto"
    assert [entry["revision"] for entry in shown["history"]] == [1, 2, 3, 4]
    assert [entry["change"] for entry in shown["history"][1:]] == [
        {"status": ["pendiente", "en_atencion"]},
        {},
        {"status": ["en_atencion", "resuelto"], "urgency": ["low", "medium"]},
    ]
    notes = [entry.get("note") for entry in shown["history"]]
    assert notes == [None, "Voy\nya", "Hace falta un plomero", None]
    times = [entry["at"] for entry in shown["history"]]
    assert times == sorted(times)


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_the_status_moves_as_the_protocol_says(
    client: WsClient, before: Status, after: Status
) -> None:
    name = client.notify(incident(status=before))["incidentId"]

    answer = update(client, name, status=after, note="x")

    if after in TRANSITIONS[before] or after is before:
        assert (answer["type"], answer["revision"]) == ("ack", 2)
    else:
        assert (answer["type"], answer["code"]) == ("error", "invalid_transition")


def test_an_update_made_from_an_old_revision_is_a_conflict(clients: Pair) -> None:
    one, other = clients
    name = one.notify(incident())["incidentId"]
    update(one, name, status="en_atencion", revision=1)

    refused = update(other, name, status="resuelto", revision=1)
    taken = update(other, name, status="resuelto", revision=2)

    assert refused["code"] == "conflict"
    assert taken["revision"] == 3


def test_an_update_that_changes_nothing_is_a_duplicate_and_is_not_broadcast(
    clients: Pair,
) -> None:
    sender, listener = clients
    name = sender.notify(incident())["incidentId"]
    first = update(sender, name, status="en_atencion")

    again = update(listener, name, status="en_atencion")
    last = update(sender, name, note="fin")

    assert (again["duplicate"], again["revision"], again["seq"]) == (True, 2, first["seq"])
    assert last["revision"] == 3
    wait_revision(listener, name, 3)
    told = [frame["incident"]["revision"] for frame in listener.updates(name)]
    assert sorted(told) == [1, 2, 3]


def test_people_who_press_the_same_button_at_once_all_succeed(target: Target, opened: str) -> None:
    answers: list[Frame] = []

    def press() -> None:
        with target.connect() as mine:
            answers.append(update(mine, opened, status="resuelto"))

    threads = [threading.Thread(target=press) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer["type"] for answer in answers] == ["ack"] * 5
    assert {answer["revision"] for answer in answers} == {2}
    assert sorted(answer["duplicate"] for answer in answers) == [False, True, True, True, True]


def test_an_update_without_a_request_id_is_answered_by_the_broadcast_alone(
    client: WsClient, opened: str
) -> None:
    client.send({"action": "update", "incidentId": opened, "status": "resuelto"})

    assert wait_revision(client, opened, 2)["status"] == "resuelto"
    client.ping()
    assert not [frame for frame in client.frames if frame.get("action") == "update"]


@pytest.mark.parametrize(
    ("fields", "code", "wrong"),
    [
        ({}, "invalid_request", ["status", "urgency", "note"]),
        ({"status": None}, "invalid_request", ["status", "urgency", "note"]),
        ({"status": "cerrado", "urgency": 7}, "invalid_request", ["status", "urgency"]),
        ({"note": ""}, "invalid_request", ["note"]),
        ({"note": "ñ" * 2001}, "invalid_request", ["note"]),
        ({"note": {"a": 1}}, "invalid_request", ["note"]),
        ({"status": "resuelto", "revision": 0}, "invalid_request", ["revision"]),
        ({"status": "resuelto", "revision": "1"}, "invalid_request", ["revision"]),
        ({"status": "resuelto", "revision": 1.0}, "invalid_request", ["revision"]),
        ({"status": "resuelto", "revision": 10**30}, "invalid_request", ["revision"]),
        ({"status": "resuelto", "incidentId": None}, "invalid_request", ["incidentId"]),
        ({"status": "resuelto", "incidentId": 5}, "invalid_request", ["incidentId"]),
        ({"status": "resuelto", "incidentId": "x" * 65}, "invalid_request", ["incidentId"]),
        ({"status": "resuelto", "incidentId": unique()}, "not_found", None),
        ({"status": "resuelto", "incidentId": "../.."}, "not_found", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_invalid_update_is_refused_and_changes_nothing(
    target: Target,
    client: WsClient,
    opened: str,
    fields: dict[str, Any],
    code: str,
    wrong: list[str] | None,
) -> None:
    answer = client.request({"action": "update", "incidentId": opened} | fields)

    assert (answer["type"], answer["code"]) == ("error", code)
    assert [problem["field"] for problem in answer.get("errors", ())] == (wrong or [])
    assert target.get(f"/incidents/{opened}").json()["incident"]["revision"] == 1


def test_a_note_of_the_greatest_length_is_accepted(client: WsClient, opened: str) -> None:
    assert update(client, opened, note="ñ" * 2000)["type"] == "ack"


def test_a_repeated_report_is_a_duplicate_in_every_later_state_of_its_incident(
    client: WsClient,
) -> None:
    report = incident(incidentId=unique())
    first = client.notify(report)
    update(client, first["incidentId"], status="resuelto")

    again = client.notify(report)

    assert (again["duplicate"], again["revision"], again["seq"]) == (True, 1, first["seq"])
