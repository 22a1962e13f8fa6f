"""Telling webhooks: whom a change is owed to, what each answer means, and the waits between."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.webhooks.delivery import (
    JITTER,
    PLAN_BATCH,
    RETRY_AFTER_S,
    TRIES,
    DeliverWebhook,
    FollowFeed,
    PlanWebhooks,
    Tried,
)
from alerta_utec.webhooks.model import Secret, State, Webhook
from alerta_utec.webhooks.ports import Answer, WebhookJob
from tests.contract.builders import T0, creation, webhook
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

SECOND = timedelta(seconds=1)
DAY_S = 24 * 3600.0


class House:
    """Everything in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        stored = TemporaryStore()
        self.store, self.webhooks = stored.incidents, stored.webhooks
        self.jobs = stored.webhook_jobs
        self.sender = FakeWebhookSender()
        self.deliveries = FakeDeliveries()
        self.plan = PlanWebhooks(self.webhooks, self.jobs, self.clock)
        self.follow = FollowFeed(self.store, self.webhooks, self.jobs, self.clock)
        self.deliver = DeliverWebhook(
            self.webhooks,
            self.jobs,
            self.sender,
            self.clock,
            Recorder(self.deliveries),
            "/alerta-utec/dev",
            random.Random(7),  # noqa: S311 (jitter, no secret)
        )

    def add(self, **fields: Any) -> Webhook:
        added = webhook(**fields)
        self.webhooks.save(added)
        return added

    def commit(self, **fields: Any) -> Change:
        return self.store.commit(creation(at=self.clock.now(), **fields)).change

    def owed(self, own: Webhook) -> Sequence[WebhookJob]:
        return self.jobs.due(own.webhook_id, self.clock.now() + timedelta(days=9), 10_000)

    def owe(self, own: Webhook) -> WebhookJob:
        self.plan(self.commit())
        return self.owed(own)[-1]

    def waits_s(self, own: Webhook, answer: Answer) -> Sequence[float]:
        """The waits between the tries of one job that is always answered so."""
        waits = []
        while jobs := self.owed(own):
            self.clock.set(jobs[0].next_try_at)
            self.sender.answers = [answer]
            until = self.deliver(jobs[0]).until
            if until is not None:
                waits.append((until - self.clock.now()).total_seconds())
        return waits

    def outcome(self, job: WebhookJob) -> dict[str, Any]:
        (delivery,) = self.deliveries.for_incident(job.change.incident_id)
        assert delivery.channel == f"webhook:{job.webhook_id}"
        return dict(delivery.outcome)


@pytest.fixture
def house() -> House:
    return House()


def test_a_change_is_owed_to_those_whom_it_concerns(house: House) -> None:
    everything, high = house.add(), house.add(filter={"urgency": ["high"]})
    paused = house.add()
    house.webhooks.save(paused.next(state=State.PAUSED))

    told = [set(house.plan(house.commit(urgency=urgency))) for urgency in ("low", "high")]

    both = {everything.webhook_id, high.webhook_id}
    assert told == [{everything.webhook_id}, both]
    assert [len(house.owed(own)) for own in (everything, high, paused)] == [2, 1, 0]


def test_a_change_that_is_brought_twice_is_owed_once(house: House) -> None:
    own, change = house.add(), house.commit()

    for _ in range(2):
        assert house.plan(change) == (own.webhook_id,)

    assert [job.change for job in house.owed(own)] == [change]


def test_the_feed_is_followed_to_its_end_and_only_once(house: House) -> None:
    own = house.add()
    changes = [house.commit() for _ in range(PLAN_BATCH + 1)]

    more = [house.follow() for _ in range(3)]

    assert more == [True, False, False]
    assert [job.change for job in house.owed(own)] == changes
    assert house.jobs.planned_seq() == len(changes)


