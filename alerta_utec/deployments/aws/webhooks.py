"""The Lambda that reads the queue of changes for webhooks: creates the jobs of webhooks."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.relay import relayed_changes
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhooks_without_secrets,
)
from alerta_utec.webhooks.enqueue import EnqueueWebhookJobs

dynamodb = clients.dynamodb()
feed, table = change_feed(dynamodb, environ), job_table(dynamodb, environ)
jobs = webhook_jobs(table, feed, wakeup_queue(environ))
enqueuing = EnqueueWebhookJobs(webhooks_without_secrets(dynamodb, environ), jobs, SystemClock())
handler = lambda_handler(relayed_changes("webhooks", environ, feed, enqueuing.enqueue).handle)
