"""Attempts to act as another person or beyond a role, against the real server."""

import json
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from websockets.sync.client import connect

from alerta_utec.client import AlertaUtec
from tests.conformance.targets import http_request
from tests.support.cap import Alert
from tests.support.eventually import eventually
from tests.support.incidents import incident, unique
from tests.support.server import Server
from tests.support.sign_in import bearer, token
from tests.support.wsclient import Frame, WsClient

NOBODY: tuple[Any, ...] = (
    None,
    "",
    "AUTORIDAD",
    "autoridad ",
    "autoridad\x00",
    "autoridad,personal",
    "admin",
    "*",
    True,
    2,
    {"autoridad": True},
    {"role": "autoridad"},
    [["autoridad"]],
    [{"name": "autoridad"}],
    [True, 2, None],
)


def socket(stack: ExitStack, server: Server, role: Any, **more: Any) -> WsClient:
    """Open a socket of a person with that role."""
    return stack.enter_context(WsClient(server.ws_url, headers=bearer(token(role, **more))))


ROLES = ("estudiante", "personal", "autoridad")


def reported(server: Server, *, sub: str | None = None, **fields: Any) -> str:
    """Report an incident as a student and return its id."""
    body = json.dumps(incident(incidentId=str(uuid4()), **fields)).encode()
    answer = http_request(
        "POST", f"{server.http_url}/incidents", body, bearer(token("estudiante", sub=sub))
    )
    assert answer.status == 201
    return str(answer.json()["incidentId"])


def shown(server: Server, name: str, role: str = "autoridad") -> dict[str, Any]:
    """Return an incident with its history, as a role sees it."""
    answer = http_request("GET", f"{server.http_url}/incidents/{name}", None, bearer(token(role)))
    assert answer.status == 200
    return dict(answer.json())


def both_ways(server: Server, made: str, name: str, change: dict[str, Any]) -> list[str]:
    """Send a change over both wires and return their codes; ``ok`` for a success."""
    with WsClient(server.ws_url, headers=bearer(made)) as client:
        frame = client.request({"action": "update", "incidentId": name, **change})
    url, body = f"{server.http_url}/incidents/{name}", json.dumps(change).encode()
    answer = http_request("PATCH", url, body, bearer(made))
    return [frame.get("code", "ok"), answer.json().get("code", "ok")]


@pytest.mark.parametrize("role", NOBODY, ids=repr)
def test_a_role_claim_of_another_shape_gives_the_role_of_student(
    guarded: Server, role: Any
) -> None:
    name = reported(guarded)

    refused = both_ways(guarded, token(role, roles="autoridad"), name, {"status": "resuelto"})

    assert refused == ["forbidden", "forbidden"]
    assert shown(guarded, name)["incident"]["revision"] == 1


@pytest.mark.parametrize(
    ("role", "status", "change"),
    [
        ("estudiante", "pendiente", {"status": "en_atencion"}),
        ("estudiante", "pendiente", {"status": "resuelto"}),
        ("estudiante", "pendiente", {"urgency": "high"}),
        ("estudiante", "pendiente", {"note": "yo lo vi"}),
        ("estudiante", "pendiente", {"status": "pendiente"}),
        ("estudiante", "resuelto", {"status": "pendiente"}),
        ("personal", "pendiente", {"urgency": "high"}),
        ("personal", "resuelto", {"status": "pendiente"}),
        ("personal", "pendiente", {"status": "resuelto", "urgency": "high"}),
        ("personal", "pendiente", {"note": "x", "urgency": "medium"}),
    ],
    ids=str,
)
def test_an_action_beyond_a_role_is_forbidden_on_both_wires(
    guarded: Server, role: str, status: str, change: dict[str, Any]
) -> None:
    name = reported(guarded, status=status)

    refused = both_ways(guarded, token(role), name, change)

    assert refused == ["forbidden", "forbidden"]
    found = shown(guarded, name)
    assert (found["incident"]["revision"], len(found["history"])) == (1, 1)


def test_a_student_gets_not_found_for_an_unknown_incident(guarded: Server) -> None:
    refused = both_ways(guarded, token("estudiante"), unique(), {"status": "resuelto"})

    assert refused == ["not_found", "not_found"]


