"""``WebhookJobs``: a job is pending until it is delivered or given up."""

from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.change import Change
from alerta_utec.webhooks.job import CLOCK_SKEW, DeadLetter, WebhookJob
from alerta_utec.webhooks.model import Webhook
from tests.contract.builders import T0, creation, update, webhook

SECOND = timedelta(seconds=1)
LATER = T0 + timedelta(days=10)


@pytest.fixture
def one(webhooks: Any) -> Webhook:
    return _saved(webhooks)


def _saved(webhooks: Any, **fields: Any) -> Webhook:
    saved = webhook(**fields)
    webhooks.registry.save(saved)
    return saved


def _enqueue(webhooks: Any, *ids: str, **fields: Any) -> Change:
    change: Change = webhooks.incidents.commit(creation(**fields)).change
    webhooks.jobs.enqueue(change, ids, at=T0)
    return change


def test_a_new_webhook_has_no_job(webhooks: Any, one: Webhook) -> None:
    assert webhooks.jobs.next_at(one.webhook_id) is None
    assert list(webhooks.jobs.due(one.webhook_id, LATER, 10)) == []
    assert list(webhooks.jobs.dead_letters(one.webhook_id, 10)) == []
    assert webhooks.jobs.get(one.webhook_id, 1) is None


def test_a_change_is_enqueued_for_the_named_webhooks(webhooks: Any, one: Webhook) -> None:
    other, third = (_saved(webhooks, at=T0 + n * SECOND) for n in (1, 2))

    change = _enqueue(webhooks, one.webhook_id, third.webhook_id)

    job = WebhookJob(one.webhook_id, change, created_at=T0, next_try_at=T0)
    assert list(webhooks.jobs.due(one.webhook_id, T0, 10)) == [job]
    assert webhooks.jobs.get(one.webhook_id, change.after.seq) == job
    assert list(webhooks.jobs.due(other.webhook_id, LATER, 10)) == []
    assert len(webhooks.jobs.due(third.webhook_id, T0, 10)) == 1


def test_a_job_has_the_state_before_its_change(webhooks: Any, one: Webhook) -> None:
    before = webhooks.incidents.commit(creation(user="ana")).change.after
    change = webhooks.incidents.commit(update(before, note="ya van", by="luz")).change

    webhooks.jobs.enqueue(change, [one.webhook_id], at=T0)

    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)
    assert job.change == change


def test_enqueueing_a_change_again_never_changes_its_job(webhooks: Any, one: Webhook) -> None:
    waiting, sent, lost = (_enqueue(webhooks, one.webhook_id) for _ in range(3))
    jobs = webhooks.jobs.due(one.webhook_id, T0, 10)
    webhooks.jobs.postpone(jobs[0], at=T0, until=LATER, reason="timeout")
    webhooks.jobs.mark_delivered(jobs[1], at=T0)
    webhooks.jobs.give_up(jobs[2], at=T0, reason="HTTP 500", attempts=10)

    for change in (waiting, sent, lost):
        webhooks.jobs.enqueue(change, [one.webhook_id], at=T0 + SECOND)

    assert webhooks.jobs.next_at(one.webhook_id) == LATER
    (left,) = webhooks.jobs.due(one.webhook_id, LATER, 10)
    assert (left.change, left.attempts, left.created_at) == (waiting, 1, T0)


def test_a_job_is_due_from_its_time_on(webhooks: Any, one: Webhook) -> None:
    _enqueue(webhooks, one.webhook_id)
    microsecond = timedelta(microseconds=1)

    due = [len(webhooks.jobs.due(one.webhook_id, T0 + n * microsecond, 9)) for n in (-1, 0, 1)]

    assert webhooks.jobs.next_at(one.webhook_id) == T0
    assert due == [0, 1, 1]


def test_due_returns_the_oldest_changes_up_to_its_limit(webhooks: Any, one: Webhook) -> None:
    changes = [_enqueue(webhooks, one.webhook_id) for _ in range(4)]
    first, *_ = webhooks.jobs.due(one.webhook_id, T0, 1)
    webhooks.jobs.postpone(first, at=T0, until=T0 + 60 * SECOND, reason="timeout")

    before, after = (
        [job.change for job in webhooks.jobs.due(one.webhook_id, at, limit)]
        for at, limit in ((T0 + 59 * SECOND, 10), (T0 + 60 * SECOND, 3))
    )

    assert before == changes[1:]
    assert after == changes[:3]


