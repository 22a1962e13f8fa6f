"""``Stats``: counts and response times."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerta_utec.app.stats import KEPT_S, NAMES_MAX, CachedStats, Stats
from alerta_utec.app.submit import Submit
from alerta_utec.domain.incident import Report
from alerta_utec.domain.update import UpdateRequest
from tests.fakes.clock import ManualClock
from tests.support.temporary_store import TemporaryStore


class Campus:
    """A store with its statistics, in a time of its own."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = TemporaryStore().incidents
        self.submit = Submit(self.store, self.clock)
        self.stats = Stats(self.store, self.clock, ZoneInfo("America/Lima"))

    def report(self, name: str, **fields: Any) -> None:
        data = {"type": "fuga", "location": "Cocina", "urgency": "low", "incidentId": name}
        self.submit.notify(Report.parse(data | fields))

    def after(self, **time: float) -> None:
        self.clock.advance(timedelta(**time))

    def move(self, name: str, status: str) -> None:
        self.submit.update(name, UpdateRequest.parse({"status": status}))


@pytest.fixture
def campus() -> Campus:
    return Campus()


def test_statistics_of_an_empty_store_are_zero(campus: Campus) -> None:
    counted = campus.stats.of_last(7)

    assert (counted["total"], counted["complete"]) == (0, True)
    assert counted["byHour"] == [0] * 24
    assert counted["toAttend"] == {"count": 0, "median": None, "p90": None}


def test_incidents_are_counted_by_their_latest_state(campus: Campus) -> None:
    campus.report("a", urgency="high")
    campus.report("b", type="humo", location="Patio")
    campus.report("c")
    campus.move("c", "resuelto")

    counted = campus.stats.of_last(7)

    assert counted["byUrgency"] == {"low": 2, "high": 1}
    assert counted["byType"] == {"fuga": 2, "humo": 1}
    assert counted["byLocation"] == {"Cocina": 2, "Patio": 1}
    assert counted["byStatus"] == {"pendiente": 2, "resuelto": 1}


def test_drills_are_not_counted_and_not_timed(campus: Campus) -> None:
    campus.report("simulacro", drill=True)
    campus.report("real")
    campus.report("s2", drill=True)
    campus.after(seconds=60)
    for name in ("simulacro", "s2"):
        campus.move(name, "resuelto")

    counted = campus.stats.of_last(7)

    assert (counted["total"], counted["complete"]) == (1, True)
    assert counted["byStatus"] == {"pendiente": 1}
    assert sum(counted["byHour"]) == 1
    assert counted["toAttend"]["count"] == counted["toResolve"]["count"] == 0


def test_hours_are_in_the_campuss_time_zone(campus: Campus) -> None:
    # 18:12 in UTC is 13:12 in Lima.
    campus.report("a")

    assert campus.stats.of_last(1)["byHour"][13] == 1


def test_response_times_end_at_the_first_change_to_a_status(campus: Campus) -> None:
    for name in ("a", "b", "c"):
        campus.report(name)
    campus.after(seconds=60)
    campus.move("a", "en_atencion")
    campus.after(seconds=60)
    campus.move("a", "resuelto")
    campus.move("b", "resuelto")
    campus.after(seconds=60)
    campus.move("a", "pendiente")
    campus.move("a", "resuelto")

    counted = campus.stats.of_last(7)

    assert counted["toAttend"] == {"count": 2, "median": 90.0, "p90": 120.0}
    assert counted["toResolve"] == {"count": 2, "median": 120.0, "p90": 120.0}


def test_incidents_reported_earlier_are_left_out(campus: Campus) -> None:
    campus.report("antes")
    campus.after(days=1, seconds=1)
    campus.report("ahora")
    campus.move("antes", "resuelto")

    counted = campus.stats.of_last(1)

    assert (counted["total"], campus.stats.of_last(2)["total"]) == (1, 2)
    assert counted["toResolve"]["count"] == 0


def test_rare_names_are_counted_together(campus: Campus) -> None:
    for number in range(NAMES_MAX + 5):
        campus.report(f"i{number}", type=f"tipo {number:02}")

    by_type = campus.stats.of_last(7)["byType"]

    assert len(by_type) == NAMES_MAX + 1
    assert by_type["…"] == 5


def test_statistics_are_counted_once_at_a_time_and_kept_for_seconds(campus: Campus) -> None:
    now_s = [0.0]
    cached = CachedStats(campus.stats, lambda: now_s[0])
    campus.report("a")
    with ThreadPoolExecutor(8) as callers:
        counted = list(callers.map(lambda _: cached.of_last(7), range(16)))

    campus.report("b")
    now_s[0] = KEPT_S - 1
    kept = cached.of_last(7)
    other = cached.of_last(8)
    now_s[0] = KEPT_S

    assert all(one is counted[0] for one in counted)
    assert kept is counted[0]
    assert other["total"] == 2
    assert cached.of_last(7)["total"] == 2
