"""The digests of a topic: sends what the throttle has held, on a schedule."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from alerta_utec.app.records import Recorder
from alerta_utec.domain.backoff import delay_s
from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import AlertaError, Unavailable
from alerta_utec.notifications.ports import RETRY_WAIT_MAX
from alerta_utec.notifications.record import NotificationResult
from alerta_utec.notifications.throttle import DIGESTS_MAX
from alerta_utec.notifications.throttle_state import Hold
from alerta_utec.notifications.throttling import Throttle
from alerta_utec.notifications.topic import TopicPublisher, delivery, topic_of
from alerta_utec.notifications.topic_ports import Digest, DigestStore, TopicFeed
from alerta_utec.ports.clock import Clock

log = logging.getLogger(__name__)

# Longer than one run, so that two runs never send the same digest.
FIRST_DELAY_S = 2 * 60.0
MAX_DELAY_S = RETRY_WAIT_MAX.total_seconds()


@dataclass(frozen=True)
class TopicDigestSender:
    """Releases what has been held long enough and sends the pending digests, once a minute.

    A digest stays pending until it is sent: retried after 2 min, doubled up to 15 min.
    """

    throttle: Throttle
    store: DigestStore
    publisher: TopicPublisher
    feed: TopicFeed
    clock: Clock
    recorder: Recorder

    def send_due(self) -> None:
        """Release, then send what is due.

        Raises:
            Unavailable: some digests are not sent; they are retried.
        """
        epoch = self.feed.epoch()
        if epoch is None:
            return
        topic = topic_of(epoch)
        self._release(topic)
        due = self.store.pending(topic, self.clock.now())
        failed = [digest for digest in due if not self._sent(topic, digest)]
        if failed:
            raise Unavailable(f"{len(failed)} e-mails are not sent")

    def _release(self, topic: str) -> None:
        before = self._held(topic)
        if not before:
            return
        while len(self.throttle.release(topic)) >= DIGESTS_MAX:
            pass
        moved = {
            seq: hold
            for seq, hold in self._held(topic).items()
            if seq in before and hold.reason is not before[seq].reason
        }
        for change in self.feed.changes_at(sorted(moved)):
            hold = moved[change.after.seq]
            self._record(change, "held", reason=hold.reason, until=hold.until)

    def _held(self, topic: str) -> Mapping[int, Hold]:
        return {one.seq: one.hold for one in self.throttle.store.held(topic)[1]}

    def _sent(self, topic: str, digest: Digest) -> bool:
        """Send the digest; return True also if a concurrent run is sending it."""
        wait_s = delay_s(digest.attempts, base_s=FIRST_DELAY_S, cap_s=MAX_DELAY_S)
        until = self.clock.now() + timedelta(seconds=wait_s)
        fields = {"first": digest.first, "count": len(digest.members)}
        try:
            if not self.store.claim(topic, digest, until):
                return True
            changes = self.feed.changes_at(sorted(digest.members))
            addressed = [(change, self.publisher.recipients(change)) for change in changes]
            together = self.publisher.publish(addressed)
            self.store.mark_sent(topic, digest)
        except AlertaError:
            log.exception("digest_postponed", extra={**fields, "attempts": digest.attempts + 1})
            return False
        log.info("digest_sent", extra=fields)
        for change in changes:
            seq = change.after.seq
            log.info("email_sent", extra={**change.log_fields(), "digest": digest.first})
            self._record(change, "sent", held=digest.members[seq], others=together[seq] - 1)
        return True

    def _record(self, change: Change, result: NotificationResult, **more: Any) -> None:
        to = self.publisher.recipients(change)
        self.recorder.record(delivery(change, to, result, self.clock.now(), **more))