@pytest.mark.parametrize(
    "forged",
    [{"reportedBy": "jefa"}, {"reportedBy": None}, {"alarmed": False}, {"revision": 7}, {"seq": 1}],
    ids=str,
)
def test_fields_that_the_service_sets_cannot_be_submitted(
    guarded: Server, forged: dict[str, Any]
) -> None:
    body = incident(**forged)
    with WsClient(guarded.ws_url, headers=bearer(token())) as client:
        frame = client.notify(body)
    url = f"{guarded.http_url}/incidents"
    answer = http_request("POST", url, json.dumps(body).encode(), bearer(token()))

    assert [frame["code"], answer.json()["code"]] == ["invalid_incident"] * 2
    for errors in (frame["errors"], answer.json()["errors"]):
        assert [error["field"] for error in errors] == [f"incident.{next(iter(forged))}"]


def test_the_reporter_is_always_the_subject_of_the_token(
    guarded: Server,
) -> None:
    others = {"reportedBy": "jefa", "name": "jefa", "preferred_username": "jefa", "by": "jefa"}
    made = token("personal", sub="luis", **others)
    extras = {"reported_by": "jefa", "reportedby": "jefa", "ReportedBy": "jefa", "by": "jefa"}
    with WsClient(guarded.ws_url, headers=bearer(made)) as client:
        ack = client.request(
            {
                "action": "notify",
                "incident": incident(**extras),
                **others,
                "user": "jefa",
                "requestContext": {"authorizer": {"user": "jefa"}},
            }
        )
        name = ack["incidentId"]
        client.request({"action": "update", "incidentId": name, "status": "resuelto", **others})

    found = shown(guarded, name)
    assert found["incident"]["reportedBy"] == "luis"
    assert [entry["by"] for entry in found["history"]] == ["luis", "luis"]


def test_idempotency_keys_of_different_users_stay_apart(guarded: Server) -> None:
    key = unique("key")
    url, headers = f"{guarded.http_url}/incidents", {"Idempotency-Key": key}

    acks = [
        http_request("POST", url, json.dumps(incident(aula=sub)).encode(), made | headers).json()
        for sub in ("rosa", "luis")
        if (made := bearer(token("estudiante", sub=sub)))
    ]

    assert [ack["duplicate"] for ack in acks] == [False, False]
    assert acks[0]["incidentId"] != acks[1]["incidentId"]


def test_a_message_has_the_identity_of_its_socket(guarded: Server) -> None:
    with ExitStack() as stack:
        student = socket(stack, guarded, "estudiante")
        boss = socket(stack, guarded, "autoridad", sub="jefa")
        boss_id = boss.ping()["connectionId"]

        forged = {"connectionId": boss_id, "requestContext": {"connectionId": boss_id}}
        pong = student.request({"action": "ping", **forged})
        student.request({"action": "subscribe", "filter": {"type": "nada"}, **forged})
        refused = student.request(
            {"action": "update", "incidentId": reported(guarded), "urgency": "high", **forged}
        )

        assert pong["connectionId"] != boss_id
        assert refused["code"] == "forbidden"
        # The subscription was the student's own.
        boss.wait_update(reported(guarded))


