"""``sync``: the changes that a client missed."""

from typing import Any

from tests.conformance.targets import Target
from tests.support.incidents import incident
from tests.support.wsclient import Frame, WsClient

FRAME_MAX_BYTES = 100_000


def drain(client: WsClient, **message: Any) -> list[Frame]:
    """Return every page, as a client requests them."""
    pages = [client.request({"action": "sync", **message})]
    while pages[-1]["more"]:
        last = pages[-1]
        following = {"cursor": last["cursor"]} if "cursor" in last else {"since": last["position"]}
        pages.append(client.request({"action": "sync", **following}))
    return pages


def test_a_client_that_was_away_gets_the_changes_it_missed_and_no_more(
    target: Target, client: WsClient
) -> None:
    client.notify(incident())
    since = client.ping()["position"]
    missed = [client.notify(incident())["incidentId"] for _ in range(3)]

    with target.connect() as back:
        pages = drain(back, since=since)
        position = back.ping()["position"]

    found = [entry["incidentId"] for page in pages for entry in page["incidents"]]
    assert not any(page["reset"] for page in pages)
    if target.shared:
        assert set(missed) <= set(found)
    else:
        assert found == missed
        assert pages[-1]["position"] == position


def test_a_client_that_missed_nothing_gets_an_empty_page(target: Target, client: WsClient) -> None:
    since = client.ping()["position"]

    answer = client.request({"action": "sync", "since": since})

    assert answer.keys() == {"type", "incidents", "position", "more", "reset", "requestId"}
    if not target.shared:
        assert (answer["incidents"], answer["position"]) == ([], since)
    assert not answer["reset"]


def test_a_position_of_another_epoch_gets_a_fresh_snapshot(client: WsClient) -> None:
    client.notify(incident())

    answer = client.request({"action": "sync", "since": "abcdefabcdef:1"})

    assert answer["reset"]
    assert answer["incidents"]


def test_a_malformed_position_is_an_invalid_request(client: WsClient) -> None:
    answer = client.request({"action": "sync", "since": "ayer"})

    assert answer["code"] == "invalid_request"
    assert [problem["field"] for problem in answer["errors"]] == ["since"]


def test_incidents_from_sync_equal_their_broadcasts(client: WsClient) -> None:
    since = client.ping()["position"]
    name = client.notify(incident(aula="ñ", niveles=[1, {"a": None}]))["incidentId"]
    update = client.wait_update(name)

    pages = drain(client, since=since)

    assert update["incident"] in [found for page in pages for found in page["incidents"]]


def test_a_sync_without_a_position_returns_the_open_incidents(client: WsClient) -> None:
    opened = client.notify(incident())["incidentId"]
    closed = client.notify(incident(status="resuelto"))["incidentId"]

    pages = drain(client)

    assert pages[0]["reset"] is True
    assert not any(page["reset"] for page in pages[1:])
    state = {found["incidentId"]: found for page in pages for found in page["incidents"]}
    assert opened in state
    assert state.get(closed, {"status": "resuelto"})["status"] == "resuelto"


def test_pages_stay_under_100_kb_and_leave_nothing_out(target: Target, client: WsClient) -> None:
    since = client.ping()["position"]
    big = "ñ" * 4000
    sent = [client.notify(incident(description=big))["incidentId"] for _ in range(15)]

    with target.connect() as back:
        pages = drain(back, since=since)
        longest = max(len(text.encode()) for text in back.texts)

    found = [incident["incidentId"] for page in pages for incident in page["incidents"]]
    assert len(pages) > 1
    assert [name for name in found if name in sent] == sent
    assert longest < FRAME_MAX_BYTES
