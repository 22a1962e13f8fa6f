"""``notify``: an incident is stored, acknowledged and broadcast."""

from contextlib import ExitStack

from alerta_utec.domain.change import Position
from alerta_utec.domain.values import parse_time
from tests.conformance.targets import Target
from tests.support.incidents import SEED_INCIDENT, SEED_MESSAGE, has, incident, unique
from tests.support.wsclient import WsClient

Pair = tuple[WsClient, WsClient]


def test_the_seeds_message_reaches_both_clients_and_the_sender_gets_nothing_else(
    target: Target, clients: Pair
) -> None:
    sender, listener = clients

    sender.send_text(SEED_MESSAGE)

    told = [client.wait(lambda frame: has(frame, SEED_INCIDENT)) for client in clients]
    assert told[0] == told[1]
    assert told[0].keys() == {"type", "incident", "position"}
    assert sender.ping()["type"] == "pong"
    assert {frame.get("type") for frame in sender.frames[:-1]} == {"incident_update"}
    assert listener.ping()["type"] == "pong"
    if not target.shared:
        assert sum(has(frame, SEED_INCIDENT) for frame in sender.frames) == 1
        assert sum(has(frame, SEED_INCIDENT) for frame in listener.frames) == 1


def test_an_ack_has_exactly_the_fields_of_the_protocol(client: WsClient) -> None:
    ack = client.notify(incident(incidentId=(wanted := unique())))

    assert ack == {
        "type": "ack",
        "action": "notify",
        "incidentId": wanted,
        "seq": ack["seq"],
        "revision": 1,
        "duplicate": False,
        "requestId": ack["requestId"],
    }
    assert type(ack["seq"]) is int


def test_a_broadcast_has_the_acknowledged_incident(clients: Pair) -> None:
    sender, listener = clients

    ack = sender.notify(incident(description="Se quemó el foco ñandú 🔥", piso=3, nota=None))

    update = listener.wait_update(ack["incidentId"])
    stored = update["incident"]
    assert stored["seq"] == ack["seq"]
    assert stored["revision"] == ack["revision"] == 1
    assert Position.parse(update["position"]).seq == ack["seq"]
    assert stored["description"] == "Se quemó el foco ñandú 🔥"
    assert stored["piso"] == 3
    assert stored["status"] == "pendiente"
    assert parse_time(stored["timestamp"]) == parse_time(stored["createdAt"])
    assert stored["createdAt"] == stored["updatedAt"]
    assert "reportedBy" not in stored


def test_the_server_makes_an_id_where_the_caller_gives_none(client: WsClient) -> None:
    acks = [client.notify(incident()) for _ in range(2)]

    first, second = (ack["incidentId"] for ack in acks)
    assert first != second
    assert first[14] == second[14] == "7", "a UUID of version 7"


def test_incidents_are_numbered_in_the_order_in_which_they_are_stored(
    target: Target, client: WsClient
) -> None:
    seqs = [client.notify(incident())["seq"] for _ in range(3)]

    assert seqs == sorted(set(seqs))
    if not target.shared:
        assert seqs == list(range(seqs[0], seqs[0] + 3))


def test_spellings_that_people_type_are_normalised(clients: Pair) -> None:
    sender, listener = clients

    ack = sender.notify(incident(urgency=" ALTA ", status="En atención", type="  fuga   de\ngas "))

    stored = listener.wait_update(ack["incidentId"])["incident"]
    assert (stored["urgency"], stored["status"]) == ("high", "en_atencion")
    assert stored["type"] == "fuga de gas"


def test_a_repeated_incident_id_is_a_duplicate_and_is_broadcast_once(clients: Pair) -> None:
    sender, listener = clients
    report = incident(incidentId=unique())

    first = sender.notify(report)
    again = sender.notify(report)
    marker = sender.notify(incident())

    assert first["duplicate"] is False
    assert again["duplicate"] is True
    assert _without_request(first) | {"duplicate": True} == _without_request(again)
    listener.wait_update(marker["incidentId"])
    assert len(listener.updates(first["incidentId"])) == 1


def test_a_repeated_idempotency_key_is_a_duplicate_and_is_broadcast_once(clients: Pair) -> None:
    sender, listener = clients
    report, key = incident(description=unique()), unique("key")

    first = sender.notify(report, idempotencyKey=key)
    again = listener.notify(report, idempotencyKey=key)
    marker = sender.notify(incident())

    assert first["duplicate"] is False
    assert again["duplicate"] is True
    assert again["incidentId"] == first["incidentId"]
    assert again["seq"] == first["seq"]
    listener.wait_update(marker["incidentId"])
    assert len(listener.updates(first["incidentId"])) == 1


def test_a_repeat_in_another_spelling_is_still_the_same_request(client: WsClient) -> None:
    wanted = unique()

    first = client.notify(incident(incidentId=wanted, urgency="low"))
    again = client.notify(incident(incidentId=wanted, urgency="BAJA"))

    assert (first["duplicate"], again["duplicate"]) == (False, True)


def test_the_same_id_with_other_content_is_a_conflict(clients: Pair) -> None:
    sender, listener = clients
    wanted = unique()
    sender.notify(incident(incidentId=wanted, description="uno"))

    refused = sender.notify(incident(incidentId=wanted, description="otro"))

    assert (refused["type"], refused["code"]) == ("error", "conflict")
    marker = sender.notify(incident())
    listener.wait_update(marker["incidentId"])
    assert [f["incident"]["description"] for f in listener.updates(wanted)] == ["uno"]


def test_the_same_key_with_other_content_is_a_conflict(client: WsClient) -> None:
    key = unique("key")
    client.notify(incident(description="uno"), idempotencyKey=key)

    refused = client.notify(incident(description="otro"), idempotencyKey=key)

    assert (refused["type"], refused["code"]) == ("error", "conflict")


def test_a_client_that_left_does_not_stop_the_broadcast_to_others(target: Target) -> None:
    with target.connect() as stays:
        with target.connect() as leaves:
            leaves.ping()

        ack = stays.notify(incident())

        assert stays.wait_update(ack["incidentId"])["incident"]["seq"] == ack["seq"]


def test_a_burst_from_several_clients_reaches_every_client_once(target: Target) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(target.connect()) for _ in range(4)]
        for number, client in enumerate(clients * 5):
            client.send({"action": "notify", "incident": incident(), "requestId": f"b{number}"})

        acks = [
            client.wait(lambda f, n=number: f.get("requestId") == f"b{n}")  # type: ignore[misc]
            for number, client in enumerate(clients * 5)
        ]

        assert {ack["type"] for ack in acks} == {"ack"}
        for client in clients:
            told = [client.wait_update(ack["incidentId"])["incident"]["seq"] for ack in acks]
            assert told == [ack["seq"] for ack in acks]
            assert all(len(client.updates(ack["incidentId"])) == 1 for ack in acks)
    seqs = sorted(ack["seq"] for ack in acks)
    assert len(set(seqs)) == len(seqs)
    if not target.shared:
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_a_message_in_several_frames_is_one_message(client: WsClient) -> None:
    client.send_fragments(['{"action":"ping",', '"requestId":', '"whole"}'])

    pong = client.wait(lambda frame: frame.get("requestId") == "whole")
    assert pong["type"] == "pong"


def _without_request(frame: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in frame.items() if name != "requestId"}
