"""A response that leaves in pieces, each when its client has taken the one before."""

import asyncio
from collections import deque

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from alerta_utec.gateway.http_backlog import HttpBacklog

# Larger responses are written in pieces of this size.
PIECE_BYTES = 64 * 1024


class LargeResponse(web.Response):
    """A response whose memory is freed as its client takes it.

    The transport holds one piece only: a TLS transport would hide the rest of a single write in
    the transport below it.
    """

    def __init__(
        self, backlog: HttpBacklog, transport: asyncio.WriteTransport, response: web.Response
    ) -> None:
        super().__init__(status=response.status, body=response.body, headers=response.headers)
        response.body = None
        self._backlog = backlog
        self._transport = transport
        backlog.set_unsent(transport, len(self.body) if isinstance(self.body, bytes) else 0)

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body, and wait until the client has taken all but the last piece."""
        writer, body = self._payload_writer, self._body
        try:
            if writer is not None and isinstance(body, bytes) and not self._must_be_empty_body:
                pieces = deque(
                    body[start : start + PIECE_BYTES] for start in range(0, len(body), PIECE_BYTES)
                )
                self._body = body = None
                await self._write_pieces(writer, pieces)
        finally:
            self._backlog.set_unsent(self._transport, 0)
        await super().write_eof(data)

    async def _write_pieces(self, writer: AbstractStreamWriter, pieces: deque[bytes]) -> None:
        left_bytes = sum(map(len, pieces))
        while pieces:
            piece = pieces.popleft()
            left_bytes -= len(piece)
            self._backlog.set_unsent(self._transport, left_bytes)
            await writer.write(piece)
            await writer.drain()
