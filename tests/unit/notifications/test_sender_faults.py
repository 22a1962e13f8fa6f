"""``Sender`` while outcomes cannot be stored: each e-mail is still sent once."""

from datetime import datetime, timedelta

import pytest

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.ports import OutgoingEmail
from tests.unit.notifications.sending import Notifications


class FullDisk(SqliteNotifications):
    """A ``NotificationStore`` that stores no outcome while its disk is ``full``."""

    full = False

    def mark_sent(self, email: OutgoingEmail, *, at: datetime) -> None:
        self._check_disk()
        super().mark_sent(email, at=at)

    def postpone(self, email: OutgoingEmail, *, at: datetime, until: datetime, reason: str) -> None:
        self._check_disk()
        super().postpone(email, at=at, until=until, reason=reason)

    def give_up(self, email: OutgoingEmail, *, at: datetime, reason: str) -> None:
        self._check_disk()
        super().give_up(email, at=at, reason=reason)

    def _check_disk(self) -> None:
        if self.full:
            raise Unavailable("disk full")


@pytest.fixture
def mail() -> Notifications:
    """Return three pending e-mails on a disk that has become full."""
    found = Notifications(notifications=FullDisk)
    for number in range(3):
        found.report(location=f"Aula {number}")
    found.router.run_once()
    found.notifications.full = True
    return found


def run(mail: Notifications) -> None:
    with pytest.raises(Unavailable):
        mail.run_once()


def subjects(mail: Notifications) -> list[str]:
    return [email.subject[-6:] for email in mail.mailer.sent]


def test_an_email_whose_outcome_cannot_be_stored_is_not_sent_again(
    mail: Notifications,
) -> None:
    for _ in range(3):
        run(mail)
    mail.notifications.full = False
    next_at = mail.run_once()

    assert subjects(mail) == ["Aula 0", "Aula 1", "Aula 2"]
    assert next_at is None


def test_an_email_that_cannot_be_postponed_waits_all_the_same(mail: Notifications) -> None:
    mail.mailer.down = True
    run(mail)
    mail.mailer.down = False

    run(mail)
    too_soon = subjects(mail)
    mail.clock.advance(timedelta(seconds=2))
    run(mail)

    assert too_soon == []
    assert subjects(mail) == ["Aula 0", "Aula 1", "Aula 2"]
