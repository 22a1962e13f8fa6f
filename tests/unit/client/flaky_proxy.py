"""An HTTP proxy that loses or answers requests by a script."""

import http.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.support.loopback import LoopbackServer, QuietHandler

Hook = Callable[[], None]


@dataclass(frozen=True)
class ProxyResponse:
    """A response from the proxy itself; the request does not reach the server."""

    status: int
    body: bytes = b""
    content_type: str = "application/problem+json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LostResponse:
    """A lost response; the request reaches the server if ``arrives``.

    ``then`` is called before the connection closes.
    """

    arrives: bool = True
    then: Hook = lambda: None


PASS = None
Step = ProxyResponse | LostResponse | None


def problem(code: str, status: int, **headers: str) -> ProxyResponse:
    """Return a refusal by the service, as problem details."""
    body = f'{{"type":"about:blank","title":"no","status":{status},"code":"{code}"}}'
    return ProxyResponse(status, body.encode(), headers=headers)


class FlakyProxy(LoopbackServer):
    """``with FlakyProxy(server.http_url, script) as flaky:``; later requests pass.

    ``seen``: method, path and headers of each request.
    """

    def __init__(self, target: str, script: Sequence[Step] = ()) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self._target = urlsplit(target)
        self._script = list(script)
        super().__init__(self._handler())

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> ProxyResponse:
        server = http.client.HTTPConnection(str(self._target.hostname), self._target.port or 80)
        try:
            server.request(request.command, request.path, body, dict(request.headers.items()))
            answer = server.getresponse()
            return ProxyResponse(answer.status, answer.read(), answer.headers["Content-Type"])
        finally:
            server.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        flaky = self

        class Handler(QuietHandler):
            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                flaky.seen.append((self.command, self.path, dict(self.headers.items())))
                step = flaky._script.pop(0) if flaky._script else PASS
                if isinstance(step, LostResponse):
                    if step.arrives:
                        flaky._forward(self, body)
                    step.then()
                    self.close_connection = True
                    return
                answer = step or flaky._forward(self, body)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PATCH = do_DELETE = _handle

        return Handler
