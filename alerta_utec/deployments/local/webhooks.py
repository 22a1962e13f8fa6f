"""Webhooks on one machine: who tells them, and who manages them."""

from dataclasses import dataclass
from typing import Protocol

from alerta_utec.app.records import Recorder
from alerta_utec.ports import Clock, IncidentStore
from alerta_utec.webhooks.delivery import DeliverWebhook, FollowFeed
from alerta_utec.webhooks.local.worker import WebhookWorker
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.ports import WebhookJobs, WebhookPlan, Webhooks
from alerta_utec.webhooks.sender import HttpWebhookSender


class PlannedJobs(WebhookJobs, WebhookPlan, Protocol):
    """What is owed, and how far it has been planned, in one store."""


@dataclass(frozen=True)
class KeptWebhooks:
    """What keeps webhooks and what is owed to them."""

    registry: Webhooks
    jobs: PlannedJobs


@dataclass(frozen=True)
class LocalWebhooks:
    """The worker, not started yet, and what may be asked of webhooks meanwhile."""

    worker: WebhookWorker
    manage: ManageWebhooks

    @classmethod
    def over(
        cls,
        kept: KeptWebhooks,
        store: IncidentStore,
        clock: Clock,
        recorder: Recorder,
        *,
        source: str,
        allow_private: bool,
    ) -> "LocalWebhooks":
        """Those of one store; ``source`` and ``allow_private`` are as their users have them."""
        sender = HttpWebhookSender(clock, allow_private=allow_private)
        worker = WebhookWorker(
            FollowFeed(store, kept.registry, kept.jobs, clock),
            DeliverWebhook(kept.registry, kept.jobs, sender, clock, recorder, source),
            kept.registry,
            kept.jobs,
            clock,
        )
        manage = ManageWebhooks(
            kept.registry, kept.jobs, sender, store, clock, source, changed=worker.changed
        )
        return cls(worker, manage)
