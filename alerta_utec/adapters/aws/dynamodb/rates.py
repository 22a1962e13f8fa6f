"""The ``RateLimits`` on DynamoDB."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import Item, epoch_us, number, number_of, text
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.token_bucket import interval_us, is_in_use, take_token

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a bucket was can be wrong once, and can change once more from unused to used.
_ATTEMPTS = 3
_REMEMBERED_MAX = 10_000
_TTL_S = 60


@dataclass(frozen=True)
class DynamoRateLimits:
    """Buckets of tokens: one item each, in the table of keys.

    ``fullAtUs`` is when the bucket will be full again. A token is taken by one conditional update,
    exact however many callers there are: it adds to ``fullAtUs`` if the bucket is in use, and
    sets it if it is not, since DynamoDB computes no maximum. Which of both is right, this process
    remembers of each bucket; where it errs, the failed condition tells, and a second update
    follows. Needs ``UpdateItem``.
    """

    client: "DynamoDBClient"
    table: str
    # The last known ``fullAtUs`` by key; that of the store is the same or later.
    _remembered: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        now_us = epoch_us(now)
        seen_us = self._remembered.get(key)
        for _ in range(_ATTEMPTS):
            taken = take_token(seen_us, now_us, per_s=per_s, burst=burst)
            if taken.wait_us:
                return taken.wait_us / 1_000_000
            step_us, capacity_us = interval_us(per_s), burst * interval_us(per_s)
            if is_in_use(seen_us, now_us, capacity_us):
                update = _add(now_us, step_us, capacity_us)
            else:
                update = _set(now_us, step_us, capacity_us)
            is_taken, seen_us = self._update(key, update)
            self._remember(key, seen_us)
            if is_taken:
                return 0.0
        # The limit is against floods: a doubt is no reason to refuse a report.
        return 0.0

    def _update(self, key: str, update: tuple[str, str, Item]) -> tuple[bool, int | None]:
        """Update a bucket if the condition holds; return whether it did, and ``fullAtUs`` now."""
        expression, condition, values = update
        with translated("UpdateItem"):
            try:
                answer = self.client.update_item(
                    TableName=self.table,
                    Key={"key": text("rate:" + sha256(key.encode()).hexdigest())},
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValues="UPDATED_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as error:
                found: Any = error.response.get("Item")
                return False, number_of(found, "fullAtUs") if found else None
        return True, number_of(answer["Attributes"], "fullAtUs")

    def _remember(self, key: str, full_at_us: int | None) -> None:
        if len(self._remembered) >= _REMEMBERED_MAX:
            self._remembered.clear()
        if full_at_us is None:
            self._remembered.pop(key, None)
        else:
            self._remembered[key] = full_at_us


def _add(now_us: int, step_us: int, capacity_us: int) -> tuple[str, str, Item]:
    """Return the update that takes a token of a bucket in use, while it has one."""
    return (
        "SET fullAtUs = fullAtUs + :step, expiresAt = :expires",
        "fullAtUs BETWEEN :now AND :last",
        {
            ":step": number(step_us),
            ":now": number(now_us),
            ":last": number(now_us + capacity_us - step_us),
            ":expires": _expiry(now_us + capacity_us),
        },
    )


def _set(now_us: int, step_us: int, capacity_us: int) -> tuple[str, str, Item]:
    """Return the update that takes the first token of a full bucket.

    So is one of a clock that was ahead, as for ``take_token``.
    """
    return (
        "SET fullAtUs = :next, expiresAt = :expires",
        "attribute_not_exists(fullAtUs) OR fullAtUs < :now OR fullAtUs > :empty",
        {
            ":next": number(now_us + step_us),
            ":now": number(now_us),
            ":empty": number(now_us + capacity_us),
            ":expires": _expiry(now_us + step_us),
        },
    )


def _expiry(full_at_us: int) -> dict[str, str]:
    return number(full_at_us // 1_000_000 + _TTL_S)
