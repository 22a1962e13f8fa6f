"""The queues of the relay: one row of ``CONSUMERS`` for each consumer, and their two ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.sqs.relay import SqsRelayQueue, relayed_position
from alerta_utec.adapters.aws.sqs.visibility import SqsVisibility
from alerta_utec.domain.position import ChangeHeader, Position
from alerta_utec.handlers.queue import QueueConsumer
from alerta_utec.handlers.relay import RelayedChanges

# The function ``relay`` itself reads no incident, and starts in half the time.
if TYPE_CHECKING:
    from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
    from alerta_utec.domain.change import Change
    from alerta_utec.domain.delivery import Consumer

# Half of the consumers' timeout: one change takes some calls with timeouts of their own.
RESERVE_S = 15.0


@dataclass(frozen=True)
class RelayedConsumer:
    """A consumer of the feed that gets its changes from the relay.

    ``queue``: the environment's variable with its queue. ``group``: changes with the same are
    consumed in order, each after the one before it is done or given up.
    """

    queue: str
    wants: Callable[[ChangeHeader], bool]
    group: Callable[[ChangeHeader], str]


CONSUMERS: "Mapping[Consumer, RelayedConsumer]" = {
    # An all-clear never arrives before its alert; a failure delays its own incident only.
    "email": RelayedConsumer(
        "NOTIFICATIONS_QUEUE",
        wants=lambda header: header.notifies,
        group=lambda header: header.incident_id,
    ),
    # A webhook gets all changes in order.
    "webhooks": RelayedConsumer(
        "WEBHOOK_CHANGES_QUEUE",
        wants=lambda _header: True,
        group=lambda _header: "all",
    ),
}


def relay_queues(environment: Mapping[str, str]) -> list[SqsRelayQueue]:
    """Return the queues of all consumers (the variables in ``CONSUMERS``)."""
    sqs = clients.sqs()
    return [
        SqsRelayQueue(sqs, environment[one.queue], name, one.wants, one.group)
        for name, one in CONSUMERS.items()
    ]


def relayed_changes(
    consumer: "Consumer",
    environment: Mapping[str, str],
    feed: "DynamoFeed",
    consume: "Callable[[Change], object]",
) -> QueueConsumer[Position]:
    """Return the handler of a consumer's queue, which passes each change on to ``consume``."""
    visibility = SqsVisibility(clients.sqs(), environment[CONSUMERS[consumer].queue])
    return QueueConsumer(
        relayed_position, RelayedChanges(feed.change_at, consume).consume, visibility, RESERVE_S
    )
