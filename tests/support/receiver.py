"""A receiver of webhooks on loopback, like one that a user would write."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook

from tests.support.loopback import LoopbackServer, QuietHandler

# On a busy machine a Lambda takes seconds to start.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Received:
    """One POST; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def event(self, *secrets: str) -> dict[str, Any]:
        """Return the event, after checking its signature by each of ``secrets`` and its format.

        Raises:
            WebhookVerificationError, cloudevents' errors.
        """
        for secret in secrets:
            Webhook(secret).verify(self.body, dict(self.headers))
        # The body is a CloudEvent in structured mode whatever the webhook's content type is.
        headers = {**self.headers, "content-type": "application/cloudevents+json"}
        event = from_http_event(HTTPMessage(headers, self.body))
        assert event.get_specversion() == "1.0"
        assert event.get_id() == self.headers["webhook-id"]
        attributes: dict[str, Any] = dict(event.get_attributes())
        return attributes | {"data": event.get_data()}


class Receiver(LoopbackServer):
    """``with Receiver() as receiver:`` answers the next posts with ``answers``, then with 204."""

    def __init__(self, answers: Iterable[int] = ()) -> None:
        self.answers = list(answers)
        self.received: list[Received] = []
        self._news = threading.Condition()
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        """Return the receiver's URL."""
        return f"{super().url}/alertas"

    def wait(
        self, wanted: Callable[[Received], bool] = lambda _one: True, *, count: int = 1
    ) -> list[Received]:
        """Wait for ``count`` posts that are ``wanted`` and return them."""
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

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender broke off
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._take(Received(self.path, headers, body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

        return Handler


def about(incident_id: str) -> Callable[[Received], bool]:
    """Return a predicate: whether a post is about this incident."""
    return lambda received: incident_id.encode() in received.body
