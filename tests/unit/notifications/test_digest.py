"""The e-mail about several incidents at once."""

from zoneinfo import ZoneInfo

import pytest

from alerta_utec.domain.change import Change, Position
from alerta_utec.notifications.digest import LISTED_MAX, compose_all, short_form
from alerta_utec.notifications.email import SUBJECT_MAX, compose
from alerta_utec.notifications.style import MessageStyle
from tests.contract.builders import creation

LIMA = ZoneInfo("America/Lima")
STYLE = MessageStyle(LIMA)
ENGLISH = MessageStyle(LIMA, "en")


def reports(*several: dict[str, object]) -> list[Change]:
    return [
        creation(**({"urgency": "medium", "incidentId": f"i{seq}"} | fields)).committed(
            Position("e", seq)
        )
        for seq, fields in enumerate(several, 1)
    ]


def test_a_digest_of_one_change_is_its_own_email() -> None:
    [one] = reports({})

    assert compose_all([one], STYLE) == compose(one, STYLE)


def test_the_subject_names_a_common_type_and_place() -> None:
    changes = reports({"type": "Fuga"}, {"type": "fuga", "urgency": "high"}, {"type": "FUGA"})

    email = compose_all(changes, STYLE)

    assert email.subject == "[Alerta UTEC] ALTA: 3 incidentes mas: fuga - Laboratorio A"


def test_incidents_are_listed_by_urgency() -> None:
    changes = reports(
        {
            "type": "humo",
            "description": "Primera línea\nsegunda",
            "timestamp": "2025-11-16T18:12:00Z",
        },
        {"type": "gas", "urgency": "high", "description": "", "timestamp": "2025-11-16T18:13:00Z"},
    )

    email = compose_all(changes, STYLE)

    assert email.subject == "[Alerta UTEC] ALTA: 2 incidentes mas"
    assert email.body == (
        "Alerta UTEC: hay 2 incidentes más que atender.\n"
        "\n"
        "Llegaron muchos avisos en poco tiempo: estos van juntos. Horas de America/Lima.\n"
        "\n"
        "ALTA: gas - Laboratorio A\n"
        "  16/11/2025 13:13:00  i2\n"
        "\n"
        "MEDIA: humo - Laboratorio A\n"
        "  16/11/2025 13:12:00  i1\n"
        "  Primera línea\n"
    )


@pytest.mark.parametrize(("count", "more"), [(LISTED_MAX, False), (LISTED_MAX + 1, True)])
def test_the_list_is_cut_with_a_count(count: int, more: bool) -> None:
    email = compose_all(reports(*[{"description": "x" * 4000}] * count), STYLE)

    assert email.body.count("Laboratorio A") == LISTED_MAX
    assert ("Y 1 más, que están en el panel." in email.body) is more
    assert len(email.body.encode()) < 100_000


@pytest.mark.parametrize(("drills", "prefix"), [(2, "SIMULACRO - "), (1, "")])
def test_a_digest_marks_drills(drills: int, prefix: str) -> None:
    changes = reports(*({"drill": number < drills} for number in range(2)))

    email = compose_all(changes, STYLE)

    assert email.subject.startswith(f"[Alerta UTEC] {prefix}MEDIA: 2 incidentes mas")
    assert email.body.count("SIMULACRO - MEDIA: ") == drills
    assert email.body.startswith("SIMULACRO: no es una emergencia real.") is (drills == 2)


def test_a_long_subject_is_cut_to_a_line_of_ascii() -> None:
    email = compose_all(reports(*[{"type": "ñ" * 80}] * 2), STYLE)

    assert len(email.subject) == SUBJECT_MAX
    assert email.subject.isascii()


def test_the_same_changes_give_the_same_email_and_others_another() -> None:
    changes = reports({}, {}, {})

    ids = {compose_all(some, STYLE).message_id for some in (changes, changes[::-1], changes[:2])}

    assert len(ids) == 2


def test_a_digest_can_be_in_english() -> None:
    email = compose_all(reports({}, {}), ENGLISH)

    assert email.subject == "[Alerta UTEC] MEDIUM: 2 more incidents: prueba - Laboratorio A"
    assert "there are 2 more incidents to attend to." in email.body


def test_a_digest_links_to_the_panel_and_to_each_incident() -> None:
    changes = reports({}, {})
    style = MessageStyle(LIMA, panel_url="https://alerta.example.edu")

    email = compose_all(changes, style)

    lines = email.body.splitlines()
    assert "Todos están en https://alerta.example.edu/" in lines
    for change in changes:
        link = f"  https://alerta.example.edu/#i={change.incident_id}"
        assert any(line.endswith(link) for line in lines)
    assert short_form(changes, email, style).link == "https://alerta.example.edu/"
