"""The ``Authenticator`` of a deployment, from its settings."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alerta_utec.app.access import NoAuthentication
from alerta_utec.ports.authentication import Authenticator

if TYPE_CHECKING:
    from alerta_utec.adapters.jwt_tokens import JwtSettings
    from alerta_utec.domain.roles import RoleRules

MODES = ("off", "jwt")


def is_on(environment: Mapping[str, str]) -> bool:
    """Return whether clients sign in (``AUTH``), without loading what checks their tokens."""
    return _mode(environment) != "off"


def authenticator(environment: Mapping[str, str]) -> Authenticator:
    """Return it by ``AUTH`` (``off``, the default, or ``jwt``), and as ``jwt_settings``.

    Raises:
        ValueError: the settings cannot work or are not safe; the text, in Spanish, says why.
    """
    mode = _mode(environment)
    if mode == "off":
        return NoAuthentication()
    if mode != "jwt":
        raise ValueError(f"AUTH admite {' o '.join(MODES)}, no {mode!r}.")
    from alerta_utec.adapters.jwt_tokens import JwtAuthenticator

    return JwtAuthenticator(jwt_settings(environment))


def jwt_settings(environment: Mapping[str, str]) -> "JwtSettings":
    """Return the settings that make a token valid.

    ``AUTH_SECRET`` or ``AUTH_JWKS_URL``, ``AUTH_ISSUER``, ``AUTH_AUDIENCE``,
    ``AUTH_LEEWAY_S``, and those of ``role_rules``; an empty variable counts as unset.

    Raises:
        ValueError: a setting is malformed.
    """
    from alerta_utec.adapters.jwt_tokens import JwtSettings

    leeway = environment.get("AUTH_LEEWAY_S") or "30"
    if not leeway.isascii() or not leeway.isdigit() or int(leeway) > 300:
        raise ValueError("AUTH_LEEWAY_S admite de 0 a 300 segundos.")
    return JwtSettings(
        secret=environment.get("AUTH_SECRET") or None,
        jwks_url=environment.get("AUTH_JWKS_URL") or None,
        issuer=environment.get("AUTH_ISSUER") or None,
        audience=environment.get("AUTH_AUDIENCE") or None,
        roles=role_rules(environment),
        leeway_s=int(leeway),
    )


def role_rules(environment: Mapping[str, str]) -> "RoleRules":
    """Return how claims give a role.

    ``AUTH_ROLE_CLAIM``, ``AUTH_ROLE_MAP`` (``seguridad=personal``), ``AUTH_REQUIRE``
    (``hd=utec.edu.pe``) and ``AUTH_DEFAULT_ROLE`` (``estudiante``, the default, or ``none``).

    Raises:
        ValueError: a setting is malformed.
    """
    from alerta_utec.domain import roles

    names, required = environment.get("AUTH_ROLE_MAP"), environment.get("AUTH_REQUIRE")
    return roles.RoleRules(
        claim=environment.get("AUTH_ROLE_CLAIM") or "role",
        names=roles.parse_role_names(names) if names else {},
        required=roles.parse_required(required) if required else {},
        default=roles.parse_default(environment.get("AUTH_DEFAULT_ROLE") or "estudiante"),
    )


def _mode(environment: Mapping[str, str]) -> str:
    return environment.get("AUTH") or "off"
