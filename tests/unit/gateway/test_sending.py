"""The compiled fan-out: it sends to every descriptor and returns those with unsent bytes."""

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
    """Yield two ends of a connection; a test may use its one descriptor many times."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as ours,
    ):
        theirs, _ = server.accept()
        with theirs:
            theirs.settimeout(5)
            yield ours, theirs


def received(pair: Pair) -> bytes:
    """Shut down our end and return all bytes that were sent."""
    ours, theirs = pair
    ours.shutdown(socket.SHUT_WR)
    with theirs.makefile("rb") as end:
        return end.read()


def send_all(fds: list[int], data: bytes) -> list[tuple[int, int]]:
    assert sending.send_all is not None, "build it: pip install --no-build-isolation --no-deps -e ."
    found: list[tuple[int, int]] = sending.send_all(array("i", fds), data)
    return found


@pytest.mark.parametrize("count", [0, 1, MANY])
def test_each_descriptor_receives_the_bytes_once(pair: Pair, count: int) -> None:
    assert send_all([pair[0].fileno()] * count, FRAME) == []

    assert received(pair) == FRAME * count


def test_descriptors_that_accepted_nothing_are_returned_by_index(pair: Pair) -> None:
    fds = [pair[0].fileno()] * MANY
    broken = [0, 1, 500, MANY - 1]
    for index in broken:
        fds[index] = NO_FD

    assert send_all(fds, FRAME) == [(index, 0) for index in broken]

    assert received(pair) == FRAME * (MANY - len(broken))


def test_a_descriptor_that_accepted_a_part_is_returned_with_its_size(pair: Pair) -> None:
    fds = [NO_FD] * MANY
    fds[500] = pair[0].fileno()

    found = dict(send_all(fds, LARGE))

    assert sorted(found) == list(range(MANY))
    taken = found.pop(500)
    assert set(found.values()) == {0}
    assert 0 < taken < len(LARGE)
    assert received(pair) == LARGE[:taken]
