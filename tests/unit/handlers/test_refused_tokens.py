"""Refused tokens in the log: one line each with address and reason, in bounded numbers."""

import logging
from collections import Counter

import jwt
import pytest

from alerta_utec.adapters.jwt_tokens import JwtAuthenticator, JwtSettings
from alerta_utec.handlers.bounded_log import LINES_PER_SOURCE
from tests import events
from tests.support.sign_in import AUDIENCE, ISSUER, SECRET, claims, now_s, token
from tests.unit.handlers.conftest import ServiceOverFakes


@pytest.fixture
def guarded() -> ServiceOverFakes:
    """The service with sign-in."""
    settings = JwtSettings(secret=SECRET, issuer=ISSUER, audience=AUDIENCE)
    return ServiceOverFakes(authenticator=JwtAuthenticator(settings))


def refuse(guarded: ServiceOverFakes, made: str = "s3creto.de.ana") -> None:
    """Be refused over HTTP, and in a handshake."""
    assert guarded.get("http_me", headers={"authorization": f"Bearer {made}"})[0] == 401
    query = {"multiValueQueryStringParameters": {"token": [made]}}
    assert guarded.connect(events.load("connect") | query)["statusCode"] == 401


def test_refused_tokens_get_a_bounded_number_of_lines(
    guarded: ServiceOverFakes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    for _ in range(3 * LINES_PER_SOURCE):
        refuse(guarded)

    lines = Counter(record.msg for record in caplog.records)
    assert lines == {"token_refused": LINES_PER_SOURCE, "connect_refused": LINES_PER_SOURCE}
    assert "s3creto" not in str([vars(record) for record in caplog.records])


def test_a_request_without_a_token_is_not_logged(
    guarded: ServiceOverFakes, caplog: pytest.LogCaptureFixture
) -> None:
    assert guarded.get("http_me")[0] == 401

    assert caplog.records == []


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("a.b.c", "malformed"),
        (token(exp=now_s() - 3600), "expired"),
        (token(nbf=now_s() + 3600), "not_yet_valid"),
        (jwt.encode(claims(), "otro secreto de prueba, bastante largo"), "wrong_signature"),
        (token(exp=None), "missing_claim"),
        (token(aud="otra"), "wrong_audience"),
        (token(iss="https://otro.example"), "wrong_issuer"),
        (token(sub="\x1b"), "unusable_sub"),
        ("x" * 20_000, "too_long"),
    ],
    ids=lambda value: value if len(value) < 20 else "token",
)
def test_the_reason_of_a_refusal_is_a_code(
    made: str, reason: str, guarded: ServiceOverFakes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    refuse(guarded, made)

    over_http, over_socket = (vars(record) for record in caplog.records)
    assert (over_http["msg"], over_http["reason"]) == ("token_refused", reason)
    assert (over_socket["msg"], over_socket["reason"]) == ("connect_refused", reason)
    assert over_http["address"] == over_socket["address"] == "203.0.113.24"
    assert over_http["route"] == "GET /me"
    assert made not in str(over_http) + str(over_socket)
