"""The HTTP API of the real server under hostile paths and bodies, and the page that shows it."""

import base64
import hashlib
import json
import re
import time

import pytest

from tests.conformance.targets import http_request
from tests.e2e.raw import RawSocket
from tests.support.incidents import incident, unique
from tests.support.server import Server
from tests.support.sign_in import bearer, token
from tests.support.wsclient import WsClient

# A body of 32 KB is read, decoded and refused in milliseconds; the rest is scheduling.
QUICKLY_S = 3.0
LIMIT = 32 * 1024


def status_of(server: Server, target: str, method: str = "GET", more: str = "") -> int:
    """Return the status of a request whose path no library has normalised."""
    with RawSocket(server.port) as raw:
        raw.send(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        return raw.status()


@pytest.mark.parametrize(
    "target",
    [
        "/incidents/../health",
        "/incidents/%2e%2e/health",
        "/incidents/..%2f..%2fhealth",
        "/health/../incidents",
        "/health/..%2fincidents",
        "/./incidents",
        "//incidents",
        "/incidents/",
        "/INCIDENTS",
        "/incidents;x=/health",
        "/incidents%00",
        "/incidents/%00",
        "/incidents/a%2Fb",
        "/incidents/..;/stats",
        "/dev/../incidents",
        "/docs/../incidents",
        "/etc/passwd",
        "/../../../../etc/passwd",
        "/alerta.db",
        "/dev/@connections/../../incidents",
        "/dev/@connections/..%2f..%2fincidents",
    ],
)
def test_no_spelling_of_a_path_bypasses_sign_in(guarded: Server, target: str) -> None:
    assert status_of(guarded, target) in {400, 401, 403, 404}


@pytest.mark.parametrize(
    ("encoded", "status"),
    [
        ("..", 400),
        ("..%2F..%2Fincidents", 400),
        ("%2e%2e", 400),
        ("%00", 400),
        ("%0d%0aX-Evil:1", 400),
        ("a/b", 410),
        ("%2Fetc%2Fpasswd", 410),
        ("AAAAAAAAAAAAAAA%3D", 410),
        ("%ff", 400),
        ("", 400),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_connection_id_never_acts_as_a_path(
    server: Server, method: str, encoded: str, status: int
) -> None:
    signed = "Authorization: AWS4-HMAC-SHA256 x\r\n"

    assert status_of(server, f"/dev/@connections/{encoded}", method, signed) == status


def test_an_id_with_a_colon_is_found_however_it_is_encoded(server: Server) -> None:
    with WsClient(server.ws_url) as client:
        name = client.notify(incident(incidentId=unique("a:b.c_d")))["incidentId"]

    for encoded in (name, name.replace(":", "%3A"), name.replace("a", "%61").replace(":", "%3a")):
        answer = http_request("GET", f"{server.http_url}/incidents/{encoded}")
        assert answer.status == 200
        assert answer.json()["incident"]["incidentId"] == name


@pytest.mark.parametrize("encoded", ["x" * 65, "%41" * 65, "a" * 3000, "%F0%9F%94%A5" * 30])
def test_an_id_over_the_limit_is_not_found(server: Server, encoded: str) -> None:
    for method, body in (("GET", None), ("PATCH", b'{"status":"resuelto"}')):
        answer = http_request(method, f"{server.http_url}/incidents/{encoded}", body)

        assert (answer.status, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"timestamp":"' + b"2025-" * 6000 + b'"}', "invalid_incident"),
        (b'{"timestamp":"2025-11-16T18:12:00.' + b"0" * 30000 + b'"}', "invalid_incident"),
        (b'{"incidentId":"' + b"a" * 30000 + b'!"}', "invalid_incident"),
        (b'{"urgency":"' + b"_ -" * 10000 + b'"}', "invalid_incident"),
        (b'{"type":"' + b" \\t" * 10000 + b'"}', "invalid_incident"),
        (b'{"location":"' + "\u0301".encode() * 15000 + b'"}', "invalid_incident"),
        (b'{"x":' + b"9" * 30000 + b"}", "bad_json"),
        (b'{"x":-' + b"9" * 30000 + b"." + b"9" * 1000 + b"}", "bad_json"),
        (b'{"x":1e400}', "invalid_incident"),
        (b'{"x":' + b"[" * 16000 + b"]" * 16000 + b"}", "bad_json"),
        (b'{"x":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "bad_json"),
        (json.dumps({f"k{n:x}": 0 for n in range(2500)}).encode(), "invalid_incident"),
        (b"{" + b'"a":1,' * 5000 + b'"a":1}', "invalid_incident"),
        (b'{"x":[' + b"{}," * 10000 + b"{}]}", "invalid_incident"),
        (b'{"x":"' + b"\\ud83d\\ude00" * 2700 + b'"}', "invalid_incident"),
        (b'"' + b"\\" * 32000 + b'"', "bad_json"),
    ],
    ids=lambda value: str(value)[:26],
)
def test_an_expensive_body_is_answered_at_once(server: Server, body: bytes, code: str) -> None:
    assert len(body) <= LIMIT
    with WsClient(server.ws_url) as client:
        began = time.monotonic()

        answer = http_request("POST", f"{server.http_url}/incidents", body)
        client.send_text('{"action":"notify","incident":' + body.decode()[: LIMIT - 40] + "}")
        client.answer()

        assert answer.json()["code"] == code
        assert time.monotonic() - began < QUICKLY_S


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept-Language", "en;q=" * 1600),
        ("Accept-Language", "a-" * 4000),
        ("Idempotency-Key", "k" * 7000),
        ("Authorization", "Bearer " + "." * 7000),
        ("Authorization", "Bearer" + " " * 7000),
    ],
)
def test_an_expensive_header_is_answered_at_once(server: Server, name: str, value: str) -> None:
    began = time.monotonic()

    answer = http_request("POST", f"{server.http_url}/incidents", b"{}", {name: value})

    assert answer.status in {400, 422}
    assert time.monotonic() - began < QUICKLY_S


def test_the_public_paths_reveal_no_incident(guarded: Server) -> None:
    name, place = unique(), unique("Laboratorio")
    body = json.dumps(incident(incidentId=name, location=place)).encode()
    made = bearer(token(sub=unique("persona")))
    assert http_request("POST", f"{guarded.http_url}/incidents", body, made).status == 201

    paths = ("/health", "/config.json", "/openapi.json", "/asyncapi.json", "/docs", "/")
    answers = [http_request("GET", guarded.http_url + path) for path in paths]

    assert [answer.status for answer in answers] == [200] * len(paths)
    for answer in answers:
        assert not [word for word in (name, place, "persona-") if word.encode() in answer.body]
    assert answers[1].json()["auth"] == "jwt"


def test_the_docs_page_has_only_the_two_scripts_of_its_policy(server: Server) -> None:
    answer = http_request("GET", f"{server.http_url}/docs")

    page, policy = answer.body.decode(), answer.headers["content-security-policy"]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    assert sorted(digests) == sorted(allowed)
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
