"""The model of time and money on AWS: its arithmetic, and its page."""

from pathlib import Path

import pytest

from benchmarks import scale_model
from benchmarks.aws_fanout import CHANGES, CONCURRENCY, QUOTA
from benchmarks.scale_model import (
    QUOTAS,
    READING,
    SIZES,
    dollars,
    floor_s,
    rush_seconds,
    seconds,
)
from benchmarks.scale_report import DOCUMENT, write


def test_the_page_shows_the_models_figures(tmp_path: Path) -> None:
    copy = tmp_path / "scale.md"
    copy.write_text(DOCUMENT.read_text())

    write(copy)

    assert copy.read_text() == DOCUMENT.read_text()
    for name in ("time.svg", "money.svg"):
        drawn = (tmp_path / "scale" / name).read_text()
        assert drawn == (DOCUMENT.parent / "scale" / name).read_text()


def test_the_model_uses_the_services_own_constants() -> None:
    from alerta_utec.adapters.aws.connections_api.pace import BROADCAST_SHARE
    from alerta_utec.adapters.aws.connections_api.poster import THREADS
    from alerta_utec.adapters.aws.dynamodb.connections import PAGE_ROWS, DynamoConnections
    from alerta_utec.app.shards import INLINE_MAX, SHARD_SIZE

    assert (scale_model.THREADS, scale_model.INLINE, scale_model.SHARD) == (
        THREADS,
        INLINE_MAX,
        SHARD_SIZE,
    )
    assert (scale_model.SHARE, scale_model.PAGE_ROWS) == (BROADCAST_SHARE, PAGE_ROWS)
    segments = DynamoConnections.__dataclass_fields__["estimate_segments"].default
    assert segments == scale_model.SEGMENTS
    assert scale_model.RUSH == CHANGES
    assert scale_model.CONCURRENCY == CONCURRENCY
    assert {"rate": scale_model.RATE, "burst": scale_model.BURST} == QUOTA


def test_connections_are_billed_by_the_minute() -> None:
    # 10,000 clients, 8 h on 22 days, $0.25 a million minutes.
    assert dollars(10_000)["connections"] == pytest.approx(10_000 * 8 * 22 * 60 * 0.25e-6)


def test_a_heartbeat_is_two_messages_and_an_event() -> None:
    beats = 1_000 * 8 * 22 * 3600 / 135
    event = 0.2e-6 + 0.5 * 0.015 * 0.0000133334 + 2 * 0.125e-6 + 900 / 1e9 * 0.5

    assert dollars(1_000)["heartbeats"] == pytest.approx(beats * (2e-6 + event))


@pytest.mark.parametrize("part", [seconds, dollars])
def test_more_clients_never_take_less_time_or_money(part: object) -> None:
    assert callable(part)
    totals = [sum(part(size).values()) for size in (100, 250, 251, *SIZES)]

    assert totals == sorted(totals)


def test_posts_never_take_less_time_than_the_quota_allows() -> None:
    for size in SIZES:
        assert seconds(size)["posts"] >= floor_s(size)
    assert floor_s(10_000) == 0.5


def test_a_rush_reaches_100_000_clients_within_15_s() -> None:
    together, apart = rush_seconds(100_000).values()

    assert together <= 15
    assert apart >= 250
    assert seconds(100_000)[READING] <= 0.2


def test_a_campus_is_within_every_default_quota() -> None:
    for size in (1_000, 10_000):
        assert [quota.name for quota in QUOTAS if quota.used(size) > quota.limit] == []
