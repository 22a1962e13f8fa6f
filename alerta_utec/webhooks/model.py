"""A webhook: a URL that is told of changes, and what signs what it is told."""

import base64
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from alerta_utec.domain.delivery import WebhookChannel
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.values import format_time, parse_time

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

WEBHOOKS_MAX = 100
# For so long after a rotation the secret before goes on signing, beside the new one.
ROTATION = timedelta(hours=24)

# Standard Webhooks 1.0.0, "Signature scheme": 24 to 64 bytes (192 to 512 bits).
_SECRET_PREFIX = "whsec_"  # noqa: S105 (what every secret begins with)
_SECRET_SIZES = range(24, 64 + 1)
_SECRET_BYTES = 32


class State(StrEnum):
    """Whether a webhook is told; ``gone``: its receiver has answered 410."""

    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Secret:
    """``whsec_`` and 24 to 64 bytes in base64; ``expires_at`` is none for the newest."""

    value: str = field(repr=False)
    expires_at: datetime | None = None

    @property
    def key(self) -> bytes:
        """The key for HMAC."""
        return base64.b64decode(self.value.removeprefix(_SECRET_PREFIX))

    @classmethod
    def new(cls) -> "Secret":
        """One that nobody knows."""
        key = random.token_bytes(_SECRET_BYTES)
        return cls(_SECRET_PREFIX + base64.b64encode(key).decode())

    @classmethod
    def parse(cls, text: str) -> "Secret":
        """The one that somebody brings.

        Raises:
            ValueError: it is no secret, or too short or too long.
        """
        key = base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
        if not text.startswith(_SECRET_PREFIX) or len(key) not in _SECRET_SIZES:
            raise ValueError("no secret")
        return cls(text)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom to tell, of what, and how it is signed.

    ``since_seq``: the feed's ``seq`` when it was made; it hears of what comes after.
    ``secrets``: the newest first; the one before goes on signing until it expires.
    ``revision`` counts its versions from 1 on, so that two who change it at once are noticed.
    """

    webhook_id: str
    url: str
    created_at: datetime
    since_seq: int
    secrets: tuple[Secret, ...]
    filter: Filter = EVERYTHING
    description: str = ""
    state: State = State.ACTIVE
    revision: int = 1

    @property
    def channel(self) -> WebhookChannel:
        """Its channel on the record of deliveries."""
        return WebhookChannel(f"webhook:{self.webhook_id}")

    def concerns(self, change: "Change") -> bool:
        """Whether it is to be told of a committed change."""
        return (
            self.state is State.ACTIVE
            and change.after.seq > self.since_seq
            and self.filter.concerns(change)
        )

    def signing(self, now: datetime) -> tuple[Secret, ...]:
        """The secrets that sign now, the newest first."""
        return tuple(s for s in self.secrets if s.expires_at is None or now < s.expires_at)

    def next(self, **changes: Any) -> "Webhook":
        """The next version, with these fields changed."""
        return replace(self, revision=self.revision + 1, **changes)

    def rotated(self, secret: Secret, at: datetime) -> "Webhook":
        """The next version, signed by ``secret``, and by the newest of before for ``ROTATION``.

        One that is older still signs no more: what is sent has two signatures at most.
        """
        before = replace(self.secrets[0], expires_at=at + ROTATION)
        return self.next(secrets=(secret, before))

    def to_json(self) -> dict[str, Any]:
        """As the HTTP API shows it: without its secrets."""
        data: dict[str, Any] = {
            "webhookId": self.webhook_id,
            "url": self.url,
            "description": self.description,
            "filter": self.filter.to_json(),
            "state": self.state.value,
            "createdAt": format_time(self.created_at),
        }
        for old in self.secrets[1:]:
            if old.expires_at is not None:
                data["oldSecretUntil"] = format_time(old.expires_at)
        return data

    def to_record(self) -> dict[str, Any]:
        """As a store keeps it: everything, the secrets too."""
        return {
            **self.to_json(),
            "sinceSeq": self.since_seq,
            "revision": self.revision,
            "secrets": [secret.value for secret in self.secrets],
        }

    @classmethod
    def from_record(cls, data: Mapping[str, Any]) -> "Webhook":
        """The webhook that ``to_record`` wrote; trusts its source."""
        newest, *older = data["secrets"]
        return cls(
            webhook_id=data["webhookId"],
            url=data["url"],
            created_at=parse_time(data["createdAt"]),
            since_seq=int(data["sinceSeq"]),
            secrets=(
                Secret(newest),
                *(Secret(old, parse_time(data["oldSecretUntil"])) for old in older),
            ),
            filter=Filter.from_json(data["filter"]) if data["filter"] else EVERYTHING,
            description=data["description"],
            state=State(data["state"]),
            revision=int(data["revision"]),
        )
