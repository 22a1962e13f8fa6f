"""The key of a machine: what it may do, and how its secret is recognised."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alerta_utec.domain.policy import Grant, Identity, Role
from alerta_utec.domain.values import format_time, parse_time

KEYS_MAX = 1000
PREFIX = "ak_"
# Of credentials.
KIND = "key"
_ID_BYTES = 10
# 256 random bits cannot be guessed, so one round of a plain hash protects them.
_SECRET_BYTES = 32
_TOKEN = re.compile(r"ak_([a-z2-7]{16})_([a-z2-7]{52})")
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored: with the digest of its secret, never with the secret.

    ``expires_at``: ``None``: it lasts until it is revoked. ``last_used_at`` is exact to a minute.
    """

    key_id: str
    name: str
    grant: Grant
    created_at: datetime
    created_by: str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    digest: str = field(default=_NO_DIGEST, repr=False)

    @property
    def identity(self) -> Identity:
        """The identity of requests with this key; its name tells people which machine acts."""
        return Identity(f"{self.name} (key:{self.key_id})", Role.PERSONAL, self.grant)

    @property
    def credential(self) -> str:
        """The credential of the connections that the key opens."""
        return f"{KIND}:{self.key_id}"

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the key has not expired."""
        return self.expires_at is None or now < self.expires_at

    def accepts(self, secret: str) -> bool:
        """Tell whether the secret is the key's; the time that it takes tells nothing."""
        return hmac.compare_digest(_digest_of(secret), self.digest)

    def with_secret(self) -> tuple["Key", str]:
        """Return the key with a new random secret, and the token that contains the secret."""
        secret = _random_text(_SECRET_BYTES)
        token = f"{PREFIX}{self.key_id}_{secret}"
        return replace(self, digest=_digest_of(secret)), token

    def to_json(self) -> dict[str, Any]:
        """Return the key as the HTTP API shows it: without the digest of its secret."""
        times = {"expiresAt": self.expires_at, "lastUsedAt": self.last_used_at}
        data: dict[str, Any] = {
            "keyId": self.key_id,
            "name": self.name,
            **self.grant.to_json(),
            "createdAt": format_time(self.created_at),
        }
        if self.created_by is not None:
            data["createdBy"] = self.created_by
        return data | {name: format_time(at) for name, at in times.items() if at is not None}

    def to_record(self) -> dict[str, Any]:
        """Return the key as a store keeps it."""
        return {**self.to_json(), "digest": self.digest}

    @classmethod
    def from_record(cls, data: Mapping[str, Any]) -> "Key":
        """Read what ``to_record`` wrote; the record is trusted."""
        expires_at, last_used_at = data.get("expiresAt"), data.get("lastUsedAt")
        return cls(
            key_id=data["keyId"],
            name=data["name"],
            grant=Grant.from_json(data),
            created_at=parse_time(data["createdAt"]),
            created_by=data.get("createdBy"),
            expires_at=None if expires_at is None else parse_time(expires_at),
            last_used_at=None if last_used_at is None else parse_time(last_used_at),
            digest=data["digest"],
        )


def new_key_id() -> str:
    """Return a random id of 16 characters."""
    return _random_text(_ID_BYTES)


def read_token(token: str) -> tuple[str, str] | None:
    """Return the id and the secret of a key's token; ``None`` if it does not look like one."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else (found[1], found[2])


def _random_text(size_bytes: int) -> str:
    """Return random bytes in base32 (RFC 4648), which a double click selects whole."""
    return base64.b32encode(secrets.token_bytes(size_bytes)).decode().rstrip("=").lower()


def _digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
