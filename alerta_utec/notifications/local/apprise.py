"""Notifications through the services of Apprise."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from apprise import Apprise, NotifyFormat, NotifyType
from apprise.conversion import convert_between

from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.fitting import (
    ShortText,
    cut_body,
    cut_line,
    utf16_length,
    without_markup,
)
from alerta_utec.notifications.mailer import Email
from alerta_utec.notifications.messages import settings_text
from alerta_utec.notifications.sms import one_part

# A service that takes less, or fewer lines, gets the text message.
SHORT_BELOW = 500
LINES_MIN = 12
# What Apprise writes around a title that it puts into the body.
_TITLE_MARKUP = 40
# These count bytes.
_BYTES = frozenset({"wecombot", "dingtalk", "lark", "feishu"})


class AppriseMailer:
    """A ``Mailer`` to the services that an Apprise URL names."""

    def __init__(self, url: str):
        """Set the service up.

        Raises:
            ValueError: Apprise does not know the URL.
        """
        self._services = Apprise()
        if not self._services.add(url):
            raise ValueError(settings_text("unknown_service"))

    def send(self, email: Email) -> None:
        # All of them, also after one that has failed.
        taken = [send_through(service, email) for service in self._services]
        if not all(taken):
            raise Unavailable("Apprise: not taken")


def send_through(service: Any, email: Email) -> bool:
    """Send the e-mail through one service, fitted to it; return False if it was not taken."""
    title, body = fitted(service, email)
    alone = Apprise()
    alone.add(service)
    accepted = alone.notify(
        title=title,
        body=body,
        notify_type=NotifyType.WARNING,
        body_format=NotifyFormat.TEXT,
    )
    return bool(accepted)


def fitted(service: Any, email: Email) -> tuple[str, str]:
    """Return the title and the body that the service takes whole.

    Its lengths are counted after the conversion to its format. The drill mark, the urgency, the
    type and the place come first in both.
    """
    schemas = _schemas(service)
    has_title = service.title_maxlen > 0
    few_lines = 0 < service.body_max_line_count < LINES_MIN
    short = service.body_maxlen < SHORT_BELOW or few_lines
    target = service.resolve_format(NotifyFormat.TEXT)

    def length(text: str) -> int:
        converted: str = convert_between(NotifyFormat.TEXT, target, text)  # type: ignore[no-untyped-call]
        dialect = service.dialect_convert(converted, target)
        sizes = [utf16_length(one) for one in (text, converted, dialect)]
        return max([*sizes, *([len(dialect.encode())] if _BYTES.intersection(schemas) else [])])

    title = ""
    if has_title or not short:
        longest = service.title_maxlen or service.body_maxlen
        title = cut_line(
            without_markup(email.subject, schemas), lambda text: utf16_length(text) <= longest
        )
    left = service.body_maxlen - service.overflow_buffer
    if title and not has_title:
        left -= length(title) + _TITLE_MARKUP
    elif service.overflow_amalgamate_title:
        left -= utf16_length(title)
    if short:
        line = _without_markup(email.short or ShortText(email.subject), schemas)
        return title, line.fitted(lambda text: one_part(text) and length(text) <= left)
    body = without_markup(email.body, schemas)
    return title, cut_body(body, email.cut_note, lambda text: length(text) <= left)


def _without_markup(line: ShortText, schemas: Collection[str]) -> ShortText:
    facts, detail = (
        without_markup(text, schemas, breaker=" ") for text in (line.facts, line.detail)
    )
    return replace(line, facts=facts, detail=detail)


def _schemas(service: Any) -> Collection[str]:
    """Return the schemas of the service's URLs."""
    found: set[str] = set()
    for one in (service.protocol, service.secure_protocol):
        found.update([one] if isinstance(one, str) else one or ())
    return found
