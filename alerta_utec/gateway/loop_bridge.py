"""Calls from any thread into the gateway's event loop."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import TypeVar

from alerta_utec.domain.errors import Unavailable

CALL_TIMEOUT_S = 10.0
T = TypeVar("T")


class LoopBridge:
    """The event loop as other threads see it: they run a function in it and wait for the result.

    Sockets are touched only in the event loop. A call crosses into it once, however many
    recipients it has; a call from the loop's own thread runs at once.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Accept calls from now on; to be called in the thread of ``loop``."""
        self._loop = loop
        self._thread = threading.get_ident()

    def detach(self) -> None:
        """Refuse calls from now on."""
        self._loop = None

    def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the event loop's thread, and return its result or raise its error.

        Raises:
            Unavailable: the gateway does not run, or the loop has been blocked for 10 s.
        """
        loop = self._loop
        if loop is None:
            raise Unavailable("the gateway does not run")
        if threading.get_ident() == self._thread:
            return work()
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run_in_loop() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

        try:
            loop.call_soon_threadsafe(run_in_loop)
            return future.result(CALL_TIMEOUT_S)
        except (RuntimeError, TimeoutError) as error:
            future.cancel()
            raise Unavailable("the event loop does not answer") from error
