"""The heartbeat of the service, and clients that notice by it that the network is silent."""

import asyncio
from collections.abc import Iterator

import pytest

from alerta_utec.client.actions import Timing
from alerta_utec.client.client import Client
from alerta_utec.client.errors import NoAnswer
from alerta_utec.client.events import CaughtUp, Event, Lost, Update
from tests.conformance.targets import http_request
from tests.e2e.raw import PING, PONG, TEXT, RawSocket
from tests.support.cable import Cable
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.wsclient import Frame, WsClient

EVERY_S = 0.3
IDLE_S = 2.0
TIMEOUT_S = 60.0
OURS = ["alerta.v1"]


@pytest.fixture(scope="module")
def beating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("beating") / "data"
    options = ("--heartbeat-s", str(EVERY_S), "--idle-s", str(IDLE_S))
    with Server(folder, options=options) as running:
        yield running
        assert "Traceback" not in running.output


def is_heartbeat(frame: Frame) -> bool:
    return frame.get("type") == "position"


def test_the_configuration_and_every_pong_state_the_interval(beating: Server) -> None:
    config = http_request("GET", f"{beating.http_url}/config.json").json()
    with WsClient(beating.ws_url, subprotocols=OURS) as client:
        pong = client.ping()

    assert config["heartbeatSeconds"] == pong["heartbeatSeconds"] == EVERY_S


def test_a_client_with_our_subprotocol_gets_the_position_of_the_last_change(
    beating: Server,
) -> None:
    with WsClient(beating.ws_url, subprotocols=OURS) as client:
        first = client.wait(is_heartbeat)
        before = client.ping()["position"]
        ack = client.notify(incident())
        moved = client.wait(lambda frame: is_heartbeat(frame) and frame["position"] != before)

    assert first == {"type": "position", "position": before}
    assert moved["position"] == f"{before.partition(':')[0]}:{ack['seq']}"


def test_a_client_without_a_subprotocol_gets_ping_frames_and_no_message(beating: Server) -> None:
    with RawSocket(beating.port) as client:
        assert client.handshake() == 101

        frames = []
        for _ in range(3):
            frames.append(client.read_frame())
            client.send_frame(PONG)

    assert frames == [(PING, b"")] * 3


def test_only_messages_count_as_activity(beating: Server) -> None:
    """The position is a message; a ping frame is none, as on API Gateway."""
    with (
        WsClient(beating.ws_url, subprotocols=OURS) as ours,
        WsClient(beating.ws_url) as other,
    ):
        assert other.wait_closed()[0] == 1001
        assert other.texts == []

        assert ours.ping()["type"] == "pong"
    assert len(ours.texts) >= IDLE_S / EVERY_S / 2


def test_frames_of_a_broadcast_and_of_the_heartbeat_stay_whole(beating: Server) -> None:
    with RawSocket(beating.port) as client, WsClient(beating.ws_url) as sender:
        assert client.handshake(Sec_WebSocket_Protocol="alerta.v1") == 101
        sent = [sender.notify(incident(description="x" * 4_000))["incidentId"] for _ in range(60)]

        seen: set[str] = set()
        while not seen.issuperset(sent):
            opcode, payload = client.read_frame()
            assert opcode == TEXT
            seen |= {one for one in sent if one.encode() in payload}


def test_the_python_client_leaves_a_silent_network_and_catches_up(beating: Server) -> None:
    async def scenario() -> list[Event]:
        events: list[Event] = []
        with Cable(beating.port) as cable:
            url = beating.ws_url.replace(str(beating.port), str(cable.port))
            # Without the heartbeat the client would wait for minutes before a ping.
            client = Client(url, timing=Timing(ping_every_s=3600), timeout_s=1, from_now=True)
            async with asyncio.timeout(TIMEOUT_S), client:
                async for event in client:
                    events.append(event)
                    if isinstance(event, CaughtUp) and not event.again:
                        cable.lose()
                        await asyncio.to_thread(report, beating)
                    elif isinstance(event, CaughtUp):
                        return events
        return events

    events = asyncio.run(scenario())

    (lost,) = [event for event in events if isinstance(event, Lost)]
    assert isinstance(lost.error, NoAnswer)
    assert [event.recovered for event in events if isinstance(event, Update)] == [True]


def report(server: Server) -> None:
    with WsClient(server.ws_url) as client:
        client.notify(incident())
