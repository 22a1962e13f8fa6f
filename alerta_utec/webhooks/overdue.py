"""New wake-ups for overdue jobs, sent by a schedule, so that a lost message loses no delivery."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.ports import WakingJobs, WebhookRegistry

log = logging.getLogger(__name__)

# How many overdue jobs of one webhook get a wake-up in one run (a minute).
OVERDUE_MAX = 100


@dataclass(frozen=True)
class RequeueOverdue:
    """Sends wake-ups for jobs that wait longer than a message can, or whose wake-up was lost.

    Before, it shortens the waits that a clock which was ahead has stored.
    """

    webhooks: WebhookRegistry
    jobs: WakingJobs
    clock: Clock

    def run(self) -> Mapping[str, int]:
        """Send the wake-ups, ``OVERDUE_MAX`` at most per webhook; return ``{requeued: how many}``.

        Raises:
            Unavailable: jobs cannot be read or written, or wake-ups cannot be sent.
        """
        sent, now = 0, self.clock.now()
        for webhook in self.webhooks.all():
            self.jobs.shorten_waits(webhook.webhook_id, now=now)
            sent += self.jobs.requeue_overdue(webhook.webhook_id, OVERDUE_MAX)
        log.info("webhook_jobs_requeued", extra={"requeued": sent})
        return {"requeued": sent}
