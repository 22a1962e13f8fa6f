"""A WebSocket client that keeps every frame and can wait for one with a deadline."""

import itertools
import json
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

# On AWS a broadcast passes a stream and sometimes a queue.
DELIVERY_S = 25.0
ANSWER_S = 25.0
CLOSE_S = 15.0

Frame = dict[str, Any]
_numbers = itertools.count(1)


class NotReceived(AssertionError):
    """The frame did not come; the text lists those that did."""


class WsClient:
    """``with WsClient(url) as client:`` — one open socket.

    ``texts`` are the frames as they came, ``frames`` the same decoded. ``check`` is called with
    each JSON object, and raises if that is invalid.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Iterable[str] = (),
        tls: ssl.SSLContext | None = None,
        check: Callable[[Frame], None] = lambda _frame: None,
    ) -> None:
        self._check = check
        self.texts: list[str] = []
        self.frames: list[Frame] = []
        offered = [Subprotocol(name) for name in subprotocols]
        connection = connect(
            url,
            additional_headers=headers,
            subprotocols=offered or None,
            ssl=tls,
            compression=None,
            proxy=None,
            open_timeout=30,
            ping_interval=None,
            close_timeout=5,
            max_size=None,
            max_queue=None,
            legacy=True,
        )
        assert isinstance(connection, ClientConnection)
        self.connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.connection.close()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message as JSON."""
        self.send_text(json.dumps(message, ensure_ascii=False))

    def send_text(self, text: str) -> None:
        """Send one text frame."""
        self.connection.send(text)

    def send_fragments(self, parts: Iterable[str]) -> None:
        """Send one text message in several frames."""
        self.connection.send(parts)

    def send_binary(self, data: bytes) -> None:
        """Send one binary frame."""
        self.connection.send(data)

    def wait(self, wanted: Callable[[Frame], bool], timeout_s: float = DELIVERY_S) -> Frame:
        """Return the first frame, received already or later, that is ``wanted``.

        Raises:
            NotReceived: none came in time, or the socket was closed before.
        """
        for frame in self.frames:
            if wanted(frame):
                return frame
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                frame = self._next(left_s)
            except TimeoutError:
                break
            except ConnectionClosed as error:
                raise NotReceived(f"closed: {error}; received: {self.texts}") from error
            if wanted(frame):
                return frame
        raise NotReceived(f"nothing in {timeout_s} s; received: {self.texts}")

    def wait_text(self, text: str, timeout_s: float = DELIVERY_S) -> None:
        """Wait for a frame that is exactly ``text``.

        Raises:
            NotReceived: none came in time, or the socket was closed before.
        """
        if text not in self.texts:
            self.wait(lambda _frame: self.texts[-1] == text, timeout_s)

    def request(self, message: Mapping[str, Any], timeout_s: float = ANSWER_S) -> Frame:
        """Send a message under a ``requestId`` of its own and return the answer."""
        request_id = f"r-{next(_numbers)}"
        self.send({**message, "requestId": request_id})
        return self.wait(lambda frame: frame.get("requestId") == request_id, timeout_s)

    def answer(self, timeout_s: float = ANSWER_S) -> Frame:
        """Return the next error or pong that this method has not returned before."""
        known = len(self.frames)
        return self.wait(
            lambda frame: (
                frame.get("type") != "incident_update"
                and not any(frame is f for f in self.frames[:known])
            ),
            timeout_s,
        )

    def ping(self) -> Frame:
        """Send a ping and return the pong."""
        return self.request({"action": "ping"})

    def notify(self, incident: object, **more: Any) -> Frame:
        """Submit an incident and return the ack or the error."""
        return self.request({"action": "notify", "incident": incident, **more})

    def wait_update(self, incident_id: str, timeout_s: float = DELIVERY_S) -> Frame:
        """Wait for the ``incident_update`` of one incident and return it."""
        return self.wait(lambda frame: _is_update(frame, incident_id), timeout_s)

    def updates(self, incident_id: str) -> list[Frame]:
        """Return every ``incident_update`` of one incident received so far."""
        return [frame for frame in self.frames if _is_update(frame, incident_id)]

    def wait_closed(self, timeout_s: float = CLOSE_S) -> tuple[int, str]:
        """Wait for the end of the socket and return its close code and reason.

        Raises:
            NotReceived: it was not closed in time.
        """
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                self._next(left_s)
            except TimeoutError:
                break
            except ConnectionClosed as closed:
                if closed.rcvd is None:
                    return 1006, ""
                return closed.rcvd.code, closed.rcvd.reason
        raise NotReceived(f"not closed in {timeout_s} s; received: {self.texts}")

    def _next(self, timeout_s: float) -> Frame:
        data = self.connection.recv(timeout_s)
        assert isinstance(data, str), f"a binary frame: {data!r}"
        self.texts.append(data)
        try:
            frame = json.loads(data)
        except ValueError:
            frame = {}
        self.frames.append(frame if isinstance(frame, dict) else {})
        self._check(self.frames[-1])
        return self.frames[-1]


def _is_update(frame: Frame, incident_id: str) -> bool:
    return (
        frame.get("type") == "incident_update"
        and frame["incident"].get("incidentId") == incident_id
    )
