"""One connection: answers match requests, broadcasts arrive, and every end is reported."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from alerta_utec.client import (
    Connection,
    Disconnected,
    HandshakeRefused,
    NoAnswer,
    Refused,
    Unreachable,
    Update,
    connect,
)
from tests.support.emulator import free_port
from tests.support.server import Server
from tests.unit.client.scripted import (
    INCIDENT,
    acknowledge,
    received,
    run,
    scripted,
    silent,
    update,
)


async def until_the_end(connection: Connection) -> Disconnected:
    """Wait for the end of the connection, and return its error."""
    with pytest.raises(Disconnected) as caught:
        await connection.wait_closed()
    return caught.value


def test_answers_in_another_order_match_their_requests() -> None:
    async def reverse(connection: ServerConnection) -> None:
        first, second = await received(connection), await received(connection)
        for message in (second, first):
            await connection.send(
                json.dumps({"type": "pong", "requestId": message["requestId"], "n": message["n"]})
            )
        await connection.wait_closed()

    async def scenario() -> None:
        async with scripted(reverse) as url, connect(url) as connection:
            answers = await asyncio.gather(
                *(connection.request({"action": "ping", "n": n}) for n in (1, 2))
            )

        assert [answer["n"] for answer in answers] == [1, 2]

    run(scenario())


def test_a_refusal_is_raised_with_every_problem() -> None:
    async def refuse(connection: ServerConnection) -> None:
        message = await received(connection)
        await connection.send(
            json.dumps(
                {
                    "type": "error",
                    "code": "unavailable",
                    "message": "Ahora no.",
                    "errors": [{"field": "incident.type", "problem": "falta"}],
                    "requestId": message["requestId"],
                }
            )
        )
        await connection.wait_closed()

    async def scenario() -> None:
        async with scripted(refuse) as url, connect(url) as connection:
            with pytest.raises(Refused) as caught:
                await connection.request({"action": "notify"})

        assert (caught.value.code, caught.value.message) == ("unavailable", "Ahora no.")
        assert caught.value.problems == (("incident.type", "falta"),)
        assert caught.value.retryable

    run(scenario())


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "error", "code": "bad_json", "message": "No es JSON."},
        {"message": "Internal server error", "connectionId": "c", "requestId": "of-the-gateway"},
    ],
)
def test_an_error_without_a_known_request_belongs_to_the_only_pending_one(
    frame: dict[str, str],
) -> None:
    async def refuse(connection: ServerConnection) -> None:
        await received(connection)
        await connection.send(json.dumps(frame))
        await connection.wait_closed()

    async def scenario() -> None:
        async with scripted(refuse) as url, connect(url) as connection:
            with pytest.raises(Refused) as caught:
                await connection.request({"action": "notify"}, timeout_s=5)

        assert caught.value.message == frame["message"]

    run(scenario())


def test_a_timeout_ends_the_request_and_keeps_the_connection() -> None:
    async def second_only(connection: ServerConnection) -> None:
        await received(connection)
        await acknowledge(connection)

    async def scenario() -> None:
        async with scripted(second_only) as url, connect(url) as connection:
            with pytest.raises(NoAnswer):
                await connection.request({"action": "ping"}, timeout_s=0.05)
            answer = await connection.request({"action": "ping"})

        assert answer["type"] == "ack"

    run(scenario())


def test_a_message_over_the_limit_is_not_sent() -> None:
    async def scenario() -> None:
        async with scripted(acknowledge) as url, connect(url) as connection:
            with pytest.raises(Refused) as caught:
                await connection.request({"action": "notify", "incident": {"x": "ñ" * 17_000}})
            answer = await connection.request({"action": "ping"})

        assert (caught.value.code, caught.value.retryable) == ("too_large", False)
        assert answer["message"]["action"] == "ping"

    run(scenario())


def test_broadcasts_arrive_in_order_before_the_close_code() -> None:
    async def broadcast(connection: ServerConnection) -> None:
        for seq in (1, 2, 3):
            await connection.send(update(seq))
        await connection.close(1001, "Going away")

    async def scenario() -> None:
        updates: list[Update] = []
        async with (
            scripted(broadcast) as url,
            connect(url, on_update=updates.append) as connection,
        ):
            end = await until_the_end(connection)

        seen = [(one.position.seq, one.incident.seq, one.text) for one in updates]
        assert seen == [(seq, seq, update(seq)) for seq in (1, 2, 3)]
        assert (end.code, end.reason) == (1001, "Going away")

    run(scenario())


def test_the_changes_of_one_frame_arrive_as_if_they_had_come_one_by_one() -> None:
    incidents = [INCIDENT | {"seq": seq} for seq in (2, 3, 7)]
    together = {"type": "incident_updates", "incidents": incidents, "position": "e:7"}

    async def broadcast(connection: ServerConnection) -> None:
        await connection.send(update(1))
        await connection.send(json.dumps(together))
        await connection.close()

    async def scenario() -> None:
        updates: list[Update] = []
        async with scripted(broadcast) as url, connect(url, on_update=updates.append) as connection:
            await until_the_end(connection)

        assert [str(one.position) for one in updates] == ["e:1", "e:2", "e:3", "e:7"]
        assert [json.loads(one.text) for one in updates] == [
            json.loads(update(seq)) for seq in (1, 2, 3, 7)
        ]
        assert not any(one.recovered for one in updates)

    run(scenario())


@pytest.mark.parametrize(
    "frame",
    [
        "no es JSON",
        "[]",
        "{}",
        '{"type":"incident_update"}',
        '{"type":"incident_update","incident":[],"position":"e:1"}',
        '{"type":"incident_update","incident":{"type":1},"position":"e:1"}',
        '{"type":"incident_updates"}',
        '{"type":"incident_updates","incidents":[],"position":1}',
        '{"type":"incident_updates","incidents":5,"position":"e:1"}',
        '{"type":"incident_updates","incidents":[{"type":1}],"position":"e:1"}',
        '{"type":"incident_updates","incidents":[null],"position":"e:1"}',
        '{"type":"de otro mundo"}',
        "[" * 10_000,
    ],
)
def test_a_malformed_frame_is_ignored(frame: str) -> None:
    async def speak(connection: ServerConnection) -> None:
        await connection.send(frame)
        await connection.send(b"\x00")
        await connection.send(update(1))
        await connection.close()

    async def scenario() -> None:
        updates: list[Update] = []
        async with scripted(speak) as url, connect(url, on_update=updates.append) as connection:
            await until_the_end(connection)

        assert [one.position.seq for one in updates] == [1]

    run(scenario())


def test_an_error_in_the_callback_reaches_wait_closed() -> None:
    async def broadcast(connection: ServerConnection) -> None:
        await connection.send(update(1))
        await connection.wait_closed()

    def fail(_update: Update) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        async with scripted(broadcast) as url, connect(url, on_update=fail) as connection:
            with pytest.raises(ZeroDivisionError):
                await connection.wait_closed()

    run(scenario())


def test_opened_at_is_the_services_time() -> None:
    async def scenario() -> None:
        def dated(_connection: ServerConnection, _request: Request, response: Response) -> None:
            del response.headers["Date"]
            response.headers["Date"] = "Sun, 16 Nov 2025 18:12:00 GMT"

        async with serve(silent, "127.0.0.1", 0, process_response=dated) as server:
            (listening,) = server.sockets
            url = f"ws://127.0.0.1:{listening.getsockname()[1]}/dev"
            async with connect(url) as connection:
                opened_at = connection.opened_at

        assert opened_at == datetime(2025, 11, 16, 18, 12, 1, tzinfo=UTC)

    run(scenario())


def test_the_end_of_a_connection_fails_its_requests() -> None:
    async def hang_up(connection: ServerConnection) -> None:
        await received(connection)
        connection.transport.abort()

    async def scenario() -> None:
        async with scripted(hang_up) as url, connect(url) as connection:
            with pytest.raises(Disconnected):
                await connection.request({"action": "ping"})
            with pytest.raises(Disconnected):
                await connection.request({"action": "ping"})

    run(scenario())


def test_the_end_of_the_context_closes_the_socket_with_1000() -> None:
    codes: list[int | None] = []

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async def scenario() -> None:
        async with scripted(note) as url, connect(url):
            pass

        assert codes == [1000]

    run(scenario())


def test_an_address_without_a_server_is_unreachable() -> None:
    async def scenario() -> None:
        with pytest.raises(Unreachable, match="refused"):
            async with connect(f"ws://127.0.0.1:{free_port()}"):
                pass

    run(scenario())


def test_a_server_that_never_answers_the_handshake_is_unreachable() -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await gone.wait()
            writer.close()

        server = await asyncio.start_server(hold, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(Unreachable):
                async with connect(f"ws://127.0.0.1:{port}", timeout_s=0.1):
                    pass
            gone.set()

    run(scenario())


def test_a_refused_handshake_has_its_status(server: Server) -> None:
    async def scenario() -> None:
        with pytest.raises(HandshakeRefused) as caught:
            async with connect(f"{server.ws_url}-otra"):
                pass

        assert (caught.value.status, caught.value.retryable) == (403, False)

    run(scenario())
