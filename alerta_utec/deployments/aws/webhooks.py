"""The use cases of webhooks on AWS, beside the others; each built when first used."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.services import AwsServices

if TYPE_CHECKING:
    from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
    from alerta_utec.webhooks.aws.registry import DynamoWebhooks
    from alerta_utec.webhooks.aws.wakeups import SqsWakeUps
    from alerta_utec.webhooks.due_jobs import DeliverDueJobs
    from alerta_utec.webhooks.enqueue import EnqueueWebhookJobs
    from alerta_utec.webhooks.manage import ManageWebhooks
    from alerta_utec.webhooks.overdue import RequeueOverdue
    from alerta_utec.webhooks.ports import Webhooks, WebhookSender


@dataclass(frozen=True)
class AwsWebhooks(AwsServices):
    """What only the functions of webhooks call, and ``http`` where somebody manages them.

    Every one of them needs ``WEBHOOKS_TABLE``, ``WEBHOOK_JOBS_TABLE``, ``WEBHOOK_BELLS`` and
    ``CHANGES_TABLE``; those that post, ``WEBHOOK_SOURCE`` and ``WEBHOOK_ALLOW_PRIVATE``.
    """

    @cached_property
    def enqueue_webhook_jobs(self) -> "EnqueueWebhookJobs":
        """Creates the jobs of a change."""
        from alerta_utec.webhooks.enqueue import EnqueueWebhookJobs

        return EnqueueWebhookJobs(self._unsigned, self._jobs, SystemClock())

    @cached_property
    def deliver_due_jobs(self) -> "DeliverDueJobs":
        """Delivers a webhook's due jobs (also ``DELIVERIES_TABLE``)."""
        from alerta_utec.webhooks.aws.leases import DynamoLeases
        from alerta_utec.webhooks.delivery import DeliverWebhook
        from alerta_utec.webhooks.due_jobs import DeliverDueJobs

        clock, jobs = SystemClock(), self._jobs
        source = self.environment["WEBHOOK_SOURCE"]
        delivery = DeliverWebhook(self._webhooks, jobs, self._sender, clock, self._record, source)
        leases = DynamoLeases(jobs.table, clock)
        return DeliverDueJobs(jobs, leases, delivery, self._wakeups, clock)

    @cached_property
    def requeue_overdue(self) -> "RequeueOverdue":
        """Sends wake-ups for overdue jobs."""
        from alerta_utec.webhooks.overdue import RequeueOverdue

        return RequeueOverdue(self._unsigned, self._jobs)

    @cached_property
    def manage_webhooks(self) -> "ManageWebhooks":
        """The operations on webhooks (also what ``submit`` needs)."""
        from alerta_utec.webhooks.manage import ManageWebhooks

        return ManageWebhooks(
            self._webhooks,
            self._jobs,
            self._sender,
            self.incidents,
            SystemClock(),
            self.environment["WEBHOOK_SOURCE"],
        )

    @cached_property
    def _webhooks(self) -> "DynamoWebhooks":
        from alerta_utec.webhooks.aws.registry import DynamoWebhooks

        table = self.environment["WEBHOOKS_TABLE"]
        return DynamoWebhooks(self._dynamodb, table, self._jobs)

    @cached_property
    def _unsigned(self) -> "Webhooks":
        from alerta_utec.webhooks.aws.registry import DynamoWebhooksWithoutSecrets

        return DynamoWebhooksWithoutSecrets(self._dynamodb, self.environment["WEBHOOKS_TABLE"])

    @cached_property
    def _jobs(self) -> "DynamoWebhookJobs":
        from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
        from alerta_utec.webhooks.aws.table import JobTable

        table = JobTable(self._dynamodb, self.environment["WEBHOOK_JOBS_TABLE"])
        return DynamoWebhookJobs(table, self._feed, self._wakeups, SystemClock())

    @cached_property
    def _wakeups(self) -> "SqsWakeUps":
        from alerta_utec.adapters.aws import clients
        from alerta_utec.webhooks.aws.wakeups import SqsWakeUps

        return SqsWakeUps(clients.sqs(), self.environment["WEBHOOK_BELLS"])

    @cached_property
    def _sender(self) -> "WebhookSender":
        from alerta_utec.webhooks.sender import HttpWebhookSender

        allow = self.environment["WEBHOOK_ALLOW_PRIVATE"] == "true"
        return HttpWebhookSender(SystemClock(), allow_private=allow)