@pytest.mark.parametrize("authorization", [None, "Bearer", "AWS4-HMAC-SHA256", "Basic YTpi"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_an_unsigned_call_reaches_no_connection(
    guarded: Server, method: str, authorization: str | None
) -> None:
    with WsClient(guarded.ws_url, headers=bearer(token("autoridad"))) as victim:
        path = f"{guarded.management_url}/@connections/{victim.ping()['connectionId']}"
        headers = {"Authorization": authorization} if authorization else {}
        if authorization == "Bearer":
            headers = bearer(token("autoridad"))

        answer = http_request(method, path.replace("=", "%3D"), b"tomado", headers)

        assert answer.status == 403
        victim.ping()
        assert "tomado" not in victim.texts


def test_names_are_shown_to_staff_only(guarded: Server) -> None:
    with ExitStack() as stack:
        student, staff, boss = (
            socket(stack, guarded, role) for role in ("estudiante", "personal", "autoridad")
        )
        since = student.ping()["position"]
        name = reported(guarded, sub="rosa")
        staff.request({"action": "update", "incidentId": name, "status": "resuelto"})

        told = {client: client.wait_update(name)["incident"] for client in (student, staff, boss)}
        synced = {
            client: client.request({"action": "sync", "since": since})["incidents"][0]
            for client in (student, staff, boss)
        }

    assert [told[c].get("reportedBy") for c in (student, staff, boss)] == [None, "rosa", "rosa"]
    assert [synced[c].get("reportedBy") for c in (student, staff, boss)] == [None, "rosa", "rosa"]
    assert "rosa" not in json.dumps(student.frames)
    for role in ("estudiante", "personal", "autoridad"):
        private = role != "estudiante"
        found = shown(guarded, name, role)
        assert ("reportedBy" in found["incident"]) is private
        assert [("by" in entry) for entry in found["history"]] == [private, private]
        url = f"{guarded.http_url}/incidents?limit=200"
        listing = http_request("GET", url, None, bearer(token(role))).body.decode()
        assert ('"reportedBy"' in listing) is private


def test_recipients_of_emails_are_shown_to_staff_only(guarded: Server) -> None:
    name = reported(guarded, urgency="high")

    def emails(role: str) -> list[dict[str, Any]]:
        found = shown(guarded, name, role)["deliveries"]
        return [one for one in found if one["channel"] == "email"]

    eventually(lambda: [one["result"] for one in emails("autoridad")] == ["sent"])

    assert ["recipients" in emails(role)[0] for role in ROLES] == [False, True, True]
    assert emails("estudiante")[0]["result"] == "sent"


def test_deliveries_to_webhooks_are_shown_to_staff_only(guarded: Server) -> None:
    boss = token("autoridad", sub="jefa")
    with AlertaUtec(guarded.http_url, token=boss) as alerta:
        # The server posts to no address of this machine, which is an outcome too.
        added = alerta.webhooks.add("http://127.0.0.1:9/", filter={"type": unique("Humo")})
        (kind,) = added["filter"]["type"]
        name = reported(guarded, type=kind)

        def channels(role: str) -> list[str]:
            return [one["channel"] for one in shown(guarded, name, role)["deliveries"]]

        channel = f"webhook:{added['webhookId']}"
        eventually(lambda: channel in channels("autoridad"))
        alerta.webhooks.remove(added["webhookId"])

    assert [channel in channels(role) for role in ROLES] == [False, True, True]
    assert not any("webhook" in one for one in channels("estudiante"))


def test_an_alert_has_no_names_and_a_restricted_scope(guarded: Server) -> None:
    name = reported(guarded)

    url = f"{guarded.http_url}/incidents/{name}/cap"
    for role in ("estudiante", "personal", "autoridad"):
        answer = http_request("GET", url, None, bearer(token(role)))
        assert answer.status == 200
        assert b"rosa" not in answer.body
        assert Alert(answer.body).one("scope") == "Restricted"


def test_a_subprotocol_with_a_token_is_never_echoed(guarded: Server) -> None:
    made = token()
    with connect(
        guarded.ws_url, additional_headers={"Sec-WebSocket-Protocol": f"bearer.{made}"}, proxy=None
    ) as opened:
        assert opened.response is not None
        answered: Frame = dict(opened.response.headers.raw_items())

    assert "Sec-WebSocket-Protocol" not in answered
    assert made not in json.dumps(answered)


@pytest.mark.parametrize("own", ["incendio-torre-a", "2026-11-30", "0" * 32])
def test_only_staff_choose_ids_that_can_be_foreseen(guarded: Server, own: str) -> None:
    def report(role: str, **fields: Any) -> Any:
        body = json.dumps(incident(**fields)).encode()
        return http_request("POST", f"{guarded.http_url}/incidents", body, bearer(token(role)))

    refused = report("estudiante", incidentId=own)
    with WsClient(guarded.ws_url, headers=bearer(token("estudiante"))) as client:
        over_socket = client.notify(incident(incidentId=own))

    assert (refused.status, refused.json()["code"]) == (422, "invalid_incident")
    assert [problem["field"] for problem in refused.json()["errors"]] == ["incident.incidentId"]
    assert over_socket["code"] == "invalid_incident"
    assert report("estudiante", incidentId=str(uuid4())).status == 201
    assert report("personal", incidentId=own).status == 201
