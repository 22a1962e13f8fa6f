"""``WebhookWorker``: each webhook in its turn, none in another's way, and nothing twice in vain."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.app.records import Recorder
from alerta_utec.domain.errors import Unavailable
from alerta_utec.webhooks.delivery import PLAN_BATCH, DeliverWebhook, FollowFeed
from alerta_utec.webhooks.local.sqlite import SqliteWebhookJobs
from alerta_utec.webhooks.local.worker import BATCH, REST, WebhookWorker
from alerta_utec.webhooks.model import Webhook
from alerta_utec.webhooks.ports import Answer, WebhookJob
from tests.contract.builders import T0, creation, webhook
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

PATIENCE_S = 10.0


class Gates(FakeWebhookSender):
    """A sender whose posts to a URL wait while its gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, threading.Event] = {}
        self.waiting: list[str] = []

    def shut(self, url: str) -> threading.Event:
        self.gates[url] = threading.Event()
        return self.gates[url]

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if url in self.gates:
            self.waiting.append(url)
            assert self.gates[url].wait(PATIENCE_S)
        return super().post(url, body, headers)

    def bodies(self, url: str) -> list[bytes]:
        return [post.body for post in list(self.posts) if post.url == url]


class Jobs(SqliteWebhookJobs):
    """``WebhookJobs`` whose writes, or reads, fail while told to; ``looks`` counts the latter."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.reads = self.writes = True
        self.refused = self.looks = 0

    def delivered(self, job: WebhookJob, *, at: Any) -> None:
        if not self.writes:
            self.refused += 1
            raise Unavailable("disk full")
        super().delivered(job, at=at)

    def next_at(self, webhook_id: str) -> Any:
        self.looks += 1
        if not self.reads:
            self.refused += 1
            raise Unavailable("locked")
        return super().next_at(webhook_id)


class House:
    """The worker over memory; ``with`` it, it runs."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        stored = TemporaryStore(on_commit=lambda _change: self.worker.committed())
        self.store, self.webhooks = stored.incidents, stored.webhooks
        self.jobs = Jobs(stored.database)
        self.sender = Gates()
        record = Recorder(FakeDeliveries())
        self.worker = WebhookWorker(
            FollowFeed(self.store, self.webhooks, self.jobs, self.clock),
            DeliverWebhook(self.webhooks, self.jobs, self.sender, self.clock, record, "/x"),
            self.webhooks,
            self.jobs,
            self.clock,
            retry_s=0.02,
        )

    def add(self, name: str) -> Webhook:
        added = webhook(
            url=f"https://{name}.example/",
            at=self.clock.now() + timedelta(seconds=len(self.webhooks.all())),
            since_seq=self.store.position().seq,
        )
        self.webhooks.save(added)
        self.worker.changed()
        return added

    def commit(self, count: int = 1) -> list[str]:
        """The ids of so many new incidents."""
        return [self.store.commit(creation()).change.incident_id for _ in range(count)]

    def look(self) -> None:
        """Have the worker look for what is due, twice: the second time what it began is over."""
        for _ in range(2):
            before = self.jobs.looks
            self.worker.committed()
            wait_until(lambda seen=before: self.jobs.looks > seen)

    def told(self, own: Webhook) -> list[str]:
        """The ids of the incidents that a webhook was told of, in order."""
        return [body.split(b'"subject":"')[1][:36].decode() for body in self.sender.bodies(own.url)]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.005)


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    with ExitStack() as stack:
        stack.callback(lambda: built.worker.stop(PATIENCE_S))
        built.worker.start()
        yield built
        for gate in built.sender.gates.values():
            gate.set()


def test_what_is_committed_is_told_in_its_order(house: House) -> None:
    own = house.add("a")

    ids = house.commit(2 * BATCH + PLAN_BATCH + 1)

    wait_until(lambda: len(house.sender.posts) >= len(ids))
    assert house.told(own) == ids


def test_what_was_committed_before_it_started_is_told() -> None:
    house = House()
    own = house.add("a")
    ids = house.commit(3)

    house.worker.start()

    wait_until(lambda: len(house.sender.posts) == 3)
    house.worker.stop(PATIENCE_S)
    assert house.told(own) == ids


def test_one_that_hangs_delays_no_other(house: House) -> None:
    slow, quick = house.add("slow"), house.add("quick")
    gate = house.sender.shut(slow.url)

    ids = house.commit(5)

    wait_until(lambda: len(house.told(quick)) == 5)
    wait_until(lambda: house.sender.waiting == [slow.url])
    gate.set()
    wait_until(lambda: len(house.told(slow)) == 5)
    assert house.told(slow) == house.told(quick) == ids


