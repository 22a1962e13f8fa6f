"""``Webhooks`` on DynamoDB when answers are lost."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from botocore.config import Config

from alerta_utec.domain.errors import Conflict, Unavailable
from alerta_utec.webhooks.aws.registry import DynamoWebhooks, DynamoWebhooksWithoutSecrets
from tests.contract.aws import addressed
from tests.contract.builders import T0, webhook
from tests.support.emulator import Emulator
from tests.unit.adapters.aws.faults import FaultyWire, answer_lost, request_lost


@pytest.fixture
def twice(emulator: Emulator) -> Iterator[FaultyWire]:
    """Yield a client that tries twice; the real one tries more often."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, read_timeout=10)
    client = boto3.client("dynamodb", config=config, **addressed(emulator))
    yield FaultyWire(client)
    client.close()


def test_a_save_repeated_after_a_lost_answer_succeeds(
    twice: FaultyWire, dynamodb_webhook_registry: DynamoWebhooks
) -> None:
    webhooks = DynamoWebhooks(twice.client, dynamodb_webhook_registry.table)
    first = webhook()
    twice.next("PutItem", answer_lost)

    webhooks.save(first)
    twice.next("PutItem", answer_lost)
    webhooks.save(first.next(description="otra"))

    assert [one.description for one in webhooks.all()] == ["otra"]
    assert twice.sent.count("PutItem") == 4


def test_saving_an_existing_version_is_a_conflict(
    twice: FaultyWire, dynamodb_webhook_registry: DynamoWebhooks
) -> None:
    webhooks = DynamoWebhooks(twice.client, dynamodb_webhook_registry.table)
    first = webhook()
    webhooks.save(first)

    with pytest.raises(Conflict):
        webhooks.save(first)


def test_a_save_without_any_answer_is_unavailable(
    twice: FaultyWire, dynamodb_webhook_registry: DynamoWebhooks
) -> None:
    webhooks = DynamoWebhooks(twice.client, dynamodb_webhook_registry.table)
    twice.next("PutItem", answer_lost, request_lost)

    with pytest.raises(Unavailable):
        webhooks.save(webhook())


def test_the_variant_without_secrets_reads_everything_else(
    dynamodb_webhook_registry: DynamoWebhooks,
) -> None:
    webhooks = dynamodb_webhook_registry
    saved = [webhook(), webhook(at=T0 + timedelta(seconds=1), description="otra")]
    for one in saved:
        webhooks.save(one)

    found = DynamoWebhooksWithoutSecrets(webhooks.client, webhooks.table).all()

    assert [one.to_json() for one in found] == [one.to_json() for one in saved]
    assert [secret.value for one in found for secret in one.secrets] == ["", ""]
