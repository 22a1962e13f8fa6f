"""The Lambda that reads the stream of changes: creates the jobs of webhooks."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.items import change_from_image
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhooks_without_secrets,
)
from alerta_utec.domain.change import Change
from alerta_utec.handlers.stream import StreamConsumer
from alerta_utec.webhooks.enqueue import EnqueueWebhookJobs

dynamodb = clients.dynamodb()
feed, table = change_feed(dynamodb, environ), job_table(dynamodb, environ)
jobs = webhook_jobs(table, feed, wakeup_queue(environ))
enqueuing = EnqueueWebhookJobs(webhooks_without_secrets(dynamodb, environ), jobs, SystemClock())


def consume(change: Change, _deadline_s: float | None) -> None:
    """Create one change's jobs; that takes a few writes."""
    enqueuing.enqueue(change)


handler = lambda_handler(StreamConsumer(change_from_image, consume).handle)
