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


@dataclass(frozen=True)
class DynamoLeases:
    """``Leases`` as items beside each webhook's jobs, at ``seq`` 0, which no change has.

    A lease expires after ``LEASE``, so that a holder that was killed blocks no longer. Needs
    ``UpdateItem`` and ``DeleteItem``.
    """

    table: JobTable
    clock: Clock

    def acquire(self, webhook_id: str, holder: str) -> bool:
        now = self.clock.now()
        return self.table.update(
            _key(webhook_id),
            "SET takenBy = :who, takenUntilUs = :end, expiresAt = :expires",
            {
                ":who": text(holder),
                ":now": us(now),
                ":end": us(now + LEASE),
                ":expires": expires_after(now),
            },
            "attribute_not_exists(takenBy) OR takenBy = :who OR takenUntilUs <= :now",
        )

    def cool_down(self, webhook_id: str, holder: str) -> None:
        self.table.update(
            _key(webhook_id),
            "SET takenUntilUs = :end",
            {":who": text(holder), ":end": us(self.clock.now() + COOL_DOWN)},
            "takenBy = :who",
        )

    def release(self, webhook_id: str, holder: str) -> None:
        self.table.delete_if(_key(webhook_id), "takenBy = :who", {":who": text(holder)})


def _key(webhook_id: str) -> JobKey:
    return JobKey(webhook_id, 0)
