"""Sign-in by JSON Web Tokens (RFC 7519), with a shared secret or an issuer's published keys."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from alerta_utec.adapters.published_keys import ALGORITHMS, PublishedKeys
from alerta_utec.domain.errors import Unauthorized
from alerta_utec.domain.policy import Identity, Role
from alerta_utec.domain.roles import RoleRules
from alerta_utec.ports.authentication import Authentication

# RFC 7518, section 3.2: a key of the hash's size or larger.
SECRET_MIN_BYTES = 32
# The head of a request has 10,240 bytes on API Gateway (HTTP API quotas).
TOKEN_MAX_CHARS = 8192
USER_MAX_CHARS = 200
END_MAX_S = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
# The shortest time between two log lines about tokens without the role claim.
NO_ROLE_LOG_EVERY_S = 600.0

log = logging.getLogger(__name__)

# The codes of refusals in the log.
_REASONS: Sequence[tuple[type[jwt.PyJWTError], str]] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not_yet_valid"),
    (jwt.InvalidAudienceError, "wrong_audience"),
    (jwt.InvalidIssuerError, "wrong_issuer"),
    (jwt.MissingRequiredClaimError, "missing_claim"),
    (jwt.InvalidAlgorithmError, "wrong_algorithm"),
    (jwt.InvalidSignatureError, "wrong_signature"),
)


@dataclass(frozen=True)
class JwtSettings:
    """The conditions for a valid token.

    Exactly one of ``secret`` (HS256) and ``jwks_url`` (RS256, ES256) is set.
    """

    secret: str | None = None
    jwks_url: str | None = None
    issuer: str | None = None
    audience: str | None = None
    roles: RoleRules = field(default_factory=RoleRules)
    leeway_s: int = 30

    def check(self) -> None:
        """Refuse settings that cannot work or are not safe.

        Raises:
            ValueError: with the reason, in Spanish, for the operator.
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
    passes for a secret, nor ``none`` for a signature. ``sub`` and ``exp`` are required.
    """

    required = True

    def __init__(self, settings: JwtSettings) -> None:
        settings.check()
        self._settings = settings
        self._keys = PublishedKeys(settings.jwks_url) if settings.jwks_url else None
        self._no_role_logged_at_s: float | None = None

    def is_valid(self, _credential: str) -> bool:
        """Return true: a token only ends by itself."""
        return True

    def authenticate(self, token: str | None) -> Authentication:
        if not token:
            raise Unauthorized("no_token")
        if len(token) > TOKEN_MAX_CHARS:
            raise Unauthorized("too_long")
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise Unauthorized(_reason(error)) from error
        end = _end(claims) + timedelta(seconds=self._settings.leeway_s)
        return Authentication(Identity(_user(claims), self._role(claims)), end)

    def _claims(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            return self._decode(token, self._settings.secret, "HS256")
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        refusal: jwt.PyJWTError = jwt.InvalidSignatureError()
        for key in self._keys.candidates(header.get("kid"), algorithm):
            try:
                return self._decode(token, key, algorithm)
            except jwt.InvalidSignatureError as error:
                refusal = error
        raise refusal

    def _decode(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        settings = self._settings
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
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

    def _role(self, claims: Mapping[str, Any]) -> Role:
        """Return the role that the claims give; log if the claim with the role is missing."""
        rules = self._settings.roles
        if not rules.states_role(claims):
            self._log_no_role(claims)
        return rules.role_of(claims)

    def _log_no_role(self, claims: Mapping[str, Any]) -> None:
        """Log that the role claim is missing: a wrong setting makes everyone a student."""
        now_s, logged_at_s = time.monotonic(), self._no_role_logged_at_s
        if logged_at_s is not None and now_s - logged_at_s < NO_ROLE_LOG_EVERY_S:
            return
        self._no_role_logged_at_s = now_s
        names = {"role_claim": self._settings.roles.claim, "claims": sorted(map(str, claims))[:20]}
        log.warning("token_without_role", extra=names)


def development_token(
    settings: JwtSettings, *, user: str, role: Role, lasts: timedelta, now: datetime
) -> str:
    """Return a token signed with the secret, for trying the service out.

    Raises:
        ValueError: there is no secret to sign with.
    """
    if settings.secret is None:
        raise ValueError("Solo se pueden crear tokens con AUTH_SECRET; los demás los da el emisor.")
    claims: dict[str, Any] = {
        "sub": user,
        settings.roles.claim: role.value,
        "iat": int(now.timestamp()),
        "exp": int((now + lasts).timestamp()),
    }
    claims |= {"iss": settings.issuer} if settings.issuer else {}
    claims |= {"aud": settings.audience} if settings.audience else {}
    return jwt.encode(claims, settings.secret, algorithm="HS256")


def _reason(error: jwt.PyJWTError) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "malformed")


def _trusted(url: str) -> bool:
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def _end(claims: Mapping[str, Any]) -> datetime:
    """Return when the token ends; one that lasts beyond the year 9998 is refused."""
    seconds = int(claims["exp"])
    if seconds > END_MAX_S:
        raise Unauthorized("unusable_exp")
    return datetime.fromtimestamp(seconds, UTC)


def _user(claims: Mapping[str, Any]) -> str:
    user: str = claims["sub"]
    if not user or len(user) > USER_MAX_CHARS or not user.isprintable():
        raise Unauthorized("unusable_sub")
    return user
