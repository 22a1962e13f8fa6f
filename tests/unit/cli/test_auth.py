"""``alerta-utec token``, and the errors of settings with which sign-in cannot work."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerta_utec.adapters.jwt_tokens import JwtAuthenticator, JwtSettings
from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.roles import RoleRules
from tests.conftest import ServeFactory
from tests.unit.cli.running import Process, run, wait_for

SECRET = "un secreto de prueba, bastante largo"
WITH_SECRET = {"ALERTA_AUTH_SECRET": SECRET}


@pytest.mark.parametrize("role", Role)
def test_the_service_accepts_a_token_of_the_command(role: Role) -> None:
    arguments = ("token", "--role", role.value, "--user", "rosa", "--hours", "2")
    result = run(*arguments, environment=WITH_SECRET)

    assert result.exit_code == 0
    signed = JwtAuthenticator(JwtSettings(secret=SECRET)).authenticate(result.stdout.strip())
    assert signed.identity == Identity("rosa", role)
    assert signed.expires_at is not None
    left = signed.expires_at - datetime.now(UTC)
    assert timedelta(hours=1.9) < left < timedelta(hours=2.1)


def test_a_token_has_the_issuer_audience_and_role_claim_of_the_settings() -> None:
    expected = {
        "ALERTA_AUTH_ISSUER": "https://ingreso.example.edu",
        "ALERTA_AUTH_AUDIENCE": "alerta",
        "ALERTA_AUTH_ROLE_CLAIM": "papel",
    }

    result = run("token", "--role", "personal", environment=WITH_SECRET | expected)

    made = result.stdout.strip()
    issuer, audience, claim = expected.values()
    settings = JwtSettings(
        secret=SECRET, issuer=issuer, audience=audience, roles=RoleRules(claim=claim)
    )
    assert JwtAuthenticator(settings).authenticate(made).identity.role is Role.PERSONAL
    with pytest.raises(Unauthorized):
        JwtAuthenticator(JwtSettings(secret=SECRET, audience="otra")).authenticate(made)


@pytest.mark.parametrize(
    ("environment", "arguments", "code", "message"),
    [
        ({}, ("--role", "personal"), 1, "AUTH_SECRET"),
        ({"ALERTA_AUTH_SECRET": "corto"}, ("--role", "personal"), 1, "32 bytes"),
        (
            {"ALERTA_AUTH_JWKS_URL": "https://ingreso.example.edu/keys"},
            ("--role", "personal"),
            1,
            "AUTH_SECRET",
        ),
        (WITH_SECRET, (), 2, "--role"),
        (WITH_SECRET, ("--role", "rector"), 2, "rector"),
        (WITH_SECRET, ("--role", "personal", "--hours", "0"), 2, "--hours"),
        (WITH_SECRET, ("--role", "personal", "--user", ""), 1, "--user"),
        (WITH_SECRET, ("--role", "personal", "--user", "a\x1b[31m"), 1, "--user"),
    ],
)
def test_the_token_command_explains_why_it_fails(
    environment: dict[str, str], arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = run("token", *arguments, environment=environment)

    assert result.exit_code == code
    assert message in result.stderr
    assert not result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "AUTH_SECRET o AUTH_JWKS_URL"),
        ({"ALERTA_AUTH_SECRET": "corto"}, "32 bytes"),
        (
            WITH_SECRET | {"ALERTA_AUTH_JWKS_URL": "https://ingreso.example.edu/keys"},
            "y solo uno",
        ),
        ({"ALERTA_AUTH_JWKS_URL": "http://ingreso.example.edu/keys"}, "https"),
        ({"ALERTA_AUTH_JWKS_URL": "file:///etc/passwd"}, "https"),
        (WITH_SECRET | {"ALERTA_AUTH_LEEWAY_S": "3600"}, "AUTH_LEEWAY_S"),
        (WITH_SECRET | {"ALERTA_AUTH_LEEWAY_S": "-1"}, "AUTH_LEEWAY_S"),
    ],
)
def test_sign_in_that_cannot_be_safe_does_not_start(
    tmp_path: Path, environment: dict[str, str], message: str
) -> None:
    arguments = ("serve", "--auth", "jwt", "--port", "0", "--data", str(tmp_path / "d"))
    with Process(*arguments, environment=environment) as serving:
        code = serving.wait()

    assert code == 1
    assert message in "\n".join(serving.err)
    assert not [line for line in serving.err if SECRET in line or "Traceback" in line]


def test_the_secret_is_never_shown(tmp_path: Path) -> None:
    arguments = ("serve", "--auth", "jwt", "--port", "0", "--data", str(tmp_path / "d"))
    with Process(*arguments, environment=WITH_SECRET) as serving:
        wait_for(serving.out, lambda line: "Ctrl-C" in line)
        serving.interrupt()

    assert SECRET not in "\n".join([*serving.out, *serving.err])


def test_the_help_of_serve_does_not_show_the_secret_that_is_set() -> None:
    result = run("serve", "--help", environment=WITH_SECRET)

    assert result.exit_code == 0
    assert "ALERTA_AUTH_SECRET" in result.stdout
    assert SECRET not in result.stdout


def test_the_client_commands_send_the_token_of_their_option_or_variable(
    serve: ServeFactory,
) -> None:
    server = serve(options=("--auth", "jwt"), environment=WITH_SECRET)
    made = run("token", "--role", "personal", "--user", "ana", environment=WITH_SECRET).stdout
    given = {"ALERTA_TOKEN": made.strip()}
    report = ("--type", "fuga", "--location", "Cocina", "--urgency", "low", "--id", "uno")

    without = run("notify", "--url", server.ws_url, *report)
    sent = run("notify", "--url", server.ws_url, "--token", made.strip(), *report)
    refused = run("incidents", "--url", server.http_url)
    listed = run("incidents", "--url", server.http_url, "--json", environment=given)
    shown = run("incidents", "--url", server.http_url, "show", "uno", "--json", environment=given)

    assert (without.exit_code, refused.exit_code) == (1, 1)
    assert json.loads(sent.stdout)["incidentId"] == "uno"
    assert json.loads(listed.stdout)["reportedBy"] == "ana"
    assert json.loads(shown.stdout)["history"][0]["by"] == "ana"
