"""The leases on DynamoDB, which keep requests to one webhook from overlapping."""

from dataclasses import dataclass
from datetime import timedelta

from alerta_utec.adapters.aws.dynamodb.attributes import text
from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.aws.items import expires_after, us
from alerta_utec.webhooks.aws.table import JobTable
from alerta_utec.webhooks.job import JobKey

# Longer than an attempt takes: a POST of 15 s at most, and storing its outcome.
LEASE = timedelta(seconds=20)
# The pause after a failure, however many jobs are due; shorter than the first retry's delay.
COOL_DOWN = timedelta(seconds=3)
# The ``seq`` of the leases of deliveries and of tests.
DELIVERY, TEST = 0, -1


@dataclass(frozen=True)
class DynamoLeases:
    """``DeliveryLeases`` as items beside each webhook's jobs, at a ``seq`` that no change has.

    ``seq`` tells leases of different purposes apart: ``DELIVERY`` or ``TEST``. A lease expires
    after ``LEASE``, so that a holder that was killed blocks no longer; one that expires later than
    any lease can was taken by a clock that was ahead, and is free. Needs ``UpdateItem`` and
    ``DeleteItem``.
    """

    table: JobTable
    clock: Clock
    seq: int = DELIVERY

    def acquire(self, webhook_id: str, holder: str) -> bool:
        now = self.clock.now()
        return self.table.update(
            self._key(webhook_id),
            "SET takenBy = :who, takenUntilUs = :end, expiresAt = :expires",
            {
                ":who": text(holder),
                ":now": us(now),
                ":end": us(now + LEASE),
                # Clocks of two Lambdas differ by less than a lease.
                ":latest": us(now + 2 * LEASE),
                ":expires": expires_after(now),
            },
            "attribute_not_exists(takenBy) OR takenBy = :who"
            " OR takenUntilUs <= :now OR takenUntilUs > :latest",
        )

    def cool_down(self, webhook_id: str, holder: str) -> None:
        self.table.update(
            self._key(webhook_id),
            "SET takenUntilUs = :end",
            {":who": text(holder), ":end": us(self.clock.now() + COOL_DOWN)},
            "takenBy = :who",
        )

    def release(self, webhook_id: str, holder: str) -> None:
        self.table.delete_if(self._key(webhook_id), "takenBy = :who", {":who": text(holder)})

    def _key(self, webhook_id: str) -> JobKey:
        return JobKey(webhook_id, self.seq)
