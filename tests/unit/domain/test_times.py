"""Times as RFC 3339, and nothing looser."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.values import format_time, parse_time
from tests.unit.domain.strategies import moments


def _parsed(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


@given(moments)
def test_a_formatted_time_is_parsed_back(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


@given(moments, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_any_offset_names_the_same_moment(moment: datetime, minutes: int) -> None:
    try:
        local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return

    assert parse_time(local.isoformat()) == moment


@given(st.text())
def test_any_text_is_a_time_in_utc_or_a_value_error(text: str) -> None:
    moment = _parsed(text)

    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ("2025-11-16T18:12:00Z", "2025-11-16T18:12:00Z"),
        ("2025-11-16t18:12:00z", "2025-11-16T18:12:00Z"),
        ("2025-11-16 18:12:00Z", "2025-11-16T18:12:00Z"),
        ("2025-11-16T13:12:00-05:00", "2025-11-16T18:12:00Z"),
        ("2025-11-16T18:12:00.5Z", "2025-11-16T18:12:00.500Z"),
        ("2025-11-16T18:12:00.000001Z", "2025-11-16T18:12:00.000001Z"),
        ("2025-11-16T18:12:00.1234567Z", "2025-11-16T18:12:00.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00Z"),
    ],
)
def test_a_time_is_formatted_in_utc_as_short_as_possible(text: str, formatted: str) -> None:
    assert format_time(parse_time(text)) == formatted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-11-16",
        "2025-11-16T18:12Z",
        "2025-11-16T18:12:00",
        "2025-11-16T18:12:00+0500",
        "2025-11-16T18:12:00+24:00",
        "2025-11-16T18:12:60Z",
        "2025-11-16T24:00:00Z",
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2025-11-16T18:12:00.Z",
        "2025-11-16T18:12:00Z\n",
        "٢٠٢٥-11-16T18:12:00Z",
        "20251116T181200Z",
        "+2025-11-16T18:12:00Z",
    ],
)
def test_a_looser_time_format_is_refused(text: str) -> None:
    assert _parsed(text) is None
