"""``Sender``: it retries each e-mail by itself, with backoff, for a day."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerta_utec.notifications.email import compose
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.rules import Rule
from alerta_utec.notifications.sender import (
    BATCH,
    FIRST_DELAY_S,
    GIVE_UP_AFTER,
    GIVE_UP_ATTEMPTS,
    MAX_DELAY_S,
)
from tests.contract.builders import T0
from tests.fakes.mailer import FakeMailer
from tests.unit.notifications.sending import STYLE, Notifications, to

SECOND = timedelta(seconds=1)
GUARD = "guardia@example.edu"


def delays_s(mail: Notifications, attempts: int) -> Sequence[float]:
    """Return the wait after each failure."""
    found = []
    for _ in range(attempts):
        next_at = mail.run_once()
        assert next_at is not None
        found.append((next_at - mail.clock.now()).total_seconds())
        mail.clock.set(next_at)
    return found


@pytest.fixture
def mail() -> Notifications:
    return Notifications()


def test_a_pending_email_is_sent_once(mail: Notifications) -> None:
    mail.report(location="Biblioteca")

    first = mail.run_once()
    second = mail.run_once()

    assert (first, second) == (None, None)
    assert len(mail.mailer.sent) == 1
    assert "Biblioteca" in mail.mailer.sent[0].subject


def test_without_pending_emails_the_sender_has_no_next_run(mail: Notifications) -> None:
    assert mail.run_once() is None


def test_a_failing_email_stops_no_other(mail: Notifications) -> None:
    first, *_ = [mail.report(location=f"Aula {number}") for number in range(3)]
    mail.mailer.refuses.add(compose(first, STYLE).message_id)

    next_at = mail.run_once()

    assert [email.subject[-6:] for email in mail.mailer.sent] == ["Aula 1", "Aula 2"]
    assert next_at is not None
    assert next_at > T0


def test_a_defect_in_one_email_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(FakeMailer):
        def send(self, email: Email) -> None:
            if "Aula 0" in email.subject:
                raise RuntimeError("un defecto")
            super().send(email)

    mail = Notifications(mailers={GUARD: Odd()})
    for number in range(3):
        mail.report(location=f"Aula {number}")

    next_at = mail.run_once()

    assert [email.subject[-6:] for email in mail.mailer.sent] == ["Aula 1", "Aula 2"]
    assert next_at is not None
    assert next_at > T0
    assert "email_failed" in [record.message for record in caplog.records]


def test_a_failed_email_is_retried_when_its_wait_ends_and_not_before(
    mail: Notifications,
) -> None:
    mail.report()
    mail.mailer.down = True
    next_at = mail.run_once()
    mail.mailer.down = False
    assert next_at is not None

    mail.clock.set(next_at - timedelta(microseconds=1))
    mail.run_once()
    before = len(mail.mailer.sent)
    mail.clock.set(next_at)
    mail.run_once()

    assert (before, len(mail.mailer.sent)) == (0, 1)


def test_the_wait_doubles_up_to_15_minutes_with_jitter_in_its_upper_half(
    mail: Notifications,
) -> None:
    mail.report()
    mail.mailer.down = True

    delays = delays_s(mail, 20)

    for attempt, delay in enumerate(delays):
        ceiling = min(FIRST_DELAY_S * 2**attempt, MAX_DELAY_S)
        assert ceiling / 2 - 1e-6 <= delay <= ceiling
    assert len(set(delays)) == len(delays)


def test_emails_that_fail_together_are_not_retried_together(mail: Notifications) -> None:
    for number in range(20):
        mail.report(location=f"Aula {number}")
    mail.mailer.down = True

    mail.run_once()

    times = set()
    while (next_at := mail.notifications.next_attempt_at([GUARD])) is not None:
        times.add(next_at)
        for email in mail.notifications.pending([GUARD], next_at, 100):
            mail.notifications.mark_sent(email, at=next_at)
    assert len(times) > 10


@pytest.mark.parametrize(
    ("age", "attempts", "given_up"),
    [
        (GIVE_UP_AFTER - SECOND, GIVE_UP_ATTEMPTS, 0),
        (GIVE_UP_AFTER, GIVE_UP_ATTEMPTS - 1, 0),
        (GIVE_UP_AFTER, GIVE_UP_ATTEMPTS, 1),
        (GIVE_UP_AFTER + SECOND, GIVE_UP_ATTEMPTS, 1),
    ],
)
def test_a_failing_email_is_given_up_after_24_hours_and_ten_attempts(
    mail: Notifications, age: timedelta, attempts: int, given_up: int
) -> None:
    change = mail.report()
    mail.mailer.down = True
    for _ in range(attempts - 1):
        next_at = mail.run_once()
        assert next_at is not None
        mail.clock.set(next_at)
    mail.clock.set(T0 + age)

    next_at = mail.run_once()

    outcome = mail.outcome(change)
    assert outcome["because"] == "the mailer is down"
    assert (outcome["result"] == "given_up") == bool(given_up)
    assert (next_at is None) == bool(given_up)


def test_an_email_that_succeeds_after_24_hours_is_sent(mail: Notifications) -> None:
    change = mail.report()
    mail.clock.advance(GIVE_UP_AFTER * 3)

    mail.run_once()

    assert len(mail.mailer.sent) == 1
    assert mail.outcome(change)["result"] == "sent"


def test_an_email_to_a_dead_server_is_given_up_after_about_a_hundred_attempts(
    mail: Notifications,
) -> None:
    mail.report()
    mail.mailer.down = True
    tries = 0

    while (next_at := mail.run_once()) is not None:
        tries += 1
        mail.clock.set(next_at)

    assert 24 * 4 < tries < 24 * 8 + 12
    assert mail.clock.now() - T0 >= GIVE_UP_AFTER
    assert mail.clock.now() - T0 < GIVE_UP_AFTER + timedelta(seconds=MAX_DELAY_S)


def test_a_run_sends_a_batch_and_the_next_follows_at_once(mail: Notifications) -> None:
    for number in range(BATCH + 1):
        mail.report(location=f"Aula {number}")

    next_at = mail.run_once()
    mail.run_once()

    assert next_at == T0
    assert len(mail.mailer.sent) == BATCH + 1


def test_a_recipient_whose_server_is_broken_delays_no_other() -> None:
    mail = Notifications(Rule("todo", to(GUARD, "luz@example.edu")))
    mail.mailers[GUARD].down = True

    change = mail.report()
    mail.run_once()

    assert [len(mail.sent_to(who)) for who in (GUARD, "luz@example.edu")] == [0, 1]
    assert mail.outcome(change)["counts"] == {"failed": 1, "sent": 1}
