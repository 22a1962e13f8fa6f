"""``Sender``: later and later, never for ever, and each for itself."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerta_utec.notifications.email import compose
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.rules import Rule
from alerta_utec.notifications.sender import BATCH, FIRST_DELAY_S, GIVE_UP_AFTER, MAX_DELAY_S
from tests.contract.builders import T0
from tests.fakes.mailer import FakeMailer
from tests.unit.notifications.sending import LIMA, Post, to

SECOND = timedelta(seconds=1)
GUARD = "guardia@example.edu"


def delays_s(post: Post, attempts: int) -> Sequence[float]:
    """The waits after each of so many failures."""
    found = []
    for _ in range(attempts):
        next_at = post.run_once()
        assert next_at is not None
        found.append((next_at - post.clock.now()).total_seconds())
        post.clock.set(next_at)
    return found


@pytest.fixture
def post() -> Post:
    return Post()


def test_a_pending_email_is_sent_once(post: Post) -> None:
    post.owe(location="Biblioteca")

    first = post.run_once()
    second = post.run_once()

    assert (first, second) == (None, None)
    assert len(post.mailer.sent) == 1
    assert "Biblioteca" in post.mailer.sent[0].subject


def test_without_pending_emails_the_sender_has_no_next_run(post: Post) -> None:
    assert post.run_once() is None


def test_a_failing_email_stops_no_other(post: Post) -> None:
    first, *_ = [post.owe(location=f"Aula {number}") for number in range(3)]
    post.mailer.refuses.add(compose(first, LIMA).message_id)

    next_at = post.run_once()

    assert [email.subject[-6:] for email in post.mailer.sent] == ["Aula 1", "Aula 2"]
    assert next_at is not None
    assert next_at > T0


def test_a_defect_in_one_email_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(FakeMailer):
        def send(self, email: Email) -> None:
            if "Aula 0" in email.subject:
                raise RuntimeError("un defecto")
            super().send(email)

    post = Post(mailers={GUARD: Odd()})
    for number in range(3):
        post.owe(location=f"Aula {number}")

    next_at = post.run_once()

    assert [email.subject[-6:] for email in post.mailer.sent] == ["Aula 1", "Aula 2"]
    assert next_at is not None
    assert next_at > T0
    assert "email_failed" in [record.message for record in caplog.records]


def test_a_failed_email_is_retried_when_its_wait_ends_and_not_before(post: Post) -> None:
    post.owe()
    post.mailer.down = True
    next_at = post.run_once()
    post.mailer.down = False
    assert next_at is not None

    post.clock.set(next_at - timedelta(microseconds=1))
    post.run_once()
    before = len(post.mailer.sent)
    post.clock.set(next_at)
    post.run_once()

    assert (before, len(post.mailer.sent)) == (0, 1)


def test_the_wait_doubles_up_to_15_minutes_with_jitter_in_its_upper_half(post: Post) -> None:
    post.owe()
    post.mailer.down = True

    delays = delays_s(post, 20)

    for attempt, delay in enumerate(delays):
        ceiling = min(FIRST_DELAY_S * 2**attempt, MAX_DELAY_S)
        assert ceiling / 2 - 1e-6 <= delay <= ceiling
    assert len(set(delays)) == len(delays)


def test_emails_that_fail_together_are_not_retried_together(post: Post) -> None:
    for number in range(20):
        post.owe(location=f"Aula {number}")
    post.mailer.down = True

    post.run_once()

    times = set()
    while (next_at := post.notices.next_attempt_at([GUARD])) is not None:
        times.add(next_at)
        for parcel in post.notices.pending([GUARD], next_at, 100):
            post.notices.mark_sent(parcel, at=next_at)
    assert len(times) > 10


@pytest.mark.parametrize(
    ("age", "given_up"),
    [(GIVE_UP_AFTER - SECOND, 0), (GIVE_UP_AFTER, 1), (GIVE_UP_AFTER + SECOND, 1)],
)
def test_a_failing_email_is_given_up_after_24_hours(
    post: Post, age: timedelta, given_up: int
) -> None:
    change = post.owe()
    post.mailer.down = True
    post.clock.advance(age)

    next_at = post.run_once()

    outcome = post.outcome(change)
    assert outcome["because"] == "the mailer is down"
    assert (outcome["result"] == "given_up") == bool(given_up)
    assert (next_at is None) == bool(given_up)


def test_an_email_that_succeeds_after_24_hours_is_sent(post: Post) -> None:
    change = post.owe()
    post.clock.advance(GIVE_UP_AFTER * 3)

    post.run_once()

    assert len(post.mailer.sent) == 1
    assert post.outcome(change)["result"] == "sent"


def test_an_email_to_a_dead_server_is_given_up_after_about_a_hundred_attempts(post: Post) -> None:
    post.owe()
    post.mailer.down = True
    tries = 0

    while (next_at := post.run_once()) is not None:
        tries += 1
        post.clock.set(next_at)

    assert 24 * 4 < tries < 24 * 8 + 12
    assert post.clock.now() - T0 >= GIVE_UP_AFTER
    assert post.clock.now() - T0 < GIVE_UP_AFTER + timedelta(seconds=MAX_DELAY_S)


def test_a_run_sends_a_batch_and_the_next_follows_at_once(post: Post) -> None:
    for number in range(BATCH + 1):
        post.owe(location=f"Aula {number}")

    next_at = post.run_once()
    post.run_once()

    assert next_at == T0
    assert len(post.mailer.sent) == BATCH + 1


def test_a_recipient_whose_server_is_broken_delays_no_other() -> None:
    post = Post(Rule("todo", to(GUARD, "luz@example.edu")))
    post.mailers[GUARD].down = True

    change = post.owe()
    post.run_once()

    assert [len(post.sent_to(who)) for who in (GUARD, "luz@example.edu")] == [0, 1]
    assert post.outcome(change)["counts"] == {"failed": 1, "sent": 1}
