"""``CooperativeExecutor``: handlers yield to each other in one thread, and share commits."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.adapters.sqlite.incidents import SqliteIncidents
from alerta_utec.gateway.events import LambdaEvent
from alerta_utec.gateway.executor import BATCH_MAX, BatchYield, CooperativeExecutor, yield_to_batch
from tests.contract.builders import creation
from tests.fakes.commits import CommitLog

WAIT_S = 20


class Gate:
    """A handler that keeps the thread busy, so that later handlers form one batch."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _event: LambdaEvent, _context: object) -> None:
        self.reached.set()
        assert self.opened.wait(WAIT_S)


def run(main: Callable[[CooperativeExecutor], Awaitable[None]]) -> None:
    """Run ``main`` with an executor that is closed afterwards."""

    async def whole() -> None:
        executor = CooperativeExecutor()
        try:
            async with asyncio.timeout(WAIT_S):
                await main(executor)
        finally:
            await asyncio.to_thread(executor.close)

    asyncio.run(whole())


async def together(
    executor: CooperativeExecutor, *handlers: Callable[[LambdaEvent, object], Any]
) -> list["asyncio.Future[Any]"]:
    """Submit all handlers while the thread is busy."""
    gate = Gate()
    opening = executor.submit(gate, {})
    await asyncio.to_thread(gate.reached.wait, WAIT_S)
    futures = [
        executor.submit(handler, {"number": number}) for number, handler in enumerate(handlers)
    ]
    gate.opened.set()
    await opening
    return futures


def test_all_handlers_of_a_batch_reach_their_yield_before_the_first_continues() -> None:
    steps: list[str] = []

    def handler(event: LambdaEvent, _context: object) -> int:
        number: int = event["number"]
        for step in "abc":
            steps.append(f"{step}{number}")
            yield_to_batch()
        return number

    async def main(executor: CooperativeExecutor) -> None:
        futures = await together(executor, handler, handler, handler)
        assert await asyncio.gather(*futures) == [0, 1, 2]

    run(main)
    assert steps == ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"]


def test_an_exception_reaches_only_its_own_caller() -> None:
    def fails(_event: LambdaEvent, _context: object) -> None:
        yield_to_batch()
        raise ValueError("roto")

    def ends(_event: LambdaEvent, _context: object) -> None:
        raise SystemExit

    def works(_event: LambdaEvent, _context: object) -> str:
        yield_to_batch()
        return "bien"

    async def main(executor: CooperativeExecutor) -> None:
        for _ in range(2):
            futures = await together(executor, works, fails, ends, works)
            results = await asyncio.gather(*futures, return_exceptions=True)
            kinds = [r if isinstance(r, str) else type(r).__name__ for r in results]
            assert kinds == ["bien", "ValueError", "SystemExit", "bien"]

    run(main)


def test_a_handler_that_does_not_yield_is_answered_before_the_others_continue() -> None:
    answered = threading.Event()

    def waits(_event: LambdaEvent, _context: object) -> bool:
        yield_to_batch()
        return answered.wait(WAIT_S)

    async def main(executor: CooperativeExecutor) -> None:
        slow, quick = await together(executor, waits, lambda _event, _context: "ya")
        assert await quick == "ya"
        answered.set()
        assert await slow

    run(main)


def test_a_cancelled_handler_is_not_run() -> None:
    ran: list[int] = []

    async def main(executor: CooperativeExecutor) -> None:
        gate = Gate()
        opening = executor.submit(gate, {})
        first, second = (executor.submit(lambda e, _: ran.append(e["n"]), {"n": n}) for n in (1, 2))
        first.cancel()
        gate.opened.set()
        await asyncio.gather(opening, second)

    run(main)
    assert ran == [2]


def test_a_batch_has_a_size_limit() -> None:
    threads: list[int] = []
    reached = 0

    def handler(_event: LambdaEvent, _context: object) -> None:
        nonlocal reached
        reached += 1
        yield_to_batch()
        threads.append(reached)

    async def main(executor: CooperativeExecutor) -> None:
        await asyncio.gather(*await together(executor, *[handler] * (BATCH_MAX + 1)))

    run(main)
    assert threads == [BATCH_MAX] * BATCH_MAX + [BATCH_MAX + 1]


def test_closing_runs_the_submitted_handlers() -> None:
    ran: list[int] = []

    def handler(event: LambdaEvent, _context: object) -> None:
        yield_to_batch()
        ran.append(event["number"])

    async def main() -> None:
        executor = CooperativeExecutor()
        futures = await together(executor, *[handler] * 10)
        await asyncio.to_thread(executor.close)
        await asyncio.gather(*futures)

    asyncio.run(main())
    assert ran == list(range(10))


def test_closing_an_unused_executor_returns_at_once() -> None:
    CooperativeExecutor().close()


def test_a_yield_outside_of_a_batch_returns_at_once() -> None:
    yield_to_batch()


@pytest.mark.parametrize("count", [1, 20])
def test_incidents_of_a_batch_are_stored_in_one_transaction(tmp_path: Path, count: int) -> None:
    committed = CommitLog()
    statements: list[str] = []

    with closing(Database(tmp_path / "alerta.db")) as database:
        store = SqliteIncidents(database, listener=committed, scheduler=BatchYield())
        with database.write() as connection:
            writer = connection
        writer.set_trace_callback(statements.append)

        def notify(event: LambdaEvent, _context: object) -> int:
            change = store.commit(creation(incidentId=f"i{event['number']}")).change
            assert change in committed
            return change.after.seq

        async def main(executor: CooperativeExecutor) -> None:
            futures = await together(executor, *[notify] * count)
            assert await asyncio.gather(*futures) == list(range(1, count + 1))

        run(main)
        writer.set_trace_callback(None)

    assert statements.count("COMMIT") == 1
    assert [change.after.seq for change in committed] == list(range(1, count + 1))
