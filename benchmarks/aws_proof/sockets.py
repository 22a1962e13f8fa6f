"""Many open sockets in one process, and when each of them received an incident."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

# Of the 500 new connections a second that API Gateway allows an account.
OPENED_PER_S = 100
HANDSHAKES_AT_ONCE = 50
OPEN_S = 60.0


class Sockets:
    """``async with Sockets(url, count) as sockets:`` open clients that listen.

    ``received_s``: by incident, the times (``perf_counter``) at which clients received it, by
    client. ``lost``: clients whose socket ended.
    """

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self._connections: list[ClientConnection] = []
        self._listening: list[asyncio.Task[None]] = []
        self._arrived = asyncio.Condition()
        self.received_s: defaultdict[str, dict[int, float]] = defaultdict(dict)
        self.lost: set[int] = set()

    async def __aenter__(self) -> Self:
        limit = asyncio.Semaphore(HANDSHAKES_AT_ONCE)

        async def open_one(number: int) -> ClientConnection:
            await asyncio.sleep(number / OPENED_PER_S)
            async with limit:
                return await connect(self._url, open_timeout=OPEN_S, ping_interval=None)

        opening = [asyncio.ensure_future(open_one(number)) for number in range(self._count)]
        self._connections = list(await asyncio.gather(*opening))
        self._listening = [
            asyncio.ensure_future(self._listen(number, connection))
            for number, connection in enumerate(self._connections)
        ]
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        closing = (connection.close() for connection in self._connections)
        await asyncio.gather(*closing, return_exceptions=True)

    def __len__(self) -> int:
        return self._count

    async def wait_for_all(self, incident_id: str, timeout_s: float) -> int:
        """Wait until every client whose socket is open has the incident.

        Returns:
            How many have it, also after ``timeout_s``.
        """

        def all_have_it() -> bool:
            return len(self.received_s[incident_id]) >= self._count - len(self.lost)

        try:
            async with asyncio.timeout(timeout_s), self._arrived:
                await self._arrived.wait_for(all_have_it)
        except TimeoutError:
            pass
        return len(self.received_s[incident_id])

    async def _listen(self, number: int, connection: ClientConnection) -> None:
        try:
            async for text in connection:
                at_s, incident = time.perf_counter(), _incident(text)
                if incident is not None:
                    self.received_s[incident].setdefault(number, at_s)
                    await self._notify()
        finally:
            self.lost.add(number)
            await self._notify()

    async def _notify(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()


@asynccontextmanager
async def reporter(url: str) -> "AsyncIterator[Reporter]":
    """Yield a client that reports incidents."""
    async with connect(url, open_timeout=OPEN_S, ping_interval=None) as connection:
        yield Reporter(connection)


class Reporter:
    """A client that reports, one incident after the other."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._requests = 0

    async def report(self, **fields: str) -> tuple[str, float]:
        """Report a drill; return its id and how long its ack took, in seconds."""
        self._requests += 1
        request = f"proof-{self._requests}"
        incident = {"type": "simulacro", "location": "Prueba", "urgency": "low", **fields}
        message = {"action": "notify", "requestId": request, "incident": incident}
        began_s = time.perf_counter()
        await self._connection.send(json.dumps(message))
        while True:
            frame = json.loads(await asyncio.wait_for(self._connection.recv(), 30))
            if frame.get("requestId") != request:
                continue
            if frame["type"] == "error":
                raise RuntimeError(frame["message"])
            return frame["incidentId"], time.perf_counter() - began_s


def _incident(text: str | bytes) -> str | None:
    """Return the id of the incident in a frame; ``None`` if the frame has none."""
    frame: dict[str, Any] = json.loads(text)
    incident = frame.get("incident")
    return incident.get("incidentId") if isinstance(incident, dict) else None
