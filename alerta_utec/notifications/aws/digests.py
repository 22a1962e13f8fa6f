"""Sending what was held of the e-mails to a topic, on AWS."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from alerta_utec.app.records import Recorder
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import AlertaError, Unavailable
from alerta_utec.notifications.aws.topic import Publish, delivery, topic_of
from alerta_utec.notifications.record import Result
from alerta_utec.notifications.throttle import Because, Hold
from alerta_utec.notifications.throttling import Storms
from alerta_utec.ports import Clock

log = logging.getLogger(__name__)

# Longer than a run may last, so that no two send the same.
FIRST_DELAY = timedelta(minutes=2)
MAX_DELAY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class TopicParcel:
    """One e-mail that is owed, about ``members``: why each was held, by ``seq``.

    It is not to be tried before ``try_at_us`` (microseconds since 1970).
    """

    members: Mapping[int, Because]
    owed_since: datetime
    try_at_us: int
    attempts: int

    @property
    def first(self) -> int:
        """Its name among those of its topic."""
        return min(self.members)


class TopicParcels(Protocol):
    """E-mails that are owed to a topic; ``StormMemory.release`` adds them."""

    def owed(self, recipient: str, now: datetime) -> Sequence[TopicParcel]:
        """Those whose time has come, in the order of their first members.

        Raises:
            Unavailable.
        """
        ...

    def claim(self, recipient: str, parcel: TopicParcel, until: datetime) -> bool:
        """Keep others from it ``until`` then; false where one has been faster.

        Raises:
            Unavailable.
        """
        ...

    def sent(self, recipient: str, parcel: TopicParcel) -> None:
        """It is done. Repeating it changes nothing.

        Raises:
            Unavailable: it may come again.
        """
        ...


@dataclass(frozen=True)
class TopicDigests:
    """Lets leave what has been held for long enough, once a minute.

    What is owed stays so until it is sent: tried again after 2 min, doubled each time up to
    15 min. ``changes`` gives those with certain ``seq``; ``epoch`` is their feed's, if it has
    begun.
    """

    storms: Storms
    parcels: TopicParcels
    publish: Publish
    changes: Callable[[Sequence[int]], Sequence[Change]]
    epoch: Callable[[], str | None]
    clock: Clock
    recorder: Recorder

    def __call__(self, _event: object = None, _context: object = None) -> None:
        """Send what is due.

        Raises:
            Unavailable: some of it is not sent; it is tried again.
        """
        epoch = self.epoch()
        if epoch is None:
            return
        topic = topic_of(epoch)
        self._release(topic)
        parcels = self.parcels.owed(topic, self.clock.now())
        failed = [parcel for parcel in parcels if not self._sent(topic, parcel)]
        if failed:
            raise Unavailable(f"{len(failed)} e-mails are not sent")

    def _release(self, topic: str) -> None:
        before = self._held(topic)
        if not before:
            return
        self.storms.release(topic)
        moved = {
            seq: hold
            for seq, hold in self._held(topic).items()
            if seq in before and hold.because is not before[seq].because
        }
        for change in self.changes(sorted(moved)):
            hold = moved[change.after.seq]
            self._record(change, "held", because=hold.because, until=hold.until)

    def _held(self, topic: str) -> Mapping[int, Hold]:
        return {one.seq: one.hold for one in self.storms.memory.held(topic)[1]}

    def _sent(self, topic: str, parcel: TopicParcel) -> bool:
        """Send it; true also where somebody else does."""
        delay = min(FIRST_DELAY * 2 ** min(parcel.attempts, 5), MAX_DELAY)
        fields = {"first": parcel.first, "count": len(parcel.members)}
        try:
            if not self.parcels.claim(topic, parcel, self.clock.now() + delay):
                return True
            changes = self.changes(sorted(parcel.members))
            together = self.publish([(one, self.publish.recipients(one)) for one in changes])
            self.parcels.sent(topic, parcel)
        except AlertaError:
            log.exception("digest_postponed", extra={**fields, "attempts": parcel.attempts + 1})
            return False
        log.info("digest_sent", extra=fields)
        for change in changes:
            seq = change.after.seq
            self._record(change, "sent", held=parcel.members[seq], others=together[seq] - 1)
        return True

    def _record(self, change: Change, result: Result, **more: Any) -> None:
        to = self.publish.recipients(change)
        self.recorder.record(delivery(change, to, result, self.clock.now(), **more))
