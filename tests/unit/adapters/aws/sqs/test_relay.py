"""The queues of the relay on the emulator's SQS: their order, repeats and dead letters."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from alerta_utec.adapters.aws.sqs.dead_letters import SqsFailedBatches
from alerta_utec.adapters.aws.sqs.relay import SqsRelayQueue, relay_message, relayed_position
from alerta_utec.adapters.aws.sqs.visibility import SqsVisibility
from alerta_utec.domain.errors import InvalidRequest
from alerta_utec.domain.position import ChangeHeader, Position
from alerta_utec.ports.failed_batches import FailedBatch, StreamBatch
from tests.support.incidents import unique
from tests.unit.adapters.aws.sqs.test_shards import sqs  # noqa: F401 (a fixture)

FIRST_AT, LAST_AT = "2026-03-02T10:15:30.5Z", "2026-03-02T10:15:31Z"


@pytest.fixture
def queue(sqs: Any) -> Iterator[SqsRelayQueue]:  # noqa: F811
    """Yield an empty queue for all changes, in order by incident."""
    url = sqs.create_queue(
        QueueName=unique("relay") + ".fifo",
        Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"},
    )["QueueUrl"]
    yield SqsRelayQueue(sqs, url, "email", lambda _: True, lambda header: header.incident_id)
    sqs.delete_queue(QueueUrl=url)


def headers(*seqs: int, incidents: int = 1) -> list[ChangeHeader]:
    return [ChangeHeader(Position("e", seq), f"i:{seq % incidents}", seq > 2) for seq in seqs]


def received(queue: SqsRelayQueue) -> dict[int, str]:
    """Receive what can be received now: ``{seq: receipt}``."""
    answer = queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)
    return {
        relayed_position(one["Body"]).seq: one["ReceiptHandle"]
        for one in answer.get("Messages", [])
    }


def test_changes_are_received_once_and_in_order(queue: SqsRelayQueue) -> None:
    queue.put(headers(*range(1, 26)))
    queue.put(headers(*range(20, 26)))

    found: list[int] = []
    while batch := received(queue):
        found += batch
        for receipt in batch.values():
            queue.client.delete_message(QueueUrl=queue.url, ReceiptHandle=receipt)

    assert found == list(range(1, 26))


def test_only_wanted_changes_are_queued(queue: SqsRelayQueue) -> None:
    replace(queue, wants=lambda header: header.notifies).put(headers(1, 2, 3, 4))

    assert list(received(queue)) == [3, 4]


def test_nothing_is_sent_when_no_change_is_wanted(queue: SqsRelayQueue) -> None:
    replace(queue, wants=lambda _: False, url="http://127.0.0.1:9/none").put(headers(1, 2))

    assert received(queue) == {}


def test_a_change_waits_for_the_one_before_it_and_for_no_other_incident(
    queue: SqsRelayQueue,
) -> None:
    queue.put(headers(1, 3, incidents=2))
    first = received(queue)
    queue.put(headers(2, 5, incidents=2))
    beside = received(queue)
    SqsVisibility(queue.client, queue.url).postpone(dict.fromkeys(first.values(), 0))

    assert (list(first), list(beside)) == ([1, 3], [2])
    assert list(received(queue)) == [1, 3, 5]


def test_a_visibility_that_cannot_be_changed_is_logged(
    queue: SqsRelayQueue, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = SqsVisibility(queue.client, f"{queue.url}-none.fifo")

    SqsVisibility(queue.client, queue.url).postpone({"no receipt": 3})
    nowhere.postpone({"no receipt": 3})

    assert [record.getMessage() for record in caplog.records].count("not_postponed") == 2


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{}", '{"position": 7}', '{"for": "email", "position": "x"}']
)
def test_a_message_that_is_not_the_relays_is_refused(body: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, InvalidRequest)):
        relayed_position(body)


def stream_batch(function: str) -> str:
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:alerta-utec-realtime-dev-{function}"
    times = f'"approximateArrivalOfFirstRecord": "{FIRST_AT}"'
    times += f', "approximateArrivalOfLastRecord": "{LAST_AT}", "batchSize": 4'
    context = f'"requestContext": {{"functionArn": "{arn}"}}'
    return f'{{{context}, "DDBStreamBatchInfo": {{{times}}}}}'


@pytest.mark.parametrize(
    ("body", "channels", "content"),
    [
        (relay_message("email", Position("e", 7)), ("email",), Position("e", 7)),
        (relay_message("webhooks", Position("e", 8)), ("webhooks",), Position("e", 8)),
        (relay_message("broadcast", Position("e", 8)), (), None),
        ('{"for": "fax", "position": "e:1"}', (), None),
        ('{"for": [], "position": "e:1"}', (), None),
        ('{"for": "email", "position": "x"}', (), None),
        (stream_batch("relay"), ("email", "webhooks"), StreamBatch),
        (stream_batch("broadcast:7"), ("broadcast",), StreamBatch),
        # Of the version before the relay.
        (stream_batch("alarm"), ("email",), StreamBatch),
        (stream_batch("webhooks"), ("webhooks",), StreamBatch),
        (stream_batch("other"), (), None),
    ],
)
def test_a_dead_letter_names_the_consumers_that_did_not_get_its_changes(
    queue: SqsRelayQueue, body: str, channels: tuple[str, ...], content: Any
) -> None:
    queue.client.send_message(
        QueueUrl=queue.url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="d"
    )

    (batch,) = SqsFailedBatches(queue.client, queue.url).take()

    assert batch.channels == channels
    if content is StreamBatch:
        assert isinstance(batch.content, StreamBatch)
        assert batch.content.size == 4
        assert batch.content.first_at < batch.content.last_at
    else:
        assert batch == FailedBatch(batch.handle, channels, content)
