"""The Lambda that reads the queue of wake-ups: delivers the due jobs of a webhook."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.sqs.visibility import SqsVisibility
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.records import Recorder
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.deliveries import metered_deliveries
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.webhook_posts import webhook_sender
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhook_registry,
)
from alerta_utec.handlers.queue import QueueConsumer
from alerta_utec.webhooks.aws.leases import DynamoDeliveryLeases
from alerta_utec.webhooks.aws.wakeups import parse_wakeup
from alerta_utec.webhooks.delivery import DeliverWebhook
from alerta_utec.webhooks.due_jobs import DeliverDueJobs

dynamodb, clock = clients.dynamodb(), SystemClock()
table, wakeups = job_table(dynamodb, environ), wakeup_queue(environ)
jobs = webhook_jobs(table, change_feed(dynamodb, environ), wakeups)
delivery = DeliverWebhook(
    webhook_registry(dynamodb, environ, jobs),
    jobs,
    webhook_sender(environ),
    clock,
    Recorder(metered_deliveries(dynamodb, environ)),
    environ["WEBHOOK_SOURCE"],
)
due_jobs = DeliverDueJobs(jobs, DynamoDeliveryLeases(table, clock), delivery, clock)
visibility = SqsVisibility(wakeups.client, wakeups.url)
handler = lambda_handler(QueueConsumer(parse_wakeup, due_jobs.deliver, visibility).handle)
