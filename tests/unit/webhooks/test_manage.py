"""Management of webhooks: concurrent changes both succeed, and the listener is notified."""

from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Receiver

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.domain.errors import InvalidRequest, NotFound, Unavailable
from alerta_utec.webhooks.job import PostResult
from alerta_utec.webhooks.local.sqlite import SqliteWebhooks
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.model import WEBHOOKS_MAX, State, Webhook
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

URL = "https://receptor.example/ganchos"


class Contested(SqliteWebhooks):
    """``Webhooks`` that a rival changes just before a save, ``rivals`` times."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.rivals = 0

    def save(self, webhook: Webhook) -> None:
        if self.rivals and webhook.revision > 1:
            self.rivals -= 1
            kept = self.get(webhook.webhook_id)
            assert kept is not None
            super().save(kept.next(description=f"rival {self.rivals}"))
        super().save(webhook)


class Rig:
    """``ManageWebhooks`` over a temporary store; ``notified`` counts calls of the listener."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        stored = TemporaryStore()
        self.store, self.webhooks = stored.incidents, Contested(stored.database)
        self.jobs = stored.webhook_jobs
        self.sender = FakeWebhookSender()
        self.notified = 0
        self.manage = ManageWebhooks(
            self.webhooks,
            self.jobs,
            self.sender,
            self.store,
            self.clock,
            "/alerta-utec/dev",
            listener=self,
        )

    def jobs_changed(self) -> None:
        self.notified += 1

    def dead_letter(self, webhook: Webhook) -> None:
        change = self.store.commit(creation()).change
        jobs = self.jobs
        jobs.enqueue(change, [webhook.webhook_id], at=T0)
        for job in jobs.due(webhook.webhook_id, T0, 10):
            jobs.give_up(job, at=T0, reason="HTTP 500", attempts=10)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_created_webhook_is_stored_and_starts_at_the_current_position(rig: Rig) -> None:
    rig.store.commit(creation())

    created = rig.manage.create({"url": URL, "filter": {"urgency": ["high"]}})

    assert rig.manage.get(created.webhook_id) == created
    assert rig.manage.all() == [created]
    assert (created.since_seq, created.created_at) == (1, T0)
    assert rig.notified == 1


def test_an_invalid_webhook_is_not_stored(rig: Rig) -> None:
    with pytest.raises(InvalidRequest):
        rig.manage.create({"url": "receptor"})

    assert rig.manage.all() == []


def test_no_more_than_a_hundred_webhooks_can_be_created(rig: Rig) -> None:
    for _ in range(WEBHOOKS_MAX):
        rig.manage.create({"url": URL})

    with pytest.raises(InvalidRequest) as refusal:
        rig.manage.create({"url": URL})

    assert [problem.key for problem in refusal.value.problems] == ["too_many_webhooks"]
    assert len(rig.manage.all()) == WEBHOOKS_MAX


@pytest.mark.parametrize("rivals", [0, 1, 4])
def test_a_change_is_applied_on_top_of_concurrent_changes(rig: Rig, rivals: int) -> None:
    created = rig.manage.create({"url": URL, "description": "antes"})
    rig.webhooks.rivals = rivals

    changed = rig.manage.change(created.webhook_id, {"state": "paused"})

    assert rig.notified == 2
    assert changed.state is State.PAUSED
    assert changed.description == ("rival 0" if rivals else "antes")
    assert rig.manage.get(created.webhook_id) == changed


def test_a_change_that_conflicts_every_time_is_unavailable(rig: Rig) -> None:
    created = rig.manage.create({"url": URL})
    rig.webhooks.rivals = 1000

    with pytest.raises(Unavailable):
        rig.manage.change(created.webhook_id, {"state": "paused"})


def test_a_rotation_keeps_the_old_secret_beside_a_new_one(rig: Rig) -> None:
    created = rig.manage.create({"url": URL})
    given = "whsec_" + "A" * 32

    rotated = rig.manage.rotate(created.webhook_id, {})
    again = rig.manage.rotate(created.webhook_id, {"secret": given})

    assert rotated.secrets[1].value == created.secrets[0].value
    assert again.secrets[0].value == given
    assert again.secrets[1].value == rotated.secrets[0].value
    assert rig.manage.get(created.webhook_id) == again


def test_a_deleted_webhook_is_gone_with_its_jobs(rig: Rig) -> None:
    created = rig.manage.create({"url": URL})
    change = rig.store.commit(creation()).change
    rig.jobs.enqueue(change, [created.webhook_id], at=T0)

    rig.manage.delete(created.webhook_id)

    assert rig.manage.all() == []
    assert rig.jobs.next_at(created.webhook_id) is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda manage: manage.get("nada"),
        lambda manage: manage.change("nada", {}),
        lambda manage: manage.rotate("nada", {}),
        lambda manage: manage.delete("nada"),
        lambda manage: manage.failures("nada"),
        lambda manage: manage.retry("nada"),
        lambda manage: manage.test("nada"),
    ],
)
def test_an_unknown_webhook_is_not_found(rig: Rig, ask: Any) -> None:
    with pytest.raises(NotFound):
        ask(rig.manage)


def test_dead_letters_are_listed_and_retried(rig: Rig) -> None:
    created = rig.manage.create({"url": URL})
    rig.dead_letter(created)
    before = rig.notified

    listed = rig.manage.failures(created.webhook_id)
    counts = [rig.manage.retry(created.webhook_id) for _ in range(2)]

    assert [(one.reason, one.attempts) for one in listed] == [("HTTP 500", 10)]
    assert counts == [1, 0]
    assert rig.notified > before
    assert rig.jobs.next_at(created.webhook_id) == T0


def test_a_test_event_is_signed_and_its_result_is_returned(rig: Rig) -> None:
    created = rig.manage.create({"url": URL})
    rig.manage.change(created.webhook_id, {"state": "paused"})
    rig.sender.results = [PostResult(418, duration_ms=12)]

    result = rig.manage.test(created.webhook_id)

    assert result == PostResult(418, duration_ms=12)
    (post,) = rig.sender.posts
    assert post.url == URL
    # The reference package verifies only events sent now, so its signing half checks this one.
    receiver = Receiver(created.secrets[0].value)
    signature = receiver.sign(post.headers["webhook-id"], T0, post.body.decode())
    assert post.headers["webhook-signature"] == signature
