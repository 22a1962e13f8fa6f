"""Futures that are given up when they take too long."""

import asyncio
from collections import deque
from typing import Any


class Deadlines:
    """Gives up futures after the same time each, with one timer for all of them.

    ``asyncio.timeout`` starts a timer and ends it for each, which for thousands a second costs
    more than the work that they wait for.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timed = False

    def watch(self, future: "asyncio.Future[Any]") -> None:
        """Let it fail with ``TimeoutError`` unless it is done in time."""
        self._drop_done()
        loop = future.get_loop()
        self._watched.append((loop.time() + self._after_s, future))
        if not self._timed:
            self._timed = True
            loop.call_at(self._watched[0][0], self._give_up, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._drop_done()
        while self._watched and self._watched[0][0] <= loop.time():
            self._watched.popleft()[1].set_exception(TimeoutError())
            self._drop_done()
        self._timed = bool(self._watched)
        if self._timed:
            loop.call_at(self._watched[0][0], self._give_up, loop)

    def _drop_done(self) -> None:
        while self._watched and self._watched[0][1].done():
            self._watched.popleft()
