"""Keys of machines at the real server: what each opens, and their end."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from alerta_utec.deployments.routes import HTTP_ROUTES
from alerta_utec.domain.policy import Scope
from tests.conformance.targets import http_request
from tests.e2e.guarded import handshake_status
from tests.support.incidents import incident, unique
from tests.support.server import Server
from tests.support.sign_in import bearer, token
from tests.support.wsclient import WsClient

JEFA = bearer(token("autoridad", sub="jefa"))


def boss() -> dict[str, str]:
    """Return the header of another authority, whom no limit has counted."""
    return bearer(token("autoridad"))


UNKNOWN = "01a20b7b-a999-7c10-a5a9-4c22b56ee3f0"
# The scopes that open each route; every other key gets 403. Of the others no token is asked.
OPENED_BY: dict[str, set[Scope]] = {
    "POST /incidents": {Scope.REPORT},
    "GET /incidents": {Scope.READ},
    "GET /incidents/{incidentId}": {Scope.READ},
    "GET /incidents/{incidentId}/cap": {Scope.READ},
    "PATCH /incidents/{incidentId}": {Scope.UPDATE},
    "GET /stats": {Scope.READ},
    "GET /me": set(Scope),
    "GET /webhooks": {Scope.MANAGE},
    "POST /webhooks": {Scope.MANAGE},
    "GET /webhooks/{webhookId}": {Scope.MANAGE},
    "PATCH /webhooks/{webhookId}": {Scope.MANAGE},
    "DELETE /webhooks/{webhookId}": {Scope.MANAGE},
    "POST /webhooks/{webhookId}/secret": {Scope.MANAGE},
    "GET /webhooks/{webhookId}/failures": {Scope.MANAGE},
    "POST /webhooks/{webhookId}/retry": {Scope.MANAGE},
    "POST /webhooks/{webhookId}/test": {Scope.MANAGE},
    "GET /keys": set(),
    "POST /keys": set(),
    "DELETE /keys/{keyId}": set(),
}
PUBLIC = {
    *("GET /", "GET /panel/{file}", "GET /health", "GET /config.json"),
    *("GET /openapi.json", "GET /asyncapi.json", "GET /docs"),
}


def make(server: Server, *scopes: Scope, **more: Any) -> dict[str, Any]:
    """Make a key and return the response's body."""
    body = json.dumps({"name": unique("sensor"), "scopes": list(scopes), **more}).encode()
    answer = http_request("POST", f"{server.http_url}/keys", body, boss())
    assert answer.status == 201, answer.body
    return dict(answer.json())


def revoke(server: Server, key: dict[str, Any]) -> int:
    return http_request("DELETE", f"{server.http_url}/keys/{key['keyId']}", None, boss()).status


def call(server: Server, route: str, key: str, incident_id: str) -> int:
    """Call a route with a key; return the status."""
    method, path = route.replace("{incidentId}", incident_id).split(" ")
    path = path.replace("{webhookId}", UNKNOWN).replace("{keyId}", UNKNOWN)
    bodies = {
        "POST /incidents": incident(type=unique()),
        "PATCH /incidents/{incidentId}": {"status": "resuelto"},
    }
    body = json.dumps(bodies.get(route, {})).encode() if method in ("POST", "PATCH") else None
    return http_request(method, server.http_url + path, body, bearer(key)).status


def test_every_route_is_public_or_in_the_table_of_scopes() -> None:
    assert {route.key for route in HTTP_ROUTES} == OPENED_BY.keys() | PUBLIC


@pytest.mark.parametrize("scope", Scope)
def test_a_key_opens_the_routes_of_its_scope_and_no_other(guarded: Server, scope: Scope) -> None:
    key = make(guarded, scope)
    body = json.dumps(incident()).encode()
    reported = http_request("POST", f"{guarded.http_url}/incidents", body, boss()).json()

    statuses = {
        route: call(guarded, route, key["key"], reported["incidentId"]) for route in OPENED_BY
    }

    refused = {route for route, status in statuses.items() if status == 403}
    assert refused == {route for route, scopes in OPENED_BY.items() if scope not in scopes}
    assert 401 not in statuses.values()
    assert (handshake_status(guarded, headers=bearer(key["key"])) == 101) == (scope is Scope.FEED)
    assert revoke(guarded, key) == 204


