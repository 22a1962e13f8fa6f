"""Webhooks over the HTTP API: their management, and the delivery of matching changes."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.conformance.targets import Answer, Target
from tests.conformance.test_http import assert_problem
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.receiver import Receiver, about
from tests.support.wsclient import DELIVERY_S, WsClient

Add = Callable[..., dict[str, Any]]
NOWHERE = "https://panel.example.edu/alertas"
SECRET = "whsec_dW5hIGNsYXZlIGRlIHBydWViYSwgZGUgMzIgYnl0ZXM="


@pytest.fixture
def add(target: Target) -> Iterator[Add]:
    """Yield a function that adds webhooks, which match nothing by default and end with the test."""
    added: list[str] = []

    def make(**fields: Any) -> dict[str, Any]:
        asked = {"url": NOWHERE, "filter": {"type": unique("nada")}, **fields}
        answer = target.call("POST", "/webhooks", asked)
        assert answer.status == 201, answer.body
        webhook: dict[str, Any] = answer.json()
        added.append(webhook["webhookId"])
        return webhook

    yield make
    for webhook_id in added:
        target.call("DELETE", f"/webhooks/{webhook_id}")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Yield a receiver on loopback."""
    with Receiver() as running:
        yield running


def of(webhook: dict[str, Any], rest: str = "") -> str:
    """Return the path of a webhook, or of one of its subresources."""
    return f"/webhooks/{webhook['webhookId']}{rest}"


