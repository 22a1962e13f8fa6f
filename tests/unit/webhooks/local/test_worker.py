"""``WebhookWorker``: webhooks that delay no other, cool-downs, and outcomes stored late."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.app.records import Recorder
from alerta_utec.domain.errors import Unavailable
from alerta_utec.webhooks.delivery import DeliverWebhook
from alerta_utec.webhooks.enqueue import SCAN_BATCH, ScanFeed
from alerta_utec.webhooks.job import PostResult, WebhookJob
from alerta_utec.webhooks.local.sqlite import SqliteWebhookJobs
from alerta_utec.webhooks.local.worker import BATCH, COOL_DOWN, WebhookWorker
from alerta_utec.webhooks.model import Webhook
from tests.contract.builders import T0, creation, webhook
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.eventually import eventually
from tests.support.temporary_store import TemporaryStore

PATIENCE_S = 10.0


class GatedSender(FakeWebhookSender):
    """A sender whose posts to a URL wait while its gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, threading.Event] = {}
        self.waiting: list[str] = []

    def shut(self, url: str) -> threading.Event:
        self.gates[url] = threading.Event()
        return self.gates[url]

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        if url in self.gates:
            self.waiting.append(url)
            assert self.gates[url].wait(PATIENCE_S)
        return super().post(url, body, headers)

    def bodies(self, url: str) -> list[bytes]:
        return [post.body for post in list(self.posts) if post.url == url]


class UnreliableJobs(SqliteWebhookJobs):
    """``WebhookJobs`` whose reads and writes can be made to fail; ``looks`` counts the reads."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.reads = self.writes = True
        self.refused = self.looks = 0

    def mark_delivered(self, job: WebhookJob, *, at: Any) -> None:
        if not self.writes:
            self.refused += 1
            raise Unavailable("disk full")
        super().mark_delivered(job, at=at)

    def next_at(self, webhook_id: str) -> Any:
        self.looks += 1
        if not self.reads:
            self.refused += 1
            raise Unavailable("locked")
        return super().next_at(webhook_id)


class Rig:
    """The worker over a temporary store."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self._set_back = timedelta()
        stored = TemporaryStore(on_commit=lambda _change: self.worker.committed())
        self.store, self.webhooks = stored.incidents, stored.webhooks
        self.jobs = UnreliableJobs(stored.database)
        self.sender = GatedSender()
        record = Recorder(FakeDeliveries())
        self.worker = WebhookWorker(
            ScanFeed(self.store, self.webhooks, self.jobs, self.clock),
            DeliverWebhook(self.webhooks, self.jobs, self.sender, self.clock, record, "/x"),
            self.webhooks,
            self.jobs,
            self.clock,
            retry_s=0.02,
            monotonic=lambda: (self.clock.now() - T0 + self._set_back).total_seconds(),
        )

    def add(self, name: str) -> Webhook:
        added = webhook(
            url=f"https://{name}.example/",
            at=self.clock.now() + timedelta(seconds=len(self.webhooks.all())),
            since_seq=self.store.position().seq,
        )
        self.webhooks.save(added)
        self.worker.jobs_changed()
        return added

    def set_back(self, by: timedelta) -> None:
        """Set the time of day back, but not the monotonic clock."""
        self._set_back += by
        self.clock.advance(-by)

    def commit(self, count: int = 1) -> list[str]:
        """Commit ``count`` new incidents and return their ids."""
        return [self.store.commit(creation()).change.incident_id for _ in range(count)]

    def look(self) -> None:
        """Make the worker look for due jobs twice; by the second time the first has ended."""
        for _ in range(2):
            before = self.jobs.looks
            self.worker.committed()
            eventually(lambda seen=before: self.jobs.looks > seen)

    def received(self, own: Webhook) -> list[str]:
        """Return the ids of the incidents that a webhook received, in order."""
        return [body.split(b'"subject":"')[1][:36].decode() for body in self.sender.bodies(own.url)]


@pytest.fixture
def rig() -> Iterator[Rig]:
    built = Rig()
    with ExitStack() as stack:
        stack.callback(lambda: built.worker.stop(PATIENCE_S))
        built.worker.start()
        yield built
        for gate in built.sender.gates.values():
            gate.set()


