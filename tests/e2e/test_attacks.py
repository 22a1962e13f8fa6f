"""Attacks on sign-in, against the real server: each ends in the documented refusal."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance.targets import http_request
from tests.e2e.guarded import assert_refused, handshake_status
from tests.e2e.raw import RawSocket
from tests.support.incidents import incident, unique
from tests.support.server import Server
from tests.support.sign_in import (
    ISSUER,
    SECRET,
    bearer,
    claims,
    now_s,
    part,
    token,
)
from tests.support.wsclient import WsClient

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_a_valid_token_is_accepted_in_three_places_and_over_http(guarded: Server) -> None:
    made = token()
    offer = ["alerta.v1", f"bearer.{made}"]

    with WsClient(guarded.ws_url, subprotocols=offer) as client:
        selected = client.connection.subprotocol

    assert selected == "alerta.v1"
    assert handshake_status(guarded, headers=bearer(made)) == 101
    assert handshake_status(guarded, f"?token={made}") == 101
    assert http_request("GET", f"{guarded.http_url}/incidents", None, bearer(made)).status == 200


def test_a_caller_without_a_token_can_neither_read_nor_report(guarded: Server) -> None:
    body = b'{"type":"x","location":"y","urgency":"low"}'

    assert handshake_status(guarded) == 401
    for method, path in (
        ("GET", "/incidents"),
        ("GET", "/incidents/aula-1"),
        ("GET", "/incidents/aula-1/cap"),
        ("PATCH", "/incidents/aula-1"),
        ("POST", "/incidents"),
        ("GET", "/stats"),
        ("GET", "/me"),
    ):
        assert http_request(method, guarded.http_url + path, body).status == 401
    # Over HTTP a token has one valid place.
    assert http_request("GET", f"{guarded.http_url}/incidents?token={token()}").status == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_a_token_without_a_signature_is_refused(
    guarded: Server, algorithm: str, signature: str
) -> None:
    forged = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims(role='autoridad'))}"

    assert_refused(guarded, f"{forged}.{signature}")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": now_s() - 1}, id="exp a second ago"),
        {"exp": None},
        {"exp": "9999999999999"},
        {"exp": 10**30},
        {"exp": float("inf")},
        {"nbf": float("inf")},
        {"iat": float("nan")},
        pytest.param({"nbf": now_s() + 86_400}, id="nbf tomorrow"),
        pytest.param({"iat": now_s() + 86_400}, id="iat tomorrow"),
        {"aud": "otro-servicio"},
        {"aud": None},
        {"aud": ["otro", "más"]},
        {"aud": {"alerta-utec": 1}},
        {"iss": "https://otro.example.edu/"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "rosa\r\nX-Admin: 1"},
        {"sub": "rosa\x1b]0;x\x07"},
        {"sub": "x" * 201},
        {"sub": {"toString": "rosa"}},
    ],
    ids=str,
)
def test_a_signed_token_with_invalid_claims_is_refused(
    guarded: Server, changes: dict[str, Any]
) -> None:
    # Signed by hand: the library makes no such token.
    payload = json.dumps(claims(**changes)).encode()

    assert_refused(guarded, jwt.PyJWS().encode(payload, SECRET, algorithm="HS256"))


@pytest.mark.parametrize(
    "head",
    [
        "[" * 3000,
        '{"alg":"HS256","x":' + "[" * 2900,
        "[]",
        "7",
        '"HS256"',
        '{"alg":7}',
        '{"alg":{}}',
    ],
    ids=lambda head: head[:16],
)
def test_a_token_with_malformed_parts_is_refused(guarded: Server, head: str) -> None:
    first = base64.urlsafe_b64encode(head.encode()).rstrip(b"=").decode()[:4000]

    assert_refused(guarded, f"{first}.{part(claims()) if len(first) < 3000 else ''}.AAAA")


def test_a_signed_token_with_deep_nesting_is_refused(guarded: Server) -> None:
    payload = json.dumps(claims())[:-1] + ',"x":' + "[" * 1300 + "]" * 1300 + "}"

    assert_refused(guarded, jwt.PyJWS().encode(payload.encode(), SECRET, algorithm="HS256"))


@pytest.mark.parametrize(
    "forged",
    [
        jwt.encode(claims(), SECRET[::-1], algorithm="HS256"),
        jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
        jwt.encode(claims(), STRANGER, algorithm="RS256"),
        token() + "A",
        token()[:-4],
        token().replace(".", ".."),
        "x" * 4000,
        "a.b.c",
        "..",
        '{"sub":"rosa"}',
    ],
    ids=["secret", "HS512", "RS256", "longer", "shorter", "dots", "x", "abc", "empty", "json"],
)
def test_a_token_that_the_secret_did_not_sign_is_refused(guarded: Server, forged: str) -> None:
    assert_refused(guarded, forged)


def test_a_signed_token_with_a_changed_role_is_refused(guarded: Server) -> None:
    head, _, signature = token("estudiante").split(".")

    assert_refused(guarded, f"{head}.{part(claims(role='autoridad'))}.{signature}")


@pytest.mark.parametrize("secret", ["", "\n", "null", "../../../../../../dev/null"])
def test_a_token_whose_header_chooses_the_key_is_refused(guarded: Server, secret: str) -> None:
    headers = {"kid": "../../../../../../dev/null", "alg": "HS256", "typ": "JWT"}
    signed = f"{part(headers)}.{part(claims())}"
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()

    assert_refused(guarded, f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_tokens_in_several_places_at_once_are_refused(guarded: Server) -> None:
    good, bad = token(), "a.b.c"
    for one, other in ((good, good), (good, bad), (bad, good)):
        offer = ["alerta.v1", f"bearer.{other}"]
        assert handshake_status(guarded, f"?token={one}", headers=bearer(other)) == 401
        assert handshake_status(guarded, f"?token={one}", subprotocols=offer) == 401
        assert handshake_status(guarded, subprotocols=offer, headers=bearer(one)) == 401
        assert handshake_status(guarded, f"?token={one}&token={other}") == 401
        twice = f"Authorization: Bearer {one}\r\nAuthorization: Bearer {other}\r\n"
        request = f"GET /incidents HTTP/1.1\r\nHost: localhost\r\n{twice}\r\n"
        with RawSocket(guarded.port) as raw:
            raw.send(request.encode())
            assert raw.status() == 401


def test_a_connection_is_closed_when_its_token_expires(guarded: Server) -> None:
    end = now_s() + 3
    with WsClient(guarded.ws_url, headers=bearer(token(exp=end))) as brief:
        pong = brief.ping()

        closed = brief.wait_closed()

    assert pong["expiresAt"].startswith(f"{_iso(end)}")
    assert closed == (1001, "Going away")
    assert end <= now_s() <= end + 2


def test_the_log_never_has_a_token(guarded: Server) -> None:
    good, expired = token(sub=unique("persona")), token(exp=now_s() - 60)
    for made in (good, expired, f"{good}x"):
        handshake_status(guarded, f"?token={made}")
        handshake_status(guarded, f"?token={made}&token={made}")
        handshake_status(guarded, headers=bearer(made))
        handshake_status(guarded, subprotocols=["alerta.v1", f"bearer.{made}"])
        http_request("GET", f"{guarded.http_url}/incidents?token={made}&limit=x")
        http_request("GET", f"{guarded.http_url}/incidents?limit=x", None, bearer(made))
        for broken in (
            f"GET /dev?token={made} HTTP/9.9\r\n\r\n",
            f"GET /dev?token={made}\r\nx\r\n\r\n",
        ):
            with RawSocket(guarded.port) as raw:
                raw.send(broken.encode())
                raw.status()
    with WsClient(guarded.ws_url, headers=bearer(good)) as client:
        client.notify(incident(token=good))
        client.send_text(f'{{"action":"notify","token":"{good}"')
        client.answer()

    assert handshake_status(guarded, f"?token={good}") == 101
    # Every token begins like this; the log has no other part of it either.
    assert "eyJ" not in guarded.output
    assert not [
        part for made in (good, expired) for part in made.split(".") if part in guarded.output
    ]


def _iso(moment_s: int) -> str:
    """Return the moment to the second, in a pong's format."""
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
