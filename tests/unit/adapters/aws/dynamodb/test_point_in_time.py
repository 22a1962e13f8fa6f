"""The point-in-time recovery of a table, with answers as DynamoDB gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from alerta_utec.adapters.aws.dynamodb.point_in_time import (
    TIMEOUT_S,
    NotRecoverable,
    PointInTime,
)
from alerta_utec.domain.errors import Unavailable

FIRST = datetime(2026, 10, 20, 12, tzinfo=UTC)
LAST = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASKED = {
    "SourceTableName": "Changes",
    "TargetTableName": "Changes-20261124",
    "RestoreDateTime": LAST,
    "BillingModeOverride": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexOverride": [],
}


class Time:
    """A clock that advances only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def dynamodb() -> Iterator[Stubber]:
    """Yield DynamoDB's answers; a call that is not expected fails the test."""
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="s"
    )
    with Stubber(client) as stubbed:
        yield stubbed


@pytest.fixture
def recovery(dynamodb: Stubber) -> PointInTime:
    time = Time()
    return PointInTime(dynamodb.client, "Changes", time.sleep, time.monotonic)


def window(dynamodb: Stubber, **recovery: Any) -> None:
    """Answer one question about the table's backups."""
    described = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", **recovery},
    }
    dynamodb.add_response(
        "describe_continuous_backups", {"ContinuousBackupsDescription": described}
    )


def status(dynamodb: Stubber, *names: str) -> None:
    """Answer a question about the new table's status with each of these."""
    for name in names:
        dynamodb.add_response("describe_table", {"Table": {"TableStatus": name}})


@pytest.mark.parametrize("at", [FIRST, LAST])
def test_a_moment_in_the_window_can_be_recovered(
    dynamodb: Stubber, recovery: PointInTime, at: datetime
) -> None:
    window(dynamodb, EarliestRestorableDateTime=FIRST, LatestRestorableDateTime=LAST)

    recovery.check(at)


@pytest.mark.parametrize("at", [FIRST - SECOND, LAST + SECOND])
def test_a_moment_outside_the_window_is_refused_with_the_window(
    dynamodb: Stubber, recovery: PointInTime, at: datetime
) -> None:
    window(dynamodb, EarliestRestorableDateTime=FIRST, LatestRestorableDateTime=LAST)

    with pytest.raises(NotRecoverable, match="de 2026-10-20T12:00:00Z a 2026-11-24T12:00:00Z"):
        recovery.check(at)


def test_a_table_without_recovery_is_refused(dynamodb: Stubber, recovery: PointInTime) -> None:
    window(dynamodb, PointInTimeRecoveryStatus="DISABLED")

    with pytest.raises(NotRecoverable, match="desactivada"):
        recovery.check(LAST)


def test_a_recovery_waits_until_the_new_table_is_active(
    dynamodb: Stubber, recovery: PointInTime
) -> None:
    looks: list[None] = []
    dynamodb.add_response("restore_table_to_point_in_time", {}, ASKED)
    status(dynamodb, "CREATING", "CREATING", "ACTIVE")

    recovery.recover(LAST, "Changes-20261124", lambda: looks.append(None))

    assert len(looks) == 2
    dynamodb.assert_no_pending_responses()


def test_a_recovery_that_an_earlier_call_began_is_waited_for(
    dynamodb: Stubber, recovery: PointInTime
) -> None:
    dynamodb.add_client_error(
        "restore_table_to_point_in_time", "TableAlreadyExistsException", "exists", 400
    )
    status(dynamodb, "CREATING", "ACTIVE")

    recovery.recover(LAST, "Changes-20261124", lambda: None)

    dynamodb.assert_no_pending_responses()


def test_a_recovery_without_an_end_is_unavailable(dynamodb: Stubber, recovery: PointInTime) -> None:
    dynamodb.add_response("restore_table_to_point_in_time", {}, ASKED)
    status(dynamodb, *["CREATING"] * (int(TIMEOUT_S / 10) + 1))

    with pytest.raises(Unavailable):
        recovery.recover(LAST, "Changes-20261124", lambda: None)
