"""``Deadlines``: only the futures that are not done in time fail."""

import asyncio

from alerta_utec.gateway.deadlines import Deadlines

AFTER_S = 0.05
LONG_S = 5.0


def test_a_future_that_is_not_done_in_time_fails() -> None:
    async def main() -> None:
        deadlines, loop = Deadlines(AFTER_S), asyncio.get_running_loop()
        early, late, other = (loop.create_future() for _ in range(3))
        for future in (early, late, other):
            deadlines.watch(future)
        early.set_result("in time")
        other.cancel()

        await asyncio.wait([late], timeout=LONG_S)

        assert early.result() == "in time"
        assert isinstance(late.exception(), TimeoutError)
        assert other.cancelled()

    asyncio.run(main())


def test_each_future_has_the_whole_time() -> None:
    async def main() -> None:
        deadlines, loop = Deadlines(AFTER_S), asyncio.get_running_loop()
        first, began = loop.create_future(), loop.time()
        deadlines.watch(first)
        await asyncio.sleep(AFTER_S / 2)
        second, began_later = loop.create_future(), loop.time()
        deadlines.watch(second)

        await asyncio.wait([first], timeout=LONG_S)
        assert loop.time() - began >= AFTER_S
        await asyncio.wait([second], timeout=LONG_S)
        assert loop.time() - began_later >= AFTER_S
        assert isinstance(first.exception(), TimeoutError)
        assert isinstance(second.exception(), TimeoutError)

    asyncio.run(main())


def test_a_future_fails_also_after_the_timer_has_stopped() -> None:
    async def main() -> None:
        deadlines, loop = Deadlines(AFTER_S), asyncio.get_running_loop()
        for _ in range(2):
            late = loop.create_future()
            deadlines.watch(late)
            await asyncio.wait([late], timeout=LONG_S)
            assert isinstance(late.exception(), TimeoutError)
            await asyncio.sleep(AFTER_S)

    asyncio.run(main())


def test_done_futures_are_not_kept() -> None:
    async def main() -> None:
        deadlines, loop = Deadlines(LONG_S), asyncio.get_running_loop()
        for _ in range(100):
            future = loop.create_future()
            deadlines.watch(future)
            future.set_result(None)

        assert len(deadlines._watched) == 1

    asyncio.run(main())
