"""The client over real sockets, against the service and against faulty servers."""

import asyncio
import inspect
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from alerta_utec.client import (
    CaughtUp,
    Client,
    Connected,
    Event,
    HandshakeRefused,
    Lost,
    NoAnswer,
    Position,
    Refused,
    Renewed,
    Reset,
    Timing,
    Unreachable,
    Update,
)
from tests.conftest import ServeFactory
from tests.support.incidents import incident
from tests.support.server import Server
from tests.support.wsclient import WsClient
from tests.unit.client.scripted import received, run, scripted, silent, update

QUICK = Timing(
    ping_every_s=0.05, gap_s=0.05, gap_jitter_s=0.0, first_delay_s=0.01, max_delay_s=0.05
)


@pytest.fixture
def dead_url() -> Iterator[str]:
    """An address without a server, which no other process can take."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"ws://127.0.0.1:{held.getsockname()[1]}/dev"


async def yield_to_loop(count: int) -> None:
    """Yield to the event loop ``count`` times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def read_until(client: Client, wanted: Callable[[Event], bool]) -> list[Event]:
    """Read the events up to the first that is wanted, and return them."""
    events: list[Event] = []
    async for event in client:
        events.append(event)
        if wanted(event):
            return events
    raise AssertionError(f"it ended: {events}")


def caught_up(event: Event) -> bool:
    return isinstance(event, CaughtUp)


def lost(event: Event) -> bool:
    return isinstance(event, Lost)


def page(request: str, incidents: int, seq: int, **more: Any) -> str:
    """Return an answer to ``sync``."""
    frame = json.loads(update(incidents))["incident"] if incidents else None
    return json.dumps(
        {
            "type": "sync",
            "incidents": [frame] if frame else [],
            "position": f"e:{seq}",
            "more": False,
            "reset": False,
            "requestId": request,
        }
        | more
    )


async def serve_feed(connection: ServerConnection, seq: int = 0, lives: str = "2999-01-01") -> None:
    """Serve a feed at ``seq`` without changes."""
    async for text in connection:
        message = json.loads(text)
        if message["action"] == "sync":
            reset = message.get("since") is None
            await connection.send(page(message["requestId"], 0, seq, reset=reset))
        elif message["action"] == "ping":
            pong = {"type": "pong", "position": f"e:{seq}", "expiresAt": f"{lives}T00:00:00Z"}
            await connection.send(json.dumps(pong | {"requestId": message["requestId"]}))
        else:
            await connection.send(json.dumps({"type": "ack", "requestId": message["requestId"]}))


def report(server: Server, *names: str) -> list[str]:
    """Report incidents with these names, and return their ids."""
    with WsClient(server.ws_url) as client:
        return [client.notify(incident(name=name))["incidentId"] for name in names]


def test_a_new_client_gets_the_open_incidents_and_then_new_changes(
    serve: ServeFactory,
) -> None:
    server = serve(options=("--ephemeral",))
    before = report(server, *(str(number) for number in range(250)))

    async def scenario() -> None:
        async with Client(server.ws_url) as client:
            events = await read_until(client, caught_up)
            (later,) = await asyncio.to_thread(report, server, "later")
            (news,) = await read_until(client, lambda event: isinstance(event, Update))
            position = client.position

        assert [type(event) for event in events[:2]] == [Connected, Reset]
        found = [event for event in events if isinstance(event, Update)]
        assert {one.incident.incident_id for one in found} == set(before)
        assert len(found) == len(before)
        assert isinstance(news, Update)
        assert (news.incident.incident_id, news.recovered) == (later, False)
        assert position == news.position

    run(scenario())


def test_a_client_with_a_position_gets_the_changes_since_then(server: Server) -> None:
    with WsClient(server.ws_url) as client:
        position = Position.parse(client.ping()["position"])
    missed = report(server, *(str(number) for number in range(250)))

    async def scenario() -> None:
        async with Client(server.ws_url, position=position) as client:
            events = await read_until(client, caught_up)

        found = [event.incident.incident_id for event in events if isinstance(event, Update)]
        assert found == missed
        assert events[-1] == CaughtUp(recovered=250, again=False)
        assert client.position == Position(position.epoch, position.seq + 250)

    run(scenario())


def test_a_slow_reader_gets_every_incident_over_the_same_connection(server: Server) -> None:
    async def scenario() -> None:
        async with Client(server.ws_url, from_now=True, events_max=10) as client:
            await read_until(client, caught_up)
            made = await asyncio.to_thread(report, server, *map(str, range(300)))
            told: Counter[str] = Counter()
            others: Counter[type] = Counter()
            while len(told) < len(made):
                event = await anext(client)
                if isinstance(event, Update):
                    told[event.incident.incident_id] += 1
                else:
                    others[type(event)] += 1

        assert told == Counter(made)
        assert others.keys() <= {CaughtUp}

    run(scenario())