def public(webhook: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook as later responses show it."""
    return {name: value for name, value in webhook.items() if name != "secret"}


def test_a_webhook_is_added_shown_and_listed(target: Target, add: Add) -> None:
    wanted = {"type": [unique("humo")], "urgency": ["high", "medium"]}

    added = add(filter=wanted, description="El panel  de la entrada")

    assert added["description"] == "El panel de la entrada"
    assert added["filter"] == wanted
    assert added["state"] == "active"
    assert added["secret"].startswith("whsec_")
    assert target.get(of(added)).json() == public(added)
    assert public(added) in target.get("/webhooks").json()["webhooks"]


def test_the_location_header_names_the_new_webhook(target: Target, add: Add) -> None:
    answer = target.call("POST", "/webhooks", {"url": NOWHERE, "filter": {"type": unique()}})

    location = urljoin("/webhooks", answer.headers["location"])
    try:
        assert location == of(answer.json())
        assert answer.headers["cache-control"] == "no-store"
        assert target.get(location).status == 200
    finally:
        target.call("DELETE", location)


def test_a_secret_of_the_caller_is_kept(add: Add) -> None:
    assert add(secret=SECRET)["secret"] == SECRET


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, ["url"]),
        ({"url": "ftp://x", "filter": 7, "description": 1}, ["description", "filter", "url"]),
        ({"url": "https://u:p@panel.example.edu/"}, ["url"]),
        ({"url": f"https://panel.example.edu/{'x' * 2000}"}, ["url"]),
        ({"url": NOWHERE, "filter": {"urgency": "mucha", "x": 1}}, ["filter.urgency", "filter.x"]),
        ({"url": NOWHERE, "secret": "whsec_Y29ydG8="}, ["secret"]),
        ({"url": NOWHERE, "state": "paused", "webhookId": "mío"}, ["state", "webhookId"]),
    ],
    ids=str,
)
def test_every_problem_of_a_webhook_is_named(
    target: Target, asked: dict[str, Any], fields: list[str]
) -> None:
    answer = target.call("POST", "/webhooks", asked)

    assert_problem(answer, 400, "invalid_request")
    assert [problem["field"] for problem in answer.json()["errors"]] == fields


def test_problems_are_described_in_the_language_of_the_caller(target: Target) -> None:
    answers = [
        target.call("POST", "/webhooks", {"url": "x"}, headers={"Accept-Language": lang})
        for lang in ("es", "en")
    ]

    first_words = [answer.json()["errors"][0]["problem"].split()[0] for answer in answers]
    assert first_words == ["debe", "must"]


@pytest.mark.parametrize("body", [b"hola", b"[]", b""])
def test_a_body_that_is_no_object_is_bad_json(target: Target, add: Add, body: bytes) -> None:
    added = add()

    assert_problem(target.call("POST", "/webhooks", body), 400, "bad_json")
    assert_problem(target.call("PATCH", of(added), body), 400, "bad_json")


def test_a_change_replaces_the_named_fields_only(target: Target, add: Add) -> None:
    added = add(description="Uno")
    changes = [{"url": f"{NOWHERE}/2"}, {"description": ""}, {"filter": {}}, {"state": "paused"}]

    shown: list[Answer] = [target.call("PATCH", of(added), change) for change in changes]

    expected = public(added)
    for change, answer in zip(changes, shown, strict=True):
        expected |= change
        assert (answer.status, answer.json()) == (200, expected)
    assert target.get(of(added)).json() == expected


@pytest.mark.parametrize(
    ("change", "field"),
    [({"state": "gone"}, "state"), ({"url": "x"}, "url"), ({"secret": SECRET}, "secret")],
    ids=str,
)
def test_an_invalid_change_changes_nothing(
    target: Target, add: Add, change: dict[str, Any], field: str
) -> None:
    added = add()

    answer = target.call("PATCH", of(added), change)

    assert_problem(answer, 400, "invalid_request")
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]
    assert target.get(of(added)).json() == public(added)


def test_a_rotation_shows_the_new_secret_and_when_the_old_one_expires(
    target: Target, add: Add
) -> None:
    added = add()

    made = target.call("POST", of(added, "/secret")).json()
    supplied = target.call("POST", of(added, "/secret"), {"secret": SECRET}).json()

    assert len({added["secret"], made["secret"], supplied["secret"]}) == 3
    assert supplied["secret"] == SECRET
    assert made["oldSecretUntil"] > made["createdAt"]
    assert target.get(of(added)).json() == public(supplied)
    wrong = target.call("POST", of(added, "/secret"), {"secret": "x"})
    assert_problem(wrong, 400, "invalid_request")


def test_a_deleted_webhook_is_gone(target: Target, add: Add) -> None:
    added = add()

    answer = target.call("DELETE", of(added))

    assert (answer.status, answer.body) == (204, b"")
    listed = target.get("/webhooks").json()["webhooks"]
    assert added["webhookId"] not in [webhook["webhookId"] for webhook in listed]


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/secret"),
        ("GET", "/failures"),
        ("POST", "/retry"),
        ("POST", "/test"),
    ],
)
def test_an_unknown_webhook_is_not_found(target: Target, method: str, rest: str) -> None:
    body: dict[str, Any] | None = {} if method == "PATCH" else None

    answer = target.call(method, f"/webhooks/{unique()}{rest}", body)

    assert_problem(answer, 404, "not_found")


def test_a_new_webhook_has_no_failures(target: Target, add: Add) -> None:
    added = add()

    assert target.get(of(added, "/failures")).json() == {"failures": []}
    assert target.call("POST", of(added, "/retry")).json() == {"owed": 0}


def test_a_test_event_returns_the_result_of_its_post(
    target: Target, add: Add, receiver: Receiver
) -> None:
    added = add(url=receiver.url)

    result = target.call("POST", of(added, "/test")).json()

    if not target.reaches_loopback:
        assert (result["ok"], result["reason"]) == (False, "private_address")
        return
    assert (result["ok"], result["status"]) == (True, 204)
    (event,) = [one.event(added["secret"]) for one in receiver.received]
    assert event["type"] == "pe.edu.utec.alerta.webhook.test"
    assert event["data"] == {"webhookId": added["webhookId"]}


def test_matching_changes_are_sent_signed_and_recorded(
    target: Target, add: Add, client: WsClient, receiver: Receiver
) -> None:
    kind = unique("Humo")
    added = add(url=receiver.url, filter={"type": kind})
    name = client.notify(incident(type=kind, description="Sale humo ☂"))["incidentId"]
    client.notify(incident(type=unique("otro")))
    client.request({"action": "update", "incidentId": name, "status": "resuelto", "note": "Ya"})

    records = delivered(target, name, added, revisions=2)

    if not target.reaches_loopback:
        assert {record["because"] for record in records} == {"private_address"}
        return
    assert {record["result"] for record in records} == {"sent"}
    posts = receiver.wait(about(name), count=2)
    events = sorted(
        (post.event(added["secret"]) for post in posts),
        key=lambda event: event["data"]["incident"]["seq"],
    )
    assert [event["type"].rpartition(".")[2] for event in events] == ["created", "resolved"]
    shown = target.get(f"/incidents/{name}").json()
    assert events[1]["subject"] == name
    assert events[1]["data"]["incident"] == shown["incident"]
    assert [event["data"]["change"] for event in events] == shown["history"]
    assert len(receiver.received) == 2


def delivered(
    target: Target, incident_id: str, webhook: dict[str, Any], *, revisions: int
) -> list[dict[str, Any]]:
    """Wait for the records of ``revisions`` deliveries to a webhook and return them."""
    channel = f"webhook:{webhook['webhookId']}"

    def found() -> list[dict[str, Any]]:
        every = target.get(f"/incidents/{incident_id}").json()["deliveries"]
        return [record for record in every if record["channel"] == channel]

    return eventually(
        found,
        f"{revisions} deliveries of {channel}",
        accept=lambda records: len(records) == revisions,
        within_s=DELIVERY_S,
        every_s=0.1,
    )


def test_changes_that_a_gone_receiver_missed_are_sent_by_a_retry(
    target: Target, add: Add, client: WsClient, receiver: Receiver
) -> None:
    if not target.reaches_loopback:
        assert_problem(target.call("POST", "/webhooks/x/retry"), 404, "not_found")
        return
    kind = unique("Fuga")
    added = add(url=receiver.url, filter={"type": kind})
    receiver.answers.append(410)
    first = client.notify(incident(type=kind))["incidentId"]
    (record,) = delivered(target, first, added, revisions=1)
    gone = target.get(of(added)).json()["state"]

    resumed = target.call("PATCH", of(added), {"state": "active"}).json()
    (failure,) = target.get(of(added, "/failures")).json()["failures"]
    retried = target.call("POST", of(added, "/retry")).json()

    assert (record["result"], record["because"], gone) == ("given_up", "HTTP 410", "gone")
    assert resumed["state"] == "active"
    assert (failure["incidentId"], failure["reason"]) == (first, "HTTP 410")
    assert retried == {"owed": 1}
    receiver.wait(about(first), count=2)
