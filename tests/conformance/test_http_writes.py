"""The HTTP API's writes and numbers."""

from typing import Any
from urllib.parse import urljoin

import pytest

from tests.conformance.targets import Target
from tests.conformance.test_http import assert_problem
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.wsclient import DELIVERY_S, WsClient


def post(target: Target, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """Report an incident and return status and body of the answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = target.call("POST", "/incidents", body, headers=named)
    return answer.status, answer.json()


def test_a_report_is_stored_acknowledged_and_broadcast(target: Target, client: WsClient) -> None:
    wanted = unique("a:b.c_d")

    answer = target.call("POST", "/incidents", incident(incidentId=wanted, urgency="ALTA", piso=4))

    assert answer.status == 201
    location = urljoin("/incidents", answer.headers["location"])
    assert location == f"/incidents/{wanted}"
    body = answer.json()
    assert body == {"incidentId": wanted, "seq": body["seq"], "revision": 1, "duplicate": False}
    told = client.wait_update(wanted)["incident"]
    assert (told["urgency"], told["piso"], told["seq"]) == ("high", 4, body["seq"])
    assert target.get(location).json()["incident"] == told


def test_a_repeated_report_is_200_and_a_duplicate(target: Target, client: WsClient) -> None:
    report = incident(incidentId=unique())

    first, again = post(target, report), post(target, report)
    by_socket = client.notify(report)

    assert (first[0], again[0]) == (201, 200)
    assert again[1] == first[1] | {"duplicate": True}
    assert (by_socket["duplicate"], by_socket["seq"]) == (True, first[1]["seq"])


def test_an_idempotency_key_holds_on_both_wires(target: Target, client: WsClient) -> None:
    key, report = unique("key"), incident(description=unique())

    first = post(target, report, Idempotency_Key=key)
    again = post(target, report, Idempotency_Key=key)
    by_socket = client.notify(report, idempotencyKey=key)
    other = target.call("POST", "/incidents", incident(), headers={"Idempotency-Key": key})

    assert (first[0], again[0]) == (201, 200)
    assert again[1] == first[1] | {"duplicate": True}
    assert by_socket["incidentId"] == first[1]["incidentId"]
    assert_problem(other, 409, "conflict")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"hola", 400, "bad_json"),
        (b"", 400, "bad_json"),
        (b"[]", 400, "bad_json"),
        (b'{"type":NaN}', 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b"{}", 422, "invalid_incident"),
        (b'{"type":"x"}', 422, "invalid_incident"),
        (b'{"x":"' + b"x" * (32 * 1024) + b'"}', 413, "too_large"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_invalid_body_gets_a_problem_document(
    target: Target, body: bytes, status: int, code: str
) -> None:
    assert_problem(target.call("POST", "/incidents", body), status, code)


def test_every_problem_of_a_report_is_named(target: Target) -> None:
    answer = target.call("POST", "/incidents", {"location": " ", "urgency": 7, "reportedBy": "yo"})

    assert_problem(answer, 422, "invalid_incident")
    fields = [problem["field"] for problem in answer.json()["errors"]]
    names = ("type", "location", "urgency", "reportedBy")
    assert sorted(fields) == sorted(f"incident.{name}" for name in names)


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_bad_idempotency_key_is_an_invalid_request(target: Target, key: str) -> None:
    answer = target.call("POST", "/incidents", incident(), headers={"Idempotency-Key": key})

    assert_problem(answer, 400, "invalid_request")
    assert [problem["field"] for problem in answer.json()["errors"]] == ["Idempotency-Key"]


def test_an_update_over_http_is_broadcast(target: Target, client: WsClient) -> None:
    name = post(target, incident())[1]["incidentId"]

    change = {"status": "resuelto", "note": "Listo", "revision": 1}
    answer = target.call("PATCH", f"/incidents/{name}", change)

    assert answer.status == 200
    body = answer.json()
    assert body == {"incidentId": name, "seq": body["seq"], "revision": 2, "duplicate": False}
    told = client.wait(
        lambda f: f["type"] == "incident_update" and f["incident"]["seq"] == body["seq"]
    )
    assert told["incident"]["status"] == "resuelto"
    shown = target.get(f"/incidents/{name}").json()
    assert shown["incident"] == told["incident"]
    assert shown["history"][1]["note"] == "Listo"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"status": "cerrado"}, 400, "invalid_request"),
        ({"status": "resuelto", "revision": "1"}, 400, "invalid_request"),
        ({"status": "resuelto", "revision": 9}, 409, "conflict"),
        (b"no", 400, "bad_json"),
    ],
    ids=str,
)
def test_an_invalid_update_gets_a_problem_document(
    target: Target, change: Any, status: int, code: str
) -> None:
    name = post(target, incident())[1]["incidentId"]

    assert_problem(target.call("PATCH", f"/incidents/{name}", change), status, code)


def test_an_impossible_transition_gets_a_problem_document(target: Target) -> None:
    name = post(target, incident(status="resuelto"))[1]["incidentId"]

    answer = target.call("PATCH", f"/incidents/{name}", {"status": "en_atencion"})

    assert_problem(answer, 409, "invalid_transition")


def test_an_update_of_an_unknown_incident_is_not_found(target: Target) -> None:
    answer = target.call("PATCH", f"/incidents/{unique()}", {"status": "resuelto"})

    assert_problem(answer, 404, "not_found")


def test_the_statistics_count_reported_and_attended_incidents(target: Target) -> None:
    before = target.get("/stats", days="1").json()
    name = post(target, incident(urgency="medium"))[1]["incidentId"]
    target.call("PATCH", f"/incidents/{name}", {"status": "en_atencion"})
    target.call("PATCH", f"/incidents/{name}", {"status": "resuelto"})

    # A listing may lag behind.
    after = eventually(
        lambda: target.get("/stats", days="1").json(),
        f"one incident more than in {before}, resolved",
        accept=lambda found: (
            found["total"] > before["total"] and found["toResolve"] != before["toResolve"]
        ),
        within_s=DELIVERY_S,
        every_s=0.1,
    )

    for name in ("byStatus", "byUrgency", "byType", "byLocation"):
        assert sum(after[name].values()) == after["total"]
    assert sum(after["byHour"]) == after["total"]
    assert after["byStatus"]["resuelto"] > before["byStatus"].get("resuelto", 0)
    for name in ("toAttend", "toResolve"):
        assert after[name]["count"] > before[name]["count"]
        assert 0 <= after[name]["median"] <= after[name]["p90"]


@pytest.mark.parametrize("days", ["0", "32", "-1", "1.5", "siempre"])
def test_days_out_of_range_are_an_invalid_request(target: Target, days: str) -> None:
    answer = target.get("/stats", days=days)

    assert_problem(answer, 400, "invalid_request")
    assert [problem["field"] for problem in answer.json()["errors"]] == ["days"]
