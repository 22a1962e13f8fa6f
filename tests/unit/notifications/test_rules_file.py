"""The rules file: what it can hold, and how its problems are reported."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.recipients import Kind, Recipient
from alerta_utec.notifications.rules import Hours, Pattern, Rule
from alerta_utec.notifications.rules_file import FILE_MAX_BYTES, load_rules, read_rules
from alerta_utec.notifications.rules_parser import RULES_MAX
from alerta_utec.notifications.rules_problems import RulesRefused

WHOLE = """
# Quién recibe qué.
- name: Guardia
  urgency: [high]
  to: [guardia@example.edu, "+51999999999"]
- name: Laboratorios, de noche
  urgency: [media, ALTA]
  type: [incendio, fuga*]
  location: ["Laboratorio *"]
  hours: "22:00-06:00"
  days: [lun, mar, mié, THU, vie]
  drill: false
  to: ["tgram://123:abc/456", "env:GRUPO", laboratorios@example.edu]
"""


def problems(text: str, **environ: str) -> list[str]:
    with pytest.raises(RulesRefused) as refused:
        read_rules(text, environ)
    return list(refused.value.problems)


def test_the_whole_file_is_read() -> None:
    guard, labs = read_rules(WHOLE, {"GRUPO": "slack://a/b/c"})

    assert guard == Rule(
        "Guardia",
        (
            Recipient(Kind.EMAIL, "guardia@example.edu"),
            Recipient(Kind.PHONE, "+51999999999"),
        ),
        urgency=frozenset({Urgency.HIGH}),
    )
    assert labs == Rule(
        "Laboratorios, de noche",
        (
            Recipient(Kind.APPRISE, "tgram://123:abc/456"),
            Recipient(Kind.APPRISE, "slack://a/b/c", named="GRUPO"),
            Recipient(Kind.EMAIL, "laboratorios@example.edu"),
        ),
        urgency=frozenset({Urgency.MEDIUM, Urgency.HIGH}),
        type=(Pattern("incendio"), Pattern("fuga", prefix=True)),
        location=(Pattern("laboratorio ", prefix=True),),
        hours=Hours(22 * 60, 6 * 60),
        days=frozenset(range(5)),
        drill=False,
    )


def test_one_value_needs_no_list() -> None:
    [rule] = read_rules("- {name: a, urgency: high, type: gas, to: a@example.edu}", {})

    assert rule.urgency == {Urgency.HIGH}
    assert rule.to == (Recipient(Kind.EMAIL, "a@example.edu"),)


def test_every_problem_is_reported_with_its_rule_and_line() -> None:
    found = problems(
        """\
- name: Guardia
  urgency: [urgente, low]
  hours: 25:00-06:00
  color: rojo
  to: [a@example.edu]
- to: [nadie, "env:FALTA"]
  type: [" *", "a*b", 123]
- name: Guardia
  days: [lunes]
  drill: yes
  name: Otra
