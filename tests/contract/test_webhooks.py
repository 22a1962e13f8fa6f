"""``Webhooks``: each webhook is read as last saved, and no version overwrites another."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerta_utec.domain.errors import Conflict
from alerta_utec.domain.filters import EVERYTHING
from alerta_utec.webhooks.model import ROTATION, Secret, State
from tests.contract.builders import T0, creation, webhook

SECOND = timedelta(seconds=1)


def test_a_new_store_has_no_webhook(webhooks: Any) -> None:
    assert list(webhooks.registry.all()) == []
    assert webhooks.registry.get("0198a000-0000-7000-8000-000000000000") is None


def test_a_webhook_is_read_as_it_was_saved(webhooks: Any) -> None:
    saved = webhook(
        url="https://receptor.example:8443/ganchos?clave=1",
        description="Señalización del edificio A",
        filter={"urgency": ["high"], "location": ["Laboratorio A"]},
        since_seq=7,
    )

    webhooks.registry.save(saved)

    assert webhooks.registry.get(saved.webhook_id) == saved
    assert list(webhooks.registry.all()) == [saved]


def test_a_webhook_without_a_filter_is_read_without_one(webhooks: Any) -> None:
    saved = webhook()

    webhooks.registry.save(saved)

    assert webhooks.registry.get(saved.webhook_id).filter is EVERYTHING


def test_both_secrets_of_a_rotation_are_read_back(webhooks: Any) -> None:
    first = webhook()
    webhooks.registry.save(first)
    rotated = first.rotated(Secret.new(), T0 + SECOND)

    webhooks.registry.save(rotated)

    kept = webhooks.registry.get(first.webhook_id)
    assert kept == rotated
    assert kept.signing(T0 + ROTATION) == rotated.secrets
    assert kept.signing(T0 + SECOND + ROTATION) == rotated.secrets[:1]


def test_webhooks_are_listed_the_oldest_first(webhooks: Any) -> None:
    made = [webhook(at=T0 + number * SECOND) for number in range(5)]
    for one in reversed(made):
        webhooks.registry.save(one)

    assert list(webhooks.registry.all()) == made


def test_the_next_version_replaces_the_previous_one(webhooks: Any) -> None:
    first = webhook()
    webhooks.registry.save(first)
    second = first.next(state=State.PAUSED, url="https://otro.example/")

    webhooks.registry.save(second)

    assert webhooks.registry.get(first.webhook_id) == second
    assert list(webhooks.registry.all()) == [second]


def test_a_version_that_is_not_the_next_is_refused(webhooks: Any) -> None:
    first = webhook()
    webhooks.registry.save(first)
    second = first.next(description="la que llegó antes")
    webhooks.registry.save(second)

    for late in (first, second, first.next(description="tarde"), replace(second, revision=4)):
        with pytest.raises(Conflict):
            webhooks.registry.save(late)

    assert webhooks.registry.get(first.webhook_id) == second


def test_a_change_does_not_restore_a_deleted_webhook(webhooks: Any) -> None:
    first = webhook()
    webhooks.registry.save(first)
    webhooks.registry.delete(first.webhook_id)

    with pytest.raises(Conflict):
        webhooks.registry.save(first.next(description="tarde"))

    assert webhooks.registry.get(first.webhook_id) is None


def test_deleting_keeps_the_others_and_repeating_changes_nothing(webhooks: Any) -> None:
    gone, kept = webhook(), webhook(at=T0 + SECOND)
    for one in (gone, kept):
        webhooks.registry.save(one)

    webhooks.registry.delete(gone.webhook_id)
    webhooks.registry.delete(gone.webhook_id)

    assert list(webhooks.registry.all()) == [kept]


def test_deleting_leaves_no_pending_job(webhooks: Any) -> None:
    gone, kept = webhook(), webhook(at=T0 + SECOND)
    for one in (gone, kept):
        webhooks.registry.save(one)
    change = webhooks.incidents.commit(creation()).change
    webhooks.jobs.enqueue(change, [gone.webhook_id, kept.webhook_id], at=T0)

    webhooks.registry.delete(gone.webhook_id)

    left = [webhooks.jobs.due(one.webhook_id, T0, 10) for one in (gone, kept)]
    assert [len(jobs) for jobs in left] == [0, 1]
