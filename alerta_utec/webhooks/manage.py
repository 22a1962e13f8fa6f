"""Managing webhooks: what those who may do it ask for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerta_utec.domain.errors import Conflict, InvalidRequest, NotFound, Problem, Unavailable
from alerta_utec.domain.ids import uuid7
from alerta_utec.ports import Clock, IncidentStore
from alerta_utec.webhooks.events import trial
from alerta_utec.webhooks.model import WEBHOOKS_MAX, Secret, Webhook
from alerta_utec.webhooks.ports import Answer, DeadLetter, WebhookJobs, Webhooks, WebhookSender
from alerta_utec.webhooks.requests import WebhookRequest

FAILURES_MAX = 200
_ROUNDS = 5


@dataclass(frozen=True)
class ManageWebhooks:
    """What can be asked of webhooks; who may ask is for the caller to know.

    Each ``data`` is decoded JSON as it came. Two who change one webhook at once both succeed,
    one after the other. ``source`` is as ``DeliverWebhook`` has it; ``changed`` is called after
    whatever may have given somebody something to send.
    """

    webhooks: Webhooks
    jobs: WebhookJobs
    sender: WebhookSender
    store: IncidentStore
    clock: Clock
    source: str
    changed: Callable[[], None] = lambda: None

    def create(self, data: object) -> Webhook:
        """Add a webhook that hears of every change from now on; its secret is ``secrets[0]``.

        Raises:
            InvalidRequest: with every problem there is; or there are ``WEBHOOKS_MAX`` already.
            Unavailable.
        """
        wanted = WebhookRequest.to_create(data)
        if len(self.webhooks.all()) >= WEBHOOKS_MAX:
            raise InvalidRequest(
                problems=[Problem("webhooks", "too_many_webhooks", {"max": WEBHOOKS_MAX})]
            )
        now = self.clock.now()
        webhook = wanted.created(uuid7(now), at=now, since_seq=self.store.position().seq)
        self.webhooks.save(webhook)
        self.changed()
        return webhook

    def all(self) -> Sequence[Webhook]:
        """Every webhook, the oldest first.

        Raises:
            Unavailable.
        """
        return self.webhooks.all()

    def get(self, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            NotFound, Unavailable.
        """
        webhook = self.webhooks.get(webhook_id)
        if webhook is None:
            raise NotFound(webhook_id)
        return webhook

    def change(self, webhook_id: str, data: object) -> Webhook:
        """Change what ``data`` names, and leave the rest.

        Raises:
            InvalidRequest: with every problem there is.
            NotFound, Unavailable.
        """
        wanted = WebhookRequest.to_change(data)
        webhook = self._saved(webhook_id, wanted.changed)
        self.changed()
        return webhook

    def rotate(self, webhook_id: str, data: object) -> Webhook:
        """Give it a new secret, ``secrets[0]``, that ``data`` may name.

        Raises:
            InvalidRequest: with every problem there is.
            NotFound, Unavailable.
        """
        secret = WebhookRequest.to_rotate(data).secret or Secret.new()
        return self._saved(webhook_id, lambda webhook: webhook.rotated(secret, self.clock.now()))

    def delete(self, webhook_id: str) -> None:
        """Forget it, and what is owed to it.

        Raises:
            NotFound, Unavailable.
        """
        self.get(webhook_id)
        self.webhooks.delete(webhook_id)

    def failures(self, webhook_id: str, limit: int = FAILURES_MAX) -> Sequence[DeadLetter]:
        """Its dead letters, the newest change first.

        Raises:
            NotFound, Unavailable.
        """
        self.get(webhook_id)
        return self.jobs.given_up(webhook_id, limit)

    def retry(self, webhook_id: str) -> int:
        """Have all that it has not got tried now: its dead letters, and what waits.

        Returns:
            How many changes that are.

        Raises:
            NotFound, Unavailable.
        """
        self.get(webhook_id)
        count = self.jobs.retry(webhook_id, at=self.clock.now())
        self.changed()
        return count

    def test(self, webhook_id: str) -> Answer:
        """Send it an event that tells of nothing, whatever its state; blocks as ``post`` does.

        Raises:
            NotFound, Unavailable.
        """
        webhook, now = self.get(webhook_id), self.clock.now()
        event = trial(webhook_id, source=self.source, at=now)
        return self.sender.post(webhook.url, event.body, event.headers(webhook.signing(now), now))

    def _saved(self, webhook_id: str, make: Callable[[Webhook], Webhook]) -> Webhook:
        for _ in range(_ROUNDS):
            webhook = make(self.get(webhook_id))
            try:
                self.webhooks.save(webhook)
            except Conflict:
                continue
            return webhook
        raise Unavailable("others change it all the time")
