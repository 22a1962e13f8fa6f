"""Notifications through a topic, whose subscriptions filter the messages by their attributes."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.delivery import Delivery
from alerta_utec.domain.errors import AlertaError, Unavailable
from alerta_utec.domain.values import Urgency
from alerta_utec.notifications.digest import compose_all, short_form
from alerta_utec.notifications.mailer import Email, Mailer
from alerta_utec.notifications.recipients import Recipient, recipient_id
from alerta_utec.notifications.record import NotificationResult, RecipientOutcome, summary
from alerta_utec.notifications.rules import DAYS, Facts, RuleSet
from alerta_utec.notifications.style import MessageStyle
from alerta_utec.notifications.throttle_state import Hold
from alerta_utec.notifications.throttling import Throttle, hold_fields
from alerta_utec.notifications.topic_ports import TopicFeed, TopicThrottleStore
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

# A change, and the recipients that the rules name for it.
Addressed = tuple[Change, Sequence[Recipient]]


def attributes_of(change: Change, timezone: ZoneInfo) -> Mapping[str, str | int]:
    """Return what subscriptions can filter by, besides ``to``: nine, as SQS takes ten in all."""
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


def topic_of(epoch: str) -> str:
    """Return the throttle's recipient: the topic, since its subscribers are throttled together.

    Its state refers to changes by ``seq``, which a restored feed counts anew.
    """
    return f"topic:{epoch}"


@dataclass(frozen=True)
class TopicPublisher:
    """Publishes e-mails to a topic, each with the recipients that it is for."""

    mailer: Mailer
    style: MessageStyle
    # ``None``: no recipients by name; every subscription gets what its own filter accepts.
    rules: RuleSet | None
    feed: TopicFeed

    def publish(self, notifications: Sequence[Addressed]) -> Mapping[int, int]:
        """Publish one e-mail for all changes that have the same recipients.

        Returns:
            The number of changes in each one's e-mail, by ``seq``.

        Raises:
            Unavailable: not published, or only in part, or the outcome is unknown; repeat it.
            Internal: not published; an operator has to act.
        """
        together: dict[tuple[str, ...], list[Change]] = {}
        for change, to in notifications:
            together.setdefault(tuple(map(recipient_id, to)), []).append(change)
        for ids, changes in together.items():
            self.mailer.send(self._email(changes, ids))
        return {
            change.after.seq: len(changes) for changes in together.values() for change in changes
        }

    def recipients(self, change: Change) -> Sequence[Recipient]:
        """Return the recipients that the rules name; unfiltered subscriptions get it as well.

        Raises:
            Unavailable.
        """
        if self.rules is None:
            return ()
        earlier: Iterable[Change] = self.feed.changes_before(change) if change.resolves() else ()
        return self.rules.recipients_of(change, earlier)

    def _email(self, changes: Sequence[Change], to: Sequence[str]) -> Email:
        email = compose_all(changes, self.style)
        attributes = _joined([attributes_of(change, self.style.timezone) for change in changes])
        short = short_form(changes, email, self.style)
        return replace(email, attributes={**attributes, "to": to}, short=short)


@dataclass(frozen=True)
class TopicNotifier:
    """Sends the e-mail of a change that calls for one, at once or later together with others.

    Without a ``throttle`` always at once. ``TopicDigestSender`` sends what is held.
    """

    publisher: TopicPublisher
    clock: Clock
    recorder: Recorder
    store: TopicThrottleStore | None = None
    throttle: Throttle | None = None

    def notify(self, change: Change) -> bool:
        """Send or hold the e-mail, and record the outcome.

        Safe to repeat: the decision stands, and nothing is sent or held twice.

        Returns:
            False if the change calls for no e-mail.

        Raises:
            Unavailable: neither sent nor held, or the outcome is unknown; repeat it.
            Internal: not sent; an operator has to act.
        """
        if not change.notifies():
            return False
        try:
            to = self.publisher.recipients(change)
            hold = self._hold(change)
            if hold is None:
                self._send(change, to)
        except AlertaError as error:
            self._record(change, (), "failed", reason=str(error))
            raise
        if hold is None:
            self._record(change, to, "sent")
        elif self.clock.now() <= hold.until:
            # After that it may have left already: this call may be a repeat.
            log.info("notification_held", extra=hold_fields(change, hold))
            self._record(change, to, "held", reason=hold.reason, until=hold.until)
        return True

    def _record(
        self, change: Change, to: Sequence[Recipient], result: NotificationResult, **more: Any
    ) -> None:
        self.recorder.record(delivery(change, to, result, self.clock.now(), **more))

    def _hold(self, change: Change) -> Hold | None:
        if self.throttle is None:
            return None
        topic = _topic(change)
        try:
            return self.throttle.admit(change, [topic])[topic]
        except Unavailable:
            if change.before is None and change.after.urgency is not Urgency.HIGH:
                raise
            # Prefer a duplicate over a late high-urgency e-mail.
            log.exception("not_decided", extra=change.log_fields())
            return None

    def _send(self, change: Change, to: Sequence[Recipient]) -> None:
        fields, seq = change.log_fields(), change.after.seq
        with _best_effort(fields):
            if self.store is not None and self.store.is_published(_topic(change), seq):
                return
        self.publisher.publish([(change, to)])
        log.info("email_sent", extra=fields)
        with _best_effort(fields):
            if self.store is not None:
                self.store.mark_published(_topic(change), seq)


def delivery(
    change: Change, to: Sequence[Recipient], result: NotificationResult, at: datetime, **more: Any
) -> Delivery:
    """Return the record of a notification's outcome for the recipients of the rules, if any.

    ``more`` are further fields of ``RecipientOutcome``.
    """
    keys = [one.key for one in to] or [""]
    outcome = summary([RecipientOutcome(key, result, at, **more) for key in keys])
    return Delivery.of(change, "email", at, outcome)


@contextmanager
def _best_effort(fields: Mapping[str, str]) -> Iterator[None]:
    """Log a failure to keep an e-mail from being sent twice, and go on."""
    try:
        yield
    except Unavailable:
        log.exception("not_remembered", extra=fields)


def _joined(all_: Sequence[Mapping[str, str | int]]) -> Mapping[str, str | int | Sequence[str]]:
    """Join the attributes of several changes: a subscription matches any of a name's values."""
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
