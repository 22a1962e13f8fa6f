"""A cooperative executor: many handlers in one thread, which switch before they would wait.

A message takes this way: ``session.py`` reads it and ``core.py`` submits its handler here, with a
time limit of ``deadlines.py``. The handler commits in ``adapters/sqlite/group_commit.py``, which
calls ``BatchYield.before_wait`` (wired by ``deployments/local/storage.py``): the handler's greenlet
switches back here, the next handler of the batch runs up to its own commit, and then the first
one writes for all of them. docs/decisions/0010-group-commit.md has the reasons and the figures.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from greenlet import getcurrent, greenlet

from alerta_utec.gateway.events import LambdaEvent

BATCH_MAX = 128

# Lambda's signature of a handler: the event, and a context that the gateway leaves ``None``.
Handler = Callable[[LambdaEvent, object], Any]
_Job = tuple["asyncio.Future[Any]", Handler, LambdaEvent]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


def yield_to_batch() -> None:
    """Let every other handler of the batch run up to its own yield or its end.

    Outside of a ``CooperativeExecutor`` this returns at once.
    """
    current = getcurrent()
    if isinstance(current, _Runner) and current.parent is not None:
        current.parent.switch()


class BatchYield:
    """The store's ``BatchScheduler`` for callers that run in a ``CooperativeExecutor``."""

    def before_wait(self) -> None:
        """Let the other handlers of the batch reach their commit first."""
        yield_to_batch()


class _Runner(greenlet):
    """A greenlet that runs handlers one after another and switches to its batch at each yield.

    It is kept for the next batch: a new greenlet asks the system for the memory of its stack.
    """

    job: _Job | None = None

    def begin(self, job: _Job, outcomes: list[_Outcome]) -> None:
        """Run a handler up to its first yield or its end; at its end, append its outcome."""
        self.job, self._outcomes = job, outcomes
        self.switch()

    def run(self) -> None:
        while self.job is not None:
            self._run_handler(*self.job)
            self.job = None
            yield_to_batch()  # until ``begin`` is called again

    def _run_handler(
        self, future: "asyncio.Future[Any]", handler: Handler, event: LambdaEvent
    ) -> None:
        result, failure = None, None
        if not future.done():  # else its caller gave up before its turn
            try:
                result = handler(event, None)
            except BaseException as error:
                failure = error
        self._outcomes.append((future, result, failure))


class CooperativeExecutor:
    """An executor, with one thread, of handlers that are quick except for a commit.

    With a thread per handler, each message would wake a thread twice, which costs more than the
    rest of its handler. Here the handlers that have been submitted meanwhile form a batch: each
    runs up to its yield, and then, in the same order, to its end. By then the first one has
    committed for all of them.

    A handler must not wait for anything but its commit, since it would hold up the whole batch.
    """

    def __init__(self) -> None:
        # Handlers that were submitted and not answered yet; only the event loop touches it.
        self.in_progress = 0
        # None ends the thread.
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="executor", daemon=True)

    def submit(self, handler: Handler, event: LambdaEvent) -> "asyncio.Future[Any]":
        """Return a future of the handler's result; to be called in the event loop.

        The queue has no limit of its own: each session submits one handler at a time.
        """
        if self._thread.ident is None:
            self._thread.start()
        future = asyncio.get_running_loop().create_future()
        self.in_progress += 1
        self._jobs.put((future, handler, event))
        return future

    def close(self) -> None:
        """Run the handlers that were submitted, and end the thread."""
        if self._thread.ident is not None:
            self._jobs.put(None)
            self._thread.join()

    def _work(self) -> None:
        idle: list[_Runner] = []
        serving = True
        while serving:
            batch = [self._jobs.get()]
            while len(batch) < BATCH_MAX and not self._jobs.empty():
                batch.append(self._jobs.get())
            serving = None not in batch
            self._run_batch((job for job in batch if job is not None), idle)

    def _run_batch(self, batch: Iterable[_Job], idle: list[_Runner]) -> None:
        """Run a whole batch with the idle runners, and with new ones if they are too few."""
        outcomes: list[_Outcome] = []
        yielded: list[_Runner] = []
        for job in batch:
            runner = idle.pop() if idle else _Runner()
            runner.begin(job, outcomes)
            (yielded if runner.job else idle).append(runner)
        while yielded:
            self._hand_over(outcomes)
            round_of, yielded = yielded, []
            for runner in round_of:
                runner.switch()
                (yielded if runner.job else idle).append(runner)
        self._hand_over(outcomes)

    def _hand_over(self, outcomes: list[_Outcome]) -> None:
        """Pass the outcomes to the event loop, in one call for all of them."""
        if outcomes:
            loop = outcomes[0][0].get_loop()
            # Only a closed loop refuses, and then no caller waits for these futures.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, tuple(outcomes))
            outcomes.clear()

    def _settle(self, outcomes: Sequence[_Outcome]) -> None:
        self.in_progress -= len(outcomes)
        for future, result, error in outcomes:
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
