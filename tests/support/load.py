"""Thousands of WebSocket clients in one event loop, whose reading a test can stop."""

import asyncio
import itertools
import json
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Self, TypeVar, cast

import uvloop

ANSWER_S = 25.0
OPEN_S = 30.0
CLOSE = 0x88
MASKED = 0x80

Frame = dict[str, Any]
T = TypeVar("T")
_HANDSHAKE = (
    b"GET /dev HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_numbers = itertools.count(1)
_open: "set[LoadClient]" = set()


class Lost(Exception):
    """The connection ended before the answer came."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in a loop of its own and drop what it leaves open."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_and_drop(main))


async def _and_drop(main: Coroutine[Any, Any, T]) -> T:
    try:
        return await main
    finally:
        for client in list(_open):
            client.drop()
        await asyncio.gather(*(client.ended.wait() for client in list(_open)))


def client_frame(payload: bytes) -> bytes:
    """Return a text frame of a client; a mask of zeros leaves the payload unchanged."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, MASKED | length)) + bytes(4) + payload
    return bytes((0x81, MASKED | 126)) + length.to_bytes(2) + bytes(4) + payload


class LoadClient(asyncio.Protocol):
    """One open socket; ``received`` gets each text frame's payload.

    ``ended`` is set when the connection is over; ``close_code`` is the server's, if it sent one.
    """

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.close_code: int | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upgraded = False

    async def open(self, port: int, *, receive_buffer_bytes: int | None = None) -> Self:
        """Connect and shake hands; a small ``receive_buffer_bytes`` makes a stall show sooner.

        Raises:
            Lost: the server refused, or went away meanwhile.
        """
        raw = socket.socket()
        raw.setblocking(False)
        if receive_buffer_bytes is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(OPEN_S):
                await loop.sock_connect(raw, ("127.0.0.1", port))
                await loop.create_connection(lambda: self, sock=raw)
                await self._opened
        except OSError as error:
            raw.close()
            raise Lost("no connection") from error
        return self

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message as JSON."""
        self._writer().write(client_frame(json.dumps(message, ensure_ascii=False).encode()))

    def stop_reading(self) -> None:
        """Leave arriving data in the socket."""
        self._writer().pause_reading()

    def read_on(self) -> None:
        """Read again."""
        self._writer().resume_reading()

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        raw = self._writer().get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer().abort()

    def end(self) -> None:
        """Send what has been written, and close without a close frame."""
        self._writer().close()

    def drop(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def received(self, payload: bytes) -> None:
        """Handle one text frame."""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is no subclass.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_HANDSHAKE)
        _open.add(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded and not self._upgrade():
            return
        at = 0
        while (frame := self._whole_frame(at)) is not None:
            start, end = frame
            self._take(self._buffer[at], bytes(self._buffer[start:end]))
            at = end
        del self._buffer[:at]

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(Lost("ended in the handshake"))
        self.ended.set()
        _open.discard(self)

    def _writer(self) -> asyncio.Transport:
        if self._transport is None or self._transport.is_closing():
            raise Lost("not open")
        return self._transport

    def _upgrade(self) -> bool:
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not end:
            return False
        self._buffer = bytearray(rest)
        if not head.startswith(b"HTTP/1.1 101"):
            self._opened.set_exception(Lost(head.split(b"\r\n")[0].decode()))
            self.drop()
            return False
        self._upgraded = True
        if not self._opened.done():
            self._opened.set_result(None)
        return True

    def _whole_frame(self, at: int) -> tuple[int, int] | None:
        """Return where the payload of the frame at ``at`` starts and ends, once it is complete."""
        buffer, left = self._buffer, len(self._buffer) - at
        if left < 2:
            return None
        length, head = buffer[at + 1], 2
        if length >= 126:
            head = 4 if length == 126 else 10
            if left < head:
                return None
            length = int.from_bytes(buffer[at + 2 : at + head])
        return (at + head, at + head + length) if left >= head + length else None

    def _take(self, first: int, payload: bytes) -> None:
        if first == CLOSE:
            self.close_code = int.from_bytes(payload[:2]) if payload else 1005
            self._writer().close()
        else:
            self.received(payload)


class Counter(LoadClient):
    """A client that keeps only the ``seq`` of every broadcast."""

    def __init__(self) -> None:
        super().__init__()
        self.seqs: list[int] = []
        self._awaited: tuple[int, asyncio.Future[None]] | None = None

    def received(self, payload: bytes) -> None:
        # Its position is the last thing in the frame: …,"position":"EPOCH:SEQ"}
        self.seqs.append(int(payload[payload.rindex(b":") + 1 : -2]))
        if self._awaited is not None and len(self.seqs) >= self._awaited[0]:
            self._awaited[1].set_result(None)
            self._awaited = None

    async def wait_for(self, count: int) -> None:
        """Wait until ``count`` have arrived in all."""
        if len(self.seqs) < count:
            self._awaited = (count, asyncio.get_running_loop().create_future())
            await self._awaited[1]


class Talker(LoadClient):
    """A client that sends requests and awaits their answers; other frames go to ``on_frame``."""

    def __init__(self, on_frame: Callable[[Frame], None] = lambda _frame: None) -> None:
        super().__init__()
        self._on_frame = on_frame
        self._answers: dict[str, asyncio.Future[Frame]] = {}

    async def request(self, message: Mapping[str, Any], timeout_s: float = ANSWER_S) -> Frame:
        """Send a message under a ``requestId`` of its own and return the answer.

        Raises:
            Lost: the connection ended first.
            TimeoutError: no answer came.
        """
        request_id = f"r{next(_numbers)}"
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[request_id] = answer
        self.send({**message, "requestId": request_id})
        async with asyncio.timeout(timeout_s):
            return await answer

    def received(self, payload: bytes) -> None:
        frame: Frame = json.loads(payload)
        answer = self._answers.pop(frame.get("requestId", ""), None)
        if answer is not None and not answer.done():
            answer.set_result(frame)
        elif answer is None:
            self._on_frame(frame)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Lost("ended before the answer"))
        self._answers.clear()
