"""Redriving from outside AWS, with the operator's credentials, over a deployed stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerta_utec.adapters.aws import clients, stack
from alerta_utec.adapters.aws.sqs.dead_letters import SqsFailedBatches
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.app.fan_out import FanOut
from alerta_utec.app.records import Recorder
from alerta_utec.app.redrive import Redrive
from alerta_utec.deployments.aws.services import notifications
from alerta_utec.deployments.aws.services.broadcast import send_shard
from alerta_utec.deployments.aws.services.deliveries import delivery_record
from alerta_utec.deployments.aws.services.feed import change_feed
from alerta_utec.deployments.aws.services.incidents import incident_store
from alerta_utec.deployments.aws.services.sockets import broadcast_poster
from alerta_utec.deployments.aws.services.webhooks import (
    job_table,
    wakeup_queue,
    webhook_jobs,
    webhooks_without_secrets,
)
from alerta_utec.deployments.aws.stack import find_stack
from alerta_utec.ports.failed_batches import FailedBatches
from alerta_utec.webhooks.enqueue import EnqueueWebhookJobs

# The variable in a Lambda's environment for each output of the stack.
_OUTPUTS: Mapping[str, str] = {
    "CONNECTIONS_TABLE": "ConnectionsTable",
    "INCIDENTS_TABLE": "IncidentsTable",
    "CHANGES_TABLE": "ChangesTable",
    "KEYS_TABLE": "KeysTable",
    "INBOX_TABLE": "InboxTable",
    "DELIVERIES_TABLE": "DeliveriesTable",
    "FAN_OUT_QUEUE": "FanOutQueue",
    "WEBHOOKS_TABLE": "WebhooksTable",
    "WEBHOOK_JOBS_TABLE": "WebhookJobsTable",
    "WEBHOOK_BELLS": "WebhookBellsQueue",
    "MANAGEMENT_ENDPOINT": "ManagementEndpoint",
    "ALARM_TOPIC_ARN": "AlarmTopic",
    "ALERTA_TIMEZONE": "Timezone",
}
# Those that a stack of version 0.1 does not have; without them there is a default.
_NEWER_OUTPUTS: Mapping[str, str] = {"ALERTA_LANG": "Lang", "PANEL_URL": "PanelUrl"}

# The outputs with the queues of dead letters: those without an order, and those with one.
_DEAD_LETTERS = ("UndeliveredQueue", "UndeliveredInOrderQueue")


# That of the smallest Regions: a broadcast of the service may be on its way meanwhile.
REQUEST_QUOTA = 2500


@dataclass(frozen=True)
class RedriveDeployment:
    """A deployed stack whose changes can be sent again."""

    redrive: Redrive
    # By URL.
    queues: Mapping[str, FailedBatches]
    region: str


def connect(
    name: str, *, region: str | None, queue: str | None = None, dry_run: bool = False
) -> RedriveDeployment:
    """Find the stack ``name`` and build what sends its changes again.

    ``queue``: another queue than the stack's own two.

    Raises:
        As ``find_stack``.
    """
    found = find_stack(name, region=region, wanted=(*_OUTPUTS.values(), *_DEAD_LETTERS))
    known = {**_OUTPUTS, **_NEWER_OUTPUTS}
    environment = {
        variable: found.outputs[output]
        for variable, output in known.items()
        if output in found.outputs
    }
    environment["RULES"] = stack.rules(name)
    environment["REQUEST_QUOTA"] = str(REQUEST_QUOTA)
    urls = [queue] if queue else [found.outputs[name] for name in _DEAD_LETTERS]
    sqs = clients.sqs()
    queues = {url: SqsFailedBatches(sqs, url) for url in urls}
    return RedriveDeployment(_redrive(environment, dry_run), queues, found.region)


def _redrive(environment: Mapping[str, str], dry_run: bool) -> Redrive:
    dynamodb = clients.dynamodb()
    # Without metrics: the Lambdas count these deliveries, not the operator's machine.
    deliveries = delivery_record(dynamodb, environment)
    feed, sockets = change_feed(dynamodb, environment), broadcast_poster(environment)
    publisher = notifications.topic_publisher(environment, feed)
    table, wakeups = job_table(dynamodb, environment), wakeup_queue(environment)
    webhooks = webhooks_without_secrets(dynamodb, environment)
    enqueuing = EnqueueWebhookJobs(webhooks, webhook_jobs(table, feed, wakeups), SystemClock())
    shards = send_shard(dynamodb, environment, sockets, feed, deliveries)
    broadcast = FanOut(shards).broadcast
    return Redrive(
        incident_store(dynamodb, environment),
        deliveries,
        {
            "broadcast": lambda change: broadcast([change]),
            "email": notifications.notifier_at_once(publisher, Recorder(deliveries)).notify,
            "webhooks": enqueuing.enqueue,
        },
        shards.send,
        dry_run=dry_run,
    )
