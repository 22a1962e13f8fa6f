"""Deliveries started by wake-ups: their order, and one request at a time to each webhook."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.ports.incidents import ChangeFeed
from alerta_utec.webhooks.aws.items import OVERDUE_AFTER
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.leases import COOL_DOWN, LEASE, DynamoDeliveryLeases
from alerta_utec.webhooks.aws.registry import DynamoWebhooks, DynamoWebhooksWithoutSecrets
from alerta_utec.webhooks.delivery import RETRY_AFTER_S, DeliverWebhook
from alerta_utec.webhooks.due_jobs import DeliverDueJobs
from alerta_utec.webhooks.job import JobKey, PostResult
from alerta_utec.webhooks.lease_ports import Lease
from alerta_utec.webhooks.model import Secret, Webhook
from alerta_utec.webhooks.overdue import RequeueOverdue
from alerta_utec.webhooks.ports import WAKE_UP_WAIT_MAX_S
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.unit.webhooks.aws.test_jobs import sent_wakeups

BUSY_S = 7


@dataclass
class Receivers:
    """A sender whose n-th post has the result ``results[n]``, 200 by default."""

    results: dict[int, PostResult] = field(default_factory=dict)
    posted: list[str] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        self.posted.append(url.rpartition("/")[2] + ":" + headers["webhook-id"])
        self.on_post()
        return self.results.get(len(self.posted), PostResult(200))


@dataclass(frozen=True)
class Rig:
    """Two webhooks, ``w1`` and ``w2``, and the use case that delivers to them."""

    incidents: DynamoIncidents
    webhooks: DynamoWebhooks
    jobs: DynamoWebhookJobs
    leases: DynamoDeliveryLeases
    clock: ManualClock
    receivers: Receivers
    due_jobs: DeliverDueJobs

    def enqueue(self, *names: str) -> int:
        """Commit a change, enqueue it for these webhooks and return its ``seq``."""
        change = self.incidents.commit(creation()).change
        self.jobs.enqueue(change, names or ("w1",), at=self.clock.now())
        return change.after.seq

    def deliver(self, name: str, seq: int, deadline_s: float | None = None) -> float | None:
        """Return after how many seconds the wake-up comes back."""
        return self.due_jobs.deliver(JobKey(name, seq), deadline_s)

    def pending(self, *seqs: int, name: str = "w1") -> list[int]:
        """Return those of the changes whose jobs are pending."""
        return [seq for seq in seqs if self.jobs.get(name, seq)]


@pytest.fixture
def rig(
    dynamodb_incidents: DynamoIncidents,
    dynamodb_webhook_registry: DynamoWebhooks,
    dynamodb_webhook_jobs: DynamoWebhookJobs,
    clock: ManualClock,
) -> Rig:
    clock.set(T0)
    jobs, receivers = dynamodb_webhook_jobs, Receivers()
    leases = DynamoDeliveryLeases(jobs.table, clock)
    for name in ("w1", "w2"):
        secrets = (Secret.new(),)
        dynamodb_webhook_registry.save(Webhook(name, f"https://a.example/{name}", T0, 0, secrets))
    delivery = DeliverWebhook(
        dynamodb_webhook_registry, jobs, receivers, clock, Recorder(FakeDeliveries()), "urn:x"
    )
    due_jobs = DeliverDueJobs(jobs, leases, delivery, clock, lambda: 100.0, lambda: BUSY_S)
    return Rig(
        dynamodb_incidents, dynamodb_webhook_registry, jobs, leases, clock, receivers, due_jobs
    )


def test_a_repeated_wakeup_delivers_its_job_once(rig: Rig) -> None:
    seq = rig.enqueue()

    again_s = [rig.deliver("w1", seq) for _ in range(3)]

    assert again_s == [None] * 3
    assert len(rig.receivers.posted) == 1
    assert rig.pending(seq) == []


def test_a_wakeup_comes_back_when_its_job_is_due(rig: Rig) -> None:
    seq = rig.enqueue()
    rig.receivers.results = {1: PostResult(500)}
    after_failure_s = rig.deliver("w1", seq) or 0.0
    rig.clock.advance(timedelta(seconds=2))

    early_s = rig.deliver("w1", seq) or 0.0
    early = len(rig.receivers.posted)
    rig.clock.advance(timedelta(seconds=early_s))
    done = rig.deliver("w1", seq)

    assert 5 <= after_failure_s <= 6
    assert early_s == pytest.approx(after_failure_s - 2)
    assert early == 1
    assert done is None
    assert len(rig.receivers.posted) == 2
    assert len(set(rig.receivers.posted)) == 1
    assert rig.pending(seq) == []


def test_a_wakeup_delivers_the_due_jobs_of_its_webhook_in_order_and_no_others(
    rig: Rig,
) -> None:
    seqs = [rig.enqueue("w1", "w2") for _ in range(3)]

    rig.deliver("w1", seqs[2])

    assert rig.pending(*seqs) == []
    assert rig.pending(*seqs, name="w2") == seqs
    for seq in seqs:
        rig.deliver("w2", seq)
    sent = [name.partition(":") for name in rig.receivers.posted]
    assert [name for name, _, event in sent] == ["w1"] * 3 + ["w2"] * 3
    assert [event for _, _, event in sent[:3]] == [event for _, _, event in sent[3:]]


def test_a_job_enqueued_during_an_attempt_is_delivered_after_it(rig: Rig) -> None:
    first = rig.enqueue()
    added: list[int] = []

    def enqueue_another() -> None:
        if not added:
            added.append(rig.enqueue())

    rig.receivers.on_post = enqueue_another

    rig.deliver("w1", first)

    assert rig.pending(first, *added) == []


@pytest.mark.parametrize(
    ("wait_s", "comes_back"),
    [(WAKE_UP_WAIT_MAX_S, True), (WAKE_UP_WAIT_MAX_S + 1, False)],
)
def test_a_wakeup_does_not_come_back_for_a_job_that_waits_for_long(
    rig: Rig, wait_s: int, comes_back: bool
) -> None:
    seq = rig.enqueue()
    sent_wakeups(rig.jobs)
    rig.receivers.results = {1: PostResult(503, retry_after_s=wait_s)}

    again_s = rig.deliver("w1", seq)
    rig.clock.advance(timedelta(seconds=wait_s) + OVERDUE_AFTER)
    requeued = rig.jobs.requeue_overdue("w1", 10)

    assert again_s == (wait_s if comes_back else None)
    # It would be lost otherwise.
    assert requeued == 1


def test_the_wakeup_of_a_leased_webhook_comes_back(rig: Rig) -> None:
    seq = rig.enqueue()
    rig.leases.acquire("w1", "another holder")

    again_s = rig.deliver("w1", seq)

    assert rig.receivers.posted == []
    assert again_s == BUSY_S
    assert not rig.leases.acquire("w1", "a third holder")


def test_a_lease_and_a_cool_down_of_a_clock_that_was_ahead_end_with_its_own_duration(
    rig: Rig,
) -> None:
    rig.clock.advance(timedelta(hours=1))
    rig.leases.acquire("w1", "a killed holder")
    rig.leases.acquire("w2", "a holder that failed")
    rig.leases.release("w2", "a holder that failed", failures=2, cools_down=True)
    rig.clock.advance(-timedelta(hours=1))

    acquired = [rig.leases.acquire(name, "the next holder") for name in ("w1", "w2")]

    assert acquired == [Lease(failures=0), Lease(failures=2)]


def test_the_lease_of_a_killed_holder_expires(rig: Rig) -> None:
    seq = rig.enqueue()
    rig.leases.acquire("w1", "the killed holder")
    rig.clock.advance(LEASE - timedelta(microseconds=1))
    rig.deliver("w1", seq)
    before = list(rig.receivers.posted)
    rig.clock.advance(timedelta(microseconds=1))

    rig.deliver("w1", seq)

    assert before == []
    assert rig.pending(seq) == []
    rig.leases.release("w1", "the killed holder")
    assert rig.leases.acquire("w1", "the next holder")


def test_one_failure_delays_no_other_job(rig: Rig) -> None:
    first, second, third = (rig.enqueue() for _ in range(3))
    rig.receivers.results = {1: PostResult(500), 3: PostResult(500)}

    again_s = rig.deliver("w1", second)

    assert rig.pending(first, second, third) == [first, third]
    assert again_s is None
    assert rig.leases.acquire("w1", "the next holder")


@pytest.mark.parametrize(
    "results",
    [
        {1: PostResult(500), 2: PostResult(failure="timeout")},
        {2: PostResult(429)},
        {2: PostResult(503, retry_after_s=0)},
    ],
    ids=["two in a row", "429", "Retry-After"],
)
def test_a_webhook_cools_down_whatever_else_is_due(
    rig: Rig, results: dict[int, PostResult]
) -> None:
    first, second, third, fourth = (rig.enqueue() for _ in range(4))
    rig.receivers.results = results

    again_s = [rig.deliver("w1", seq) for seq in (third, fourth)]
    before = list(rig.receivers.posted)
    rig.clock.advance(COOL_DOWN)
    rig.deliver("w1", third)

    assert len(before) == 2
    assert again_s == [BUSY_S, BUSY_S]
    failed = [seq for number, seq in enumerate((first, second), start=1) if number in results]
    assert rig.pending(first, second, third, fourth) == failed
    assert timedelta(seconds=RETRY_AFTER_S[0]) > COOL_DOWN


def test_a_receiver_that_stays_down_gets_one_post_in_each_cool_down(rig: Rig) -> None:
    seqs = [rig.enqueue() for _ in range(6)]
    rig.receivers.results = {number: PostResult(500) for number in range(1, 5)}
    posts = []

    for seq in reversed(seqs):
        rig.deliver("w1", seq)
        rig.deliver("w1", seq)
        posts.append(len(rig.receivers.posted))
        rig.clock.advance(COOL_DOWN)

    # Two failures begin the first; the fifth post is accepted, and the rest follow at once.
    assert posts[:3] == [2, 3, 4]
    assert len(rig.receivers.posted) > 5


def test_failures_are_counted_over_the_calls_that_make_them(rig: Rig) -> None:
    rig.receivers.results = {1: PostResult(500), 2: PostResult(500)}
    first = rig.enqueue()
    rig.deliver("w1", first)
    second = rig.enqueue()
    rig.deliver("w1", second)
    third = rig.enqueue()

    rig.deliver("w1", third)

    assert len(rig.receivers.posted) == 2
    assert rig.pending(first, second, third) == [first, second, third]


def test_a_success_ends_the_count_of_failures(rig: Rig) -> None:
    rig.receivers.results = {1: PostResult(500), 3: PostResult(500)}
    for _ in range(3):
        rig.deliver("w1", rig.enqueue())

    fourth = rig.enqueue()
    rig.deliver("w1", fourth)

    assert rig.pending(fourth) == []


def test_the_wakeup_of_a_job_beyond_the_deadline_comes_back(rig: Rig) -> None:
    first, second = rig.enqueue(), rig.enqueue()

    again_s = rig.deliver("w1", second, 100.0)

    assert rig.receivers.posted == []
    assert again_s == BUSY_S
    assert rig.pending(first, second) == [first, second]
    assert rig.leases.acquire("w1", "the next holder")


@dataclass(frozen=True)
class BrokenFeed:
    """A feed whose change at ``seq`` cannot be read."""

    feed: ChangeFeed
    seq: int

    def changes(self, *, after_seq: int, limit: int) -> Sequence[Change]:
        if after_seq + 1 == self.seq:
            raise ValueError("unreadable")
        return self.feed.changes(after_seq=after_seq, limit=limit)


def test_a_job_that_cannot_be_attempted_fails_its_own_wakeup_and_no_other(rig: Rig) -> None:
    first, second = rig.enqueue(), rig.enqueue()
    broken = replace(rig.jobs, feed=BrokenFeed(rig.jobs.feed, first))
    due_jobs = replace(rig.due_jobs, jobs=broken)

    due_jobs.deliver(JobKey("w1", second))
    with pytest.raises(ValueError, match="unreadable"):
        due_jobs.deliver(JobKey("w1", first))

    assert rig.pending(first, second) == [first]
    assert rig.leases.acquire("w1", "the next holder")


def test_a_webhook_deleted_meanwhile_is_sent_nothing(rig: Rig) -> None:
    seq = rig.enqueue()
    rig.webhooks.delete("w1")

    rig.deliver("w1", seq)

    assert rig.receivers.posted == []


def test_requeueing_covers_every_existing_webhook(rig: Rig) -> None:
    readable = DynamoWebhooksWithoutSecrets(rig.webhooks.client, rig.webhooks.table)
    seq = rig.enqueue("w1", "w2", "w3")
    sent_wakeups(rig.jobs)
    rig.clock.advance(OVERDUE_AFTER)

    counted = RequeueOverdue(readable, rig.jobs, rig.clock).run()

    assert counted == {"requeued": 2}
    assert sent_wakeups(rig.jobs) == [JobKey("w1", seq), JobKey("w2", seq)]
