"""Which bells are rung for what is owed to webhooks, and when."""

from datetime import timedelta

import pytest

from alerta_utec.adapters.aws.dynamodb.incidents import DynamoIncidents
from alerta_utec.domain.change import Change, Position
from alerta_utec.domain.errors import Unavailable
from alerta_utec.webhooks.aws.items import OVERDUE_AFTER
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.queue import DELAY_MAX_S, Bell
from tests.contract.aws import RungBells
from tests.contract.builders import creation
from tests.fakes.clock import ManualClock
from tests.unit.adapters_aws.faults import FaultyWire, answer_lost, refusal

SECOND = timedelta(seconds=1)


def rung(jobs: DynamoWebhookJobs) -> list[tuple[Bell, int]]:
    """What has been rung since the last time."""
    assert isinstance(jobs.bells, RungBells)
    found = list(jobs.bells.rung)
    jobs.bells.rung.clear()
    return found


@pytest.fixture
def change(dynamodb_incidents: DynamoIncidents) -> Change:
    """The first change of the feed."""
    return dynamodb_incidents.commit(creation()).change


def owe(jobs: DynamoWebhookJobs, change: Change, *names: str) -> None:
    jobs.owe(change, names or ("w1",), at=jobs.clock.now())


def test_a_job_is_rung_for_when_it_is_owed_and_again_where_that_is_repeated(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change
) -> None:
    owe(dynamodb_webhook_jobs, change, "w1", "w2")
    first = rung(dynamodb_webhook_jobs)
    owe(dynamodb_webhook_jobs, change, "w1", "w2")

    assert first == [(Bell("w1", 1), 0), (Bell("w2", 1), 0)]
    assert rung(dynamodb_webhook_jobs) == first


def test_the_same_seq_of_a_restored_feed_is_another_change(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change
) -> None:
    lost = change.committed(Position("0a1b2c3d4e5f", change.after.seq))
    owe(dynamodb_webhook_jobs, lost)
    of_the_lost = dynamodb_webhook_jobs.get("w1", 1)

    owe(dynamodb_webhook_jobs, change)

    job = dynamodb_webhook_jobs.get("w1", 1)
    assert of_the_lost is None
    assert job is not None
    assert job.change == change


@pytest.mark.parametrize(
    ("wait_s", "after_s"),
    [(-1.0, 0), (0.0, 0), (5.2, 6), (DELAY_MAX_S, DELAY_MAX_S), (DELAY_MAX_S + 0.001, None)],
)
def test_a_wait_that_a_bell_can_last_is_rung_for_at_once(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, wait_s: float, after_s: int | None
) -> None:
    owe(dynamodb_webhook_jobs, change)
    rung(dynamodb_webhook_jobs)
    job = dynamodb_webhook_jobs.get("w1", 1)
    assert job is not None

    until = dynamodb_webhook_jobs.clock.now() + timedelta(seconds=wait_s)
    dynamodb_webhook_jobs.postpone(job, until=until, reason="HTTP 500")

    assert rung(dynamodb_webhook_jobs) == ([] if after_s is None else [(Bell("w1", 1), after_s)])


def test_a_longer_wait_is_rung_for_by_a_reminder_when_it_is_over_and_once(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    owe(dynamodb_webhook_jobs, change)
    rung(dynamodb_webhook_jobs)
    job = dynamodb_webhook_jobs.get("w1", 1)
    assert job is not None
    dynamodb_webhook_jobs.postpone(job, until=clock.now() + timedelta(hours=2), reason="HTTP 500")

    counts = []
    for step in (2 * timedelta(hours=1) - SECOND, SECOND, SECOND, OVERDUE_AFTER):
        clock.advance(step)
        counts.append(dynamodb_webhook_jobs.remind("w1", 10))

    assert counts == [0, 1, 0, 1]
    assert rung(dynamodb_webhook_jobs) == [(Bell("w1", 1), 0)] * 2


def test_a_job_whose_bell_nobody_heard_is_rung_for_once_more(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    owe(dynamodb_webhook_jobs, change)
    rung(dynamodb_webhook_jobs)

    early = dynamodb_webhook_jobs.remind("w1", 10)
    clock.advance(OVERDUE_AFTER)
    late = dynamodb_webhook_jobs.remind("w1", 10)

    assert (early, late) == (0, 1)
    assert rung(dynamodb_webhook_jobs) == [(Bell("w1", 1), 0)]


def test_nobody_is_reminded_of_what_is_done_given_up_or_another_s(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    owe(dynamodb_webhook_jobs, change, "w1", "w2", "w3")
    for name in ("w1", "w2"):
        job = dynamodb_webhook_jobs.get(name, 1)
        assert job is not None
        if name == "w1":
            dynamodb_webhook_jobs.delivered(job, at=clock.now())
        else:
            dynamodb_webhook_jobs.give_up(job, at=clock.now(), reason="no", attempts=1)
    clock.advance(OVERDUE_AFTER)

    counts = [dynamodb_webhook_jobs.remind(name, 10) for name in ("w1", "w2", "w3")]

    assert counts == [0, 0, 1]


def test_a_reminder_rings_for_so_many_the_oldest_first(
    dynamodb_webhook_jobs: DynamoWebhookJobs,
    dynamodb_incidents: DynamoIncidents,
    clock: ManualClock,
) -> None:
    for _ in range(3):
        owe(dynamodb_webhook_jobs, dynamodb_incidents.commit(creation()).change)
    rung(dynamodb_webhook_jobs)
    clock.advance(OVERDUE_AFTER)

    counts = [dynamodb_webhook_jobs.remind("w1", 2) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert [bell.seq for bell, _ in rung(dynamodb_webhook_jobs)] == [1, 2, 3]


def test_dead_letters_that_are_owed_again_are_rung_for(
    dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    owe(dynamodb_webhook_jobs, change)
    rung(dynamodb_webhook_jobs)
    job = dynamodb_webhook_jobs.get("w1", 1)
    assert job is not None
    dynamodb_webhook_jobs.give_up(job, at=clock.now(), reason="no", attempts=10)

    count = dynamodb_webhook_jobs.retry("w1", at=clock.now())

    assert count == 1
    assert rung(dynamodb_webhook_jobs) == [(Bell("w1", 1), 0)]


def test_owing_once_more_after_an_answer_that_was_lost_changes_nothing(
    wire: FaultyWire, dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    jobs = DynamoWebhookJobs(
        wire.client, dynamodb_webhook_jobs.table, dynamodb_webhook_jobs.feed, RungBells(), clock
    )
    wire.next("PutItem", answer_lost)
    with pytest.raises(Unavailable):
        owe(jobs, change)
    clock.advance(SECOND)

    owe(jobs, change)

    job = jobs.get("w1", 1)
    assert job is not None
    assert job.created_at == clock.now() - SECOND
    assert rung(jobs) == [(Bell("w1", 1), 0)]


def test_what_cannot_be_written_is_unavailable(
    wire: FaultyWire, dynamodb_webhook_jobs: DynamoWebhookJobs, change: Change, clock: ManualClock
) -> None:
    owe(dynamodb_webhook_jobs, change)
    jobs = DynamoWebhookJobs(
        wire.client, dynamodb_webhook_jobs.table, dynamodb_webhook_jobs.feed, RungBells(), clock
    )
    job = jobs.get("w1", 1)
    assert job is not None
    wire.next("UpdateItem", refusal("ProvisionedThroughputExceededException"))

    with pytest.raises(Unavailable):
        jobs.postpone(job, until=clock.now(), reason="HTTP 500")

    assert rung(jobs) == []
