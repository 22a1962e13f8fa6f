"""The stores of webhooks and of their jobs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.registry import DynamoWebhooks, DynamoWebhooksWithoutSecrets
from alerta_utec.webhooks.aws.table import JobTable
from alerta_utec.webhooks.aws.wakeups import SqsWakeUps

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def job_table(dynamodb: "DynamoDBClient", environment: Mapping[str, str]) -> JobTable:
    """Return the table of jobs and of the leases on webhooks (``WEBHOOK_JOBS_TABLE``)."""
    return JobTable(dynamodb, environment["WEBHOOK_JOBS_TABLE"])


def wakeup_queue(environment: Mapping[str, str]) -> SqsWakeUps:
    """Return the queue of wake-ups (``WEBHOOK_BELLS``)."""
    return SqsWakeUps(clients.sqs(), environment["WEBHOOK_BELLS"])


def webhook_registry(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str], jobs: DynamoWebhookJobs
) -> DynamoWebhooks:
    """Return the webhooks with their secrets (``WEBHOOKS_TABLE``)."""
    return DynamoWebhooks(dynamodb, environment["WEBHOOKS_TABLE"], jobs)


def webhooks_without_secrets(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str]
) -> DynamoWebhooksWithoutSecrets:
    """Return the webhooks without their secrets (``WEBHOOKS_TABLE``)."""
    return DynamoWebhooksWithoutSecrets(dynamodb, environment["WEBHOOKS_TABLE"])


def webhook_jobs(table: JobTable, feed: DynamoFeed, wakeups: SqsWakeUps) -> DynamoWebhookJobs:
    """Return the store of jobs."""
    return DynamoWebhookJobs(table, feed, wakeups, SystemClock())
