"""Management of webhooks: add, change, rotate, delete, list failures, retry and test."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from alerta_utec.domain.errors import Conflict, InvalidRequest, NotFound, Problem, Unavailable
from alerta_utec.domain.ids import uuid7
from alerta_utec.ports.clock import Clock
from alerta_utec.ports.incidents import IncidentStore
from alerta_utec.webhooks.events import webhook_test_event
from alerta_utec.webhooks.job import DeadLetter, PostResult
from alerta_utec.webhooks.lease_ports import Leases
from alerta_utec.webhooks.model import WEBHOOKS_MAX, Secret, Webhook
from alerta_utec.webhooks.ports import JobsListener, WebhookJobs, WebhookRegistry, WebhookSender
from alerta_utec.webhooks.requests import WebhookRequest
from alerta_utec.webhooks.signing import signed_request

log = logging.getLogger(__name__)

FAILURES_MAX = 200
_ROUNDS = 5


@dataclass(frozen=True)
class ManageWebhooks:
    """The operations on webhooks; the caller checks who may perform them.

    Each ``data`` is decoded JSON from a request, and ``by`` the caller, ``None`` without sign-in.
    Two callers who change one webhook at the same time both succeed, one after the other. Every
    change is logged with its caller, and never with a secret or a path of the URL, which may be
    one. ``source`` is as for ``DeliverWebhook``. ``listener`` is notified after every operation
    that may have created something to send. ``testing``: the right to test a webhook.
    """

    webhooks: WebhookRegistry
    jobs: WebhookJobs
    sender: WebhookSender
    store: IncidentStore
    clock: Clock
    source: str
    testing: Leases
    listener: JobsListener | None = None

    def create(self, data: object, *, by: str | None = None) -> Webhook:
        """Add a webhook that receives every later change it matches; its secret is ``secrets[0]``.

        Raises:
            InvalidRequest: with every problem found; or there are ``WEBHOOKS_MAX`` already.
            Unavailable.
        """
        wanted = WebhookRequest.to_create(data)
        if len(self.webhooks.all()) >= WEBHOOKS_MAX:
            raise InvalidRequest(
                problems=[Problem("webhooks", "too_many_webhooks", {"max": WEBHOOKS_MAX})]
            )
        now = self.clock.now()
        since_seq = self.store.position().seq
        webhook = wanted.created(uuid7(now), at=now, since_seq=since_seq, by=by)
        self.webhooks.save(webhook)
        _audit("webhook_added", webhook, by, format=webhook.format.value)
        self._notify_listener()
        return webhook

    def all(self) -> Sequence[Webhook]:
        """Return every webhook, the oldest first.

        Raises:
            Unavailable.
        """
        return self.webhooks.all()

    def get(self, webhook_id: str) -> Webhook:
        """Return one webhook.

        Raises:
            NotFound, Unavailable.
        """
        webhook = self.webhooks.get(webhook_id)
        if webhook is None:
            raise NotFound(webhook_id)
        return webhook

    def change(self, webhook_id: str, data: object, *, by: str | None = None) -> Webhook:
        """Change the fields in ``data`` and keep the others.

        Raises:
            InvalidRequest: with every problem found.
            NotFound, Unavailable.
        """
        wanted = WebhookRequest.to_change(data)
        webhook = self._save_next(webhook_id, wanted.changed)
        changed = ",".join(sorted(wanted.given()))
        _audit("webhook_changed", webhook, by, changed=changed, state=webhook.state.value)
        self._notify_listener()
        return webhook

    def rotate(self, webhook_id: str, data: object, *, by: str | None = None) -> Webhook:
        """Give the webhook a new secret, ``secrets[0]``: the one in ``data``, or a random one.

        Raises:
            InvalidRequest: with every problem found.
            NotFound, Unavailable.
        """
        secret = WebhookRequest.to_rotate(data).secret or Secret.new()
        rotated = self._save_next(
            webhook_id, lambda webhook: webhook.rotated(secret, self.clock.now())
        )
        _audit("webhook_secret_rotated", rotated, by)
        return rotated

    def delete(self, webhook_id: str, *, by: str | None = None) -> None:
        """Delete the webhook and its jobs.

        Raises:
            NotFound, Unavailable.
        """
        webhook = self.get(webhook_id)
        self.webhooks.delete(webhook_id)
        _audit("webhook_deleted", webhook, by)

    def failures(self, webhook_id: str, limit: int = FAILURES_MAX) -> Sequence[DeadLetter]:
        """Return the webhook's dead letters, the newest change first.

        Raises:
            NotFound, Unavailable.
        """
        self.get(webhook_id)
        return self.jobs.dead_letters(webhook_id, limit)

    def retry(self, webhook_id: str, *, by: str | None = None) -> int:
        """Attempt everything that the webhook has not received now: dead letters and retries.

        Returns:
            The number of changes.

        Raises:
            NotFound, Unavailable.
        """
        webhook = self.get(webhook_id)
        count = self.jobs.retry(webhook_id, at=self.clock.now())
        _audit("webhook_retried", webhook, by, jobs=count)
        self._notify_listener()
        return count

    def test(self, webhook_id: str, *, by: str | None = None) -> PostResult:
        """Send the webhook a test event, whatever its state; blocks as ``WebhookSender.post``.

        Raises:
            Conflict: another test of it has not ended.
            NotFound, Unavailable.
        """
        webhook, holder = self.get(webhook_id), token_hex(8)
        if not self.testing.acquire(webhook_id, holder):
            raise Conflict(webhook_id, problems=[Problem("", "test_in_progress")])
        try:
            now = self.clock.now()
            event = webhook_test_event(webhook_id, source=self.source, at=now)
            request = signed_request(webhook, event, now)
            result = self.sender.post(webhook.url, request.body, request.headers)
        finally:
            self.testing.release(webhook_id, holder)
        _audit("webhook_tested", webhook, by, result=result.reason)
        return result

    def _notify_listener(self) -> None:
        if self.listener is not None:
            self.listener.jobs_changed()

    def _save_next(self, webhook_id: str, make_next: Callable[[Webhook], Webhook]) -> Webhook:
        """Save the next version of a webhook; start again if another change came first."""
        for _ in range(_ROUNDS):
            webhook = make_next(self.get(webhook_id))
            try:
                self.webhooks.save(webhook)
            except Conflict:
                continue
            return webhook
        raise Unavailable("the webhook is being changed all the time")


def _audit(event: str, webhook: Webhook, by: str | None, **fields: Any) -> None:
    url = urlsplit(webhook.url)
    receiver = f"{url.scheme}://{url.netloc}"
    extra = {"webhook_id": webhook.webhook_id, "receiver": receiver, "by": by, **fields}
    log.info(event, extra=extra)
