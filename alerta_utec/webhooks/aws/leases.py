"""The leases on DynamoDB, which keep requests to one webhook from overlapping."""

from dataclasses import dataclass
from datetime import timedelta

from alerta_utec.adapters.aws.dynamodb.attributes import Item, number, number_of, text
from alerta_utec.ports.clock import Clock
from alerta_utec.webhooks.aws.items import expires_after, us
from alerta_utec.webhooks.aws.table import JobTable
from alerta_utec.webhooks.job import JobKey
from alerta_utec.webhooks.lease_ports import Lease

# Longer than an attempt takes: a POST of 15 s at most, and storing its outcome.
LEASE = timedelta(seconds=20)
# The pause after a failure, however many jobs are due; shorter than the first retry's delay.
COOL_DOWN = timedelta(seconds=3)
# The ``seq`` of the leases of deliveries and of tests, which no change has.
DELIVERY, TEST = 0, -1


@dataclass(frozen=True)
class LeaseItems:
    """The items of leases, beside each webhook's jobs at a ``seq`` of their own.

    A lease expires after ``LEASE``, so that a holder that was killed blocks no longer; one that
    expires later than any lease can was taken by a clock that was ahead, and is free. Needs
    ``UpdateItem`` and ``DeleteItem``.
    """

    table: JobTable
    clock: Clock
    seq: int

    def take(self, webhook_id: str, holder: str) -> Item | None:
        """Acquire or extend a lease; return its item, or ``None`` if another holder has it."""
        now = self.clock.now()
        return self.table.updated(
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

    def leave(self, webhook_id: str, holder: str, wait: timedelta, failures: int) -> None:
        """Free a lease after ``wait``, with a count for the next holder."""
        self.table.update(
            self._key(webhook_id),
            "SET takenUntilUs = :end, failures = :failures",
            {
                ":who": text(holder),
                ":end": us(self.clock.now() + wait),
                ":failures": number(failures),
            },
            "takenBy = :who",
        )

    def remove(self, webhook_id: str, holder: str) -> None:
        """Free a lease at once, and forget it."""
        self.table.delete_if(self._key(webhook_id), "takenBy = :who", {":who": text(holder)})

    def _key(self, webhook_id: str) -> JobKey:
        return JobKey(webhook_id, self.seq)


class DynamoTestLeases:
    """``Leases`` of the tests of webhooks."""

    def __init__(self, table: JobTable, clock: Clock) -> None:
        self._items = LeaseItems(table, clock, TEST)

    def acquire(self, webhook_id: str, holder: str) -> bool:
        return self._items.take(webhook_id, holder) is not None

    def release(self, webhook_id: str, holder: str) -> None:
        self._items.remove(webhook_id, holder)


class DynamoDeliveryLeases:
    """``DeliveryLeases``; the item of a webhook that fails stays, with the count."""

    def __init__(self, table: JobTable, clock: Clock) -> None:
        self._items = LeaseItems(table, clock, DELIVERY)

    def acquire(self, webhook_id: str, holder: str) -> Lease | None:
        item = self._items.take(webhook_id, holder)
        return (
            None
            if item is None
            else Lease(number_of(item, "failures") if "failures" in item else 0)
        )

    def release(
        self, webhook_id: str, holder: str, *, failures: int = 0, cools_down: bool = False
    ) -> None:
        if failures or cools_down:
            wait = COOL_DOWN if cools_down else timedelta()
            self._items.leave(webhook_id, holder, wait, failures)
        else:
            self._items.remove(webhook_id, holder)
