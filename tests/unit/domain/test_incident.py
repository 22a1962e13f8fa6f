"""``Incident``: JSON that is read back, and fields that only the server sets."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.values import Urgency
from alerta_utec.wire import encoded_size
from tests.contract.builders import PLAIN, T0
from tests.unit.domain.strategies import incidents, moments, valid_reports


@given(incidents())
def test_an_incident_survives_json(incident: Incident) -> None:
    record = json.dumps(incident.to_record(), ensure_ascii=False)

    assert Incident.from_json(json.loads(record)) == incident


@given(incidents())
def test_the_wire_does_not_have_the_alarmed_field(incident: Incident) -> None:
    assert "alarmed" not in incident.to_json(private=True)


@given(incidents())
def test_the_reporter_is_on_the_wire_only_in_private(incident: Incident) -> None:
    public, private = incident.to_json(), incident.to_json(private=True)

    assert "reportedBy" not in public
    assert private == public | (
        {} if incident.reported_by is None else {"reportedBy": incident.reported_by}
    )


@given(incidents())
def test_the_json_of_an_incident_stays_under_its_bound(incident: Incident) -> None:
    placed = incident.at_seq(10**15)

    assert encoded_size(placed.to_json(private=True)) <= placed.json_max_bytes()


@given(valid_reports, moments)
def test_a_new_incident_keeps_the_report_and_adds_the_servers_fields(
    data: dict[str, Any], at: Any
) -> None:
    report = Report.parse(data)

    incident = Incident.from_report(report, incident_id="nuevo", at=at, reported_by="rosa")

    assert incident.incident_id == (report.incident_id or "nuevo")
    assert incident.timestamp == (report.timestamp or at)
    assert (incident.revision, incident.seq) == (1, 0)
    assert incident.created_at == incident.updated_at == at
    assert incident.reported_by == "rosa"
    assert incident.extras == report.extras
    for name in ("type", "location", "description", "urgency", "status", "drill"):
        assert getattr(incident, name) == getattr(report, name)


def test_extras_with_the_names_of_our_attributes_stay_extras() -> None:
    odd = {
        "reported_by": "otra",
        "created_at": "ayer",
        "incident_id": 7,
        "extras": {},
        "digest": None,
    }
    report = Report.parse(PLAIN | odd)

    incident = Incident.from_report(report, incident_id="nuevo", at=T0, reported_by="rosa")

    assert incident.reported_by == "rosa"
    assert incident.incident_id == "nuevo"
    assert incident.extras == odd
    assert odd.items() <= incident.to_json().items()
    assert Incident.from_json(incident.to_json(private=True)) == incident


@given(incidents())
def test_only_a_drill_has_the_drill_field_on_the_wire(incident: Incident) -> None:
    assert incident.to_json().get("drill") is (True if incident.drill else None)


@given(incidents(), moments)
def test_an_update_changes_no_drill_mark(incident: Incident, at: Any) -> None:
    assert incident.updated(at=at, urgency=Urgency.HIGH).drill is incident.drill


@given(incidents(), st.integers(1, 10**15))
def test_a_place_in_the_feed_changes_nothing_else(incident: Incident, seq: int) -> None:
    placed = incident.at_seq(seq)

    assert placed.to_json(private=True) == incident.to_json(private=True) | {"seq": seq}


def test_json_has_the_fields_of_the_wire() -> None:
    incident = Incident.from_report(Report.parse(PLAIN), incident_id="a", at=T0).at_seq(3)

    assert incident.to_json() == PLAIN | {
        "incidentId": "a",
        "status": "pendiente",
        "timestamp": "2035-11-16T18:12:00.123456Z",
        "seq": 3,
        "revision": 1,
        "createdAt": "2035-11-16T18:12:00.123456Z",
        "updatedAt": "2035-11-16T18:12:00.123456Z",
    }
    assert incident.created_at - T0 == timedelta()
