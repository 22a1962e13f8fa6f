"""A relay to a server, on a port of its own, that can go silent like a lost network."""

import asyncio

from tests.support.loop_server import LoopServer

CHUNK_BYTES = 64 * 1024


class Cable(LoopServer):
    """``with Cable(port) as cable:`` — what goes to ``cable.port`` comes out at ``port``."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._behind = port
        self._lost: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def lose(self) -> None:
        """Stop forwarding on the current connections for good; neither end gets a close."""
        self._lost = set(self._writers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._behind)
            ends.add(there)
            self._writers |= ends
            await asyncio.gather(self._pass(reader, there), self._pass(there_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the server is not there, or the relay ends
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
