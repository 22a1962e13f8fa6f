"""Sign-in: the options of ``serve``, and ``alerta-utec token``."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import click

from alerta_utec.cli.errors import Failure
from alerta_utec.cli.param_types import WholeNumber
from alerta_utec.cli.program import Command
from alerta_utec.deployments import sign_in
from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.policy import Role

Function = TypeVar("Function", bound=Callable[..., Any])

HOURS_MAX = 24 * 365
_setting = partial(click.option, show_envvar=True)
# Each option, the variable of ``deployments.sign_in`` that it sets, and its help.
_OPTIONS = (
    ("--auth-secret", "AUTH_SECRET", "Secreto de 32 bytes o más (HS256); mejor en la variable."),
    (
        "--auth-jwks-url",
        "AUTH_JWKS_URL",
        "Claves públicas del emisor, por https (RS256, ES256).",
    ),
    ("--auth-issuer", "AUTH_ISSUER", "Emisor (iss) que el token debe nombrar."),
    ("--auth-audience", "AUTH_AUDIENCE", "Destino (aud) que el token debe nombrar."),
    (
        "--auth-role-claim",
        "AUTH_ROLE_CLAIM",
        "Campo del token que contiene el rol (por defecto, role).",
    ),
    (
        "--auth-role-map",
        "AUTH_ROLE_MAP",
        "Palabras del emisor que valen por un rol, como seguridad=personal,direccion=autoridad.",
    ),
    (
        "--auth-require",
        "AUTH_REQUIRE",
        "Valores que el token debe tener, como hd=utec.edu.pe; con comas.",
    ),
    (
        "--auth-default-role",
        "AUTH_DEFAULT_ROLE",
        "Rol de un token que no nombra ninguno: estudiante (por defecto), o none: se rechaza.",
    ),
    (
        "--auth-leeway-s",
        "AUTH_LEEWAY_S",
        "Segundos que pueden diferir los relojes, hasta 300 (por defecto, 30).",
    ),
)


def auth_options(command: Function) -> Function:
    """Add the options that say which tokens are valid, as ``auth_secret`` and so on."""
    for name, variable, text in reversed(_OPTIONS):
        command = _setting(name, envvar=f"ALERTA_{variable}", help=text)(command)
    return command


def environment(mode: str, options: dict[str, str | None]) -> dict[str, str]:
    """Return the variables of ``deployments.sign_in`` that the options stand for."""
    given = {
        variable: options[name.removeprefix("--").replace("-", "_")]
        for name, variable, _ in _OPTIONS
    }
    return {"AUTH": mode, **{name: value for name, value in given.items() if value}}


@click.command(cls=Command)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="Rol.",
)
@click.option("--user", default="prueba", show_default=True, help="Persona (sub).")
@click.option(
    "--hours",
    default=8,
    type=WholeNumber(1, HOURS_MAX),
    show_default=True,
    help="Horas de validez.",
)
@auth_options
def token(role: str, user: str, hours: int, **options: str | None) -> None:
    """Crea un token de prueba para un servicio con AUTH=jwt y un secreto.

    \b
    Ejemplo:
      export ALERTA_AUTH_SECRET=$(openssl rand -hex 32)
      alerta-utec serve --auth jwt
      alerta-utec token --role autoridad --user jefa
    """
    from alerta_utec.adapters.jwt_tokens import JwtAuthenticator, development_token

    try:
        settings = sign_in.jwt_settings(environment("jwt", options))
        authenticator = JwtAuthenticator(settings)
        made = development_token(
            settings,
            user=user,
            role=Role(role),
            lasts=timedelta(hours=hours),
            now=datetime.now(UTC),
        )
        authenticator.authenticate(made)
    except ValueError as error:
        raise Failure(str(error)) from error
    except Unauthorized as error:
        raise Failure("--user admite de 1 a 200 caracteres que se puedan mostrar.") from error
    click.echo(made)
