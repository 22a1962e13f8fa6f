"""A receiver of webhooks on loopback, as whoever is told would write one."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook

# On a busy machine a Lambda that begins takes seconds.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Received:
    """One POST; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def event(self, *secrets: str) -> dict[str, Any]:
        """The event, which must be signed by each of ``secrets`` and a CloudEvents 1.0 one.

        Raises:
            WebhookVerificationError, cloudevents' errors.
        """
        for secret in secrets:
            Webhook(secret).verify(self.body, dict(self.headers))
        event = from_http_event(HTTPMessage(dict(self.headers), self.body))
        assert event.get_specversion() == "1.0"
        assert event.get_id() == self.headers["webhook-id"]
        attributes: dict[str, Any] = dict(event.get_attributes())
        return attributes | {"data": event.get_data()}


@dataclass
class Receiver:
    """``with Receiver() as receiver:`` — answers the next posts with ``answers``, then 204."""

    answers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.received: list[Received] = []
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/alertas"

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
        self._server.server_close()
        self._thread.join()

    def wait(
        self, wanted: Callable[[Received], bool] = lambda _one: True, *, count: int = 1
    ) -> list[Received]:
        """The first ``count`` posts that are ``wanted``, once they are there."""
        deadline = time.monotonic() + PATIENCE_S
        with self._news:
            while True:
                found = [one for one in self.received if wanted(one)]
                if len(found) >= count:
                    return found[:count]
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"{len(found)} of {count}: {self.received}"
                self._news.wait(left_s)

    def _take(self, received: Received) -> int:
        with self._news:
            self.received.append(received)
            self._news.notify_all()
            return self.answers.pop(0) if self.answers else 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._take(Received(self.path, headers, body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler


def about(incident_id: str) -> Callable[[Received], bool]:
    """Whether a post is about an incident."""
    return lambda received: incident_id.encode() in received.body
