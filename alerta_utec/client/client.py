"""Following the feed for as long as one likes: nothing missed, nothing twice."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from alerta_utec.client.actions import NEVER, Action, AskPing, AskSync, Close, Open, Timing
from alerta_utec.client.connection import TIMEOUT_S, Connection, connect
from alerta_utec.client.errors import ClientError, Disconnected, NoAnswer, NotUnderstood, Refused
from alerta_utec.client.events import Event, Page, Reset, Status, Update
from alerta_utec.client.feed import Feed
from alerta_utec.client.machine import Machine
from alerta_utec.client.outbox import Outbox
from alerta_utec.client.submit import until_acked
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError
from alerta_utec.domain.values import parse_time

EVENTS_MAX = 1000
NOTIFY_S = 30.0


class Client:
    """``async with Client(url) as client: async for event in client: …``

    Yields each revision of each incident once, and newer ones of an incident after older
    ones; where several were missed, the latest alone. It begins with the changes since
    ``position``; without one with a snapshot of the open incidents, or where ``from_now`` with
    what happens from now on.

    ``events_max`` events wait for a slow reader; what comes then is let pass, and fetched in
    its latest state once half of them are read.
    """

    def __init__(
        self,
        url: str,
        *,
        position: Position | None = None,
        from_now: bool = False,
        timing: Timing | None = None,
        timeout_s: float = TIMEOUT_S,
        events_max: int = EVENTS_MAX,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._machine = Machine(Feed(position), timing or Timing(), from_now)
        self._outbox = Outbox(position, events_max)
        self._failure: BaseException | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._links: dict[int, asyncio.Task[None]] = {}
        self._connections: dict[int, Connection] = {}
        self._readable = asyncio.Event()
        self._online = asyncio.Event()
        self._wake = asyncio.Event()
        self._wakes_at = NEVER

    @property
    def position(self) -> Position | None:
        """Everything up to here has been yielded: keep it, and begin with it the next time.

        None before a snapshot has been yielded whole.
        """
        return self._outbox.position

    async def __aenter__(self) -> Self:
        self._spawn(self._watch_clock())
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything; who waits for an event is told that there is none."""
        tasks = list(self._tasks)
        for task in tasks:
            _cancel(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._end(Disconnected(1000))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event.

        Raises:
            ClientError: one that another try does not cure.
        """
        while not self._outbox:
            if self._failure is not None:
                if isinstance(self._failure, Disconnected):
                    raise StopAsyncIteration
                raise self._failure
            self._readable.clear()
            await self._readable.wait()
        event = self._outbox.take()
        if self._outbox.room and not self._machine.room:
            self._step()
        return event

    async def listen(
        self,
        *,
        on_update: Callable[[Update], Awaitable[None] | None],
        on_reset: Callable[[Reset], Awaitable[None] | None] | None = None,
        on_status: Callable[[Status], Awaitable[None] | None] | None = None,
    ) -> None:
        """Call back for each event, one after another, until ``close``.

        Raises:
            ClientError: one that another try does not cure.
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
        """Send an incident over whatever connection there is, and return the ack.

        Tried again until ``timeout_s`` is over, over as many connections as it takes, always
        with the same idempotency key: the incident is stored once.

        Raises:
            Refused: the service will not have it.
            ClientError: the last attempt's failure.
        """
        return await until_acked(self._request, incident, idempotency_key, timeout_s)

    async def _request(self, message: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        await self._online.wait()
        if not self._connections:
            raise Disconnected(1000)
        newest = self._connections[max(self._connections)]
        return await newest.request(message, timeout_s=timeout_s)

    # What the machine asks for

    def _step(self) -> None:
        """Let the machine decide, do what it asks for and pass on what it has."""
        machine, outbox = self._machine, self._outbox
        machine.room = outbox.room
        machine.tick(self._now())
        actions, machine.actions = machine.actions, []
        for action in actions:
            self._carry_out(action)
        events, machine.events = machine.events, []
        outbox.put(events, machine.feed.position)
        machine.room = outbox.room
        if outbox:
            self._readable.set()
        if machine.failure is not None:
            self._end(machine.failure)
        if machine.wake_at() < self._wakes_at:
            self._wake.set()

    def _carry_out(self, action: Action) -> None:
        match action:
            case Open(link):
                self._links[link] = self._spawn(self._link(link))
            case Close(link):
                _cancel(self._links[link])
            case AskSync():
                self._spawn(self._sync(action))
            case AskPing(link):
                self._spawn(self._ping(link))

    async def _watch_clock(self) -> None:
        while self._failure is None:
            self._step()
            self._wake.clear()
            self._wakes_at = self._machine.wake_at()
            wait_s = self._wakes_at - self._now()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wait_s == NEVER else max(wait_s, 0.0)):
                    await self._wake.wait()

    async def _link(self, link: int) -> None:
        try:
            async with connect(
                self._url, timeout_s=self._timeout_s, on_update=partial(self._updated, link)
            ) as connection:
                self._connections[link] = connection
                self._online.set()
                self._machine.opened(link, self._now())
                self._step()
                await connection.wait_closed()
        except ClientError as error:
            self._machine.closed(link, error, self._now())
        finally:
            self._links.pop(link, None)
            self._connections.pop(link, None)
            if not self._connections:
                self._online.clear()
        self._step()

    def _updated(self, link: int, update: Update) -> None:
        self._machine.update(link, update, self._now())
        self._step()

    async def _sync(self, asked: AskSync) -> None:
        message = {"action": "sync", "since": asked.since and str(asked.since)}
        message |= {"cursor": asked.cursor} if asked.cursor else {}
        try:
            frame = await self._asked(asked.link, message)
            self._machine.page(asked, Page.from_frame(frame), self._now())
        except Refused as error:
            self._machine.refused(asked, error, self._now())
        except (NoAnswer, NotUnderstood) as error:
            self._drop(asked.link, error)
        except Disconnected:
            return
        self._step()

    async def _ping(self, link: int) -> None:
        try:
            frame = await self._asked(link, {"action": "ping"})
            position = Position.parse(frame.get("position"))
            life = parse_time(str(frame.get("expiresAt"))) - self._connections[link].opened_at
            self._machine.pong(link, position, life.total_seconds(), self._now())
        except Refused:
            self._machine.pinged_in_vain(link)
        except NoAnswer as error:
            self._drop(link, error)
        except (AlertaError, ValueError):
            self._drop(link, NotUnderstood("no pong"))
        except (Disconnected, KeyError):
            return
        self._step()

    async def _asked(self, link: int, message: Mapping[str, Any]) -> dict[str, Any]:
        if link not in self._connections:
            raise Disconnected(None)
        return await self._connections[link].request(message, timeout_s=self._timeout_s)

    def _drop(self, link: int, error: ClientError) -> None:
        """Leave a connection that is of no use."""
        self._machine.closed(link, error, self._now())
        if link in self._links:
            _cancel(self._links[link])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _end(self, failure: BaseException) -> None:
        if self._failure is None:
            self._failure = failure
            for link in self._links.values():
                _cancel(link)
        self._readable.set()
        self._online.set()
        self._wake.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel once: a second time would cut short the closing of the socket."""
    if not task.cancelling():
        task.cancel()
