"""Waiting for a condition that sends no signal of its own: the one place where a test polls."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

WITHIN_S = 60.0
EVERY_S = 0.02

T = TypeVar("T")


def eventually(
    look: Callable[[], T],
    what: str = "the condition",
    *,
    accept: Callable[[T], object] = bool,
    within_s: float = WITHIN_S,
    every_s: float = EVERY_S,
) -> T:
    """Return what ``look`` returns, as soon as that is accepted (by default: truthy).

    Raises:
        AssertionError: the deadline passed; the text says ``what`` was expected and shows what
            ``look`` returned last.
    """
    deadline = time.monotonic() + within_s
    while not accept(found := look()):
        if time.monotonic() > deadline:
            raise _late(what, within_s, found)
        time.sleep(every_s)
    return found


async def eventually_async(
    look: Callable[[], T] | Callable[[], Awaitable[T]],
    what: str = "the condition",
    *,
    within_s: float = WITHIN_S,
    every_s: float = EVERY_S,
) -> T:
    """Do the same on an event loop; ``look`` can be a coroutine function.

    Raises:
        AssertionError: as ``eventually``.
    """
    deadline = time.monotonic() + within_s
    while True:
        result = look()
        found: T = await result if isinstance(result, Awaitable) else result
        if found:
            return found
        if time.monotonic() > deadline:
            raise _late(what, within_s, found)
        await asyncio.sleep(every_s)


def _late(what: str, within_s: float, found: object) -> AssertionError:
    return AssertionError(f"not within {within_s:g} s: {what}; last: {found!r:.2000}")
