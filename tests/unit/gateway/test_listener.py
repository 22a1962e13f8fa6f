"""Taking in sockets: as many at once as wait, and again once the system has room."""

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


class Doorman(asyncio.Protocol):
    """Counts who comes in."""

    def __init__(self, entered: list[asyncio.Transport]) -> None:
        self._entered = entered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._entered.append(transport)  # type: ignore[arg-type]


class Door:
    """A listener, and who has come in by it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.entered: list[asyncio.Transport] = []
        self.listener = Listener(lambda: Doorman(self.entered), tls, pause_s=0.01)
        self.port = 0

    async def turns_until(self, count: int) -> int:
        """How many turns of the loop it takes until so many have come in."""
        return await turns_until(lambda: len(self.entered) >= count)


async def turns_until(condition: Callable[[], bool]) -> int:
    """How many turns of the loop it takes."""
    turns = 0
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)
            turns += 1
    return turns


def through(use: Callable[[Door], Awaitable[None]], tls: ssl.SSLContext | None = None) -> None:
    """Use a door that is open."""

    async def main() -> None:
        door = Door(tls)
        door.port = await door.listener.start("127.0.0.1", 0)
        try:
            await use(door)
        finally:
            door.listener.stop()
            for transport in door.entered:
                transport.abort()
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@contextmanager
def knocking(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many sockets that wait to be taken in."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


def test_all_who_wait_come_in_within_a_few_turns() -> None:
    async def use(door: Door) -> None:
        with knocking(door.port, MANY):
            assert await door.turns_until(MANY) < 20

    through(use)


def test_an_address_that_is_taken_is_refused() -> None:
    async def use(door: Door) -> None:
        with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
            await Door().listener.start("127.0.0.1", door.port)

    through(use)


def test_a_name_is_listened_on_at_all_its_addresses() -> None:
    async def main() -> None:
        door = Door()
        port = await door.listener.start("localhost", 0)
        with knocking(port, 1):
            await door.turns_until(1)
        door.listener.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_nobody_comes_in_once_it_has_stopped() -> None:
    async def use(door: Door) -> None:
        door.listener.stop()

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", door.port), timeout=5)

    through(use)


def test_those_for_whom_there_is_no_descriptor_come_in_when_there_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def use(door: Door) -> None:
        with knocking(door.port, 3):
            with no_more_descriptors():
                await turns_until(lambda: "accept_failed" in caplog.messages)
                assert door.entered == []

            await door.turns_until(3)

    caplog.set_level(logging.ERROR)
    through(use)


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """As where the process has opened as many files as it may."""
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


def test_a_client_that_speaks_no_tls_hurts_nobody() -> None:
    async def use(door: Door) -> None:
        with knocking(door.port, 1) as [client]:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(10):
                while await loop.sock_recv(client, 100):
                    pass

        assert door.entered == []

    through(use, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
