"""Refused tokens in the log: one line each with address and reason, in bounded numbers."""

import logging
from typing import Any

import jwt
import pytest

from alerta_utec.adapters.jwt_tokens import JwtAuthenticator, JwtSettings
from alerta_utec.domain.errors import Unauthorized
from alerta_utec.handlers.refused_tokens import (
    LINES_MAX,
    LINES_PER_ADDRESS,
    WINDOW_S,
    RefusedTokens,
)
from alerta_utec.handlers.request import Request
from tests import events
from tests.support.sign_in import AUDIENCE, ISSUER, SECRET, claims, now_s, token
from tests.unit.handlers.conftest import ServiceOverFakes


class Log:
    """A ``RefusedTokens`` whose time a test moves, and the lines that it has written."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now_s = 1000.0
        self.refused = RefusedTokens(lambda: self.now_s)
        self._caplog = caplog

    def refuse(self, address: str = "203.0.113.24", count: int = 1, **headers: str) -> None:
        event = events.load("http_me")
        event["headers"] = {"authorization": "Bearer s3creto.de.ana"} | headers
        event["requestContext"]["http"]["sourceIp"] = address
        for _ in range(count):
            self.refused.log(Request(event), Unauthorized("expired"))

    def lines(self) -> list[dict[str, Any]]:
        return [vars(record) for record in self._caplog.records]

    def counts(self, event: str = "token_refusals_not_logged") -> list[int]:
        return [line["count"] for line in self.lines() if line["msg"] == event]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    caplog.set_level(logging.INFO)
    return Log(caplog)


def test_each_refused_token_is_one_line_with_address_and_reason(log: Log) -> None:
    log.refuse()

    (line,) = log.lines()
    assert line["msg"] == "token_refused"
    assert (line["address"], line["reason"]) == ("203.0.113.24", "expired")
    assert line["route"] == "GET /me"
    assert "s3creto" not in str(line)


def test_one_address_gets_a_bounded_number_of_lines(log: Log) -> None:
    log.refuse(count=5 * LINES_PER_ADDRESS)
    log.refuse("203.0.113.25")

    addresses = [line["address"] for line in log.lines()]
    assert addresses == ["203.0.113.24"] * LINES_PER_ADDRESS + ["203.0.113.25"]


def test_all_addresses_together_get_a_bounded_number_of_lines(log: Log) -> None:
    for number in range(3 * LINES_MAX):
        log.refuse(f"203.0.113.{number}")

    assert len(log.lines()) == LINES_MAX


def test_what_was_not_logged_is_counted_in_the_next_window(log: Log) -> None:
    log.refuse(count=LINES_PER_ADDRESS + 7)
    log.now_s += WINDOW_S
    log.refuse()
    log.now_s += WINDOW_S
    log.refuse()

    assert log.counts() == [7]
    assert len(log.lines()) == LINES_PER_ADDRESS + 1 + 2


def test_a_request_without_a_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    guarded = ServiceOverFakes(authenticator=JwtAuthenticator(JwtSettings(secret=SECRET)))

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
    made: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = JwtSettings(secret=SECRET, issuer=ISSUER, audience=AUDIENCE)
    guarded = ServiceOverFakes(authenticator=JwtAuthenticator(settings))

    status, _, body = guarded.get("http_me", headers={"authorization": f"Bearer {made}"})
    query = {"multiValueQueryStringParameters": {"token": [made]}}
    opened = guarded.connect(events.load("connect") | query)

    assert (status, body["code"], opened["statusCode"]) == (401, "unauthorized", 401)
    over_http, over_socket = (vars(record) for record in caplog.records)
    assert (over_http["msg"], over_http["reason"]) == ("token_refused", reason)
    assert (over_socket["msg"], over_socket["reason"]) == ("connect_refused", reason)
    assert over_http["address"] == over_socket["address"] == "203.0.113.24"
    assert made not in str(over_http) + str(over_socket)
