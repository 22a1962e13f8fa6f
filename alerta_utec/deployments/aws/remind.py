"""The Lambda that runs each minute: sends wake-ups for overdue jobs of webhooks."""

from collections.abc import Mapping
from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhooks_without_secrets,
)
from alerta_utec.webhooks.overdue import RequeueOverdue

dynamodb = clients.dynamodb()
feed, table = change_feed(dynamodb, environ), job_table(dynamodb, environ)
jobs = webhook_jobs(table, feed, wakeup_queue(environ))
overdue = RequeueOverdue(webhooks_without_secrets(dynamodb, environ), jobs, SystemClock())


def handle(_event: object, _context: object) -> Mapping[str, int]:
    """Run once; the schedule's event has no content."""
    return overdue.run()


handler = lambda_handler(handle)
