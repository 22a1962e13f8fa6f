"""A small API Gateway: a loopback HTTP server with chosen answers of ``@connections``."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

from alerta_utec.adapters.aws.connections_api.sigv4 import Credentials
from tests.support.loopback import LoopbackServer, WholeRequestHandler
from tests.unit.adapters.aws.connections_api.signatures import signed_by_botocore

CREDENTIALS = Credentials("test", "test")
REGION = "us-east-1"
STAGE = "dev"
PREFIX = f"/{STAGE}/@connections/"
DROP = -1
Answer = int | Callable[[], int]


class ConnectionsApi(LoopbackServer):
    """A server that gives each connection's requests its answers in turn, the last one for ever.

    An answer is a status, ``DROP`` (close without a response), or a function that may wait. The
    default is 200 for POST and 410 for GET; an unsigned request or another stage gets 403.
    """

    def __init__(self) -> None:
        self.frames: defaultdict[str, list[str]] = defaultdict(list)
        self.requests: Counter[tuple[str, str]] = Counter()
        self.busiest = 0
        self._busy = 0
        self._answers: dict[tuple[str, str], deque[Answer]] = {}
        self._changed = threading.Condition()
        super().__init__(self._handler(), wait=True)

    @property
    def url(self) -> str:
        """Return the management endpoint."""
        return f"{super().url}/{STAGE}"

    def tell(self, method: str, connection_id: str, *answers: Answer) -> None:
        """Set the answers to the connection's next requests."""
        self._answers[method, connection_id] = deque(answers)

    def wait_until(self, done: Callable[[], bool]) -> bool:
        """Tell whether ``done`` becomes true within ten seconds of deliveries."""
        with self._changed:
            return self._changed.wait_for(done, timeout=10)

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

        class Handler(WholeRequestHandler):
            def reply(self, body: bytes) -> None:
                status = 403
                if self.path.startswith(PREFIX) and self._is_signed(body):
                    name = unquote(self.path.removeprefix(PREFIX))
                    status = api._answer(self.command, name, body)
                if status == DROP:
                    self.drop()
                else:
                    self.send(status, b"" if status == 204 else b"{}")

            def _is_signed(self, body: bytes) -> bool:
                url = f"http://{self.headers['Host']}{self.path}"
                date = self.headers["X-Amz-Date"]
                signed = signed_by_botocore(url, self.command, body, CREDENTIALS, REGION, date)
                return bool(self.headers["Authorization"] == signed)

        return Handler
