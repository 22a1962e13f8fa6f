"""The heartbeat: the feed's position, to the clients that have a subprotocol."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from alerta_utec.domain.change import Position
from alerta_utec.domain.subprotocol import Subprotocol
from tests.conformance.targets import Target
from tests.support.wsclient import Frame, WsClient


def is_heartbeat(frame: Frame) -> bool:
    return frame.get("type") == "position"


@pytest.fixture
def subscribed(target: Target) -> Iterator[tuple[WsClient, ...]]:
    """A client of each subprotocol."""
    with ExitStack() as stack:
        yield tuple(
            stack.enter_context(target.connect(subprotocols=[protocol])) for protocol in Subprotocol
        )


def test_the_pong_and_the_configuration_state_the_interval(
    target: Target, client: WsClient
) -> None:
    interval_s = client.ping()["heartbeatSeconds"]

    # API Gateway closes a connection after 600 s without a message.
    assert 0 < interval_s * 1.2 < 600
    assert target.get("/config.json").json()["heartbeatSeconds"] == interval_s


def test_each_client_with_a_subprotocol_gets_the_position_and_no_other_client_does(
    target: Target, subscribed: tuple[WsClient, ...], client: WsClient
) -> None:
    before = client.ping()

    target.send_heartbeat()
    patience_s = before["heartbeatSeconds"] * 1.2 + 5
    heartbeats = [one.wait(is_heartbeat, patience_s) for one in subscribed]

    after = client.ping()
    assert not any(map(is_heartbeat, client.frames))
    for heartbeat in heartbeats:
        position = Position.parse(heartbeat["position"])
        assert heartbeat == {"type": "position", "position": str(position)}
        assert position.epoch == Position.parse(after["position"]).epoch
        assert position.seq <= Position.parse(after["position"]).seq
    if not target.shared:
        # It is no change, and takes no seq.
        assert after["position"] == before["position"]
