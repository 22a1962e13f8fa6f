"""``ProbedStream``: probes are answered, and everything else is passed on."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from alerta_utec.domain.errors import Unavailable
from alerta_utec.handlers.lambda_io import LambdaEvent, LambdaResponse
from alerta_utec.handlers.probe import ProbedStream


@dataclass
class Records:
    """A handler that records its batches."""

    batches: list[list[int]] = field(default_factory=list)

    def handle(self, event: LambdaEvent, context: object = None) -> LambdaResponse:
        self.batches.append([int(one["dynamodb"]["Keys"]["seq"]["N"]) for one in event["Records"]])
        return {"batchItemFailures": [{"itemIdentifier": "7"}]}


@dataclass
class Probes:
    """Answers that are recorded, or fail."""

    down: bool = False
    answered: list[tuple[str, int]] = field(default_factory=list)

    def answer(self, feed: str, seq: int) -> None:
        if self.down:
            raise Unavailable("not now")
        self.answered.append((feed, seq))


def event(*keys: tuple[str, int]) -> dict[str, Any]:
    """Return a batch of records with these feeds and numbers."""
    images = [{"Keys": {"feed": {"S": feed}, "seq": {"N": str(seq)}}} for feed, seq in keys]
    return {"Records": [{"dynamodb": image} for image in images]}


def test_a_probe_is_answered_and_no_change_to_anyone() -> None:
    records, probes = Records(), Probes()

    result = ProbedStream(records, probes.answer).handle(event(("probe#broadcast", 17)))

    assert probes.answered == [("probe#broadcast", 17)]
    assert records.batches == []
    assert result == {"batchItemFailures": []}


def test_the_changes_around_a_probe_are_one_batch_in_their_order() -> None:
    records, probes = Records(), Probes()
    batch = event(("main", 1), ("probe#relay", 99), ("main", 2))

    result = ProbedStream(records, probes.answer).handle(batch)

    assert records.batches == [[1, 2]]
    assert probes.answered == [("probe#relay", 99)]
    assert result == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_probe_that_cannot_be_answered_delays_no_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    records = Records()
    batch = event(("probe#relay", 99), ("main", 2))

    ProbedStream(records, Probes(down=True).answer).handle(batch)

    assert records.batches == [[2]]
    assert "probe_not_answered" in caplog.text
