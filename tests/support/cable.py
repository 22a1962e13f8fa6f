"""A cable to a server, on a port of its own, that can go silent as a lost network does."""

import asyncio
import threading
from types import TracebackType
from typing import Self

CHUNK_BYTES = 64 * 1024
BACKLOG = 100
DONE_S = 10.0


class Cable:
    """``with Cable(port) as cable:`` — what goes to ``cable.port`` comes out at ``port``."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._behind = port
        self._lost: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    def lose(self) -> None:
        """Pass on nothing of the connections that there are, for ever; neither end is told."""
        self._lost = set(self._writers)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(DONE_S)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(DONE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DONE_S)
        self._loop.close()

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=BACKLOG)

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._behind)
            ends.add(there)
            self._writers |= ends
            await asyncio.gather(self._pass(reader, there), self._pass(there_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the server is not there, or the cable is taken away
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK_BYTES):
                if writer not in self._lost:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        if writer not in self._lost:
            writer.close()
