"""``SocketRegistry``: the bytes that wait for all clients together stay within their limit."""

from contextlib import ExitStack

from alerta_utec.gateway.core import Route
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.socket import ClientSocket
from tests.e2e.raw import TEXT, RawSocket
from tests.support.eventually import eventually
from tests.unit.gateway.running import Recorder, Running, gateway

ANSWER = "x" * 100_000
CLIENTS = 12
# More than the kernel buffers for one client.
KERNEL_BYTES = 6_000_000
# The bytes of aborted sockets are freed in the loop's next turn.
ROOM = 1.25
LIMITS = Limits(buffer_max_bytes=4_000_000, buffers_max_bytes=6_000_000, abort_after_s=30)


def stalled(running: Running, stack: ExitStack) -> RawSocket:
    """Connect a client that reads nothing after the handshake."""
    client = stack.enter_context(RawSocket(running.port))
    assert client.handshake() == 101
    return client


def all_sockets(running: Running) -> list[ClientSocket]:
    """Wait until all sockets are open and return them."""
    eventually(lambda: len(running.hub.sockets.all()) == CLIENTS)
    return running.hub.sockets.all()


def held_bytes(running: Running, sockets: list[ClientSocket]) -> int:
    """Return how many bytes this process holds for clients, including sockets that were cut off."""
    return running.hub.loop.run(lambda: sum(socket.waiting_bytes() for socket in sockets))


def test_unread_answers_stay_within_the_total_limit() -> None:
    answer = Recorder({"statusCode": 200, "body": ANSWER})
    asked = KERNEL_BYTES // len(ANSWER) + 20
    peaks = [0]

    with (
        gateway({"sync": Route(answer, two_way=True)}, limits=LIMITS) as running,
        ExitStack() as stack,
    ):
        clients = [stalled(running, stack) for _ in range(CLIENTS)]
        sockets = all_sockets(running)
        for client in clients:
            for _ in range(asked):
                client.send_frame(TEXT, b'{"action":"sync"}')

        def half_are_gone() -> bool:
            peaks.append(held_bytes(running, sockets))
            return len(running.hub.sockets.all()) <= CLIENTS / 2

        eventually(half_are_gone)

    assert max(peaks) > LIMITS.buffers_max_bytes / 2
    assert max(peaks) <= LIMITS.buffers_max_bytes * ROOM


def test_unread_broadcasts_stay_within_the_total_limit_with_sockets_that_were_cut_off() -> None:
    peaks = [0]

    with gateway({}, limits=LIMITS) as running, ExitStack() as stack:
        for _ in range(CLIENTS):
            stalled(running, stack)
        sockets = all_sockets(running)
        ids = [socket.client.connection_id for socket in sockets]

        while running.hub.poster.post(ids, ANSWER).delivered:
            peaks.append(held_bytes(running, sockets))

    assert max(peaks) > LIMITS.buffers_max_bytes / 2
    assert max(peaks) <= LIMITS.buffers_max_bytes * ROOM + CLIENTS * len(ANSWER)