def test_committed_changes_are_delivered_in_order(rig: Rig) -> None:
    own = rig.add("a")

    ids = rig.commit(2 * BATCH + SCAN_BATCH + 1)

    eventually(lambda: len(rig.sender.posts) >= len(ids))
    assert rig.received(own) == ids


def test_changes_committed_before_the_start_are_delivered() -> None:
    rig = Rig()
    own = rig.add("a")
    ids = rig.commit(3)

    rig.worker.start()

    eventually(lambda: len(rig.sender.posts) == 3)
    rig.worker.stop(PATIENCE_S)
    assert rig.received(own) == ids


def test_a_receiver_that_hangs_delays_no_other_webhook(rig: Rig) -> None:
    slow, quick = rig.add("slow"), rig.add("quick")
    gate = rig.sender.shut(slow.url)

    ids = rig.commit(5)

    eventually(lambda: len(rig.received(quick)) == 5)
    eventually(lambda: rig.sender.waiting == [slow.url])
    gate.set()
    eventually(lambda: len(rig.received(slow)) == 5)
    assert rig.received(slow) == rig.received(quick) == ids


def test_a_webhook_gets_one_request_at_a_time(rig: Rig) -> None:
    own = rig.add("a")
    gate = rig.sender.shut(own.url)
    rig.commit()
    eventually(lambda: rig.sender.waiting)

    rig.commit(5)
    other = rig.add("b")
    rig.commit()
    eventually(lambda: rig.received(other))

    assert len(rig.sender.waiting) == 1
    gate.set()
    eventually(lambda: len(rig.received(own)) == 7)


def test_a_failed_job_is_attempted_again_when_it_is_due(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(500)]
    (incident_id,) = rig.commit()
    eventually(lambda: rig.jobs.next_at(own.webhook_id) not in (None, T0))
    rig.look()
    assert rig.received(own) == [incident_id]

    rig.clock.advance(timedelta(seconds=6))
    rig.worker.jobs_changed()

    eventually(lambda: len(rig.received(own)) == 2)
    assert rig.jobs.next_at(own.webhook_id) is None


def test_one_failure_delays_no_other_job(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(204), PostResult(500), PostResult(204)] * 4
    ids = rig.commit(12)

    eventually(lambda: len(rig.received(own)) == 12)

    assert rig.received(own) == ids
    assert len(rig.jobs.due(own.webhook_id, T0 + timedelta(minutes=1), 100)) == 4


@pytest.mark.parametrize(
    "results",
    [
        [PostResult(500), PostResult(failure="timeout")],
        [PostResult(204), PostResult(429)],
        [PostResult(204), PostResult(503, retry_after_s=0)],
    ],
    ids=["two in a row", "429", "Retry-After"],
)
def test_the_other_jobs_wait_for_the_cool_down(rig: Rig, results: list[PostResult]) -> None:
    own = rig.add("a")
    rig.sender.results = list(results)
    gate = rig.sender.shut(own.url)
    ids = rig.commit(4)
    eventually(lambda: rig.sender.waiting)
    gate.set()
    eventually(lambda: len(rig.received(own)) == 2)
    rig.look()
    assert rig.received(own) == ids[:2]

    rig.clock.advance(COOL_DOWN)
    rig.worker.committed()

    eventually(lambda: len(rig.received(own)) == 4)
    assert rig.received(own) == ids


def test_the_cool_down_doubles_with_each_failure_up_to_its_maximum(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(failure="unreachable")] * 100
    rig.commit(20)
    cool_downs = []
    for count in range(2, 10):
        eventually(lambda n=count: len(rig.received(own)) == n)
        rig.look()
        before = rig.clock.now()
        while len(rig.received(own)) == count:
            rig.clock.advance(COOL_DOWN / 2)
            rig.look()
        cool_downs.append((rig.clock.now() - before) / COOL_DOWN)

    assert cool_downs == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_success_resets_the_cool_down(rig: Rig) -> None:
    own = rig.add("a")
    failed = PostResult(500)
    rig.sender.results = [failed, failed, failed, PostResult(204), failed, failed]
    ids = rig.commit(7)
    eventually(lambda: len(rig.received(own)) == 2)
    for factor in (1, 2):
        rig.look()
        rig.clock.advance(factor * COOL_DOWN)
    rig.look()
    assert rig.received(own) == ids[:6]

    rig.clock.advance(COOL_DOWN)
    rig.look()

    assert rig.received(own) == ids


