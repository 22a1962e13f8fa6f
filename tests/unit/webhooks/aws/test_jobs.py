"""The jobs on DynamoDB: which wake-ups are sent for them, and when."""

from datetime import timedelta

import pytest

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.webhooks.aws.items import OVERDUE_AFTER
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.table import JobTable
from alerta_utec.webhooks.job import JobKey
from alerta_utec.webhooks.ports import WAKE_UP_WAIT_MAX_S
from tests.contract.aws import SentWakeUps
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.unit.adapters.aws.faults import FaultyWire, answer_lost, refusal

SECOND = timedelta(seconds=1)


def sent_wakeups(jobs: DynamoWebhookJobs) -> list[JobKey]:
    """Return the wake-ups sent since the last call."""
    assert isinstance(jobs.wakeups, SentWakeUps)
    found = list(jobs.wakeups.sent)
    jobs.wakeups.sent.clear()
    return found


@pytest.fixture
def change(dynamodb_incidents: DynamoIncidents) -> Change:
    """The first change of the feed."""
    return dynamodb_incidents.commit(creation()).change


def enqueue(jobs: DynamoWebhookJobs, change: Change, *names: str) -> None:
    jobs.enqueue(change, names or ("w1",), at=jobs.clock.now())


def test_each_enqueueing_sends_a_wakeup_also_when_repeated(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change
) -> None:
    enqueue(dynamodb_webhook_jobs, change, "w1", "w2")
    first = sent_wakeups(dynamodb_webhook_jobs)
    enqueue(dynamodb_webhook_jobs, change, "w1", "w2")

    assert first == [JobKey("w1", 1), JobKey("w2", 1)]
    assert sent_wakeups(dynamodb_webhook_jobs) == first


def test_the_same_seq_of_a_restored_feed_is_another_change(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change
) -> None:
    lost = change.committed(Position("0a1b2c3d4e5f", change.after.seq))
    enqueue(dynamodb_webhook_jobs, lost)
    before = dynamodb_webhook_jobs.get("w1", 1)

    enqueue(dynamodb_webhook_jobs, change)

    job = dynamodb_webhook_jobs.get("w1", 1)
    assert before is None
    assert job is not None
    assert job.change == change


@pytest.mark.parametrize(
    ("wait_s", "lost_after"),
    [
        (-1.0, OVERDUE_AFTER),
        (5.2, OVERDUE_AFTER),
        (WAKE_UP_WAIT_MAX_S, OVERDUE_AFTER),
        (WAKE_UP_WAIT_MAX_S + 0.001, timedelta(0)),
    ],
)
def test_a_job_that_waits_for_a_short_time_keeps_its_wakeup(
    dynamodb_webhook_jobs: DynamoWebhookJobs,
    change: Change,
    clock: ManualClock,
    wait_s: float,
    lost_after: timedelta,
) -> None:
    enqueue(dynamodb_webhook_jobs, change)
    sent_wakeups(dynamodb_webhook_jobs)
    job = dynamodb_webhook_jobs.get("w1", 1)
    assert job is not None

    until = clock.now() + timedelta(seconds=wait_s)
    dynamodb_webhook_jobs.postpone(job, at=clock.now(), until=until, reason="HTTP 500")
    at_once = sent_wakeups(dynamodb_webhook_jobs)
    clock.set(until + lost_after - SECOND / 1000)
    early = dynamodb_webhook_jobs.requeue_overdue("w1", 10)
    clock.set(until + lost_after)
    late = dynamodb_webhook_jobs.requeue_overdue("w1", 10)

    assert at_once == []
    assert (early, late) == (0, 1)


