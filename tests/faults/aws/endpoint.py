"""An endpoint in front of the emulated AWS that fails some requests and forwards the rest."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.support.loopback import LoopbackServer, WholeRequestHandler

WAIT_S = 40.0
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that arrived; for ``@connections``, ``name`` is the connection's id."""

    method: str
    name: str
    body: str


# A status to answer with, ``None`` to forward, or one of these.
Answer = int | None
DROP = -1
HANG = -2
# Forward the request and lose the response.
LOSE = -3
Rule = Callable[[Request], Answer]


def forward(_request: Request) -> Answer:
    """Forward every request."""
    return None


class FaultyEndpoint(LoopbackServer):
    """``with FaultyEndpoint(port) as endpoint:`` — ``rule`` decides on each request.

    Signatures stay good: the ``Host`` that was signed goes along. A request that hangs gets no
    answer; its connection is closed when the rule changes.
    """

    def __init__(self, target_port: int) -> None:
        self.requests: list[Request] = []
        self._target_port = target_port
        self._rule: Rule = forward
        self._changed = threading.Condition()
        super().__init__(self._handler())

    def obey(self, rule: Rule) -> None:
        """Apply ``rule`` from now on."""
        with self._changed:
            self._rule = rule
            self._changed.notify_all()

    def heal(self) -> None:
        """Forward everything from now on."""
        self.obey(forward)

    def seen(self, wanted: Callable[[Request], bool]) -> list[Request]:
        """Return the requests so far that are ``wanted``."""
        with self._changed:
            return [request for request in self.requests if wanted(request)]

    def wait_for(self, count: int, wanted: Callable[[Request], bool]) -> None:
        """Wait until ``count`` requests that are ``wanted`` have arrived."""
        deadline = time.monotonic() + WAIT_S
        with self._changed:
            while sum(map(wanted, self.requests)) < count:
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"not in {WAIT_S} s; seen: {self.requests[-20:]}"
                self._changed.wait(left_s)

    def __exit__(self, *error: Any) -> None:
        self.heal()
        super().__exit__(*error)

    def _decide(self, request: Request) -> Answer:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            rule = self._rule
            answer = rule(request)
            if answer == HANG:
                self._changed.wait_for(lambda: self._rule is not rule, WAIT_S)
                return DROP
            return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(WholeRequestHandler):
            def reply(self, body: bytes) -> None:
                name = unquote(self.path.rpartition("/")[2])
                answer = endpoint._decide(Request(self.command, name, body.decode()))
                if answer == LOSE:
                    self._forwarded(body)
                if answer in (DROP, LOSE):
                    self.drop()
                elif answer is None:
                    with contextlib.suppress(ConnectionError):
                        self.send(*self._forwarded(body))
                else:
                    self.send(answer)

            def _forwarded(self, body: bytes) -> tuple[int, bytes]:
                port = endpoint._target_port
                target = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
                with contextlib.closing(target):
                    target.request(self.command, self.path, body, headers)
                    response = target.getresponse()
                    return response.status, response.read()

        return Handler
