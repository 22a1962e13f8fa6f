"""``short_text``: a text message that is one part, whatever is in the incident."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status
from alerta_utec.notifications.fitting import FACTS_MIN, ShortText
from alerta_utec.notifications.sms import GSM_7, SMS_MAX, gsm_7, one_part, short_text
from alerta_utec.notifications.style import MessageStyle
from tests.contract.builders import creation, update
from tests.unit.domain.strategies import incidents

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
# 10 letters of an API, and the longest name of a region.
AWS = "https://a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com"
ENGLISH = MessageStyle(LIMA, "en")


def _change(**fields: Any) -> Change:
    known = {"urgency": "high", "type": "fuga de agua", "location": "Sótano"}
    return creation(**known | fields)


def written(change: Change, style: MessageStyle = STYLE) -> str:
    """Return the text message as a telephone gets it."""
    return short_text(change, style).fitted(one_part)


@given(incidents(), st.sampled_from([None, AWS, "https://a.example/una~ruta"]))
def test_a_text_message_is_one_part_in_the_basic_alphabet(
    incident: Incident, panel: str | None
) -> None:
    text = written(Change(None, incident), MessageStyle(LIMA, panel_url=panel))

    assert set(text) <= GSM_7
    # With the beginning that SNS gives it, 160 letters of 7 bits.
    assert 0 < len("Alerta UTE> " + text) <= 160


@given(incidents(), st.integers(12, 120))
def test_a_link_is_whole_or_left_out_and_leaves_room_for_the_facts(
    incident: Incident, length: int
) -> None:
    panel = f"https://{'p' * length}"
    short = short_text(Change(None, incident), MessageStyle(LIMA, panel_url=panel))

    text = short.fitted(one_part)

    rest, link = text.removesuffix(f" {short.link}"), f" {short.link}"
    assert "https://p" not in rest
    if text.endswith(link):
        assert len(rest.removesuffix("...")) >= min(FACTS_MIN, len(short.facts))
    else:
        assert len(short.facts) + len(link) > SMS_MAX - len("...")


def test_a_text_message_links_to_the_incident_also_where_its_description_is_cut() -> None:
    change = _change(type="incendio", location="Torre A", drill=True, description="humo " * 99)
    style = MessageStyle(LIMA, panel_url="https://alerta.example.edu")

    text = written(change, style)

    assert text.startswith("SIMULACRO - ALTA ")
    assert ": incendio - Torre A. humo" in text
    assert text.endswith(f"... https://alerta.example.edu/#i={change.incident_id}")


def test_the_address_of_an_api_on_aws_fits_beside_a_usual_type_and_place() -> None:
    change = _change(type="incendio", location="Torre A", description="")

    text = written(change, MessageStyle(LIMA, panel_url=AWS))

    assert text.endswith(f": incendio - Torre A {AWS}/#i={change.incident_id}")


def test_a_text_message_has_urgency_time_type_place_and_description() -> None:
    change = _change(description="El agua llega\n a los tableros.")

    assert written(change) == (
        f"ALTA {change.at.astimezone(LIMA):%H:%M}: fuga de agua - Sotano. "
        "El agua llega a los tableros."
    )


def test_a_text_message_without_a_description_ends_with_the_place() -> None:
    assert written(_change(description=""), ENGLISH).endswith(": fuga de agua - Sotano")


def test_the_text_message_of_a_drill_begins_with_the_drill_mark() -> None:
    assert written(_change(drill=True)).startswith("SIMULACRO - ALTA ")


def test_the_text_message_of_an_all_clear_says_so_with_its_note() -> None:
    resolved = update(_change().after, status=Status.RESUELTO, note="Ya no hay agua")

    text = written(resolved)

    assert text.startswith("RESUELTO ")
    assert text.endswith(". Ya no hay agua")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Ñandú y pingüino: ¡café!", "Ñandu y pingüino: ¡café!"),
        ("«uno» — “dos” …", '"uno" - "dos" ...'),
        ("a\r\n\tb\u00a0c", "a b c"),
        ("[70 °C] {x|y}", "(70 C) (x/y)"),
        ("漢", "?"),
    ],
)
def test_letters_outside_the_basic_alphabet_become_plainer(typed: str, sent: str) -> None:
    assert gsm_7(typed) == sent


@given(st.integers(SMS_MAX - 2, SMS_MAX + 2))
def test_a_long_text_message_ends_in_three_dots(length: int) -> None:
    text = ShortText("x" * length).fitted(one_part)

    assert len(text) == min(length, SMS_MAX)
    assert text.endswith("...") == (length > SMS_MAX)
