"""The HTTP API, fed with events of payload format 2.0."""

import base64
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alerta_utec.deployments.routes import HEAD_KEYS, HTTP_ROUTE_KEYS
from alerta_utec.domain.change import Position
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import CODES, InvalidRequest, Unavailable
from alerta_utec.domain.policy import Permission
from alerta_utec.domain.values import format_time
from alerta_utec.handlers.http_status import STATUS
from alerta_utec.handlers.query import LIMIT_MAX, parse_query
from alerta_utec.handlers.routes import ACTIONS
from alerta_utec.ports.incidents import Query
from tests import events
from tests.support.incidents import incident
from tests.unit.handlers.conftest import ServiceOverFakes


class Broken:
    """An ``IncidentStore`` whose methods all raise one error."""

    def __init__(self, error: Exception):
        self._error = error

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        def fail(*_arguments: object, **_more: object) -> None:
            raise self._error

        return fail


def test_a_listing_follows_its_query_and_returns_a_cursor(service: ServiceOverFakes) -> None:
    for number, urgency in enumerate(["high", "low", "medium", "high"], start=1):
        service.submit(incident(incidentId=f"aula-{number}", urgency=urgency))

    status, headers, body = service.get("http_list")

    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert [found["incidentId"] for found in body["incidents"]] == ["aula-4", "aula-3"]
    rest = service.get("http_list", queryStringParameters={"cursor": body["cursor"]})[2]
    assert [found["incidentId"] for found in rest["incidents"]] == ["aula-2", "aula-1"]
    assert "cursor" not in rest


def test_a_listing_without_a_query_string_returns_all_incidents(service: ServiceOverFakes) -> None:
    event = events.load("http_list")
    del event["queryStringParameters"]

    response = service.http(event)

    assert (response["statusCode"], response["body"]) == (200, '{"incidents":[]}')


def test_an_incident_is_shown_with_its_history(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))

    status, _, body = service.get("http_show")

    assert status == 200
    assert body["incident"] == service.store.get("aula-1").to_json()
    assert [entry["revision"] for entry in body["history"]] == [1]
    assert body["deliveries"] == []


def test_an_incident_is_shown_with_its_deliveries(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))
    outcome = {"result": "sent"}
    service.deliveries.record([Delivery("aula-1", 1, "email", service.clock.now(), outcome)])

    _, _, body = service.get("http_show")

    at = format_time(service.clock.now())
    assert body["deliveries"] == [{"revision": 1, "channel": "email", "at": at, "result": "sent"}]


def test_an_incident_is_reported_over_http(service: ServiceOverFakes) -> None:
    status, headers, body = service.get("http_post")

    stored = service.store.get(body["incidentId"])
    assert status == 201
    assert headers["Location"] == f"incidents/{stored.incident_id}"
    assert body == {
        "incidentId": stored.incident_id,
        "seq": 1,
        "revision": 1,
        "duplicate": False,
    }
    assert stored.type == "fuga"


def test_a_repeated_idempotency_key_returns_the_first_result(service: ServiceOverFakes) -> None:
    first = service.get("http_post")[2]

    status, _, second = service.get("http_post")

    assert status == 200
    assert second == first | {"duplicate": True}
    other = service.get("http_post", body='{"type":"humo","location":"Cocina","urgency":"low"}')
    assert (other[0], other[2]["code"]) == (409, "conflict")


