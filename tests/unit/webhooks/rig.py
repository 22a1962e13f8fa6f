"""The services of the webhooks wing joined to fakes, for its tests."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.webhooks.delivery import DeliverWebhook
from alerta_utec.webhooks.enqueue import EnqueueWebhookJobs, ScanFeed
from alerta_utec.webhooks.job import PostResult, WebhookJob
from alerta_utec.webhooks.model import Webhook
from tests.contract.builders import T0, creation, webhook
from tests.fakes.clock import ManualClock
from tests.fakes.deliveries import FakeDeliveries
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore


class Rig:
    """The wing's services over a temporary store."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        stored = TemporaryStore()
        self.store, self.webhooks = stored.incidents, stored.webhooks
        self.jobs = stored.webhook_jobs
        self.sender = FakeWebhookSender()
        self.deliveries = FakeDeliveries()
        self.enqueue = EnqueueWebhookJobs(self.webhooks, self.jobs, self.clock)
        self.scan = ScanFeed(self.store, self.webhooks, self.jobs, self.clock)
        self.delivery = DeliverWebhook(
            self.webhooks,
            self.jobs,
            self.sender,
            self.clock,
            Recorder(self.deliveries),
            "/alerta-utec/dev",
            random.Random(7),  # noqa: S311 (jitter, no secret)
        )

    def add(self, **fields: Any) -> Webhook:
        added = webhook(**fields)
        self.webhooks.save(added)
        return added

    def commit(self, **fields: Any) -> Change:
        return self.store.commit(creation(at=self.clock.now(), **fields)).change

    def pending(self, own: Webhook) -> Sequence[WebhookJob]:
        """Return all pending jobs of a webhook, due or not."""
        return self.jobs.due(own.webhook_id, self.clock.now() + timedelta(days=9), 10_000)

    def pending_job(self, own: Webhook) -> WebhookJob:
        """Commit a change, enqueue it and return the webhook's job."""
        self.enqueue.enqueue(self.commit())
        return self.pending(own)[-1]

    def waits_s(self, own: Webhook, result: PostResult) -> Sequence[float]:
        """Return the waits between the attempts of one job that all end with this result."""
        waits = []
        while jobs := self.pending(own):
            self.clock.set(jobs[0].next_try_at)
            self.sender.results = [result]
            until = self.delivery.deliver(jobs[0]).retry_at
            if until is not None:
                waits.append((until - self.clock.now()).total_seconds())
        return waits

    def outcome(self, job: WebhookJob) -> dict[str, Any]:
        (delivery,) = self.deliveries.for_incident(job.change.incident_id)
        assert delivery.channel == f"webhook:{job.webhook_id}"
        return dict(delivery.outcome)
