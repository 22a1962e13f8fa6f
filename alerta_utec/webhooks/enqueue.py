"""Creation of jobs: every committed change is enqueued for the webhooks that it matches."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerta_utec.domain.change import Change
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import ChangeFeed
from alerta_utec.webhooks.model import Webhook
from alerta_utec.webhooks.ports import ScannedJobs, WebhookJobs, WebhookRegistry

SCAN_BATCH = 200


@dataclass(frozen=True)
class EnqueueWebhookJobs:
    """Creates the jobs of one change; for a deployment whose stream delivers the changes."""

    webhooks: WebhookRegistry
    jobs: WebhookJobs
    clock: Clock

    def enqueue(self, change: Change) -> Sequence[str]:
        """Create the jobs of a committed change; repeating creates no further ones.

        Returns:
            The ids of the webhooks that the change matches.

        Raises:
            Unavailable: some jobs may have been created; repeat the call.
        """
        ids = recipients_of(change, self.webhooks.all())
        if ids:
            self.jobs.enqueue(change, ids, at=self.clock.now())
        return ids


@dataclass(frozen=True)
class ScanFeed:
    """Creates the jobs of all changes by reading the feed; for a deployment without a stream."""

    feed: ChangeFeed
    webhooks: WebhookRegistry
    jobs: ScannedJobs
    clock: Clock

    def scan(self) -> bool:
        """Create the jobs of the next ``SCAN_BATCH`` changes, once each even across crashes.

        Returns:
            Whether there may be further changes to scan.

        Raises:
            Unavailable: no job was created; repeat the call.
        """
        webhooks = self.webhooks.all()
        if not webhooks:
            return False
        # Changes from before the first webhook were never scanned; skip them.
        first = min(webhook.since_seq for webhook in webhooks)
        after_seq = max(self.jobs.scanned_seq(), first)
        changes = self.feed.changes(after_seq=after_seq, limit=SCAN_BATCH)
        if not changes:
            return False
        # Read the list again: a webhook added meanwhile must get these changes too.
        webhooks = self.webhooks.all()
        recipients = [
            (change, ids) for change in changes if (ids := recipients_of(change, webhooks))
        ]
        up_to_seq = changes[-1].after.seq
        self.jobs.enqueue_scanned(recipients, up_to_seq=up_to_seq, at=self.clock.now())
        return len(changes) == SCAN_BATCH


def recipients_of(change: Change, webhooks: Sequence[Webhook]) -> Sequence[str]:
    """Return the ids of the webhooks that a committed change matches."""
    return tuple(webhook.webhook_id for webhook in webhooks if webhook.matches_change(change))