def test_a_change_of_a_webhook_ends_its_cool_down(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(500)] * 2
    ids = rig.commit(3)
    eventually(lambda: len(rig.received(own)) == 2)
    rig.look()

    rig.worker.jobs_changed()

    eventually(lambda: rig.received(own) == ids)


def test_a_change_ends_also_the_cool_down_of_an_attempt_that_it_overtook(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(429)]
    gate = rig.sender.shut(own.url)
    ids = rig.commit(3)
    eventually(lambda: rig.sender.waiting)

    rig.worker.jobs_changed()
    gate.set()

    eventually(lambda: rig.received(own) == ids)


def test_a_cool_down_does_not_last_longer_when_the_clock_is_set_back(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(500)] * 2
    ids = rig.commit(3)
    eventually(lambda: len(rig.received(own)) == 2)
    rig.look()

    rig.set_back(timedelta(hours=1))
    rig.clock.advance(COOL_DOWN)
    rig.look()

    eventually(lambda: ids[2] in rig.received(own))


def test_a_job_is_not_late_by_what_the_clock_is_set_back(rig: Rig) -> None:
    own = rig.add("a")
    rig.sender.results = [PostResult(500)]
    (incident_id,) = rig.commit()
    eventually(lambda: rig.jobs.next_at(own.webhook_id) not in (None, T0))

    rig.set_back(timedelta(hours=1))
    rig.look()
    rig.clock.advance(timedelta(seconds=6))
    rig.look()

    eventually(lambda: rig.received(own) == [incident_id] * 2)


def test_a_job_of_an_earlier_run_is_not_late_by_what_the_clock_was_set_back() -> None:
    rig = Rig()
    own = rig.add("a")
    change = rig.store.commit(creation()).change
    rig.jobs.enqueue_scanned([(change, [own.webhook_id])], up_to_seq=1, at=T0 + timedelta(hours=1))

    rig.worker.start()

    eventually(lambda: rig.received(own))
    rig.worker.stop(PATIENCE_S)


def test_an_outcome_that_cannot_be_stored_is_not_sent_over_and_over(rig: Rig) -> None:
    own = rig.add("a")
    rig.jobs.writes = False
    ids = rig.commit(2)
    eventually(lambda: rig.jobs.refused > 3)
    assert rig.received(own) == ids[:1]

    rig.jobs.writes = True

    eventually(lambda: rig.jobs.next_at(own.webhook_id) is None)
    assert rig.received(own) == ids


def test_the_worker_waits_while_jobs_cannot_be_read(rig: Rig) -> None:
    own = rig.add("a")
    rig.jobs.reads = False
    ids = rig.commit()
    eventually(lambda: rig.jobs.refused > 3)

    rig.jobs.reads = True

    eventually(lambda: rig.received(own) == ids)


def test_the_worker_wakes_when_a_job_becomes_due() -> None:
    rig = Rig()
    own = rig.add("a")
    change = rig.store.commit(creation()).change
    rig.jobs.enqueue_scanned(
        [(change, [own.webhook_id])], up_to_seq=1, at=T0 + timedelta(seconds=0.2)
    )
    rig.worker.start()
    eventually(lambda: rig.jobs.looks)
    assert rig.received(own) == []

    rig.clock.advance(timedelta(seconds=1))

    eventually(lambda: rig.received(own))
    rig.worker.stop(PATIENCE_S)


def test_the_worker_stops_while_a_receiver_hangs() -> None:
    rig = Rig()
    own = rig.add("a")
    gate = rig.sender.shut(own.url)
    rig.commit()
    rig.worker.start()
    eventually(lambda: rig.sender.waiting)

    before = time.monotonic()
    rig.worker.stop(0.05)
    took_s = time.monotonic() - before
    gate.set()

    assert took_s < PATIENCE_S
    assert rig.jobs.next_at(own.webhook_id) == T0
