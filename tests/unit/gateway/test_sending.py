"""The compiled fan-out by itself: who gets the bytes, and who is named as having more to come."""

import socket
from array import array
from collections.abc import Iterator

import pytest

from alerta_utec.gateway import sending

MANY = 1_000
NO_FD = -1
FRAME = b"a frame."
LARGE = b"x" * 10_000_000
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection; its one descriptor may stand for many."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as ours,
    ):
        theirs, _ = server.accept()
        with theirs:
            theirs.settimeout(5)
            yield ours, theirs


def received(pair: Pair) -> bytes:
    """All that was sent, up to the end that this makes."""
    ours, theirs = pair
    ours.shutdown(socket.SHUT_WR)
    with theirs.makefile("rb") as end:
        return end.read()


def send_all(fds: list[int], data: bytes) -> list[tuple[int, int]]:
    assert sending.send_all is not None, "build it: pip install --no-build-isolation --no-deps -e ."
    found: list[tuple[int, int]] = sending.send_all(array("i", fds), data)
    return found


@pytest.mark.parametrize("count", [0, 1, MANY])
def test_each_descriptor_gets_the_bytes_once(pair: Pair, count: int) -> None:
    assert send_all([pair[0].fileno()] * count, FRAME) == []

    assert received(pair) == FRAME * count


def test_who_took_nothing_is_named_by_place(pair: Pair) -> None:
    fds = [pair[0].fileno()] * MANY
    broken = [0, 1, 500, MANY - 1]
    for place in broken:
        fds[place] = NO_FD

    assert send_all(fds, FRAME) == [(place, 0) for place in broken]

    assert received(pair) == FRAME * (MANY - len(broken))


def test_who_took_a_part_is_named_with_how_much(pair: Pair) -> None:
    fds = [NO_FD] * MANY
    fds[500] = pair[0].fileno()

    found = dict(send_all(fds, LARGE))

    assert sorted(found) == list(range(MANY))
    taken = found.pop(500)
    assert set(found.values()) == {0}
    assert 0 < taken < len(LARGE)
    assert received(pair) == LARGE[:taken]
