"""Working off the e-mails that are owed, on one machine."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerta_utec.app.alarm import Alarm
from alerta_utec.app.records import Recorder
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import Unavailable
from alerta_utec.ports import Clock, MailJob, MailJobs

log = logging.getLogger(__name__)

FIRST_DELAY_S = 2.0
MAX_DELAY_S = 15 * 60.0
GIVE_UP_AFTER = timedelta(hours=24)
BATCH = 50


@dataclass(frozen=True, slots=True)
class _Unkept:
    """What became of a job, while the store cannot be told; ``until`` it need not be tried."""

    keep: Callable[[], None]
    attempts: int
    until: datetime | None


@dataclass(frozen=True)
class MailQueue:
    """Sends each e-mail that is due; one that fails is tried again, later and later.

    The wait is drawn from the upper half of an exponential backoff (2 s doubled per attempt,
    15 min at most), so that many failures do not come back at one moment; after 24 h the job
    is given up and stays on record. While the outcomes cannot be written (a full disk), they
    are remembered, so that no e-mail is sent at every turn; one thread at a time may run it.
    """

    jobs: MailJobs
    alarm: Alarm
    clock: Clock
    record: Recorder
    _unkept: dict[int, _Unkept] = field(default_factory=dict, init=False, repr=False)

    def run_once(self) -> datetime | None:
        """Try what is due.

        Returns:
            When to come back; none where nothing is owed.

        Raises:
            Unavailable: the jobs cannot be read or written.
        """
        self._keep_what_is_unkept()
        now = self.clock.now()
        for job in self.jobs.due(now, BATCH + len(self._unkept)):
            known = self._unkept.get(job.change.after.seq)
            if known is None:
                self._try(job)
            elif known.until is not None and known.until <= now:
                self._try(replace(job, attempts=known.attempts))
        if self._unkept:
            raise Unavailable(f"{len(self._unkept)} outcomes of e-mails are not kept")
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
            at = self.clock.now()
            self._keep(job, lambda: self.jobs.sent(job, at=at))

    def _keep(
        self, job: MailJob, outcome: Callable[[], None], until: datetime | None = None
    ) -> None:
        seq = job.change.after.seq
        try:
            outcome()
        except Unavailable:
            self._unkept[seq] = _Unkept(outcome, job.attempts + 1, until)
        else:
            self._unkept.pop(seq, None)

    def _keep_what_is_unkept(self) -> None:
        for seq, outcome in list(self._unkept.items()):
            try:
                outcome.keep()
            except Unavailable:
                return
            del self._unkept[seq]

    def _failed(self, job: MailJob, reason: str) -> None:
        now = self.clock.now()
        fields = {"position": str(job.change.position), "attempts": job.attempts + 1}
        if now - job.created_at >= GIVE_UP_AFTER:
            self._keep(job, lambda: self.jobs.give_up(job, at=now, reason=reason))
            log.error("email_given_up", extra={**fields, "reason": reason})
            outcome = {"result": "given_up", "because": reason, "attempts": job.attempts + 1}
            self.record(Delivery.of(job.change, "email", now, outcome))
            return
        ceiling = min(FIRST_DELAY_S * 2 ** min(job.attempts, 20), MAX_DELAY_S)
        delay = timedelta(seconds=ceiling * random.uniform(0.5, 1))  # noqa: S311 (jitter, no secret)
        until = now + delay
        self._keep(job, lambda: self.jobs.postpone(job, until=until, reason=reason), until)
        log.warning("email_postponed", extra={**fields, "reason": reason})
