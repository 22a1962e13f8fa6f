"""``ShardRecords``: a broadcast's shards, which ``Deliveries`` shows as one."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.adapters.aws.dynamodb.deliveries import MeteredDeliveries
from alerta_utec.domain.delivery import AGAIN, PLAN, Delivery
from tests.contract.builders import T0

SECOND = timedelta(seconds=1)


def part(seconds: int = 0, *, revision: int = 1, **counts: int) -> Delivery:
    return Delivery("a", revision, "broadcast", T0 + seconds * SECOND, counts)


def plan(attempted: int, shards: int = 2, seconds: int = 0) -> Delivery:
    return part(seconds, attempted=attempted, shards=shards, ms=5)


def shard(delivered: int, seconds: int = 1, **others: int) -> Delivery:
    counts = {"gone": 0, "throttled": 0, "failed": 0} | others
    attempted = delivered + sum(counts.values()) - counts.get("requeued", 0)
    return part(seconds, attempted=attempted, delivered=delivered, **counts, ms=seconds * 1000)


def _again(delivered: int, **others: int) -> dict[str, int]:
    """Return the outcome of a part that was queued again: it has no time."""
    outcome = dict(shard(delivered, **others).outcome)
    del outcome["ms"]
    return outcome


def shown(deliveries: Any) -> dict[str, Any]:
    (one,) = deliveries.for_incident("a")
    return dict(one.outcome)


def test_a_plan_counts_every_recipient_as_pending(shard_records: Any) -> None:
    shard_records.record_parts("r", PLAN, [plan(500)])

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
            shard_records.record_parts(
                run, name, [Delivery("a", number, "broadcast", one.at, one.outcome)]
            )

    found = shard_records.for_incident("a")

    counts = {"delivered": 488, "gone": 1, "throttled": 9, "failed": 2}
    assert [dict(one.outcome) for one in found] == [{"attempted": 500, **counts, "ms": 3000}] * 6
    assert {one.at for one in found} == {T0 + 3 * SECOND}
    assert [one.revision for one in found] == [1, 2, 3, 4, 5, 6]


def test_the_number_of_pending_connections_is_an_estimate_until_the_last_shard(
    shard_records: Any,
) -> None:
    shard_records.record_parts("r", PLAN, [plan(700, shards=3)])
    seen = [shown(shard_records)]
    for number, delivered in ((2, 260), (1, 500), (3, 1)):
        shard_records.record_parts("r", number, [shard(delivered)])
        seen.append(shown(shard_records))

    assert [one.get("pending") for one in seen] == [700, 440, 1, None]
    assert [one["attempted"] for one in seen] == [700, 700, 761, 761]


def test_a_plan_of_version_0_1_counts_the_recipients(shard_records: Any) -> None:
    shard_records.record_parts("r", PLAN, [part(attempted=500, ms=5)])
    shard_records.record_parts("r", 1, [shard(250)])

    assert (shown(shard_records)["attempted"], shown(shard_records)["pending"]) == (500, 250)


def test_connections_that_are_queued_again_are_pending_until_their_next_attempt(
    shard_records: Any,
) -> None:
    shard_records.record_parts("r", PLAN, [plan(500)])
    shard_records.record_parts("r", 1, [shard(240, requeued=10)])
    shard_records.record_parts("r", 2, [shard(250)])
    first = shown(shard_records)
    shard_records.record_parts("r", 1 + AGAIN, [part(9, **_again(6, requeued=4))])
    second = shown(shard_records)
    shard_records.record_parts("r", 1 + 2 * AGAIN, [part(19, **_again(1, throttled=3))])

    assert (first["delivered"], first["pending"], first["attempted"]) == (490, 10, 500)
    assert (second["delivered"], second["pending"], second["attempted"]) == (496, 4, 500)
    assert shown(shard_records) == {
        "attempted": 500,
        "delivered": 497,
        "gone": 0,
        "throttled": 3,
        "failed": 0,
        "ms": 1000,
    }


def test_a_shard_that_reaches_at_its_repeat_what_it_had_queued_again_counts_it_once(
    shard_records: Any,
) -> None:
    shard_records.record_parts("r", 1, [shard(240, requeued=10)])
    shard_records.record_parts("r", 1, [shard(250)])
    shard_records.record_parts("r", 1 + AGAIN, [part(9, **_again(8, requeued=2))])
    shard_records.record_parts("r", 1 + 2 * AGAIN, [part(9, **_again(2))])

    assert (shown(shard_records)["delivered"], shown(shard_records)["attempted"]) == (250, 250)


def test_the_changes_of_one_shard_are_recorded_together(shard_records: Any) -> None:
    changes = [
        Delivery(name, revision, "broadcast", T0, shard(revision).outcome)
        for name, revision in [("a", 1), *(("b", number) for number in range(1, 60))]
    ]

    shard_records.record_parts("r", 1, changes)

    assert shown(shard_records)["delivered"] == 1
    found = shard_records.for_incident("b")
    assert [one.outcome["delivered"] for one in found] == list(range(1, 60))


def test_a_later_record_of_a_shard_replaces_the_first(shard_records: Any) -> None:
    shard_records.record_parts("r", 1, [shard(0, failed=250)])

    shard_records.record_parts("r", 1, [shard(250, 2)])

    assert (shown(shard_records)["delivered"], shown(shard_records)["failed"]) == (250, 0)


def test_shards_without_a_plan_have_no_pending_count(shard_records: Any) -> None:
    shard_records.record_parts("r", 2, [shard(250)])

    assert shown(shard_records)["attempted"] == 250
    assert "pending" not in shown(shard_records)


def test_the_last_run_of_a_broadcast_is_the_record(shard_records: Any) -> None:
    shard_records.record_parts("r2", 1, [shard(7)])
    shard_records.record_parts("r1", 1, [shard(250, 9)])
    shard_records.record_parts("r1", 2, [shard(250, 9)])

    assert shown(shard_records)["delivered"] == 7


def test_the_latest_attempt_is_the_record_whole_or_in_shards(shard_records: Any) -> None:
    shard_records.record_parts("r1", 1, [shard(250)])

    shard_records.record([shard(3, 5)])
    whole = shown(shard_records)
    shard_records.record_parts("r2", 1, [shard(250, 6)])

    assert whole["delivered"] == 3
    assert shown(shard_records)["delivered"] == 250


def test_shards_stand_beside_e_mails_and_other_revisions(shard_records: Any) -> None:
    email = Delivery("a", 1, "email", T0, {"result": "sent"})
    shard_records.record([email, shard(1)])
    shard_records.record_parts("r", 1, [part(revision=2, **shard(250).outcome)])

    found = shard_records.for_incident("a")

    assert [(one.revision, one.channel) for one in found] == [
        (1, "broadcast"),
        (1, "email"),
        (2, "broadcast"),
    ]


def test_many_shards_add_up(shard_records: Any) -> None:
    for number in range(1, 301):
        shard_records.record_parts("r", number, [shard(250)])

    assert shown(shard_records)["delivered"] == 75_000


def test_metered_shards_are_logged_as_metrics_and_the_plan_is_not(
    metered_deliveries: MeteredDeliveries, capsys: pytest.CaptureFixture[str]
) -> None:
    metered_deliveries.record_parts("r", PLAN, [plan(250)])
    metered_deliveries.record_parts("r", 1, [shard(250)])

    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["attempted"], line["delivered"], line["channel"]) == (250, 250, "broadcast")
