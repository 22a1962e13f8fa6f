"""Telling of a committed change on a topic, whose subscriptions each let through what is theirs."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import AlertaError, Unavailable
from alerta_utec.domain.messages import DEFAULT_LANG, Lang
from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.digest import compose_all
from alerta_utec.notifications.ports import StormMemory
from alerta_utec.notifications.recipients import Recipient
from alerta_utec.notifications.record import Notice, Result, summary
from alerta_utec.notifications.rules import DAYS, Facts, Routes
from alerta_utec.notifications.sms import cut, gsm_7, short_text
from alerta_utec.notifications.throttle import Hold, Measure
from alerta_utec.notifications.throttling import Storms
from alerta_utec.ports import Clock, Email, Mailer

log = logging.getLogger(__name__)

# A change, and the recipients that the rules send it to.
Addressed = tuple[Change, Sequence[Recipient]]
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


def topic_of(epoch: str) -> str:
    """What storms are counted by: everybody that is subscribed together.

    What is remembered is about changes by their ``seq``, which a restored feed counts anew.
    """
    return f"topic:{epoch}"


@dataclass(frozen=True)
class Publish:
    """Publishes e-mails, and says with each to whom it goes.

    ``earlier`` gives the changes of an incident before one, where ``routes`` need them.
    """

    mailer: Mailer
    timezone: ZoneInfo
    routes: Routes | None
    earlier: Earlier
    lang: Lang = DEFAULT_LANG

    def __call__(self, notices: Sequence[Addressed]) -> Mapping[int, int]:
        """Publish one e-mail about all changes that go to the same recipients.

        Returns:
            How many changes each one's e-mail tells of, by ``seq``.

        Raises:
            Unavailable: not published, or not known, or only in part; repeat it.
            Internal: not published, and somebody has to see to it.
        """
        parcels: dict[tuple[str, ...], list[Change]] = {}
        for change, to in notices:
            parcels.setdefault(tuple(map(recipient_id, to)), []).append(change)
        for ids, together in parcels.items():
            self.mailer.send(self._email(together, ids))
        return {one.after.seq: len(all_) for all_ in parcels.values() for one in all_}

    def recipients(self, change: Change) -> Sequence[Recipient]:
        """Those that the rules send it to; whoever filters by nothing gets it besides.

        Raises:
            Unavailable.
        """
        if self.routes is None:
            return ()
        earlier: Iterable[Change] = self.earlier(change) if change.resolves() else ()
        return self.routes.of(change, earlier)

    def _email(self, changes: Sequence[Change], to: Sequence[str]) -> Email:
        email = compose_all(changes, self.timezone, self.lang)
        attributes = _joined([attributes_of(change, self.timezone) for change in changes])
        if len(changes) == 1:
            short = short_text(changes[0], self.timezone, self.lang)
        else:
            short = cut(gsm_7(email.subject.removeprefix("[Alerta UTEC] ")))
        return replace(email, attributes={**attributes, "to": to}, short=short)


class TopicMemory(StormMemory, Protocol):
    """Remembers also what has gone out."""

    def is_published(self, recipient: str, seq: int) -> bool:
        """Whether ``published`` was told of the notice, which ``keep`` decided to let leave.

        Raises:
            Unavailable.
        """
        ...

    def published(self, recipient: str, seq: int) -> None:
        """The notice has gone out.

        Raises:
            Unavailable: it may go out again.
        """
        ...


@dataclass(frozen=True)
class TopicAlarm:
    """Sends the e-mail of a change, where it calls for one, at once or later with others.

    Without a ``memory`` always at once. ``TopicDigests`` sends what is held.
    """

    publish: Publish
    clock: Clock
    recorder: Recorder
    memory: TopicMemory | None = None
    measure: Measure = field(default_factory=Measure)

    def __call__(self, change: Change) -> bool:
        """Send it or hold it, and record what became of it. It may be repeated: what was decided
        stays so, and what went out or is held is not done again.

        Returns:
            False where the change calls for no e-mail.

        Raises:
            Unavailable: neither sent nor held, or not known; repeat it.
            Internal: not sent, and somebody has to see to it.
        """
        if not change.alarms():
            return False
        try:
            to = self.publish.recipients(change)
            hold = self._hold(change)
            if hold is None:
                self._send(change, to)
        except AlertaError as error:
            self._record(change, (), "failed", because=str(error))
            raise
        if hold is None:
            self._record(change, to, "sent")
        elif self.clock.now() <= hold.until:
            # Later, it may have left already, and this be a repeat.
            fields = {"position": str(change.position), "because": hold.because.value}
            log.info("email_held", extra=fields)
            self._record(change, to, "held", because=hold.because, until=hold.until)
        return True

    def _record(self, change: Change, to: Sequence[Recipient], result: Result, **more: Any) -> None:
        self.recorder.record(delivery(change, to, result, self.clock.now(), **more))

    def _hold(self, change: Change) -> Hold | None:
        if self.memory is None:
            return None
        storms, topic = Storms(self.memory, self.clock, self.measure), _topic(change)
        try:
            return storms.admit(change, [topic])[topic]
        except Unavailable:
            if change.before is None and change.after.urgency is not Urgency.HIGH:
                raise
            # Rather one too many than a high one too late.
            log.exception("not_decided", extra={"position": str(change.position)})
            return None

    def _send(self, change: Change, to: Sequence[Recipient]) -> None:
        fields, seq = {"position": str(change.position)}, change.after.seq
        with _best_effort(fields):
            if self.memory is not None and self.memory.is_published(_topic(change), seq):
                return
        self.publish([(change, to)])
        log.info("email_sent", extra=fields)
        with _best_effort(fields):
            if self.memory is not None:
                self.memory.published(_topic(change), seq)


def delivery(
    change: Change, to: Sequence[Recipient], result: Result, at: datetime, **more: Any
) -> Delivery:
    """The record of what became of a notice, by the recipients that the rules name, if any;
    ``more`` is a ``Notice``'s."""
    keys = [one.key for one in to] or [""]
    outcome = summary([Notice(key, result, at, **more) for key in keys])
    return Delivery.of(change, "email", at, outcome)


@contextmanager
def _best_effort(fields: Mapping[str, str]) -> Iterator[None]:
    """Around what only keeps an e-mail from going out twice."""
    try:
        yield
    except Unavailable:
        log.exception("not_remembered", extra=fields)


def _joined(all_: Sequence[Mapping[str, str | int]]) -> Mapping[str, str | int | Sequence[str]]:
    """Attributes of one e-mail about several changes: each of a name's values lets it through."""
    found: dict[str, str | int | Sequence[str]] = {}
    for name, value in all_[0].items():
        values = list(dict.fromkeys(str(one[name]) for one in all_))
        found[name] = value if len(values) == 1 else values
    return found


def _topic(change: Change) -> str:
    return topic_of(change.position.epoch if change.position else "")


def _event(change: Change) -> str:
    if change.resolves():
        return "resolved"
    return "new" if change.before is None else "raised"
