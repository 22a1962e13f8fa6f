"""Sending the e-mails that are owed to those who share a way out, on one machine."""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Unavailable
from alerta_utec.notifications.ports import Notices, Parcel
from alerta_utec.notifications.recipients import shown
from alerta_utec.ports import Clock, Email, Mailer

log = logging.getLogger(__name__)

FIRST_DELAY_S = 2.0
MAX_DELAY_S = 15 * 60.0
GIVE_UP_AFTER = timedelta(hours=24)
BATCH = 50


def nothing() -> None:
    """Have nothing to close."""


@dataclass(frozen=True)
class Lane:
    """Mailers by recipient that share a way out, and so its fate.

    ``rest`` lets go of what was kept open for the next e-mail.
    """

    mailers: Mapping[str, Mailer]
    rest: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True)
class _Unkept:
    """What became of a parcel, while the store cannot be told; ``until`` it need not be tried."""

    keep: Callable[[], None]
    attempts: int
    until: datetime | None


@dataclass(frozen=True)
class Sender:
    """Sends each e-mail that is due; one that fails is tried again, later and later.

    The wait is drawn from the upper half of an exponential backoff (2 s doubled per attempt,
    15 min at most), so that many failures do not come back at one moment; after 24 h the e-mail
    is given up and stays on record. While the outcomes cannot be written (a full disk), they
    are remembered, so that no e-mail is sent at every turn; one thread at a time may run it.
    """

    notices: Notices
    lane: Lane
    compose: Callable[[Sequence[Change]], Email]
    clock: Clock
    _unkept: dict[tuple[str, int], _Unkept] = field(default_factory=dict, init=False, repr=False)

    def run_once(self) -> datetime | None:
        """Try what is due.

        Returns:
            When to come back; none where nothing is owed.

        Raises:
            Unavailable: what is owed cannot be read or written.
        """
        self._keep_what_is_unkept()
        now = self.clock.now()
        recipients = self.lane.mailers.keys()
        try:
            for parcel in self.notices.owed(recipients, now, BATCH + len(self._unkept)):
                known = self._unkept.get(parcel.name)
                if known is None:
                    self._try(parcel)
                elif known.until is not None and known.until <= now:
                    self._try(replace(parcel, attempts=known.attempts))
        finally:
            self.lane.rest()
        if self._unkept:
            raise Unavailable(f"{len(self._unkept)} outcomes of e-mails are not kept")
        return self.notices.next_try(recipients)

    def _try(self, parcel: Parcel) -> None:
        try:
            self.lane.mailers[parcel.recipient].send(self.compose(parcel.changes))
        except Unavailable as error:
            self._failed(parcel, str(error))
        except Exception:
            # A defect of ours must not hold up the e-mails behind this one.
            log.exception("email_failed", extra=_fields(parcel))
            self._failed(parcel, "internal")
        else:
            at = self.clock.now()
            log.info("email_sent", extra=_fields(parcel) | {"count": len(parcel.changes)})
            self._keep(parcel, lambda: self.notices.sent(parcel, at=at))

    def _keep(
        self, parcel: Parcel, outcome: Callable[[], None], until: datetime | None = None
    ) -> None:
        try:
            outcome()
        except Unavailable:
            self._unkept[parcel.name] = _Unkept(outcome, parcel.attempts + 1, until)
        else:
            self._unkept.pop(parcel.name, None)

    def _keep_what_is_unkept(self) -> None:
        for name, outcome in list(self._unkept.items()):
            try:
                outcome.keep()
            except Unavailable:
                return
            del self._unkept[name]

    def _failed(self, parcel: Parcel, reason: str) -> None:
        now = self.clock.now()
        fields = _fields(parcel) | {"attempts": parcel.attempts + 1, "reason": reason}
        if now - parcel.owed_since >= GIVE_UP_AFTER:
            self._keep(parcel, lambda: self.notices.give_up(parcel, at=now, reason=reason))
            log.error("email_given_up", extra=fields)
            return
        ceiling = min(FIRST_DELAY_S * 2 ** min(parcel.attempts, 20), MAX_DELAY_S)
        delay = timedelta(seconds=ceiling * random.uniform(0.5, 1))  # noqa: S311 (jitter, no secret)
        until = now + delay
        self._keep(
            parcel,
            lambda: self.notices.postpone(parcel, at=now, until=until, reason=reason),
            until,
        )
        log.warning("email_postponed", extra=fields)


def _fields(parcel: Parcel) -> dict[str, object]:
    """What a log may say of it: addresses are personal, and kept out."""
    channel = shown(parcel.recipient)
    return {
        "position": str(parcel.changes[0].position),
        "recipient": "email" if "@" in channel else channel,
    }
