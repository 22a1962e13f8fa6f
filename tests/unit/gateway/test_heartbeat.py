"""``Heartbeat``: one frame for every open socket, by either writer and over TLS."""

import asyncio
import json
import ssl
from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from alerta_utec.domain.change import Position
from alerta_utec.gateway.core import Route
from alerta_utec.gateway.heartbeat import Heartbeat
from alerta_utec.gateway.sending import FASTEST, BulkWriter, TransportWriter
from alerta_utec.gateway.socket import ClientSocket
from tests.contract.builders import creation
from tests.e2e.raw import PING, TEXT, RawSocket
from tests.support.certificates import self_signed
from tests.support.eventually import eventually
from tests.support.wsclient import WsClient
from tests.unit.gateway.broadcast_clients import LARGE, WRITERS
from tests.unit.gateway.running import Recorder, Running, gateway

START = Position("e", 7)
SELECTS = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "alerta.v1"}}


def beat(running: Running, heartbeat: Heartbeat) -> None:
    """Run one beat in the gateway's loop."""
    loop = running.hub.loop.run(asyncio.get_running_loop)
    asyncio.run_coroutine_threadsafe(heartbeat.beat(), loop).result(10)


def new_heartbeat(running: Running, writer: BulkWriter = FASTEST) -> Heartbeat:
    return Heartbeat(running.hub.sockets, START, 3600, writer)


def opened(running: Running, count: int) -> list[ClientSocket]:
    """Wait for so many open sockets, and return them."""
    eventually(lambda: running.hub.sockets.count() == count)
    return running.hub.sockets.all()


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: type(writer).__name__)
def test_each_client_gets_the_frame_of_its_kind(writer: BulkWriter) -> None:
    connect = Recorder(SELECTS)
    with (
        gateway({"$connect": Route(connect)}) as running,
        RawSocket(running.port) as ours,
        RawSocket(running.port) as other,
    ):
        assert ours.handshake(Sec_WebSocket_Protocol="alerta.v1") == 101
        connect.response = {"statusCode": 200}
        assert other.handshake() == 101
        opened(running, 2)
        heartbeat = new_heartbeat(running, writer)

        beat(running, heartbeat)
        heartbeat.committed(creation().committed(Position("e", 8)))
        beat(running, heartbeat)

        frames = [ours.read_frame() for _ in range(2)]
        assert [opcode for opcode, _ in frames] == [TEXT, TEXT]
        assert [json.loads(payload)["position"] for _, payload in frames] == ["e:7", "e:8"]
        assert [other.read_frame() for _ in range(2)] == [(PING, b"")] * 2


def test_only_the_position_keeps_a_connection_active() -> None:
    connect = Recorder(SELECTS)
    with (
        gateway({"$connect": Route(connect)}) as running,
        RawSocket(running.port) as ours,
        RawSocket(running.port) as other,
    ):
        assert ours.handshake(Sec_WebSocket_Protocol="alerta.v1") == 101
        (first,) = opened(running, 1)
        connect.response = {"statusCode": 200}
        assert other.handshake() == 101
        (second,) = set(opened(running, 2)) - {first}
        first.touched_ms = second.touched_ms = 0

        beat(running, new_heartbeat(running))

        assert running.hub.sockets.last_active_ms(first) > 0
        assert running.hub.sockets.last_active_ms(second) == 0


def test_clients_over_tls_get_it_too(tmp_path: Path) -> None:
    pem = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    trusts = ssl.create_default_context(cafile=str(pem))
    with gateway({"$connect": Route(Recorder(SELECTS))}, tls=server) as running:
        url = running.ws_url.replace("ws:", "wss:")
        with WsClient(url, subprotocols=["alerta.v1"], tls=trusts) as client:
            opened(running, 1)

            beat(running, new_heartbeat(running))

            client.wait_text('{"type":"position","position":"e:7"}')


def test_a_client_with_waiting_bytes_gets_no_more_of_them() -> None:
    with (
        gateway({"$connect": Route(Recorder(SELECTS))}) as running,
        RawSocket(running.port) as client,
    ):
        assert client.handshake(Sec_WebSocket_Protocol="alerta.v1") == 101
        (own,) = opened(running, 1)
        heartbeat = new_heartbeat(running)
        frame = json.dumps(LARGE).encode()
        while not own.waiting_bytes():
            running.hub.loop.run(lambda: own.transport.write(frame))
        waiting = own.waiting_bytes()

        beat(running, heartbeat)

        assert own.waiting_bytes() == waiting


class CuttingWriter(TransportWriter):
    """A writer after whose first frame every other socket is cut off."""

    def __init__(self, running: Running) -> None:
        self.written: list[ClientSocket] = []
        self._running = running

    def write(self, sockets: Sequence[ClientSocket], fds: "array[int]", data: bytes) -> None:
        super().write(sockets, fds, data)
        if sockets and not self.written:
            for other in self._running.hub.sockets.all():
                if other not in sockets:
                    other.cut_off()
        self.written += sockets


def test_a_socket_that_closes_between_two_turns_is_left_out() -> None:
    with gateway({"$connect": Route(Recorder(SELECTS))}) as running, ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(RawSocket(running.port))
            assert client.handshake(Sec_WebSocket_Protocol="alerta.v1") == 101
        first, *_ = opened(running, 3)
        writer = CuttingWriter(running)

        beat(running, Heartbeat(running.hub.sockets, START, 3600, writer, per_turn=1))

        assert writer.written == [first]


def test_every_socket_gets_the_frame_once_over_several_turns() -> None:
    with gateway({"$connect": Route(Recorder(SELECTS))}) as running, ExitStack() as stack:
        clients = [stack.enter_context(RawSocket(running.port)) for _ in range(5)]
        for client in clients:
            assert client.handshake(Sec_WebSocket_Protocol="alerta.v1") == 101
        opened(running, 5)
        heartbeat = Heartbeat(running.hub.sockets, START, 3600, per_turn=2)

        beat(running, heartbeat)
        heartbeat.committed(creation().committed(Position("e", 8)))
        beat(running, heartbeat)

        for client in clients:
            frames = [json.loads(client.read_frame()[1])["position"] for _ in range(2)]
            assert frames == ["e:7", "e:8"]
