"""Answering the bells of webhooks: one at a time for each webhook, so that order is kept."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.dynamodb.attributes import Item, text
from alerta_utec.adapters.aws.dynamodb.calls import condition_held
from alerta_utec.ports import Clock
from alerta_utec.webhooks.aws.items import kept_from, key, us
from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.queue import Bell, Bells
from alerta_utec.webhooks.ports import WebhookJob, Webhooks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from alerta_utec.webhooks.delivery import DeliverWebhook

log = logging.getLogger(__name__)

# Longer than a try takes: a post of 15 s at most, and what came of it.
TURN = timedelta(seconds=20)
# After a failure nobody posts to a webhook for so long, however much is owed to it; less than
# the first wait before a job is tried again.
REST = timedelta(seconds=3)
# Whoever finds a webhook taken comes back in so many seconds, the least and the most.
COME_BACK_S = (5, 15)
# Looked at in one go, and rung for again in one minute.
MANY = 25
REMINDED_MAX = 100


@dataclass(frozen=True)
class DynamoTurns:
    """Whose turn it is to post to a webhook: an item beside its jobs, at ``seq`` 0.

    Needs ``UpdateItem`` and ``DeleteItem``.
    """

    client: "DynamoDBClient"
    table: str
    clock: Clock

    def take(self, webhook_id: str, who: str) -> bool:
        """Take the turn for ``TURN``, or keep it for as long; whether nobody else has it.

        Raises:
            Unavailable.
        """
        now = self.clock.now()
        return condition_held(
            self.client,
            "UpdateItem",
            lambda: self.client.update_item(
                TableName=self.table,
                Key=_turn(webhook_id),
                UpdateExpression="SET takenBy = :who, takenUntilUs = :end, expiresAt = :expires",
                ConditionExpression=(
                    "attribute_not_exists(takenBy) OR takenBy = :who OR takenUntilUs <= :now"
                ),
                ExpressionAttributeValues={
                    ":who": text(who),
                    ":now": us(now),
                    ":end": us(now + TURN),
                    ":expires": kept_from(now),
                },
            ),
        )

    def rest(self, webhook_id: str, who: str) -> None:
        """Let others have it in ``REST``; nothing happens where they do already.

        Raises:
            Unavailable: they have it after ``TURN``.
        """
        condition_held(
            self.client,
            "UpdateItem",
            lambda: self.client.update_item(
                TableName=self.table,
                Key=_turn(webhook_id),
                UpdateExpression="SET takenUntilUs = :end",
                ConditionExpression="takenBy = :who",
                ExpressionAttributeValues={
                    ":who": text(who),
                    ":end": us(self.clock.now() + REST),
                },
            ),
        )

    def end(self, webhook_id: str, who: str) -> None:
        """Let others have it now; otherwise as ``rest``."""
        condition_held(
            self.client,
            "DeleteItem",
            lambda: self.client.delete_item(
                TableName=self.table,
                Key=_turn(webhook_id),
                ConditionExpression="takenBy = :who",
                ExpressionAttributeValues={":who": text(who)},
            ),
        )


@dataclass(frozen=True)
class AnswerBell:
    """Tries the job that a bell is for, and what else is due to that webhook, by ``seq``.

    One at a time posts to a webhook, so that it hears of changes in their order while all goes
    well, and a receiver that hangs holds up no other. A bell whose job was not tried, since the
    webhook is taken or has just failed, or there is no time left, is rung once more.
    """

    jobs: DynamoWebhookJobs
    turns: DynamoTurns
    deliver: "DeliverWebhook"
    bells: Bells
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    come_back_s: Callable[[], int] = lambda: random.randint(*COME_BACK_S)  # noqa: S311 (jitter)

    def __call__(self, bell: Bell, deadline_s: float | None = None) -> None:
        """Do what there is to do; often that is nothing any more.

        Raises:
            Unavailable: the bell is to be heard again.
        """
        if self._due(bell) is not None and bell not in self._tried(bell, deadline_s):
            self.bells.ring([bell], after_s=self.come_back_s())

    def _tried(self, bell: Bell, deadline_s: float | None) -> set[Bell]:
        """Try one after another until there is nothing left, or something fails."""
        who, done, give_back = token_hex(8), set[Bell](), self.turns.end
        try:
            while left := self._left(bell, done):
                for one in left:
                    if not self._has_time(deadline_s) or not self.turns.take(one.webhook_id, who):
                        return done
                    done.add(one)
                    if self._try(one, own=one == bell) == "failed":
                        give_back = self.turns.rest
                        return done
        finally:
            give_back(bell.webhook_id, who)
        return done

    def _left(self, bell: Bell, done: set[Bell]) -> Sequence[Bell]:
        """What is due, by ``seq``; the index may not have the bell's own job yet."""
        return sorted({bell, *self.jobs.waiting(bell.webhook_id, MANY)} - done)

    def _has_time(self, deadline_s: float | None) -> bool:
        return deadline_s is None or self.monotonic() < deadline_s

    def _due(self, bell: Bell) -> WebhookJob | None:
        job = self.jobs.get(*bell)
        return job if job and job.next_try_at <= self.clock.now() else None

    def _try(self, bell: Bell, *, own: bool) -> str | None:
        """What came of it; none where there was nothing to try, or it could not be."""
        try:
            job = self._due(bell)
            return self.deliver(job).outcome if job else None
        except Exception:
            # Those of other bells fail for these.
            if own:
                raise
            log.exception("webhook_not_tried", extra={"webhook_id": bell.webhook_id})
            return None


@dataclass(frozen=True)
class Remind:
    """Rings for what has waited longer than a bell can, and for what nobody came for."""

    webhooks: Webhooks
    jobs: DynamoWebhookJobs

    def __call__(self, _event: object = None, _context: object = None) -> Mapping[str, int]:
        """``{rung}``; ``REMINDED_MAX`` of each webhook.

        Raises:
            Unavailable: the tables cannot be read or written, or bells not rung.
        """
        rung = sum(
            self.jobs.remind(webhook.webhook_id, REMINDED_MAX) for webhook in self.webhooks.all()
        )
        log.info("webhooks_reminded", extra={"rung": rung})
        return {"rung": rung}


def _turn(webhook_id: str) -> Item:
    return key(Bell(webhook_id, 0))
