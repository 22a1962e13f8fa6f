"""Incidents as text on a terminal."""

import json
import unicodedata

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.cli.terminal import history_line, incident_line, incident_page, safe

HOSTILE = "\x1b[2J\x1b]0;pwned\x07\x9b31m\u202eevil\u2028\r\x00"
INCIDENT = {
    "incidentId": "id-1",
    "type": "fuga de agua",
    "location": "Laboratorio A",
    "description": "primera línea\nsegunda línea",
    "urgency": "high",
    "status": "en_atencion",
    "timestamp": "2025-11-16T18:12:00Z",
    "seq": 7,
    "revision": 2,
    "sensor": {"humedad": 0.9},
}


def control_characters(text: str) -> list[str]:
    """Return the characters of a text that may control a terminal."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]


@given(st.text() | st.text(alphabet="\x00\x07\x1b\x7f\x9b\u202e\u2066\u2028\r\n[]m;31"))
def test_safe_text_has_no_control_characters(text: str) -> None:
    shown = safe(text)

    assert not [c for c in control_characters(shown) if c not in "\u200c\u200d"]


@given(st.text())
def test_safe_json_decodes_to_the_same_value(text: str) -> None:
    line = json.dumps({text: text}, ensure_ascii=False)

    assert json.loads(safe(line)) == {text: text}


def test_ordinary_text_is_not_changed() -> None:
    text = "Ñandú, 温度, العربية, \U0001f468\u200d\U0001f469 ≥ 70 °C"

    assert safe(text) == text


@pytest.mark.parametrize("field", [*INCIDENT, "otro"])
def test_control_characters_in_any_field_are_escaped(field: str) -> None:
    incident = {**INCIDENT, field: HOSTILE}

    line, page = click.unstyle(incident_line(incident)), click.unstyle(incident_page(incident))

    assert not control_characters(line)
    assert not control_characters(page.replace("\n", ""))


def test_only_a_drill_is_marked_in_the_line_and_on_the_page() -> None:
    drill = {**INCIDENT, "drill": True}

    marked = [click.unstyle(show(drill)) for show in (incident_line, incident_page)]
    plain = [click.unstyle(show(INCIDENT)) for show in (incident_line, incident_page)]

    assert "  SIMULACRO  Laboratorio A  fuga de agua" in marked[0]
    assert "drill:       SIMULACRO" in marked[1].splitlines()
    assert not any("SIMULACRO" in text for text in plain)


def test_control_characters_in_a_field_name_are_escaped() -> None:
    page = click.unstyle(incident_page({**INCIDENT, HOSTILE: "x"}))

    assert not control_characters(page.replace("\n", ""))


def test_control_characters_in_the_history_are_escaped() -> None:
    line = history_line(
        {
            "revision": HOSTILE,
            "at": HOSTILE,
            "change": {HOSTILE: [HOSTILE, HOSTILE]},
            "note": HOSTILE,
            "by": HOSTILE,
        }
    )

    assert not control_characters(line)


@pytest.mark.parametrize(
    ("urgency", "mark", "colour"),
    [("high", "▲ ALTA", "31"), ("medium", "■ MEDIA", "33"), ("low", "○ BAJA", "32")],
)
def test_urgency_shows_as_shape_word_and_colour(urgency: str, mark: str, colour: str) -> None:
    line = incident_line({**INCIDENT, "urgency": urgency})

    assert f"\x1b[{colour}m" in line
    assert mark in click.unstyle(line)


def test_an_incident_fits_in_one_line() -> None:
    line = click.unstyle(incident_line(INCIDENT))

    assert "\n" not in line
    assert "en atención  Laboratorio A  fuga de agua: primera línea segunda línea  [id-1]" in line


def test_a_page_shows_every_field() -> None:
    page = click.unstyle(incident_page(INCIDENT))

    assert page.splitlines()[3:5] == [
        "description: primera línea",
        "             segunda línea",
    ]
    assert 'sensor:      {"humedad": 0.9}' in page
    assert all(f"{name}:" in page for name in INCIDENT)
