"""The HTTP routes that manage webhooks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.webhook_posts import webhook_sender
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhook_registry,
)
from alerta_utec.handlers.incidents import IncidentServices
from alerta_utec.webhooks.aws.leases import TEST, DynamoLeases
from alerta_utec.webhooks.http import WebhooksApi, WebhookServices
from alerta_utec.webhooks.manage import ManageWebhooks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def webhooks_api(
    dynamodb: "DynamoDBClient", environment: Mapping[str, str], services: IncidentServices
) -> WebhooksApi:
    """Return the handlers (``WEBHOOK_SOURCE``, ``CHANGES_TABLE``), beside those of incidents."""
    feed, table = change_feed(dynamodb, environment), job_table(dynamodb, environment)
    jobs = webhook_jobs(table, feed, wakeup_queue(environment))
    clock = SystemClock()
    manage = ManageWebhooks(
        webhook_registry(dynamodb, environment, jobs),
        jobs,
        webhook_sender(environment),
        services.store,
        clock,
        environment["WEBHOOK_SOURCE"],
        DynamoLeases(table, clock, TEST),
    )
    return WebhooksApi.over(
        WebhookServices(
            authenticator=services.authenticator, limit=services.limit, manage_webhooks=manage
        )
    )
