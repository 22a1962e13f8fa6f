"""The contract of ``Leases``: one holder at a time for each webhook."""

import pytest

from alerta_utec.webhooks.aws.jobs import DynamoWebhookJobs
from alerta_utec.webhooks.aws.leases import DynamoDeliveryLeases, DynamoTestLeases
from alerta_utec.webhooks.lease_ports import Leases
from alerta_utec.webhooks.local.leases import ProcessLeases
from tests.fakes.clock import ManualClock


@pytest.fixture(params=["process", "dynamodb"])
def leases(request: pytest.FixtureRequest) -> Leases:
    """Return leases without a holder."""
    if request.param == "process":
        return ProcessLeases()
    jobs: DynamoWebhookJobs = request.getfixturevalue("dynamodb_webhook_jobs")
    return DynamoTestLeases(jobs.table, request.getfixturevalue("clock"))


def test_a_lease_has_one_holder(leases: Leases) -> None:
    acquired = [leases.acquire("w1", holder) for holder in ("a", "b", "a")]

    assert acquired == [True, False, True]


def test_each_webhook_has_a_lease_of_its_own(leases: Leases) -> None:
    assert leases.acquire("w1", "a")
    assert leases.acquire("w2", "b")


def test_a_released_lease_is_free(leases: Leases) -> None:
    leases.acquire("w1", "a")

    leases.release("w1", "a")

    assert leases.acquire("w1", "b")


def test_only_its_holder_releases_a_lease(leases: Leases) -> None:
    leases.acquire("w1", "a")

    leases.release("w1", "b")
    leases.release("w2", "a")

    assert not leases.acquire("w1", "b")


def test_a_test_does_not_take_the_lease_of_deliveries(
    dynamodb_webhook_jobs: DynamoWebhookJobs, clock: ManualClock
) -> None:
    tests = DynamoTestLeases(dynamodb_webhook_jobs.table, clock)
    deliveries = DynamoDeliveryLeases(dynamodb_webhook_jobs.table, clock)

    assert tests.acquire("w1", "a")
    assert deliveries.acquire("w1", "b")