def test_who_comes_while_the_feed_is_read_hears_of_what_comes_after(house: House) -> None:
    house.add()
    house.commit()
    read, came = house.store.changes, list[Webhook]()

    def late(**wanted: int) -> Sequence[Change]:
        if not came:
            came.append(house.add(since_seq=house.store.position().seq))
            house.commit()
        return read(**wanted)

    house.store.changes = late  # type: ignore[method-assign]
    while house.follow():
        pass

    assert [job.change.after.seq for job in house.owed(came[0])] == [2]


def test_what_concerns_nobody_is_passed_by(house: House) -> None:
    own = house.add(filter={"urgency": ["high"]})
    house.commit(urgency="low")

    house.follow()

    assert house.owed(own) == []
    assert house.jobs.planned_seq() == 1


def test_whoever_comes_later_hears_nothing_of_before_nor_has_it_read(house: House) -> None:
    for _ in range(3 * PLAN_BATCH):
        house.commit()
    assert not house.follow()
    own = house.add(since_seq=house.store.position().seq)
    after = house.commit()

    more = house.follow()

    assert not more
    assert [job.change for job in house.owed(own)] == [after]


def test_a_change_that_was_passed_by_while_paused_is_not_owed_afterwards(house: House) -> None:
    own = house.add()
    house.webhooks.save(own.next(state=State.PAUSED))
    house.commit()
    house.follow()
    resumed = house.webhooks.get(own.webhook_id)
    assert resumed is not None
    house.webhooks.save(resumed.next(state=State.ACTIVE))
    after = house.commit()

    house.follow()

    assert [job.change for job in house.owed(own)] == [after]


def test_a_2xx_ends_the_job(house: House) -> None:
    own = house.add()
    job = house.owe(own)
    house.sender.answers = [Answer(202)]

    tried = house.deliver(job)

    assert tried.outcome == "sent"
    assert house.owed(own) == []
    assert house.outcome(job) == {"result": "sent", "attempts": 1}
    (post,) = house.sender.posts
    assert post.url == own.url
    assert post.headers["webhook-id"].startswith("msg_")


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (Answer(301), "HTTP 301"),
        (Answer(400), "HTTP 400"),
        (Answer(404), "HTTP 404"),
        (Answer(500), "HTTP 500"),
        (Answer(none="timeout"), "timeout"),
        (Answer(none="unreachable"), "unreachable"),
        (Answer(none="private_address"), "private_address"),
    ],
)
def test_anything_else_is_tried_again(house: House, answer: Answer, because: str) -> None:
    own = house.add()
    job = house.owe(own)
    house.sender.answers = [answer]

    tried = house.deliver(job)

    (left,) = house.owed(own)
    assert tried.outcome == "failed"
    assert (left.attempts, left.next_try_at) == (1, tried.until)
    assert house.outcome(job) == {"result": "failed", "because": because, "attempts": 1}


def test_the_waits_are_those_of_the_specification_and_a_little_longer(house: House) -> None:
    own = house.add()
    job = house.owe(own)

    waits = house.waits_s(own, Answer(500))

    pairs = list(zip(RETRY_AFTER_S, waits, strict=True))
    assert RETRY_AFTER_S == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert all(table <= wait <= table * (1 + JITTER) for table, wait in pairs)
    assert len({round(wait / table, 6) for table, wait in pairs}) > 1
    assert house.outcome(job) == {
        "result": "given_up",
        "because": "HTTP 500",
        "attempts": TRIES,
    }


def test_after_the_last_try_the_job_is_a_dead_letter(house: House) -> None:
    own = house.add()
    job = house.owe(own)

    house.waits_s(own, Answer(none="timeout"))

    (dead,) = house.jobs.given_up(own.webhook_id, 10)
    assert (dead.change, dead.attempts, dead.reason) == (job.change, TRIES, "timeout")
    assert len(house.sender.posts) == TRIES
    assert house.webhooks.get(own.webhook_id) == own


def test_every_try_has_the_same_id_and_body_and_its_own_time(house: House) -> None:
    own = house.add()
    house.owe(own)

    house.waits_s(own, Answer(503))

    assert len({post.headers["webhook-id"] for post in house.sender.posts}) == 1
    assert len({post.body for post in house.sender.posts}) == 1
    assert len({post.headers["webhook-timestamp"] for post in house.sender.posts}) == TRIES


