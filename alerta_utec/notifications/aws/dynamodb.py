"""A topic's throttle state and pending digests in DynamoDB."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import (
    Item,
    epoch_us,
    expiry,
    number,
    text,
)
from alerta_utec.adapters.aws.dynamodb.calls import condition_held, pages
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.adapters.clock import SystemClock
from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.values import format_time
from alerta_utec.notifications.aws.items import (
    DECIDED,
    DIGEST,
    HELD,
    STATE,
    digest_from,
    held_from,
    hold_attributes,
    hold_from,
    key,
    row_name,
    state_from,
)
from alerta_utec.notifications.ports import RETRY_WAIT_MAX, Decision, ThrottleSnapshot
from alerta_utec.notifications.throttle import Released
from alerta_utec.notifications.throttle_state import Held, Hold, ThrottleState
from alerta_utec.notifications.topic_ports import Digest
from alerta_utec.ports.clock import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than the stream and its dead-letter queue can deliver a change again.
DECIDED_TTL = timedelta(days=15)
# The limit of TransactWriteItems.
_MANY = 100


@dataclass(frozen=True)
class DynamoNotifications:
    """``TopicThrottleStore`` and ``DigestStore`` in one table with key ``recipient``, ``row``.

    The rows of a recipient: ``gate``, its state; ``decided#seq`` (TTL ``expiresAt``);
    ``held#seq``, until its e-mail is sent; ``parcel#seq``, a pending digest, whose members no
    longer count as held.
    Needs ``GetItem``, ``Query``, ``PutItem``, ``UpdateItem`` and ``DeleteItem``.
    """

    client: "DynamoDBClient"
    table: str
    clock: Clock = field(default_factory=SystemClock)

    def load(self, seq: int, recipients: Sequence[str]) -> ThrottleSnapshot:
        states = {name: state_from(self._item(name, STATE)) for name in recipients}
        kept = {name: self._item(name, row_name(DECIDED, seq)) for name in recipients}
        decided = {name: hold_from(item) for name, item in kept.items() if item}
        return ThrottleSnapshot(states, decided)

    def save(self, seq: int, group: str, decisions: Mapping[str, Decision]) -> None:
        actions: list[Any] = []
        for recipient, decision in decisions.items():
            hold = {} if decision.hold is None else hold_attributes(decision.hold)
            decided = {"row": text(row_name(DECIDED, seq))} | hold
            decided |= expiry(self.clock.now() + DECIDED_TTL)
            actions += [self._put_state(recipient, decision.state), self._new(recipient, decided)]
            if hold:
                held = {"row": text(row_name(HELD, seq)), "seq": number(seq), "group": text(group)}
                actions.append(self._new(recipient, held | hold))
        self._together(actions)

    def is_published(self, recipient: str, seq: int) -> bool:
        return "published" in (self._item(recipient, row_name(DECIDED, seq)) or {})

    def mark_published(self, recipient: str, seq: int) -> None:
        kept_until = expiry(self.clock.now() + DECIDED_TTL)
        with translated("UpdateItem"):
            self.client.update_item(
                TableName=self.table,
                Key=key(recipient, row_name(DECIDED, seq)),
                UpdateExpression="SET published = :yes, expiresAt = :at, expiresAtUs = :atUs",
                ExpressionAttributeValues={
                    ":yes": {"BOOL": True},
                    ":at": kept_until["expiresAt"],
                    ":atUs": kept_until["expiresAtUs"],
                },
            )

    def held(self, recipient: str) -> tuple[ThrottleState, Sequence[Held]]:
        rows = self._rows(recipient)
        return state_from(rows.get(STATE)), list(held_from(rows).values())

    def release(self, recipient: str, released: Released) -> None:
        held = held_from(self._rows(recipient))
        actions = [self._put_state(recipient, released.state)]
        for seqs in released.digests:
            reasons = {str(seq): held[seq].hold.reason for seq in seqs if seq in held}
            digest = {
                "row": text(row_name(DIGEST, seqs[0])),
                "members": text(json.dumps(reasons)),
                "owedSince": text(format_time(released.at)),
                "tryAtUs": number(epoch_us(released.at)),
                "attempts": number(0),
            }
            actions.append(self._new(recipient, digest))
        self._together(actions)
        for seq, hold in released.holds.items():
            if seq in held and held[seq].hold.reason is not hold.reason:
                self._hold_on(recipient, seq, hold)

    def pending(self, recipient: str, now: datetime) -> Sequence[Digest]:
        rows = self._rows(recipient, since=DIGEST)
        digests = [digest_from(item) for item in rows.values()]
        return [digest for digest in digests if _is_due(digest, now)]

    def claim(self, recipient: str, digest: Digest, until: datetime) -> bool:
        return condition_held(
            self.client,
            "UpdateItem",
            lambda: self.client.update_item(
                TableName=self.table,
                Key=key(recipient, row_name(DIGEST, digest.first)),
                UpdateExpression="SET tryAtUs = :until, attempts = :attempts",
                ConditionExpression="tryAtUs = :seen",
                ExpressionAttributeValues={
                    ":until": number(epoch_us(until)),
                    ":attempts": number(digest.attempts + 1),
                    ":seen": number(digest.try_at_us),
                },
            ),
        )

    def mark_sent(self, recipient: str, digest: Digest) -> None:
        rows = [row_name(HELD, seq) for seq in digest.members]
        # The digest last: without it, its members would count as held again.
        for first in range(0, len(rows), _MANY):
            self._delete(recipient, rows[first : first + _MANY])
        self._delete(recipient, [row_name(DIGEST, digest.first)])

    def _hold_on(self, recipient: str, seq: int, hold: Hold) -> None:
        attributes = hold_attributes(hold)
        with translated("UpdateItem"):
            self.client.update_item(
                TableName=self.table,
                Key=key(recipient, row_name(HELD, seq)),
                UpdateExpression="SET because = :because, #until = :until",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={
                    ":because": attributes["because"],
                    ":until": attributes["until"],
                },
            )

    def _put_state(self, recipient: str, state: ThrottleState) -> Any:
        item = key(recipient, STATE) | {
            "version": number(state.version + 1),
            "gate": text(json.dumps(state.to_json())),
        }
        put: dict[str, Any] = {"TableName": self.table, "Item": item}
        if state.version:
            put["ConditionExpression"] = "version = :seen"
            put["ExpressionAttributeValues"] = {":seen": number(state.version)}
        else:
            put["ConditionExpression"] = "attribute_not_exists(version)"
        return {"Put": put}

    def _new(self, recipient: str, attributes: Item) -> Any:
        item = {"recipient": text(recipient)} | attributes
        condition = "attribute_not_exists(recipient)"
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": condition}}

    def _together(self, actions: list[Any]) -> None:
        with translated("TransactWriteItems"):
            try:
                self.client.transact_write_items(TransactItems=actions)
            except self.client.exceptions.TransactionCanceledException as error:
                reasons = {one.get("Code") for one in error.response["CancellationReasons"]}
                if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
                    raise Conflict from error
                raise

    def _delete(self, recipient: str, rows: Sequence[str]) -> None:
        actions: Any = [
            {"Delete": {"TableName": self.table, "Key": key(recipient, row)}} for row in rows
        ]
        with translated("TransactWriteItems"):
            self.client.transact_write_items(TransactItems=actions)

    def _item(self, recipient: str, row: str) -> Item | None:
        with translated("GetItem"):
            answer = self.client.get_item(
                TableName=self.table, Key=key(recipient, row), ConsistentRead=True
            )
        return answer.get("Item")

    def _rows(self, recipient: str, since: str = STATE) -> dict[str, Item]:
        found = pages(
            "Query",
            lambda **start: self.client.query(
                TableName=self.table,
                KeyConditionExpression="recipient = :recipient AND #row >= :since",
                ExpressionAttributeNames={"#row": "row"},
                ExpressionAttributeValues={":recipient": text(recipient), ":since": text(since)},
                ConsistentRead=True,
                **start,
            ),
        )
        return {item["row"]["S"]: item for page in found for item in page["Items"]}


def _is_due(digest: Digest, now: datetime) -> bool:
    """Tell whether it is time; a later time than the longest wait is a wrong clock's."""
    latest_us = epoch_us(now + RETRY_WAIT_MAX)
    return not digest.attempts or not epoch_us(now) < digest.try_at_us <= latest_us
