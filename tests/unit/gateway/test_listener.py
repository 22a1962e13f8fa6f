"""``Listener``: all waiting connections are accepted at once, and again after an error."""

import asyncio
import errno
import logging
import os
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop

from alerta_utec.gateway.listener import Listener

MANY = 300


class Counting(asyncio.Protocol):
    """A protocol that keeps the accepted transports."""

    def __init__(self, accepted: list[asyncio.Transport]) -> None:
        self._entered = accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._entered.append(transport)  # type: ignore[arg-type]


class Listening:
    """A listener and the connections that it has accepted."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.accepted: list[asyncio.Transport] = []
        self.listener = Listener(lambda: Counting(self.accepted), tls, pause_s=0.01)
        self.port = 0

    async def turns_until(self, count: int) -> int:
        """Return after how many turns of the loop so many connections are accepted."""
        return await turns_until(lambda: len(self.accepted) >= count)


async def turns_until(condition: Callable[[], bool]) -> int:
    """Return after how many turns of the loop the condition holds."""
    turns = 0
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)
            turns += 1
    return turns


def run(use: Callable[[Listening], Awaitable[None]], tls: ssl.SSLContext | None = None) -> None:
    """Run ``use`` with an open listener."""

    async def main() -> None:
        listening = Listening(tls)
        listening.port = await listening.listener.start("127.0.0.1", 0)
        try:
            await use(listening)
        finally:
            listening.listener.stop()
            for transport in listening.accepted:
                transport.abort()
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@contextmanager
def waiting_clients(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Yield clients whose connections wait to be accepted."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


def test_all_waiting_connections_are_accepted_within_a_few_turns() -> None:
    async def use(listening: Listening) -> None:
        with waiting_clients(listening.port, MANY):
            assert await listening.turns_until(MANY) < 20

    run(use)


def test_an_address_in_use_is_refused() -> None:
    async def use(listening: Listening) -> None:
        with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
            await Listening().listener.start("127.0.0.1", listening.port)

    run(use)


def test_a_host_name_is_listened_on_at_all_its_addresses() -> None:
    async def main() -> None:
        listening = Listening()
        port = await listening.listener.start("localhost", 0)
        with waiting_clients(port, 1):
            await listening.turns_until(1)
        listening.listener.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_stopped_listener_refuses_connections() -> None:
    async def use(listening: Listening) -> None:
        listening.listener.stop()

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", listening.port), timeout=5)

    run(use)


def test_connections_are_accepted_once_descriptors_are_available_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def use(listening: Listening) -> None:
        with waiting_clients(listening.port, 3):
            with no_more_descriptors():
                await turns_until(lambda: "accept_failed" in caplog.messages)
                assert listening.accepted == []

            await listening.turns_until(3)

    caplog.set_level(logging.ERROR)
    run(use)


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Use up all descriptors of the process."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, limits[1]))
    taken = []
    try:
        while True:
            try:
                taken.append(os.dup(0))
            except OSError:
                break
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in taken:
            os.close(fd)


def test_a_client_without_tls_is_disconnected_and_not_accepted() -> None:
    async def use(listening: Listening) -> None:
        with waiting_clients(listening.port, 1) as [client]:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(10):
                while await loop.sock_recv(client, 100):
                    pass

        assert listening.accepted == []

    run(use, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
