"""One report over a network that fails."""

import asyncio
import time

import pytest
from websockets.asyncio.server import ServerConnection

from alerta_utec.client import NoAnswer, Refused, Unreachable, notify
from tests.support.emulator import free_port
from tests.unit.client.scripted import acknowledge, received, run, scripted, silent

INCIDENT = {"type": "prueba", "location": "Patio", "urgency": "low"}


def test_notify_retries_with_the_same_key_until_the_ack() -> None:
    keys: list[str] = []

    async def take_and_hang_up(connection: ServerConnection) -> None:
        keys.append((await received(connection))["idempotencyKey"])
        connection.transport.abort()

    async def scenario() -> None:
        async with scripted(take_and_hang_up, take_and_hang_up, acknowledge) as url:
            ack = await notify(url, INCIDENT)

        assert ack["message"]["incident"] == INCIDENT
        assert keys == [ack["message"]["idempotencyKey"]] * 2

    run(scenario())


def test_notify_uses_the_callers_key() -> None:
    async def scenario() -> None:
        async with scripted(acknowledge) as url:
            ack = await notify(url, INCIDENT, idempotency_key="k-1")

        assert ack["message"]["idempotencyKey"] == "k-1"

    run(scenario())


@pytest.mark.parametrize(("code", "attempts"), [("invalid_incident", 1), ("unavailable", 2)])
def test_notify_retries_only_retryable_errors(code: str, attempts: int) -> None:
    seen: list[str] = []

    async def refuse_once(connection: ServerConnection) -> None:
        message = await received(connection)
        seen.append(message["requestId"])
        await connection.send(
            f'{{"type":"error","code":"{code}","message":"no","requestId":"{seen[-1]}"}}'
        )
        await connection.wait_closed()

    async def answer(connection: ServerConnection) -> None:
        seen.append("again")
        await acknowledge(connection)

    async def scenario() -> None:
        async with scripted(refuse_once, answer) as url:
            if attempts == 1:
                with pytest.raises(Refused, match=code):
                    await notify(url, INCIDENT)
            else:
                await notify(url, INCIDENT)

        assert len(seen) == attempts

    run(scenario())


def test_notify_ends_in_time_without_an_answer() -> None:
    async def scenario() -> None:
        async with scripted(silent) as url:
            started = time.monotonic()

            with pytest.raises(NoAnswer):
                await notify(url, INCIDENT, timeout_s=0.3)

            assert time.monotonic() - started < 5

    run(scenario())


def test_notify_retries_until_its_deadline_without_a_server() -> None:
    async def scenario() -> None:
        started = time.monotonic()

        with pytest.raises(Unreachable, match="refused"):
            await notify(f"ws://127.0.0.1:{free_port()}", INCIDENT, timeout_s=0.5)

        assert 0.5 <= time.monotonic() - started < 5

    run(scenario())


def test_a_missing_ack_on_a_live_connection_is_retried() -> None:
    keys: list[str] = []

    async def take_in_silence(connection: ServerConnection) -> None:
        keys.append((await received(connection))["idempotencyKey"])
        await connection.wait_closed()

    async def scenario() -> None:
        async with scripted(take_in_silence, acknowledge) as url:
            ack = await notify(url, INCIDENT, timeout_s=2)

        assert keys == [ack["message"]["idempotencyKey"]]

    run(scenario())


def test_concurrent_reports_are_all_stored() -> None:
    async def scenario() -> None:
        async with scripted(acknowledge) as url:
            acks = await asyncio.gather(*(notify(url, INCIDENT) for _ in range(20)))

        assert len({ack["message"]["idempotencyKey"] for ack in acks}) == 20

    run(scenario())
