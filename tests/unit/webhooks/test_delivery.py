"""Delivery of a job: what each result of the POST means, and the waits between attempts."""

from datetime import timedelta

import pytest

from alerta_utec.webhooks.delivery import (
    ATTEMPTS_MAX,
    JITTER,
    RETRY_AFTER_S,
    Attempt,
    DeliverWebhook,
)
from alerta_utec.webhooks.job import PostResult
from alerta_utec.webhooks.model import Secret, State
from tests.contract.builders import T0
from tests.unit.webhooks.rig import Rig

DAY_S = 24 * 3600.0


def test_a_2xx_response_ends_the_job(rig: Rig) -> None:
    own = rig.add()
    job = rig.pending_job(own)
    rig.sender.results = [PostResult(202)]

    attempt = rig.delivery.deliver(job)

    assert attempt.outcome == "sent"
    assert rig.pending(own) == []
    assert rig.outcome(job) == {"result": "sent", "attempts": 1}
    (post,) = rig.sender.posts
    assert post.url == own.url
    assert post.headers["webhook-id"].startswith("msg_")


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (PostResult(301), "HTTP 301"),
        (PostResult(400), "HTTP 400"),
        (PostResult(404), "HTTP 404"),
        (PostResult(500), "HTTP 500"),
        (PostResult(failure="timeout"), "timeout"),
        (PostResult(failure="unreachable"), "unreachable"),
        (PostResult(failure="private_address"), "private_address"),
    ],
)
def test_any_other_result_schedules_a_retry(rig: Rig, result: PostResult, reason: str) -> None:
    own = rig.add()
    job = rig.pending_job(own)
    rig.sender.results = [result]

    attempt = rig.delivery.deliver(job)

    (left,) = rig.pending(own)
    assert attempt.outcome == "failed"
    assert (left.attempts, left.next_try_at) == (1, attempt.retry_at)
    assert rig.outcome(job) == {"result": "failed", "because": reason, "attempts": 1}


def test_the_waits_are_those_of_the_specification_plus_jitter(rig: Rig) -> None:
    own = rig.add()
    job = rig.pending_job(own)

    waits = rig.waits_s(own, PostResult(500))

    pairs = list(zip(RETRY_AFTER_S, waits, strict=True))
    assert RETRY_AFTER_S == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert all(table <= wait <= table * (1 + JITTER) for table, wait in pairs)
    assert len({round(wait / table, 6) for table, wait in pairs}) > 1
    assert rig.outcome(job) == {
        "result": "given_up",
        "because": "HTTP 500",
        "attempts": ATTEMPTS_MAX,
    }


def test_a_job_is_a_dead_letter_after_the_last_attempt(rig: Rig) -> None:
    own = rig.add()
    job = rig.pending_job(own)

    rig.waits_s(own, PostResult(failure="timeout"))

    (dead,) = rig.jobs.dead_letters(own.webhook_id, 10)
    assert (dead.change, dead.attempts, dead.reason) == (job.change, ATTEMPTS_MAX, "timeout")
    assert len(rig.sender.posts) == ATTEMPTS_MAX
    assert rig.webhooks.get(own.webhook_id) == own


def test_every_attempt_has_the_same_id_and_body_and_its_own_time(rig: Rig) -> None:
    own = rig.add()
    rig.pending_job(own)

    rig.waits_s(own, PostResult(503))

    assert len({post.headers["webhook-id"] for post in rig.sender.posts}) == 1
    assert len({post.body for post in rig.sender.posts}) == 1
    assert len({post.headers["webhook-timestamp"] for post in rig.sender.posts}) == ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("result", "least_s", "most_s"),
    [
        (PostResult(429, retry_after_s=60), 60, 60),
        (PostResult(503, retry_after_s=60), 60, 60),
        (PostResult(503, retry_after_s=1), 5, 6),
        (PostResult(429, retry_after_s=9e9), DAY_S, DAY_S),
        (PostResult(429), 5, 6),
        (PostResult(500, retry_after_s=60), 5, 6),
    ],
)
def test_a_busy_receiver_gets_the_wait_that_it_asks_for(
    rig: Rig, result: PostResult, least_s: float, most_s: float
) -> None:
    own = rig.add()
    job = rig.pending_job(own)
    rig.sender.results = [result]

    until = rig.delivery.deliver(job).retry_at

    assert until is not None
    assert least_s <= (until - T0).total_seconds() <= most_s