def test_a_client_that_never_reads_can_report_over_failing_connections() -> None:
    keys: list[str] = []

    async def hang_up_on_a_report(connection: ServerConnection) -> None:
        async for text in connection:
            message = json.loads(text)
            if message["action"] == "notify":
                keys.append(message["idempotencyKey"])
                connection.transport.abort()
                return

    async def scenario() -> None:
        scripts = (*[hang_up_on_a_report] * 5, serve_feed)
        async with scripted(*scripts) as url, Client(url, timing=QUICK, events_max=2) as client:
            ack = await client.notify(incident(), timeout_s=15)

        assert ack["type"] == "ack"
        assert len(keys) == 5
        assert len(set(keys)) == 1

    run(scenario())


def test_a_refused_report_is_not_retried(server: Server) -> None:
    async def scenario() -> None:
        async with Client(server.ws_url, from_now=True) as client:
            with pytest.raises(Refused) as caught:
                await client.notify({"type": ""})

        assert caught.value.code == "invalid_incident"

    run(scenario())


def test_a_client_without_a_server_retries_and_its_report_has_a_deadline(dead_url: str) -> None:
    async def scenario() -> None:
        async with Client(dead_url, timing=QUICK) as client:
            (first,) = await read_until(client, lost)
            (second,) = await read_until(client, lost)
            with pytest.raises(NoAnswer):
                await client.notify(incident(), timeout_s=0.2)

        for event in (first, second):
            assert isinstance(event, Lost)
            assert isinstance(event.error, Unreachable)

    run(scenario())


@pytest.mark.parametrize("turns", range(4))
def test_a_client_can_close_at_the_moment_of_its_next_attempt(dead_url: str, turns: int) -> None:
    delay_s = 0.2

    async def scenario() -> None:
        timing = Timing(first_delay_s=delay_s, max_delay_s=delay_s)
        async with Client(dead_url, timing=timing) as client:
            await read_until(client, lost)
            await yield_to_loop(5)  # now the client waits for its next attempt
            time.sleep(delay_s)  # noqa: ASYNC251 (blocks the loop until the attempt is due)
            await yield_to_loop(turns)

    run(scenario())


def test_a_failure_that_is_not_retryable_ends_the_client(server: Server) -> None:
    async def scenario() -> None:
        async with Client(f"{server.ws_url}-otra") as client:
            with pytest.raises(HandshakeRefused):
                await anext(client)
            with pytest.raises(HandshakeRefused):
                await client.notify(incident())

    run(scenario())


@pytest.mark.parametrize(("code", "ends"), [("unavailable", False), ("unknown_action", True)])
def test_a_refused_sync_is_retried_if_the_error_is_retryable(code: str, ends: bool) -> None:
    async def refuse_once(connection: ServerConnection) -> None:
        request = (await received(connection))["requestId"]
        error = {"type": "error", "code": code, "message": "no", "requestId": request}
        await connection.send(json.dumps(error))
        await serve_feed(connection)

    async def scenario() -> None:
        async with scripted(refuse_once) as url, Client(url, timing=QUICK) as client:
            if ends:
                with pytest.raises(Refused):
                    await read_until(client, caught_up)
                return
            events = await read_until(client, caught_up)

        assert not [event for event in events if lost(event)]

    run(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"incidents": [], "position": "?", "more": False, "reset": True},
        {"incidents": [], "position": "otra:1", "more": False, "reset": False},
        {"incidents": [1], "position": "e:1", "more": False, "reset": True},
        {"incidents": None, "position": "e:1", "more": False, "reset": True},
    ],
)
def test_a_missing_or_malformed_page_makes_the_client_reconnect(
    answer: dict[str, Any] | None,
) -> None:
    async def answer_first(connection: ServerConnection) -> None:
        request = (await received(connection))["requestId"]
        if answer is not None:
            await connection.send(json.dumps({"type": "sync", "requestId": request} | answer))
        await connection.wait_closed()

    async def scenario() -> None:
        async with (
            scripted(answer_first, serve_feed) as url,
            Client(url, timing=QUICK, timeout_s=0.5) as client,
        ):
            events = await read_until(client, caught_up)

        assert [type(event) for event in events] == [Connected, Lost, Connected, Reset, CaughtUp]

    run(scenario())


def test_a_silent_connection_is_replaced() -> None:
    async def fall_silent(connection: ServerConnection) -> None:
        message = await received(connection)
        await connection.send(page(message["requestId"], 0, 0, reset=True))
        await connection.wait_closed()

    async def scenario() -> None:
        async with (
            scripted(fall_silent, serve_feed) as url,
            Client(url, timing=QUICK, timeout_s=0.2) as client,
        ):
            await read_until(client, lost)
            events = await read_until(client, caught_up)

        assert events[-1] == CaughtUp(recovered=0, again=True)

    run(scenario())


