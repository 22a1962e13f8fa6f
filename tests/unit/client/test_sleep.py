"""A client whose machine has slept checks its connection at once."""

import asyncio
import json

import pytest
from websockets.asyncio.server import ServerConnection

from alerta_utec.client.actions import Timing
from alerta_utec.client.feed import Feed
from alerta_utec.client.machine import Machine
from alerta_utec.client.outbox import Outbox
from alerta_utec.client.runner import Runner
from alerta_utec.client.sleep import SleepDetector
from tests.unit.client.scripted import received, run, scripted
from tests.unit.client.test_client import page

SLEPT_S = 50.0
TIMING = Timing(ping_every_s=3600, read_clock_every_s=0.01, slept_s=SLEPT_S)


class WallClock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("passed_s", "slept"), [(0.0, False), (SLEPT_S, False), (SLEPT_S + 0.1, True), (-3600.0, False)]
)
def test_only_a_clock_that_ran_far_ahead_counts_as_sleep(passed_s: float, slept: bool) -> None:
    clock = WallClock()
    detector = SleepDetector(clock, SLEPT_S)

    clock.now += passed_s

    assert detector.detected() is slept
    assert not detector.detected()


def test_the_client_pings_after_its_machine_has_slept() -> None:
    async def scenario() -> None:
        clock, actions = WallClock(), []
        pinged_again = asyncio.Event()

        async def serve(connection: ServerConnection) -> None:
            while True:
                message = await received(connection)
                actions.append(message["action"])
                if message["action"] == "sync":
                    await connection.send(page(message["requestId"], 0, 0, reset=True))
                    continue
                pong = {"type": "pong", "position": "e:0", "expiresAt": "2999-01-01T00:00:00Z"}
                await connection.send(json.dumps(pong | {"requestId": message["requestId"]}))
                if actions.count("ping") == 1:
                    clock.now += SLEPT_S + 1
                else:
                    pinged_again.set()

        async with scripted(serve) as url:
            machine, outbox = Machine(Feed(), TIMING), Outbox(None, 10)
            runner = Runner(url, None, machine, outbox, 10.0, clock)
            runner.start()
            await pinged_again.wait()
            await runner.close()

        assert actions == ["sync", "ping", "ping"]

    run(scenario())
