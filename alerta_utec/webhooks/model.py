"""The webhook itself: its URL, its filter, its state and the secrets that sign its requests."""

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
from alerta_utec.webhooks.formats import Format

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

WEBHOOKS_MAX = 100
# For this long after a rotation the previous secret signs too, beside the new one.
ROTATION = timedelta(hours=24)

# Standard Webhooks 1.0.0, "Signature scheme": 24 to 64 bytes (192 to 512 bits).
_SECRET_PREFIX = "whsec_"  # noqa: S105 (the prefix of every secret)
_SECRET_SIZES = range(24, 64 + 1)
_SECRET_BYTES = 32


class State(StrEnum):
    """Whether a webhook receives events; ``gone``: its receiver has answered 410."""

    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret: ``whsec_`` and 24 to 64 bytes in base64.

    ``expires_at`` is ``None`` for the newest secret of a webhook.
    """

    value: str = field(repr=False)
    expires_at: datetime | None = None

    @property
    def key(self) -> bytes:
        """Return the key for HMAC."""
        return base64.b64decode(self.value.removeprefix(_SECRET_PREFIX))

    @classmethod
    def new(cls) -> "Secret":
        """Generate a random secret."""
        key = random.token_bytes(_SECRET_BYTES)
        return cls(_SECRET_PREFIX + base64.b64encode(key).decode())

    @classmethod
    def parse(cls, text: str) -> "Secret":
        """Check a secret that a caller supplies.

        Raises:
            ValueError: the text is malformed, or its key is too short or too long.
        """
        key = base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
        if not text.startswith(_SECRET_PREFIX) or len(key) not in _SECRET_SIZES:
            raise ValueError("malformed secret")
        return cls(text)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver's URL, the changes that it subscribes to, and the secrets that sign for it.

    ``since_seq``: the feed's ``seq`` when the webhook was added; only later changes are sent.
    ``created_by``: the user who added it; ``None`` without sign-in or if version 0.1 stored it.
    ``secrets``: the newest first; the previous one signs too until it expires.
    ``revision`` counts the versions of this record from 1, for optimistic locking.
    """

    webhook_id: str
    url: str
    created_at: datetime
    since_seq: int
    secrets: tuple[Secret, ...]
    filter: Filter = EVERYTHING
    description: str = ""
    state: State = State.ACTIVE
    format: Format = Format.JSON
    created_by: str | None = None
    revision: int = 1

    @property
    def channel(self) -> WebhookChannel:
        """Return the webhook's channel on the record of deliveries."""
        return WebhookChannel(f"webhook:{self.webhook_id}")

    def matches_change(self, change: "Change") -> bool:
        """Return whether a committed change is to be sent to this webhook."""
        return (
            self.state is State.ACTIVE
            and change.after.seq > self.since_seq
            and self.filter.concerns(change)
        )

    def signing(self, now: datetime) -> tuple[Secret, ...]:
        """Return the secrets that sign at ``now``, the newest first."""
        return tuple(s for s in self.secrets if s.expires_at is None or now < s.expires_at)

    def next(self, **changes: Any) -> "Webhook":
        """Return the next version, with these fields changed."""
        return replace(self, revision=self.revision + 1, **changes)

    def rotated(self, secret: Secret, at: datetime) -> "Webhook":
        """Return the next version, signed by ``secret`` and for ``ROTATION`` by the previous one.

        Any older secret stops signing, so that a request carries two signatures at most.
        """
        before = replace(self.secrets[0], expires_at=at + ROTATION)
        return self.next(secrets=(secret, before))

    def to_json(self) -> dict[str, Any]:
        """Return the webhook as the HTTP API shows it: without its secrets."""
        data: dict[str, Any] = {
            "webhookId": self.webhook_id,
            "url": self.url,
            "description": self.description,
            "filter": self.filter.to_json(),
            "state": self.state.value,
            "format": self.format.value,
            "createdAt": format_time(self.created_at),
        }
        if self.created_by is not None:
            data["createdBy"] = self.created_by
        for old in self.secrets[1:]:
            if old.expires_at is not None:
                data["oldSecretUntil"] = format_time(old.expires_at)
        return data

    def to_record(self) -> dict[str, Any]:
        """Return the webhook as a store keeps it: complete, with its secrets."""
        return {
            **self.to_json(),
            "sinceSeq": self.since_seq,
            "revision": self.revision,
            "secrets": [secret.value for secret in self.secrets],
        }

    @classmethod
    def from_record(cls, data: Mapping[str, Any]) -> "Webhook":
        """Read what ``to_record`` wrote; the record is trusted."""
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
            # Records of version 0.1 have neither field.
            format=Format(data.get("format", Format.JSON)),
            created_by=data.get("createdBy"),
            revision=int(data["revision"]),
        )
