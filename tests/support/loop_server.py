"""Servers that run on an event loop in a thread of their own."""

import asyncio
import threading
from types import TracebackType
from typing import Self

DONE_S = 10.0
BACKLOG = 100


class LoopServer:
    """``with LoopServer() as server:`` — it listens on ``server.port`` of the loopback.

    A subclass implements ``_serve`` for each connection, or ``_listen`` for another protocol.
    """

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    def stop(self) -> None:
        """Stop listening and end the conversations; repeating is harmless."""
        server, self._server = self._server, None
        if server is not None:
            asyncio.run_coroutine_threadsafe(_stop(server), self._loop).result(DONE_S)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(DONE_S)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DONE_S)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=BACKLOG)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
