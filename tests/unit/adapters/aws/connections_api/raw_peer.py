"""A peer that answers with given bytes, connection by connection."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class RawPeer:
    """A peer with a list of answers per connection: ``with RawPeer([answer, …], …) as peer:``.

    Each answer follows one request. After its last, a connection is closed; the answer ``None``
    waits for the other side to close it. ``requests`` has the received bytes, by connection.
    """

    def __init__(self, *scripts: Sequence[bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[list[bytes]] = []
        self._scripts, self._tls = scripts, tls
        self._changed = threading.Condition()
        self._closed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self._thread = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        """The address of the peer."""
        port: int = self._listener.getsockname()[1]
        return port

    def wait_closed(self, count: int) -> None:
        """Wait until this many connections have ended."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._closed >= count, timeout=10)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            with accepted, contextlib.suppress(OSError):
                accepted.settimeout(10)
                self._converse(accepted, script)
            with self._changed:
                self._closed += 1
                self._changed.notify_all()

    def _converse(self, accepted: socket.socket, script: Sequence[bytes | None]) -> None:
        requests: list[bytes] = []
        self.requests.append(requests)
        if self._tls is not None:
            accepted = self._tls.wrap_socket(accepted, server_side=True)
        with accepted:
            for answer in script:
                requests.append(_request(accepted))
                if answer is None:
                    accepted.recv(1)
                    return
                accepted.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    """Read one whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
