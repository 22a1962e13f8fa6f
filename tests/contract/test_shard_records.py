"""``ShardRecords``: a broadcast's shards, which ``Deliveries`` shows as one."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.deliveries import MeteredDeliveries
from alerta_utec.domain.delivery import PLAN, Delivery
from tests.contract.builders import T0

SECOND = timedelta(seconds=1)


def part(seconds: int = 0, *, revision: int = 1, **counts: int) -> Delivery:
    return Delivery("a", revision, "broadcast", T0 + seconds * SECOND, counts)


def plan(attempted: int, seconds: int = 0) -> Delivery:
    return part(seconds, attempted=attempted, ms=5)


def shard(delivered: int, seconds: int = 1, **others: int) -> Delivery:
    counts = {"gone": 0, "throttled": 0, "failed": 0} | others
    attempted = delivered + sum(counts.values())
    return part(seconds, attempted=attempted, delivered=delivered, **counts, ms=seconds * 1000)


def shown(deliveries: Any) -> dict[str, Any]:
    (one,) = deliveries.for_incident("a")
    return dict(one.outcome)


def test_a_plan_counts_every_recipient_as_pending(shard_records: Any) -> None:
    shard_records.record_part("r", PLAN, plan(500))

    assert shown(shard_records) == {
        **dict.fromkeys(("delivered", "gone", "throttled", "failed"), 0),
        **dict.fromkeys(("attempted", "pending"), 500),
        "ms": 5,
    }


def test_shards_add_up_in_any_order_and_each_counts_once(shard_records: Any) -> None:
    parts = [
        (PLAN, plan(500)),
        (1, shard(248, 3, gone=1, failed=1)),
        (2, shard(240, 2, throttled=9, failed=1)),
    ]
    for number, (run, order) in enumerate(
        zip("abcdef", itertools.permutations(parts), strict=True), 1
    ):
        for name, one in [*order, *order]:
            shard_records.record_part(
                run, name, Delivery("a", number, "broadcast", one.at, one.outcome)
            )

    found = shard_records.for_incident("a")

    counts = {"delivered": 488, "gone": 1, "throttled": 9, "failed": 2}
    assert [dict(one.outcome) for one in found] == [{"attempted": 500, **counts, "ms": 3000}] * 6
    assert {one.at for one in found} == {T0 + 3 * SECOND}
    assert [one.revision for one in found] == [1, 2, 3, 4, 5, 6]


def test_a_later_record_of_a_shard_replaces_the_first(shard_records: Any) -> None:
    shard_records.record_part("r", 1, shard(0, failed=250))

    shard_records.record_part("r", 1, shard(250, 2))

    assert (shown(shard_records)["delivered"], shown(shard_records)["failed"]) == (250, 0)


def test_shards_without_a_plan_have_no_pending_count(shard_records: Any) -> None:
    shard_records.record_part("r", 2, shard(250))

    assert shown(shard_records)["attempted"] == 250
    assert "pending" not in shown(shard_records)


def test_the_last_run_of_a_broadcast_is_the_record(shard_records: Any) -> None:
    shard_records.record_part("r2", 1, shard(7))
    shard_records.record_part("r1", 1, shard(250, 9))
    shard_records.record_part("r1", 2, shard(250, 9))

    assert shown(shard_records)["delivered"] == 7


def test_the_latest_attempt_is_the_record_whole_or_in_shards(shard_records: Any) -> None:
    shard_records.record_part("r1", 1, shard(250))

    shard_records.record([shard(3, 5)])
    whole = shown(shard_records)
    shard_records.record_part("r2", 1, shard(250, 6))

    assert whole["delivered"] == 3
    assert shown(shard_records)["delivered"] == 250


def test_shards_stand_beside_e_mails_and_other_revisions(shard_records: Any) -> None:
    email = Delivery("a", 1, "email", T0, {"result": "sent"})
    shard_records.record([email, shard(1)])
    shard_records.record_part("r", 1, part(revision=2, **shard(250).outcome))

    found = shard_records.for_incident("a")

    assert [(one.revision, one.channel) for one in found] == [
        (1, "broadcast"),
        (1, "email"),
        (2, "broadcast"),
    ]


def test_many_shards_add_up(shard_records: Any) -> None:
    for number in range(1, 301):
        shard_records.record_part("r", number, shard(250))

    assert shown(shard_records)["delivered"] == 75_000


def test_metered_shards_are_logged_as_metrics_and_the_plan_is_not(
    metered_deliveries: MeteredDeliveries, capsys: pytest.CaptureFixture[str]
) -> None:
    metered_deliveries.record_part("r", PLAN, plan(250))
    metered_deliveries.record_part("r", 1, shard(250))

    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["attempted"], line["delivered"], line["channel"]) == (250, 250, "broadcast")
