"""``Session``: messages select their routes, and responses reach the client."""

import json
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from alerta_utec.gateway.core import Route
from alerta_utec.gateway.executor import yield_to_batch
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.session import select_route
from tests.unit.gateway.running import Recorder, gateway

ACTIONS = frozenset({"notify", "ping"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.text())
def test_any_text_selects_a_route(text: str) -> None:
    assert select_route(text, ACTIONS) in ACTIONS | {"$default"}


@given(JSON)
def test_any_action_but_an_exact_match_selects_default(action: object) -> None:
    route = select_route(json.dumps({"action": action}), ACTIONS)

    assert route == (action if isinstance(action, str) and action in ACTIONS else "$default")


@given(st.dictionaries(st.text(), JSON), st.sampled_from(sorted(ACTIONS)))
def test_an_exact_action_selects_its_route_whatever_other_fields_there_are(
    body: dict[str, object], key: str
) -> None:
    assert select_route(json.dumps(body | {"action": key}), ACTIONS) == key


@pytest.mark.parametrize("action", ["$connect", "$disconnect", "$default", "Notify", " notify", ""])
def test_reserved_and_misspelt_actions_select_default(action: str) -> None:
    assert select_route(json.dumps({"action": action}), ACTIONS) == "$default"


def test_an_unknown_action_without_a_default_route_is_answered_forbidden() -> None:
    connects = Recorder()

    with gateway({"$connect": Route(connects)}) as running, connect(running.ws_url) as client:
        client.send("hola")
        frame = client.recv(timeout=10)

    connection_id = connects.next()["requestContext"]["connectionId"]
    request_id = json.loads(frame)["requestId"]
    assert frame == (
        f'{{"message": "Forbidden", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'
    )


def test_a_handler_that_fails_is_an_internal_error_and_the_socket_stays_open() -> None:
    failing = Recorder(ValueError("secreto"))

    with gateway({"$default": Route(failing)}) as running, connect(running.ws_url) as client:
        for _ in range(2):
            client.send("hola")
            frame = client.recv(timeout=10)
            context = failing.next()["requestContext"]

            assert frame == (
                '{"message": "Internal server error", '
                f'"connectionId":"{context["connectionId"]}", '
                f'"requestId":"{context["requestId"]}"}}'
            )


def test_a_handler_that_takes_too_long_is_an_internal_error() -> None:
    over = threading.Event()

    def slow(event: object, context: object) -> object:
        over.wait(10)
        return {"statusCode": 200, "body": "tarde"}

    limits = Limits(handler_s=0.05)
    with (
        gateway({"$default": Route(slow, two_way=True)}, limits=limits) as running,
        connect(running.ws_url) as client,
    ):
        client.send("hola")
        frame = json.loads(client.recv(timeout=10))
        over.set()

    assert frame["message"] == "Internal server error"


def test_a_one_way_route_ignores_what_the_handler_returns() -> None:
    routes = {
        "uno": Route(Recorder({"statusCode": 200, "body": "no"})),
        "dos": Route(Recorder({"statusCode": 200, "body": "sí"}), two_way=True),
    }

    with gateway(routes) as running, connect(running.ws_url) as client:
        client.send('{"action":"uno"}')
        client.send('{"action":"dos"}')

        assert client.recv(timeout=10) == "sí"


def test_a_two_way_route_without_a_body_sends_an_empty_frame() -> None:
    silent = Route(Recorder({"statusCode": 200}), two_way=True)

    with gateway({"$default": silent}) as running, connect(running.ws_url) as client:
        client.send("hola")

        assert client.recv(timeout=10) == ""


def test_a_route_that_may_be_silent_sends_a_body_or_nothing() -> None:
    def echo(event: dict[str, str], _context: object) -> object:
        yield_to_batch()
        return {"statusCode": 200, "body": event["body"] if "otra" in event["body"] else None}

    route = Route(echo, two_way=True, may_be_silent=True, batched=True)

    with gateway({"$default": route}) as running, connect(running.ws_url) as client:
        client.send("hola")
        client.send("otra vez")

        assert client.recv(timeout=10) == "otra vez"


def test_connect_and_disconnect_cannot_be_called_by_a_message() -> None:
    connects, rest = Recorder(), Recorder({"statusCode": 200, "body": "d"})
    routes = {"$connect": Route(connects), "$default": Route(rest, two_way=True)}

    with gateway(routes) as running, connect(running.ws_url) as client:
        client.send('{"action":"$connect"}')
        client.recv(timeout=10)

    assert len(connects.events) == 1
    assert len(rest.events) == 1


def test_a_binary_message_closes_with_1003() -> None:
    assert close_code(b"\x00") == 1003


@pytest.mark.parametrize(("size", "code"), [(128 * 1024, None), (128 * 1024 + 1, 1009)])
def test_a_message_takes_128_kb(size: int, code: int | None) -> None:
    assert close_code("x" * size) == code


def test_a_message_in_fragments_counts_whole() -> None:
    echo = Recorder({"statusCode": 200, "body": "ok"})

    with (
        gateway({"$default": Route(echo, two_way=True)}) as running,
        connect(running.ws_url) as client,
    ):
        client.send(["x" * 32_768] * 4)
        assert client.recv(timeout=10) == "ok"
        with suppress(ConnectionClosed):  # it may close before all is sent
            client.send(["x" * 32_768] * 4 + ["y"])
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)

    assert client.close_code == 1009


def test_messages_of_one_client_are_answered_in_order() -> None:
    def echo(event: dict[str, str], context: object) -> object:
        return {"statusCode": 200, "body": event["body"]}

    with (
        gateway({"$default": Route(echo, two_way=True)}) as running,
        connect(running.ws_url) as client,
    ):
        for number in range(100):
            client.send(str(number))
        answers = [client.recv(timeout=10) for _ in range(100)]

    assert answers == [str(number) for number in range(100)]


def close_code(message: str | bytes) -> int | None:
    """Return the close code that ``message`` leads to; ``None`` if it is answered."""
    echo = Recorder({"statusCode": 200, "body": "ok"})
    with (
        gateway({"$default": Route(echo, two_way=True)}) as running,
        connect(running.ws_url) as client,
    ):
        client.send(message)
        with suppress(ConnectionClosed):
            assert client.recv(timeout=10) == "ok"
            return None
    return client.close_code