@pytest.mark.parametrize(
    ("answer", "least_s", "most_s"),
    [
        (Answer(429, retry_after_s=60), 60, 60),
        (Answer(503, retry_after_s=60), 60, 60),
        (Answer(503, retry_after_s=1), 5, 6),
        (Answer(429, retry_after_s=9e9), DAY_S, DAY_S),
        (Answer(429), 5, 6),
        (Answer(500, retry_after_s=60), 5, 6),
    ],
)
def test_a_receiver_that_is_busy_is_given_the_time_that_it_asks_for(
    house: House, answer: Answer, least_s: float, most_s: float
) -> None:
    own = house.add()
    job = house.owe(own)
    house.sender.answers = [answer]

    until = house.deliver(job).until

    assert until is not None
    assert least_s <= (until - T0).total_seconds() <= most_s


def test_one_that_is_gone_is_sent_nothing_more(house: House) -> None:
    own = house.add()
    jobs = [house.owe(own), house.owe(own)]
    house.sender.answers = [Answer(410)]

    tried = [house.deliver(job) for job in jobs]

    kept = house.webhooks.get(own.webhook_id)
    assert kept is not None
    assert kept.state is State.GONE
    assert [(one.outcome, one.because) for one in tried] == [
        ("given_up", "HTTP 410"),
        ("given_up", "gone"),
    ]
    assert len(house.sender.posts) == 1
    assert house.plan(house.commit()) == ()
    dead = house.jobs.given_up(own.webhook_id, 10)
    assert [(one.reason, one.attempts) for one in dead] == [("gone", 0), ("HTTP 410", 1)]


def test_one_that_somebody_has_changed_meanwhile_is_not_taken_for_gone(house: House) -> None:
    own = house.add()
    job = house.owe(own)
    house.sender.answers = [Answer(410)]
    tried = house.deliver.attempt(job)
    house.webhooks.save(own.next(url="https://nuevo.example/"))

    house.deliver.keep(job, tried)

    kept = house.webhooks.get(own.webhook_id)
    assert kept is not None
    assert kept.state is State.ACTIVE


def test_what_is_owed_to_one_that_is_paused_can_be_had_later(house: House) -> None:
    own = house.add()
    job = house.owe(own)
    paused = own.next(state=State.PAUSED)
    house.webhooks.save(paused)
    house.deliver(job)
    house.webhooks.save(paused.next(state=State.ACTIVE))

    house.jobs.retry(own.webhook_id, at=house.clock.now())

    (again,) = house.owed(own)
    assert house.deliver(again).outcome == "sent"
    assert house.outcome(job) == {"result": "sent", "attempts": 1}


def test_a_job_whose_webhook_was_deleted_is_dropped(house: House) -> None:
    own = house.add()
    job = house.owe(own)
    house.webhooks.delete(own.webhook_id)

    tried = house.deliver(job)

    assert tried == Tried("dropped")
    assert house.sender.posts == []
    assert house.deliveries.for_incident(job.change.incident_id) == ()


def test_it_is_signed_by_both_secrets_until_the_old_one_ends(house: House) -> None:
    own = house.add()
    house.webhooks.save(own.rotated(Secret.new(), T0))

    counts = []
    for hours in (0, 23, 24):
        house.clock.set(T0 + timedelta(hours=hours))
        house.deliver(house.owe(own))
        counts.append(house.sender.posts[-1].headers["webhook-signature"].count("v1,"))

    assert counts == [2, 2, 1]


def test_a_defect_of_ours_is_a_failure_like_another(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    own = house.add()
    job = house.owe(own)

    class Broken:
        def post(self, *_arguments: object) -> Answer:
            raise RuntimeError("broken")

    broken = DeliverWebhook(
        house.webhooks, house.jobs, Broken(), house.clock, house.deliver.recorder, "/x"
    )

    assert broken(job).because == "internal"
    assert house.owed(own)[0].attempts == 1
    assert "webhook_failed" in caplog.text
