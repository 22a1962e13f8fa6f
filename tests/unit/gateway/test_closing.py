"""The end of a connection: time limits, close frames, slow clients, and the stop of the gateway."""

import socket
import time
from contextlib import suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from alerta_utec.gateway.core import Route
from alerta_utec.gateway.limits import Limits
from tests.unit.gateway.running import Recorder, Running, gateway


def closing(client: ClientConnection) -> tuple[int, str]:
    """Wait for the end of the connection and return the close frame's code and reason."""
    with suppress(ConnectionClosed):
        while True:
            client.recv(timeout=10)
    assert client.close_code is not None
    return client.close_code, client.close_reason or ""


def test_an_idle_connection_is_closed_with_1001() -> None:
    recorder = Recorder()

    with (
        gateway({"$disconnect": Route(recorder)}, limits=Limits(idle_s=0.1)) as running,
        connect(running.ws_url) as client,
    ):
        code = closing(client)
        context = recorder.next()["requestContext"]

    assert code == (1001, "Going away")
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == code


def test_protocol_pings_do_not_keep_a_connection_alive() -> None:
    with (
        gateway({}, limits=Limits(idle_s=0.3)) as running,
        connect(running.ws_url, ping_interval=0.05) as client,
    ):
        assert closing(client) == (1001, "Going away")


def test_a_message_to_the_client_keeps_the_connection_alive() -> None:
    recorder = Recorder()

    with (
        gateway({"$connect": Route(recorder)}, limits=Limits(idle_s=0.5)) as running,
        connect(running.ws_url) as client,
    ):
        connection_id = recorder.next()["requestContext"]["connectionId"]
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            assert running.hub.poster.post([connection_id], "hola").delivered == 1
            assert client.recv(timeout=10) == "hola"


def test_a_busy_connection_is_closed_at_its_age_limit() -> None:
    echo = Recorder({"statusCode": 200, "body": "ok"})

    with (
        gateway({"$default": Route(echo, two_way=True)}, limits=Limits(age_s=0.3)) as running,
        connect(running.ws_url) as client,
        suppress(ConnectionClosed),
    ):
        while True:
            client.send("hola")
            client.recv(timeout=10)

    assert client.close_code == 1001


def test_the_clients_close_code_is_echoed() -> None:
    with gateway({}) as running, connect(running.ws_url) as client:
        client.close(4321)

    assert client.close_code == 4321


def stalled_client(running: Running, recorder: Recorder) -> tuple[socket.socket, str]:
    """Open a socket and return a client that reads nothing more, and its connection's id."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", running.port))
    raw.sendall(
        b"GET /dev HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    connection_id = recorder.next()["requestContext"]["connectionId"]
    assert raw.recv(12) == b"HTTP/1.1 101"
    return raw, connection_id


def test_a_client_that_stops_reading_is_cut_off_and_delays_no_other() -> None:
    recorder, gone = Recorder(), Recorder()
    limits = Limits(buffer_max_bytes=256 * 1024, abort_after_s=0.1)
    routes = {"$connect": Route(recorder), "$disconnect": Route(gone)}
    frame = "x" * 60_000

    with gateway(routes, limits=limits) as running, connect(running.ws_url) as reader:
        reader_id = recorder.next()["requestContext"]["connectionId"]
        raw, stalled_id = stalled_client(running, recorder)
        throttled = False
        for _ in range(300):
            posted = running.hub.poster.post([stalled_id, reader_id], frame)
            assert reader.recv(timeout=10) == frame
            throttled = throttled or posted.throttled == (stalled_id,)
            if stalled_id in posted.gone:
                break
        context = gone.next()["requestContext"]
        raw.close()

    assert throttled
    assert context["connectionId"] == stalled_id
    assert context["disconnectStatusCode"] == 1013


def test_clients_with_the_most_waiting_bytes_are_cut_off_first_at_the_total_limit() -> None:
    recorder, gone = Recorder(), Recorder()
    limits = Limits(buffers_max_bytes=600_000, abort_after_s=0.1)
    routes = {"$connect": Route(recorder), "$disconnect": Route(gone)}
    frame = "x" * 20_000

    with gateway(routes, limits=limits) as running:
        worst, worst_id = stalled_client(running, recorder)
        stalled, stalled_id = stalled_client(running, recorder)
        fill_sockets(running, [worst_id, stalled_id], frame)
        for _ in range(3):
            running.hub.poster.post([worst_id], frame)
        while running.hub.sockets.get(worst_id) is not None:
            running.hub.poster.post([worst_id, stalled_id], frame)
        context = gone.next()["requestContext"]
        left = running.hub.poster.post([stalled_id], frame)
        worst.close()
        stalled.close()

    assert context["connectionId"] == worst_id
    assert context["disconnectStatusCode"] == 1013
    assert left.delivered == 1


def fill_sockets(running: Running, connection_ids: list[str], frame: str) -> None:
    """Send to each client until the system's buffers are full and bytes wait in the gateway."""
    for connection_id in connection_ids:
        own_socket = running.hub.sockets.get(connection_id)
        assert own_socket is not None
        while running.hub.loop.run(own_socket.waiting_bytes) < len(frame):
            assert running.hub.poster.post([connection_id], frame).delivered == 1


def test_stopping_closes_every_socket_with_1001_and_runs_disconnect() -> None:
    recorder = Recorder()

    with gateway({"$disconnect": Route(recorder)}) as running:
        clients = [connect(running.ws_url) for _ in range(3)]
        opened = [client.__enter__() for client in clients]

    codes = [closing(client) for client in opened]
    for client in clients:
        client.__exit__(None, None, None)

    assert codes == [(1001, "Going away")] * 3
    assert len(recorder.events) == 3