def test_a_longer_wait_gets_one_wakeup_from_requeueing_when_it_is_over(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    enqueue(dynamodb_webhook_jobs, change)
    sent_wakeups(dynamodb_webhook_jobs)
    job = dynamodb_webhook_jobs.get("w1", 1)
    assert job is not None
    dynamodb_webhook_jobs.postpone(
        job, at=clock.now(), until=clock.now() + timedelta(hours=2), reason="HTTP 500"
    )

    counts = []
    for step in (2 * timedelta(hours=1) - SECOND, SECOND, SECOND, OVERDUE_AFTER):
        clock.advance(step)
        counts.append(dynamodb_webhook_jobs.requeue_overdue("w1", 10))

    assert counts == [0, 1, 0, 1]
    assert sent_wakeups(dynamodb_webhook_jobs) == [JobKey("w1", 1)] * 2


def test_a_job_whose_wakeup_was_lost_gets_another_one(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    enqueue(dynamodb_webhook_jobs, change)
    sent_wakeups(dynamodb_webhook_jobs)

    early = dynamodb_webhook_jobs.requeue_overdue("w1", 10)
    clock.advance(OVERDUE_AFTER)
    late = dynamodb_webhook_jobs.requeue_overdue("w1", 10)

    assert (early, late) == (0, 1)
    assert sent_wakeups(dynamodb_webhook_jobs) == [JobKey("w1", 1)]


def test_requeueing_skips_jobs_that_are_finished_or_of_another_webhook(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    enqueue(dynamodb_webhook_jobs, change, "w1", "w2", "w3")
    for name in ("w1", "w2"):
        job = dynamodb_webhook_jobs.get(name, 1)
        assert job is not None
        if name == "w1":
            dynamodb_webhook_jobs.mark_delivered(job, at=clock.now())
        else:
            dynamodb_webhook_jobs.give_up(job, at=clock.now(), reason="no", attempts=1)
    clock.advance(OVERDUE_AFTER)

    counts = [dynamodb_webhook_jobs.requeue_overdue(name, 10) for name in ("w1", "w2", "w3")]

    assert counts == [0, 0, 1]


def test_requeueing_takes_the_oldest_jobs_up_to_its_limit(
    dynamodb_webhook_jobs: DynamoWebhookJobs,
    dynamodb_incidents: DynamoIncidents,
    clock: ManualClock,
) -> None:
    for _ in range(3):
        enqueue(dynamodb_webhook_jobs, dynamodb_incidents.commit(creation()).change)
    sent_wakeups(dynamodb_webhook_jobs)
    clock.advance(OVERDUE_AFTER)

    counts = [dynamodb_webhook_jobs.requeue_overdue("w1", 2) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert [key.seq for key in sent_wakeups(dynamodb_webhook_jobs)] == [1, 2, 3]


def test_retried_dead_letters_get_wakeups(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    enqueue(dynamodb_webhook_jobs, change)
    sent_wakeups(dynamodb_webhook_jobs)
    job = dynamodb_webhook_jobs.get("w1", 1)
    assert job is not None
    dynamodb_webhook_jobs.give_up(job, at=clock.now(), reason="no", attempts=10)

    count = dynamodb_webhook_jobs.retry("w1", at=clock.now())

    assert count == 1
    assert sent_wakeups(dynamodb_webhook_jobs) == [JobKey("w1", 1)]


def test_enqueueing_again_after_a_lost_answer_changes_nothing(
    wire: FaultyWire, dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    table = JobTable(wire.client, dynamodb_webhook_jobs.table.name)
    jobs = DynamoWebhookJobs(table, dynamodb_webhook_jobs.feed, SentWakeUps(), clock)
    wire.next("PutItem", answer_lost)
    with pytest.raises(Unavailable):
        enqueue(jobs, change)
    clock.advance(SECOND)

    enqueue(jobs, change)

    job = jobs.get("w1", 1)
    assert job is not None
    assert job.created_at == clock.now() - SECOND
    assert sent_wakeups(jobs) == [JobKey("w1", 1)]


def test_a_job_that_cannot_be_written_is_unavailable(
    wire: FaultyWire, dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    enqueue(dynamodb_webhook_jobs, change)
    table = JobTable(wire.client, dynamodb_webhook_jobs.table.name)
    jobs = DynamoWebhookJobs(table, dynamodb_webhook_jobs.feed, SentWakeUps(), clock)
    job = jobs.get("w1", 1)
    assert job is not None
    wire.next("UpdateItem", refusal("ProvisionedThroughputExceededException"))

    with pytest.raises(Unavailable):
        jobs.postpone(job, at=clock.now(), until=clock.now(), reason="HTTP 500")

    assert sent_wakeups(jobs) == []


def test_a_wakeup_that_a_clock_ahead_has_put_off_is_requeued(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    enqueue(dynamodb_webhook_jobs, change)
    clock.advance(timedelta(hours=1))
    ahead = dynamodb_webhook_jobs.requeue_overdue("w1", 10)
    sent_wakeups(dynamodb_webhook_jobs)
    clock.advance(-timedelta(hours=1))

    counts = [dynamodb_webhook_jobs.requeue_overdue("w1", 10) for _ in range(2)]

    assert (ahead, counts) == (1, [1, 0])
    assert sent_wakeups(dynamodb_webhook_jobs) == [JobKey("w1", 1)]
