"""The webhooks' ports in memory: the fakes of the tests, and ``serve --ephemeral``."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from alerta_utec.domain.change import Change
from alerta_utec.domain.errors import Conflict
from alerta_utec.webhooks.model import Webhook
from alerta_utec.webhooks.ports import DeadLetter, WebhookJob

_Key = tuple[str, int]


class MemoryWebhooks:
    """``Webhooks``; what is owed to them is in ``jobs``."""

    def __init__(self) -> None:
        self._kept: dict[str, Webhook] = {}
        self._lock = threading.Lock()
        self.jobs = MemoryWebhookJobs(knows=self._kept.__contains__)

    def all(self) -> Sequence[Webhook]:
        with self._lock:
            return sorted(self._kept.values(), key=lambda w: (w.created_at, w.webhook_id))

    def get(self, webhook_id: str) -> Webhook | None:
        return self._kept.get(webhook_id)

    def save(self, webhook: Webhook) -> None:
        with self._lock:
            kept = self._kept.get(webhook.webhook_id)
            if (kept.revision if kept else 0) != webhook.revision - 1:
                raise Conflict(webhook.webhook_id)
            self._kept[webhook.webhook_id] = webhook

    def delete(self, webhook_id: str) -> None:
        with self._lock:
            self._kept.pop(webhook_id, None)
        self.jobs.forget(webhook_id)


class MemoryWebhookJobs:
    """``WebhookJobs`` and ``WebhookPlan``; what is finished stays for good.

    ``knows`` tells whether there is such a webhook.
    """

    def __init__(self, knows: Callable[[str], bool] = lambda _webhook_id: True) -> None:
        self._knows = knows
        self._owed: dict[_Key, WebhookJob] = {}
        self._delivered: set[_Key] = set()
        self._dead: dict[_Key, DeadLetter] = {}
        self._planned_seq = 0
        self._lock = threading.RLock()

    def owe(self, change: Change, webhook_ids: Sequence[str], *, at: datetime) -> None:
        with self._lock:
            for webhook_id in webhook_ids:
                key = (webhook_id, change.after.seq)
                if key not in self._owed and key not in self._delivered and key not in self._dead:
                    self._owed[key] = WebhookJob(webhook_id, change, at, at)

    def planned_seq(self) -> int:
        return self._planned_seq

    def plan(
        self, owed: Sequence[tuple[Change, Sequence[str]]], *, up_to_seq: int, at: datetime
    ) -> None:
        with self._lock:
            for change, webhook_ids in owed:
                self.owe(change, [one for one in webhook_ids if self._knows(one)], at=at)
            self._planned_seq = max(self._planned_seq, up_to_seq)

    def get(self, webhook_id: str, seq: int) -> WebhookJob | None:
        return self._owed.get((webhook_id, seq))

    def due(self, webhook_id: str, now: datetime, limit: int) -> Sequence[WebhookJob]:
        return [job for job in self._of(webhook_id) if job.next_try_at <= now][:limit]

    def next_at(self, webhook_id: str) -> datetime | None:
        return min((job.next_try_at for job in self._of(webhook_id)), default=None)

    def delivered(self, job: WebhookJob, *, at: datetime) -> None:
        del at
        with self._lock:
            if self._owed.pop(_key(job), None):
                self._delivered.add(_key(job))

    def postpone(self, job: WebhookJob, *, until: datetime, reason: str) -> None:
        del reason
        with self._lock:
            if self._as_it_was(job):
                later = replace(job, next_try_at=until, attempts=job.attempts + 1)
                self._owed[_key(job)] = later

    def give_up(self, job: WebhookJob, *, at: datetime, reason: str, attempts: int) -> None:
        with self._lock:
            if self._as_it_was(job):
                del self._owed[_key(job)]
                self._dead[_key(job)] = DeadLetter(job.webhook_id, job.change, at, attempts, reason)

    def given_up(self, webhook_id: str, limit: int) -> Sequence[DeadLetter]:
        with self._lock:
            own = [dead for key, dead in self._dead.items() if key[0] == webhook_id]
        return sorted(own, key=lambda dead: -dead.change.after.seq)[:limit]

    def retry(self, webhook_id: str, *, at: datetime) -> int:
        with self._lock:
            own = [key for key in self._dead if key[0] == webhook_id]
            for key in own:
                dead = self._dead.pop(key)
                self._owed[key] = WebhookJob(webhook_id, dead.change, at, at)
            waiting = [job for job in self._of(webhook_id) if job.next_try_at > at]
            for job in waiting:
                self._owed[_key(job)] = replace(job, next_try_at=at)
            return len(own) + len(waiting)

    def forget(self, webhook_id: str) -> None:
        """Drop everything of the webhook."""
        with self._lock:
            for kept in (self._owed, self._dead):
                for key in [key for key in kept if key[0] == webhook_id]:
                    del kept[key]

    def _of(self, webhook_id: str) -> Sequence[WebhookJob]:
        with self._lock:
            own = [job for key, job in self._owed.items() if key[0] == webhook_id]
        return sorted(own, key=lambda job: job.change.after.seq)

    def _as_it_was(self, job: WebhookJob) -> bool:
        kept = self._owed.get(_key(job))
        return kept is not None and kept.attempts == job.attempts


def _key(job: WebhookJob) -> _Key:
    return job.webhook_id, job.change.after.seq