def test_a_webhook_whose_receiver_answers_410_is_sent_nothing_more(rig: Rig) -> None:
    own = rig.add()
    jobs = [rig.pending_job(own), rig.pending_job(own)]
    rig.sender.results = [PostResult(410)]

    attempts = [rig.delivery.deliver(job) for job in jobs]

    kept = rig.webhooks.get(own.webhook_id)
    assert kept is not None
    assert kept.state is State.GONE
    assert [(one.outcome, one.reason) for one in attempts] == [
        ("given_up", "HTTP 410"),
        ("given_up", "gone"),
    ]
    assert len(rig.sender.posts) == 1
    assert rig.enqueue.enqueue(rig.commit()) == ()
    dead = rig.jobs.dead_letters(own.webhook_id, 10)
    assert [(one.reason, one.attempts) for one in dead] == [("gone", 0), ("HTTP 410", 1)]


def test_a_webhook_changed_during_an_attempt_is_not_marked_as_gone(rig: Rig) -> None:
    own = rig.add()
    job = rig.pending_job(own)
    rig.sender.results = [PostResult(410)]
    attempt = rig.delivery.attempt(job)
    rig.webhooks.save(own.next(url="https://nuevo.example/"))

    rig.delivery.store(job, attempt)

    kept = rig.webhooks.get(own.webhook_id)
    assert kept is not None
    assert kept.state is State.ACTIVE


def test_the_jobs_of_a_paused_webhook_can_be_retried_later(rig: Rig) -> None:
    own = rig.add()
    job = rig.pending_job(own)
    paused = own.next(state=State.PAUSED)
    rig.webhooks.save(paused)
    rig.delivery.deliver(job)
    rig.webhooks.save(paused.next(state=State.ACTIVE))

    rig.jobs.retry(own.webhook_id, at=rig.clock.now())

    (again,) = rig.pending(own)
    assert rig.delivery.deliver(again).outcome == "sent"
    assert rig.outcome(job) == {"result": "sent", "attempts": 1}


def test_a_job_whose_webhook_was_deleted_is_dropped(rig: Rig) -> None:
    own = rig.add()
    job = rig.pending_job(own)
    rig.webhooks.delete(own.webhook_id)

    attempt = rig.delivery.deliver(job)

    assert attempt == Attempt("dropped")
    assert rig.sender.posts == []
    assert rig.deliveries.for_incident(job.change.incident_id) == ()


def test_an_event_is_signed_with_both_secrets_until_the_old_one_expires(rig: Rig) -> None:
    own = rig.add()
    rig.webhooks.save(own.rotated(Secret.new(), T0))

    counts = []
    for hours in (0, 23, 24):
        rig.clock.set(T0 + timedelta(hours=hours))
        rig.delivery.deliver(rig.pending_job(own))
        counts.append(rig.sender.posts[-1].headers["webhook-signature"].count("v1,"))

    assert counts == [2, 2, 1]


def test_a_defect_in_the_service_is_a_failed_attempt(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    own = rig.add()
    job = rig.pending_job(own)

    class Broken:
        def post(self, *_arguments: object) -> PostResult:
            raise RuntimeError("broken")

    broken = DeliverWebhook(
        rig.webhooks, rig.jobs, Broken(), rig.clock, rig.delivery.recorder, "/x"
    )

    assert broken.deliver(job).reason == "internal"
    assert rig.pending(own)[0].attempts == 1
    assert "webhook_failed" in caplog.text
