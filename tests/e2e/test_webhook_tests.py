"""Tests of webhooks whose receivers hang: they occupy no more than a pool of their own."""

import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from alerta_utec.client import AlertaUtec
from tests.conformance.targets import Answer, http_request
from tests.conftest import ServeFactory
from tests.support.eventually import eventually
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.wsclient import WsClient

REQUESTS = 64
# More than the pool has threads.
WEBHOOKS = 20


class Hanging:
    """A receiver that accepts connections and never answers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        self._accepted = ExitStack()

    def accept(self) -> None:
        """Wait for one more connection."""
        self._accepted.enter_context(self._listening.accept()[0])

    def close(self) -> None:
        """Break all connections off."""
        self._accepted.close()
        self._listening.close()


@pytest.fixture
def receiver() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.close()


@pytest.fixture
def server(serve: ServeFactory) -> Server:
    return serve(options=("--webhook-allow-private",))


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(REQUESTS) as pool:
        yield pool


def test(server: Server, webhook_id: str) -> Answer:
    return http_request("POST", f"{server.http_url}/webhooks/{webhook_id}/test")


test.__test__ = False  # type: ignore[attr-defined]


def add(server: Server, receiver: Hanging, count: int) -> list[str]:
    with AlertaUtec(server.http_url) as alerta:
        return [
            str(alerta.webhooks.add(receiver.url, filter={"type": "nada"})["webhookId"])
            for _ in range(count)
        ]


def everything_else_answers(server: Server) -> None:
    """Assert that health, handshakes, reports, listings and the socket answer."""
    assert http_request("GET", f"{server.http_url}/health").status == 200
    with WsClient(server.ws_url) as client:
        assert client.ping()["type"] == "pong"
        assert client.notify(incident())["type"] == "ack"
    assert http_request("GET", f"{server.http_url}/incidents").status == 200
    assert http_request("GET", f"{server.http_url}/webhooks").status == 200


def test_many_tests_of_one_webhook_that_hangs_hold_up_nothing_else(
    server: Server, receiver: Hanging, clients: ThreadPoolExecutor
) -> None:
    (webhook_id,) = add(server, receiver, 1)

    asked = [clients.submit(test, server, webhook_id) for _ in range(REQUESTS)]
    receiver.accept()
    everything_else_answers(server)
    # All but one are refused while that one hangs.
    eventually(lambda: sum(one.done() for one in asked) == REQUESTS - 1)
    refused = Counter(one.result().status for one in asked if one.done())
    receiver.close()

    statuses = Counter(one.result().status for one in asked)
    assert set(refused) <= {409, 503}
    assert refused[409] > 0
    assert statuses - refused == Counter({200: 1})
    again = [one.result() for one in asked if one.result().status == 409]
    assert {answer.json()["code"] for answer in again} == {"conflict"}


def test_tests_of_many_webhooks_that_hang_hold_up_nothing_else(
    server: Server, receiver: Hanging, clients: ThreadPoolExecutor
) -> None:
    webhooks = add(server, receiver, WEBHOOKS)

    asked: list[Future[Answer]] = [clients.submit(test, server, one) for one in webhooks]
    receiver.accept()
    everything_else_answers(server)
    receiver.close()

    assert {one.result().status for one in asked} <= {200, 503}
