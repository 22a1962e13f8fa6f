"""``CapAlerts``: any incident is a valid alert of CAP 1.2 with its current state."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alerta_utec.cap.alerts import CATEGORIES, LEVEL_RESOLVED, LEVELS, CapAlerts, categories
from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident, Report
from alerta_utec.domain.values import Status, Urgency
from tests.contract.builders import creation, update
from tests.support.cap import Alert
from tests.support.emulator import ROOT
from tests.unit.domain.strategies import moments, valid_reports

LIMA = CapAlerts("alerta@utec.example", ZoneInfo("America/Lima"), "es", restricted=False)
ZONES = ("America/Lima", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "Africa/Monrovia")
notes = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)
steps = st.tuples(st.sampled_from(Status), st.sampled_from(Urgency), st.none() | notes)


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Draw the history of an incident, at times that a service's clock can have."""
    report = Report.parse(draw(valid_reports)).model_copy(update={"timestamp": draw(moments)})
    at = draw(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    incident = Incident.from_report(report, incident_id="generado", at=at, reported_by="Rosa")
    history = [Change(None, incident, by="Rosa")]
    for status, urgency, note in draw(st.lists(steps, max_size=4)):
        before = history[-1].after
        at += timedelta(seconds=draw(st.integers(0, 10**6)))
        after = before.updated(at=at, status=status, urgency=urgency)
        history.append(Change(before, after, by="Luis", note=note))
    return history


alerts = st.builds(
    CapAlerts,
    st.sampled_from(["alerta@utec.example", "a1.execute-api.us-east-1.amazonaws.com", "a, <b> &c"]),
    st.sampled_from(ZONES).map(ZoneInfo),
    st.sampled_from(["es", "en"]),
    st.booleans(),
)


def _alert(*history: Change, **options: Any) -> Alert:
    return Alert(LIMA.write(history, **({"test": False} | options)))


def _moved(change: Change, status: Status = Status.RESUELTO, **more: Any) -> Change:
    return update(change.after, status=status, **more)


@given(alerts, histories(), st.booleans())
def test_any_incident_is_a_valid_alert_at_any_revision(
    cap: CapAlerts, history: list[Change], test: bool
) -> None:
    page = "https://alerta.utec.example/#i=generado"
    written = [
        Alert(cap.write(history[:end], page=page, test=test)) for end in range(1, len(history) + 1)
    ]

    assert len({alert.one("identifier") for alert in written}) == len(history)
    assert len({alert.one("incidents") for alert in written}) == 1
    for number, alert in enumerate(written):
        references = " ".join(earlier.reference for earlier in written[:number])
        assert alert.all("references") == ([references] if number else [])


@given(histories())
def test_no_alert_names_a_person(history: list[Change]) -> None:
    anonymous = [
        dataclasses.replace(
            change, by=None, after=change.after.model_copy(update={"reported_by": None})
        )
        for change in history
    ]

    assert LIMA.write(history, test=False) == LIMA.write(anonymous, test=False)


def test_a_new_incident_is_an_alert_with_its_place_and_times() -> None:
    incident = {"incidentId": "a:1", "type": "Incendio", "location": "Patio", "urgency": "high"}
    change = creation(**incident, description="Humo", timestamp="2035-11-16T18:02:00.5Z", piso=3)

    alert = _alert(change, page="https://x.example/#i=a%3A1")

    assert alert.one("identifier") == "a:1.1"
    assert alert.one("sender") == "alerta@utec.example"
    assert alert.one("msgType") == "Alert"
    assert alert.one("sent") == alert.one("effective") == "2035-11-16T13:12:00-05:00"
    assert alert.one("onset") == "2035-11-16T13:02:00-05:00"
    assert alert.one("expires") == "2035-11-17T13:12:00-05:00"
    assert alert.one("headline") == "Urgencia alta: Incendio - Patio"
    assert alert.one("description") == "Humo"
    assert (alert.one("event"), alert.one("areaDesc")) == ("Incendio", "Patio")
    assert alert.one("web") == "https://x.example/#i=a%3A1"
    assert alert.parameters == {"incidentId": "a:1", "revision": "1", "status": "pendiente"}


@pytest.mark.parametrize(
    ("urgency", "status", "expected"),
    [
        ("high", "pendiente", ("Immediate", "Severe", "Likely", ["Avoid", "Monitor"])),
        ("medium", "pendiente", ("Expected", "Moderate", "Likely", ["Monitor"])),
        ("low", "pendiente", ("Future", "Minor", "Likely", ["Monitor"])),
        ("high", "en_atencion", ("Immediate", "Severe", "Observed", ["Avoid", "Monitor"])),
        ("high", "resuelto", ("Past", "Minor", "Observed", ["AllClear"])),
    ],
)
def test_urgency_and_status_are_written_in_the_words_of_cap(
    urgency: str, status: str, expected: tuple[str, str, str, list[str]]
) -> None:
    alert = _alert(creation(urgency=urgency, status=status))

    triad = tuple(alert.one(name) for name in ("urgency", "severity", "certainty"))
    assert (*triad, alert.all("responseType")) == expected


def test_a_resolved_incident_is_an_update_with_the_all_clear() -> None:
    first = creation(incidentId="a", urgency="high")
    resolved = _moved(first, note="Extintor usado")

    alert = _alert(first, resolved)

    assert (alert.one("msgType"), alert.all("responseType")) == ("Update", ["AllClear"])
    assert alert.one("headline") == "Resuelto: prueba - Laboratorio A"
    assert alert.one("description") == "Mensaje de prueba\n\nNota: Extintor usado"
    assert alert.one("references") == _alert(first).reference


def test_a_reopened_incident_is_an_update_without_the_all_clear() -> None:
    first = creation(urgency="high")
    resolved = _moved(first)
    reopened = _moved(resolved, Status.PENDIENTE)

    alert = _alert(first, resolved, reopened)

    assert (alert.one("msgType"), alert.one("urgency")) == ("Update", "Immediate")
    assert len(alert.one("references").split()) == 2


@pytest.mark.parametrize(
    ("drill", "test", "status", "marks"),
    [
        (False, False, "Actual", ""),
        (True, False, "Exercise", "SIMULACRO: "),
        (False, True, "Test", "PRUEBA TÉCNICA: "),
        (True, True, "Test", "PRUEBA TÉCNICA: SIMULACRO: "),
    ],
)
def test_drills_and_tests_are_marked_in_every_text(
    drill: bool, test: bool, status: str, marks: str
) -> None:
    change = creation(incidentId="a", drill=drill)

    alert = _alert(change, test=test)

    assert alert.one("status") == status
    assert alert.one("headline") == f"{marks}Urgencia baja: prueba - Laboratorio A"
    assert alert.one("description") == f"{marks}Mensaje de prueba"
    assert alert.all("note") == ([f"{marks}a"] if marks else [])


def test_a_test_is_another_message_and_refers_to_tests_only() -> None:
    first = creation(incidentId="a")
    second = _moved(first)

    actual, test = (_alert(first, second, test=test) for test in (False, True))

    assert (actual.one("identifier"), test.one("identifier")) == ("a.2", "a.2.test")
    assert test.one("references") == _alert(first, test=True).reference


def test_an_alert_that_needs_sign_in_is_restricted() -> None:
    members = dataclasses.replace(LIMA, restricted=True)

    alert = Alert(members.write([creation()], test=False))

    assert alert.one("scope") == "Restricted"
    assert _alert(creation()).one("scope") == "Public"


def test_the_texts_of_the_service_are_in_its_language() -> None:
    english = dataclasses.replace(LIMA, lang="en")

    alert = Alert(english.write([creation(urgency="high", drill=True)], test=False))

    assert alert.one("language") == "en-US"
    assert alert.one("headline") == "DRILL: Urgency high: prueba - Laboratorio A"
    assert _alert(creation()).one("language") == "es-PE"


@pytest.mark.parametrize("char", ["\ufffe", "\uffff"])
def test_characters_outside_xml_are_replaced(char: str) -> None:
    alert = _alert(creation(type=f"fuga{char}", location=f"Aula {char}", description=f"a{char}b"))

    assert alert.one("event") == "fuga\ufffd"
    assert alert.one("areaDesc") == "Aula \ufffd"
    assert alert.one("description") == "a\ufffdb"


@pytest.mark.parametrize(("length", "cut"), [(159, False), (160, False), (161, True)])
def test_a_headline_is_cut_only_over_160_characters(length: int, cut: bool) -> None:
    start = len("Urgencia baja:  - ")
    alert = _alert(creation(type="t" * 80, location="l" * (length - start - 80)))

    assert len(alert.one("headline")) == min(length, 160)
    assert alert.one("headline").endswith("…") == cut


def test_markup_in_an_incident_stays_text() -> None:
    hostile = "</description><!ENTITY x SYSTEM 'file:///'>&x;]]>"

    alert = _alert(creation(type=hostile, location=hostile, description=hostile))

    assert {alert.one(name) for name in ("event", "areaDesc", "description")} == {hostile}


@pytest.mark.parametrize(
    ("timestamp", "onset"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00-00:00"),
        # Lima's own time was 5 h 8 min 12 s behind until 1890.
        ("1850-01-01T00:00:00Z", "1850-01-01T00:00:00-00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T18:59:59-05:00"),
    ],
)
def test_times_that_cap_cannot_express_in_lima_are_in_utc(timestamp: str, onset: str) -> None:
    assert _alert(creation(timestamp=timestamp)).one("onset") == onset


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Incendio", ["Fire"]),
        ("HUMO en el servidor", ["Fire", "Infra"]),
        ("Sismo", ["Geo"]),
        ("inundación", ["Met"]),
        ("Persona atrapada en ascensor", ["Rescue", "Infra"]),
        ("Emergencia médica", ["Health"]),
        ("Accidente de tránsito", ["Health", "Transport"]),
        ("Robo", ["Security"]),
        ("Derrame químico", ["CBRNE", "Env"]),
        ("fuga de agua", ["Infra"]),
        ("temperatura elevada", ["Infra"]),
        ("Caída", ["Safety"]),
        ("bomba de prueba", ["Other"]),
        ("prueba", ["Other"]),
        ("¿?", ["Other"]),
    ],
)
def test_a_type_has_the_categories_of_its_words(kind: str, expected: list[str]) -> None:
    assert categories(kind) == expected


@pytest.mark.parametrize("page", ["integrations.es.md", "integrations.md"])
def test_the_documented_tables_are_those_in_the_code(page: str) -> None:
    documented = (ROOT / "docs" / page).read_text()

    for category, beginnings in CATEGORIES.items():
        assert f"| `{category}` | {', '.join(beginnings.split())} |" in documented
    for urgency, (cap_urgency, severity) in LEVELS.items():
        assert f"| `{urgency}` | `{cap_urgency}` | `{severity}` | " in documented
    assert "| `resuelto` | `{}` | `{}` | ".format(*LEVEL_RESOLVED) in documented


def test_the_schema_check_refuses_an_invalid_alert() -> None:
    document = LIMA.write([creation()], test=False)
    for good, bad in ((b"Actual", b"Real"), (b"-05:00</sent>", b"Z</sent>"), (b"<event>", b"<x>")):
        assert good in document
        with pytest.raises((AssertionError, etree.XMLSyntaxError)):
            Alert(document.replace(good, bad))
