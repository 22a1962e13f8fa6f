"""Changes that are committed close together, for clients with and without ``alerta.v2``."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance.targets import Target
from tests.support.incidents import incident, unique
from tests.support.wsclient import WsClient

REPORTS = 24
SENDERS = 6


def changes(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the incidents that a frame tells of."""
    if frame.get("type") == "incident_update":
        return [frame["incident"]]
    return list(frame["incidents"]) if frame.get("type") == "incident_updates" else []


def told(client: WsClient, location: str) -> list[list[int]]:
    """Wait until the client has all reports of the place; return their ``seq`` by frame."""
    found: dict[str, int] = {}

    def complete(frame: dict[str, Any]) -> bool:
        own = [one for one in changes(frame) if one["location"] == location]
        found.update({one["incidentId"]: one["seq"] for one in own})
        return len(found) == REPORTS

    client.wait(complete)
    frames = [
        [one["seq"] for one in changes(frame) if one["location"] == location]
        for frame in client.frames
    ]
    return [seqs for seqs in frames if seqs]


@pytest.mark.parametrize(
    "offered", [["alerta.v2"], ["alerta.v1"], []], ids=["v2", "v1", "no-subprotocol"]
)
def test_a_client_gets_every_change_once_and_each_message_in_order(
    target: Target, offered: list[str]
) -> None:
    location = unique("Sala")
    with target.connect(subprotocols=offered) as listener, ThreadPoolExecutor(SENDERS) as pool:
        listener.ping()

        def report(_sender: int) -> None:
            with target.connect() as sender:
                for _ in range(REPORTS // SENDERS):
                    sender.notify(incident(location=location))

        list(pool.map(report, range(SENDERS)))
        frames = told(listener, location)
        types = {frame["type"] for frame in listener.frames if changes(frame)}

    seqs = [seq for frame in frames for seq in frame]
    assert len(seqs) == len(set(seqs)) == REPORTS
    assert all(frame == sorted(frame) for frame in frames)
    allowed = {"incident_update", "incident_updates"} if offered == ["alerta.v2"] else set()
    assert types <= allowed | {"incident_update"}


def test_a_client_of_v2_gets_only_the_changes_of_its_filter(target: Target) -> None:
    here, there = unique("Sala"), unique("Patio")
    with (
        target.connect(f"location={here}", subprotocols=["alerta.v2"]) as listener,
        target.connect() as sender,
    ):
        listener.ping()
        for location in (there, here) * 3:
            sender.notify(incident(location=location))
        last = str(sender.notify(incident(location=here))["incidentId"])
        listener.wait(lambda frame: any(one["incidentId"] == last for one in changes(frame)))

    seen = {one["location"] for frame in listener.frames for one in changes(frame)}
    assert seen == {here}
