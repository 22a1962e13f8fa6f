"""Bad messages get an error with a code, and the socket stays open."""

import json
from typing import Any

import pytest

from tests.conformance.targets import Target
from tests.support.incidents import incident
from tests.support.wsclient import WsClient

ACTIONS = ["notify", "update", "subscribe", "ping", "sync"]
LIMIT = 32 * 1024


@pytest.mark.parametrize(
    "text",
    [
        "hola",
        "[]",
        '["notify"]',
        '"notify"',
        "42",
        "null",
        "{",
        '{"action":"ping"} x',
        '{"action":NaN}',
        '{"a":"\\ud800"}',
    ],
    ids=lambda text: text[:20],
)
def test_a_message_that_is_no_json_object_gets_bad_json(client: WsClient, text: str) -> None:
    client.send_text(text)

    error = client.answer()
    assert error.keys() == {"type", "code", "message"}
    assert error["code"] == "bad_json"
    assert_open(client)


def test_json_nested_too_deep_gets_bad_json(target: Target, client: WsClient) -> None:
    client.send_text("[" * 20_000)

    if target.differs("deep_json"):
        assert client.wait_closed()[0] == 1000
    else:
        assert client.answer()["code"] == "bad_json"
        assert_open(client)


@pytest.mark.parametrize(
    "action",
    [
        "explode",
        "Notify",
        "notify ",
        "",
        "$default",
        None,
        5,
        ["notify"],
        {},
    ],
    ids=repr,
)
def test_an_unknown_action_gets_the_list_of_actions(client: WsClient, action: Any) -> None:
    error = client.request({"action": action})

    assert (error["type"], error["code"]) == ("error", "unknown_action")
    assert error["actions"] == ACTIONS
    assert all(name in error["message"] for name in ACTIONS)
    assert_open(client)


@pytest.mark.parametrize("action", ["$connect", "$disconnect"])
def test_the_routes_of_the_connection_itself_are_unknown_actions(
    target: Target, client: WsClient, action: str
) -> None:
    client.send({"action": action, "requestId": "r"})

    if target.differs("lifecycle_actions"):
        assert client.ping()["type"] == "pong"
        assert [frame["type"] for frame in client.frames] == ["pong"]
        return
    error = client.answer()
    assert (error["code"], error["requestId"]) == ("unknown_action", "r")
    assert_open(client)


def test_a_message_without_an_action_gets_the_list_of_actions(client: WsClient) -> None:
    client.send_text("{}")

    error = client.answer()
    assert error == {**error, "type": "error", "code": "unknown_action", "actions": ACTIONS}
    assert "requestId" not in error
    assert_open(client)


@pytest.mark.parametrize("value", ["", "x" * 65, 7, True, ["r"], {"r": 1}], ids=repr)
def test_a_bad_request_id_is_an_invalid_request_and_is_not_echoed(
    client: WsClient, value: Any
) -> None:
    client.send({"action": "ping", "requestId": value})

    error = client.answer()
    assert error["code"] == "invalid_request"
    assert [problem["field"] for problem in error["errors"]] == ["requestId"]
    assert "requestId" not in error
    assert_open(client)


def test_the_longest_request_id_is_echoed(client: WsClient) -> None:
    client.send({"action": "ping", "requestId": "ñ" * 64})

    assert client.answer()["requestId"] == "ñ" * 64


@pytest.mark.parametrize("key", ["", "k" * 201, 7, {}], ids=lambda key: repr(key)[:12])
def test_a_bad_idempotency_key_is_an_invalid_request(client: WsClient, key: Any) -> None:
    error = client.notify(incident(), idempotencyKey=key)

    assert error["code"] == "invalid_request"
    assert [problem["field"] for problem in error["errors"]] == ["idempotencyKey"]
    assert_open(client)


@pytest.mark.parametrize("value", [None, "fuego", 7, [], True], ids=repr)
def test_an_incident_that_is_no_object_is_invalid(client: WsClient, value: Any) -> None:
    error = client.notify(value)

    assert error["code"] == "invalid_incident"
    assert [problem["field"] for problem in error["errors"]] == ["incident"]
    assert_open(client)


