"""The HTTP API's reads."""

import pytest

from tests.conformance.targets import Answer, Target
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.wsclient import DELIVERY_S, WsClient


def listed(target: Target, count: int, **query: str) -> list[str]:
    """Wait until a listing, which may lag, has ``count`` entries and return their ids."""

    def ids() -> list[str]:
        answer = target.get("/incidents", **query)
        assert answer.status == 200
        return [entry["incidentId"] for entry in answer.json()["incidents"]]

    return eventually(
        ids,
        f"{count} incidents in the listing",
        accept=lambda found: len(found) >= count,
        within_s=DELIVERY_S,
        every_s=0.1,
    )


@pytest.fixture
def submitted(client: WsClient) -> tuple[str, list[str]]:
    """Submit five incidents of a type of their own; return the type and their ids in order."""
    kind = unique("Tipo")
    rest = [
        {"urgency": "low", "location": "Ñuble"},
        {"urgency": "medium", "location": "Patio", "status": "en_atencion"},
        {"urgency": "low", "location": "patio"},
        {"urgency": "high", "location": "Patio"},
        {"urgency": "low", "location": "Azotea", "status": "resuelto"},
    ]
    acks = [client.notify(incident(type=kind, **fields)) for fields in rest]
    return kind, [ack["incidentId"] for ack in acks]


def test_incidents_are_listed_from_the_newest_on(
    target: Target, submitted: tuple[str, list[str]]
) -> None:
    kind, ids = submitted

    assert listed(target, 5, type=kind) == ids[::-1]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"urgency": "low"}, [4, 2, 0]),
        ({"urgency": "medium,high"}, [3, 1]),
        ({"urgency": "ALTA"}, [3]),
        ({"status": "pendiente"}, [3, 2, 0]),
        ({"status": "En atención,resuelto"}, [4, 1]),
        ({"location": "PATIO"}, [3, 2, 1]),
        ({"location": "ñuble"}, [0]),
        ({"location": "patio", "urgency": "low", "status": "pendiente"}, [2]),
    ],
    ids=str,
)
def test_a_listing_keeps_to_its_filters(
    target: Target,
    submitted: tuple[str, list[str]],
    query: dict[str, str],
    wanted: list[int],
) -> None:
    kind, ids = submitted

    found = listed(target, len(wanted), type=kind.upper(), **query)

    assert found == [ids[index] for index in wanted]


def test_a_filter_that_nothing_matches_gives_an_empty_listing(target: Target) -> None:
    answer = target.get("/incidents", type=unique())

    assert answer.json() == {"incidents": []}


def test_paging_with_the_cursor_visits_every_incident_once(
    target: Target, submitted: tuple[str, list[str]]
) -> None:
    kind, ids = submitted
    listed(target, 5, type=kind)

    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        body = target.get("/incidents", type=kind, limit="2", **cursor).json()
        pages.append([entry["incidentId"] for entry in body["incidents"]])
        if "cursor" not in body:
            break
        cursor = {"cursor": body["cursor"]}

    assert [found for page in pages for found in page] == ids[::-1]
    assert all(len(page) <= 2 for page in pages)


def test_an_incident_is_shown_with_its_history(target: Target, client: WsClient) -> None:
    wanted = unique("a:b.c_d")
    ack = client.notify(incident(incidentId=wanted, urgency="high", piso=4))

    answer = target.get(f"/incidents/{wanted}")

    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    shown = answer.json()
    assert shown.keys() == {"incident", "history", "deliveries"}
    assert shown["incident"]["incidentId"] == wanted
    assert shown["incident"]["seq"] == ack["seq"]
    assert shown["incident"]["piso"] == 4
    assert shown["history"] == [
        {
            "revision": 1,
            "at": shown["incident"]["createdAt"],
            "change": {"status": [None, "pendiente"], "urgency": [None, "high"]},
        }
    ]


def test_a_shown_incident_equals_its_broadcast(target: Target, client: WsClient) -> None:
    ack = client.notify(incident())

    shown = target.get(f"/incidents/{ack['incidentId']}").json()["incident"]

    assert client.wait_update(ack["incidentId"])["incident"] == shown


def test_an_unknown_incident_is_not_found(target: Target) -> None:
    answer = target.get(f"/incidents/{unique()}")

    assert_problem(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "201"}, ["limit"]),
        ({"limit": "ten"}, ["limit"]),
        ({"limit": ""}, ["limit"]),
        ({"cursor": "-1"}, ["cursor"]),
        ({"cursor": "abc"}, ["cursor"]),
        ({"urgency": "extreme"}, ["urgency"]),
        (
            {"status": "pendiente,nada", "urgency": "x", "limit": "x"},
            ["status", "urgency", "limit"],
        ),
    ],
    ids=str,
)
def test_invalid_parameters_are_all_named(
    target: Target, query: dict[str, str], fields: list[str]
) -> None:
    answer = target.get("/incidents", **query)

    assert_problem(answer, 400, "invalid_request")
    assert [problem["field"] for problem in answer.json()["errors"]] == fields


def test_health_has_the_position(target: Target, client: WsClient) -> None:
    ack = client.notify(incident())

    answer = target.get("/health")

    assert answer.status == 200
    assert answer.json()["status"] == "ok"
    assert int(answer.json()["position"].split(":")[1]) >= ack["seq"]


@pytest.mark.parametrize("path", ["/incidents", "/health"])
def test_responses_are_not_cached(target: Target, path: str) -> None:
    assert target.get(path).headers["cache-control"] == "no-store"


def assert_problem(answer: Answer, status: int, code: str) -> None:
    """Assert problem details (RFC 9457) with one of our codes."""
    assert answer.status == status
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    body = answer.json()
    assert body == {**body, "type": "about:blank", "status": status, "code": code}
    assert body["title"]
