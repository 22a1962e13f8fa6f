"""The chains of invocations that wake-ups cause, which Lambda ends after about 16 invocations.

A model of the queue: a message comes back when its consumer says so, and a message that is sent
while another is handled continues the chain of that one (Lambda developer guide, "Use Lambda
recursive loop detection to prevent infinite loops").
"""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from alerta_utec.webhooks.due_jobs import DeliverDueJobs
from alerta_utec.webhooks.job import JobKey, PostResult
from tests.contract.aws import addressed
from tests.contract.builders import creation
from tests.support.emulator import Emulator
from tests.unit.webhooks.aws.test_due_jobs import Rig, rig  # noqa: F401 (a fixture)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CHANGES = 5
# Each post to a receiver that hangs takes as long.
HANGING_S = 15
# The first posts; no job fails a third time, after which it would wait for long.
RESULTS = (
    *(PostResult(failure="timeout"), PostResult(500), PostResult(429, retry_after_s=7)),
    *(PostResult(500), PostResult(503, retry_after_s=60), PostResult(failure="timeout")),
)


@dataclass
class Queue:
    """``WakeUps`` that are received in the order of their times, with the length of their chain."""

    now_s: Callable[[], float]
    # The chain of the message that is being handled; 0: none is.
    handling: int = 0
    longest: int = 0
    _waiting: list[tuple[float, int, JobKey, int]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def send_wakeups(self, keys: Sequence[JobKey]) -> None:
        for key in keys:
            self._put(key, self.handling + 1, 0.0)

    def handle_next(self, due_jobs: DeliverDueJobs) -> None:
        """Handle the next message."""
        _, _, key, self.handling = heapq.heappop(self._waiting)
        self.longest = max(self.longest, self.handling)
        again_s = due_jobs.deliver(key)
        if again_s is not None:
            # The same message: its chain is no longer than before.
            self._put(key, self.handling, again_s)
        self.handling = 0

    def next_at(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None

    def _put(self, key: JobKey, chain: int, delay_s: float) -> None:
        at_s = self.now_s() + delay_s
        heapq.heappush(self._waiting, (at_s, next(self._numbers), key, chain))


@pytest.fixture(params=["dynamodb", "lagging"])
def dynamodb(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator["DynamoDBClient"]:
    """Return a client of tables, also of some whose indexes are a second behind."""
    if request.param == "lagging":
        yield request.getfixturevalue("lagging_dynamodb")
        return
    client = boto3.client("dynamodb", **addressed(emulator))
    yield client
    client.close()


def test_no_chain_grows_and_every_job_is_delivered_whatever_the_receiver_does(
    rig: Rig,  # noqa: F811
) -> None:
    queue = Queue(lambda: rig.clock.now().timestamp())
    jobs = replace(rig.jobs, wakeups=queue)
    due_jobs = replace(rig.due_jobs, jobs=jobs, delivery=replace(rig.due_jobs.delivery, jobs=jobs))
    rig.receivers.results = dict(enumerate(RESULTS, start=1))
    rig.receivers.on_post = lambda: rig.clock.advance(timedelta(seconds=HANGING_S))
    seqs = []
    for _ in range(CHANGES):
        change = rig.incidents.commit(creation()).change
        jobs.enqueue(change, ["w1"], at=rig.clock.now())
        seqs.append(change.after.seq)
    # As if another Lambda had just begun.
    rig.leases.acquire("w1", "another holder")

    handled = 0
    while (next_s := queue.next_at()) is not None:
        wait_s = max(0.0, next_s - rig.clock.now().timestamp())
        rig.clock.advance(timedelta(seconds=wait_s))
        queue.handle_next(due_jobs)
        handled += 1

    assert rig.pending(*seqs) == []
    assert len(rig.receivers.posted) == CHANGES + len(RESULTS)
    assert handled > 2 * CHANGES
    assert queue.longest == 1
