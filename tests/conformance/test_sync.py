"""``sync``: what a client missed."""

from tests.conformance.targets import Target
from tests.support.incidents import incident
from tests.support.wsclient import Frame, WsClient

PAGES_MAX = 1000


def sync(client: WsClient, since: str) -> list[Frame]:
    """Every page from a position on."""
    pages: list[Frame] = []
    for _ in range(PAGES_MAX):
        pages.append(client.request({"action": "sync", "since": since}))
        if not pages[-1]["more"]:
            break
        since = pages[-1]["position"]
    return pages


def test_a_client_that_was_away_is_told_what_it_missed_and_no_more(
    target: Target, client: WsClient
) -> None:
    client.notify(incident())
    since = client.ping()["position"]
    missed = [client.notify(incident())["incidentId"] for _ in range(3)]

    with target.connect() as back:
        pages = sync(back, since)
        position = back.ping()["position"]

    found = [entry["incidentId"] for page in pages for entry in page["incidents"]]
    assert not any(page["reset"] for page in pages)
    if target.shared:
        assert set(missed) <= set(found)
    else:
        assert found == missed
        assert pages[-1]["position"] == position


def test_a_client_that_missed_nothing_is_told_so(target: Target, client: WsClient) -> None:
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
