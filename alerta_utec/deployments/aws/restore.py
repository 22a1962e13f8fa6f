"""The restore of a deployed stack's feed, and its new epochs, with the operator's credentials."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws import clients
from alerta_utec.adapters.aws.dynamodb.feed import DynamoFeed
from alerta_utec.adapters.aws.dynamodb.feed_gate import FeedGate
from alerta_utec.adapters.aws.dynamodb.point_in_time import NotRecoverable, PointInTime
from alerta_utec.adapters.aws.dynamodb.restore import (
    Progress,
    RestoreFeed,
    RestorePlan,
    SourceRefused,
)
from alerta_utec.adapters.aws.dynamodb.table_names import IncidentTables
from alerta_utec.deployments.aws.stack import DeployedStack, find_stack
from alerta_utec.domain.change import Position
from alerta_utec.webhooks.aws.registry import DynamoWebhooks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a restore is refused for; the text says why, in Spanish.
REFUSALS = (NotRecoverable, SourceRefused)
_TABLES = ("IncidentsTable", "ChangesTable", "KeysTable", "InboxTable")


@dataclass(frozen=True)
class StackFeed:
    """The feed of a stack."""

    stack: DeployedStack
    dynamodb: "DynamoDBClient"

    @property
    def gate(self) -> FeedGate:
        """The gate of the feed, which has its position."""
        return FeedGate(self.dynamodb, self.stack.outputs["ChangesTable"])

    def check_moment(self, at: datetime) -> None:
        """Check that the changes can be recovered to this moment.

        Raises:
            NotRecoverable: they cannot.
            Unavailable, Internal: as ``translated``.
        """
        self._recovery.check(at)

    def changes_since(self, at: datetime) -> int:
        """Return how many changes the stack has had since this moment.

        Raises:
            Unavailable, Internal: as ``translated``; also while the feed is closed.
        """
        feed = DynamoFeed(self.dynamodb, self.stack.outputs["ChangesTable"])
        return feed.position().seq - feed.position_before(at).seq

    def recover(self, at: datetime, waiting: Callable[[], None]) -> str:
        """Recover the changes to this moment, and return the name of the new table.

        Raises:
            Unavailable, Internal: as ``PointInTime.recover``.
        """
        target = f"{self._recovery.table}-{at:%Y%m%d%H%M%S}"
        self._recovery.recover(at, target, waiting)
        return target

    def plan(self, source: str) -> RestorePlan:
        """Return what a restore from the table ``source`` would do.

        Raises:
            SourceRefused: the table has no feed, or one with a gap.
            Unavailable, Internal: as ``translated``.
        """
        return self._restore(source).plan()

    def run(self, source: str, plan: RestorePlan, progress: Progress) -> Position:
        """Restore as planned, and return the feed's new position; may be repeated.

        Webhooks that were added after the restored changes get all further ones.

        Raises:
            Unavailable, Internal: the feed is left closed; repeat the restore.
        """
        webhooks = DynamoWebhooks(self.dynamodb, self.stack.outputs["WebhooksTable"])
        for webhook in webhooks.all():
            if webhook.since_seq > plan.last.seq:
                webhooks.save(webhook.next(since_seq=plan.last.seq))
        return self._restore(source).run(plan, progress)

    @property
    def _recovery(self) -> PointInTime:
        return PointInTime(self.dynamodb, self.stack.outputs["ChangesTable"])

    def _restore(self, source: str) -> RestoreFeed:
        tables = IncidentTables(*(self.stack.outputs[name] for name in _TABLES))
        return RestoreFeed(self.dynamodb, source, tables)


def connect(name: str, *, region: str | None) -> StackFeed:
    """Find the stack ``name`` and its feed.

    Raises:
        As ``find_stack``.
    """
    found = find_stack(name, region=region, wanted=(*_TABLES, "WebhooksTable"))
    return StackFeed(found, clients.dynamodb())
