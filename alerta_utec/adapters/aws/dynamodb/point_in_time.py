"""The point-in-time recovery of a table of DynamoDB, into a new table."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alerta_utec.adapters.aws.errors import translated
from alerta_utec.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A large table takes hours.
TIMEOUT_S = 12 * 3600.0
POLL_S = 10.0


class NotRecoverable(Exception):
    """The table cannot be recovered to that moment; the text says why."""


@dataclass(frozen=True)
class PointInTime:
    """The recovery of one table. Indexes are left out: they take longer than the items.

    Needs ``DescribeContinuousBackups``, ``RestoreTableToPointInTime`` and ``DescribeTable``; the
    recovery itself also what AWS lists for it on the new table.
    """

    client: "DynamoDBClient"
    table: str
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def check(self, at: datetime) -> None:
        """Check that the table can be recovered to this moment.

        Raises:
            NotRecoverable: it is outside the window, or recovery is off.
            Unavailable, Internal: as ``translated``.
        """
        with translated("DescribeContinuousBackups"):
            found = self.client.describe_continuous_backups(TableName=self.table)
        described = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        first = described.get("EarliestRestorableDateTime")
        last = described.get("LatestRestorableDateTime")
        if described.get("PointInTimeRecoveryStatus") != "ENABLED" or not first or not last:
            raise NotRecoverable(f"{self.table}: la recuperación está desactivada")
        if not first <= at <= last:
            window = f"de {first:%Y-%m-%dT%H:%M:%SZ} a {last:%Y-%m-%dT%H:%M:%SZ}"
            raise NotRecoverable(f"{self.table}: solo se puede recuperar {window}")

    def recover(self, at: datetime, target: str, waiting: Callable[[], None]) -> None:
        """Recover the table to this moment into a new one, and wait for it.

        ``waiting`` is called before each look. A target that exists is taken for one of an
        earlier call.

        Raises:
            Unavailable: it is not there after 12 hours, or as ``translated``.
            Internal: as ``translated``.
        """
        started_before = suppress(self.client.exceptions.TableAlreadyExistsException)
        with translated("RestoreTableToPointInTime"), started_before:
            self.client.restore_table_to_point_in_time(
                SourceTableName=self.table,
                TargetTableName=target,
                RestoreDateTime=at,
                BillingModeOverride="PAY_PER_REQUEST",
                GlobalSecondaryIndexOverride=[],
            )
        deadline_s = self.monotonic() + TIMEOUT_S
        while self._status(target) != "ACTIVE":
            if self.monotonic() >= deadline_s:
                raise Unavailable(f"{target} is not there yet")
            waiting()
            self.sleep(POLL_S)

    def _status(self, target: str) -> str:
        with translated("DescribeTable"):
            return self.client.describe_table(TableName=target)["Table"]["TableStatus"]