def test_next_at_is_the_earliest_time_of_a_pending_job(webhooks: Any, one: Webhook) -> None:
    _enqueue(webhooks, one.webhook_id)
    _enqueue(webhooks, one.webhook_id)
    first, second = webhooks.jobs.due(one.webhook_id, T0, 10)

    webhooks.jobs.postpone(first, at=T0, until=T0 + 60 * SECOND, reason="timeout")
    webhooks.jobs.postpone(second, at=T0, until=T0 + 9 * SECOND, reason="timeout")
    after_one = webhooks.jobs.next_at(one.webhook_id)
    webhooks.jobs.mark_delivered(second, at=T0)
    after_both = webhooks.jobs.next_at(one.webhook_id)

    assert (after_one, after_both) == (T0 + 9 * SECOND, T0 + 60 * SECOND)


def test_a_postponed_job_counts_its_attempts(webhooks: Any, one: Webhook) -> None:
    change = _enqueue(webhooks, one.webhook_id)

    for attempt in range(3):
        (job,) = webhooks.jobs.due(one.webhook_id, LATER, 10)
        assert job.attempts == attempt
        webhooks.jobs.postpone(job, at=T0, until=T0 + attempt * SECOND, reason="HTTP 500")

    job = webhooks.jobs.get(one.webhook_id, change.after.seq)
    assert (job.attempts, job.created_at, job.next_try_at) == (3, T0, T0 + 2 * SECOND)


def test_two_concurrent_attempts_count_as_one(webhooks: Any, one: Webhook) -> None:
    change = _enqueue(webhooks, one.webhook_id)
    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)
    webhooks.jobs.postpone(job, at=T0, until=T0 + SECOND, reason="HTTP 500")

    webhooks.jobs.postpone(job, at=T0, until=LATER, reason="HTTP 500")
    webhooks.jobs.give_up(job, at=T0, reason="HTTP 410", attempts=1)

    left = webhooks.jobs.get(one.webhook_id, change.after.seq)
    assert (left.attempts, left.next_try_at) == (1, T0 + SECOND)


def test_a_delivery_counts_even_if_a_concurrent_attempt_failed(webhooks: Any, one: Webhook) -> None:
    change = _enqueue(webhooks, one.webhook_id)
    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)
    webhooks.jobs.postpone(job, at=T0, until=T0 + SECOND, reason="timeout")

    webhooks.jobs.mark_delivered(job, at=T0)

    assert webhooks.jobs.get(one.webhook_id, change.after.seq) is None
    assert list(webhooks.jobs.due(one.webhook_id, LATER, 10)) == []


def test_a_delivered_job_stays_delivered(webhooks: Any, one: Webhook) -> None:
    change = _enqueue(webhooks, one.webhook_id)
    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)

    webhooks.jobs.mark_delivered(job, at=T0)
    webhooks.jobs.mark_delivered(job, at=T0 + SECOND)
    webhooks.jobs.postpone(job, at=T0, until=T0, reason="tarde")
    webhooks.jobs.give_up(job, at=T0, reason="tarde", attempts=1)

    assert webhooks.jobs.next_at(one.webhook_id) is None
    assert webhooks.jobs.get(one.webhook_id, change.after.seq) is None
    assert list(webhooks.jobs.dead_letters(one.webhook_id, 10)) == []
    assert webhooks.jobs.retry(one.webhook_id, at=T0) == 0


def test_a_job_that_is_given_up_is_a_dead_letter(webhooks: Any, one: Webhook) -> None:
    change = _enqueue(webhooks, one.webhook_id)
    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)

    webhooks.jobs.give_up(job, at=T0 + SECOND, reason="HTTP 500", attempts=10)

    dead = DeadLetter(one.webhook_id, change, T0 + SECOND, 10, "HTTP 500")
    assert list(webhooks.jobs.dead_letters(one.webhook_id, 10)) == [dead]
    assert webhooks.jobs.next_at(one.webhook_id) is None
    assert webhooks.jobs.get(one.webhook_id, change.after.seq) is None


def test_dead_letters_are_listed_the_newest_change_first_up_to_a_limit(
    webhooks: Any, one: Webhook
) -> None:
    other = _saved(webhooks, at=T0 + SECOND)
    changes = [_enqueue(webhooks, one.webhook_id, other.webhook_id) for _ in range(3)]
    for job in webhooks.jobs.due(one.webhook_id, T0, 10):
        webhooks.jobs.give_up(job, at=T0, reason="HTTP 410", attempts=1)

    listed = [dead.change for dead in webhooks.jobs.dead_letters(one.webhook_id, 2)]

    assert listed == [changes[2], changes[1]]
    assert list(webhooks.jobs.dead_letters(other.webhook_id, 10)) == []