def test_one_webhook_is_sent_one_thing_at_a_time(house: House) -> None:
    own = house.add("a")
    gate = house.sender.shut(own.url)
    house.commit()
    wait_until(lambda: house.sender.waiting)

    house.commit(5)
    other = house.add("b")
    house.commit()
    wait_until(lambda: house.told(other))

    assert len(house.sender.waiting) == 1
    gate.set()
    wait_until(lambda: len(house.told(own)) == 7)


def test_a_failure_is_tried_again_when_its_time_has_come(house: House) -> None:
    own = house.add("a")
    house.sender.answers = [Answer(500)]
    (incident_id,) = house.commit()
    wait_until(lambda: house.jobs.next_at(own.webhook_id) not in (None, T0))
    house.look()
    assert house.told(own) == [incident_id]

    house.clock.advance(timedelta(seconds=6))
    house.worker.changed()

    wait_until(lambda: len(house.told(own)) == 2)
    assert house.jobs.next_at(own.webhook_id) is None


def test_after_a_failure_the_rest_waits_a_moment_and_then_goes_on(house: House) -> None:
    own = house.add("a")
    house.sender.answers = [Answer(500)]
    gate = house.sender.shut(own.url)
    ids = house.commit(3)
    wait_until(lambda: house.sender.waiting)
    gate.set()
    wait_until(lambda: house.jobs.next_at(own.webhook_id) == T0)
    house.look()
    assert house.told(own) == ids[:1]

    house.clock.advance(REST)
    house.worker.committed()

    wait_until(lambda: len(house.told(own)) == 3)
    assert house.told(own) == ids


def test_one_that_is_down_is_posted_to_less_and_less(house: House) -> None:
    own = house.add("a")
    house.sender.answers = [Answer(none="unreachable")] * 100
    house.commit(20)
    rests = []
    for count in range(1, 9):
        wait_until(lambda n=count: len(house.told(own)) == n)
        house.look()
        before = house.clock.now()
        while len(house.told(own)) == count:
            house.clock.advance(REST / 2)
            house.look()
        rests.append((house.clock.now() - before) / REST)

    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_success_ends_the_long_rests(house: House) -> None:
    own = house.add("a")
    house.sender.answers = [Answer(500), Answer(500), Answer(204), Answer(500)]
    ids = house.commit(5)
    wait_until(lambda: len(house.told(own)) == 1)
    for rests in (1, 2):
        house.look()
        house.clock.advance(rests * REST)
    house.look()
    assert house.told(own) == ids[:4]

    house.clock.advance(REST)
    house.look()

    assert house.told(own) == ids


def test_whoever_mends_it_need_not_wait(house: House) -> None:
    own = house.add("a")
    house.sender.answers = [Answer(500)]
    ids = house.commit(2)
    wait_until(lambda: house.told(own))
    house.look()

    house.worker.changed()

    wait_until(lambda: house.told(own) == ids)


def test_while_nothing_can_be_written_nothing_is_posted_over_and_over(house: House) -> None:
    own = house.add("a")
    house.jobs.writes = False
    ids = house.commit(2)
    wait_until(lambda: house.jobs.refused > 3)
    assert house.told(own) == ids[:1]

    house.jobs.writes = True

    wait_until(lambda: house.jobs.next_at(own.webhook_id) is None)
    assert house.told(own) == ids


def test_while_nothing_can_be_read_it_waits(house: House) -> None:
    own = house.add("a")
    house.jobs.reads = False
    ids = house.commit()
    wait_until(lambda: house.jobs.refused > 3)

    house.jobs.reads = True

    wait_until(lambda: house.told(own) == ids)


def test_it_wakes_by_itself_when_something_is_due() -> None:
    house = House()
    own = house.add("a")
    change = house.store.commit(creation()).change
    house.jobs.plan([(change, [own.webhook_id])], up_to_seq=1, at=T0 + timedelta(seconds=0.2))
    house.worker.start()
    wait_until(lambda: house.jobs.looks)
    assert house.told(own) == []

    house.clock.advance(timedelta(seconds=1))

    wait_until(lambda: house.told(own))
    house.worker.stop(PATIENCE_S)


def test_it_stops_while_a_receiver_hangs() -> None:
    house = House()
    own = house.add("a")
    gate = house.sender.shut(own.url)
    house.commit()
    house.worker.start()
    wait_until(lambda: house.sender.waiting)

    before = time.monotonic()
    house.worker.stop(0.05)
    took_s = time.monotonic() - before
    gate.set()

    assert took_s < PATIENCE_S
    assert house.jobs.next_at(own.webhook_id) == T0
