"""``MailQueue``: later and later, never for ever, and each for itself."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.adapters.memory import (
    ManualClock,
    MemoryDeliveries,
    MemoryIncidents,
    MemoryMailer,
)
from alerta_utec.app.alarm import Alarm
from alerta_utec.app.email import compose
from alerta_utec.app.mail_queue import BATCH, FIRST_DELAY_S, GIVE_UP_AFTER, MAX_DELAY_S, MailQueue
from alerta_utec.app.records import Recorder
from alerta_utec.ports import Email
from tests.contract.builders import T0, creation

SECOND = timedelta(seconds=1)
LIMA = ZoneInfo("America/Lima")


class Post:
    """A queue in memory, with its clock, store and mailer."""

    def __init__(self, mailer: Any = None) -> None:
        self.clock = ManualClock(T0)
        self.store = MemoryIncidents()
        self.mailer = mailer or MemoryMailer()
        self.deliveries = MemoryDeliveries()
        record = Recorder(self.deliveries)
        alarm = Alarm(self.mailer, LIMA, self.clock, record)
        self.queue = MailQueue(self.store.jobs, alarm, self.clock, record)

    def owe(self, **fields: Any) -> None:
        self.store.commit(creation(at=self.clock.now(), urgency="high", **fields))

    def delays_s(self, attempts: int) -> Sequence[float]:
        """The waits after each of so many failures."""
        found = []
        for _ in range(attempts):
            next_at = self.queue.run_once()
            assert next_at is not None
            found.append((next_at - self.clock.now()).total_seconds())
            self.clock.set(next_at)
        return found


@pytest.fixture
def post() -> Post:
    return Post()


def test_what_is_owed_is_sent_once(post: Post) -> None:
    post.owe(location="Biblioteca")

    first = post.queue.run_once()
    second = post.queue.run_once()

    assert (first, second) == (None, None)
    assert len(post.mailer.sent) == 1
    assert "Biblioteca" in post.mailer.sent[0].subject


def test_nothing_owed_is_nothing_to_come_back_for(post: Post) -> None:
    assert post.queue.run_once() is None


def test_one_that_fails_stops_no_other(post: Post) -> None:
    for number in range(3):
        post.owe(incidentId=f"i{number}", location=f"Aula {number}")
    first, _, _ = post.store.jobs.due(T0, 3)
    post.mailer.refuses.add(_message_id(post, first.change))

    next_at = post.queue.run_once()

    assert [email.subject[-6:] for email in post.mailer.sent] == ["Aula 1", "Aula 2"]
    assert next_at is not None
    assert next_at > T0


def test_a_defect_in_one_email_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(MemoryMailer):
        def send(self, email: Email) -> None:
            if "Aula 0" in email.subject:
                raise RuntimeError("un defecto")
            super().send(email)

    post = Post(Odd())
    for number in range(3):
        post.owe(location=f"Aula {number}")

    next_at = post.queue.run_once()

    assert [email.subject[-6:] for email in post.mailer.sent] == ["Aula 1", "Aula 2"]
    assert next_at is not None
    assert next_at > T0
    assert "email_failed" in [record.message for record in caplog.records]


def test_one_that_failed_is_sent_when_its_time_comes_and_not_before(post: Post) -> None:
    post.owe()
    post.mailer.down = True
    next_at = post.queue.run_once()
    post.mailer.down = False
    assert next_at is not None

    post.clock.set(next_at - timedelta(microseconds=1))
    post.queue.run_once()
    before = len(post.mailer.sent)
    post.clock.set(next_at)
    post.queue.run_once()

    assert (before, len(post.mailer.sent)) == (0, 1)


def test_the_wait_doubles_up_to_15_minutes_and_is_drawn_from_its_upper_half(post: Post) -> None:
    post.owe()
    post.mailer.down = True

    delays = post.delays_s(20)

    for attempt, delay in enumerate(delays):
        ceiling = min(FIRST_DELAY_S * 2**attempt, MAX_DELAY_S)
        assert ceiling / 2 - 1e-6 <= delay <= ceiling
    assert len(set(delays)) == len(delays)


def test_jobs_that_fail_together_do_not_come_back_together(post: Post) -> None:
    for _ in range(20):
        post.owe()
    post.mailer.down = True

    post.queue.run_once()

    times = set()
    while (next_at := post.store.jobs.next_at()) is not None:
        times.add(next_at)
        for job in post.store.jobs.due(next_at, 100):
            post.store.jobs.sent(job, at=next_at)
    assert len(times) > 10


@pytest.mark.parametrize(
    ("age", "given_up"),
    [(GIVE_UP_AFTER - SECOND, 0), (GIVE_UP_AFTER, 1), (GIVE_UP_AFTER + SECOND, 1)],
)
def test_one_that_fails_is_given_up_from_24_hours_on(
    post: Post, age: timedelta, given_up: int
) -> None:
    post.owe()
    post.mailer.down = True
    post.clock.advance(age)

    next_at = post.queue.run_once()

    assert [reason for _, reason in post.store.jobs.given_up] == ["the mailer is down"] * given_up
    assert (next_at is None) == bool(given_up)


def test_one_that_succeeds_after_24_hours_is_sent_all_the_same(post: Post) -> None:
    post.owe()
    post.clock.advance(GIVE_UP_AFTER * 3)

    post.queue.run_once()

    assert len(post.mailer.sent) == 1
    assert post.store.jobs.given_up == []


def test_a_dead_server_ends_in_giving_up_after_about_a_hundred_tries(post: Post) -> None:
    post.owe()
    post.mailer.down = True
    tries = 0

    while (next_at := post.queue.run_once()) is not None:
        tries += 1
        post.clock.set(next_at)

    assert 24 * 4 < tries < 24 * 8 + 12
    assert post.clock.now() - T0 >= GIVE_UP_AFTER
    assert post.clock.now() - T0 < GIVE_UP_AFTER + timedelta(seconds=MAX_DELAY_S)


def test_a_turn_takes_a_batch_and_comes_back_for_the_rest_at_once(post: Post) -> None:
    for _ in range(BATCH + 1):
        post.owe()

    next_at = post.queue.run_once()
    post.queue.run_once()

    assert next_at == T0
    assert len(post.mailer.sent) == BATCH + 1


def _message_id(post: Post, change: Any) -> str:
    return compose(change, LIMA).message_id
