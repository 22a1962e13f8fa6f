"""The routes of webhooks, fed with events of payload format 2.0."""

import base64
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from alerta_utec.adapters.rate_limits import InProcessRateLimits
from alerta_utec.app.limits import STAFF, CallerLimit
from alerta_utec.domain.errors import Unavailable
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.ports.authentication import Authentication
from alerta_utec.webhooks.job import PostResult
from alerta_utec.webhooks.routes import WEBHOOK_ROUTES
from tests import events
from tests.fakes.clock import ManualClock
from tests.support.incidents import incident
from tests.unit.handlers.conftest import ServiceOverFakes

EVENTS = [name for name in events.names() if name.startswith("http_webhooks_")]
OWN_SECRET = json.loads(events.load("http_webhooks_rotate")["body"])["secret"]


def add(service: ServiceOverFakes, **fields: Any) -> dict[str, Any]:
    """Add a webhook; return it as the response shows it."""
    asked = {"url": "https://panel.example.edu/alertas", **fields}
    status, _, body = service.get("http_webhooks_add", body=json.dumps(asked))
    assert status == 201
    return body


def of(webhook: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an event that names a webhook."""
    return {"pathParameters": {"webhookId": webhook["webhookId"]}}


def test_an_added_webhook_shows_its_secret_once(service: ServiceOverFakes) -> None:
    status, headers, added = service.get("http_webhooks_add")

    shown = {name: value for name, value in added.items() if name != "secret"}
    assert status == 201
    assert headers["Location"] == f"webhooks/{added['webhookId']}"
    assert headers["Cache-Control"] == "no-store"
    assert len(base64.b64decode(added["secret"].removeprefix("whsec_"))) == 32
    assert shown["filter"] == {"urgency": ["high"]}
    assert service.get("http_webhooks_list")[2] == {"webhooks": [shown]}
    assert service.get("http_webhooks_show", **of(added))[2] == shown


def test_every_problem_of_a_webhook_is_reported_at_once(service: ServiceOverFakes) -> None:
    wrong = {"url": "ftp://x", "filter": {"urgency": "mucha"}, "secret": "corto", "webhookId": "x"}

    status, _, body = service.get("http_webhooks_add", body=json.dumps(wrong))

    assert (status, body["code"]) == (400, "invalid_request")
    fields = [problem["field"] for problem in body["errors"]]
    assert fields == ["filter.urgency", "secret", "url", "webhookId"]
    assert service.webhooks.all() == []


def test_a_change_replaces_the_named_fields_only(service: ServiceOverFakes) -> None:
    added = add(service, description="El panel de la entrada")

    status, _, changed = service.get("http_webhooks_change", **of(added))

    del added["secret"]
    assert (status, changed) == (200, added | {"state": "paused"})


@pytest.mark.parametrize("body", [None, "", "{}"])
def test_a_rotation_makes_a_secret_and_shows_when_the_old_one_expires(
    service: ServiceOverFakes, body: str | None
) -> None:
    added = add(service)

    status, _, rotated = service.get("http_webhooks_rotate", **of(added), body=body)

    assert status == 200
    assert rotated["secret"] not in (added["secret"], OWN_SECRET)
    assert rotated["oldSecretUntil"] > added["createdAt"]


def test_a_rotation_accepts_the_secret_of_the_caller(service: ServiceOverFakes) -> None:
    rotated = service.get("http_webhooks_rotate", **of(add(service)))[2]

    assert rotated["secret"] == OWN_SECRET


def test_a_webhook_is_removed(service: ServiceOverFakes) -> None:
    added = add(service)

    response = service.http(events.load("http_webhooks_remove") | of(added))

    assert response["statusCode"] == 204
    assert "body" not in response
    assert "Content-Type" not in response["headers"]
    assert service.get("http_webhooks_show", **of(added))[0] == 404


def test_dead_letters_are_listed_and_retried(service: ServiceOverFakes) -> None:
    added = add(service)
    service.submit(incident(incidentId="aula-1"))
    (change,) = service.store.history("aula-1")
    jobs, now = service.stored.webhook_jobs, service.clock.now()
    jobs.enqueue(change, [added["webhookId"]], at=now)
    (job,) = jobs.due(added["webhookId"], now, 10)
    jobs.give_up(job, at=now, reason="HTTP 500", attempts=10)

    _, _, before = service.get("http_webhooks_failures", **of(added))
    retried = service.get("http_webhooks_retry", **of(added))
    _, _, after = service.get("http_webhooks_failures", **of(added))

    (failure,) = before["failures"]
    assert failure.pop("at").endswith("Z")
    assert failure == {
        "incidentId": "aula-1",
        "revision": 1,
        "seq": 1,
        "attempts": 10,
        "reason": "HTTP 500",
        "because": "HTTP 500",
    }
    assert (retried[0], retried[2]) == (200, {"owed": 1})
    assert after == {"failures": []}
    assert [one.change.incident_id for one in jobs.due(added["webhookId"], now, 10)] == ["aula-1"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (PostResult(204, duration_ms=12), {"ok": True, "status": 204, "ms": 12}),
        (PostResult(301, duration_ms=3), {"ok": False, "status": 301, "ms": 3}),
        (
            PostResult(failure="timeout", duration_ms=15000),
            {"ok": False, "reason": "timeout", "because": "timeout", "ms": 15000},
        ),
    ],
    ids=["accepted", "refused", "unanswered"],
)
def test_a_test_event_returns_the_result_of_its_post(
    service: ServiceOverFakes, result: PostResult, expected: dict[str, Any]
) -> None:
    added = add(service)
    service.receiver.results.append(result)

    status, _, body = service.get("http_webhooks_test", **of(added))

    assert (status, body) == (200, expected)
    (post,) = service.receiver.posts
    assert post.url == added["url"]


@pytest.mark.parametrize("name", [n for n in EVENTS if "pathParameters" in events.load(n)])
@pytest.mark.parametrize("webhook_id", [None, "x" * 10_000], ids=["unknown", "long"])
def test_an_unknown_webhook_is_not_found(
    service: ServiceOverFakes, name: str, webhook_id: str | None
) -> None:
    parts = {"pathParameters": {"webhookId": webhook_id}} if webhook_id else {}

    status, _, body = service.get(name, **parts)

    assert (status, body["code"]) == (404, "not_found")


class As:
    """An ``Authenticator`` that gives every caller this role."""

    required = True

    def __init__(self, role: Role) -> None:
        self._role = role

    def is_valid(self, _credential: str) -> bool:
        return True

    def authenticate(self, _token: str | None) -> Authentication:
        return Authentication(Identity("luis", self._role), None)


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("role", [Role.ESTUDIANTE, Role.PERSONAL])
def test_only_autoridad_manages_webhooks(name: str, role: Role) -> None:
    service = ServiceOverFakes(authenticator=As(role))

    status, _, body = service.get(name)

    assert (status, body["code"]) == (403, "forbidden")
    assert service.webhooks.all() == []
    assert service.receiver.posts == []


def test_a_caller_over_the_limit_can_still_read() -> None:
    clock = ManualClock()
    limit = CallerLimit(InProcessRateLimits(), clock)
    service = ServiceOverFakes(clock=clock, authenticator=As(Role.AUTORIDAD), limit=limit)
    added = add(service)

    tests = [service.get("http_webhooks_test", **of(added)) for _ in range(STAFF.burst)]

    assert [status for status, _, _ in tests] == [200] * (STAFF.burst - 1) + [429]
    assert tests[-1][1]["Retry-After"] == "1"
    assert service.get("http_webhooks_list")[0] == 200


def test_every_route_of_webhooks_has_its_event() -> None:
    assert {events.load(name)["routeKey"] for name in EVENTS} == {
        route.key for route in WEBHOOK_ROUTES
    }


def test_a_store_that_does_not_answer_is_unavailable(
    service: ServiceOverFakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise Unavailable

    monkeypatch.setattr(service.webhooks, "all", fail)

    assert service.get("http_webhooks_list")[0] == 503


def test_a_sent_event_matches_the_openapi_document(service: ServiceOverFakes) -> None:
    document = service.get("http_openapi")[2]
    service.get("http_webhooks_test", **of(add(service)))
    (post,) = service.receiver.posts
    operation = document["webhooks"]["incident"]["post"]

    schema = operation["requestBody"]["content"]["application/cloudevents+json"]["schema"]
    Draft202012Validator(schema | {"components": document["components"]}).validate(
        json.loads(post.body)
    )
    assert {header["name"] for header in operation["parameters"]} <= post.headers.keys()


@pytest.mark.parametrize(
    ("chosen", "content_type"),
    [
        ({}, "application/json"),
        ({"format": "json"}, "application/json"),
        ({"format": "cloudevents"}, "application/cloudevents+json"),
    ],
    ids=str,
)
def test_each_format_is_documented_with_its_content_type(
    service: ServiceOverFakes, chosen: dict[str, str], content_type: str
) -> None:
    document = service.get("http_openapi")[2]

    service.get("http_webhooks_test", **of(add(service, **chosen)))

    (post,) = service.receiver.posts
    assert post.headers["content-type"].partition(";")[0] == content_type
    request_body = document["webhooks"]["incident"]["post"]["requestBody"]
    assert content_type in request_body["content"]


def test_a_webhook_names_its_creator() -> None:
    service = ServiceOverFakes(authenticator=As(Role.AUTORIDAD))

    added = add(service)

    assert added["createdBy"] == "luis"
    assert service.get("http_webhooks_show", **of(added))[2]["createdBy"] == "luis"


def test_the_creator_cannot_be_set(service: ServiceOverFakes) -> None:
    asked = {"url": "https://panel.example.edu/alertas", "createdBy": "otra"}

    status, _, body = service.get("http_webhooks_add", body=json.dumps(asked))

    assert (status, body["errors"][0]["field"]) == (400, "createdBy")


@pytest.mark.parametrize("lang", ["es", "en"])
def test_a_second_test_at_the_same_time_is_a_conflict(service: ServiceOverFakes, lang: str) -> None:
    added = add(service)
    testing = service.webhook_tests
    assert testing.acquire(added["webhookId"], "another caller")

    refused = service.get("http_webhooks_test", **of(added), headers={"accept-language": lang})
    testing.release(added["webhookId"], "another caller")
    accepted = service.get("http_webhooks_test", **of(added))

    status, _, body = refused
    assert (status, body["code"]) == (409, "conflict")
    assert body["errors"][0]["problem"].startswith({"es": "ya hay", "en": "a test"}[lang])
    assert accepted[0] == 200
