"""Managing webhooks: nothing half done, nobody's change lost, and the worker told."""

from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Receiver

from alerta_utec.adapters.sqlite.database import Database
from alerta_utec.domain.errors import InvalidRequest, NotFound, Unavailable
from alerta_utec.webhooks.local.sqlite import SqliteWebhooks
from alerta_utec.webhooks.manage import ManageWebhooks
from alerta_utec.webhooks.model import WEBHOOKS_MAX, State, Webhook
from alerta_utec.webhooks.ports import Answer
from tests.contract.builders import T0, creation
from tests.fakes.clock import ManualClock
from tests.fakes.webhook_sender import FakeWebhookSender
from tests.support.temporary_store import TemporaryStore

URL = "https://receptor.example/ganchos"


class Contested(SqliteWebhooks):
    """``Webhooks`` that somebody else changes just before a save, so many times."""

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


class House:
    """Everything in memory; ``told`` counts how often the worker was told."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        stored = TemporaryStore()
        self.store, self.webhooks = stored.incidents, Contested(stored.database)
        self.jobs = stored.webhook_jobs
        self.sender = FakeWebhookSender()
        self.told = 0
        self.manage = ManageWebhooks(
            self.webhooks,
            self.jobs,
            self.sender,
            self.store,
            self.clock,
            "/alerta-utec/dev",
            self._tell,
        )

    def _tell(self) -> None:
        self.told += 1

    def dead_letter(self, webhook: Webhook) -> None:
        change = self.store.commit(creation()).change
        jobs = self.jobs
        jobs.owe(change, [webhook.webhook_id], at=T0)
        for job in jobs.due(webhook.webhook_id, T0, 10):
            jobs.give_up(job, at=T0, reason="HTTP 500", attempts=10)


@pytest.fixture
def house() -> House:
    return House()


def test_what_is_created_is_kept_and_hears_of_what_comes_after(house: House) -> None:
    house.store.commit(creation())

    created = house.manage.create({"url": URL, "filter": {"urgency": ["high"]}})

    assert house.manage.get(created.webhook_id) == created
    assert house.manage.all() == [created]
    assert (created.since_seq, created.created_at) == (1, T0)
    assert house.told == 1


def test_what_is_wrong_is_not_kept(house: House) -> None:
    with pytest.raises(InvalidRequest):
        house.manage.create({"url": "receptor"})

    assert house.manage.all() == []


def test_there_are_a_hundred_at_most(house: House) -> None:
    for _ in range(WEBHOOKS_MAX):
        house.manage.create({"url": URL})

    with pytest.raises(InvalidRequest) as refusal:
        house.manage.create({"url": URL})

    assert [problem.key for problem in refusal.value.problems] == ["too_many_webhooks"]
    assert len(house.manage.all()) == WEBHOOKS_MAX


@pytest.mark.parametrize("rivals", [0, 1, 4])
def test_a_change_is_made_on_top_of_what_others_have_changed(house: House, rivals: int) -> None:
    created = house.manage.create({"url": URL, "description": "antes"})
    house.webhooks.rivals = rivals

    changed = house.manage.change(created.webhook_id, {"state": "paused"})

    assert house.told == 2
    assert changed.state is State.PAUSED
    assert changed.description == ("rival 0" if rivals else "antes")
    assert house.manage.get(created.webhook_id) == changed


def test_a_change_that_others_always_forestall_is_given_up(house: House) -> None:
    created = house.manage.create({"url": URL})
    house.webhooks.rivals = 1000

    with pytest.raises(Unavailable):
        house.manage.change(created.webhook_id, {"state": "paused"})


def test_a_rotation_keeps_the_old_secret_beside_a_new_one(house: House) -> None:
    created = house.manage.create({"url": URL})
    given = "whsec_" + "A" * 32

    rotated = house.manage.rotate(created.webhook_id, {})
    again = house.manage.rotate(created.webhook_id, {"secret": given})

    assert rotated.secrets[1].value == created.secrets[0].value
    assert again.secrets[0].value == given
    assert again.secrets[1].value == rotated.secrets[0].value
    assert house.manage.get(created.webhook_id) == again


def test_what_is_deleted_is_gone_with_what_is_owed_to_it(house: House) -> None:
    created = house.manage.create({"url": URL})
    change = house.store.commit(creation()).change
    house.jobs.owe(change, [created.webhook_id], at=T0)

    house.manage.delete(created.webhook_id)

    assert house.manage.all() == []
    assert house.jobs.next_at(created.webhook_id) is None


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
def test_what_there_is_not_is_not_found(house: House, ask: Any) -> None:
    with pytest.raises(NotFound):
        ask(house.manage)


def test_dead_letters_are_listed_and_owed_again(house: House) -> None:
    created = house.manage.create({"url": URL})
    house.dead_letter(created)
    told = house.told

    listed = house.manage.failures(created.webhook_id)
    counts = [house.manage.retry(created.webhook_id) for _ in range(2)]

    assert [(one.reason, one.attempts) for one in listed] == [("HTTP 500", 10)]
    assert counts == [1, 0]
    assert house.told > told
    assert house.jobs.next_at(created.webhook_id) == T0


def test_a_trial_is_signed_and_its_answer_is_handed_on(house: House) -> None:
    created = house.manage.create({"url": URL})
    house.manage.change(created.webhook_id, {"state": "paused"})
    house.sender.answers = [Answer(418, ms=12)]

    answer = house.manage.test(created.webhook_id)

    assert answer == Answer(418, ms=12)
    (post,) = house.sender.posts
    assert post.url == URL
    # The reference package believes no time but now: its own part checks the rest.
    receiver = Receiver(created.secrets[0].value)
    signature = receiver.sign(post.headers["webhook-id"], T0, post.body.decode())
    assert post.headers["webhook-signature"] == signature