@pytest.mark.parametrize("encoded", [True, False])
def test_the_body_may_come_in_base64(service: ServiceOverFakes, encoded: bool) -> None:
    text = '{"type":"ñ","location":"Cocina","urgency":"low"}'
    body = base64.b64encode(text.encode()).decode() if encoded else text

    status, _, answer = service.get("http_post", body=body, isBase64Encoded=encoded)

    assert status == 201
    assert service.store.get(answer["incidentId"]).type == "ñ"


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ({"body": "nope"}, 400, "bad_json"),
        ({"body": None}, 400, "bad_json"),
        ({"body": "[]"}, 400, "bad_json"),
        ({"body": "*", "isBase64Encoded": True}, 400, "bad_json"),
        ({"body": "{}"}, 422, "invalid_incident"),
        ({"body": '{"x":"' + "x" * 33_000 + '"}'}, 413, "too_large"),
        ({"headers": {"idempotency-key": "k" * 201}}, 400, "invalid_request"),
    ],
)
def test_an_invalid_report_is_refused_with_problem_details(
    service: ServiceOverFakes, parts: dict[str, Any], status: int, code: str
) -> None:
    got, headers, body = service.get("http_post", **parts)

    assert (got, body["code"]) == (status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert service.store.position().seq == 0


def test_a_proxys_own_password_is_ignored_without_sign_in(
    service: ServiceOverFakes,
) -> None:
    headers = {"authorization": "Basic YTpi"}

    assert service.get("http_post", headers=headers)[0] == 201


def test_an_incident_is_updated_over_http(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))

    status, _, body = service.get("http_patch")

    assert (status, body["revision"]) == (200, 2)
    history = service.get("http_show")[2]["history"]
    assert history[1]["change"] == {"status": ["pendiente", "en_atencion"]}
    assert history[1]["note"] == "voy"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{}", 400, "invalid_request"),
        ('{"status":"resuelto","revision":9}', 409, "conflict"),
        ('{"status":"pendiente"}', 409, "invalid_transition"),
    ],
)
def test_an_invalid_update_is_refused_with_problem_details(
    service: ServiceOverFakes, body: str, status: int, code: str
) -> None:
    service.submit(incident(incidentId="aula-1", status="en_atencion"))
    if code == "invalid_transition":
        service.get("http_patch", body='{"status":"resuelto"}')
        body = '{"status":"en_atencion"}'

    got, _, answer = service.get("http_patch", body=body)

    assert (got, answer["code"]) == (status, code)


def test_statistics_count_the_incidents(service: ServiceOverFakes) -> None:
    service.submit(incident(incidentId="aula-1"))
    service.get("http_patch")

    status, _, body = service.get("http_stats")

    assert status == 200
    assert (body["days"], body["total"]) == (7, 1)
    assert body["byStatus"] == {"en_atencion": 1}


@pytest.mark.parametrize("days", ["0", "32", "x", "-1", "1.5"])
def test_days_outside_their_bounds_are_refused(service: ServiceOverFakes, days: str) -> None:
    status, _, body = service.get("http_stats", queryStringParameters={"days": days})

    assert (status, body["errors"][0]["field"]) == (400, "days")


def test_an_unknown_incident_is_not_found(service: ServiceOverFakes) -> None:
    status, headers, body = service.get("http_show")

    assert status == 404
    assert headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"]) == (404, "not_found")


def test_the_configuration_names_the_socket_and_the_sign_in(service: ServiceOverFakes) -> None:
    status, _, body = service.get("http_config")

    assert status == 200
    assert body == {
        "webSocketUrl": "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev",
        "auth": "off",
        "roles": ["estudiante", "personal", "autoridad"],
        "moves": {
            "pendiente": ["en_atencion", "resuelto"],
            "en_atencion": ["pendiente", "resuelto"],
            "resuelto": ["pendiente"],
        },
    }


def test_anonymous_callers_have_every_permission_without_sign_in(service: ServiceOverFakes) -> None:
    status, _, body = service.get("http_me")

    assert status == 200
    assert body == {
        "user": None,
        "role": "autoridad",
        "may": [action.value for action in Permission],
    }


def test_the_documents_describe_every_route_and_action(service: ServiceOverFakes) -> None:
    openapi = service.get("http_openapi")[2]
    asyncapi = service.get("http_asyncapi")[2]

    described = {
        f"{method.upper()} {path}"
        for path, methods in openapi["paths"].items()
        for method in methods
        if method != "parameters"
    }
    documents = {"GET /openapi.json", "GET /asyncapi.json", "GET /docs"}
    pages = {"GET /", "GET /panel/{file}", *HEAD_KEYS}
    assert described == set(HTTP_ROUTE_KEYS) - documents - pages
    received = {n for n, o in asyncapi["operations"].items() if o["action"] == "receive"}
    assert received == set(ACTIONS)
    assert asyncapi["servers"]["main"]["protocol"] == "wss"


def test_every_example_of_the_socket_keeps_to_its_schema(service: ServiceOverFakes) -> None:
    document = service.get("http_asyncapi")[2]

    for message in document["components"]["messages"].values():
        schema = message["payload"] | {"components": document["components"]}
        for example in message["examples"]:
            Draft202012Validator(schema).validate(example["payload"])


