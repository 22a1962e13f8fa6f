"""The background workers of one machine: the record of deliveries, e-mails and webhooks."""

import asyncio
from datetime import timedelta

from alerta_utec.adapters.sqlite.delivery_writer import DeliveryWriter
from alerta_utec.app.records import Recorder
from alerta_utec.deployments.local.settings import LocalSettings
from alerta_utec.deployments.local.storage import Storage
from alerta_utec.deployments.local.webhooks import LocalWebhooks
from alerta_utec.domain.change import Change
from alerta_utec.notifications.local.workers import NotificationWorkers
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import ThrottlePolicy
from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.manage import ManageWebhooks

MAIL_STOP_S = 15.0
WEBHOOKS_STOP_S = 5.0
WRITER_STOP_S = 5.0


class Workers:
    """The workers over one storage, and their ``CommitListener``.

    Attributes:
        recorder: records deliveries through the writer.
        manage_webhooks: the operations on webhooks.
    """

    def __init__(self, settings: LocalSettings, storage: Storage, clock: Clock) -> None:
        self._writer = DeliveryWriter(storage.deliveries)
        self.recorder = Recorder(self._writer)
        self._mail = _notification_workers(settings, storage, clock)
        webhooks = LocalWebhooks.over(
            storage.webhooks,
            storage.store,
            clock,
            self.recorder,
            source=f"/alerta-utec/{settings.stage}",
            allow_private=settings.webhook_allow_private,
        )
        self._webhooks = webhooks.worker
        self.manage_webhooks: ManageWebhooks = webhooks.manage

    def start(self) -> None:
        """Start the threads."""
        self._writer.start()
        self._mail.start()
        self._webhooks.start()

    def committed(self, change: Change) -> None:
        """Wake the workers that a committed change concerns; see ``CommitListener``."""
        if change.notifies():
            self._mail.wake()
        self._webhooks.committed()

    async def stop(self) -> None:
        """End the threads; the writer last, since the others record through it."""
        await asyncio.to_thread(self._mail.stop, MAIL_STOP_S)
        await asyncio.to_thread(self._webhooks.stop, WEBHOOKS_STOP_S)
        await asyncio.to_thread(self._writer.stop, WRITER_STOP_S)


def _notification_workers(
    settings: LocalSettings, storage: Storage, clock: Clock
) -> NotificationWorkers:
    limit, window = settings.mail_limit, timedelta(seconds=settings.mail_window_s)
    policy = ThrottlePolicy(window, burst=limit, per_hour=limit)
    rules, channels = settings.rule_set(), storage.channels
    style = MessageStyle(rules.timezone, settings.lang, settings.public_url)
    return NotificationWorkers(
        storage.notifications, storage.store, rules, channels, policy, clock, style
    )
