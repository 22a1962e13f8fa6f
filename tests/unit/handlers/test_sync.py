"""``sync``, fed with events."""

import json
from typing import Any

import pytest

from tests import events
from tests.support.incidents import incident
from tests.unit.handlers.conftest import ServiceOverFakes


def ask(service: ServiceOverFakes, **message: Any) -> dict[str, Any]:
    """The answer to one ``sync``."""
    body = json.dumps({"action": "sync", "requestId": "s-1", **message})
    response = service.sync(events.message("sync", body))
    answer: dict[str, Any] = json.loads(response["body"])
    return answer


def test_sync_without_a_position_returns_a_snapshot_of_open_incidents(
    service: ServiceOverFakes,
) -> None:
    service.submit(incident(incidentId="abierto"))
    service.submit(incident(incidentId="cerrado", status="resuelto"))

    answer = json.loads(service.sync(events.load("sync"))["body"])

    assert [found["incidentId"] for found in answer.pop("incidents")] == ["abierto"]
    assert answer == {
        "type": "sync",
        "position": str(service.store.position()),
        "more": False,
        "reset": True,
        "requestId": "s-1",
    }


def test_sync_with_a_position_returns_only_later_changes(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="antes"))
    since = str(service.store.position())
    service.submit(incident(incidentId="despues"))

    answer = ask(service, since=since)

    assert [found["incidentId"] for found in answer["incidents"]] == ["despues"]
    assert answer["incidents"][0] == service.store.get("despues").to_json()
    assert answer["position"] == str(service.store.position())
    assert (answer["more"], answer["reset"]) == (False, False)


def test_a_position_of_another_epoch_resets(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="uno"))

    answer = ask(service, since="0123456789ab:1")

    assert answer["reset"] is True
    assert [found["incidentId"] for found in answer["incidents"]] == ["uno"]


@pytest.mark.parametrize("since", ["", "x", "a:", ":1", "a:-1", "a:01", 5, ["a:1"], {}, "ñ:1"])
def test_a_malformed_position_is_refused(service: ServiceOverFakes, since: object) -> None:
    answer = ask(service, since=since)

    assert answer["code"] == "invalid_request"
    assert answer["errors"][0]["field"] == "since"
    assert answer["requestId"] == "s-1"


@pytest.mark.parametrize("cursor", ["", "x", 5, "a" * 81, "a:1:2:3"])
def test_a_malformed_cursor_is_refused(service: ServiceOverFakes, cursor: object) -> None:
    answer = ask(service, cursor=cursor)

    assert answer["code"] == "invalid_request"
    assert answer["errors"][0]["field"] == "cursor"


def test_a_snapshot_of_many_incidents_is_paged_by_its_cursor(
    service: ServiceOverFakes,
) -> None:
    for number in range(250):
        service.submit(incident(incidentId=f"i{number}"))

    answers = [ask(service)]
    while answers[-1]["more"]:
        answers.append(ask(service, cursor=answers[-1]["cursor"]))

    names = [found["incidentId"] for answer in answers for found in answer["incidents"]]
    assert names == [f"i{number}" for number in reversed(range(250))]
    assert [answer["reset"] for answer in answers] == [True, False, False]
    assert {answer["position"] for answer in answers} == {str(service.store.position())}
