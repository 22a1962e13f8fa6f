"""A gate before a mail server, on a port of its own, which breaks conversations as told."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Literal, Self

Fault = Literal["none", "refuse", "hang", "garbage", "drip", "drop"]
END_OF_DATA = b"\r\n.\r\n"
BACKLOG = 100
CHUNK_BYTES = 64 * 1024


class MailGate:
    """``with MailGate(port) as gate:`` — ``gate.fault`` says what becomes of connections.

    ``refuse``: closed at once. ``hang``: nothing is ever said. ``garbage``: no SMTP. ``drip``:
    a greeting that never ends, a letter at a time. ``drop``: the server takes the message, but
    its answer never arrives. ``none``: all goes through.
    """

    def __init__(self, port: int) -> None:
        self.fault: Fault = "none"
        self.connections = 0
        self.port = 0
        self._behind = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
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
        self.connections += 1
        try:
            await self._break(self.fault, reader, writer)
        except OSError:
            pass  # the client has had enough
        finally:
            writer.transport.abort()

    async def _break(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault == "hang":
            await reader.read()
        elif fault == "garbage":
            writer.write(bytes(range(256)) * 64 + b"\r\n")
            await reader.read()
        elif fault == "drip":
            writer.write(b"220-")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)
        elif fault != "refuse":
            await self._relay(reader, writer, drop=fault == "drop")

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, drop: bool
    ) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        sent = bytearray()

        async def to_server(data: bytes) -> bool:
            sent.extend(data)
            behind_writer.write(data)
            await behind_writer.drain()
            return True

        async def to_client(data: bytes) -> bool:
            if drop and END_OF_DATA in sent:
                return False
            writer.write(data)
            await writer.drain()
            return True

        pumps = [
            asyncio.ensure_future(_pump(reader, to_server)),
            asyncio.ensure_future(_pump(behind_reader, to_client)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            behind_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, onward: Callable[[bytes], Awaitable[bool]]) -> None:
    while data := await reader.read(CHUNK_BYTES):
        if not await onward(data):
            return
