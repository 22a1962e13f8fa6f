"""The asyncio runner of the client's state machine, over real sockets."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from alerta_utec.client.actions import NEVER, Action, AskPing, AskSync, Close, Open
from alerta_utec.client.connection import Connection, connect
from alerta_utec.client.errors import ClientError, Disconnected, NoAnswer, NotUnderstood, Refused
from alerta_utec.client.events import Page, Update, parse_interval_s
from alerta_utec.client.machine import Machine
from alerta_utec.client.outbox import Outbox
from alerta_utec.client.sign_in import Token
from alerta_utec.client.sleep import SleepDetector
from alerta_utec.domain.change import Position
from alerta_utec.domain.errors import AlertaError
from alerta_utec.domain.values import parse_time


class Runner:
    """The tasks and sockets that carry out the machine's actions and fill the outbox.

    ``failure``: the reason why the runner has ended. ``readable`` is set while the outbox has an
    event, and after the end; ``online`` is set while a connection is open, and after the end.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        machine: Machine,
        outbox: Outbox,
        timeout_s: float,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.machine = machine
        self.outbox = outbox
        self.failure: BaseException | None = None
        self.readable = asyncio.Event()
        self.online = asyncio.Event()
        self.connections: dict[int, Connection] = {}
        self._url = url
        self._token = token
        self._timeout_s = timeout_s
        self._wall_clock = wall_clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._cancelled: set[asyncio.Task[None]] = set()
        self._links: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._wakes_at = NEVER

    def start(self) -> None:
        """Start following the feed, until ``close``."""
        self._spawn(self._watch_clock())

    async def close(self) -> None:
        """End every task and close every socket."""
        tasks = list(self._tasks)
        for task in tasks:
            self._cancel(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._end(Disconnected(1000))

    def step(self) -> None:
        """Run the machine once, carry out its actions and put its events in the outbox."""
        machine, outbox = self.machine, self.outbox
        if self.failure is not None:
            return
        machine.room = outbox.room
        machine.tick(self._now())
        actions, machine.actions = machine.actions, []
        for action in actions:
            self._carry_out(action)
        events, machine.events = machine.events, []
        outbox.put(events, machine.feed.position)
        machine.room = outbox.room
        if outbox:
            self.readable.set()
        if machine.failure is not None:
            self._end(machine.failure)
        if machine.wake_at() < self._wakes_at:
            self._wake.set()

    def _carry_out(self, action: Action) -> None:
        match action:
            case Open(link):
                self._links[link] = self._spawn(self._link(link))
            case Close(link):
                self._spawn(self._retire(link))
            case AskSync():
                self._spawn(self._sync(action))
            case AskPing(link):
                self._spawn(self._ping(link))

    async def _watch_clock(self) -> None:
        timing = self.machine.timing
        sleep = SleepDetector(self._wall_clock, timing.slept_s)
        while self.failure is None:
            if sleep.detected():
                self.machine.woke(self._now())
            self.step()
            self._wake.clear()
            self._wakes_at = self.machine.wake_at()
            wait_s = min(self._wakes_at - self._now(), timing.read_clock_every_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(wait_s, 0.0)):
                    await self._wake.wait()

    async def _link(self, link: int) -> None:
        try:
            async with connect(
                self._url,
                token=self._token,
                timeout_s=self._timeout_s,
                on_update=partial(self._updated, link),
                on_heartbeat=partial(self._heard, link),
            ) as connection:
                self.connections[link] = connection
                self.online.set()
                self.machine.opened(link, self._now())
                self.step()
                await connection.wait_closed()
        except ClientError as error:
            self.machine.closed(link, error, self._now())
        finally:
            self._links.pop(link, None)
            self.connections.pop(link, None)
            if not self.connections:
                self.online.clear()
        self.step()

    async def _retire(self, link: int) -> None:
        """Close a replaced connection once its pending requests are answered."""
        connection = self.connections.pop(link, None)
        if connection is not None:
            await connection.answered(self._timeout_s)
        if link in self._links:
            self._cancel(self._links[link])

    def _updated(self, link: int, update: Update) -> None:
        self.machine.update(link, update, self._now())
        self.step()

    def _heard(self, link: int, position: Position) -> None:
        self.machine.heartbeat(link, position, self._now())
        self.step()

    async def _sync(self, asked: AskSync) -> None:
        message = {"action": "sync", "since": asked.since and str(asked.since)}
        message |= {"cursor": asked.cursor} if asked.cursor else {}
        try:
            frame = await self._asked(asked.link, message)
            self.machine.page(asked, Page.from_frame(frame), self._now())
        except Refused as error:
            self.machine.refused(asked, error, self._now())
        except (NoAnswer, NotUnderstood) as error:
            self._drop(asked.link, error)
        except Disconnected:
            return
        self.step()

    async def _ping(self, link: int) -> None:
        try:
            frame = await self._asked(link, {"action": "ping"})
            position = Position.parse(frame.get("position"))
            life = parse_time(str(frame.get("expiresAt"))) - self.connections[link].opened_at
            self.machine.pong(
                link,
                position,
                life.total_seconds(),
                self._now(),
                heartbeat_s=parse_interval_s(frame.get("heartbeatSeconds")),
                restored=frame.get("restored") is True,
            )
        except Refused as error:
            self.machine.ping_refused(link, error, self._now())
        except NoAnswer as error:
            self._drop(link, error)
        except (AlertaError, ValueError):
            self._drop(link, NotUnderstood("no pong"))
        except (Disconnected, KeyError):
            return
        self.step()

    async def _asked(self, link: int, message: Mapping[str, Any]) -> dict[str, Any]:
        if link not in self.connections:
            raise Disconnected(None)
        return await self.connections[link].request(message, timeout_s=self._timeout_s)

    def _drop(self, link: int, error: ClientError) -> None:
        """Abandon a connection that does not work."""
        self.machine.closed(link, error, self._now())
        if link in self._links:
            self._cancel(self._links[link])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._cancelled.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _cancel(self, task: asyncio.Task[None]) -> None:
        """Cancel a task once; a second cancellation would interrupt the closing of its socket.

        ``task.cancelling()`` cannot replace the set: it also counts the cancellation by a timeout
        inside the task that expires at this moment.
        """
        if task not in self._cancelled:
            self._cancelled.add(task)
            task.cancel()

    def _end(self, failure: BaseException) -> None:
        if self.failure is None:
            self.failure = failure
            for link in self._links.values():
                self._cancel(link)
        self.readable.set()
        self.online.set()
        self._wake.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
