"""``subscribe`` and filters at the handshake."""

from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.targets import Target
from tests.conformance.test_update import update, wait_revision
from tests.support.incidents import incident, unique
from tests.support.wsclient import Frame, WsClient


def subscribe(client: WsClient, **wanted: Any) -> Frame:
    """Send one ``subscribe`` and return the answer."""
    return client.request({"action": "subscribe", "filter": wanted})


def heard(client: WsClient) -> list[str]:
    """Return the incidents that the client received, in order."""
    updates = [frame for frame in client.frames if frame.get("type") == "incident_update"]
    return [frame["incident"]["incidentId"] for frame in updates]


def report(client: WsClient, **fields: Any) -> str:
    """Report an incident and return its id."""
    return str(client.notify(incident(**fields))["incidentId"])


@pytest.fixture
def place() -> str:
    """Return a place that no other test uses."""
    return unique("Laboratorio Ñ")


def test_a_subscription_is_acked(client: WsClient, place: str) -> None:
    answer = subscribe(client, location=[place])

    assert answer == {"type": "ack", "action": "subscribe", "requestId": answer["requestId"]}


def test_a_subscription_without_a_request_id_is_silent(client: WsClient, place: str) -> None:
    client.send({"action": "subscribe", "filter": {"location": place}})

    client.ping()
    assert [frame["type"] for frame in client.frames] == ["pong"]


@pytest.mark.parametrize(
    ("wanted", "matching", "other"),
    [
        ({"urgency": ["medium", "ALTA"]}, {"urgency": "high"}, {"urgency": "low"}),
        ({"status": "En atención"}, {"status": "en_atencion"}, {"status": "resuelto"}),
        ({"type": ["FUGA  de gas"]}, {"type": "fuga de gas"}, {"type": "fuga"}),
        (
            {"urgency": ["low"], "type": ["humo", "fuego"]},
            {"type": "Fuego"},
            {"type": "fuego", "urgency": "medium"},
        ),
    ],
    ids=str,
)
def test_a_subscriber_gets_only_incidents_that_match_every_field(
    clients: tuple[WsClient, WsClient],
    place: str,
    wanted: dict[str, Any],
    matching: dict[str, Any],
    other: dict[str, Any],
) -> None:
    sender, listener = clients
    subscribe(listener, location=[place.upper()], **wanted)

    unheard = [report(sender, location=place, **other), report(sender, **matching)]
    wanted_id = report(sender, location=place, **matching)

    listener.wait_update(wanted_id)
    sender.wait_update(wanted_id)
    assert heard(listener) == [wanted_id]
    for name in unheard:
        sender.wait_update(name)


def test_a_filter_at_the_handshake_works_like_a_subscription(
    target: Target, client: WsClient, place: str
) -> None:
    comma = f"{place}, piso 2"
    query = urlencode([("urgency", "high,media"), ("location", place), ("location", comma)])
    with target.connect(query) as listener:
        listener.ping()

        report(client, location=place, urgency="low")
        report(client, location="otro", urgency="high")
        first = report(client, location=place, urgency="medium")
        second = report(client, location=comma, urgency="high")

        for name in (first, second):
            listener.wait_update(name)
        assert sorted(heard(listener)) == sorted([first, second])


def test_a_later_subscription_replaces_the_filter_and_an_empty_one_removes_it(
    target: Target, client: WsClient, place: str
) -> None:
    with target.connect(urlencode({"location": "ningún sitio"})) as listener:
        subscribe(listener, location=place)
        first = report(client, location=place)
        listener.wait_update(first)

        subscribe(listener)
        second = report(client)
        listener.wait_update(second)

        listener.request({"action": "subscribe"})
        third = report(client)
        listener.wait_update(third)


@pytest.mark.parametrize(
    "wanted",
    [
        {"urgency": ["urgente"]},
        {"status": "cerrado"},
        {"location": [7]},
        {"location": [""]},
        {"location": "x" * 121},
        {"type": ["t"] * 51},
        {"piso": [3]},
        ["high"],
        "high",
    ],
    ids=lambda wanted: str(wanted)[:25],
)
def test_a_malformed_filter_is_refused_and_the_previous_one_stays(
    clients: tuple[WsClient, WsClient], place: str, wanted: Any
) -> None:
    sender, listener = clients
    subscribe(listener, location=[place])

    refused = listener.request({"action": "subscribe", "filter": wanted})

    assert (refused["type"], refused["code"]) == ("error", "invalid_request")
    assert refused["errors"][0]["field"].startswith("filter")
    report(sender)
    listener.wait_update(wanted_id := report(sender, location=place))
    assert heard(listener) == [wanted_id]


def test_a_handshake_with_a_malformed_filter_is_refused(target: Target) -> None:
    with pytest.raises(InvalidStatus) as refused:
        target.connect("urgency=urgente")

    status = refused.value.response.status_code
    assert status == (403 if target.differs("refused_handshake") else 400)


def test_an_incident_that_leaves_the_filter_is_sent_once_more(
    clients: tuple[WsClient, WsClient], place: str
) -> None:
    sender, listener = clients
    subscribe(listener, location=place, status="pendiente")
    name = report(sender, location=place)
    listener.wait_update(name)

    update(sender, name, status="en_atencion")
    gone = wait_revision(listener, name, 2)
    update(sender, name, note="sigue")
    update(sender, name, status="pendiente")
    back = wait_revision(listener, name, 4)

    assert (gone["status"], back["status"]) == ("en_atencion", "pendiente")
    assert sorted(f["incident"]["revision"] for f in listener.updates(name)) == [1, 2, 4]


def test_sync_applies_the_filter_and_includes_incidents_that_left_it(
    target: Target, client: WsClient, place: str
) -> None:
    left = report(client, location=place)
    since = client.ping()["position"]
    update(client, left, status="resuelto")
    report(client, location="otro")
    new = report(client, location=place)
    never = report(client, location=place, status="resuelto")

    with target.connect(urlencode({"location": place, "status": "pendiente"})) as back:
        page = back.request({"action": "sync", "since": since})

    found = {entry["incidentId"]: entry["status"] for entry in page["incidents"]}
    assert found == {left: "resuelto", new: "pendiente"}
    assert never not in found
    assert page["more"] is False


def test_a_snapshot_applies_the_filter(client: WsClient, place: str) -> None:
    mine = [report(client, location=place) for _ in range(2)]
    report(client)
    subscribe(client, location=place)

    pages = [client.request({"action": "sync"})]
    while pages[-1]["more"]:
        last = pages[-1]
        following = {"cursor": last["cursor"]} if "cursor" in last else {"since": last["position"]}
        pages.append(client.request({"action": "sync", **following}))

    assert pages[0]["reset"]
    found = {entry["incidentId"] for page in pages for entry in page["incidents"]}
    assert found == set(mine)
