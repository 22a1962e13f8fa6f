"""``Sender`` while outcomes cannot be written: each e-mail goes out once all the same."""

from datetime import datetime, timedelta

import pytest

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.local.sqlite import SqliteNotifications
from alerta_utec.notifications.ports import OutgoingEmail
from tests.unit.notifications.sending import Post


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
def post() -> Post:
    """Three e-mails that are owed, on a disk that has become full."""
    found = Post(notices=FullDisk)
    for number in range(3):
        found.owe(location=f"Aula {number}")
    found.queue.run_once()
    found.notices.full = True
    return found


def run(post: Post) -> None:
    with pytest.raises(Unavailable):
        post.run_once()


def subjects(post: Post) -> list[str]:
    return [email.subject[-6:] for email in post.mailer.sent]


def test_an_email_whose_outcome_cannot_be_stored_is_not_sent_again(post: Post) -> None:
    for _ in range(3):
        run(post)
    post.notices.full = False
    next_at = post.run_once()

    assert subjects(post) == ["Aula 0", "Aula 1", "Aula 2"]
    assert next_at is None


def test_an_email_that_cannot_be_postponed_waits_all_the_same(post: Post) -> None:
    post.mailer.down = True
    run(post)
    post.mailer.down = False

    run(post)
    too_soon = subjects(post)
    post.clock.advance(timedelta(seconds=2))
    run(post)

    assert too_soon == []
    assert subjects(post) == ["Aula 0", "Aula 1", "Aula 2"]
