"""Handlers that run many at a time in one thread, taking turns where they pause."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from greenlet import getcurrent, greenlet

from alerta_utec.gateway.events import Event

BATCH_MAX = 128

Handler = Callable[[Event, object], Any]
_Task = tuple["asyncio.Future[Any]", Handler, Event]
_Ended = tuple["asyncio.Future[Any]", Any, BaseException | None]


def yield_to_batch() -> None:
    """In a batch: go on when every other handler of it has paused or ended. Elsewhere: at once."""
    current = getcurrent()
    if isinstance(current, _Runner) and current.parent is not None:
        current.parent.switch()


class BatchYield:
    """The store's ``BatchScheduler`` for callers that run in a ``CooperativeExecutor``."""

    def before_wait(self) -> None:
        """Let the other handlers of the batch reach their commit first."""
        yield_to_batch()


class _Runner(greenlet):
    """Runs handlers of batches, one after another; each pauses by switching back to its batch.

    It is kept for the next one: the stack of a new greenlet is memory asked of the system.
    """

    task: _Task | None = None

    def begin(self, task: _Task, ended: list[_Ended]) -> None:
        """Run a handler up to its pause or its end; what became of it goes to ``ended``."""
        self.task, self._ended = task, ended
        self.switch()

    def run(self) -> None:
        while self.task is not None:
            self._handle(*self.task)
            self.task = None
            yield_to_batch()  # until the next one

    def _handle(self, future: "asyncio.Future[Any]", handler: Handler, event: Event) -> None:
        result, failure = None, None
        if not future.done():  # else it was given up before its turn came
            try:
                result = handler(event, None)
            except BaseException as error:
                failure = error
        self._ended.append((future, result, failure))


class CooperativeExecutor:
    """Runs handlers that ``pause`` before they wait, and are quick otherwise.

    A thread each would be woken twice for a message, which costs more than the rest of a
    handler. Here those that have come meanwhile run one after another, each up to its pause
    and then, in the same order, to its end: by then the first has waited for all of them.
    """

    def __init__(self) -> None:
        # How many were asked for and not answered yet; only the event loop touches it.
        self.running = 0
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)

    def run(self, handler: Handler, event: Event) -> "asyncio.Future[Any]":
        """What the handler returns or raises; the caller bounds how many it asks for at once."""
        if self._thread.ident is None:
            self._thread.start()
        future = asyncio.get_running_loop().create_future()
        self.running += 1
        self._tasks.put((future, handler, event))
        return future

    def close(self) -> None:
        """Run what was asked for, and end the thread."""
        if self._thread.ident is not None:
            self._tasks.put(None)
            self._thread.join()

    def _work(self) -> None:
        idle: list[_Runner] = []
        serving = True
        while serving:
            batch = [self._tasks.get()]
            while len(batch) < BATCH_MAX and not self._tasks.empty():
                batch.append(self._tasks.get())
            serving = None not in batch
            self._run((task for task in batch if task is not None), idle)

    def _run(self, batch: Iterable[_Task], idle: list[_Runner]) -> None:
        """Run a whole batch, by those who are idle and more where they are too few."""
        ended: list[_Ended] = []
        paused: list[_Runner] = []
        for task in batch:
            runner = idle.pop() if idle else _Runner()
            runner.begin(task, ended)
            (paused if runner.task else idle).append(runner)
        while paused:
            self._hand_over(ended)
            turns, paused = paused, []
            for runner in turns:
                runner.switch()
                (paused if runner.task else idle).append(runner)
        self._hand_over(ended)

    def _hand_over(self, ended: list[_Ended]) -> None:
        """Cross into the event loop, once for all."""
        if ended:
            loop = ended[0][0].get_loop()
            # Only a loop that has ended refuses; nobody waits for anything there.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, tuple(ended))
            ended.clear()

    def _settle(self, ended: Sequence[_Ended]) -> None:
        self.running -= len(ended)
        for future, result, error in ended:
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
