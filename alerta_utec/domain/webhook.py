"""A webhook: a URL that is told of changes, and what signs what it is told."""

import base64
import binascii
import re
import secrets as random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alerta_utec.domain.delivery import WebhookChannel
from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.domain.values import format_time, parse_time

if TYPE_CHECKING:
    from alerta_utec.domain.change import Change

WEBHOOKS_MAX = 100
URL_MAX = 2000
DESCRIPTION_MAX = 200
# For so long after a rotation the secret before goes on signing, beside the new one.
ROTATION = timedelta(hours=24)

# Standard Webhooks 1.0.0, "Signature scheme": 24 to 64 bytes (192 to 512 bits).
_SECRET_PREFIX = "whsec_"  # noqa: S105 (what every secret begins with)
_SECRET_MIN_BYTES, _SECRET_MAX_BYTES, _SECRET_BYTES = 24, 64, 32
# RFC 3986 has no other characters; nothing is left for two parsers to read in two ways.
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_FIELDS = frozenset({"url", "filter", "description"})
_SERVER_FIELDS = frozenset({"webhookId", "createdAt", "oldSecretUntil"})


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


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """What a caller asks of a webhook; what is none was not said."""

    url: str | None = None
    filter: Filter | None = None
    description: str | None = None
    secret: Secret | None = None
    state: State | None = None

    @classmethod
    def to_create(cls, data: object) -> "WebhookRequest":
        """``{url, filter?, description?, secret?}``.

        Raises:
            InvalidRequest: with every problem there is.
        """
        return _parse(data, fields=_FIELDS | {"secret"}, needed=("url",))

    @classmethod
    def to_change(cls, data: object) -> "WebhookRequest":
        """``{url?, filter?, description?, state?}``; ``state`` is ``active`` or ``paused``.

        Raises:
            InvalidRequest: with every problem there is.
        """
        return _parse(data, fields=_FIELDS | {"state"})

    @classmethod
    def to_rotate(cls, data: object) -> "WebhookRequest":
        """``{secret?}``.

        Raises:
            InvalidRequest: with every problem there is.
        """
        return _parse(data, fields=frozenset({"secret"}))

    def created(self, webhook_id: str, *, at: datetime, since_seq: int) -> Webhook:
        """The webhook that ``to_create`` asks for, with a secret of its own where none is given."""
        return Webhook(
            webhook_id=webhook_id,
            url=self.url or "",
            created_at=at,
            since_seq=since_seq,
            secrets=(self.secret or Secret.new(),),
            filter=self.filter or EVERYTHING,
            description=self.description or "",
        )

    def changed(self, webhook: Webhook) -> Webhook:
        """The next version, as ``to_change`` asks for."""
        wanted = {name: getattr(self, name) for name in ("url", "filter", "description", "state")}
        return webhook.next(**{name: value for name, value in wanted.items() if value is not None})


def _parse(data: object, *, fields: frozenset[str], needed: tuple[str, ...] = ()) -> WebhookRequest:
    if not isinstance(data, Mapping):
        raise InvalidRequest(problems=[Problem("", "not_object")])
    problems = [
        Problem(name, "reserved" if name in _SERVER_FIELDS else "not_valid")
        for name in data
        if name not in fields
    ]
    problems += [Problem(name, "missing") for name in needed if data.get(name) is None]
    given = {name: data[name] for name in fields if data.get(name) is not None}
    parsed: dict[str, Any] = {
        name: _PARSERS[name](name, value, problems) for name, value in given.items()
    }
    if problems:
        raise InvalidRequest(problems=sorted(problems, key=lambda problem: problem.field))
    return WebhookRequest(**parsed)


def _text(name: str, value: object, max_chars: int, problems: list[Problem]) -> str | None:
    if not isinstance(value, str):
        problems.append(Problem(name, "not_text"))
        return None
    if len(value) > max_chars:
        problems.append(Problem(name, "too_long", {"max": max_chars}))
        return None
    return value


def _url(name: str, value: object, problems: list[Problem]) -> str | None:
    url = _text(name, value, URL_MAX, problems)
    if url is not None and not _is_url(url):
        problems.append(Problem(name, "not_url"))
    return url


def _is_url(url: str) -> bool:
    if not _URL.fullmatch(url) or "#" in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = "@" not in parts.netloc and port != 0
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def _filter(name: str, value: object, problems: list[Problem]) -> Filter | None:
    try:
        return Filter.parse(value, field=name)
    except InvalidRequest as error:
        problems += error.problems
        return None


def _description(name: str, value: object, problems: list[Problem]) -> str | None:
    text = _text(name, value, DESCRIPTION_MAX, problems)
    return None if text is None else " ".join(text.split())


def _secret(name: str, value: object, problems: list[Problem]) -> Secret | None:
    text = value if isinstance(value, str) and value.startswith(_SECRET_PREFIX) else ""
    try:
        key = base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SECRET_MIN_BYTES <= len(key) <= _SECRET_MAX_BYTES:
        problems.append(Problem(name, "not_secret"))
        return None
    return Secret(text)


def _state(name: str, value: object, problems: list[Problem]) -> State | None:
    wanted = (State.ACTIVE, State.PAUSED)
    if value not in wanted:
        problems.append(Problem(name, "not_one_of", {"allowed": ", ".join(wanted)}))
        return None
    return State(str(value))


_PARSERS: Mapping[str, Callable[[str, object, list[Problem]], Any]] = {
    "url": _url,
    "filter": _filter,
    "description": _description,
    "secret": _secret,
    "state": _state,
}
