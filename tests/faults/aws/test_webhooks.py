"""Webhooks on AWS when a Lambda is killed, a wake-up is lost, or the webhooks cannot be read."""

import json
from urllib.parse import urlsplit

from tests.aws.test_webhooks import Hooks, hooks, receiver  # noqa: F401 (fixtures)
from tests.faults.aws.conftest import (
    environment,
    event_source,
    kill,
    queue_settings,
    tried_once,
    visible,
)
from tests.faults.aws.endpoint import HANG, FaultyEndpoint
from tests.faults.aws.test_redrive import GIVEN_UP_S, redrive, waiting
from tests.support.deployment import Deployment
from tests.support.eventually import eventually
from tests.support.incidents import unique
from tests.support.receiver import Receiver, about

# A killed Lambda's wake-up is received again, and sent again until the lease expires.
RECOVERY_S = 60.0
HIDDEN_S = 2
# Five webhooks are delivered to at once (maximumConcurrency in serverless.yml).
MORE_THAN_AT_ONCE = 8


def make_overdue(deployment: Deployment, webhook_id: str) -> bool:
    """Make the webhook's jobs overdue, as if their wake-ups had been lost minutes ago."""
    client, table = deployment.client("dynamodb"), deployment.outputs["WebhookJobsTable"]
    items = client.query(
        TableName=table,
        KeyConditionExpression="webhookId = :id AND seq > :lease",
        ExpressionAttributeValues={":id": {"S": webhook_id}, ":lease": {"N": "0"}},
    )["Items"]
    for item in items:
        client.update_item(
            TableName=table,
            Key={name: item[name] for name in ("webhookId", "seq")},
            UpdateExpression="SET ringAtUs = nextTryAtUs",
        )
    return bool(items)


def test_a_lambda_that_is_killed_while_it_posts_loses_nothing(
    deployment: Deployment,
    hooks: Hooks,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    place = unique("Aula")
    with (
        FaultyEndpoint(urlsplit(receiver.url).port or 0) as between,
        queue_settings(deployment, "WebhookBellsQueue", VisibilityTimeout=str(HIDDEN_S)),
    ):
        between.obey(lambda _request: HANG)
        hook = hooks.add(f"{between.url}/alertas", filter={"location": [place]})

        incident_id = hooks.report(location=place)
        between.wait_for(1, lambda request: incident_id in request.body)
        killed = kill(deployment, "webhook")
        between.heal()
        eventually(lambda: receiver.received, "the post", within_s=RECOVERY_S)
        hooks.outcome(incident_id, hook, "sent")

    (post,) = receiver.received
    assert killed >= 1
    assert post.event(hook["secret"])["data"]["incident"]["incidentId"] == incident_id


def test_a_receiver_that_hangs_delays_no_other_which_gets_changes_in_order(
    hooks: Hooks,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    place = unique("Aula")
    with FaultyEndpoint(urlsplit(receiver.url).port or 0) as between:
        between.obey(lambda _request: HANG)
        hooks.add(f"{between.url}/alertas", filter={"location": [place]})
        hook = hooks.add(receiver.url, filter={"location": [place]})

        ids = [hooks.report(location=place) for _ in range(MORE_THAN_AT_ONCE)]
        posts = receiver.wait(about(place), count=len(ids))
        hanging = between.seen(lambda _request: True)

    received = [post.event(hook["secret"])["data"]["incident"]["incidentId"] for post in posts]
    assert received == ids
    assert hanging


def test_a_lost_wakeup_is_sent_again_by_the_schedule(
    deployment: Deployment,
    hooks: Hooks,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    place = unique("Aula")
    hook = hooks.add(receiver.url, filter={"location": [place]})
    queue = "WebhookBellsQueue"
    with event_source(deployment, "webhook", Enabled=False):
        incident_id = hooks.report(location=place)
        eventually(lambda: make_overdue(deployment, hook["webhookId"]), "a pending job")
        eventually(lambda: visible(deployment, queue), "the wake-up")
        deployment.client("sqs").purge_queue(QueueUrl=deployment.outputs[queue])
        lost = not visible(deployment, queue)

    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.function("remind"), Payload=b"{}"
    )
    (post,) = receiver.wait(about(incident_id))

    assert lost
    assert json.loads(answer["Payload"].read()).keys() == {"requeued"}
    assert post.event(hook["secret"])["subject"] == incident_id


def test_redrive_enqueues_changes_whose_webhooks_could_not_be_read(
    deployment: Deployment,
    hooks: Hooks,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    place = unique("Aula")
    hook = hooks.add(receiver.url, filter={"location": [place]})
    once = tried_once(deployment, "UndeliveredInOrderQueue")
    with (
        FaultyEndpoint(deployment.emulator.port) as endpoint,
        environment(deployment, "webhooks", {"AWS_ENDPOINT_URL_DYNAMODB": endpoint.url}),
        queue_settings(deployment, "WebhookChangesQueue", RedrivePolicy=once),
    ):
        endpoint.obey(lambda _request: 403)
        incident_id = hooks.report(location=place)
        eventually(lambda: waiting(deployment) == 1, "a message", within_s=GIVEN_UP_S)
    before = list(receiver.received)

    done = redrive(deployment)
    (post,) = receiver.wait(about(incident_id))
    hooks.outcome(incident_id, hook, "sent")
    again = redrive(
        deployment,
        "--from-seq",
        str(post.event(hook["secret"])["data"]["incident"]["seq"]),
        "--channel",
        "webhooks",
    )

    assert before == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert "webhooks: encargado" in done.stdout
    assert "1 retirados, 0 siguen" in done.stdout
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(receiver.received) == 1
    assert waiting(deployment) == 0
