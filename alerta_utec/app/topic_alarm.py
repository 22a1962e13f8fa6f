"""Telling of a committed change on a topic, whose subscriptions each let through what is theirs."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.app.email import compose
from alerta_utec.app.records import Recorder
from alerta_utec.app.sms import short_text
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import AlertaError
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.recipient import Recipient
from alerta_utec.domain.routing import DAYS, Facts, Routes
from alerta_utec.ports import Clock, Mailer

log = logging.getLogger(__name__)

Earlier = Callable[[Change], Sequence[Change]]


def attributes_of(change: Change, timezone: ZoneInfo) -> Mapping[str, str | int]:
    """What a subscription may filter by, besides ``to``: nine, since SQS takes ten in all."""
    incident, facts = change.after, Facts.of(change, timezone)
    return {
        "urgency": incident.urgency.value,
        "type": incident.type,
        "location": incident.location,
        "type_key": facts.type_key,
        "location_key": facts.location_key,
        "minute": facts.minute,
        "weekday": DAYS[facts.at.weekday()][1],
        "event": _event(change),
        "drill": "true" if incident.drill else "false",
    }


def recipient_id(recipient: Recipient) -> str:
    """What stands for a recipient on the topic, where everyone can read it.

    ``deploy/subscriptions.js`` names the recipient's subscription by it.
    """
    return hashlib.sha256(recipient.destination.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TopicAlarm:
    """Sends the e-mail of a change, where it calls for one, and says to whom it goes.

    ``earlier`` gives the changes of an incident before one, where ``routes`` need them.
    """

    mailer: Mailer
    timezone: ZoneInfo
    clock: Clock
    record: Recorder
    routes: Routes | None
    earlier: Earlier
    lang: Lang = DEFAULT_LANG

    def __call__(self, change: Change) -> bool:
        """Send it, and record whether it was sent.

        Returns:
            False where the change calls for no e-mail.

        Raises:
            Unavailable: not sent, or not known; repeat it.
            Internal: not sent, and somebody has to see to it.
        """
        if not change.alarms():
            return False
        try:
            to = self._to(change)
            email = compose(change, self.timezone, self.lang)
            attributes = {**attributes_of(change, self.timezone), "to": to}
            short = short_text(change, self.timezone, self.lang)
            self.mailer.send(replace(email, attributes=attributes, short=short))
        except AlertaError as error:
            self._record(change, {"result": "failed", "because": str(error)})
            raise
        log.info("email_sent", extra={"position": str(change.position)})
        self._record(change, {"result": "sent"})
        return True

    def _to(self, change: Change) -> Sequence[str]:
        if self.routes is None:
            return ()
        earlier: Iterable[Change] = self.earlier(change) if change.resolves() else ()
        return [recipient_id(one) for one in self.routes.of(change, earlier)]

    def _record(self, change: Change, outcome: Mapping[str, Any]) -> None:
        self.record(Delivery.of(change, "email", self.clock.now(), outcome))


def _event(change: Change) -> str:
    if change.resolves():
        return "resolved"
    return "new" if change.before is None else "raised"
