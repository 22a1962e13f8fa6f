"""Redriving from outside AWS, with the operator's credentials, over a deployed stack."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from alerta_utec.adapters.aws import clients, stack
from alerta_utec.adapters.aws.sqs.dead_letters import SqsFailedBatches
from alerta_utec.app.redrive import Redrive
from alerta_utec.deployments.aws.notifications import AwsAlarms
from alerta_utec.deployments.aws.webhooks import AwsWebhooks
from alerta_utec.domain.errors import NotFound
from alerta_utec.ports.failed_batches import FailedBatches

# Each table's output, and its variable in a Lambda's environment.
_OUTPUTS: Mapping[str, str] = {
    "CONNECTIONS_TABLE": "ConnectionsTable",
    "INCIDENTS_TABLE": "IncidentsTable",
    "CHANGES_TABLE": "ChangesTable",
    "KEYS_TABLE": "KeysTable",
    "DELIVERIES_TABLE": "DeliveriesTable",
    "FAN_OUT_QUEUE": "FanOutQueue",
    "WEBHOOKS_TABLE": "WebhooksTable",
    "WEBHOOK_JOBS_TABLE": "WebhookJobsTable",
    "WEBHOOK_BELLS": "WebhookBellsQueue",
    "MANAGEMENT_ENDPOINT": "ManagementEndpoint",
    "ALARM_TOPIC_ARN": "AlarmTopic",
    "ALERTA_TIMEZONE": "Timezone",
}


@dataclass(frozen=True)
class RedriveHome:
    """A stack, ready to be sent again from."""

    redrive: Redrive
    failed: FailedBatches
    queue: str
    region: str


def connect(
    name: str, *, region: str | None, queue: str | None = None, dry_run: bool = False
) -> RedriveHome:
    """Find the stack ``name`` and join what it takes to send its changes again.

    ``queue``: another one than the stack's own.

    Raises:
        NotFound: no such stack there, or none of this service.
        Unauthorized: no credentials, or they are not accepted.
        Unavailable, Internal: it cannot be found out now, or at all.
    """
    logging.getLogger("alerta_utec").addHandler(logging.NullHandler())
    chosen = clients.choose_region(region)
    found = stack.outputs(name)
    missing = [output for output in (*_OUTPUTS.values(), "UndeliveredQueue") if output not in found]
    if missing:
        raise NotFound(f"{name}: {', '.join(missing)}")
    environment = {variable: found[output] for variable, output in _OUTPUTS.items()}
    environment["RULES"] = stack.rules(name)
    services = AwsWebhooks(environment, metrics=False)
    redrive = Redrive(
        services.incidents,
        services.deliveries,
        {
            "broadcast": services.broadcast.broadcast,
            "email": AwsAlarms(environment, metrics=False).alarm_at_once.notify,
            "webhooks": services.enqueue_webhook_jobs.enqueue,
        },
        services.send_shard.send,
        dry_run=dry_run,
    )
    url = queue or found["UndeliveredQueue"]
    return RedriveHome(redrive, SqsFailedBatches(clients.sqs(), url), url, chosen)
