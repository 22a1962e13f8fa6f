"""HTTP servers of the tests' own, on loopback."""

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


class WholeRequestHandler(QuietHandler):
    """A handler for every method that reads the whole request and then calls ``reply``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.reply(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_POST = do_DELETE = do_GET

    def reply(self, body: bytes) -> None:
        """Answer with ``send`` or ``drop``."""
        raise NotImplementedError

    def send(self, status: int, body: bytes = b"") -> None:
        """Send an answer; a client that has left does not matter."""
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def drop(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True


class LoopbackServer:
    """``with LoopbackServer(Handler) as server:`` — answers in a thread for each connection.

    At the end it closes every connection, so that no client keeps waiting. ``tls``: it
    serves HTTPS. ``wait``: it lets the handlers end.
    """

    def __init__(
        self,
        handler: type[BaseHTTPRequestHandler],
        *,
        tls: ssl.SSLContext | None = None,
        wait: bool = False,
    ) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.daemon_threads = not wait
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Return the URL without a path."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    # Each thread of a poster can connect at once; the default backlog is five.
    request_queue_size = 256

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._taken: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self._taken.append(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """Close every connection."""
        for taken in self._taken:
            with contextlib.suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)
