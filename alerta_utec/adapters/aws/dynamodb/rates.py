"""The ``RateLimits`` on DynamoDB."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from alerta_utec.adapters.aws.dynamodb.attributes import epoch_us, number, number_of, text
from alerta_utec.adapters.aws.dynamodb.calls import condition_held
from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.token_bucket import take_token

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ATTEMPTS = 4


@dataclass(frozen=True)
class DynamoRateLimits:
    """Buckets of tokens: one item each, in the table of keys.

    ``fullAtUs`` is when the bucket will be full again. A call that loses the race against others
    four times takes a token all the same: the limit is against floods, and need not be exact.
    Needs ``GetItem`` and ``UpdateItem``.
    """

    client: "DynamoDBClient"
    table: str

    def take(self, key: str, now: datetime, *, per_s: float, burst: int) -> float:
        now_us = epoch_us(now)
        name = {"key": text("rate:" + sha256(key.encode()).hexdigest())}
        for _ in range(_ATTEMPTS):
            with translated("GetItem"):
                item = self.client.get_item(TableName=self.table, Key=name).get("Item")
            seen_us = number_of(item, "fullAtUs") if item else None
            taken = take_token(seen_us, now_us, per_s=per_s, burst=burst)
            if taken.wait_us:
                return taken.wait_us / 1_000_000
            if self._set_full_at(name, seen_us, taken.full_at_us):
                return 0.0
        return 0.0

    def _set_full_at(self, name: Any, seen_us: int | None, full_at_us: int) -> bool:
        condition = "attribute_not_exists(fullAtUs)" if seen_us is None else "fullAtUs = :seen"
        values = {
            ":full": number(full_at_us),
            ":expires": number(full_at_us // 1_000_000 + 60),
        }
        if seen_us is not None:
            values[":seen"] = number(seen_us)
        return condition_held(
            self.client,
            "UpdateItem",
            lambda: self.client.update_item(
                TableName=self.table,
                Key=name,
                UpdateExpression="SET fullAtUs = :full, expiresAt = :expires",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            ),
        )
