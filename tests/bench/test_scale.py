"""The model of time and money on AWS: its arithmetic, and its page."""

import re
from pathlib import Path

import pytest

from benchmarks import scale_model
from benchmarks.aws_fanout import CONCURRENCY, QUOTA
from benchmarks.aws_rush import CHANGES
from benchmarks.machine import ROOT
from benchmarks.scale_facts import COSTS, SIZES
from benchmarks.scale_model import (
    QUOTAS,
    READING,
    earlier_reading_s,
    earlier_rush_s,
    floor_s,
    missed_pings_a_s,
    rush_seconds,
    seconds,
)
from benchmarks.scale_money import (
    NOW,
    VERSION_01,
    dollars,
    dollars_at_most,
    fixed_dollars,
    heartbeat_dollars,
    ping_dollars,
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


def test_the_model_uses_the_intervals_of_the_service_and_its_clients() -> None:
    from alerta_utec.app.heartbeat import USEFUL
    from alerta_utec.client.actions import Timing
    from alerta_utec.deployments.aws.heartbeat import HEARTBEAT_S

    timing = Timing()
    assert COSTS["beat_s"].value == HEARTBEAT_S
    assert COSTS["beat_useful_s"].value == USEFUL.total_seconds()
    # Drawn between 80 % of it and all; the same as the browser client's ``idle``.
    assert COSTS["ping_s"].value == pytest.approx(0.9 * timing.ping_every_s)
    browser = (ROOT / "frontend" / "client" / "client.js").read_text()
    idle = re.search(r"\bidle: \[([\d_]+), ([\d_]+)\]", browser)
    assert idle is not None
    assert sum(map(int, idle.groups())) / 2000 == COSTS["ping_s"].value
    assert (timing.heartbeats_from, timing.heartbeats_to) == scale_model.MISSED_BEATS


def test_connections_are_billed_by_the_minute() -> None:
    # 10,000 clients, 8 h on 22 days, $0.25 a million minutes.
    assert dollars(10_000)["connections"] == pytest.approx(10_000 * 8 * 22 * 60 * 0.25e-6)


def test_a_heartbeat_is_one_message_for_each_client_and_a_broadcast() -> None:
    messages = 1_000 * 8 * 22 * 7.5

    assert messages == 1_320_000
    assert 1.32 < heartbeat_dollars(1_000) < 1.40
    assert dollars(1_000)["heartbeats"] == heartbeat_dollars(1_000)


def test_a_ping_is_two_messages_and_an_event() -> None:
    pings = 1_000 * 8 * 22 * 3600 / 270
    event = 0.2e-6 + 0.5 * 0.015 * 0.0000133334 + 2 * 0.125e-6 + 900 / 1e9 * 0.5

    assert dollars(1_000, VERSION_01)["heartbeats"] == pytest.approx(pings * (2e-6 + event))
    # Without Lambda's own lines.
    assert ping_dollars(1_000) == pytest.approx(pings * (2e-6 + event - 350 / 1e9 * 0.5))


def test_what_does_not_grow_with_the_clients_is_the_same_for_all_sizes() -> None:
    def growing(clients: int) -> float:
        return sum(dollars(clients).values()) - fixed_dollars()

    assert growing(1) < 0.03
    assert growing(10_000) == pytest.approx(10 * growing(1_000), rel=0.05)


def test_metrics_are_billed_for_the_hours_in_which_they_have_values() -> None:
    always, working = NOW.metrics
    worked = 8 * 22 / 730

    assert dollars(1_000)["the service's metrics"] == pytest.approx(
        0.30 * (always + worked * working)
    )
    more = 0.30 * (1 - worked) * (VERSION_01.metrics[1] + VERSION_01.route_metrics)
    assert dollars_at_most(1_000, VERSION_01) == pytest.approx(
        sum(dollars(1_000, VERSION_01).values()) + more
    )


def test_the_page_states_the_cost_of_a_campus_in_short() -> None:
    small, large = (round(sum(dollars(size).values())) for size in (1_000, 10_000))
    short = DOCUMENT.read_text().partition("## Assumptions")[0]

    assert f"${small} and ${large} a month, of which ${round(fixed_dollars())} do not" in short


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
    times = rush_seconds(100_000)

    assert times["in one message (`alerta.v2`)"] <= 15
    assert seconds(100_000)[READING] <= 0.2
    # Version 0.1.
    assert round(earlier_rush_s(100_000)) == 251
    assert earlier_reading_s(100_000) == pytest.approx(1.5)


def test_a_smaller_quota_takes_longer_where_it_is_the_limit() -> None:
    assert sum(seconds(1_000, rate=2_500).values()) >= sum(seconds(1_000).values())
    assert seconds(100_000, rate=2_500)["posts"] == pytest.approx(57, abs=0.5)


def test_a_campus_can_miss_a_heartbeat() -> None:
    # All ping within 48 s.
    assert missed_pings_a_s(10_000) < scale_model.PINGS_A_S < missed_pings_a_s(100_000)


def test_a_campus_is_within_every_default_quota() -> None:
    for size in (1_000, 10_000):
        assert [quota.name for quota in QUOTAS if quota.used(size) > quota.limit] == []
