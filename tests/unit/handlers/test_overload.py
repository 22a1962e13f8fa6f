"""``Overloaded``: requests, handshakes and messages are refused in the documented forms."""

import json
from typing import Any

from alerta_utec.domain.messages import Lang
from alerta_utec.handlers.overload import Overloaded


class English:
    """``Languages`` of English connections."""

    def lang(self, connection_id: str) -> Lang:
        return "en"


OVERLOADED = Overloaded(English())


def context(event_type: str) -> dict[str, Any]:
    return {"connectionId": "c", "eventType": event_type, "connectedAt": 0, "requestId": "r"}


def test_an_http_request_gets_problem_details_and_a_time_to_retry() -> None:
    answer = OVERLOADED.handle({"version": "2.0", "routeKey": "GET /stats", "headers": {}})

    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "1"
    assert json.loads(answer["body"])["code"] == "unavailable"


def test_a_handshake_gets_503() -> None:
    answer = OVERLOADED.handle({"requestContext": context("CONNECT"), "headers": {}})

    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["code"] == "unavailable"


def test_a_message_gets_an_error_with_its_request_id() -> None:
    body = '{"action":"sync","requestId":"r7"}'

    answer = OVERLOADED.handle({"requestContext": context("MESSAGE"), "body": body})

    error = json.loads(answer["body"])
    assert (error["code"], error["requestId"]) == ("unavailable", "r7")
