"""The asyncio client that follows the feed, without lost or duplicate updates."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from alerta_utec.client.actions import Timing
from alerta_utec.client.connection import TIMEOUT_S
from alerta_utec.client.errors import Disconnected
from alerta_utec.client.events import Event, Reset, Status, Update
from alerta_utec.client.feed import Feed
from alerta_utec.client.machine import Machine
from alerta_utec.client.outbox import Outbox
from alerta_utec.client.runner import Runner
from alerta_utec.client.sign_in import Token
from alerta_utec.client.submit import send_until_acked
from alerta_utec.domain.change import Position
from alerta_utec.domain.filters import FIELDS

EVENTS_MAX = 1000
FILTER_FIELDS = frozenset(FIELDS)
NOTIFY_S = 30.0


class Client:
    """``async with Client(url) as client: async for event in client: …``

    The client yields each revision of an incident at most once and in order; of several missed
    revisions, it yields the latest alone. It starts with the changes since ``position``; without
    a position, with a snapshot of the open incidents, or, if ``from_now``, with new changes only.

    ``token`` signs in; pass a function if the program outlives a token. Up to ``events_max``
    events wait for a slow reader. Further updates are dropped, and their latest state is fetched
    once the reader has taken half of the queue.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token = None,
        position: Position | None = None,
        from_now: bool = False,
        timing: Timing | None = None,
        timeout_s: float = TIMEOUT_S,
        events_max: int = EVENTS_MAX,
    ) -> None:
        filtered = not FILTER_FIELDS.isdisjoint(parse_qs(urlsplit(url).query))
        machine = Machine(Feed(position), timing or Timing(), from_now, filtered)
        self._outbox = Outbox(position, events_max)
        self._runner = Runner(url, token, machine, self._outbox, timeout_s)

    @property
    def position(self) -> Position | None:
        """The position up to which everything has been yielded: store it, to resume from it.

        ``None`` until a snapshot has been yielded completely.
        """
        return self._outbox.position

    async def __aenter__(self) -> Self:
        self._runner.start()
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; a loop over the events ends."""
        await self._runner.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event, and return it.

        Raises:
            ClientError: a failure that is not retryable.
        """
        runner = self._runner
        while not self._outbox:
            if isinstance(runner.failure, Disconnected):
                raise StopAsyncIteration
            if runner.failure is not None:
                raise runner.failure
            runner.readable.clear()
            await runner.readable.wait()
        event = self._outbox.take()
        if self._outbox.room and not runner.machine.room:
            runner.step()
        return event

    async def listen(
        self,
        *,
        on_update: Callable[[Update], Awaitable[None] | None],
        on_reset: Callable[[Reset], Awaitable[None] | None] | None = None,
        on_status: Callable[[Status], Awaitable[None] | None] | None = None,
    ) -> None:
        """Call the callbacks for each event, one after another, until ``close``.

        Raises:
            ClientError: a failure that is not retryable.
        """
        async for event in self:
            done: Awaitable[None] | None = None
            if isinstance(event, Update):
                done = on_update(event)
            elif isinstance(event, Reset):
                done = on_reset(event) if on_reset else None
            elif on_status:
                done = on_status(event)
            if inspect.isawaitable(done):
                await done

    async def notify(
        self,
        incident: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_s: float = NOTIFY_S,
    ) -> dict[str, Any]:
        """Report an incident over the newest connection, and return the ack.

        Failures are retried until ``timeout_s`` is over, also over new connections, always with
        the same idempotency key, so the incident is stored once.

        Raises:
            Refused: the service refused the incident.
            ClientError: the last attempt's failure.
        """
        return await send_until_acked(self._request, incident, idempotency_key, timeout_s)

    async def _request(self, message: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        runner = self._runner
        await runner.online.wait()
        if runner.failure is not None:
            raise runner.failure
        if not runner.connections:
            raise Disconnected(None)
        newest = max(runner.connections)
        runner.machine.sent(newest, asyncio.get_running_loop().time())
        return await runner.connections[newest].request(message, timeout_s=timeout_s)
