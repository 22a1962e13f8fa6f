"""``MailQueue`` while its jobs cannot be written: each e-mail goes out once all the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.adapters.memory import (
    ManualClock,
    MemoryDeliveries,
    MemoryIncidents,
    MemoryMailer,
)
from alerta_utec.app.alarm import Alarm
from alerta_utec.app.mail_queue import MailQueue
from alerta_utec.app.records import Recorder
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import MailJob, MailJobs
from tests.contract.builders import T0, creation


class ReadOnlyJobs:
    """``MailJobs`` on a full disk: what is owed can be read, and no outcome kept."""

    def __init__(self, jobs: MailJobs) -> None:
        self._jobs = jobs
        self.full = True

    def due(self, now: datetime, limit: int) -> Sequence[MailJob]:
        return self._jobs.due(now, limit)

    def next_at(self) -> datetime | None:
        return self._jobs.next_at()

    def sent(self, job: MailJob, *, at: datetime) -> None:
        self._check()
        self._jobs.sent(job, at=at)

    def postpone(self, job: MailJob, *, until: datetime, reason: str) -> None:
        self._check()
        self._jobs.postpone(job, until=until, reason=reason)

    def give_up(self, job: MailJob, *, at: datetime, reason: str) -> None:
        self._check()
        self._jobs.give_up(job, at=at, reason=reason)

    def _check(self) -> None:
        if self.full:
            raise Unavailable("disk full")


class Post:
    """A queue over jobs whose outcome cannot be kept."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.store = MemoryIncidents()
        self.mailer = MemoryMailer()
        self.jobs = ReadOnlyJobs(self.store.jobs)
        record = Recorder(MemoryDeliveries())
        alarm = Alarm(self.mailer, ZoneInfo("America/Lima"), self.clock, record)
        self.queue = MailQueue(self.jobs, alarm, self.clock, record)
        for number in range(3):
            self.store.commit(creation(urgency="high", location=f"Aula {number}"))

    def run(self) -> None:
        with pytest.raises(Unavailable):
            self.queue.run_once()

    def subjects(self) -> list[str]:
        return [email.subject[-6:] for email in self.mailer.sent]


def test_what_was_sent_but_not_kept_as_sent_is_not_sent_again() -> None:
    post = Post()

    for _ in range(3):
        post.run()
    post.jobs.full = False
    next_at = post.queue.run_once()

    assert post.subjects() == ["Aula 0", "Aula 1", "Aula 2"]
    assert next_at is None


def test_what_cannot_be_postponed_waits_as_long_all_the_same() -> None:
    post = Post()
    post.mailer.down = True
    post.run()
    post.mailer.down = False

    post.run()
    too_soon = post.subjects()
    post.clock.advance(timedelta(seconds=2))
    post.run()

    assert too_soon == []
    assert post.subjects() == ["Aula 0", "Aula 1", "Aula 2"]
