"""The Lambda of the HTTP routes of webhooks, which alone of the HTTP API reads their secrets."""

from os import environ

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.deployments.aws.allowed_origins import origins
from alerta_utec.deployments.aws.entry import lambda_handler
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.incidents import incident_store, submit_limit
from alerta_utec.deployments.aws.services.metrics import embedded_metrics
from alerta_utec.deployments.aws.services.signing_in import authenticator
from alerta_utec.deployments.aws.services.webhook_posts import webhook_sender
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhook_registry,
)
from alerta_utec.handlers.http_api import HttpApi, handlers_of
from alerta_utec.webhooks.aws.leases import DynamoTestLeases
from alerta_utec.webhooks.http import WebhooksApi, WebhookServices
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.routes import WEBHOOK_ROUTES

dynamodb, clock, metrics = clients.dynamodb(), SystemClock(), embedded_metrics(environ)
table = job_table(dynamodb, environ)
jobs = webhook_jobs(table, change_feed(dynamodb, environ), wakeup_queue(environ))
manage = ManageWebhooks(
    webhook_registry(dynamodb, environ, jobs),
    jobs,
    webhook_sender(environ),
    incident_store(dynamodb, environ, metrics),
    clock,
    environ["WEBHOOK_SOURCE"],
    DynamoTestLeases(table, clock),
)
services = WebhookServices(
    authenticator=authenticator(dynamodb, environ),
    limit=submit_limit(dynamodb, environ),
    manage_webhooks=manage,
)
api = HttpApi(handlers_of(WEBHOOK_ROUTES, WebhooksApi.over(services)), origins(environ), metrics)
handler = lambda_handler(api.handle)
