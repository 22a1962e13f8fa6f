"""A relay to a mail server, on a port of its own, that can break conversations."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from tests.support.loop_server import LoopServer

Fault = Literal["none", "refuse", "hang", "garbage", "drip", "drop"]
END_OF_DATA = b"\r\n.\r\n"
CHUNK_BYTES = 64 * 1024


class MailGate(LoopServer):
    """``with MailGate(port) as gate:`` — ``gate.fault`` selects the fault.

    ``refuse``: closed at once. ``hang``: no byte is ever sent. ``garbage``: no SMTP. ``drip``:
    a greeting that never ends, a letter at a time. ``drop``: the server takes the message, but
    its answer never arrives. ``none``: everything passes.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.fault: Fault = "none"
        self.connections = 0
        self._behind = port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._break(self.fault, reader, writer)
        except OSError:
            pass  # the client gave up
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
