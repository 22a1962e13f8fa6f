"""The arguments that the command line accepts, and its errors for others."""

from ipaddress import ip_network
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from alerta_utec import __version__
from alerta_utec.cli import main
from alerta_utec.cli.program import Command
from alerta_utec.cli.serve import serve
from tests.unit.cli.running import SETTINGS, Process, run

COMMANDS = tuple(
    path
    for name, command in main.commands.items()
    for path in ((name,), *((name, each) for each in getattr(command, "commands", ())))
)

SIGN_IN = (
    *("secret", "jwks_url", "issuer", "audience", "role_claim", "role_map", "require"),
    *("default_role", "leeway_s"),
)


def serve_values(*arguments: str, **environment: str) -> dict[str, object]:
    """Return the values of the options that ``serve`` would start with."""
    clean: dict[str, str | None] = dict.fromkeys(SETTINGS)
    with CliRunner().isolation(env=clean | environment):
        return serve.make_context("serve", list(arguments)).params


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A data folder that cannot exist, so that ``serve`` never listens even if a check fails."""
    (tmp_path / "file").touch()
    return str(tmp_path / "file" / "data")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_in_spanish_and_shows_an_example(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert "Ejemplo" in result.output
    assert f"alerta-utec {' '.join(command)}" in result.output
    for english in ("Usage", "Options", "Show this", "default:", "env var", "Commands"):
        assert english not in result.output


def test_help_is_in_spanish_also_after_another_program_asked_for_the_options() -> None:
    command = Command("prueba")

    (asked_before,) = command.get_params(click.Context(command))

    assert isinstance(asked_before, click.Option)
    assert asked_before.help == "Muestra esta ayuda."


def test_version_is_printed() -> None:
    result = run("--version")

    assert (result.exit_code, result.output) == (0, f"alerta-utec {__version__}\n")


def test_no_command_shows_the_help() -> None:
    result = run()

    assert result.exit_code == 2
    assert "Comandos:" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("srve",), "no existe el comando srve. ¿Quiso decir 'serve'?"),
        (("serve", "--prot", "1"), "no existe la opción --prot. ¿Quiso decir"),
        (("serve", "--port"), "la opción --port necesita un valor"),
        (("serve", "--port", "x"), "un número entero de 0 a 65535"),
        (("serve", "--port", "65536"), "un número entero de 0 a 65535"),
        (("serve", "--port", "-1"), "un número entero de 0 a 65535"),
        (("serve", "--stage", "a/b"), "de 1 a 128 letras"),
        (("serve", "--stage", "x" * 129), "de 1 a 128 letras"),
        (("serve", "--stage", ""), "de 1 a 128 letras"),
        (("serve", "--timezone", "Marte/Olympus"), "Marte/Olympus no es una zona horaria"),
        (("serve", "--timezone", "America"), "America no es una zona horaria"),
        (("serve", "--timezone", "../../etc/passwd"), "no es una zona horaria"),
        (("serve", "--timezone", ""), "no es una zona horaria"),
        (("serve", "--mail-to", "nadie"), "nadie no es una dirección de correo"),
        (("watch", "--json=1"), "la opción --json no lleva valor"),
        (("watch", "--url", "http://127.0.0.1"), "debe empezar por ws:// o wss://"),
        (("incidents", "--url", "ws://127.0.0.1"), "debe empezar por http:// o https://"),
        (("incidents", "--limit", "0"), "un número entero de 1 a"),
        (("incidents", "show"), "falta ID"),
        (("notify",), "faltan los datos"),
        (("notify", "-", "--type", "a"), "no en ambas"),
        (("notify", "incidente.json"), "sobra lo siguiente: incidente.json"),
        (("notify", "--type", "a", "--extra", "sin-valor"), "no es NOMBRE=VALOR"),
        (("notify", "--type", "a", "--timeout", "0"), "un número de segundos"),
        (("backup",), "falta ARCHIVO"),
        (("backup", "a", "b"), "sobra lo siguiente: b"),
    ],
)
def test_a_usage_error_is_one_spanish_line_and_a_pointer_to_the_help(
    arguments: tuple[str, ...], message: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert message in result.stderr
    error, help_line = result.stderr.splitlines()
    assert error.startswith("Error: ")
    assert help_line.startswith("Ayuda: alerta-utec")
    assert help_line.endswith("--help")


def test_characters_that_the_terminal_lacks_are_escaped() -> None:
    with Process("notify", "--help", environment={"PYTHONIOENCODING": "latin-1"}) as helping:
        code = helping.wait()

    assert code == 0
    assert [line for line in helping.out if '"incident":{\\u2026}' in line]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "", "equipo.example"])
def test_serve_does_not_listen_beyond_this_machine_by_itself(host: str, nowhere: str) -> None:
    result = run("serve", "--host", host, "--data", nowhere)

    assert result.exit_code == 2
    assert "--insecure" in result.stderr
    assert "--host 127.0.0.1" in result.stderr


def test_serve_has_safe_defaults() -> None:
    values = serve_values()

    assert values == {
        "host": "127.0.0.1",
        "port": 8000,
        "stage": "dev",
        "data": Path("data"),
        "insecure": False,
        "ephemeral": False,
        "mail_url": None,
        "mail_from": "alerta-utec@localhost",
        "mail_to": (),
        "rules": None,
        "mail_limit": 20,
        "mail_window": 300,
        "timezone": "America/Lima",
        "lang": "es",
        "origins": (),
        "public_url": None,
        "trusted_proxies": (),
        "max_per_address": 1000,
        "webhook_allow_private": False,
        "cert": None,
        "key": None,
        "auth": "off",
        **{f"auth_{name}": None for name in SIGN_IN},
        "idle_s": None,
        "heartbeat_s": None,
        "age_s": None,
    }


def test_every_setting_of_serve_can_come_from_the_environment() -> None:
    values = serve_values(
        ALERTA_HOST="::1",
        ALERTA_PORT="0",
        ALERTA_STAGE="prueba-2",
        ALERTA_DATA="/srv/alerta",
        ALERTA_INSECURE="sí",
        ALERTA_MAIL_URL="smtps://correo.example",
        ALERTA_MAIL_FROM="alerta@example.edu",
        ALERTA_MAIL_TO="uno@example.edu, dos@example.edu",
        ALERTA_RULES="/srv/reglas.yml",
        ALERTA_MAIL_LIMIT="5",
        ALERTA_MAIL_WINDOW="0",
        ALERTA_TIMEZONE="Europe/Madrid",
        ALERTA_LANG="en",
        ALERTA_ORIGIN="https://a.example, https://b.example",
        ALERTA_PUBLIC_URL="https://example.edu/alerta/",
        ALERTA_TRUSTED_PROXY="127.0.0.1, 2001:db8::/32",
        ALERTA_MAX_PER_ADDRESS="7",
        ALERTA_WEBHOOK_ALLOW_PRIVATE="1",
        ALERTA_CERT="/srv/tls/cert.pem",
        ALERTA_KEY="/srv/tls/key.pem",
        ALERTA_AUTH="jwt",
        **{f"ALERTA_AUTH_{name.upper()}": name for name in SIGN_IN},
    )

    assert values == {
        "host": "::1",
        "port": 0,
        "stage": "prueba-2",
        "data": Path("/srv/alerta"),
        "insecure": True,
        "ephemeral": False,
        "mail_url": "smtps://correo.example",
        "mail_from": "alerta@example.edu",
        "mail_to": ("uno@example.edu", "dos@example.edu"),
        "rules": Path("/srv/reglas.yml"),
        "mail_limit": 5,
        "mail_window": 0,
        "timezone": "Europe/Madrid",
        "lang": "en",
        "origins": ("https://a.example", "https://b.example"),
        "public_url": "https://example.edu/alerta",
        "trusted_proxies": (ip_network("127.0.0.1"), ip_network("2001:db8::/32")),
        "max_per_address": 7,
        "webhook_allow_private": True,
        "cert": Path("/srv/tls/cert.pem"),
        "key": Path("/srv/tls/key.pem"),
        "auth": "jwt",
        **{f"auth_{name}": name for name in SIGN_IN},
        "idle_s": None,
        "heartbeat_s": None,
        "age_s": None,
    }


def test_an_option_overrides_the_environment() -> None:
    values = serve_values("--port", "9000", ALERTA_PORT="8001")

    assert values["port"] == 9000


@pytest.mark.parametrize("off", ["0", "no", "false", "off"])
def test_insecure_stays_off_if_its_variable_says_no(off: str, nowhere: str) -> None:
    arguments = ("serve", "--host", "0.0.0.0", "--data", nowhere)

    result = run(*arguments, environment={"ALERTA_INSECURE": off})

    assert result.exit_code == 2
    assert "acéptelo con --insecure" in result.stderr


def test_an_unclear_switch_in_the_environment_is_refused(nowhere: str) -> None:
    result = run("serve", "--data", nowhere, environment={"ALERTA_INSECURE": "quizá"})

    assert result.exit_code == 2
    assert "ALERTA_INSECURE" in result.stderr


def test_a_wrong_value_in_the_environment_names_its_variable() -> None:
    result = run("serve", environment={"ALERTA_PORT": "ocho mil"})

    assert result.exit_code == 2
    assert "--port (variable ALERTA_PORT)" in result.stderr
