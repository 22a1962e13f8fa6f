"""A TCP socket that speaks HTTP and WebSocket by hand, also wrongly."""

import base64
import os
import socket
import struct
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x2, 0x8, 0x9, 0xA, 0x0
FIN = 0x80
WAIT_S = 15.0


class RawSocket:
    """``with RawSocket(port) as raw:`` — one TCP connection to loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def end(self) -> None:
        """End the sending half and keep reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def handshake(self, path: str = "/dev", **headers: str) -> int:
        """Send a WebSocket handshake and return the status of the answer."""
        self.send(handshake(path, **headers))
        return self.status()

    def status(self) -> int:
        """Read the head of the HTTP answer and return its status; 0 without an answer."""
        head = self._until(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0

    def send_frame(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        rsv: int = 0,
        mask: bool = True,
    ) -> None:
        """Send one WebSocket frame."""
        self.send(frame(opcode, payload, fin=fin, rsv=rsv, mask=mask))

    def read_frame(self) -> tuple[int, bytes]:
        """Read the next frame and return its opcode and payload.

        Raises:
            EOFError: the connection ended.
            TimeoutError: none came in time.
        """
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self._exactly(2))
        elif length == 127:
            length = int.from_bytes(self._exactly(8))
        assert not second & 0x80, "servers do not mask"
        return first & 0x0F, self._exactly(length)

    def read_close(self) -> int:
        """Skip to the close frame and return its code; 1006 if there is none."""
        while True:
            try:
                opcode, payload = self.read_frame()
            except (EOFError, ConnectionError):
                return 1006
            if opcode == CLOSE:
                return int.from_bytes(payload[:2]) if payload else 1005

    def is_ended(self, within_s: float = WAIT_S) -> bool:
        """Return whether the peer ends the connection in time; drop what it sends before."""
        deadline = time.monotonic() + within_s
        while (left_s := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            try:
                if not self._socket.recv(65536):
                    return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True
        return False

    def take_in(self) -> None:
        """Read everything that has arrived into the buffer."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while data := self._socket.recv(1 << 20):
                self._buffer += data
        self._socket.settimeout(WAIT_S)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            try:
                data = self._socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                break
            self._buffer += data
        head, _, rest = bytes(self._buffer).partition(mark)
        self._buffer = bytearray(rest)
        return head

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self._socket.recv(65536)
            if not data:
                raise EOFError
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def handshake(path: str = "/dev", **changed: str) -> bytes:
    """Return a handshake request; ``changed`` replaces headers, by name with ``_`` for ``-``.

    An empty value leaves the header out.
    """
    headers = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True
) -> bytes:
    """Return one WebSocket frame from a client (RFC 6455, section 5.2)."""
    first = (FIN if fin else 0) | rsv << 4 | opcode
    masked = 0x80 if mask else 0
    if len(payload) < 126:
        head = bytes((first, masked | len(payload)))
    elif len(payload) < 1 << 16:
        head = bytes((first, masked | 126)) + len(payload).to_bytes(2)
    else:
        head = bytes((first, masked | 127)) + len(payload).to_bytes(8)
    if not mask:
        return head + payload
    key = os.urandom(4)
    stream = key * (len(payload) // 4 + 1)
    return head + key + bytes(a ^ b for a, b in zip(payload, stream, strict=False))
