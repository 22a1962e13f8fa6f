"""One timer for the time limits of many futures.

``core.py`` sets these limits on the handlers that it submits to the cooperative executor
(``executor.py``) for ``session.py``: handlers that wait for ``adapters/sqlite/group_commit.py``.
"""

import asyncio
from collections import deque
from typing import Any


class Deadlines:
    """A queue of futures that fail with ``TimeoutError`` when their common time limit passes.

    ``asyncio.timeout`` starts and cancels one timer for each future. At thousands of messages a
    second that costs more than the work that the futures wait for.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        # Oldest first: all have the same limit, so the first is due first.
        self._watched: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer_runs = False

    def watch(self, future: "asyncio.Future[Any]") -> None:
        """Make the future fail with ``TimeoutError`` unless it is done in time."""
        self._drop_done()
        loop = future.get_loop()
        self._watched.append((loop.time() + self._after_s, future))
        if not self._timer_runs:
            self._timer_runs = True
            loop.call_at(self._watched[0][0], self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._drop_done()
        while self._watched and self._watched[0][0] <= loop.time():
            self._watched.popleft()[1].set_exception(TimeoutError())
            self._drop_done()
        self._timer_runs = bool(self._watched)
        if self._timer_runs:
            loop.call_at(self._watched[0][0], self._expire, loop)

    def _drop_done(self) -> None:
        while self._watched and self._watched[0][1].done():
            self._watched.popleft()
