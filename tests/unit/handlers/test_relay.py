"""``Relay``: which queues a batch of the stream is put on, and what a failure leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.headers import header_from_image
from alerta_utec.adapters.aws.dynamodb.items import change_item
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Internal, Unavailable
from alerta_utec.domain.position import ChangeHeader, Position
from alerta_utec.handlers.relay import Relay, RelayedChanges
from tests.contract.builders import creation
from tests.support.log_lines import captured

BATCH = 3


@dataclass
class Queue:
    """A ``RelayQueue`` that keeps what it was given, or fails."""

    error: Exception | None = None
    headers: list[ChangeHeader] = field(default_factory=list)

    def put(self, headers: Sequence[ChangeHeader]) -> None:
        if self.error is not None:
            raise self.error
        self.headers.extend(headers)


def batch() -> dict[str, Any]:
    records = []
    for seq in range(1, BATCH + 1):
        position = Position("e", seq)
        urgency = "high" if seq == 2 else "low"
        change = creation(urgency=urgency, incidentId=f"i{seq}").committed(position)
        image = change_item(change, position, feed="main", commit_id="c")
        records.append({"dynamodb": {"NewImage": image, "SequenceNumber": f"s{seq}"}})
    return {"Records": records}


def relayed() -> list[ChangeHeader]:
    return [ChangeHeader(Position("e", seq), f"i{seq}", seq == 2) for seq in range(1, BATCH + 1)]


def test_every_queue_gets_the_batch_in_order() -> None:
    queues = [Queue(), Queue()]

    answer = Relay(header_from_image, queues).handle(batch())

    assert answer == {"batchItemFailures": []}
    assert [queue.headers for queue in queues] == [relayed(), relayed()]


@pytest.mark.parametrize("error", [Unavailable("q"), Internal("q")])
@pytest.mark.parametrize("broken", [0, 1])
def test_a_queue_that_fails_fails_the_batch_and_no_other_queue(
    error: Exception, broken: int
) -> None:
    queues = [Queue(), Queue()]
    queues[broken].error = error

    with pytest.raises(type(error)):
        Relay(header_from_image, queues).handle(batch())

    assert queues[1 - broken].headers == relayed()


@pytest.mark.parametrize("missing", ["epoch", "seq", "incidentId", "alarms"])
def test_a_malformed_record_fails_the_batch_so_that_it_is_halved(missing: str) -> None:
    queue, event = Queue(), batch()
    del event["Records"][1]["dynamodb"]["NewImage"][missing]

    with pytest.raises(KeyError):
        Relay(header_from_image, [queue]).handle(event)

    assert queue.headers == []


@pytest.fixture
def change() -> Change:
    return creation(urgency="high").committed(Position("e", 7))


def test_a_relayed_change_reaches_its_consumer(change: Change) -> None:
    consumed: list[Change] = []
    relayed = RelayedChanges({change.position: change}.get, consumed.append)

    relayed.consume(Position("e", 7), None)

    assert consumed == [change]


def test_a_change_that_a_restore_has_removed_is_passed_over(change: Change) -> None:
    consumed: list[Change] = []
    relayed = RelayedChanges({change.position: change}.get, consumed.append)

    with captured() as lines:
        relayed.consume(Position("f", 7), None)

    assert consumed == []
    assert [(line["message"], line["position"]) for line in lines] == [("change_is_gone", "f:7")]


def test_a_change_that_its_consumer_fails_is_not_done(change: Change) -> None:
    def fail(_change: Change) -> None:
        raise Unavailable("not now")

    with captured() as lines, pytest.raises(Unavailable):
        RelayedChanges(lambda _: change, fail).consume(Position("e", 7), None)

    assert [line["message"] for line in lines] == ["change_not_consumed"]
    assert lines[0]["position"] == "e:7"
