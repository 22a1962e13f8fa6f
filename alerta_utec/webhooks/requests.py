"""Validation of the bodies with which callers add, change and rotate webhooks."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from alerta_utec.domain.errors import InvalidRequest, Problem
from alerta_utec.domain.filters import EVERYTHING, Filter
from alerta_utec.webhooks.formats import Format
from alerta_utec.webhooks.model import Secret, State, Webhook

URL_MAX = 2000
DESCRIPTION_MAX = 200

# RFC 3986 allows no other characters, and two parsers cannot read these in two ways.
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_FIELDS = frozenset({"url", "filter", "description", "format"})
_SERVER_FIELDS = frozenset({"webhookId", "createdAt", "createdBy", "oldSecretUntil"})


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """The fields that a caller gives for a webhook; ``None`` where a field is absent."""

    url: str | None = None
    filter: Filter | None = None
    description: str | None = None
    format: Format | None = None
    secret: Secret | None = None
    state: State | None = None

    @classmethod
    def to_create(cls, data: object) -> "WebhookRequest":
        """Parse ``{url, filter?, description?, format?, secret?}``.

        Raises:
            InvalidRequest: with every problem found.
        """
        return _parse(data, fields=_FIELDS | {"secret"}, required=("url",))

    @classmethod
    def to_change(cls, data: object) -> "WebhookRequest":
        """Parse ``{url?, filter?, description?, format?, state?}``.

        ``state`` is ``active`` or ``paused``.

        Raises:
            InvalidRequest: with every problem found.
        """
        return _parse(data, fields=_FIELDS | {"state"})

    @classmethod
    def to_rotate(cls, data: object) -> "WebhookRequest":
        """Parse ``{secret?}``.

        Raises:
            InvalidRequest: with every problem found.
        """
        return _parse(data, fields=frozenset({"secret"}))

    def created(
        self, webhook_id: str, *, at: datetime, since_seq: int, by: str | None = None
    ) -> Webhook:
        """Build the webhook that ``to_create`` parsed, with a random secret unless one is given."""
        return Webhook(
            webhook_id=webhook_id,
            url=self.url or "",
            created_at=at,
            since_seq=since_seq,
            secrets=(self.secret or Secret.new(),),
            filter=self.filter or EVERYTHING,
            description=self.description or "",
            format=self.format or Format.JSON,
            created_by=by,
        )

    def changed(self, webhook: Webhook) -> Webhook:
        """Return the next version of a webhook, with what ``to_change`` parsed."""
        return webhook.next(**self.given())

    def given(self) -> Mapping[str, Any]:
        """Return the fields of the webhook that are given."""
        fields = ("url", "filter", "description", "format", "state")
        values = {name: getattr(self, name) for name in fields}
        return {name: value for name, value in values.items() if value is not None}


def _parse(
    data: object, *, fields: frozenset[str], required: tuple[str, ...] = ()
) -> WebhookRequest:
    if not isinstance(data, Mapping):
        raise InvalidRequest(problems=[Problem("", "not_object")])
    problems = [
        Problem(name, "reserved" if name in _SERVER_FIELDS else "not_valid")
        for name in data
        if name not in fields
    ]
    problems += [Problem(name, "missing") for name in required if data.get(name) is None]
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
    try:
        return Secret.parse(value if isinstance(value, str) else "")
    except ValueError:
        problems.append(Problem(name, "not_secret"))
        return None


def _format(name: str, value: object, problems: list[Problem]) -> Format | None:
    return Format(str(value)) if _is_one_of(list(Format), name, value, problems) else None


def _state(name: str, value: object, problems: list[Problem]) -> State | None:
    wanted = (State.ACTIVE, State.PAUSED)
    return State(str(value)) if _is_one_of(wanted, name, value, problems) else None


def _is_one_of(allowed: Sequence[str], name: str, value: object, problems: list[Problem]) -> bool:
    if value not in allowed:
        problems.append(Problem(name, "not_one_of", {"allowed": ", ".join(allowed)}))
    return value in allowed


_PARSERS: Mapping[str, Callable[[str, object, list[Problem]], Any]] = {
    "url": _url,
    "filter": _filter,
    "description": _description,
    "format": _format,
    "secret": _secret,
    "state": _state,
}
