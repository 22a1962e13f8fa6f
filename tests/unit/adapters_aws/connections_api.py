"""A small API Gateway: a loopback HTTP server that answers ``@connections`` as it is told."""

import contextlib
import socket
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from alerta_utec.adapters.aws.sigv4 import Credentials
from tests.unit.adapters_aws.signatures import signed_by_botocore

CREDENTIALS = Credentials("test", "test")
REGION = "us-east-1"
STAGE = "dev"
PREFIX = f"/{STAGE}/@connections/"
DROP = -1
Answer = int | Callable[[], int]


class _Server(ThreadingHTTPServer):
    # As many may knock at once as a poster has threads; the usual queue is for five.
    request_queue_size = 256


class ConnectionsApi:
    """Answers each request of a connection with the next of its answers, the last for ever.

    An answer is a status, ``DROP`` (close without a word), or a function that may wait.
    POST is 200 unless told, GET is 410; what is not signed, or for another stage, is 403.
    """

    def __init__(self) -> None:
        self.frames: defaultdict[str, list[str]] = defaultdict(list)
        self.requests: Counter[tuple[str, str]] = Counter()
        self.busiest = 0
        self._busy = 0
        self._answers: dict[tuple[str, str], deque[Answer]] = {}
        self._changed = threading.Condition()
        self._sockets: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The management endpoint."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{STAGE}"

    def tell(self, method: str, connection_id: str, *answers: Answer) -> None:
        """Answer the connection's next requests like this."""
        self._answers[method, connection_id] = deque(answers)

    def wait_until(self, done: Callable[[], bool]) -> bool:
        """Whether ``done`` became true within ten seconds of deliveries."""
        with self._changed:
            return self._changed.wait_for(done, timeout=10)

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
        for kept in self._sockets:
            with contextlib.suppress(OSError):
                kept.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def _answer(self, method: str, connection_id: str, body: bytes) -> int:
        with self._changed:
            self.requests[method, connection_id] += 1
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            told = self._answers.get((method, connection_id))
            answer: Answer = 200 if method == "POST" else 410
            if told:
                answer = told[0] if len(told) == 1 else told.popleft()
        status = answer if isinstance(answer, int) else answer()
        with self._changed:
            self._busy -= 1
            if method == "POST" and status == 200:
                self.frames[connection_id].append(body.decode())
            self._changed.notify_all()
        return status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                api._sockets.append(self.connection)

            def do_POST(self) -> None:
                self._reply()

            def do_GET(self) -> None:
                self._reply()

            def do_DELETE(self) -> None:
                self._reply()

            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = 403
                if self.path.startswith(PREFIX) and self._is_signed(body):
                    name = unquote(self.path.removeprefix(PREFIX))
                    status = api._answer(self.command, name, body)
                if status == DROP:
                    self.close_connection = True
                    return
                # Whoever waited too long for it has left.
                with contextlib.suppress(ConnectionError):
                    self.send_response(status)
                    body = b"" if status == 204 else b"{}"
                    if body:
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def _is_signed(self, body: bytes) -> bool:
                url = f"http://{self.headers['Host']}{self.path}"
                date = self.headers["X-Amz-Date"]
                signed = signed_by_botocore(url, self.command, body, CREDENTIALS, REGION, date)
                return bool(self.headers["Authorization"] == signed)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler
