"""Strategies for JSON of every kind, and for unusual valid incidents."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.values import Status, Urgency

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
moments = st.datetimes(
    LONG_AGO.replace(tzinfo=None), FAR_AHEAD.replace(tzinfo=None), timezones=st.just(UTC)
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
FIELDS = (
    *("incidentId", "type", "location", "description", "urgency", "status", "timestamp"),
    "drill",
)
SERVER_FIELDS = (
    "seq",
    "revision",
    "createdAt",
    "updatedAt",
    "reportedBy",
    "reportedByStaff",
    "alarmed",
)
SNAKES = ("incident_id", "created_at", "updated_at", "reported_by", "extras", "model_config")

spoken = st.sampled_from([*Urgency, *Status, "alta", "En atención", "RESUELTO", "  Media "])
times = st.sampled_from(["2025-11-16T18:12:00Z", "2025-11-16t13:12:00.5-05:00"])
wild_reports = st.dictionaries(
    st.sampled_from([*FIELDS, *SERVER_FIELDS, *SNAKES]) | texts,
    json_values | spoken | times | st.text(),
    max_size=12,
)

lines = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
short_extras = st.dictionaries(
    texts.filter(lambda name: name not in (*FIELDS, *SERVER_FIELDS)) | st.sampled_from(SNAKES),
    st.none()
    | st.booleans()
    | numbers
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    max_size=4,
)


valid_reports = st.builds(
    lambda required, optional, extras: extras | optional | required,
    st.fixed_dictionaries(
        {
            "type": st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=80),
            "location": st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=120),
            "urgency": st.sampled_from(Urgency).map(str),
        }
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "description": lines,
            "status": st.sampled_from(Status).map(str),
            "incidentId": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True),
            "timestamp": times,
            "drill": st.booleans(),
        },
    ),
    short_extras,
)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    """Generate an incident at some revision."""
    report = Report.parse(draw(valid_reports))
    at = draw(moments)
    taken_in = Incident.from_report(
        report, incident_id="generado", at=at, reported_by=draw(st.none() | texts)
    )
    later = min(at, FAR_AHEAD - timedelta(days=1)) + timedelta(seconds=1)
    revision = draw(st.integers(1, 10**6))
    return taken_in.model_copy(
        update={"revision": revision, "seq": draw(st.integers(0, 10**12)), "updated_at": later}
    )