def test_an_update_that_never_arrives_is_fetched() -> None:
    async def skip_one(connection: ServerConnection) -> None:
        message = await received(connection)
        await connection.send(page(message["requestId"], 0, 0, reset=True))
        await received(connection)  # ping
        later = json.loads(update(2))
        later["incident"] |= {"incidentId": "id-2"}
        await connection.send(json.dumps(later))
        while (message := await received(connection))["action"] != "sync":
            pass
        assert message["since"] == "e:0"
        await connection.send(page(message["requestId"], 1, 2))
        await connection.wait_closed()

    async def scenario() -> None:
        async with scripted(skip_one) as url, Client(url, timing=QUICK) as client:
            await read_until(client, caught_up)
            events = await read_until(client, caught_up)
            position = client.position

        ahead, fetched, complete = events
        assert isinstance(ahead, Update)
        assert isinstance(fetched, Update)
        assert [ahead.position.seq, fetched.position.seq] == [2, 1]
        assert [ahead.recovered, fetched.recovered] == [False, True]
        assert complete == CaughtUp(recovered=1, again=None)
        assert str(position) == "e:2"

    run(scenario())


def test_a_connection_is_renewed_by_the_services_clock(serve: ServeFactory) -> None:
    server = serve(options=("--ephemeral", "--age-s", "4"))

    async def scenario() -> None:
        async with Client(server.ws_url) as client:
            events = await read_until(client, lambda event: isinstance(event, Renewed))

        assert not [event for event in events if lost(event)]

    run(scenario())


def test_a_replaced_connection_stays_open_until_its_pending_answers_arrive() -> None:
    reported: list[str] = []
    taken_over = asyncio.Event()

    async def answer_late(connection: ServerConnection) -> None:
        soon = datetime.now(UTC) + timedelta(seconds=3)
        async for text in connection:
            message = json.loads(text)
            request = {"requestId": message["requestId"]}
            if message["action"] == "sync":
                await connection.send(page(message["requestId"], 0, 0, reset=True))
            elif message["action"] == "ping":
                pong = {"type": "pong", "position": "e:0", "expiresAt": soon.isoformat()}
                await connection.send(json.dumps(pong | request))
            else:
                reported.append(message["idempotencyKey"])
                await taken_over.wait()
                await connection.send(json.dumps({"type": "ack", "by": "the first"} | request))

    async def scenario() -> None:
        async with scripted(answer_late, serve_feed) as url, Client(url) as client:
            await read_until(client, caught_up)
            reporting = asyncio.create_task(client.notify(incident()))
            await read_until(client, lambda event: isinstance(event, Renewed))
            taken_over.set()
            ack = await reporting

        assert ack["by"] == "the first"
        assert len(reported) == 1

    run(scenario())


def test_callbacks_run_one_after_another_until_the_client_is_closed(server: Server) -> None:
    calls: list[str] = []

    async def scenario() -> None:
        async with Client(server.ws_url) as client:

            async def on_update(one: Update) -> None:
                await asyncio.sleep(0)
                calls.append("update")
                if one.incident.extras.get("name") == "last":
                    await client.close()

            def on_status(status: Event) -> None:
                calls.append(type(status).__name__)

            listening = asyncio.create_task(
                client.listen(
                    on_update=on_update,
                    on_reset=lambda _reset: calls.append("reset"),
                    on_status=on_status,
                )
            )
            await client.notify(incident(name="last"))
            await listening

        assert calls[:2] == ["Connected", "reset"]
        assert "update" in calls

    run(scenario())


@pytest.mark.parametrize("moment", ["connecting", "asking", "following", "waiting"])
def test_close_leaves_no_task_and_no_socket(server: Server, dead_url: str, moment: str) -> None:
    async def scenario() -> None:
        async with scripted(silent) as silent_url:
            url = {
                "connecting": silent_url,
                "asking": silent_url,
                "following": server.ws_url,
                "waiting": dead_url,
            }[moment]
            before = asyncio.all_tasks()

            async with Client(url) as client:
                if moment == "asking":
                    await anext(client)
                elif moment == "following":
                    await read_until(client, caught_up)
                elif moment == "waiting":
                    await read_until(client, lost)

            left = [task for task in asyncio.all_tasks() - before if _of_the_client(task)]
            rest = [event async for event in client]

        assert left == []
        assert not [event for event in rest if isinstance(event, Update)]

    run(scenario())


def _of_the_client(task: "asyncio.Task[Any]") -> bool:
    coroutine = task.get_coro()
    assert inspect.iscoroutine(coroutine)
    return "websockets" not in coroutine.cr_code.co_filename


def test_a_cancelled_reader_loses_no_event(server: Server) -> None:
    async def scenario() -> None:
        async with Client(server.ws_url, from_now=True) as client:
            await read_until(client, caught_up)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(client)
            (made,) = await asyncio.to_thread(report, server, "x")
            event = await anext(client)

        assert isinstance(event, Update)
        assert event.incident.incident_id == made

    run(scenario())


@pytest.mark.parametrize(
    ("query", "filtered"), [("", False), ("?lang=en", False), ("?lang=en&urgency=high", True)]
)
def test_a_client_knows_from_its_url_whether_it_gets_every_change(
    query: str, filtered: bool
) -> None:
    client = Client(f"ws://127.0.0.1:9/dev{query}")

    assert client._runner.machine.filtered is filtered
