"""The sender: sends the pending e-mails of one channel on one machine."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.mailer import Composer, IdleConnection, Mailer
from alerta_utec.notifications.ports import RETRY_WAIT_MAX, NotificationStore, OutgoingEmail
from alerta_utec.notifications.recipients import shown
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

FIRST_DELAY_S = 2.0
MAX_DELAY_S = RETRY_WAIT_MAX.total_seconds()
GIVE_UP_AFTER = timedelta(hours=24)
# So that a clock that jumps a day ahead gives up nothing at its first failure.
GIVE_UP_ATTEMPTS = 10
BATCH = 50


@dataclass(frozen=True)
class NotificationChannel:
    """A way to several recipients: their mailers, by recipient, share its faults and its pace."""

    mailers: Mapping[str, Mailer]
    # Kept open between e-mails, if any.
    connection: IdleConnection | None = None

    def close_idle(self) -> None:
        """Close the kept connection."""
        if self.connection is not None:
            self.connection.close_idle()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The outcome of one attempt to send ``email``."""

    email: OutgoingEmail
    at: datetime
    # Why it failed, or ``None`` if it was sent.
    reason: str | None = None
    # The next attempt; ``None`` if this was the last.
    until: datetime | None = None


@dataclass(frozen=True)
class Sender:
    """Sends each due e-mail of a channel, and retries with backoff.

    The wait is the upper half of an exponential backoff (2 s, doubled up to 15 min), with jitter,
    so that many failures do not return at one moment. After 24 h and ten attempts the e-mail is
    given up and stays on record. If outcomes cannot be stored (a full disk), they are kept in
    memory, so that no e-mail is sent again on every run. For one thread at a time.
    """

    notifications: NotificationStore
    channel: NotificationChannel
    composer: Composer
    clock: Clock
    # Outcomes that are not stored yet, by the key of the e-mail.
    _unsaved: dict[tuple[str, int], _Outcome] = field(default_factory=dict, init=False, repr=False)

    def run_once(self) -> datetime | None:
        """Send what is due.

        Returns:
            When to run again, or ``None`` if nothing is pending.

        Raises:
            Unavailable: the store cannot be read or written.
        """
        self._save_outcomes()
        now = self.clock.now()
        recipients = self.channel.mailers.keys()
        limit = BATCH + len(self._unsaved)
        try:
            for email in self.notifications.pending(recipients, now, limit):
                known = self._unsaved.get(email.key)
                if known is None:
                    self._attempt(email)
                elif known.until is not None and not now < known.until <= now + RETRY_WAIT_MAX:
                    self._attempt(replace(email, attempts=known.email.attempts + 1))
        finally:
            self.channel.close_idle()
        if self._unsaved:
            raise Unavailable(f"{len(self._unsaved)} outcomes of e-mails are not stored")
        return self.notifications.next_attempt_at(recipients)

    def _attempt(self, email: OutgoingEmail) -> None:
        try:
            self.channel.mailers[email.recipient].send(self.composer.compose(email.changes))
        except Unavailable as error:
            self._failed(email, str(error))
        except Exception:
            # A defect with one e-mail must not delay those behind it.
            log.exception("email_failed", extra=_fields(email))
            self._failed(email, "internal")
        else:
            log.info("email_sent", extra=_fields(email) | {"count": len(email.changes)})
            self._save(_Outcome(email, self.clock.now()))

    def _failed(self, email: OutgoingEmail, reason: str) -> None:
        now = self.clock.now()
        fields = _fields(email) | {"attempts": email.attempts + 1, "reason": reason}
        old = now - email.pending_since >= GIVE_UP_AFTER
        if old and email.attempts + 1 >= GIVE_UP_ATTEMPTS:
            self._save(_Outcome(email, now, reason))
            log.error("email_given_up", extra=fields)
            return
        wait_s = delay_s(email.attempts, base_s=FIRST_DELAY_S, cap_s=MAX_DELAY_S, jitter=0.5)
        self._save(_Outcome(email, now, reason, until=now + timedelta(seconds=wait_s)))
        log.warning("email_postponed", extra=fields)

    def _save(self, outcome: _Outcome) -> None:
        try:
            self._store(outcome)
        except Unavailable:
            self._unsaved[outcome.email.key] = outcome
        else:
            self._unsaved.pop(outcome.email.key, None)

    def _save_outcomes(self) -> None:
        for key, outcome in list(self._unsaved.items()):
            try:
                self._store(outcome)
            except Unavailable:
                return
            del self._unsaved[key]

    def _store(self, outcome: _Outcome) -> None:
        email, at, reason = outcome.email, outcome.at, outcome.reason
        if reason is None:
            self.notifications.mark_sent(email, at=at)
        elif outcome.until is None:
            self.notifications.give_up(email, at=at, reason=reason)
        else:
            self.notifications.postpone(email, at=at, until=outcome.until, reason=reason)


def _fields(email: OutgoingEmail) -> dict[str, object]:
    """Return what a log line may hold; addresses are personal data and stay out."""
    channel = shown(email.recipient)
    return {
        "position": str(email.changes[0].position),
        "recipient": "email" if "@" in channel else channel,
    }