@pytest.mark.parametrize("role", [None, "estudiante", "personal"])
def test_only_autoridad_manages_keys(guarded: Server, role: str | None) -> None:
    headers = bearer(token(role)) if role else {}
    body = json.dumps({"name": "sensor", "scopes": ["report"]}).encode()

    statuses = {
        http_request(method, f"{guarded.http_url}/keys{path}", data, headers).status
        for method, path, data in (("GET", "", None), ("POST", "", body), ("DELETE", "/x", None))
    }

    assert statuses == {403 if role else 401}


def test_a_key_sees_no_names_and_its_reports_name_it(guarded: Server) -> None:
    key, kind = make(guarded, Scope.REPORT, Scope.READ, Scope.FEED), unique()
    with WsClient(guarded.ws_url, headers=bearer(key["key"])) as sensor:
        acked = sensor.request({"action": "notify", "incident": incident(type=kind)})
        frame = sensor.wait_update(acked["incidentId"])

    url = f"{guarded.http_url}/incidents/{acked['incidentId']}"
    seen = http_request("GET", url, None, bearer(key["key"])).json()["incident"]
    seen_by_staff = http_request("GET", url, None, JEFA).json()["incident"]
    assert "reportedBy" not in frame["incident"]
    assert "reportedBy" not in seen
    assert seen_by_staff["reportedBy"] == f"{key['name']} (key:{key['keyId']})"


def test_a_revoked_key_ends_its_open_sockets_and_no_other(guarded: Server) -> None:
    key, other = make(guarded, Scope.FEED), make(guarded, Scope.FEED)
    with (
        WsClient(guarded.ws_url, headers=bearer(key["key"])) as first,
        WsClient(guarded.ws_url, subprotocols=["alerta.v1", f"bearer.{key['key']}"]) as second,
        WsClient(guarded.ws_url, headers=bearer(other["key"])) as kept,
    ):
        assert revoke(guarded, key) == 204

        for closed in (first, second):
            assert closed.wait_closed()[0] == 1000
        assert kept.ping()["type"] == "pong"
    assert handshake_status(guarded, headers=bearer(key["key"])) == 401
    assert revoke(guarded, key) == 404
    assert revoke(guarded, other) == 204


@pytest.mark.parametrize(
    ("scopes", "status"), [([Scope.FEED], 101), ([Scope.FEED, Scope.REPORT], 401)]
)
@pytest.mark.parametrize("name", ["key", "token"])
def test_only_a_key_for_the_feed_alone_may_be_in_the_url(
    guarded: Server, scopes: list[Scope], status: int, name: str
) -> None:
    key = make(guarded, *scopes)

    assert handshake_status(guarded, f"?{name}={quote(key['key'])}") == status

    assert revoke(guarded, key) == 204


def test_a_key_receives_what_its_filter_accepts(guarded: Server) -> None:
    here, elsewhere = unique(), unique()
    key = make(guarded, Scope.FEED, Scope.REPORT, filter={"type": here})
    with (
        WsClient(guarded.ws_url, headers=bearer(key["key"])) as sensor,
        WsClient(guarded.ws_url, headers=JEFA) as jefa,
    ):
        sensor.request({"action": "subscribe", "filter": {}})
        refused = sensor.request({"action": "notify", "incident": incident(type=elsewhere)})
        jefa.request({"action": "notify", "incident": incident(type=elsewhere)})
        jefa.request({"action": "notify", "incident": incident(type=here)})
        received = sensor.wait(lambda one: one["type"] == "incident_update")

    assert refused["code"] == "forbidden"
    assert received["incident"]["type"] == here
    assert revoke(guarded, key) == 204


def test_a_listing_shows_the_last_use_and_no_secret(guarded: Server) -> None:
    key = make(guarded, Scope.READ)
    http_request("GET", f"{guarded.http_url}/incidents", None, bearer(key["key"]))

    listed = http_request("GET", f"{guarded.http_url}/keys", None, JEFA)

    (found,) = [one for one in listed.json()["keys"] if one["keyId"] == key["keyId"]]
    assert found["createdBy"].startswith("rosa")
    assert found["lastUsedAt"] >= found["createdAt"]
    assert key["key"].rsplit("_", 1)[1] not in listed.body.decode()
    assert key["key"].rsplit("_", 1)[1] not in guarded.output
    assert revoke(guarded, key) == 204


def test_without_sign_in_no_keys_are_made(server: Server) -> None:
    body = json.dumps({"name": "sensor", "scopes": ["report"]}).encode()

    assert http_request("POST", f"{server.http_url}/keys", body).status == 403
    assert http_request("GET", f"{server.http_url}/keys").status == 403
