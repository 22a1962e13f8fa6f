"""Management of webhooks: concurrent changes, the log of who changes what, and one test each."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Receiver

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.domain.errors import Conflict, InvalidRequest, NotFound, Unavailable
from alerta_utec.webhooks.job import PostResult
from alerta_utec.webhooks.local.leases import ProcessLeases
from alerta_utec.webhooks.local.sqlite import SqliteWebhooks
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.model import WEBHOOKS_MAX, State, Webhook
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

PATIENCE_S = 10.0
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
            ProcessLeases(),
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


class HangingSender(FakeWebhookSender):
    """A sender whose posts to a URL wait until ``gate`` is set."""

    def __init__(self, hanging: str) -> None:
        super().__init__()
        self.hanging = hanging
        self.gate, self.arrived = threading.Event(), threading.Event()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
        if url == self.hanging:
            self.arrived.set()
            assert self.gate.wait(PATIENCE_S)
        return super().post(url, body, headers)


def test_a_webhook_has_one_test_at_a_time(rig: Rig) -> None:
    rig.sender = HangingSender(URL)
    manage = replace(rig.manage, sender=rig.sender)
    hanging, other = manage.create({"url": URL}), manage.create({"url": f"{URL}/2"})
    first = threading.Thread(target=manage.test, args=(hanging.webhook_id,))
    first.start()
    assert rig.sender.arrived.wait(PATIENCE_S)

    with pytest.raises(Conflict) as refusal:
        manage.test(hanging.webhook_id)
    assert manage.test(other.webhook_id).ok
    rig.sender.gate.set()
    first.join(PATIENCE_S)

    assert [problem.key for problem in refusal.value.problems] == ["test_in_progress"]
    assert manage.test(hanging.webhook_id).ok


def test_a_test_that_fails_by_a_defect_does_not_block_the_next(rig: Rig) -> None:
    class Defective(FakeWebhookSender):
        def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
            raise RuntimeError

    created = rig.manage.create({"url": URL})
    with pytest.raises(RuntimeError):
        replace(rig.manage, sender=Defective()).test(created.webhook_id)

    assert rig.manage.test(created.webhook_id).ok


def test_every_change_is_logged_once_with_its_caller_and_without_secrets(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "alerta_utec.webhooks.manage")
    secret_url = "https://receptor.example:8443/t0ken?clave=s3creta"

    created = rig.manage.create({"url": secret_url}, by="jefa")
    webhook_id = created.webhook_id
    rig.manage.change(webhook_id, {"state": "paused"}, by="luis")
    rig.manage.change(webhook_id, {"url": URL, "format": "cloudevents"}, by="luis")
    rotated = rig.manage.rotate(webhook_id, {}, by="jefa")
    rig.manage.retry(webhook_id, by="ana")
    rig.manage.test(webhook_id, by="ana")
    rig.manage.delete(webhook_id, by="jefa")

    logged = [(r.getMessage(), vars(r)["by"], vars(r)["receiver"]) for r in caplog.records]
    assert logged == [
        ("webhook_added", "jefa", "https://receptor.example:8443"),
        ("webhook_changed", "luis", "https://receptor.example:8443"),
        ("webhook_changed", "luis", "https://receptor.example"),
        ("webhook_secret_rotated", "jefa", "https://receptor.example"),
        ("webhook_retried", "ana", "https://receptor.example"),
        ("webhook_tested", "ana", "https://receptor.example"),
        ("webhook_deleted", "jefa", "https://receptor.example"),
    ]
    changes = [vars(record) for record in caplog.records[1:3]]
    assert [(one["changed"], one["state"]) for one in changes] == [
        ("state", "paused"),
        ("format,url", "paused"),
    ]
    assert {vars(record)["webhook_id"] for record in caplog.records} == {webhook_id}
    everything = " ".join(str(vars(record)) for record in caplog.records)
    secrets = [created.secrets[0].value, rotated.secrets[0].value, "t0ken", "s3creta"]
    assert not any(secret in everything for secret in secrets)


def test_a_refused_change_is_not_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "alerta_utec.webhooks.manage")

    with pytest.raises(InvalidRequest):
        rig.manage.create({"url": "receptor"}, by="jefa")

    assert caplog.records == []


def test_a_webhook_keeps_its_creator_through_changes_by_others(rig: Rig) -> None:
    created = rig.manage.create({"url": URL}, by="jefa")

    changed = rig.manage.change(created.webhook_id, {"description": "x"}, by="luis")

    assert changed.created_by == "jefa"
    assert changed.to_json()["createdBy"] == "jefa"
    assert "createdBy" not in rig.manage.create({"url": URL}).to_json()
