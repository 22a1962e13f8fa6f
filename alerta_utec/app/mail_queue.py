"""Working off the e-mails that are owed, on one machine."""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerta_utec.app.deliver import Alarm
from alerta_utec.app.records import Recorder
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock, MailJob, MailJobs

log = logging.getLogger(__name__)

FIRST_DELAY_S = 2.0
MAX_DELAY_S = 15 * 60.0
GIVE_UP_AFTER = timedelta(hours=24)
BATCH = 50


@dataclass(frozen=True)
class MailQueue:
    """Sends each e-mail that is due; one that fails is tried again, later and later.

    The wait is drawn from the upper half of an exponential backoff (2 s doubled per attempt,
    15 min at most), so that many failures do not come back at one moment; after 24 h the job
    is given up and stays on record.
    """

    jobs: MailJobs
    alarm: Alarm
    clock: Clock
    record: Recorder

    def run_once(self) -> datetime | None:
        """Try what is due.

        Returns:
            When to come back; none where nothing is owed.

        Raises:
            Unavailable: the jobs cannot be read or written.
        """
        for job in self.jobs.due(self.clock.now(), BATCH):
            self._try(job)
        return self.jobs.next_at()

    def _try(self, job: MailJob) -> None:
        try:
            self.alarm(job.change)
        except Unavailable as error:
            self._failed(job, str(error))
        except Exception:
            # A defect of ours must not hold up the e-mails behind this one.
            log.exception("email_failed", extra={"position": str(job.change.position)})
            self._failed(job, "internal")
        else:
            self.jobs.sent(job, at=self.clock.now())

    def _failed(self, job: MailJob, reason: str) -> None:
        now = self.clock.now()
        fields = {"position": str(job.change.position), "attempts": job.attempts + 1}
        if now - job.created_at >= GIVE_UP_AFTER:
            self.jobs.give_up(job, at=now, reason=reason)
            log.error("email_given_up", extra={**fields, "reason": reason})
            outcome = {"result": "given_up", "because": reason, "attempts": job.attempts + 1}
            self.record(Delivery.of(job.change, "email", now, outcome))
            return
        ceiling = min(FIRST_DELAY_S * 2 ** min(job.attempts, 20), MAX_DELAY_S)
        delay = timedelta(seconds=ceiling * random.uniform(0.5, 1))  # noqa: S311 (jitter, no secret)
        self.jobs.postpone(job, until=now + delay, reason=reason)
        log.warning("email_postponed", extra={**fields, "reason": reason})