def test_the_docs_are_one_page_with_a_strict_policy(service: ServiceOverFakes) -> None:
    response = service.http(events.load("http_docs"))

    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"] == "text/html; charset=utf-8"
    policy = response["headers"]["Content-Security-Policy"]
    assert "unsafe-inline" not in policy.split("style-src")[0]
    scripts = re.findall(r"<script>(.*?)</script>", response["body"], re.DOTALL)
    hashes = [base64.b64encode(sha256(s.encode()).digest()).decode() for s in scripts]
    assert len(hashes) == 2
    assert all(f"'sha256-{digest}'" in policy for digest in hashes)
    assert "src=" not in response["body"][:200_000].split("<script>")[0]


def test_an_unknown_path_is_not_found(service: ServiceOverFakes) -> None:
    status, headers, body = service.get("http_not_routed")

    assert status == 404
    assert headers["Content-Type"] == "application/problem+json"
    assert body["code"] == "not_found"


def test_health_returns_the_position(service: ServiceOverFakes) -> None:
    status, _, body = service.get("http_health")

    assert status == 200
    assert body == {"status": "ok", "position": str(service.store.position())}
    assert Position.parse(body["position"]).seq == 0


ROUTED = [
    *("http_list", "http_show", "http_cap", "http_health", "http_post", "http_patch", "http_stats")
]


@pytest.mark.parametrize("name", ROUTED)
def test_a_store_that_is_down_gives_503(name: str) -> None:
    service = ServiceOverFakes(store=Broken(Unavailable("secret")))  # type: ignore[arg-type]

    response = service.http(events.load(name))

    assert response["statusCode"] == 503
    assert '"unavailable"' in response["body"]
    assert "secret" not in response["body"]


@pytest.mark.parametrize("name", ROUTED)
def test_a_defect_gives_500_without_its_text(name: str) -> None:
    service = ServiceOverFakes(store=Broken(ValueError("secret")))  # type: ignore[arg-type]

    response = service.http(events.load(name))

    assert response["statusCode"] == 500
    assert '"internal"' in response["body"]
    assert "secret" not in response["body"]


def test_problems_are_in_the_requested_language(service: ServiceOverFakes) -> None:
    _, headers, body = service.get("http_show", headers={"accept-language": "en"})

    assert body["title"] == "It does not exist."
    assert headers["Content-Language"] == "en"


def test_every_error_code_has_a_status() -> None:
    assert STATUS.keys() == set(CODES)
    assert all(400 <= status <= 599 for status in STATUS.values())


numbers = st.integers(min_value=1, max_value=LIMIT_MAX)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=40)))
def test_any_parameters_give_a_query_or_an_invalid_request(parameters: dict[str, str]) -> None:
    assert_query_or_refusal(parameters)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "limit": st.text(max_size=25) | st.integers().map(str),
            "cursor": st.text(max_size=25) | st.integers().map(str),
            "status": st.text(max_size=40) | st.sampled_from(["pendiente", "RESUELTO,,"]),
            "urgency": st.text(max_size=40) | st.sampled_from(["high,low", "alta"]),
            "type": st.text(max_size=90),
            "location": st.text(max_size=130),
        },
    )
)
def test_known_parameters_give_a_query_within_bounds_or_name_the_invalid_ones(
    parameters: dict[str, str],
) -> None:
    assert_query_or_refusal(parameters)


@given(limit=numbers, cursor=st.integers(min_value=1, max_value=10**18))
def test_numbers_within_their_bounds_are_accepted(limit: int, cursor: int) -> None:
    query = parse_query({"limit": str(limit), "cursor": str(cursor)})

    assert query == Query(limit=limit, before_seq=cursor)


@pytest.mark.parametrize("limit", ["0", str(LIMIT_MAX + 1), "-1", "1.0", "٣", " 1", "1" * 30])
def test_numbers_outside_their_bounds_are_refused(limit: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_query({"limit": limit})

    assert [problem.field for problem in refused.value.problems] == ["limit"]


def assert_query_or_refusal(parameters: dict[str, str]) -> None:
    """A query is within the port's bounds; a refusal names parameters that were given."""
    try:
        query = parse_query(parameters)
    except InvalidRequest as error:
        refused = error
    else:
        assert 1 <= query.limit <= LIMIT_MAX
        assert query.before_seq is None or query.before_seq >= 1
        return
    assert refused.problems
    assert {problem.field for problem in refused.problems} <= parameters.keys()
