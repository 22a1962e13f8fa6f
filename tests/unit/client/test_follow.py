"""Following the feed across lost connections."""

from contextlib import aclosing

import pytest
from websockets.asyncio.server import ServerConnection

from alerta_utec.client import Connected, HandshakeRefused, Lost, Update, follow
from tests.support.emulator import free_port
from tests.support.server import Server
from tests.unit.client.scripted import run, scripted, update


def test_it_comes_back_after_a_lost_connection() -> None:
    async def first(connection: ServerConnection) -> None:
        await connection.send(update(1))
        await connection.close(1012)

    async def second(connection: ServerConnection) -> None:
        await connection.send(update(2))
        await connection.wait_closed()

    async def scenario() -> None:
        events: list[Update | Connected | Lost] = []
        async with scripted(first, second) as url, aclosing(follow(url, max_delay_s=0.1)) as feed:
            async for event in feed:
                events.append(event)
                if isinstance(event, Update) and event.position.seq == 2:
                    break

        opened, one, lost, again, _two = events
        assert opened == Connected(again=False)
        assert isinstance(one, Update)
        assert isinstance(lost, Lost)
        assert "1012" in str(lost.error)
        assert again == Connected(again=True)

    run(scenario())


def test_it_waits_longer_and_longer_up_to_a_ceiling() -> None:
    async def scenario() -> None:
        delays: list[float] = []
        async with aclosing(follow(f"ws://127.0.0.1:{free_port()}", max_delay_s=0.02)) as feed:
            async for event in feed:
                assert isinstance(event, Lost)
                delays.append(event.retry_in_s)
                if len(delays) == 30:
                    break

        assert all(0 <= delay <= 0.02 for delay in delays)
        assert len(set(delays)) == 30

    run(scenario())


def test_what_another_try_does_not_cure_ends_it(server: Server) -> None:
    async def scenario() -> None:
        with pytest.raises(HandshakeRefused):
            async with aclosing(follow(f"{server.ws_url}-otra")) as feed:
                await anext(feed)

    run(scenario())