"""
    )

    urgency = "urgency: debe ser medium o high; una urgencia baja no da aviso."
    assert found == [
        "Línea 4, la regla 1: «color» no es una clave; las hay: name, urgency, type, location, "
        "hours, days, drill, to.",
        f"Línea 2, «Guardia»: {urgency}",
        f"Línea 2, «Guardia»: {urgency}",
        "Línea 3, «Guardia»: hours: debe ser como «22:00-06:00».",
        "Línea 6, la regla 2: falta name.",
        "Línea 6, la regla 2: to: un destinatario es un correo, una URL de Apprise (tgram://…), "
        "un teléfono como +51999999999 o env:VARIABLE.",
        "Línea 6, la regla 2: to: la variable FALTA no está puesta.",
        "Línea 7, la regla 2: type: el * va al final, detrás de un texto.",
        "Línea 7, la regla 2: type: el * solo vale al final.",
        "Línea 7, la regla 2: type: «123» debe ser un texto; escríbalo entre comillas.",
        "Línea 11, la regla 3: name está dos veces.",
        "Línea 8, «Guardia»: falta to.",
        "Línea 8, «Guardia»: ya hay otra regla con ese nombre.",
        "Línea 9, «Guardia»: days: un día es lun, mar, mie, jue, vie, sab, dom, o mon … sun.",
        "Línea 10, «Guardia»: drill: debe ser true o false.",
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "Debe ser una lista de reglas"),
        ("[]", "Debe ser una lista de reglas"),
        ("name: a", "Debe ser una lista de reglas"),
        ("- a\n- b: [", "Línea 2: no es YAML válido"),
        ("- a\n---\n- b", "Línea 2: no es YAML válido"),
        ("\x00", "No es YAML válido"),
        ("[" * 5000, "No es YAML válido"),
        ("- 7", "Línea 1, la regla 1: debe tener claves"),
        ("- {name: a, to: []}", "Línea 1, «a»: to: admite de 1 a 50 valores"),
        ("- {name: a, to: +51999999999}", "Línea 1, «a»: to: «+51999999999» debe ser un texto"),
        ("- {name: a, to: [[a@b.c]]}", "Línea 1, «a»: to: debe ser un texto"),
        ("- &a {name: a, to: *a}", "Línea 1, «a»: to: debe ser un texto"),
        ("- {name: a, to: a@b.c, hours: '06:00-06:00'}", "Línea 1, «a»: hours: debe empezar"),
        ("- {name: a, to: a@b.c, hours: '00:00-24:00'}", "Línea 1, «a»: hours: debe empezar"),
        ("- {name: a, to: a@b.c, hours: '12:00-24:01'}", "Línea 1, «a»: hours: debe empezar"),
        ("- {name: ' ', to: a@b.c}", "Línea 1, la regla 1: name: debe tener de 1 a"),
        ('- {name: "a\\nb", to: a@b.c}', "Línea 1, la regla 1: name: debe ser una línea"),
    ],
)
def test_a_file_that_is_not_valid_is_refused(text: str, start: str) -> None:
    assert problems(text)[0].startswith(start)


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("22:00-00:00", Hours(1320, 1440)),
        ("22:00-24:00", Hours(1320, 1440)),
        ("0:00 - 6:30", Hours(0, 390)),
    ],
)
def test_midnight_can_be_written_both_ways(written: str, hours: Hours) -> None:
    [rule] = read_rules(f"- {{name: a, to: a@b.c, hours: '{written}'}}", {})

    assert rule.hours == hours


def test_a_mistyped_secret_is_not_repeated() -> None:
    found = problems('- {name: a, to: "tgram:/1234:secreto/x"}') + problems(
        "- {name: a, to: 'env:GRUPO'}", GRUPO="tgram:secreto"
    )

    assert len(found) == 2
    assert "secreto" not in "".join(found)


def test_recipients_that_cannot_be_reached_are_refused() -> None:
    class NoPhones:
        def problem(self, recipient: Recipient) -> str | None:
            return "no_text_messages" if recipient.kind is Kind.PHONE else None

    with pytest.raises(RulesRefused) as refused:
        read_rules(WHOLE, {"GRUPO": "slack://a/b/c"}, NoPhones())

    assert refused.value.problems == (
        "Línea 5, «Guardia»: to: +51999999999: una máquina no envía SMS; "
        "use la URL de Apprise de un servicio que los envíe.",
    )


@pytest.mark.parametrize("count", [RULES_MAX, RULES_MAX + 1])
def test_rules_are_bounded_in_number(count: int) -> None:
    text = "\n".join(f"- {{name: r{number}, to: a@b.c}}" for number in range(count))

    if count > RULES_MAX:
        assert problems(text) == ["Admite 100 reglas como máximo."]
    else:
        assert len(read_rules(text, {})) == count


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    big, binary = tmp_path / "big.yml", tmp_path / "binary.yml"
    big.write_bytes(b"#" * (FILE_MAX_BYTES + 1))
    binary.write_bytes(b"- \xff")

    for path, text in (
        (big, "supera 256 KB"),
        (binary, "no está en UTF-8"),
        (tmp_path / "falta.yml", "No se puede leer"),
        (tmp_path, "No se puede leer"),
    ):
        with pytest.raises(RulesRefused, match=text):
            load_rules(path, {})


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    rules: Sequence[Rule] = ()
    with suppress(RulesRefused):
        rules = read_rules(text, {})

    assert all(rule.name and rule.to for rule in rules)
