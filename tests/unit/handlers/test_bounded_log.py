"""``BoundedLog``: lines that strangers cause, in bounded numbers."""

import logging
from typing import Any

import pytest

from alerta_utec.handlers.bounded_log import (
    LINES_MAX,
    LINES_PER_SOURCE,
    TEXT_MAX,
    WINDOW_S,
    BoundedLog,
)

ANA, LUIS = "203.0.113.24", "203.0.113.25"


class Log:
    """A ``BoundedLog`` whose time a test moves, and the lines that it has written."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now_s = 1000.0
        self._bounded = BoundedLog(logging.getLogger("alerta_utec"), lambda: self.now_s)
        self._caplog = caplog

    def write(self, event: str = "refused", source: str = ANA, count: int = 1) -> None:
        for _ in range(count):
            self._bounded.write(logging.INFO, event, source, {"address": source})

    def lines(self) -> list[dict[str, Any]]:
        return [vars(record) for record in self._caplog.records]

    def left_out(self) -> dict[str, int]:
        return {one["of"]: one["count"] for one in self.lines() if one["msg"] == "lines_left_out"}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    caplog.set_level(logging.INFO)
    return Log(caplog)


def test_one_source_gets_a_bounded_number_of_lines(log: Log) -> None:
    log.write(count=5 * LINES_PER_SOURCE)
    log.write(source=LUIS)

    addresses = [line["address"] for line in log.lines()]
    assert addresses == [ANA] * LINES_PER_SOURCE + [LUIS]


def test_all_sources_together_get_a_bounded_number_of_lines(log: Log) -> None:
    for number in range(3 * LINES_MAX):
        log.write(source=f"203.0.113.{number}")

    assert len(log.lines()) == LINES_MAX


def test_one_event_takes_no_lines_of_another(log: Log) -> None:
    for number in range(3 * LINES_MAX):
        log.write("refused", source=f"203.0.113.{number}")
    log.write("broken")

    assert [line["msg"] for line in log.lines()][-1] == "broken"


def test_what_was_left_out_is_counted_by_event_in_the_next_window(log: Log) -> None:
    log.write("refused", count=LINES_PER_SOURCE + 7)
    log.write("broken", count=LINES_PER_SOURCE + 2)
    log.now_s += WINDOW_S
    log.write("refused")
    log.now_s += WINDOW_S
    log.write("refused")

    assert log.left_out() == {"refused": 7, "broken": 2}
    assert len(log.lines()) == 2 * LINES_PER_SOURCE + 2 + 2


def test_the_count_waits_for_no_further_event_of_its_kind(log: Log) -> None:
    log.write("refused", count=LINES_PER_SOURCE + 7)
    log.now_s += WINDOW_S
    log.write("broken")

    assert log.left_out() == {"refused": 7}


def test_a_long_text_from_outside_is_cut(log: Log) -> None:
    log.write(source="x" * 5 * TEXT_MAX)

    (line,) = log.lines()
    assert line["address"] == "x" * TEXT_MAX + "…"
