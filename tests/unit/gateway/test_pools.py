"""The pools of threads: what hangs in one delays no other, and a full one refuses at once."""

import asyncio
import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.sync.client import connect

from alerta_utec.adapters.published_keys import WAITING_MAX
from alerta_utec.gateway.core import Route
from alerta_utec.gateway.limits import Limits
from alerta_utec.gateway.pools import POOLS, HandlerPools, PoolFull, PoolSize
from tests.support.eventually import eventually
from tests.unit.gateway.running import Running, gateway

HANGS, ANSWERS = "GET /hangs", "GET /answers"
SMALL = {**POOLS, "statistics": PoolSize(1, 1)}


class Held:
    """A handler that hangs on one route until it is released, and answers the others."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.entered = threading.Semaphore(0)

    def __call__(self, event: dict[str, Any], _context: object) -> dict[str, Any]:
        route = event.get("routeKey") or event["requestContext"]["routeKey"]
        if route == HANGS:
            self.entered.release()
            self.released.wait(30)
        return {"statusCode": 200, "body": route}


@pytest.fixture
def held() -> Iterator[Held]:
    handler = Held()
    yield handler
    handler.released.set()


def refuse(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    return {"statusCode": 503, "body": "no capacity"}


def serve(held: Held, limits: Limits | None = None) -> Any:
    return gateway(
        {"ping": Route(held, two_way=True, pool="ping"), "$connect": Route(held, pool="handshake")},
        http=held,
        http_routes=(HANGS, ANSWERS),
        http_pools={HANGS: "statistics"},
        refusal=refuse,
        pools=SMALL,
        limits=limits,
    )


def get(running: Running, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_requests_that_hang_in_one_pool_delay_no_other_and_the_rest_is_refused(held: Held) -> None:
    with serve(held) as running, ThreadPoolExecutor(12) as clients:
        hanging = [clients.submit(get, running, "/hangs") for _ in range(12)]
        refused = eventually(
            lambda: [one.result() for one in hanging if one.done()],
            "ten refusals",
            accept=lambda found: len(found) == 10,
        )

        assert get(running, "/answers") == (200, ANSWERS)
        with connect(running.ws_url) as socket:
            socket.send('{"action":"ping"}')
            assert socket.recv(timeout=20) == "ping"
        held.released.set()
        answered = [one.result() for one in hanging if one.result()[0] == 200]

    assert set(refused) == {(503, "no capacity")}
    assert answered == [(200, HANGS)] * 2


def test_a_handler_that_does_not_return_in_time_is_refused_as_unavailable(held: Held) -> None:
    with serve(held, Limits(handler_s=0.05)) as running:
        assert get(running, "/hangs") == (503, "no capacity")
        held.released.set()


@pytest.mark.parametrize("pool", ["read", "write", "handshake"])
def test_callers_that_wait_for_an_issuer_leave_threads_for_the_others(pool: str) -> None:
    assert POOLS[pool].threads >= 2 * WAITING_MAX


def test_a_place_is_free_again_after_each_outcome() -> None:
    async def main() -> None:
        pools = HandlerPools({"read": PoolSize(1, 0)})

        def fails(_event: dict[str, Any], _context: object) -> None:
            raise ZeroDivisionError

        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await pools.run("read", fails, {})
        released = threading.Event()
        waiting = asyncio.ensure_future(
            pools.run("read", lambda _event, _context: released.wait(30), {})
        )
        await asyncio.sleep(0)
        with pytest.raises(PoolFull):
            await pools.run("read", fails, {})
        released.set()
        assert await waiting
        pools.close()

    asyncio.run(main())
