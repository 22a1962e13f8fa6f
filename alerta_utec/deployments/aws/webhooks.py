"""The use cases of webhooks on AWS, beside the others; each built when first used."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.services import AwsServices

if TYPE_CHECKING:
    from alerta_utec.webhooks.aws.consumer import AnswerBell, Remind
    from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
    from alerta_utec.webhooks.aws.queue import SqsBells
    from alerta_utec.webhooks.aws.registry import DynamoWebhooks
    from alerta_utec.webhooks.delivery import PlanWebhooks
    from alerta_utec.webhooks.manage import ManageWebhooks
    from alerta_utec.webhooks.ports import Webhooks, WebhookSender


@dataclass(frozen=True)
class AwsWebhooks(AwsServices):
    """What only the functions of webhooks call, and ``http`` where somebody manages them.

    Every one of them needs ``WEBHOOKS_TABLE``, ``WEBHOOK_JOBS_TABLE``, ``WEBHOOK_BELLS`` and
    ``CHANGES_TABLE``; those that post, ``WEBHOOK_SOURCE`` and ``WEBHOOK_ALLOW_PRIVATE``.
    """

    @cached_property
    def plan_webhooks(self) -> "PlanWebhooks":
        """Owes a change to the webhooks that it concerns."""
        from alerta_utec.webhooks.delivery import PlanWebhooks

        return PlanWebhooks(self._unsigned, self._jobs, SystemClock())

    @cached_property
    def answer_bell(self) -> "AnswerBell":
        """Sends what is due to a webhook (also ``DELIVERIES_TABLE``)."""
        from alerta_utec.webhooks.aws.consumer import AnswerBell, DynamoTurns
        from alerta_utec.webhooks.delivery import DeliverWebhook

        clock, jobs = SystemClock(), self._jobs
        source = self.environment["WEBHOOK_SOURCE"]
        deliver = DeliverWebhook(self._webhooks, jobs, self._sender, clock, self._record, source)
        turns = DynamoTurns(self._dynamodb, jobs.table, clock)
        return AnswerBell(jobs, turns, deliver, self._bells, clock)

    @cached_property
    def remind(self) -> "Remind":
        """Rings for what has waited long enough, and for what nobody came for."""
        from alerta_utec.webhooks.aws.consumer import Remind

        return Remind(self._unsigned, self._jobs)

    @cached_property
    def manage_webhooks(self) -> "ManageWebhooks":
        """What may be asked of webhooks (also what ``submit`` needs)."""
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
        return DynamoWebhooks(self._dynamodb, table, self._jobs.forget)

    @cached_property
    def _unsigned(self) -> "Webhooks":
        from alerta_utec.webhooks.aws.registry import DynamoWebhooksUnsigned

        return DynamoWebhooksUnsigned(self._dynamodb, self.environment["WEBHOOKS_TABLE"])

    @cached_property
    def _jobs(self) -> "DynamoWebhookJobs":
        from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs

        table = self.environment["WEBHOOK_JOBS_TABLE"]
        return DynamoWebhookJobs(self._dynamodb, table, self._feed, self._bells, SystemClock())

    @cached_property
    def _bells(self) -> "SqsBells":
        from alerta_utec.adapters.aws import clients
        from alerta_utec.webhooks.aws.queue import SqsBells

        return SqsBells(clients.sqs(), self.environment["WEBHOOK_BELLS"])

    @cached_property
    def _sender(self) -> "WebhookSender":
        from alerta_utec.webhooks.sender import HttpWebhookSender

        allow = self.environment["WEBHOOK_ALLOW_PRIVATE"] == "true"
        return HttpWebhookSender(SystemClock(), allow_private=allow)
