"""``alerta-utec rules``: a file of notification rules is checked and tried."""

from pathlib import Path

import pytest

from tests.unit.cli.running import run

# One of Apprise's plugins imports a module that Python 3.11 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

RULES = """\
- name: Guardia
  urgency: [high]
  to: [guardia@example.edu]
- name: Laboratorios, de noche
  type: [incendio, fuga*]
  location: ["Laboratorio *"]
  hours: "22:00-06:00"
  days: [lun, mar]
  drill: false
  to: ["json://usuario:secreto@localhost:1/x", "env:GRUPO"]
"""
INCIDENT = ("--type", "Fuga de gas", "--location", "Laboratorio A", "--urgency", "media")
PHONE = "- {name: Guardia, to: '+51999999999'}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reglas.yml"
    path.write_text(RULES)
    return path


def test_check_prints_the_rules_of_a_valid_file_with_their_recipients(file: Path) -> None:
    result = run("rules", "check", str(file), environment={"GRUPO": "json://localhost:2"})

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Guardia: guardia@example.edu",
        "Laboratorios, de noche: json://…, env:GRUPO",
        "Correcto: reglas, 2; destinatarios, 3.",
    ]


def test_check_lists_every_problem_of_an_invalid_file(file: Path) -> None:
    file.write_text(RULES.replace("[high]", "[urgente]").replace("json:", "nadie:"))

    result = run("rules", "check", str(file))

    assert result.exit_code == 1
    assert "Línea 2, «Guardia»: urgency: debe ser medium o high" in result.stderr
    assert "nadie://…: no es una URL que Apprise conozca" in result.stderr
    assert "la variable GRUPO no está puesta" in result.stderr
    assert "secreto" not in result.stderr


def test_aws_and_one_machine_allow_different_recipients(file: Path) -> None:
    here = {"GRUPO": "json://localhost:2"}
    phone = file.with_name("telefono.yml")
    phone.write_text(PHONE)

    found = [
        run("rules", "check", str(path), *deployment, environment=here).exit_code
        for path in (file, phone)
        for deployment in ((), ("--aws",))
    ]

    assert found == [0, 1, 1, 0]


def test_the_test_command_says_who_gets_an_incident_and_why(file: Path) -> None:
    result = run(
        *("rules", "test", "--rules", str(file), *INCIDENT, "--at", "2026-11-25T02:30"),
        environment={"GRUPO": "json://localhost:2"},
    )

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Fuga de gas, Laboratorio A, mie 2026-11-25 02:30 (America/Lima)",
        "",
        "✘ Guardia",
        "    no coincide: urgencia media (alta)",
        "✔ Laboratorios, de noche → json://…, env:GRUPO",
        "    coincide: tipo fuga de gas (incendio, fuga*); lugar laboratorio a (laboratorio *); "
        "hora 02:30 (22:00-06:00); noche del mar (lun, mar); no es simulacro",
        "",
        "Lo reciben 2: json://…, env:GRUPO",
    ]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--at", "2026-11-24T12:00"), "hora 12:00 (22:00-06:00)"),
        (("--at", "2026-11-25T23:00"), "noche del mie (lun, mar)"),
        (("--at", "2026-11-24T23:00", "--drill"), "no coincide: es simulacro"),
        (("--at", "2026-11-25T04:30:00Z", "--timezone", "Asia/Tokyo"), "hora 13:30"),
    ],
)
def test_the_test_command_names_the_condition_that_is_not_met(
    file: Path, arguments: tuple[str, ...], shown: str
) -> None:
    result = run(
        *("rules", "test", "--rules", str(file), *INCIDENT, *arguments),
        environment={"GRUPO": "json://localhost:2"},
    )

    assert shown in result.stdout
    assert result.stdout.endswith("No lo recibe nadie.\n")


def test_an_incident_of_low_urgency_has_no_recipients(file: Path) -> None:
    file.write_text("- {name: Todo, to: a@example.edu}")

    arguments = ("--type", "x", "--location", "y", "--urgency", "baja")
    result = run("rules", "test", *arguments, environment={"ALERTA_RULES": str(file)})

    assert "no pone condiciones" in result.stdout
    assert result.stdout.endswith("No lo recibe nadie: una urgencia baja no da aviso.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--urgency", "mucha"), "--urgency debe ser uno de: low, medium, high"),
        (("--at", "ayer"), "--at: ayer no es una fecha como"),
        (("--at", "0001-01-01T00:00+14:00"), "no es una fecha como"),
        (("--timezone", "Luna"), "Luna no es una zona horaria"),
    ],
)
def test_the_test_command_refuses_malformed_values(
    file: Path, arguments: tuple[str, ...], message: str
) -> None:
    file.write_text("- {name: Todo, to: a@example.edu}")

    result = run("rules", "test", "--rules", str(file), *INCIDENT, *arguments)

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("route", "test", "--routes", "FILE"), {}),
        (("rules", "test", "--routes", "FILE"), {}),
        (("rules", "test"), {"ALERTA_ROUTES": "FILE"}),
        (("rules", "test"), {"ALERTA_ROUTES": "otro.yml", "ALERTA_RULES": "FILE"}),
    ],
)
def test_the_old_spellings_of_rules_are_accepted(
    file: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    file.write_text("- {name: Todo, to: a@example.edu}")
    named = {name: value.replace("FILE", str(file)) for name, value in environment.items()}

    result = run(
        *(word.replace("FILE", str(file)) for word in arguments), *INCIDENT, environment=named
    )

    assert result.exit_code == 0
    assert result.stdout.endswith("Lo reciben 1: a@example.edu\n")


def test_serve_accepts_the_old_spellings_of_rules(tmp_path: Path) -> None:
    missing = str(tmp_path / "reglas.yml")

    by_option = run("serve", "--port", "0", "--routes", missing)
    by_variable = run("serve", "--port", "0", environment={"ALERTA_ROUTES": missing})

    assert by_option.exit_code == by_variable.exit_code == 1
    assert by_option.stderr == by_variable.stderr
    assert f"No se puede leer {missing}" in by_option.stderr


@pytest.mark.parametrize("command", [(), ("serve",), ("rules",), ("rules", "test")])
def test_the_help_does_not_show_the_old_spellings(command: tuple[str, ...]) -> None:
    text = run(*command, "--help").stdout

    assert "rules" in text
    assert "route" not in text.lower()
