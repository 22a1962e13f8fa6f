"""``short_text``: a text message that is one part, whatever is in the incident."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.change import Change
from alerta_utec.domain.incident import Incident
from alerta_utec.domain.values import Status
from alerta_utec.notifications.sms import GSM_7, SMS_MAX, cut, gsm_7, short_text
from tests.contract.builders import creation, update
from tests.unit.domain.strategies import incidents

LIMA = ZoneInfo("America/Lima")


def _change(**fields: Any) -> Change:
    known = {"urgency": "high", "type": "fuga de agua", "location": "Sótano"}
    return creation(**known | fields)


@given(incidents())
def test_a_text_message_is_one_part_in_the_basic_alphabet(incident: Incident) -> None:
    text = short_text(Change(None, incident), LIMA)

    assert set(text) <= GSM_7
    # With the beginning that SNS gives it, 160 letters of 7 bits.
    assert 0 < len("Alerta UTE> " + text) <= 160


def test_a_text_message_has_urgency_time_type_place_and_description() -> None:
    change = _change(description="El agua llega\n a los tableros.")

    assert short_text(change, LIMA) == (
        f"ALTA {change.at.astimezone(LIMA):%H:%M}: fuga de agua - Sotano. "
        "El agua llega a los tableros."
    )


def test_a_text_message_without_a_description_ends_with_the_place() -> None:
    assert short_text(_change(description=""), LIMA, "en").endswith(": fuga de agua - Sotano")


def test_the_text_message_of_a_drill_begins_with_the_drill_mark() -> None:
    assert short_text(_change(drill=True), LIMA).startswith("SIMULACRO - ALTA ")


def test_the_text_message_of_an_all_clear_says_so_with_its_note() -> None:
    resolved = update(_change().after, status=Status.RESUELTO, note="Ya no hay agua")

    text = short_text(resolved, LIMA)

    assert text.startswith("RESUELTO ")
    assert text.endswith(". Ya no hay agua")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Ñandú y pingüino: ¡café!", "Ñandu y pingüino: ¡café!"),
        ("«uno» — “dos” …", '"uno" - "dos" ...'),
        ("a\r\n\tb\u00a0c", "a b c"),
        ("[70 °C] {x|y}", "(70 C) (x/y)"),
        ("漢", "?"),
    ],
)
def test_letters_outside_the_basic_alphabet_become_plainer(written: str, sent: str) -> None:
    assert gsm_7(written) == sent


@given(st.integers(SMS_MAX - 2, SMS_MAX + 2))
def test_a_long_text_message_ends_in_three_dots(length: int) -> None:
    text = cut("x" * length)

    assert len(text) == min(length, SMS_MAX)
    assert text.endswith("...") == (length > SMS_MAX)
