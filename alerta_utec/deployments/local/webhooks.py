"""The webhooks of one machine: their worker and their management, over one store."""

from dataclasses import dataclass

from alerta_utec.app.records import Recorder
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import IncidentStore
from alerta_utec.webhooks.delivery import DeliverWebhook
from alerta_utec.webhooks.enqueue import ScanFeed
from alerta_utec.webhooks.local.leases import ProcessLeases
from alerta_utec.webhooks.local.worker import WebhookWorker
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.ports import ScannedJobs, WebhookRegistry
from alerta_utec.webhooks.sender import HttpWebhookSender


@dataclass(frozen=True)
class WebhookStorage:
    """The stores of webhooks and of their jobs."""

    registry: WebhookRegistry
    jobs: ScannedJobs


@dataclass(frozen=True)
class LocalWebhooks:
    """The worker, not started yet, and the operations on webhooks."""

    worker: WebhookWorker
    manage: ManageWebhooks

    @classmethod
    def over(
        cls,
        storage: WebhookStorage,
        store: IncidentStore,
        clock: Clock,
        recorder: Recorder,
        *,
        source: str,
        allow_private: bool,
    ) -> "LocalWebhooks":
        """Build both over one storage.

        ``source`` is as for ``DeliverWebhook``, ``allow_private`` as for ``HttpWebhookSender``.
        """
        registry, jobs = storage.registry, storage.jobs
        sender = HttpWebhookSender(clock, allow_private=allow_private, allow_own=allow_private)
        worker = WebhookWorker(
            ScanFeed(store, registry, jobs, clock),
            DeliverWebhook(registry, jobs, sender, clock, recorder, source),
            registry,
            jobs,
            clock,
        )
        testing = ProcessLeases()
        manage = ManageWebhooks(
            registry, jobs, sender, store, clock, source, testing, listener=worker
        )
        return cls(worker, manage)