def test_a_missing_incident_is_invalid(client: WsClient) -> None:
    error = client.request({"action": "notify"})

    assert error["code"] == "invalid_incident"
    assert [problem["field"] for problem in error["errors"]] == ["incident"]


def test_an_invalid_incident_gets_all_its_problems_at_once(client: WsClient) -> None:
    error = client.notify(
        {
            "incidentId": "no spaces",
            "location": "   ",
            "description": 5,
            "urgency": "apocalíptica",
            "status": True,
            "timestamp": "ayer",
            "seq": 1,
            "reportedBy": "somebody",
        }
    )

    assert error.keys() == {"type", "code", "message", "errors", "requestId"}
    assert error["code"] == "invalid_incident"
    wrong = "incidentId type location description urgency status timestamp seq reportedBy"
    fields = [problem["field"] for problem in error["errors"]]
    assert sorted(fields) == sorted(f"incident.{name}" for name in wrong.split())
    assert all(problem["problem"] for problem in error["errors"])
    assert_open(client)


@pytest.mark.parametrize("name", ["type", "location", "description"])
def test_a_text_of_its_limit_is_accepted_and_one_character_more_is_refused(
    client: WsClient, name: str
) -> None:
    limit = {"type": 80, "location": 120, "description": 4000}[name]

    taken = client.notify(incident(**{name: "ñ" * limit}))
    refused = client.notify(incident(**{name: "ñ" * (limit + 1)}))

    assert taken["type"] == "ack"
    assert refused["code"] == "invalid_incident"
    assert [problem["field"] for problem in refused["errors"]] == [f"incident.{name}"]


def test_a_message_over_32_kb_in_smaller_frames_is_too_large(client: WsClient) -> None:
    text = ping_of(40 * 1024)

    client.send_fragments([text[i : i + 8 * 1024] for i in range(0, len(text), 8 * 1024)])

    error = client.answer()
    assert error["code"] == "too_large"
    assert str(LIMIT) in error["message"]
    assert_open(client)


def test_a_message_of_exactly_32_kb_is_accepted(client: WsClient) -> None:
    client.send_text(ping_of(LIMIT))

    assert client.answer()["type"] == "pong"


def test_a_single_frame_over_32_kb_closes_the_socket(target: Target, client: WsClient) -> None:
    client.send_text(ping_of(40 * 1024))

    if target.differs("single_frame_over_32_kb"):
        assert client.answer()["code"] == "too_large"
        assert_open(client)
    else:
        assert client.wait_closed()[0] == 1009


def test_a_message_over_128_kb_closes_the_socket(target: Target, client: WsClient) -> None:
    client.send_text(ping_of(200 * 1024))

    if target.differs("message_over_128_kb"):
        assert client.answer()["code"] == "too_large"
        assert_open(client)
    else:
        assert client.wait_closed()[0] == 1009


def test_a_binary_frame_closes_the_socket(target: Target, client: WsClient) -> None:
    client.send_binary(b'{"action":"ping"}')

    if target.differs("binary_frame"):
        assert client.answer()["type"] == "pong"
    else:
        assert client.wait_closed()[0] == 1003


def test_an_error_reveals_no_internals(client: WsClient) -> None:
    errors = [client.request({"action": "nada"}), client.notify({"type": 1}), client.notify(None)]

    told = json.dumps(errors, ensure_ascii=False)
    assert not any(word in told for word in ("Traceback", "pydantic", "Error(", ".py"))


def ping_of(size: int) -> str:
    """Return a ping of exactly ``size`` bytes."""
    bare = '{"action":"ping","padding":""}'
    return bare[:-2] + "x" * (size - len(bare)) + bare[-2:]


def assert_open(client: WsClient) -> None:
    """Assert that the socket still answers."""
    assert client.ping()["type"] == "pong"
