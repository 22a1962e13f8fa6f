"""Webhooks of the deployed stack, managed over HTTP, with a receiver on loopback."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conformance.targets import http_request
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.receiver import Receiver, about

# The wait after the first attempt, and the start of a Lambda.
AGAIN_S = 60.0


class Hooks:
    """The webhooks and incidents of the service, over HTTP."""

    def __init__(self, deployment: Deployment) -> None:
        self._url = deployment.http_url
        self._made: list[str] = []

    def add(self, url: str, **fields: Any) -> dict[str, Any]:
        """Add a webhook and return it, with its secret."""
        made: dict[str, Any] = self("POST", "/webhooks", {"url": url, **fields})
        self._made.append(made["webhookId"])
        return made

    def report(self, **fields: Any) -> str:
        """Report an incident and return its id."""
        return str(self("POST", "/incidents", incident(**fields))["incidentId"])

    def outcome(self, incident_id: str, hook: dict[str, Any], result: str) -> dict[str, Any]:
        """Wait until the delivery's record has this ``result``, and return its outcome."""

        def look() -> dict[str, Any] | None:
            shown = self("GET", f"/incidents/{incident_id}")["deliveries"]
            channel = f"webhook:{hook['webhookId']}"
            found = [one for one in shown if one["channel"] == channel]
            return found[0] if found and found[0]["result"] == result else None

        return dict(eventually(look, f"{result} of {incident_id}", within_s=AGAIN_S))

    def __call__(self, method: str, path: str, data: Any = None) -> Any:
        """Send a request, which must succeed, and return the response's body."""
        body = None if data is None else json.dumps(data).encode()
        answer = http_request(method, self._url + path, body)
        assert answer.status < 300, answer
        return answer.json() if answer.body else None

    def remove_all(self) -> None:
        """Delete the webhooks that were added here."""
        for webhook_id in self._made:
            self("DELETE", f"/webhooks/{webhook_id}")


@pytest.fixture
def hooks(deployment: Deployment) -> Iterator[Hooks]:
    """Yield the deployment's webhooks; those that a test adds end with it."""
    made = Hooks(deployment)
    yield made
    made.remove_all()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def test_a_receiver_gets_the_matching_changes_signed_and_once(
    hooks: Hooks, receiver: Receiver
) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(Receiver())
        place = unique("Aula")
        hook = hooks.add(receiver.url, filter={"location": [place]})
        hooks.add(other.url, filter={"location": [unique("Patio")]})

        incident_id = hooks.report(location=place, urgency="high")
        hooks("PATCH", f"/incidents/{incident_id}", {"status": "resuelto", "note": "Ya está"})
        posts = receiver.wait(about(incident_id), count=2)
        hooks.outcome(incident_id, hook, "sent")

    events = [post.event(hook["secret"]) for post in posts]
    assert [event["type"] for event in events] == [
        "pe.edu.utec.alerta.incident.created",
        "pe.edu.utec.alerta.incident.resolved",
    ]
    assert [event["data"]["incident"]["revision"] for event in events] == [1, 2]
    assert events[1]["data"]["change"]["note"] == "Ya está"
    assert events[0]["source"].startswith("https://")
    assert (len(receiver.received), other.received) == (2, [])


def test_a_receiver_that_fails_first_gets_the_same_event_again(
    hooks: Hooks, receiver: Receiver
) -> None:
    place = unique("Aula")
    receiver.answers[:] = [500]
    hook = hooks.add(receiver.url, filter={"location": [place]})

    incident_id = hooks.report(location=place)
    first, second = receiver.wait(about(incident_id), count=2)
    outcome = hooks.outcome(incident_id, hook, "sent")

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 5
    assert second.event(hook["secret"])["data"]["incident"]["incidentId"] == incident_id
    assert outcome["attempts"] == 2


def test_a_gone_receiver_gets_nothing_until_its_webhook_is_resumed(
    hooks: Hooks, receiver: Receiver
) -> None:
    place = unique("Aula")
    receiver.answers[:] = [410]
    hook = hooks.add(receiver.url, filter={"location": [place]})
    path = f"/webhooks/{hook['webhookId']}"

    incident_id = hooks.report(location=place)
    outcome = hooks.outcome(incident_id, hook, "given_up")
    gone = hooks("GET", path)
    letters = eventually(lambda: hooks("GET", f"{path}/failures")["failures"], "a dead letter")
    hooks("PATCH", path, {"state": "active"})
    retried = hooks("POST", f"{path}/retry")
    hooks.outcome(incident_id, hook, "sent")
    left = hooks("GET", f"{path}/failures")["failures"]

    assert outcome["because"] == "HTTP 410"
    assert gone["state"] == "gone"
    assert [(one["incidentId"], one["attempts"]) for one in letters] == [(incident_id, 1)]
    assert retried == {"owed": 1}
    assert left == []
    first, second = receiver.wait(about(incident_id), count=2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_new_secret_signs_beside_the_old_one(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url, filter={"location": [unique("Aula")]})
    path = f"/webhooks/{hook['webhookId']}"

    rotated = hooks("POST", f"{path}/secret")
    result = hooks("POST", f"{path}/test")
    (post,) = receiver.wait()

    assert (result["ok"], result["status"]) == (True, 204)
    assert post.event(rotated["secret"], hook["secret"])["subject"] == hook["webhookId"]


def test_the_list_of_webhooks_shows_no_secret(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url, description="Señales del edificio A")

    listed = hooks("GET", "/webhooks")

    assert hook["webhookId"] in [one["webhookId"] for one in listed["webhooks"]]
    assert "whsec_" not in json.dumps(listed)
