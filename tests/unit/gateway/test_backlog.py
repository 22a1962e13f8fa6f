"""Broadcasts to sockets with a backlog, lost sockets, and the activity of sockets."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.domain.filters import Filter
from alerta_utec.ports.broadcast import SendResult
from tests.unit.gateway.broadcast_clients import (
    LARGE,
    WRITERS,
    BroadcastClients,
    changes,
    clients_of,
    seqs_of,
)


@pytest.fixture(params=WRITERS, ids=lambda writer: type(writer).__name__)
def clients(request: pytest.FixtureRequest) -> Iterator[BroadcastClients]:
    with clients_of(request.param) as opened:
        yield opened


def test_a_broadcast_keeps_a_connection_active(clients: BroadcastClients) -> None:
    name = clients.connect()
    own = clients.hub.sockets.get(name)
    assert own is not None
    before = clients.hub.sockets.last_active_ms(own)
    own.touched_ms = 0

    clients.hub.subscribers.broadcast(changes(1))
    clients.subscribe(name, Filter(urgency=frozenset({"high"})))

    assert clients.hub.sockets.last_active_ms(own) >= before


def test_the_activity_of_a_broadcast_remains_when_other_recipients_leave(
    clients: BroadcastClients,
) -> None:
    names = [clients.connect(), clients.connect(Filter(status=frozenset({"pendiente"})))]
    opened = [clients.hub.sockets.get(name) for name in names]
    for own in opened:
        assert own is not None
        own.touched_ms = 0
    clients.hub.subscribers.broadcast(changes(1))
    results = [clients.hub.sockets.last_active_ms(own) for own in opened if own]

    other = clients.connect()
    clients.hub.connections.delete(names[1])

    assert min(results) > 0
    assert [clients.hub.sockets.last_active_ms(own) for own in opened if own] == results
    new = clients.hub.sockets.get(other)
    assert new is not None
    assert clients.hub.sockets.last_active_ms(new) >= max(results)


def test_frames_that_the_system_does_not_accept_at_once_arrive_whole_and_in_order(
    clients: BroadcastClients,
) -> None:
    slow, quick = clients.connect(Filter(status=frozenset({"pendiente"}))), clients.connect()
    sent: list[Change] = []

    while not clients.waiting_bytes(slow):
        sent += send_one(clients, LARGE)
        assert clients.seqs(quick) == seqs_of(sent[-1:])

    def make_room_and_send() -> None:
        # What waits in the transport is not sent on before the loop's next turn.
        clients.drain(slow)
        sent.extend(send_one(clients, {}))

    clients.hub.loop.run(make_room_and_send)

    assert clients.seqs(slow) == seqs_of(sent)
    sent += send_one(clients, {})
    assert clients.seqs(slow) == seqs_of(sent[-1:])


def send_one(clients: BroadcastClients, fields: dict[str, Any]) -> list[Change]:
    sent = changes(1, **fields)
    assert clients.hub.subscribers.broadcast(sent)[0].delivered == 2
    return sent


def test_no_frame_reaches_a_socket_that_reuses_the_descriptor_of_a_lost_one(
    clients: BroadcastClients,
) -> None:
    name = clients.connect()
    own = clients.hub.sockets.get(name)
    assert own is not None
    done: Future[tuple[int, Sequence[SendResult], bytes]] = Future()

    def take_over() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            posted = clients.hub.subscribers.broadcast(changes(1))
            with suppress(BlockingIOError):
                done.set_result((ours.fileno(), posted, theirs.recv(1)))
            if not done.done():
                done.set_result((ours.fileno(), posted, b""))

    def lose() -> None:
        # The transport closes the descriptor in the next turn, and this comes right after it.
        own.transport.abort()
        asyncio.get_running_loop().call_soon(take_over)

    clients.hub.loop.run(lose)

    assert done.result(10) == (own.fd, [SendResult()], b"")