def test_a_retry_makes_waiting_jobs_due(webhooks: Any, one: Webhook) -> None:
    waiting, _, due = (_enqueue(webhooks, one.webhook_id) for _ in range(3))
    jobs = webhooks.jobs.due(one.webhook_id, T0, 10)
    webhooks.jobs.postpone(jobs[0], at=T0, until=LATER, reason="timeout")
    webhooks.jobs.mark_delivered(jobs[1], at=T0)

    count = webhooks.jobs.retry(one.webhook_id, at=T0 + SECOND)

    left = webhooks.jobs.due(one.webhook_id, T0 + SECOND, 10)
    assert count == 1
    assert [(job.change, job.attempts, job.next_try_at) for job in left] == [
        (waiting, 1, T0 + SECOND),
        (due, 0, T0),
    ]


def test_a_retry_restarts_dead_letters_with_no_attempts_made(webhooks: Any, one: Webhook) -> None:
    other = _saved(webhooks, at=T0 + SECOND)
    changes = [_enqueue(webhooks, one.webhook_id, other.webhook_id) for _ in range(3)]
    for own in (one, other):
        for job in webhooks.jobs.due(own.webhook_id, T0, 10)[:2]:
            webhooks.jobs.give_up(job, at=T0, reason="HTTP 500", attempts=10)

    count = webhooks.jobs.retry(one.webhook_id, at=T0 + 5 * SECOND)

    due = webhooks.jobs.due(one.webhook_id, T0 + 5 * SECOND, 10)
    assert count == 2
    assert [job.change for job in due] == changes
    assert [(job.attempts, job.next_try_at) for job in due[:2]] == [(0, T0 + 5 * SECOND)] * 2
    assert list(webhooks.jobs.dead_letters(one.webhook_id, 10)) == []
    assert len(webhooks.jobs.dead_letters(other.webhook_id, 10)) == 2


AHEAD = T0 + timedelta(hours=1)


def test_a_wait_that_a_clock_ahead_has_stored_is_shortened_to_its_own_length(
    webhooks: Any, one: Webhook
) -> None:
    _enqueue(webhooks, one.webhook_id)
    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)
    webhooks.jobs.postpone(job, at=AHEAD, until=AHEAD + 300 * SECOND, reason="timeout")

    changed = webhooks.jobs.shorten_waits(one.webhook_id, now=T0)

    assert changed == 1
    assert webhooks.jobs.next_at(one.webhook_id) == T0 + 300 * SECOND
    assert webhooks.jobs.get(one.webhook_id, job.change.after.seq).attempts == 1
    assert webhooks.jobs.shorten_waits(one.webhook_id, now=T0) == 0


def test_what_a_clock_ahead_has_enqueued_or_retried_is_due_at_once(
    webhooks: Any, one: Webhook
) -> None:
    change = webhooks.incidents.commit(creation()).change
    webhooks.jobs.enqueue(change, [one.webhook_id], at=AHEAD)
    _enqueue(webhooks, one.webhook_id)
    (job,) = webhooks.jobs.due(one.webhook_id, T0, 10)
    webhooks.jobs.give_up(job, at=T0, reason="HTTP 500", attempts=10)
    webhooks.jobs.retry(one.webhook_id, at=AHEAD)

    assert webhooks.jobs.shorten_waits(one.webhook_id, now=T0) == 2
    assert len(webhooks.jobs.due(one.webhook_id, T0, 10)) == 2


def test_waits_that_this_clock_has_stored_are_kept(webhooks: Any, one: Webhook) -> None:
    other = _saved(webhooks, at=T0 + SECOND)
    for _ in range(3):
        _enqueue(webhooks, one.webhook_id)
    jobs = webhooks.jobs.due(one.webhook_id, T0, 10)
    day = timedelta(days=1)
    webhooks.jobs.postpone(jobs[0], at=T0, until=T0 + day, reason="HTTP 503")
    webhooks.jobs.postpone(
        jobs[1], at=T0 + CLOCK_SKEW, until=T0 + CLOCK_SKEW + day, reason="HTTP 503"
    )
    webhooks.jobs.mark_delivered(jobs[2], at=AHEAD)

    changed = [webhooks.jobs.shorten_waits(own.webhook_id, now=T0) for own in (one, other)]

    assert changed == [0, 0]
    assert webhooks.jobs.next_at(one.webhook_id) == T0 + day
