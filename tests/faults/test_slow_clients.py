"""Clients that stall, die, read slowly or reconnect all at once do not affect the others."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServeFactory
from tests.support.follower import View, follow
from tests.support.incidents import incident
from tests.support.listeners import frozen_clients
from tests.support.load import Counter, Talker, run
from tests.support.server import Server

CLIENTS = 2000
STALLED = 20
FROZEN = 20
HERD = 1000
MISSED = 30
# A small socket buffer, so that a stall shows after a few megabytes.
RECEIVE_BUFFER_BYTES = 32 * 1024
# About the largest frame of one incident: 25 KB.
LARGE = incident(description="\N{FIRE}" * 4000, more="x" * 8000)
# Less than the limit of waiting bytes for one client.
BURST = 30
ALL_READ_S = 60
CUT_S = 20
# Waiting bytes for all clients are bounded by 256 MiB; the rest is the process and its sockets.
RSS_MAX_BYTES = 450 * 1024 * 1024

pytestmark = pytest.mark.usefixtures("many_files")


class SlowCounter(Counter):
    """A counter that reads a little, and then nothing for a while."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.stop_reading()
        asyncio.get_running_loop().call_later(0.05, self.read_on)


def test_20_of_2000_clients_that_stop_reading_are_cut_and_the_others_get_everything(
    serve: ServeFactory,
) -> None:
    server = serve()

    async def stall() -> tuple[list[str], list[Counter], list[Counter]]:
        stalled = await open_many(server.port, STALLED, receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        for client in stalled:
            client.stop_reading()
        readers = await open_many(server.port, CLIENTS - STALLED)
        ids = await submit_until_cut(server, readers, STALLED)
        for client in stalled:
            client.read_on()
        async with asyncio.timeout(CUT_S):
            await asyncio.gather(*(client.ended.wait() for client in stalled))
        return ids, readers, stalled

    async def come_back(epoch: str, clients: Sequence[Counter]) -> list[View]:
        views = [View(position=f"{epoch}:{client.seqs[-1]}") for client in clients]
        await asyncio.gather(*(follow(server.port, view) for view in views))
        return views

    ids, readers, stalled = run(stall())
    peak_bytes = memory_peak_bytes(server)
    views = run(come_back(run(epoch_of(server)), stalled))

    every_seq = list(range(1, len(ids) + 1))
    assert all(reader.seqs == every_seq for reader in readers)
    assert {reader.close_code for reader in readers} == {None}
    assert server.output.count("client_too_slow") == STALLED
    assert peak_bytes < RSS_MAX_BYTES
    for client, view in zip(stalled, views, strict=True):
        assert client.seqs == every_seq[: len(client.seqs)]
        assert view.incidents.keys() == set(ids[len(client.seqs) :])


def test_clients_whose_process_is_frozen_are_cut_and_the_others_get_everything(
    serve: ServeFactory,
) -> None:
    server = serve()

    async def submit_beside_the_frozen() -> tuple[int, list[Counter]]:
        readers = await open_many(server.port, 20)
        return len(await submit_until_cut(server, readers, FROZEN)), readers

    with frozen_clients(server.port, FROZEN, RECEIVE_BUFFER_BYTES):
        count, readers = run(submit_beside_the_frozen())

    assert all(reader.seqs == list(range(1, count + 1)) for reader in readers)
    assert server.output.count("client_too_slow") == FROZEN


def test_a_client_that_reads_slowly_but_within_its_bound_gets_everything(
    serve: ServeFactory,
) -> None:
    server = serve()

    async def burst() -> tuple[int, list[Counter]]:
        slow: list[Counter] = [
            await SlowCounter().open(server.port, receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
            for _ in range(5)
        ]
        submitter = await Talker().open(server.port)
        await submit(submitter, BURST)
        behind = BURST - min(len(client.seqs) for client in slow)
        await all_have(slow, BURST)
        return behind, slow

    behind, slow = run(burst())

    assert behind > BURST / 3
    assert all(client.seqs == list(range(1, BURST + 1)) for client in slow)
    assert "client_too_slow" not in server.output


def test_1000_clients_that_come_back_at_once_are_all_served(serve: ServeFactory) -> None:
    server = serve()

    async def leave_and_miss() -> str:
        submitter = await Talker().open(server.port)
        await submit(submitter, 1)
        position: str = (await submitter.request({"action": "ping"}))["position"]
        herd = await open_many(server.port, HERD)
        await asyncio.to_thread(server.kill9)
        await asyncio.gather(*(client.ended.wait() for client in herd))
        await asyncio.to_thread(server.start)
        submitter = await Talker().open(server.port)
        await submit(submitter, MISSED, description="", more="")
        return position

    async def come_back(position: str) -> list[View]:
        views = [View(position=position) for _ in range(HERD)]
        async with asyncio.timeout(ALL_READ_S):
            await asyncio.gather(*(follow(server.port, view) for view in views))
        return views

    views = run(come_back(run(leave_and_miss())))

    assert {len(view.incidents) for view in views} == {MISSED}
    assert {view.position for view in views} == {f"{run(epoch_of(server))}:{MISSED + 1}"}


async def epoch_of(server: Server) -> str:
    """Return the feed's epoch."""
    client = await Talker().open(server.port)
    position: str = (await client.request({"action": "ping"}))["position"]
    return position.rpartition(":")[0]


async def submit(client: Talker, count: int, **fields: Any) -> list[str]:
    """Submit ``count`` large incidents and return their ids."""
    message = {"action": "notify", "incident": LARGE | fields}
    return [(await client.request(message))["incidentId"] for _ in range(count)]


async def open_many(port: int, count: int, **options: Any) -> list[Counter]:
    """Open clients, a hundred at a time."""
    opened: list[Counter] = []
    while len(opened) < count:
        batch = [Counter().open(port, **options) for _ in range(min(100, count - len(opened)))]
        opened += await asyncio.gather(*batch)
    return opened


async def all_have(clients: Sequence[Counter], count: int) -> None:
    """Wait until every client has received ``count`` frames."""
    async with asyncio.timeout(ALL_READ_S):
        await asyncio.gather(*(client.wait_for(count) for client in clients))


async def submit_until_cut(server: Server, readers: Sequence[Counter], stalled: int) -> list[str]:
    """Submit until the service has closed all stalled clients; return the number submitted."""
    submitter = await Talker().open(server.port)
    ids: list[str] = []
    while server.output.count("client_too_slow") < stalled:
        assert len(ids) < 1000
        ids += await submit(submitter, 10)
        await all_have(readers, len(ids))
    return ids


def memory_peak_bytes(server: Server) -> int:
    """Return the peak memory of the server."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
