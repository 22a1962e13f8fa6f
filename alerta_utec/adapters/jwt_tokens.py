"""Sign-in by JSON Web Tokens (RFC 7519), from a shared secret or an issuer's published keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from alerta_utec.domain.errors import Unauthorized, Unavailable
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.ports import Authentication

# RFC 7518, section 3.2: a key of the hash's size or larger.
SECRET_MIN_BYTES = 32
TOKEN_MAX_CHARS = 4096
USER_MAX_CHARS = 200
END_MAX_S = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
FETCH_TIMEOUT_S = 5
# How long keys are kept, and how soon an unknown key id may cause another look.
KEYS_LIFESPAN_S = 300
KEYS_COOLDOWN_S = 30


@dataclass(frozen=True)
class JwtSettings:
    """What makes a token valid: exactly one of ``secret`` (HS256) and ``jwks_url``
    (RS256, ES256), the expected issuer and audience, and the claim that has the role."""

    secret: str | None = None
    jwks_url: str | None = None
    issuer: str | None = None
    audience: str | None = None
    role_claim: str = "role"
    leeway_s: int = 30

    def check(self) -> None:
        """Find out early what cannot work.

        Raises:
            ValueError: with the reason, in Spanish, for whoever runs the service.
        """
        if (self.secret is None) == (self.jwks_url is None):
            raise ValueError("AUTH=jwt necesita AUTH_SECRET o AUTH_JWKS_URL, y solo uno.")
        if self.secret is not None and len(self.secret.encode()) < SECRET_MIN_BYTES:
            raise ValueError(f"AUTH_SECRET necesita al menos {SECRET_MIN_BYTES} bytes.")
        if self.jwks_url is not None and not _trusted(self.jwks_url):
            raise ValueError("AUTH_JWKS_URL debe ser https (http, solo en esta máquina).")


class JwtAuthenticator:
    """The ``Authenticator`` for signed tokens.

    A secret admits HS256 alone and published keys RS256 and ES256 alone, so a public key never
    passes for a secret, nor ``none`` for a signature. ``sub`` and ``exp`` are needed; a token
    without a role is a student's.
    """

    required = True

    def __init__(self, settings: JwtSettings) -> None:
        settings.check()
        self._settings = settings
        self._keys = (
            jwt.PyJWKClient(
                settings.jwks_url,
                lifespan=KEYS_LIFESPAN_S,
                timeout=FETCH_TIMEOUT_S,
                cooldown_duration=KEYS_COOLDOWN_S,
            )
            if settings.jwks_url
            else None
        )

    def authenticate(self, token: str | None) -> Authentication:
        if not token or len(token) > TOKEN_MAX_CHARS:
            raise Unauthorized("no token")
        try:
            claims = self._claims(token)
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable("the issuer's keys cannot be had") from error
        except jwt.PyJWTError as error:
            raise Unauthorized(type(error).__name__) from error
        end = _end(claims) + timedelta(seconds=self._settings.leeway_s)
        return Authentication(
            Identity(_user(claims), _role(claims, self._settings.role_claim)), end
        )

    def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        key: Any = settings.secret
        algorithms = ["HS256"]
        if self._keys is not None:
            algorithms = ["RS256", "ES256"]
            if jwt.get_unverified_header(token).get("alg") not in algorithms:
                raise jwt.InvalidAlgorithmError
            key = self._keys.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=settings.audience,
            issuer=settings.issuer,
            leeway=settings.leeway_s,
            options={
                "require": ["exp", "sub"],
                "verify_aud": settings.audience is not None,
                "strict_aud": False,
            },
        )
        return claims


def development_token(
    settings: JwtSettings, *, user: str, role: Role, lasts: timedelta, now: datetime
) -> str:
    """A token of our own for trying the service out.

    Raises:
        ValueError: there is no secret to sign with.
    """
    if settings.secret is None:
        raise ValueError("Solo se pueden hacer fichas con AUTH_SECRET; las demás da el emisor.")
    claims: dict[str, Any] = {
        "sub": user,
        settings.role_claim: role.value,
        "iat": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
    }
    claims |= {"iss": settings.issuer} if settings.issuer else {}
    claims |= {"aud": settings.audience} if settings.audience else {}
    return jwt.encode(claims, settings.secret, algorithm="HS256")


def _trusted(url: str) -> bool:
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def _end(claims: Mapping[str, Any]) -> datetime:
    """When the token ends; one that lasts beyond the year 9998 is none."""
    seconds = int(claims["exp"])
    if seconds > END_MAX_S:
        raise Unauthorized("not a usable exp")
    return datetime.fromtimestamp(seconds, UTC)


def _user(claims: Mapping[str, Any]) -> str:
    user: str = claims["sub"]
    if not user or len(user) > USER_MAX_CHARS or not user.isprintable():
        raise Unauthorized("not a usable sub")
    return user


def _role(claims: Mapping[str, Any], claim: str) -> Role:
    """The highest role that the claim names, as one word or a list of them."""
    value = claims.get(claim)
    named = value if isinstance(value, list) else [value]
    roles = [role for role in Role if role.value in named]
    return roles[-1] if roles else Role.ESTUDIANTE
