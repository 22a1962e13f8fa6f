"""The schedule of one minute: expired connections at each run, the heartbeat at each eighth."""

from datetime import UTC, datetime, timedelta

import pytest

from alerta_utec.domain.errors import Unavailable
from alerta_utec.handlers.each_minute import EachMinute
from alerta_utec.handlers.stream import RESERVE_S

START = datetime(2026, 11, 30, 19, 3, 59, tzinfo=UTC)


class Tasks:
    """The tasks of a run, of which one can fail."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.ran: list[str] = []
        self.deadlines_s: list[float | None] = []
        self.each_minute = EachMinute(self.close_expired, self.heartbeat, 8, lambda: 1000.0)

    def close_expired(self) -> dict[str, int]:
        self._run("close_expired")
        return {"closed": 1}

    def heartbeat(self, deadline_s: float | None) -> None:
        self.deadlines_s.append(deadline_s)
        self._run("heartbeat")

    def _run(self, name: str) -> None:
        self.ran.append(name)
        if self.broken == name:
            raise Unavailable(name)

    def run(self, moment: datetime) -> dict[str, int]:
        """Run as EventBridge does at this moment."""
        event = {"source": "aws.events", "time": moment.isoformat().replace("+00:00", "Z")}
        return self.each_minute.handle(event, Context())


class Context:
    """A Lambda with 120 s left."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


@pytest.mark.parametrize("second", [0, 1, 59])
def test_each_run_closes_and_each_eighth_sends_the_heartbeat(second: int) -> None:
    tasks = Tasks()

    for minute in range(24):
        tasks.run(START.replace(second=second) + timedelta(minutes=minute))

    assert tasks.ran.count("close_expired") == 24
    assert tasks.ran.count("heartbeat") == 3


def test_runs_within_their_minutes_miss_no_heartbeat_and_send_none_twice() -> None:
    tasks = Tasks()

    for minute in range(24):
        late = timedelta(seconds=(minute * 37) % 60)
        tasks.run(START.replace(second=0) + timedelta(minutes=minute) + late)

    assert tasks.ran.count("heartbeat") == 3


def test_the_heartbeat_gets_the_deadline_and_the_run_returns_what_was_closed() -> None:
    tasks = Tasks()

    closed = tasks.run(datetime(1970, 1, 1, 0, 8, tzinfo=UTC))

    assert tasks.deadlines_s == [1000.0 + 120.0 - RESERVE_S]
    assert closed == {"closed": 1}


@pytest.mark.parametrize("broken", ["heartbeat", "close_expired"])
def test_a_task_that_fails_leaves_out_no_other_and_fails_the_run(broken: str) -> None:
    tasks = Tasks(broken)

    with pytest.raises(Unavailable, match=broken):
        tasks.run(datetime(1970, 1, 1, 0, 8, tzinfo=UTC))

    assert tasks.ran == ["heartbeat", "close_expired"]
